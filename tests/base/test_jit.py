"""Compiled where there is a wheel, plain where not, kept where numba may write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(code: str, **environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "coverage"), **environment}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_without_numba_a_kernel_is_plain_python_and_says_so_once() -> None:
    told = run(
        "import sys; sys.modules['numba'] = None\n"
        "from quarterhour.base import jit\n"
        "from quarterhour.network import snap\n"
        "from quarterhour.travel import dijkstra\n"
        "def one(): return 1\n"
        "print(jit.COMPILED, jit.kernel(one) is one)"
    )
    assert "False True" in told
    assert told.count("numba is not on this machine") == 1


COLD = """
import tempfile, pathlib
import numba.core.caching as caching
def refuse(self): raise OSError
for locator in ("InTreeCacheLocator", "UserWideCacheLocator"):
    getattr(caching, locator).ensure_cache_path = refuse
from quarterhour.base import jit
from quarterhour.travel.dijkstra import entry
entry(1, 2)
import numba
print(repr(numba.config.CACHE_DIR), entry.stats.cache_path)
"""


def test_where_numba_may_not_write_what_was_compiled_is_kept_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    told = run(COLD, TMPDIR=str(tmp_path))
    setting, path = told.split()
    assert setting == "''"  # other libraries keep theirs
    assert Path(path).is_relative_to(tmp_path)
    assert list(Path(path).glob("*.nbi"))


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows keeps its temporary folders to the user")
def test_a_folder_that_others_may_write_to_is_not_trusted(tmp_path: Path) -> None:
    planted = tmp_path / f"quarterhour-kernels-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    assert run(COLD, TMPDIR=str(tmp_path)).split()[1] == "None"
    assert not list(planted.iterdir())
