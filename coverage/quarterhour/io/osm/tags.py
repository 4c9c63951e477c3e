"""What OpenStreetMap's tags mean here: roads, who may use them, kinds of places (``data/osm_kinds.toml``)."""

from __future__ import annotations

import functools
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeAlias

from quarterhour.base.errors import DataError
from quarterhour.network.modes import read_modes

Tags: TypeAlias = Mapping[str, Any]
Rules: TypeAlias = Sequence[tuple[str, Mapping[str, Any]]]

ACCESS_TAGS = (
    "highway", "route", "oneway", "oneway:bicycle", "junction", "motorroad",
    "foot", "bicycle", "motorcar", "motor_vehicle", "vehicle", "access",
)  # fmt: skip
SPEED_TAGS = ("maxspeed", "maxspeed:forward", "maxspeed:backward", "surface", "bridge", "tunnel")
FERRY_TAGS = ("duration", "duration:forward", "duration:backward")
WAY_TAGS = (*ACCESS_TAGS, *SPEED_TAGS, *FERRY_TAGS, "name")
NODE_TAGS = (
    "highway", "traffic_signals:direction", "barrier", "locked",
    "foot", "bicycle", "motorcar", "motor_vehicle", "vehicle", "access",
)  # fmt: skip
_YES, _NO, _BACK = ("yes", "true", "1"), ("no", "false", "0"), ("-1", "reverse")


@functools.cache
def table() -> Mapping[str, Any]:
    """``data/osm_kinds.toml``, read once."""
    text = (resources.files("quarterhour") / "data" / "osm_kinds.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


# --- kinds of places


def known_kinds() -> tuple[str, ...]:
    """The kinds of places that have OSM tags."""
    return tuple(table()["kinds"])


def rules_of(kinds: Sequence[str], own: Mapping[str, Sequence[Tags]] | None = None) -> list[tuple[str, Tags]]:
    """The tags that make each kind; DataError for a kind that has none. ``own``: tags of a study's own kinds."""
    known = {**{kind: made["tags"] for kind, made in table()["kinds"].items()}, **(own or {})}
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


# --- roads: class, direction, access


def road_class(tags: Tags) -> str:
    """The class of a road, "ferry" for a ferry; "" for a way that is no road."""
    if tags.get("highway") in table()["roads"]["classes"]:
        return str(tags["highway"])
    return "ferry" if tags.get("route") == "ferry" else ""


def oneway(tags: Tags) -> int:
    """0 both ways, 1 along the line, -1 against it."""
    said = direction(tags.get("oneway"))
    if said is not None:
        return said
    roads = table()["roads"]
    implied = tags.get("highway") in roads["oneway_classes"] or tags.get("junction") in roads["oneway_junctions"]
    return int(implied)


def oneway_cycle(tags: Tags) -> int:
    """The same for cyclists, whom ``oneway:bicycle`` may let through against it."""
    said = direction(tags.get("oneway:bicycle"))
    return oneway(tags) if said is None else said


def direction(value: object) -> int | None:
    """1 along, -1 against, 0 both; None where a one-way mark says nothing."""
    said = str(value).lower()
    return 1 if said in _YES else -1 if said in _BACK else 0 if said in _NO else None


def _said(tags: Tags, keys: str) -> bool | None:
    """Open or not by the first key that is tagged; None where none is."""
    roads = table()["roads"]
    return next((tags[key] not in roads["closed"] for key in roads[keys] if tags.get(key)), None)


def may_walk(tags: Tags) -> bool:
    """Walkers may use the way."""
    return not _for_cars_alone(tags) and _said(tags, "walker_keys") is not False


def may_drive(tags: Tags) -> bool:
    """Vehicles may use the way; a ferry that names walkers or cyclists and no vehicle takes none."""
    said = _said(tags, "vehicle_keys")
    if road_class(tags) == "ferry" and said is None:
        return not (tags.get("foot") or tags.get("bicycle"))
    return road_class(tags) not in table()["roads"]["no_vehicles"] and said is not False


def may_cycle(tags: Tags) -> bool:
    """Cyclists may use the way; a footway only where ``bicycle`` opens it."""
    if road_class(tags) in table()["roads"]["no_cycles"] and not tags.get("bicycle"):
        return False
    return not _for_cars_alone(tags) and _said(tags, "cycle_keys") is not False


def _for_cars_alone(tags: Tags) -> bool:
    return tags.get("highway") in table()["roads"]["no_walkers"] or tags.get("motorroad") == "yes"


# --- roads: what else they say about speed


def limits(tags: Tags) -> tuple[str, str]:
    """The speed limits along and against the way, as written; "" where none is.

    ``maxspeed:forward`` and ``:backward`` count for their direction, ``maxspeed`` for a direction without one.
    """
    common = str(tags.get("maxspeed") or "")
    return str(tags.get("maxspeed:forward") or common), str(tags.get("maxspeed:backward") or common)


def is_bridge(tags: Tags) -> bool:
    """The way is above ground."""
    return bool(tags.get("bridge")) and tags["bridge"] not in table()["roads"]["no_bridges"]


def is_tunnel(tags: Tags) -> bool:
    """The way is under ground."""
    return bool(tags.get("tunnel")) and tags["tunnel"] not in table()["roads"]["no_tunnels"]


def ferry_minutes(tags: Tags) -> tuple[float, float]:
    """How long the whole crossing takes along and against the way; NaN where nothing says."""
    common = tags.get("duration")
    along, against = tags.get("duration:forward") or common, tags.get("duration:backward") or common
    return duration_minutes(along), duration_minutes(against)


def duration_minutes(said: object) -> float:
    """Minutes of a ``duration``: 20, 0:20, 1:30:00 or ISO 8601 (PT1H30M); NaN where it cannot be read.

    >>> duration_minutes("00:20"), duration_minutes("PT1H30M"), duration_minutes("45")
    (20.0, 90.0, 45.0)
    """
    text = str(said or "").strip()
    clock = re.fullmatch(r"(\d+):([0-5]\d)(?::([0-5]\d))?", text)
    if clock:
        return int(clock[1]) * 60 + int(clock[2]) + int(clock[3] or 0) / 60
    iso = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if iso and any(iso.groups()):
        day, hour, minute, second = (int(part or 0) for part in iso.groups())
        return day * 1440 + hour * 60 + minute + second / 60
    plain = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\s*min)?", text)
    return float(plain[1]) if plain else math.nan


def signal(tags: Tags) -> tuple[bool, bool]:
    """Whether a node holds a traffic signal for those who come along the way, and against it."""
    there = tags.get("highway") == "traffic_signals"
    way = tags.get("traffic_signals:direction")
    return there and way != "backward", there and way != "forward"


_WHO = (("walk", "walker_keys", "walk"), ("cycle", "cycle_keys", "ebike"), ("drive", "vehicle_keys", "car"))


def barrier_word(tags: Tags) -> str:
    """Whom a barrier on a way stops, as a word for ``stopped_by`` of a mode; "" nobody.

    Without tags of access the barrier's kind, for each mode to judge. With them "closed" (everybody), "no_walkers",
    "no_cycles", "no_cars" or "no_vehicles" (the last two), several joined by ";": whom the tags do not name is judged
    by the barrier's kind as the program's walk, ebike and car are. A locked gate is closed to whom no tag opens it.
    """
    kind = str(tags.get("barrier") or "")
    if not kind:
        return ""
    said = {who: _said(tags, keys) for who, keys, _ in _WHO}
    if tags.get("locked") == "yes":
        said = {who: bool(one) for who, one in said.items()}
    if set(said.values()) == {None}:
        return "" if kind in table()["roads"]["passable"] else kind
    usual = {who: kind in read_modes()[mode].stopped_by for who, _, mode in _WHO}
    stopped = {who: usual[who] if said[who] is None else not said[who] for who in said}
    if all(stopped.values()):
        return "closed"
    vehicles = "no_vehicles" if stopped["cycle"] and stopped["drive"] else ""
    words = [vehicles or ("no_cycles" if stopped["cycle"] else "no_cars" if stopped["drive"] else "")]
    return ";".join(word for word in ["no_walkers" if stopped["walk"] else "", *words] if word)
