"""What OpenStreetMap's tags mean here: roads, who may use them, kinds of places (``data/osm_kinds.toml``)."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeAlias

from quarterhour.errors import DataError

Tags: TypeAlias = Mapping[str, Any]
Rules: TypeAlias = Sequence[tuple[str, Mapping[str, Any]]]

ROAD_TAGS = ("highway", "oneway", "junction", "foot", "motorcar", "motor_vehicle", "vehicle", "access", "motorroad")


@functools.cache
def table() -> Mapping[str, Any]:
    """``data/osm_kinds.toml``, read once."""
    text = (resources.files("quarterhour") / "data" / "osm_kinds.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def known_kinds() -> tuple[str, ...]:
    """The kinds of places that have OSM tags."""
    return tuple(table()["kinds"])


def rules_of(kinds: Sequence[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """The tags that make each kind; DataError for a kind that has none."""
    unknown = [kind for kind in kinds if kind not in table()["kinds"]]
    if unknown:
        raise DataError("osm.unknown_kind", kinds=", ".join(unknown), known=", ".join(known_kinds()))
    return [(kind, tags) for kind in kinds for tags in table()["kinds"][kind]["tags"]]


def kind_of(tags: Tags, rules: Rules) -> str | None:
    """The first kind all of whose tags agree."""
    for kind, wanted in rules:
        if all(tags.get(k) in ([v] if isinstance(v, str) else v) for k, v in wanted.items()):
            return kind
    return None


def oneway(tags: Tags) -> int:
    """0 both ways, 1 along the line, -1 against it."""
    said = str(tags.get("oneway", "")).lower()
    if said in ("yes", "true", "1"):
        return 1
    if said in ("-1", "reverse"):
        return -1
    if said in ("no", "false", "0"):
        return 0
    roads = table()["roads"]
    implied = tags.get("highway") in roads["oneway_classes"] or tags.get("junction") in roads["oneway_junctions"]
    return int(implied)


def _open_to(tags: Tags, keys: Sequence[str]) -> bool:
    for key in keys:
        if tags.get(key):
            return tags[key] not in table()["roads"]["closed"]
    return True


def may_walk(tags: Tags) -> bool:
    """Walkers may use the way."""
    roads = table()["roads"]
    barred = tags["highway"] in roads["no_walkers"] or tags.get("motorroad") == "yes"
    return not barred and _open_to(tags, roads["walker_keys"])


def may_drive(tags: Tags) -> bool:
    """Vehicles may use the way."""
    roads = table()["roads"]
    return tags["highway"] not in roads["no_vehicles"] and _open_to(tags, roads["vehicle_keys"])
