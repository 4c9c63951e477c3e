"""Coordinates as people write them: 122.13, 122.13E, 122°7'59.58"E, 37度32分18秒, "122.13,37.54" in one column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.io.synonyms import heading_key

_IN_ONE = (
    "经纬度",
    "坐标",
    "经纬度坐标",
    "地理坐标",
    "位置坐标",
    "坐标位置",
    "gps坐标",
    "gps",
    "location",
    "lonlat",
    "lnglat",
    "lon_lat",
    "lng_lat",
    "latlon",
    "latlng",
    "coordinates",
)
"""Columns that hold both coordinates, by the names that offices and web maps give them."""
_SIDES = {
    "东经": "E",
    "西经": "W",
    "北纬": "N",
    "南纬": "S",
    "东": "E",
    "西": "W",
    "北": "N",
    "南": "S",
    "经度": "Λ",
    "纬度": "Φ",
}
_NAMED = {"Λ": "E", "Φ": "N"}
"""Letters for the words that say which of the two it is, and not which way."""
_LABEL = re.compile(r"(?:longitude|latitude|lng|lon|lat)\b", re.IGNORECASE)
_MARKS = str.maketrans({
    "度": "°", "º": "°", "˚": "°", "分": "'", "′": "'", "’": "'", "‘": "'", "´": "'", "`": "'",
    "秒": '"', "″": '"', "”": '"', "“": '"',
})  # fmt: skip
_COARSE = {100: ("0.01°", "700"), 60: ("1′", "1,200"), 1000: ("0.001°", "70")}
"""Parts of a degree that are too coarse for a walk: as they are written, and how far off a place may then be, in m."""
_FEW = 5
"""Fewer rows than this may be round by chance."""
_COMMA_SECONDS = re.compile(r"(?<=[':])(\s*\d{1,2}),(\d+)(\s*(?:\"|''))")
"""122°7'59,58": the comma between whole seconds and their parts."""
_QUOTED = re.compile(r'"([ΛΦ])"\s*:')
"""A key of JSON, once its name is a letter."""
_DECIMAL = re.compile(r"\S*\d\.\d+\S*")
_HEIGHT = re.compile(r"[+-]?\d+(?:\.\d+)?(?:M|米)?")
_SIDE = re.compile(r"[NSEWΛΦ]")
_PART = r"(\d{1,2}(?:\.\d+)?)"
_ANGLE = re.compile(
    rf"([+-]?)\s*(\d{{1,3}}(?:\.\d+)?)\s*(?:[°:\-\s]\s*(?:{_PART}\s*(?:[':\-\s]\s*(?:{_PART}\s*\"?)?)?)?)?"
)


def with_xy(frame: pd.DataFrame, *, degrees: bool, at: Mapping[str, str]) -> tuple[pd.DataFrame | None, pd.DataFrame]:
    """Both coordinates of each row as ``x`` and ``y``, missing where they cannot be read; None without such columns.

    They stand in columns x and y, or both in one (x and y name the same, or it has a known name). Letters (E, N, 东经,
    北纬) and ranges say which is which; where that is against the columns it is told. ``given``: the text of a row,
    where both stand in one column. ``degrees``: longitudes and latitudes, which may be written in degrees, minutes
    and seconds; else metres. ``at``: table and file, for messages.
    """
    one = _in_one(frame)
    if one is not None:
        text = texts(frame[one])
        read = _parted(text, degrees=degrees)
        told = [_told(read, "coordinates_latitude_first", at, column=str(one)), _coarse(read, at, degrees=degrees)]
        return read[["x", "y"]].assign(given=text), join_findings(told)
    if "x" not in frame or "y" not in frame:
        return None, no_findings()
    first, second = (_read(frame[c], degrees=degrees) for c in ("x", "y"))
    read = _by_side(first, second)
    told = [_told(read, "coordinates_order", at, column="x, y"), _coarse(read, at, degrees=degrees)]
    return read[["x", "y"]], join_findings(told)


def _in_one(frame: pd.DataFrame) -> object | None:
    """The column that holds both coordinates, if there is one."""
    if "x" in frame and "y" in frame:
        text = texts(frame["x"])
        return "x" if text.equals(texts(frame["y"])) and _looks_paired(text) else None
    if "x" in frame or "y" in frame:
        given = "x" if "x" in frame else "y"
        return given if _looks_paired(texts(frame[given])) else None
    named = [c for c in frame.columns if {str(c).strip().lower(), heading_key(c)} & set(_IN_ONE)]
    return next((c for c in named if _looks_paired(texts(frame[c]))), None)


def _looks_paired(text: pd.Series) -> bool:
    some = text[text.ne("")]
    return len(some) > 0 and some.map(lambda t: len(_parts(t)) == 2).mean() > 0.5


def _read(values: pd.Series, *, degrees: bool) -> pd.DataFrame:
    """``value`` and ``side`` (E, W, N, S or "") of one coordinate a row."""
    value, text = numbers(values), texts(values)
    odd = text[text.ne("") & value.isna()] if degrees else text.head(0)
    angles = pd.DataFrame([_angle(t) for t in odd], index=odd.index, columns=["value", "side"])
    sides = angles["side"].reindex(values.index, fill_value="").astype("str")
    return pd.DataFrame({"value": value.fillna(angles["value"].astype("float64")), "side": sides})


def _angle(text: str) -> tuple[float, str]:
    """Degrees of a text and its side; NaN where it is no angle: minutes or seconds of 60, two sides, other words."""
    plain = _cleaned(text)
    letters = dict.fromkeys(_SIDE.findall(plain))
    sides, words = [v for v in letters if v not in _NAMED], [_NAMED[v] for v in letters if v in _NAMED]
    found = _ANGLE.fullmatch(_SIDE.sub("", plain).strip(" :="))
    if found is None or len(sides) > 1 or len(words) > 1 or (sides and words and not _one_axis(sides[0], words[0])):
        return float("nan"), ""
    sign, whole, minutes, seconds = found.groups()
    small = [float(part or 0) for part in (minutes, seconds)]
    if max(small) >= 60 or ("." in whole and minutes) or (minutes and "." in minutes and seconds):
        return float("nan"), ""
    value = float(whole) + small[0] / 60 + small[1] / 3600
    side = (sides or words or [""])[0]
    return (-value if sign == "-" or side in ("S", "W") else value), side


def _one_axis(side: str, word: str) -> bool:
    return (side in "EW") == (word == "E")


def _cleaned(text: str) -> str:
    for word, side in _SIDES.items():
        text = text.replace(word, side)
    # NFKC would make two primes of a double one and a letter of an ordinal sign: our marks come first.
    plain = unicodedata.normalize("NFKC", text.translate(_MARKS)).translate(_MARKS)
    plain = _QUOTED.sub(r"\1", _LABEL.sub(_letter, _COMMA_SECONDS.sub(r"\1.\2\3", plain)))
    return plain.replace("''", '"').upper().strip(" :;,=")


def _letter(label: re.Match[str]) -> str:
    return "Φ" if label.group().lower().startswith("lat") else "Λ"


def _parts(text: str) -> list[str]:
    """The two coordinates in one text, or what else it falls into."""
    plain = re.sub(r"^[A-Z]*POINT\s*\(|^[\s(\[{]+|[\s)\]}]+$", "", _cleaned(text))
    for between in (r"\s*[,;，；、|/]\s*", r"\s+"):
        found = [p.strip(" :=") for p in re.split(between, plain) if p]
        if len(found) == 3 and _HEIGHT.fullmatch(found[2]) and all(map(_DECIMAL.fullmatch, found[:2])):
            found = found[:2]  # longitude, latitude and height
        if len(found) == 2 and all(re.search(r"\d", p) for p in found):
            return found
    lettered = re.fullmatch(r"(.*\d.*?[NSEWΛΦ])\s*(.*\d.*?[NSEWΛΦ])", plain) or re.fullmatch(
        r"([NSEWΛΦ].*\d.*?)\s*([NSEWΛΦ].*\d.*)", plain
    )
    return list(lettered.groups()) if lettered else [plain]


def _parted(text: pd.Series, *, degrees: bool) -> pd.DataFrame:
    """One column as two: which is which by letters, by range, and else by what most rows of the column say."""
    both = [p if len(p) == 2 else ["", ""] for p in map(_parts, text)]
    halves = [pd.Series([b[i] for b in both], index=text.index, dtype="str") for i in (0, 1)]
    first, second = (_read(half, degrees=degrees) for half in halves)
    read = _by_side(first, second)
    if not degrees:
        return read
    unsaid = first["side"].eq("") & second["side"].eq("")
    above, below = first["value"].abs().gt(90), second["value"].abs().gt(90)
    # Beyond 90 degrees it is a longitude; where neither is, the row follows the others.
    turned = unsaid & ~above & (below | (below.sum() > above.sum()))
    x, y = read["x"].mask(turned, read["y"]), read["y"].mask(turned, read["x"])
    return pd.DataFrame({"x": x, "y": y, "turned": read["turned"] | turned})


def _by_side(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """``x``, ``y`` and whether they were ``turned``: a letter says that the first is the latitude."""
    turned = first["side"].isin(["N", "S"]) & ~second["side"].isin(["N", "S"])
    turned |= second["side"].isin(["E", "W"]) & ~first["side"].isin(["E", "W"])
    clash = first["side"].isin(["N", "S"]) & second["side"].isin(["N", "S"])
    clash |= first["side"].isin(["E", "W"]) & second["side"].isin(["E", "W"])
    x = first["value"].where(~turned, second["value"]).mask(clash)
    y = second["value"].where(~turned, first["value"]).mask(clash)
    return pd.DataFrame({"x": x, "y": y, "turned": turned})


def _told(read: pd.DataFrame, rule: str, at: Mapping[str, str], *, column: str) -> pd.DataFrame:
    """One note where an order was settled by letters or ranges."""
    turned = read.index[read["turned"] & read["x"].notna()]
    if not len(turned):
        return no_findings()
    rows = ", ".join(map(str, turned[:5])) + (" …" if len(turned) > 5 else "")
    fields: dict[str, Any] = {**at, "column": column, "value": f"{len(turned):,}", "detail": rows}
    return finding(rule, severity="note", **fields)


def _coarse(read: pd.DataFrame, at: Mapping[str, str], *, degrees: bool) -> pd.DataFrame:
    """A warning where every place of a table stands at round degrees: they were cut by more than a walk."""
    known = read[["x", "y"]].dropna().to_numpy(dtype=float)
    if not degrees or len(known) < _FEW or not (np.abs(known) <= 180).all():
        return no_findings()
    for parts, (step, off) in _COARSE.items():
        if (np.abs(known * parts - np.round(known * parts)) < 1e-6).all():
            same = {**at, "column": "x, y", "value": step, "detail": off, "id": f"{len(known):,}"}
            return finding("coordinates_coarse", severity="warning", **same)
    return no_findings()
