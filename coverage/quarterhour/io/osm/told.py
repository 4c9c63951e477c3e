"""What was decided about the tags of roads, told: hours that are not obeyed, values that nobody understands, what is no
road."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.findings import Severity, finding
from quarterhour.io.osm.access import NEITHER, direction, levels_of
from quarterhour.io.osm.tags import FERRY_TAGS, Tags, duration_minutes, is_ferry
from quarterhour.network.roads.permits import ENDS, OPEN, WHO, Who, is_read

_WHOM = frozenset({"access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar", "oneway"})
_OURS = _WHOM | {"forward", "backward"}
_NONE = frozenset({"", "none", "signals", "variable", "no", "unknown", "default"})
_ONE_WAY = (":forward", ":backward")
_MOST_VALUES = 8


@dataclass(frozen=True)
class About:
    """Says findings about the roads of a file."""

    file: str

    def tags(self, every: Sequence[Tags], code: IntArray, way: IntArray, km: FloatArray) -> Iterator[pd.DataFrame]:
        """What stands in tags; ``code``: which of them each way has; ``way, km``: of each piece that is used."""
        ways_of, km_of = Counter[int](), np.bincount(code[way], weights=km, minlength=len(every))
        ways_of.update(code[np.unique(way)].tolist())
        rules: dict[str, Counter[str]] = {}
        length: dict[str, float] = {}
        for one, times in ways_of.items():
            for rule, values in _decided(every[one]):
                counted = rules.setdefault(rule, Counter())
                counted.update(dict.fromkeys(values, times))
                length[rule] = length.get(rule, 0.0) + float(km_of[one])
        for rule in sorted(rules):
            yield self._say(rule, rules[rule], column=f"{length[rule]:,.1f}")

    def left_out(self, no_roads: Mapping[str, int], alone: Mapping[str, int]) -> Iterator[pd.DataFrame]:
        """Ways that are no road by their tag, and ground that no road meets, by its class."""
        for rule, counted in (("no_road", no_roads), ("alone", alone)):
            if counted:
                yield self._say(rule, Counter(counted))

    def ground(self, crossed: int, edge_only: int) -> Iterator[pd.DataFrame]:
        """How many squares and such are crossed in straight lines, and how many only walked along their edge."""
        if edge_only:
            yield self._say("edge_only", Counter(), value=str(edge_only), detail=str(crossed))

    def _say(self, rule: str, counted: Counter[str], *, severity: Severity = "note", **more: str) -> pd.DataFrame:
        fields = {"value": str(sum(counted.values())), "detail": _counted(counted)} | more
        return finding(f"osm.{rule}", severity=severity, table="roads", file=self.file, **fields)


def _counted(counted: Counter[str]) -> str:
    """The most frequent first: ``access=fine_gravel (2), foot=sometimes (1)``."""
    order = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    shown = ", ".join(f"{value} ({times})" for value, times in order[:_MOST_VALUES])
    return shown if len(order) <= _MOST_VALUES else f"{shown} … ({len(order)})"


def _decided(tags: Tags) -> Iterator[tuple[str, list[str]]]:
    """By rule what in the tags of a way is told."""
    found: tuple[tuple[str, Iterable[str]], ...] = (
        ("access_hours", (key for key in tags if _by_the_hour(key) and key.partition(":")[0] in _WHOM)),
        ("limit_hours", (key for key in tags if _by_the_hour(key) and key.startswith("maxspeed"))),
        ("unread", _unread(tags)),
        ("reversible", (f"{k}={v}" for k, v in tags.items() if _is_oneway(k) and direction(v) == NEITHER)),
        ("one_direction", (f"{who}" for who in WHO if _ends_one_way(tags, who))),
    )  # fmt: skip
    for rule, values in found:
        some = list(values)
        if some:
            yield rule, some


def _by_the_hour(key: str) -> bool:
    """A rule for some hours that is about walkers, cyclists or cars."""
    named, _, last = key.rpartition(":")
    return last == "conditional" and all(part in _OURS | {"maxspeed"} for part in named.split(":"))


def _is_oneway(key: str) -> bool:
    return key == "oneway" or (key.startswith("oneway:") and not key.endswith(":conditional"))


def _unread(tags: Tags) -> Iterator[str]:
    """Tags of access, direction or duration (limits: ``as_roads``) whose value says nothing that is known."""
    return (f"{key}={value}" for key, value in tags.items() if value and not _is_understood(key, value, tags))


def _is_understood(key: str, value: str, tags: Tags) -> bool:
    if key.endswith(":conditional"):
        return True
    if _is_oneway(key) or key.endswith(":oneway"):
        return value in _NONE or direction(value) is not None
    if key in FERRY_TAGS:
        return not is_ferry(tags) or not math.isnan(duration_minutes(value))
    return key.partition(":")[0] not in _WHOM or is_read(value)


def _ends_one_way(tags: Tags, who: Who) -> bool:
    """Open in one direction and for ends only in the other, which is then not used."""
    return any(k.endswith(_ONE_WAY) for k in tags) and set(levels_of(tags, who)) == {ENDS, OPEN}
