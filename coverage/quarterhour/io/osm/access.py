"""Who may use a way, in which direction, and whom a barrier stops: walkers, cyclists, drivers.

Of the keys that speak of somebody the most specific decides (foot before access; motorcar, motor_vehicle, vehicle,
access; bicycle, vehicle, access), of one key ``KEY:forward`` before ``KEY``. The words are in ``data/osm_kinds.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from quarterhour.io.osm.tags import Tags, is_ferry, road_class
from quarterhour.network.modes import osm_words, read_modes
from quarterhour.network.roads.permits import CLOSED, ENDS, OPEN, WHO, Who, grant, only_pushed

Ways: TypeAlias = tuple[bool, bool]
"""Whether one may go along the way, and against it."""
BOTH, ALONG, AGAINST, NEITHER = (True, True), (True, False), (False, True), (False, False)

_KEYS: Mapping[Who, str] = {"walk": "walker_keys", "cycle": "cycle_keys", "drive": "vehicle_keys"}
_ONEWAY: Mapping[Who, str] = {"walk": "walker_oneway", "cycle": "cycle_oneway", "drive": "vehicle_oneway"}
_MODES: Mapping[Who, str] = {"walk": "walk", "cycle": "ebike", "drive": "car"}
_DIRECTIONS: Mapping[str, Ways] = {
    **dict.fromkeys(("yes", "true", "1"), ALONG),
    **dict.fromkeys(("-1", "reverse"), AGAINST),
    **dict.fromkeys(("no", "false", "0", "alternating"), BOTH),
    "reversible": NEITHER,  # at some hours along, at others against: nobody knows which, so nobody drives
}
_CONVEYING: Mapping[str, Ways] = {"forward": ALONG, "backward": AGAINST, "reversible": NEITHER}


class Said(NamedTuple):
    """What tags grant somebody in one direction; the key and the value that say so."""

    level: int
    key: str
    value: str

    @property
    def of(self) -> str:
        """The key without a direction."""
        return self.key.partition(":")[0]


_Heard: TypeAlias = tuple[Said | None, Said | None]
"""Along and against."""


class Leave(NamedTuple):
    """What a way grants one kind of traveller.

    ``level``: closed, ends only or open, in the direction that is open most; ``oneway``: 1, -1 or 0; ``allowed``: by a
    key of the traveller's own; ``pushed``: with the bicycle in the hand.
    """

    level: int
    oneway: int
    allowed: bool
    pushed: bool


def access_columns(tags: Tags) -> dict[str, Any]:
    """The columns of a way that say who may use it, in which direction."""
    leave = {who: leave_of(tags, who) for who in WHO}
    return {
        "oneway": np.int8(leave["drive"].oneway),
        "oneway_cycle": np.int8(leave["cycle"].oneway),
        "oneway_foot": np.int8(leave["walk"].oneway),
        **{who: leave[who].level > CLOSED for who in WHO},
        **{f"{who}_ends": leave[who].level == ENDS for who in WHO},
        **{f"{who}_allowed": leave[who].allowed for who in WHO},
        "cycle_pushed": leave["cycle"].pushed,
    }


def direction(value: object) -> Ways | None:
    """Along and against, as a one-way mark lets one go; None where it says nothing.

    >>> direction("-1"), direction("reversible"), direction(None)
    ((False, True), (False, False), None)
    """
    return _DIRECTIONS.get(str(value).lower())


def said_of(tags: Tags, who: Who, way: str = "") -> Said | None:
    """What tags grant, by the most specific key that says something; None where none does. ``way``: or "forward"."""
    for key in osm_words()["roads"][_KEYS[who]]:
        for name in (f"{key}:{way}", key) if way else (key,):
            value = tags.get(name)
            level = grant(str(value), who) if value else None
            if level is not None:
                return Said(level, name, str(value))
    return None


def leave_of(tags: Tags, who: Who) -> Leave:
    """What a way grants walkers, cyclists or drivers.

    Where it grants more in one direction than in the other, it is one-way in that.
    """
    said = _heard(tags, who)
    own = _own(tags, who, said)
    if who == "cycle" and all(one is not None and only_pushed(one.value) for one in own):
        return leave_of(tags, "walk")._replace(allowed=True, pushed=True)
    levels = _levels(tags, who, said, own)
    best = max(levels)
    named = best > CLOSED and any(one is not None and one.level > CLOSED for one in own) and not is_ferry(tags)
    return Leave(best, sign(levels if best else _directions(tags, who, own)), named, False)


def levels_of(tags: Tags, who: Who) -> tuple[int, int]:
    """Closed, ends only or open, along the way and against it."""
    said = _heard(tags, who)
    return _levels(tags, who, said, _own(tags, who, said))


def _levels(tags: Tags, who: Who, said: _Heard, own: _Heard) -> tuple[int, int]:
    usual = OPEN if _open_by_class(tags, who) else CLOSED
    along, against = (_level(*one, usual) for one in zip(said, own, _directions(tags, who, own), strict=True))
    return along, against


def _heard(tags: Tags, who: Who) -> _Heard:
    """What decides along the way and against it."""
    if any(key.endswith((":forward", ":backward")) for key in tags):
        return said_of(tags, who, "forward"), said_of(tags, who, "backward")
    common = said_of(tags, who)
    return common, common


def _own(tags: Tags, who: Who, said: _Heard) -> _Heard:
    """The same, where it names the traveller."""
    keys = _own_keys(tags, who)
    along, against = (one if one is not None and one.of in keys else None for one in said)
    return along, against


def sign(ways: tuple[int, int] | Ways) -> int:
    """1 where more is open along the way, -1 against it, 0 where as much."""
    return int(ways[0] > ways[1]) - int(ways[0] < ways[1])


def _level(said: Said | None, own: Said | None, open_: bool, usual: int) -> int:
    if not open_:
        return CLOSED
    if own is not None:
        return own.level
    return min(usual, OPEN if said is None else said.level)


def _own_keys(tags: Tags, who: Who) -> tuple[str, ...]:
    """The keys whose word counts whatever the class says: those that name the traveller, not ``access``."""
    named = osm_words()["roads"][_KEYS[who]][:-1]
    return tuple(named[:1] if who == "cycle" and _for_cars_alone(tags) else named)


def _open_by_class(tags: Tags, who: Who) -> bool:
    """Whether the class lets somebody go; a ferry that names walkers or cyclists and no vehicle takes no cars."""
    if who == "drive" and is_ferry(tags):
        return said_of(tags, who) is not None or not (tags.get("foot") or tags.get("bicycle"))
    closed = {"walk": (), "cycle": osm_words()["roads"]["no_cycles"], "drive": osm_words()["roads"]["no_vehicles"]}[who]
    return road_class(tags) not in closed and (who == "drive" or not _for_cars_alone(tags))


def _for_cars_alone(tags: Tags) -> bool:
    return tags.get("highway") in osm_words()["roads"]["no_walkers"] or tags.get("motorroad") == "yes"


# --- direction


def _directions(tags: Tags, who: Who, own: _Heard) -> Ways:
    """Along and against, by one-way marks of the traveller's own, else the common one and what goes before it."""
    for key in osm_words()["roads"][_ONEWAY[who]]:
        said = direction(tags.get(key))
        if said is not None:
            return said
    if who == "walk":
        return common_direction(tags) if is_ferry(tags) else _CONVEYING.get(str(tags.get("conveying")), BOTH)
    common = common_direction(tags)
    against = [one is not None and ":" in one.key and one.level > CLOSED for one in own]  # bicycle:backward=yes
    lanes = _cycle_lanes(tags, common) if who == "cycle" else NEITHER
    return (common[0] or lanes[0] or against[0], common[1] or lanes[1] or against[1])


def common_direction(tags: Tags) -> Ways:
    """What ``oneway`` says, or the class or a roundabout implies."""
    said = direction(tags.get("oneway"))
    if said is not None:
        return said
    roads = osm_words()["roads"]
    implied = tags.get("highway") in roads["oneway_classes"] or tags.get("junction") in roads["oneway_junctions"]
    return ALONG if implied else BOTH


def _cycle_lanes(tags: Tags, common: Ways) -> Ways:
    """Where a lane or track beside the way lets cyclists go: against a one-way street, or as its own mark says."""
    roads = osm_words()["roads"]
    along = against = False
    for key in roads["cycleway_keys"]:
        lane = tags.get(key)
        if lane in roads["opposite"]:
            along, against = along or not common[0], against or not common[1]
        own = direction(tags.get(f"{key}:oneway")) if lane not in roads["no_cycleway"] else None
        if own is not None:
            along, against = along or own[0], against or own[1]
    return along, against


# --- barriers


def barrier_word(tags: Tags) -> str:
    """Whom a barrier on a way stops, as a word for ``stopped_by`` of a mode; "" nobody.

    Without tags of access the barrier's kind, for each mode to judge. With them "closed" (everybody), "no_walkers",
    "no_cycles", "no_cars" or "no_vehicles" (the last two), and for a private one "ends_walk", "ends_cycle",
    "ends_drive", several joined by ";": whom the tags do not name is judged by the barrier's kind as the program's
    walk, ebike and car are. A locked gate is closed to whom no tag opens it.
    """
    kind = str(tags.get("barrier") or "")
    if not kind:
        return ""
    found = {who: said_of(tags, who) for who in WHO}
    said = {who: None if one is None else one.level for who, one in found.items()}
    if tags.get("locked") == "yes":
        said = {who: level or CLOSED for who, level in said.items()}
    if set(said.values()) == {None}:
        return "" if kind in osm_words()["roads"]["passable"] else kind
    usual = {who: CLOSED if kind in read_modes()[mode].stopped_by else OPEN for who, mode in _MODES.items()}
    return _barrier_words({who: usual[who] if level is None else level for who, level in said.items()})


def _barrier_words(levels: Mapping[Who, int]) -> str:
    if set(levels.values()) == {CLOSED}:
        return "closed"
    stopped = {who: level == CLOSED for who, level in levels.items()}
    vehicles = "no_vehicles" if stopped["cycle"] and stopped["drive"] else ""
    words = [
        "no_walkers" if stopped["walk"] else "",
        vehicles or ("no_cycles" if stopped["cycle"] else "no_cars" if stopped["drive"] else ""),
        *(f"ends_{who}" for who, level in levels.items() if level == ENDS),
    ]
    return ";".join(word for word in words if word)
