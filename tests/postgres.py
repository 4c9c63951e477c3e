"""A PostgreSQL server for tests, in a folder of its own that goes with it; skips where it cannot be."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "s3cret-of-the-test"
DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version, off the path."""


def _program(name: str) -> str:
    found = shutil.which(name) or next((str(p) for p in sorted(DEBIAN.glob(f"*/bin/{name}"), reverse=True)), None)
    if found is None:
        pytest.skip(f"{name} is absent: PostgreSQL is not installed (on Debian: postgresql, postgresql-postgis)")
    return found


def _as_user() -> list[str]:
    """PostgreSQL does not run as root; there it runs as the user that its package made."""
    if os.name == "nt" or os.geteuid() != 0:
        return []
    if shutil.which("runuser") is None:
        pytest.skip("runuser is absent: as root, PostgreSQL cannot be started as another user")
    return ["runuser", "-u", "postgres", "--"]


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The address of a server with PostGIS in its database ``test``, up to the database's name."""
    pytest.importorskip("psycopg", reason="psycopg is absent: install the extra `postgis`")
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is absent: install the extra `postgis`")
    initdb, control, user = _program("initdb"), _program("pg_ctl"), _as_user()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    secret, data = folder / "secret", folder / "data"
    secret.write_text(PASSWORD, encoding="utf-8")
    if user:
        for path in (folder, secret):
            shutil.chown(path, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c dynamic_shared_memory_type=mmap"
    made = [initdb, "-D", data, "-U", "keeper", "-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "--pwfile", secret]
    try:
        _run([*user, *map(str, made)])
        _run([*user, control, "-D", str(data), "-l", str(folder / "log"), "-w", "-o", asked, "start"])
        try:
            yield f"postgresql://keeper:{PASSWORD}@127.0.0.1:{port}"
        finally:
            _run([*user, control, "-D", str(data), "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    # To no pipe: the server keeps what it is given open, and nobody would see its end.
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tempfile.gettempdir())
    assert done.returncode == 0, command
