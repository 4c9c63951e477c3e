"""The rows of the siting bench: what is asked of which land, against whom, within which limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

from benchmarks import siting_covered as covered
from benchmarks import siting_served as served
from benchmarks.planted import PLANTED
from benchmarks.siting_lands import Land, all_near, county, made_city, made_land, made_towns, pmed
from benchmarks.siting_questions import Question

PEERS = ("highspy", "scip", "spopt", "greedy")


@dataclass(frozen=True)
class Asked:
    """One row. ``seconds``: for our search; ``bar``: how many times as long as ours the peer must take.

    ``limits``: of a row of ours alone: the most that ``gap``, ``seconds`` and ``memory_gb`` may be.
    ``make``: the question; None where a row is measured in a way of its own (``way``).
    """

    name: str
    peer: str
    size: str
    make: Callable[[], Question] | None = None
    seconds: float = 60
    bar: float | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    way: str = "question"

    @property
    def id(self) -> str:
        """As ``--only`` names it."""
        return "/".join((self.name, self.peer, self.size))


Make = Callable[[Land], Question]
Bars = Mapping[str, float | None]


def _against(
    name: str,
    size: str,
    land: Callable[[], Land],
    make: Make,
    peers: Mapping[str, float | None],
    *,
    seconds: float = 60,
) -> list[Asked]:
    """A row for each peer, with its bar."""
    return [Asked(name, peer, size, lambda: make(land()), seconds, bar) for peer, bar in peers.items()]


def _alone(
    name: str, size: str, land: Callable[[], Land], make: Make, *, seconds: float, limits: Mapping[str, float]
) -> Asked:
    return Asked(name, "limit", size, lambda: make(land()), seconds, limits=limits)


_made = cache(made_land)
"""A land serves the peers of a row one after another in one process at most: kept for tests, made anew elsewhere."""


def _pmed(name: str) -> Question:
    distances, p = pmed(name)
    one = distances[0] * 0 + 1
    land = all_near(distances * 6000, one, minutes=float(distances.max()))
    return served.min_time(land, p)


def _cover(p: int) -> Make:
    return partial(covered.max_cover, new_sites=p)


def _usual(kind: str = "town") -> Callable[[], Land]:
    return lambda: _made(kind, 5_000, 250)


def _coverable() -> Land:
    return _made("town", 5_000, 250).coverable()


def _large(kind: str, rows: int = 1_000_000) -> Callable[[], Land]:
    return lambda: made_land(kind, rows, 500)


CITIES = {
    "3800-near-50": (3_800, 50, (50, 70, 100)),
    "5100-near-150": (5_100, 150, (20, 30, 70)),
    "7700-near-300": (7_700, 300, (15, 25, 100)),
}
"""Communities that are the candidates, how many of them are near one, and the numbers of sites: the last cover all of
the two larger ones, the first two do not."""


def _city(points: int, near: int) -> Callable[[], Land]:
    return lambda: made_city(points, near)


WHOLE = (("500x50", (500, 50), 15, 0.005), ("3000x100", (3_000, 100), 30, 0.01))
"""Communities and candidates, sites to build, and the gap that may be left: communities served whole."""


def _whole_time(rows: int, sites: int, p: int) -> Question:
    return served.whole_time(made_towns(rows, sites), p)


def _whole_then_time() -> Question:
    return served.whole_people_then_time(made_towns(500, 50), 15)


def _small() -> Land:
    return _made("town", 1_000, 100)


FASTER: Bars = {"spopt": 50.0, "highspy": 10.0, "scip": None}
CITY_PEERS: Bars = {"greedy": None, "highspy": None}
BESIDE: Bars = {"highspy": None, "scip": None}


def rows() -> list[Asked]:
    """Every row of the bench."""
    one_gb = {"gap": 0.001, "seconds": 30.0, "memory_gb": 1.0}
    made = [
        Asked("p-median", "published", "pmed", limits={"seconds": 120.0}, seconds=120, way="p-median"),
        Asked("p-center", "published", "pmed", seconds=120, way="p-center"),
    ]
    made += [Asked("p-median", peer, "pmed6", partial(_pmed, "pmed6")) for peer in ("spopt", "highspy", "scip")]
    for kind, p in (("town", 10), ("town", 25), ("town", 50), ("uniform", 25)):
        made += _against("max-cover", f"5k-{kind}-p{p}", _usual(kind), _cover(p), FASTER)
    made += _against("min-sites", "5k-town", _coverable, covered.min_sites, FASTER)
    made += [
        # four fifths of the time to search, the rest to make the question and put the plan together
        *[
            _alone("max-cover", f"1m-{kind}-p{p}", _large(kind), _cover(p), seconds=24, limits=one_gb)
            for p in (20, 50) for kind in ("uniform", "town")
        ],
        *[
            _alone("max-cover", f"100k-town-p{p}", _large("town", 100_000), _cover(p), seconds=40,
                   limits={"gap": 0.0, "seconds": 20.0})
            for p in (20, 50)
        ],
        *[
            _alone("max-cover", f"100k-{kind}-p{p}", _large(kind, 100_000), _cover(p), seconds=54,
                   limits={"gap": 0.0025, "seconds": 60.0})
            for kind, p in (("rough", 10), ("mild", 20), ("rough", 20), ("rough", 50))
        ],
        _alone("min-sites", "1m-town", lambda: _large("town")().coverable(), covered.min_sites, seconds=30,
               limits={"gap": 0.0, "seconds": 10.0}),
        _alone("frontier", "100k-town-p40", _large("town", 100_000), partial(covered.frontier_of, most=40), seconds=57,
               limits={"gap": 0.001, "seconds": 60.0}),
        _alone("room-and-quotas", "600x60", lambda: county(600, 60), partial(served.room_and_quotas, new_sites=25),
               seconds=57, limits={"gap": 0.005, "seconds": 60.0}),
    ]  # fmt: skip
    made += _against(
        "room-and-quotas", "600x60", lambda: county(600, 60), partial(served.room_and_quotas, new_sites=25), BESIDE
    )
    for size, (points, near, numbers) in CITIES.items():
        land = _city(points, near)
        for p in numbers:
            # a seventh is for making the question and putting the plan together
            limits = {"gap": 0.01 if p <= 50 else 0.015, "seconds": 70.0}
            made.append(_alone("city", f"{size}-p{p}", land, _cover(p), seconds=60, limits=limits))
        made += _against("city", f"{size}-p{numbers[0]}", land, _cover(numbers[0]), CITY_PEERS)
    for size, towns, p, gap in WHOLE:
        make = partial(_whole_time, *towns, p)
        made.append(Asked("whole-time", "limit", size, make, 60, limits={"gap": gap, "seconds": 70.0}))
        made += [Asked("whole-time", peer, size, make, 60) for peer in BESIDE]
    for peer, limits in (("limit", {"seconds": 70.0}), *((peer, {}) for peer in BESIDE)):
        made.append(Asked("whole-then-time", peer, "500x50", _whole_then_time, 60, limits=limits))
    made += [Asked("why", "limit", cause, limits={"seconds": 1.0}, way="why") for cause in PLANTED]
    for name, make in _beside(15).items():
        made += _against(name, "1k-town", _small, make, {"highspy": None}, seconds=20)
    return made


def _beside(p: int) -> dict[str, Make]:
    """What is asked beside plain highspy without a bar."""
    return {
        "whole": partial(served.whole, new_sites=p),
        "people-then-time": partial(served.people_then_time, new_sites=p),
        "backup": partial(covered.backup, new_sites=p),
        "steps": partial(covered.steps, new_sites=p),
        "budget": partial(covered.budget, sites=p),
        "phasing": partial(covered.phasing, new_sites=p),
    }


def tiny() -> list[Asked]:
    """A row of each kind on a land of 60 communities, to see that all of it runs; time enough to compile, too."""

    def land() -> Land:
        return _made("town", 60, 20)

    makes: dict[str, Make] = {
        "max-cover": _cover(4), "min-sites": lambda a: covered.min_sites(a.coverable()), **_beside(4),
        "p-median": lambda _: served.min_time(county(30, 10), 4),
        "room-and-quotas": lambda _: served.room_and_quotas(county(40, 20), 14),
        "whole-time": lambda _: served.whole_time(made_towns(40, 10), 4, spare=1.3),
        "whole-then-time": lambda _: served.whole_people_then_time(made_towns(40, 10), 4),
    }  # fmt: skip
    made: list[Asked] = []
    for name, make in makes.items():
        peers = PEERS[:3] if name in ("max-cover", "min-sites", "p-median") else PEERS[:2]
        made += _against(name, "tiny", land, make, dict.fromkeys(peers), seconds=120)
    made += _against(
        "city", "tiny", lambda: made_city(60, 8), _cover(4), {"greedy": None, "highspy": None}, seconds=120
    )
    frontier = partial(covered.frontier_of, most=4)
    limits = {"gap": 0.01, "seconds": 120.0, "memory_gb": 10.0}
    made.append(_alone("frontier", "tiny", land, frontier, seconds=120, limits=limits))
    made.append(_alone("max-cover", "tiny", land, _cover(4), seconds=120, limits=limits))
    return made
