"""Further findings on the page: sentences about the city, lines in the popups of communities and towns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from quarterhour.maps.escape import coded, escape


@dataclass(frozen=True, eq=False)
class Notes:
    """Texts in the page's language, as they are to be read.

    ``city``: by heading, sentences. ``communities``, ``towns``: by id, a column a heading; a blank or missing text is
    no line. ``charts``: by heading, pictures as SVG whose texts are escaped already.
    """

    city: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    communities: pd.DataFrame = field(default_factory=pd.DataFrame)
    towns: pd.DataFrame = field(default_factory=pd.DataFrame)
    charts: Mapping[str, str] = field(default_factory=dict)


def add_notes(picture: dict[str, Any], notes: Notes, *, communities: pd.DataFrame, towns: pd.DataFrame) -> None:
    """Put the notes on the page's picture, every text escaped."""
    picture["findings"] = [
        {"name": escape(name), "lines": [escape(line) for line in lines]} for name, lines in notes.city.items()
    ]
    picture["charts"] = [{"name": escape(name), "svg": chart} for name, chart in notes.charts.items()]
    table = notes.communities.reindex(communities.index)
    picture["communities"]["notes"] = {escape(c): coded([_text(v) for v in table[c]]) for c in table}
    of_towns = notes.towns.reindex(towns.index)
    for place, town in enumerate(picture["towns"]):
        row = of_towns.iloc[place] if len(of_towns) else pd.Series(dtype=object)
        town["notes"] = [[escape(str(c)), _text(v)] for c, v in row.items() if _text(v)]


def _text(value: Any) -> str:
    return "" if pd.isna(value) or value == "" else escape(value)
