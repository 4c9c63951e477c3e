"""Styles of layers as QGIS writes them (QML): one symbol, a symbol a value, a symbol a class of a figure; labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from quarterhour.base.cells import seen

VERSION = "3.28.0"
Geometry = Literal["point", "line", "polygon"]
_KINDS: Mapping[Geometry, tuple[str, str, str]] = {
    "point": ("marker", "SimpleMarker", "0"), "line": ("line", "SimpleLine", "1"),
    "polygon": ("fill", "SimpleFill", "2"),
}  # fmt: skip
FONT = "Microsoft YaHei"


@dataclass(frozen=True, slots=True)
class Symbol:
    """How a place is drawn. ``size``: diameter of a marker or width of a line or outline, in millimetres.

    ``colour``, ``edge``: ``#rrggbb``; ``edge`` "" draws no outline. ``alpha``: 0 to 1. ``shape``: of a marker.
    """

    colour: str
    size: float = 2.0
    edge: str = "#ffffff"
    alpha: float = 1.0
    shape: str = "circle"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the legend: a value (None: all others) or, with ``upper``, a class from ``value`` to it."""

    label: str
    symbol: Symbol
    value: str | int | float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A text at each place, out of a column."""

    column: str
    size: float = 8.0
    colour: str = "#23272e"
    halo: bool = True
    centred: bool = False


def style(
    geometry: Geometry,
    entries: Sequence[Entry],
    *,
    column: str = "",
    label: Label | None = None,
    aliases: Sequence[tuple[str, str]] = (),
) -> str:
    """The style of a layer as a QML document.

    One entry without ``column``: a symbol for all. With ``column``: a symbol a value, or a class a range where entries
    have an upper end. ``aliases``: columns in their order with the name that people read.
    """
    root = ET.Element("qgis", {"version": VERSION, "labelsEnabled": str(int(label is not None)),
                               "styleCategories": "Symbology|Labeling|Fields"})  # fmt: skip
    root.append(_renderer(geometry, entries, column))
    if label is not None:
        root.append(_labeling(label))
    root.append(_aliases(aliases))
    for name in ("blendMode", "featureBlendMode"):
        ET.SubElement(root, name).text = "0"
    ET.SubElement(root, "layerOpacity").text = "1"
    ET.SubElement(root, "layerGeometryType").text = _KINDS[geometry][2]
    ET.indent(root, " ")
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return head + ET.tostring(root, encoding="unicode") + "\n"


def _renderer(geometry: Geometry, entries: Sequence[Entry], column: str) -> ET.Element:
    ranged = any(e.upper is not None for e in entries)
    kind = "graduatedSymbol" if ranged else "categorizedSymbol" if column else "singleSymbol"
    about = {"type": kind, "forceraster": "0", "symbollevels": "0", "enableorderby": "0", "referencescale": "-1"}
    if column:
        about["attr"] = seen(column)
    if ranged:
        about |= {"graduatedMethod": "GraduatedColor"}
    made = ET.Element("renderer-v2", about)
    if column:
        rows = ET.SubElement(made, "ranges" if ranged else "categories")
        for place, entry in enumerate(entries):
            rows.append(_range(place, entry) if ranged else _category(place, entry))
    symbols = ET.SubElement(made, "symbols")
    for place, entry in enumerate(entries):
        symbols.append(_symbol(str(place), geometry, entry.symbol))
    if column:
        ET.SubElement(made, "source-symbol").append(_symbol("0", geometry, entries[0].symbol))
    ET.SubElement(made, "rotation")
    ET.SubElement(made, "sizescale")
    return made


def _range(place: int, entry: Entry) -> ET.Element:
    return ET.Element("range", {"lower": f"{float(entry.value or 0):.15f}", "upper": f"{entry.upper or 0.0:.15f}",
                                "symbol": str(place), "label": seen(entry.label), "render": "true"})  # fmt: skip


def _category(place: int, entry: Entry) -> ET.Element:
    # All other values are a blank text.
    value = "" if entry.value is None else seen(str(entry.value))
    kind = "long" if isinstance(entry.value, int) else "double" if isinstance(entry.value, float) else "string"
    return ET.Element("category", {"value": value, "type": kind, "symbol": str(place), "label": seen(entry.label),
                                   "render": "true"})  # fmt: skip


def _symbol(name: str, geometry: Geometry, symbol: Symbol) -> ET.Element:
    kind, layer, _ = _KINDS[geometry]
    made = ET.Element("symbol", {"name": name, "type": kind, "alpha": f"{symbol.alpha:g}", "clip_to_extent": "1",
                                 "force_rhr": "0", "frame_rate": "10", "is_animated": "0"})  # fmt: skip
    drawn = ET.SubElement(made, "layer", {"class": layer, "enabled": "1", "locked": "0", "pass": "0"})
    drawn.append(_options(_drawn(geometry, symbol)))
    return made


def _drawn(geometry: Geometry, symbol: Symbol) -> dict[str, str]:
    """The settings of a symbol's only layer."""
    edge = {"outline_style": "solid" if symbol.edge else "no", "outline_color": rgba(symbol.edge or "#000000"),
            "outline_width_unit": "MM", "joinstyle": "bevel", "offset": "0,0", "offset_unit": "MM"}  # fmt: skip
    if geometry == "point":
        return {"name": symbol.shape, "color": rgba(symbol.colour), "size": f"{symbol.size:g}", "size_unit": "MM",
                "angle": "0", "scale_method": "diameter", "horizontal_anchor_point": "1", "vertical_anchor_point": "1",
                "outline_width": "0.2", **edge}  # fmt: skip
    if geometry == "line":
        return {"line_color": rgba(symbol.colour), "line_style": "solid", "line_width": f"{symbol.size:g}",
                "line_width_unit": "MM", "capstyle": "round", "joinstyle": "round", "offset": "0",
                "offset_unit": "MM"}  # fmt: skip
    return {"color": rgba(symbol.colour), "style": "solid", "outline_width": f"{symbol.size:g}", **edge}


def rgba(colour: str) -> str:
    """``#1f5fa8`` as QGIS writes it: ``31,95,168,255``."""
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"


def _options(settings: Mapping[str, str]) -> ET.Element:
    made = ET.Element("Option", {"type": "Map"})
    for name, value in settings.items():
        ET.SubElement(made, "Option", {"name": name, "type": "QString", "value": value})
    return made


def _labeling(label: Label) -> ET.Element:
    made = ET.Element("labeling", {"type": "simple"})
    settings = ET.SubElement(made, "settings", {"calloutType": "simple"})
    text = ET.SubElement(settings, "text-style", {
        "fieldName": seen(label.column), "isExpression": "0", "fontFamily": FONT, "fontSize": f"{label.size:g}",
        "fontSizeUnit": "Point", "textColor": rgba(label.colour), "textOpacity": "1", "fontWeight": "75",
        "namedStyle": "Bold", "multilineHeight": "1", "blendMode": "0", "allowHtml": "0",
    })  # fmt: skip
    ET.SubElement(text, "text-buffer", {
        "bufferDraw": str(int(label.halo)), "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferOpacity": "1",
        "bufferColor": rgba("#ffffff"), "bufferNoFill": "1", "bufferJoinStyle": "128", "bufferBlendMode": "0",
    })  # fmt: skip
    ET.SubElement(settings, "text-format", {"wrapChar": "", "multilineAlign": "3", "formatNumbers": "0"})
    for name, about in (("placement", _placement(label)), ("rendering", _rendering(label))):
        ET.SubElement(settings, name, about)
    return made


def _placement(label: Label) -> dict[str, str]:
    """Over the point; else around it, and for areas around their centroid."""
    where = {"placement": "1", "dist": "0", "priority": "8"} if label.centred else {
        "placement": "0", "dist": "1", "priority": "5"}  # fmt: skip
    return {**where, "quadOffset": "4", "distUnits": "MM", "xOffset": "0", "yOffset": "0", "offsetUnits": "MM",
            "centroidInside": "1", "centroidWhole": "0"}  # fmt: skip


def _rendering(label: Label) -> dict[str, str]:
    return {"drawLabels": "1", "displayAll": str(int(label.centred)), "scaleVisibility": "0", "obstacle": "1",
            "fontLimitPixelSize": "0", "upsidedownLabels": "0", "labelPerPart": "0", "mergeLines": "0",
            "limitNumLabels": "0"}  # fmt: skip


def _aliases(aliases: Sequence[tuple[str, str]]) -> ET.Element:
    made = ET.Element("aliases")
    for place, (column, alias) in enumerate(aliases):
        ET.SubElement(made, "alias", {"index": str(place), "field": seen(column), "name": seen(alias)})
    return made
