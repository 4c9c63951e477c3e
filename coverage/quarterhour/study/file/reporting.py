"""[reporting]: further areas by which results are told, beside towns and counties."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from quarterhour.study.file.fields import Part, wrong

Text = Annotated[str, Field(min_length=1)]


class ReportingFile(Part):
    """Columns of the communities that name their reporting unit and their class.

    ``column``: of units that are reported apart though they are no counties; a community without one is reported by
    its county. ``names``: what the units are called, by what stands in the column. ``class_column``: of town or
    countryside.
    """

    column: Text | None = None
    names: dict[Text, Text] = {}
    class_column: Text = "class"

    @model_validator(mode="after")
    def _names_of_units(self) -> ReportingFile:
        if self.names and self.column is None:
            raise wrong("needs_partner", at="names", needed="column")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (*([self.column] if self.column else []), self.class_column)
