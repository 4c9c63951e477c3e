"""What a study file says of geocoders."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from quarterhour.study.file.fields import Part, variable_name

GeocoderName = Literal["amap", "tianditu"]


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
