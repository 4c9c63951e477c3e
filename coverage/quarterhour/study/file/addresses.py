"""What a study file says of geocoders, and the finder of rows by their addresses that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd
from pydantic import Field, field_validator

from quarterhour.base.cells import texts
from quarterhour.io.addresses import AddressBook, AddressFinder
from quarterhour.io.geocode import WebGeocoder
from quarterhour.study.file.database import variable_name
from quarterhour.study.file.fields import Addressed, Part

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


def address_finder(
    part: Addressed,
    geocoders: Mapping[GeocoderName, GeocoderFile],
    folder: Path,
    *,
    communities: gpd.GeoDataFrame,
    towns: pd.DataFrame | None,
) -> AddressFinder | None:
    """What places the rows of a part by their addresses; None where the part names no column of them.

    ``folder``: of the study, where the answers of a geocoder are kept (``geocoded-NAME.json``).
    """
    if part.address is None:
        return None
    names = {} if towns is None else dict(zip(towns.index.astype(str), texts(towns["name"]), strict=True))
    service = None
    if part.geocoder is not None:
        said = geocoders[part.geocoder]
        cache = folder / f"geocoded-{part.geocoder}.json"
        service = WebGeocoder(part.geocoder, key_env=said.key_env, cache=cache, city=said.city, url=said.url)
    return AddressFinder(AddressBook(communities, towns=names), part.address, communities.geometry, service)
