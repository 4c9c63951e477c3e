"""Tables of figures for targets, and layers for exclusions."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from quarterhour.study.file.fields import Flag, Name, Source, check_partners, wrong


class NamedTable(Source):
    """A table of figures for targets, or a layer for exclusions."""

    name: Name

    @model_validator(mode="after")
    def _from_somewhere(self) -> NamedTable:
        if self.path is None and self.database is None:
            raise wrong("no_source")
        return self


class FigureTable(NamedTable):
    """A table of figures; ``code_system``: the list that its codes of towns and counties are from.

    ``format``: an office's own form, whose columns are known (``io/offices``).
    """

    code_system: str = ""
    format: Literal["jbzh0001"] | None = None


class LayerFile(NamedTable):
    """A layer for exclusions. ``format``: of the territorial plan, which is secret at full precision.

    ``precise``: distances to it, and what pictures are cut by, may be written as they are.
    """

    format: Literal["territorial-plan"] | None = None
    precise: Flag = False

    @model_validator(mode="after")
    def _precise_of_a_plan(self) -> LayerFile:
        check_partners(self, {"precise": (self.format is not None, "format")})
        return self

    @property
    def is_secret(self) -> bool:
        """Whether its lines may be in no result as they are."""
        return self.format is not None and not self.precise
