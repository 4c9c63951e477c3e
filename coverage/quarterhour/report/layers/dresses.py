"""What the layers of ``results.gpkg`` are called and how QGIS draws them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import geopandas as gpd

from quarterhour.base import i18n
from quarterhour.base.kinds import PLAIN, kind_label
from quarterhour.base.labels import percent
from quarterhour.io.geopackage import LayerDress
from quarterhour.io.geopackage.qml import Entry, Geometry, Label, Symbol, style
from quarterhour.report.layers.tables import Layers
from quarterhour.study.results import Results

INSIDE, OUTSIDE, UNKNOWN = "#0072b2", "#d55e00", "#9aa0a8"
"""Blue and vermilion: told apart by every kind of colour vision."""
_SHARES = ("#7f2704", "#b8420f", "#e8702a", "#fba762", "#fddcbf")
"""By fifths of a share, the least first and darkest."""
_KINDS = ("#6b3fa0", "#c77700", "#00798c", "#a8326e", "#5b6b1f", "#7a4b2a", "#3d5a80", "#b3a100", "#444444", "#e06c9f")
_SHAPES = {"square": "square", "diamond": "diamond", "triangle": "triangle"}
_ROADS = {"motorway": ("#d8a25a", 0.9), "trunk": ("#d8a25a", 0.75), "primary": ("#dcb87c", 0.65),
          "secondary": ("#c9c3b3", 0.5), "tertiary": ("#cfcabd", 0.36)}  # fmt: skip
_MINOR = Symbol("#d6d1c5", 0.2)
_GROUND = ("#4a1486", "#7a5bb5", "#ada3d6", "#d9d6ec")
_SITES = ("#1d4fa3", "#7b3fa0", "#00695c", "#8a4b08")
"""Of sites to build, a colour a question."""
_GEOMETRIES: tuple[tuple[str, Geometry], ...] = (("Point", "point"), ("Line", "line"), ("Polygon", "polygon"))


def layer_dresses(results: Results, layers: Layers, lang: str) -> dict[str, LayerDress]:
    """The dress of each layer, in a language."""
    return {name: _dress(results, name, layer, lang) for name, layer in layers.items()}


def _dress(results: Results, name: str, layer: gpd.GeoDataFrame, lang: str) -> LayerDress:
    aliases = _aliases(results, layer, lang)
    geometry = _geometry(layer)
    column, entries, label = _looks(results, name, layer, lang)
    if geometry is None or not entries:
        qml = ""
    else:
        told = [(c, aliases.get(c, "")) for c in _columns(layer)]
        qml = style(geometry, entries, column=column, label=label, aliases=[("fid", ""), *told])
    return LayerDress(_say(f"title_{name}", lang), _say(f"about_{name}", lang), aliases, qml)


def _say(key: str, lang: str, /, **values: object) -> str:
    return i18n.say(f"layers.{key}", lang, **values)


def _geometry(layer: gpd.GeoDataFrame) -> Geometry | None:
    """What most shapes of a layer are."""
    kinds = layer.geom_type.dropna()
    most = str(kinds.mode().iloc[0]) if len(kinds) else ""
    return next((geometry for part, geometry in _GEOMETRIES if part in most), None)


def _columns(layer: gpd.GeoDataFrame) -> list[str]:
    """The columns as the file has them, without the shape."""
    index = [str(layer.index.name)] if layer.index.name is not None else []
    return [*index, *(str(c) for c in layer.columns if c != layer.geometry.name)]


# --- names of columns -------------------------------------------------------------------------------


def _aliases(results: Results, layer: gpd.GeoDataFrame, lang: str) -> dict[str, str]:
    """Names by column; a column that nobody knows goes by its own."""
    circles = {c.circle.id: c.circle.name(lang) for c in results.checks}
    found = {column: _alias(column, circles, lang) for column in _columns(layer)}
    return {column: alias for column, alias in found.items() if alias}


def _alias(column: str, circles: Mapping[str, str], lang: str) -> str:
    for circle, name in circles.items():
        if column.startswith(f"{circle}_"):
            own = _known(column.removeprefix(f"{circle}_"), lang)
            return f"{name} {own}" if own else ""
    own = _known(column, lang)
    if not own and column.endswith("_quality"):
        people = _known(column.removesuffix("_quality"), lang)
        return f"{people} {_say('col_quality', lang)}" if people else ""
    return own


def _known(column: str, lang: str) -> str:
    for key in (f"layers.col_{column}", f"columns.{column}", f"report.col_{column}", f"people.{column}"):
        found = i18n.entry(key)
        if found is not None:
            return found[lang]
    return ""


# --- how layers are drawn ---------------------------------------------------------------------------

_Looks = tuple[str, Sequence[Entry], Label | None]
"""The column that a layer is drawn by ("" for none), its symbols, its label."""


def _looks(results: Results, name: str, layer: gpd.GeoDataFrame, lang: str) -> _Looks:
    match name:
        case "communities":
            return _communities(results, lang)
        case "towns":
            return _towns(results, lang)
        case "facilities":
            return "kind", list(_facilities(results, layer, lang)), None
        case "sites":
            return _sites(results, layer, lang)
        case "roads":
            return "road_class", list(_roads(layer, lang)), None
        case "pictures":
            return "minutes", list(_grounds(layer, lang)), None
        case "routes":
            return "", [Entry(_say("title_routes", lang), Symbol("#16213e", 0.5))], None
        case "parcels":
            return "", [Entry(_say("title_parcels", lang), Symbol("#7fb77e", 0.26, "#3f7f3f", 0.6))], None
        case _:
            return "", [Entry(_say("title_candidates", lang), Symbol("#8a8f98", 1.6, "#ffffff", 0.8, "diamond"))], None


def _communities(results: Results, lang: str) -> _Looks:
    """By the first circle; the legend says which."""
    if not results.checks:
        return "", [Entry(_say("title_communities", lang), Symbol(UNKNOWN, 1.6))], None
    circle = results.checks[0].circle
    entries = [Entry(_say("inside", lang, name=circle.name(lang)), Symbol(INSIDE, 1.7), 1),
               Entry(_say("outside", lang, name=circle.name(lang)), Symbol(OUTSIDE, 2.0), 0)]  # fmt: skip
    return f"{circle.id}_met", entries, None


def _towns(results: Results, lang: str) -> _Looks:
    """By the share of people inside the first circle, the least darkest; names on top."""
    label = Label("name", 8.0)
    if not results.checks:
        return "", [Entry(_say("title_towns", lang), Symbol("#f4f1ea", 0.26, "#a9a294"))], label
    ends = [place / len(_SHARES) for place in range(len(_SHARES) + 1)]
    said = [percent(end, decimals=0) for end in ends]
    entries = [Entry(f"{said[k]} – {said[k + 1]}", Symbol(colour, 0.26, "#ffffff", 0.75), ends[k], ends[k + 1])
               for k, colour in enumerate(_SHARES)]  # fmt: skip
    return f"{results.checks[0].circle.id}_share", entries, label


def _facilities(results: Results, layer: gpd.GeoDataFrame, lang: str) -> Iterator[Entry]:
    for place, kind in enumerate(sorted(map(str, layer["kind"].dropna().unique()))):
        look = results.study.kinds.get(kind, PLAIN)
        symbol = Symbol(look.colour or _KINDS[place % len(_KINDS)], 2.4, shape=_SHAPES[look.symbol])
        yield Entry(kind_label(kind, lang, results.study.kinds), symbol, kind)


def _sites(results: Results, layer: gpd.GeoDataFrame, lang: str) -> _Looks:
    """A colour a question, numbered in the order of building."""
    if not results.proposals:
        return "", [Entry(_say("title_candidates", lang), Symbol(UNKNOWN, 1.6))], None
    there = set(layer["question"])
    entries = [Entry(p.name(lang), Symbol(_SITES[place % len(_SITES)], 5.0), p.id)
               for place, p in enumerate(results.proposals) if p.id in there]  # fmt: skip
    return "question", entries, Label("order", 7.5, "#ffffff", halo=False, centred=True)


def _roads(layer: gpd.GeoDataFrame, lang: str) -> Iterator[Entry]:
    """The main classes, each with its slip roads; all others thin."""
    there = set(layer["road_class"].dropna().astype(str))
    for road, (colour, width) in _ROADS.items():
        for name in (road, f"{road}_link"):
            if name in there:
                yield Entry(_say(f"road_{road}", lang), Symbol(colour, width), name)
    yield Entry(_say("road_minor", lang), _MINOR)


def _grounds(layer: gpd.GeoDataFrame, lang: str) -> Iterator[Entry]:
    for place, minutes in enumerate(sorted(map(float, layer["minutes"].dropna().unique()))):
        colour = _GROUND[min(place, len(_GROUND) - 1)]
        yield Entry(_say("within", lang, minutes=f"{minutes:g}"), Symbol(colour, 0.1, "", 0.5), minutes)
