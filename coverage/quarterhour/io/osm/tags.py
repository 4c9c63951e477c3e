"""What OpenStreetMap's tags mean here: what is a road, what it says of speed, and kinds of places.

The words are in ``data/osm_kinds.toml``. Who may use a road, and in which direction, is in ``access.py``.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from quarterhour.base.errors import DataError
from quarterhour.network.modes import osm_words

Tags: TypeAlias = Mapping[str, Any]
Rules: TypeAlias = Sequence[tuple[str, Mapping[str, Any]]]
_NUMBER = r"(\d+(?:\.\d+)?)"

_WHOM = ("foot", "bicycle", "motorcar", "motor_vehicle", "vehicle", "access")
_WALKED = ("man_made", "railway", "public_transport", "indoor")
ACCESS_TAGS = (
    "highway", "route", *_WALKED, "oneway", "junction", "motorroad", "conveying",
    *(f"oneway:{one}" for one in ("foot", "bicycle", "motorcar", "motor_vehicle", "vehicle")),
    *(f"{one}{way}" for one in _WHOM for way in ("", ":forward", ":backward")),
    *(f"cycleway{side}{mark}" for side in ("", ":left", ":right", ":both") for mark in ("", ":oneway")),
)  # fmt: skip
"""What `access.py` reads of a way."""
SPEED_TAGS = ("maxspeed", "maxspeed:forward", "maxspeed:backward", "surface", "bridge", "tunnel")
FERRY_TAGS = ("duration", "duration:forward", "duration:backward")
HARD_TAGS = ("sac_scale", "trail_visibility", "sidewalk", "sidewalk:both")
WAY_TAGS = (*ACCESS_TAGS, *SPEED_TAGS, *FERRY_TAGS, *HARD_TAGS, "area", "name")
NODE_TAGS = ("highway", "traffic_signals:direction", "barrier", "locked", *_WHOM)


# --- kinds of places


def known_kinds() -> tuple[str, ...]:
    """The kinds of places that have OSM tags."""
    return tuple(osm_words()["kinds"])


def rules_of(kinds: Sequence[str], own: Mapping[str, Sequence[Tags]] | None = None) -> list[tuple[str, Tags]]:
    """The tags that make each kind; DataError for a kind that has none. ``own``: tags of a study's own kinds."""
    known = {**{kind: made["tags"] for kind, made in osm_words()["kinds"].items()}, **(own or {})}
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise DataError("osm.unknown_kind", kinds=", ".join(unknown), known=", ".join(known))
    return [(kind, tags) for kind in kinds for tags in known[kind]]


def wanted_rules(
    wanted: Sequence[str] | Tags, *, kind: str = "", own: Mapping[str, Sequence[Tags]] | None = None
) -> list[tuple[str, Tags]]:
    """Rules for kinds by name, or for tags any of which is enough (``{"amenity": ["pharmacy"], "shop": True}``).

    Each value is a text, a list of them, or True for any value but "no". ``kind``: what all of them are; without it
    a place found by a tag is of the kind that its tag says ("pharmacy", "bakery").

    >>> wanted_rules({"amenity": ["pharmacy"], "shop": True}, kind="daily")
    [('daily', {'amenity': ['pharmacy']}), ('daily', {'shop': True})]
    """
    if isinstance(wanted, Mapping):
        return [(kind, {key: values}) for key, values in wanted.items()]
    return [(kind or of, tags) for of, tags in rules_of(wanted, own)]


def kind_of(tags: Tags, rules: Rules) -> str | None:
    """The first kind all of whose tags agree; where a rule names no kind, the value of its tag.

    >>> kind_of({"shop": "bakery;cafe"}, [("", {"shop": True})])
    'bakery'
    """
    for kind, wanted in rules:
        said = [_agreeing(tags.get(key), values) for key, values in wanted.items()]
        if all(said):
            return kind or said[0]
    return None


def _agreeing(said: object, wanted: Any) -> str:
    """The value that agrees, of the several that a tag may hold (``clinic;pharmacy``); "" where none does."""
    values = [one.strip() for one in str(said or "").split(";")]
    if wanted is True:
        return next((one for one in values if one not in ("", "no")), "")
    some = [wanted] if isinstance(wanted, str) else wanted
    return next((one for one in values if one in some), "")


# --- roads: class


def road_class(tags: Tags) -> str:
    """The class of a road, "ferry" for a ferry, "pier" or "platform" for what people walk; "" for what is no road."""
    said = tags.get("highway")
    if said in _classes():
        return str(said)
    return "ferry" if tags.get("route") == "ferry" else walked_class(tags)


@functools.cache
def _classes() -> frozenset[str]:
    return frozenset(osm_words()["roads"]["classes"])


def walked_class(tags: Tags) -> str:
    """The class of a way that people walk though no ``highway`` says so."""
    for rule in osm_words()["roads"]["walked"]:
        if all(tags.get(key) == value for key, value in rule.items() if key != "class"):
            return str(rule["class"])
    return ""


def is_ferry(tags: Tags) -> bool:
    """The way is a ferry's."""
    return road_class(tags) == "ferry"


def is_area(tags: Tags) -> bool:
    """A closed way with these tags is ground that one crosses, not a road round it."""
    roads = osm_words()["roads"]
    said, sort = tags.get("area"), road_class(tags)
    return (said == "yes" and sort in roads["area_classes"]) or (said != "no" and sort in roads["always_areas"])


# --- roads: what else they say about speed


def limits(tags: Tags) -> tuple[str, str]:
    """The speed limits along and against the way, as written; "" where none is.

    ``maxspeed:forward`` and ``:backward`` count for their direction, ``maxspeed`` for a direction without one.
    """
    common = str(tags.get("maxspeed") or "")
    return str(tags.get("maxspeed:forward") or common), str(tags.get("maxspeed:backward") or common)


def is_bridge(tags: Tags) -> bool:
    """The way is above ground."""
    return bool(tags.get("bridge")) and tags["bridge"] not in osm_words()["roads"]["no_bridges"]


def is_tunnel(tags: Tags) -> bool:
    """The way is under ground."""
    return bool(tags.get("tunnel")) and tags["tunnel"] not in osm_words()["roads"]["no_tunnels"]


def ferry_minutes(tags: Tags) -> tuple[float, float]:
    """How long the whole crossing takes along and against the way; NaN where nothing says."""
    common = tags.get("duration")
    along, against = tags.get("duration:forward") or common, tags.get("duration:backward") or common
    return duration_minutes(along), duration_minutes(against)


def duration_minutes(said: object) -> float:
    """Minutes of a ``duration``: 20, 0:20, 1:30:00, ISO 8601 (PT1H30M) or with units; NaN where it cannot be read.

    >>> duration_minutes("00:20"), duration_minutes("PT1H30M"), duration_minutes("45"), duration_minutes("1 h 30 min")
    (20.0, 90.0, 45.0, 90.0)
    """
    text = str(said or "").strip().lower()
    clock = re.fullmatch(r"(\d+)\s*[:：h]\s*([0-5]\d)(?:[:：]([0-5]\d))?", text)  # 0:20, 1:30:00, 1h30
    if clock:
        return int(clock[1]) * 60 + int(clock[2]) + int(clock[3] or 0) / 60
    iso = re.fullmatch(rf"p(?:{_NUMBER}d)?(?:t(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?)?", text)
    with_units = re.fullmatch(
        rf"(?:{_NUMBER}\s*(?:days?|d|天|日))?\s*(?:{_NUMBER}\s*(?:hours?|hrs?|h|个?小时|时))?\s*"
        rf"(?:{_NUMBER}\s*(?:minutes?|mins?|min\.|m|'|分钟?))?\s*(?:{_NUMBER}\s*(?:seconds?|secs?|s|秒))?",
        text,
    )
    for found in (iso, with_units):
        if found and any(found.groups()):
            day, hour, minute, second = (float(part or 0) for part in found.groups())
            return day * 1440 + hour * 60 + minute + second / 60
    return float(text) if re.fullmatch(r"\d+(?:\.\d+)?", text) else math.nan


def hardships(tags: Tags) -> dict[str, str]:
    """What makes a way hard to walk, as columns: ``sac_scale``, ``trail_visibility``, and ``sidewalk`` ("no": none)."""
    side = str(tags.get("sidewalk:both") or tags.get("sidewalk") or "")
    beside = "no" if side == "none" else side
    return {
        "sac_scale": str(tags.get("sac_scale") or ""),
        "trail_visibility": str(tags.get("trail_visibility") or ""),
        "sidewalk": beside,
    }


def signal(tags: Tags) -> tuple[bool, bool]:
    """Whether a node holds a traffic signal for those who come along the way, and against it."""
    there = tags.get("highway") == "traffic_signals"
    way = tags.get("traffic_signals:direction")
    return there and way != "backward", there and way != "forward"
