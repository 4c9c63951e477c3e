"""A database by the name of the variable that holds its address; what goes wrong there as sentences."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quarterhour.base.errors import DataError, QuarterhourError, ServiceError, WriteError

_CONNECT_SECONDS = "10"
_DENIED = "42501"
_NEEDED_BY_OTHERS = "2BP01"
_LONGEST = 300
_HOME = """
SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'
"""


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database. ``url_env``: the environment variable that holds its address.

    The address and its password stay in the environment: no table, message or result of the program holds them.
    """

    name: str
    url_env: str


@contextlib.contextmanager
def connected(database: Database) -> Iterator[Any]:
    """A connection (SQLAlchemy) in one transaction: kept at the end, undone where anything fails.

    What is read in it is of one moment (repeatable read). DataError without the extra, the variable or a usable
    address; ServiceError where no server answers, the password is refused, or the server fails on the way;
    WriteError where other objects of the database rest on what would be replaced.
    """
    engine, url = _engine(database)
    import psycopg
    from sqlalchemy import exc

    try:
        try:
            connection = engine.connect()
        except exc.DBAPIError as error:
            raise ServiceError(
                "postgis.no_server", database=database.name, host=url.host or "-", port=url.port or 5432,
                base=url.database or "-", detail=_reason(error, url),
            ) from None  # fmt: skip
        with connection:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
            try:
                with connection.begin():
                    yield connection
            except (exc.SQLAlchemyError, psycopg.Error) as error:
                raise _said(error, database, url) from None
    finally:
        engine.dispose()


def _engine(database: Database) -> tuple[Any, Any]:
    try:
        import psycopg  # noqa: F401 - SQLAlchemy would ask for it later, in its own words
        from sqlalchemy import create_engine
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise DataError("postgis.no_extra", database=database.name, detail=str(error)) from error
    given = os.environ.get(database.url_env, "").strip()
    if not given:
        raise DataError("postgis.no_address", database=database.name, variable=database.url_env)
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres") or not url.database:
        raise DataError("postgis.bad_address", database=database.name, variable=database.url_env) from None
    url = url.set(drivername="postgresql+psycopg")
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": _CONNECT_SECONDS})
    return create_engine(url, hide_parameters=True), url


def _said(error: Exception, database: Database, url: Any) -> QuarterhourError:
    state = getattr(getattr(error, "orig", None) or error, "sqlstate", None)
    detail = _reason(error, url)
    if state == _DENIED:
        return ServiceError("postgis.denied", database=database.name, user=url.username or "-", detail=detail)
    if state == _NEEDED_BY_OTHERS:
        return WriteError("postgis.needed_by_others", database=database.name, detail=detail)
    return ServiceError("postgis.failed", database=database.name, detail=detail)


def _reason(error: Exception, url: Any) -> str:
    """What the server said, in one line and without the password."""
    text = " ".join(str(getattr(error, "orig", None) or error).split())[:_LONGEST].rstrip(".")
    return text.replace(str(url.password), "***") if url.password else text


def home_of_postgis(connection: Any) -> str | None:
    """The schema that the extension lies in; None where the database has none."""
    from sqlalchemy import text

    found = connection.execute(text(_HOME)).scalar()
    return None if found is None else str(found)
