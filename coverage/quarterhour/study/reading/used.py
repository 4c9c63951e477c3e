"""What a study names, opened: files with hash and day, offices' forms, and tables of its databases, each read once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.base.errors import MissingError, StudyError
from quarterhour.io import files, postgis
from quarterhour.io.offices import TERRITORIAL, read_office
from quarterhour.study.doubts.parts import systems_said
from quarterhour.study.file.database import DatabaseFile, Outputs
from quarterhour.study.file.fields import Source
from quarterhour.study.file.study import StudyFile


class StudySources:
    """The files and databases of a study, opened part by part; ``used``: what was opened, and for which table."""

    def __init__(self, file: StudyFile, folder: Path) -> None:
        self.file, self.folder = file, folder
        self.used: dict[Path, str] = {}
        self.databases = StudyDatabases(file.databases)

    def path(self, part: Source, table: str) -> Path:
        """The file of a table; MissingError when it is not there."""
        if part.path is None:
            raise StudyError("study.no_extract", table=table)
        return self.beside(part.path, table)

    def beside(self, named: str, table: str) -> Path:
        """The file that the study file names by its path from there; MissingError when it is not there."""
        found = self.folder / named
        if not files.is_there(found):
            raise MissingError("study.no_file", study=self.folder.name, table=table, path=named)
        self.used[found] = table
        return found

    def given(self, part: Source, table: str) -> Path | files.Table:
        """The file of a table, or the table itself where a database has it, or an office's form was read."""
        found = self.path(part, table) if part.database is None else self.databases.table(part, table)
        form = getattr(part, "format", None)
        return found if form is None else _read_form(found, part, form)

    def told(self) -> pd.DataFrame:
        """One row a file or a table of a database that was opened, as ``Inputs.used`` has them."""
        rows = [{**row, "code_system": systems_said(self.file, row["table"])} for row in self.databases.used]
        for path, table in self.used.items():
            day = pd.Timestamp(path.stat().st_mtime, unit="s", tz="UTC").strftime("%Y-%m-%d")
            known = {"table": table, "file": path.name, "sha256": files.sha256(path), "modified": day}
            rows.append({**known, "code_system": systems_said(self.file, table)})
        return pd.DataFrame(rows, columns=["table", "file", "sha256", "modified", "code_system"])


def _read_form(found: Path | files.Table, part: Source, form: str) -> files.Table:
    """The table of a part that says what form its file has. Errors as ``offices.read_office``."""
    if form == TERRITORIAL:
        return read_office(found, form, layer=part.layer, encoding=part.encoding)
    datum = part.datum if "datum" in part.model_fields_set else None
    return read_office(
        found, form, keep=tuple(part.columns.values()), datum=datum, layer=part.layer, encoding=part.encoding,
        sheet=None if part.sheet is None else str(part.sheet), header_row=part.header_row, hidden_rows=part.hidden_rows,
    )  # fmt: skip


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
