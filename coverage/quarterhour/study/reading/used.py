"""What was read: files with hash and day, and tables that a study takes from its databases, each read once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.io import files, postgis
from quarterhour.study.doubts.parts import systems_said
from quarterhour.study.file.database import DatabaseFile, Outputs
from quarterhour.study.file.fields import Source
from quarterhour.study.file.study import StudyFile


def used_files(used: dict[Path, str], file: StudyFile, *, stored: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a file or a table of a database (``stored``) that was read, as ``Inputs.used`` has them."""
    rows: list[dict[str, Any]] = [{**row, "code_system": systems_said(file, row["table"])} for row in stored]
    for path, table in used.items():
        day = pd.Timestamp(path.stat().st_mtime, unit="s", tz="UTC").strftime("%Y-%m-%d")
        known = {"table": table, "file": path.name, "sha256": files.sha256(path), "modified": day}
        rows.append({**known, "code_system": systems_said(file, table)})
    return pd.DataFrame(rows, columns=["table", "file", "sha256", "modified", "code_system"])


class StudyDatabases:
    """The databases of a study; ``used``: one row a table that was read, as ``Inputs.used`` has them."""

    def __init__(self, databases: Mapping[str, DatabaseFile]) -> None:
        self._known = {name: postgis.Database(name, said.url_env) for name, said in databases.items()}
        self._read: dict[tuple[str, str], files.Table] = {}
        self.used: list[dict[str, Any]] = []

    def table(self, part: Source, name: str) -> files.Table:
        """The table that a part of the study file names; errors as ``postgis.read_database``."""
        at = (str(part.database), str(part.table))
        if at not in self._read:
            found = self._read[at] = postgis.read_database(self._known[at[0]], at[1])
            self.used.append({"table": name, "file": found.name, "sha256": _sha256(found), "modified": ""})
        return self._read[at]


def sink_of(asked: Outputs, databases: Mapping[str, DatabaseFile]) -> tuple[postgis.Database, str] | None:
    """The database and the schema that layers of results go to; None where the study names none."""
    if asked.database is None or asked.schema_name is None:
        return None
    return postgis.Database(asked.database, databases[asked.database].url_env), asked.schema_name


def _sha256(table: files.Table) -> str:
    """The same rows have the same sum, wherever they were read."""
    return hashlib.sha256(table.frame.to_csv(lineterminator="\n").encode()).hexdigest()
