"""What a study file says of registers of persons, and of what is not told of so few."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from quarterhour.study.file.fields import Above, Flag, Name, Part, Source, Whole, wrong

PersonWord = Literal["home", "institution", "able", "half_disabled", "disabled"]
COLUMNS = ("community", "x", "y", "care", "grade", "person")
"""What the program reads of a register; no other column of it is ever looked at."""
_CARE, _GRADES = ("home", "institution"), ("able", "half_disabled", "disabled")


class RegisterFile(Source):
    """A register of persons, one row a person, summed to counts of the communities.

    ``people``: the column of the communities that it fills. ``columns``: ``community`` (code of the village) or ``x``
    and ``y`` (the door); ``care`` (at home or in an institution), ``grade`` (of self-care), ``person`` (number that
    tells one person from another). ``words``: what words of the register mean. ``within_m``: how far a door may be from
    the nearest community. ``replace``: the column of the communities' table gives way to the register.
    """

    people: Name
    words: dict[str, PersonWord] = {}
    within_m: Above = 5000.0
    replace: Flag = False

    @property
    def made(self) -> tuple[str, ...]:
        """The columns that it fills: all persons, then by care and by grade where it has such a column."""
        ends = (*(_CARE if "care" in self.columns else ()), *(_GRADES if "grade" in self.columns else ()))
        return (self.people, *(f"{self.people}_{end}" for end in ends))

    @property
    def has_doors(self) -> bool:
        """Whether persons may be placed by the points of their doors."""
        return "x" in self.columns

    @model_validator(mode="after")
    def _placed_somehow(self) -> RegisterFile:
        if self.path is None and self.database is None:
            raise wrong("no_source")
        axes = {"x", "y"} & set(self.columns)
        if len(axes) == 1:
            raise wrong("register_one_axis", at="columns", given=next(iter(axes)))
        if not axes and "community" not in self.columns:
            raise wrong("register_nowhere", at="columns")
        return self


class PrivacyFile(Part):
    """What is not told of few: counts of people below ``smallest_count`` in the columns of registers and ``guards``."""

    smallest_count: Whole = Field(default=5, ge=1, le=100)
    guards: tuple[str, ...] = ()


def with_made_columns(given: Any) -> Any:
    """A study as parsed, its communities counting what its registers make; what is wrong in it is told elsewhere."""
    if not isinstance(given, dict) or not isinstance(given.get("communities"), dict):
        return given
    registers = [r for r in _listed(given.get("registers", ())) if isinstance(r, dict)]
    made = [column for register in registers for column in _made(register)]
    own = given["communities"].get("people", [])
    if not made or not isinstance(own, list | tuple):
        return given
    people = [*own, *(c for c in dict.fromkeys(made) if c not in own)]
    return {**given, "communities": {**given["communities"], "people": people}}


def _listed(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else ()


def _made(register: dict[str, Any]) -> tuple[str, ...]:
    people, columns = register.get("people"), register.get("columns")
    if not isinstance(people, str) or not isinstance(columns, dict):
        return ()
    return RegisterFile.model_construct(people=people.strip(), columns=columns).made
