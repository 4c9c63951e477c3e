"""What a study file says of databases, geocoders, where results go, and the layout plan that is made of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from quarterhour.study.file.fields import Flag, Name, Part, Whole, check_rising, local_path, variable_name, wrong

GeocoderName = Literal["amap", "tianditu"]


class DatabaseFile(Part):
    """A PostgreSQL database, by the environment variable that holds its address; never the address itself."""

    url_env: str

    @field_validator("url_env")
    @classmethod
    def _a_variable(cls, value: str) -> str:
        return variable_name(value)


class GeocoderFile(Part):
    """A service that is asked for addresses, by the environment variable of its key; never the key itself.

    ``city``: where addresses are that name no city. ``url``: another server of the same kind.
    """

    key_env: str
    city: str = ""
    url: str | None = Field(default=None, pattern=r"^https?://")

    @field_validator("key_env")
    @classmethod
    def _a_variable(cls, value: str) -> str:
        return variable_name(value)


class Outputs(Part):
    """Where results go: a folder, and for the layers a schema of a database as well.

    ``papers``: whether the report for Word and as HTML, the page for leaders and static maps are written.
    ``what_if``: whether the page can count other choices of sites.
    ``extra``: what is written beside: ``routes`` (a layer), ``od`` (a table), ``plan`` (the layout plan),
    ``parquet`` (the layers as partitioned GeoParquet).
    """

    extra: list[Literal["routes", "od", "plan", "parquet"]] = Field(default_factory=list)
    folder: str | None = None
    papers: bool = True
    database: Name | None = None
    schema_name: str | None = Field(default=None, alias="schema", min_length=1)
    what_if: Flag = True

    @model_validator(mode="after")
    def _both(self) -> Outputs:
        if (self.database is None) != (self.schema_name is None):
            given, needed = ("schema", "database") if self.database is None else ("database", "schema")
            raise wrong("needs_partner", at=given, needed=needed)
        return self


class PlanColumns(Part):
    """Columns of the facilities and candidates that a plan lists; one that a table lacks is "no data" in the plan."""

    land_m2: str = "land_m2"
    floor_m2: str = "floor_m2"
    body: str = "body"
    beds_added: str = "beds_added"
    closes: str = "closes"


class PlanFile(Part):
    """The layout plan: near term and horizon, which kinds are institutions, community facilities and cemeteries.

    Kinds that are not named go by ``data/plan/plan.toml``. ``templates``: a folder beside the study whose files stand
    in for those of the program.
    """

    near: Whole = Field(default=2030, ge=1980, le=2150)
    horizon: Whole = Field(default=2035, ge=1980, le=2150)
    institutions: tuple[str, ...] = ()
    community: tuple[str, ...] = ()
    cemetery: tuple[str, ...] = ()
    columns: PlanColumns = PlanColumns()
    templates: str | None = None

    @field_validator("templates")
    @classmethod
    def _beside_the_study(cls, value: str | None) -> str | None:
        return local_path(value)

    @model_validator(mode="after")
    def _in_their_order(self) -> PlanFile:
        check_rising(self, "near", "horizon")
        return self
