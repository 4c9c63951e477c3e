"""What a study file says of its layout plan: the years, the kinds that it is about, columns, its own templates."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from quarterhour.study.file.fields import Part, Whole, check_rising, local_path


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
