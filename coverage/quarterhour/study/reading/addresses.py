"""The finder of rows by their addresses, as a study file asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.io.addresses import AddressBook, AddressFinder
from quarterhour.io.geocode import WebGeocoder
from quarterhour.study.file.database import GeocoderFile, GeocoderName
from quarterhour.study.file.fields import Addressed


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
