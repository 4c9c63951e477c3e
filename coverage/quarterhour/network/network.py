"""The road network as values: a mode of travel, forbidden turns, junctions and the roads between them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour.base import i18n
from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.cards import Card, Carded

T = TypeVar("T")
JOINED_M = 1.0
"""In a study, ends of roads so near another road are joined to it, unless it says otherwise (``join_m``)."""


def _nothing() -> Mapping[str, float]:
    return MappingProxyType({})


def _unpacked(told: dict[str, Any]) -> Mode:
    own: dict[str, Any] = {name: MappingProxyType(v) if isinstance(v, dict) else v for name, v in told.items()}
    return Mode(**own)


@dataclass(frozen=True, slots=True)
class Mode:
    """How fast somebody travels, by road class.

    ``speeds_kmh`` names the classes (OSM ``highway`` values) that the mode may use;
    ``other_kmh`` is for a class that no table names, None forbids it.
    ``gap_kmh`` is the speed between a place and its road. Sources are in ``data/modes.toml``.

    What roads may say beyond their class, and the mode heeds (``speeds.py`` says how): ``limit_share`` of a
    speed limit, ``surface_factors`` and ``surface_kmh``, ``signal_seconds`` at each signal,
    ``ferry_wait_minutes``, ``stopped_by`` barriers, and ``slope``: "tobler", ``{watts, mass_kg, rolling}``
    of a motor (at the wheel; with its rider), or None. ``uses``: the column of roads that says where it may go,
    "walk", "drive" or "cycle".

    What else they say (``access.py``, ``speeds.py``): ``allowed_kmh`` on forbidden classes where a road allows the mode
    by name, ``ceiling_kmh`` of a limit that is believed, ``avoids`` ("sac_scale=alpine_hiking", "primary sidewalk=no").

    What vehicles heed besides (``turns.py``): ``turn_seconds`` lost by a turn (``left``, ``right``, ``straight``,
    ``u_turn``, as where one ``drives_on`` the right) at a junction of three roads or more; ``counts_as``: the OSM
    words by which a turn restriction may exempt it.

    Examples
    --------
    >>> import quarterhour as qh
    >>> walk = qh.read_modes()["walk"]
    >>> walk
    <Mode walk: walk, up to 3.6 km/h, turnout 0 min>
    >>> walk.gap_kmh, walk.drives_on
    (3.6, 'right')
    """

    id: str
    zh: str
    en: str
    travels: Literal["walk", "vehicle"]
    speeds_kmh: Mapping[str, float]
    other_kmh: float | None
    gap_kmh: float
    turnout_minutes: float
    source: str
    date: str
    verified: bool
    limit_share: float = 0.0
    surface_factors: Mapping[str, float] = field(default_factory=_nothing)
    surface_kmh: Mapping[str, float] = field(default_factory=_nothing)
    signal_seconds: float = 0.0
    ferry_wait_minutes: float = 0.0
    stopped_by: tuple[str, ...] = ()
    slope: str | Mapping[str, float] | None = None
    uses: str = ""
    turn_seconds: Mapping[str, float] = field(default_factory=_nothing)
    drives_on: str = "right"
    counts_as: tuple[str, ...] = ()
    allowed_kmh: Mapping[str, float] = field(default_factory=_nothing)
    ceiling_kmh: Mapping[str, float] = field(default_factory=_nothing)
    avoids: tuple[str, ...] = ()

    @property
    def obeys_oneway(self) -> bool:
        """Vehicles respect one-way streets, walkers go both ways."""
        return self.travels == "vehicle"

    def speed_kmh(self, road_class: str) -> float | None:
        """The speed on a road class; None where the mode may not go."""
        if road_class in self.speeds_kmh:
            return self.speeds_kmh[road_class] or None
        return self.other_kmh

    def name(self, lang: str) -> str:
        """The mode's name in a language."""
        return self.zh if lang == "zh" else self.en

    def __reduce__(self) -> tuple[Any, tuple[dict[str, Any]]]:
        """Its tables cannot be changed, and such are not pickled: they travel as plain ones."""
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        return _unpacked, ({name: dict(v) if isinstance(v, MappingProxyType) else v for name, v in told.items()},)

    def __repr__(self) -> str:
        top = max(*self.speeds_kmh.values(), self.other_kmh or 0, 0)
        return f"<Mode {self.id}: {self.travels}, up to {top:g} km/h, turnout {self.turnout_minutes:g} min>"


@dataclass(frozen=True, eq=False)
class Turns:
    """Sequences of arcs that nobody may drive, and what became of the restrictions.

    ``arc[start[i]:start[i + 1]]``: the i-th. ``elsewhere``: restrictions on roads that the network does not have;
    ``unmet``: restrictions whose roads do not meet as they say, or that leave no way at all.
    """

    start: IntArray
    arc: NDArray[np.int32]
    elsewhere: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()

    def sequences(self) -> list[tuple[int, ...]]:
        """The sequences, as tuples."""
        arcs = self.arc.tolist()
        return [tuple(arcs[a:b]) for a, b in itertools.pairwise(self.start.tolist())]


@dataclass(frozen=True, eq=False)
class Arcs:
    """Roads as directed arcs in CSR form: arcs ``indptr[i]:indptr[i + 1]`` leave junction i."""

    indptr: NDArray[np.uint32]
    head: NDArray[np.uint32]
    cs: NDArray[np.int32]

    def turned(self) -> Arcs:
        """The same arcs run backward."""
        count = len(self.indptr) - 1
        start = np.repeat(np.arange(count, dtype=np.uint32), np.diff(self.indptr))
        return arcs_between(self.head, start, self.cs, count)


@dataclass(frozen=True, eq=False)
class Network(Carded):
    """Junctions and the roads that a mode may use.

    ``x, y``: junctions, metres in ``crs``. ``tail, head``: junctions of each road. ``forward_cs``,
    ``backward_cs``: whole centiseconds along and against the road, at least 1; 0: not that way.
    ``coords[coord_start[i]:coord_start[i + 1]]``: the line of road i. ``component``: weak component of each
    junction, 0 the largest. ``no_stopping``: roads on which no place stands while another is near (tunnels,
    motorways). ``ends_only``: roads closed to through traffic: a trip may begin and end on them. ``gate``: junctions
    of one number are the sides of one barrier, -1 elsewhere. ``fixed_cs``: roads x 2, how much of ``forward_cs`` and of
    ``backward_cs`` does not depend on pace (ferries, waiting, signals), where any does. ``junction_ids``: the user's
    ids of the junctions, where they have some. ``turns``: sequences of roads that nobody may drive. ``kept``: what was
    worked out once (arcs, grid, what is searched). Junctions stand in Hilbert order, so that neighbours share cache
    lines.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 6]}))
    >>> network
    <Network for edges: 3 junctions, 2 roads, 0 km, 0 one-way, 0 islands>
    >>> network.forward_cs.tolist(), network.junction_ids.tolist()
    ([30000, 36000], ['c', 'b', 'a'])
    """

    x: FloatArray
    y: FloatArray
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    length_m: FloatArray
    forward_cs: NDArray[np.int32]
    backward_cs: NDArray[np.int32]
    coords: FloatArray
    coord_start: IntArray
    road_ids: pd.Index
    road_class: AnyArray
    component: NDArray[np.int32]
    mode: Mode
    crs: CRS
    no_stopping: BoolArray
    ends_only: BoolArray
    gate: NDArray[np.int32]
    fixed_cs: NDArray[np.int32] | None = None
    junction_ids: pd.Index | None = None
    turns: Turns | None = None
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def arcs(self, heading: str = "to_community") -> Arcs:
        """Every road as arcs between junctions, for a search from the sites: along the roads when the carer leaves,
        reversed when people come. Searches run on ``graph.search_graph``, which knows turns too.
        """
        turned = heading == "to_site"
        return once(self.kept, heading, lambda: self.arcs("to_community").turned() if turned else _arcs(self))

    @property
    def mutual(self) -> NDArray[np.int32]:
        """The strong component of each junction, 0 the largest: between two of one there is a way there and back."""
        return once(self.kept, "mutual", lambda: _mutual(self))

    @functools.cached_property
    def line_m(self) -> FloatArray:
        """Metres along its road's line to each vertex of ``coords``."""
        step = np.r_[0.0, np.hypot(*np.diff(self.coords, axis=0).T)] if len(self.coords) else np.empty(0)
        total = np.cumsum(step)
        first = np.repeat(total[self.coord_start[:-1]], np.diff(self.coord_start))
        return total - first if len(total) else total

    def _counts(self) -> dict[str, Any]:
        oneway = int(((self.forward_cs == 0) | (self.backward_cs == 0)).sum())
        islands = int(self.component.max()) if len(self.component) else 0
        return {"junctions": len(self.x), "roads": len(self.tail), "oneway": oneway, "islands": islands}

    def card(self, lang: str = "zh") -> Card:
        """The network at a glance."""
        counts = self._counts()
        return Card(
            i18n.say("cards.network", lang), self.mode.name(lang) or self.mode.id,
            f"{self.length_m.sum() / 1000:,.0f}", i18n.say("cards.kilometres", lang),
            lines=(
                i18n.say("cards.graph", lang, **counts), i18n.say("cards.islands", lang, count=counts["islands"]),
            ),
        )  # fmt: skip

    def __repr__(self) -> str:
        counts, km = self._counts(), self.length_m.sum() / 1000
        return (
            f"<Network for {self.mode.id}: {counts['junctions']:,} junctions, {counts['roads']:,} roads, {km:,.0f} km, "
            f"{counts['oneway']:,} one-way, {counts['islands']} islands>"
        )


def once(kept: dict[str, Any], key: str, make: Callable[[], T]) -> T:
    """What was worked out before under this key, else what is made now."""
    if key not in kept:
        kept[key] = make()
    found: T = kept[key]
    return found


def arcs_between(start: AnyArray, end: AnyArray, cs: AnyArray, count: int, *, simple: bool = False) -> Arcs:
    """Arcs in order; ``simple``: of parallel ones the quickest, and none from a junction to itself."""
    return arcs_in(arc_order(start, end, cs, simple=simple), start, end, cs, count)


def arc_order(start: AnyArray, end: AnyArray, cs: AnyArray, *, simple: bool = False) -> AnyArray:
    """Which arcs ``arcs_between`` keeps, in its order."""
    order = np.lexsort((cs, end, start))
    if simple:
        start, end = start[order], end[order]
        order = order[(start != end) & np.r_[True, (start[1:] != start[:-1]) | (end[1:] != end[:-1])][: len(start)]]
    return order


def arcs_in(order: AnyArray, start: AnyArray, end: AnyArray, cs: AnyArray, count: int) -> Arcs:
    """Some arcs in the order that ``arc_order`` told."""
    indptr = np.r_[0, np.cumsum(np.bincount(start[order], minlength=count))].astype(np.uint32)
    return Arcs(indptr, end[order].astype(np.uint32), cs[order].astype(np.int32))


def by_size(label: AnyArray) -> NDArray[np.int32]:
    """Labels renumbered, the most frequent first."""
    bysize = np.argsort(-np.bincount(label), kind="stable")
    rank = np.empty(len(bysize), np.int32)
    rank[bysize] = np.arange(len(bysize), dtype=np.int32)
    return np.asarray(rank[label], np.int32)


def _mutual(net: Network) -> NDArray[np.int32]:
    if ((net.forward_cs > 0) & (net.backward_cs > 0)).all():
        return net.component
    arcs, count = net.arcs(), len(net.x)
    joined = sparse.csr_array((np.ones(len(arcs.head), np.int8), arcs.head, arcs.indptr), shape=(count, count))
    return by_size(csgraph.connected_components(joined, connection="strong")[1])


def _arcs(net: Network) -> Arcs:
    start, end, cs, _ = road_arcs(net)
    return arcs_between(start, end, cs, len(net.x))


def road_arcs(net: Network) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Every way along a road: where it begins, where it ends, its centiseconds, and its road arc (2r, 2r + 1)."""
    along, against = np.flatnonzero(net.forward_cs > 0), np.flatnonzero(net.backward_cs > 0)
    start = np.concatenate([net.tail[along], net.head[against]])
    end = np.concatenate([net.head[along], net.tail[against]])
    cs = np.concatenate([net.forward_cs[along], net.backward_cs[against]])
    return start, end, cs, np.concatenate([2 * along, 2 * against + 1])
