"""Who is covered whatever the pace, and who only at a good one: speed and turnout known as a range."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arrays import FloatArray
from quarterhour.base.cards import Card, Carded, Count
from quarterhour.base.cells import blank
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.base.errors import CutoffError, DataError, first_ids
from quarterhour.base.labels import people_label, percent
from quarterhour.network.modes import mode_label
from quarterhour.network.network import Network
from quarterhour.standards.circle import AreaNames, area_row, area_share, area_sums, by_level, check_fits, nearest_of
from quarterhour.standards.rules import Circle
from quarterhour.travel.times import TravelTimes

COVERED = ("always", "sometimes", "never")
Argument = Literal["common_factor", "slow_and_fast", "fixed_time"]
Pair = tuple[float, float]


@dataclass(frozen=True, eq=False)
class CoverageRange(Carded):
    """What a circle comes to when speed and turnout lie anywhere within a range. Every community is there.

    ``speed``: slowest and fastest, as shares of the speed of the times. ``turnout_minutes``: least and most.

    ``argument`` says why so few searches answer all paces between: ``common_factor`` (every part of a trip after
    the turnout takes 1/factor of its time, so shortest paths stay what they are: one search), ``fixed_time`` (ferries,
    waiting, signals and turns take their time whatever the pace: the slowest and the fastest are searched, and no trip
    gets longer as the pace rises), ``slow_and_fast`` (no road is quicker at the slow mode than at the fast: two
    searches bound all between).

    ``communities``: indexed by community id, ``covered`` (``always``: at every pace and turnout of the range,
    ``sometimes``, ``never``; one without a road is never covered), ``flip_factor`` (the slowest share of the speed
    at which it is still covered, at the middle turnout; of ``fixed_time`` one at which it surely is, the slowest where
    the same ways stay the shortest at the paces searched; missing where no site was found as far as was searched,
    where turnout takes it all, and for two modes) and ``people``.

    ``shares``: a row an area, ``level`` (town, county, city), ``area``, and for each of the three classes
    ``communities_always``, ``people_always``, ``share_always`` (of the people; missing where there are none) and so
    on, beside ``communities`` and ``people``. ``mode_names``: what a study calls its modes, by language, in the order
    of ``mode_ids``.
    """

    circle: Circle
    mode_ids: tuple[str, ...]
    speed: Pair
    turnout_minutes: Pair
    argument: Argument
    communities: pd.DataFrame
    shares: pd.DataFrame
    mode_names: tuple[Mapping[str, str], ...] = ()

    def share(self, covered: str = "always", level: str = "city", area: str | None = None) -> float:
        """The share of people always, sometimes or never covered in one area; NaN where it has no people."""
        return area_share(self.shares, f"share_{covered}", level, area)

    def card(self, lang: str = "zh", *, names: AreaNames | None = None) -> Card:
        """The range at a glance; ``names``: of areas by level and id, which else go by their ids."""
        shares, known = {c: self.share(c) for c in COVERED}, (names or {}).get("county", {})
        rows = [
            area_row(str(area), known, _always(row), lang) for area, row in by_level(self.shares, "county").iterrows()
        ]
        rest = {c: percent(shares[c]) for c in COVERED[1:]}
        return Card(
            i18n.say("cards.range", lang), self.circle.name(lang), percent(shares["always"]),
            i18n.say("cards.always", lang, people=people_label(self.circle.people, lang)),
            None if blank(shares["always"]) else shares["always"], tuple(rows),
            (i18n.say("cards.rest_of_range", lang, **rest), pace_label(self, lang)),
        )  # fmt: skip

    def __repr__(self) -> str:
        (slow, fast), (least, most) = self.speed, self.turnout_minutes
        shares = ", ".join(f"{percent(self.share(c))} {c}" for c in COVERED)
        return (
            f"<CoverageRange {self.circle.id}: speed x {slow:g}-{fast:g}, turnout {least:g}-{most:g} min: "
            f"{shares} of {self.circle.people}>"
        )


def _always(row: pd.Series) -> Count:
    return Count.of(row["people_always"], row["people"], row["share_always"])


def coverage_range(
    circle: Circle,
    times: TravelTimes,
    communities: pd.DataFrame,
    *,
    kinds: pd.Series,
    speed: Pair = (0.8, 1.2),
    turnout_minutes: Pair | None = None,
    fast: TravelTimes | None = None,
    paced: Mapping[float, TravelTimes] | None = None,
) -> CoverageRange:
    """Which communities a circle covers always, sometimes or never, for every speed and turnout of a range.

    A trip that takes T at the speed of ``times`` takes T / factor + turnout. So a community is covered when T is at
    most factor x (standard - turnout): always, if so for the slowest factor and the longest turnout; never, if not
    for the fastest and the shortest. Decided in whole numbers. Gaps between place and road change with the factor as
    the roads do; ferries, waiting, signals and turns do not (``paced``).

    Parameters
    ----------
    times : of all ``communities`` by at least the sites of the circle's kinds, headed as the circle, with any
        turnout (it is taken out again), searched as far as the fastest pace asks. A matrix counts as without turnout.
    communities, kinds : as for ``check_circle``.
    speed : slowest and fastest, as factors.
    turnout_minutes : least and most; the circle's own where not said.
    fast : times of a faster mode; ``times`` are then the slow mode's, and no road may be quicker in them
        (``check_slower`` sees to it). The fastest factor counts on ``fast``.
    paced : where times may hold time that does not depend on pace (``fixed_time``): by factor, times on
        ``network.paces.at_pace`` of their network; of the slowest and the fastest, 1 apart (of ``fast``, the fastest),
        further ones for ``flip_factor``.

    Raises
    ------
    DataError : a range that cannot be meant; what ``check_circle`` refuses; a pair quicker at the slow mode; time that
        does not depend on pace, and no ``paced`` times of an end of the range.
    CutoffError : the times were searched less far than the fastest pace and the shortest turnout ask.
    """
    least, most = (circle.turnout_minutes,) * 2 if turnout_minutes is None else turnout_minutes
    _check_range(speed, (least, most))
    lowest, highest = _room(circle, speed[0], most), _room(circle, speed[1], least)
    slow, quick = _at_end(times, speed[0], paced), _at_end(times if fast is None else fast, speed[1], paced)
    for table, needed in ((slow, lowest), (quick, highest)):
        check_fits(circle, table, communities)
        _check_searched(table, needed)
    if fast is not None:
        _check_pairs(times, fast)
    at_slow = _travel_cs(circle, slow, communities.index, kinds)
    at_quick = at_slow if quick is slow else _travel_cs(circle, quick, communities.index, kinds)
    always, ever = _farthest(circle, at_slow) <= lowest, _farthest(circle, at_quick) <= highest
    found = pd.DataFrame(index=communities.index)
    found["covered"] = np.array(COVERED)[np.where(always, 0, np.where(ever, 1, 2))]
    found["flip_factor"] = np.nan
    if fast is None:
        tables = {1.0: times, **(paced or {})} if times.fixed_time else {1.0: slow}
        travel = {f: _travel_cs(circle, tables[f], communities.index, kinds) for f in sorted(tables)}
        found["flip_factor"] = _flips(circle, travel, (least, most))
    found["people"] = communities[circle.people].astype("int64")
    modes = (times.mode_id,) if fast is None else (times.mode_id, fast.mode_id)
    argument: Argument = "slow_and_fast" if fast is not None else "fixed_time" if times.fixed_time else "common_factor"
    given = (float(speed[0]), float(speed[1])), (float(least), float(most))
    return CoverageRange(circle, modes, *given, argument, found, _shares(found, communities))


def _at_end(times: TravelTimes, factor: float, paced: Mapping[float, TravelTimes] | None) -> TravelTimes:
    """Times for one end of the range."""
    if factor == 1 or not times.fixed_time:
        return times
    if paced is None or factor not in paced:
        raise DataError("sensitivity.not_paced", factor=factor, mode=times.mode_id)
    return paced[factor]


def check_slower(slow: Network, fast: Network) -> None:
    """DataError unless two modes may use the same roads, and the slow one is on none of them quicker, nor off them.

    Only then do two searches bound every pace between: places meet the same roads, and no way opens or closes.
    """
    where = _not_slower(slow, fast)
    if where:
        raise DataError("sensitivity.not_slower", slow=slow.mode.id, fast=fast.mode.id, where=where)


def _not_slower(slow: Network, fast: Network) -> str:
    """What stands against it, if anything does."""
    if not slow.road_ids.equals(fast.road_ids):
        return first_ids(slow.road_ids.symmetric_difference(fast.road_ids, sort=False))
    if not (np.array_equal(slow.tail, fast.tail) and np.array_equal(slow.head, fast.head)):
        return "stopped_by"
    if _forbidden(slow) != _forbidden(fast):
        return "turns"
    if any(slow.mode.turn_seconds.get(turn, 0) < lost for turn, lost in fast.mode.turn_seconds.items()):
        return "turn_seconds"
    if slow.mode.turn_seconds and slow.mode.drives_on != fast.mode.drives_on:
        return "drives_on"
    quicker = np.zeros(len(slow.tail), bool)
    for one, other in ((slow.forward_cs, fast.forward_cs), (slow.backward_cs, fast.backward_cs)):
        quicker |= (one < other) | ((one > 0) != (other > 0))
    if quicker.any():
        return first_ids(slow.road_ids[quicker])
    return "gap_kmh" if slow.mode.gap_kmh > fast.mode.gap_kmh else ""


def _forbidden(network: Network) -> list[tuple[int, ...]]:
    return [] if network.turns is None else network.turns.sequences()


def searched_minutes(circle: Circle, *, speed: Pair, turnout_minutes: Pair, turnout: float) -> float:
    """How far times with so much turnout must be searched to answer a range."""
    room = max(_room(circle, speed[1], turnout_minutes[0]), 0)
    return (room + centiseconds(turnout)) / CENTISECONDS_PER_MINUTE


def _check_range(speed: Pair, turnout: Pair) -> None:
    if not 0 < speed[0] <= speed[1] < math.inf:
        raise DataError("sensitivity.bad_speed", low=speed[0], high=speed[1])
    if not 0 <= turnout[0] <= turnout[1] < math.inf:
        raise DataError("sensitivity.bad_turnout", low=turnout[0], high=turnout[1])


def _check_searched(times: TravelTimes, room: int) -> None:
    needed = room + centiseconds(times.turnout_minutes)
    if needed > centiseconds(times.cutoff_minutes):
        minutes = needed / CENTISECONDS_PER_MINUTE
        raise CutoffError("sensitivity.beyond_cutoff", minutes=minutes, cutoff=times.cutoff_minutes)


def _check_pairs(slow: TravelTimes, fast: TravelTimes) -> None:
    """No pair that the fast mode takes longer for."""
    shared = fast.sites[fast.sites.isin(slow.sites)]
    one, other = (t.only(shared).pairs().set_index(["community", "site"])["minutes"] for t in (slow, fast))
    one = (one * CENTISECONDS_PER_MINUTE).round() - centiseconds(slow.turnout_minutes)
    other = (other * CENTISECONDS_PER_MINUTE).round() - centiseconds(fast.turnout_minutes)
    far = centiseconds(fast.cutoff_minutes) - centiseconds(fast.turnout_minutes)
    wrong = one.index[(one < other.reindex(one.index).fillna(far + 1)) & (one <= far)]
    if len(wrong):
        pairs = first_ids(f"{c} - {s}" for c, s in wrong)
        raise DataError("sensitivity.not_slower", slow=slow.mode_id, fast=fast.mode_id, where=pairs)


def _room(circle: Circle, factor: float, turnout: float) -> int:
    """The longest trip, turnout apart, that is still inside; below 0: none is."""
    left = centiseconds(circle.minutes) - centiseconds(turnout)
    return math.floor(Fraction(repr(float(factor))) * left)


def _travel_cs(circle: Circle, times: TravelTimes, communities: pd.Index, kinds: pd.Series) -> FloatArray:
    """Whole centiseconds without turnout to each kind of the circle, by community; infinite beyond the cutoff."""
    by_kind = [nearest_of(times, communities, kinds.index[kinds == k])["minutes"].to_numpy() for k in circle.kinds]
    each = np.rint(np.array(by_kind, dtype=float) * CENTISECONDS_PER_MINUTE) - centiseconds(times.turnout_minutes)
    return np.where(np.isnan(each), np.inf, each)


def _farthest(circle: Circle, each: FloatArray) -> FloatArray:
    """Of figures by kind and community that of what the circle asks for."""
    return np.asarray(each.max(axis=0) if circle.need == "all" else each.min(axis=0))


def _flips(circle: Circle, travel: Mapping[float, FloatArray], turnout: Pair) -> FloatArray:
    """The slowest factor that covers, by community; ``travel``: factor x time at each factor, factors rising."""
    left = centiseconds(circle.minutes) - (centiseconds(turnout[0]) + centiseconds(turnout[1])) / 2
    if left <= 0:
        return np.full(next(iter(travel.values())).shape[1], np.nan)
    flips = _farthest(circle, _slowest(list(travel), list(travel.values()), left))
    return np.where(np.isfinite(flips), flips, np.nan)


def _slowest(factors: Sequence[float], travel: Sequence[FloatArray], left: float) -> FloatArray:
    """By kind and community the slowest factor known to cover; infinite where none is.

    Of a way with P centiseconds at the pace and F at none, factor x time is P + factor x F: a straight line, and the
    shortest way the least of such lines. So the line through two factors lies on it or above it outside of the two.
    """
    if len(factors) == 1:
        return travel[0] / left
    best, missed = np.full_like(travel[0], np.inf), np.zeros_like(travel[0])
    for factor, cs in zip(factors, travel, strict=True):
        covers = cs <= factor * left
        best, missed = np.where(covers, np.minimum(best, factor), best), np.where(covers, missed, factor)
    for (low, one), (high, other) in itertools.pairwise(zip(factors, travel, strict=True)):
        known = np.isfinite(one) & np.isfinite(other)
        rise = np.subtract(other, one, out=np.zeros_like(one), where=known) / (high - low)
        known &= rise < left
        meets = np.divide(one - low * rise, left - rise, out=np.full_like(one, np.inf), where=known)
        outside = known & ((meets <= low) | (meets >= high))
        best = np.where(outside, np.minimum(best, np.maximum(meets, missed)), best)
    return best


def _shares(found: pd.DataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    counted = pd.DataFrame({"communities": 1, "people": found["people"]})
    for covered in COVERED:
        inside = found["covered"] == covered
        counted[f"communities_{covered}"] = inside.astype("int64")
        counted[f"people_{covered}"] = found["people"].where(inside, 0)
    shares = area_sums(counted, communities)
    for covered in COVERED:
        shares[f"share_{covered}"] = shares[f"people_{covered}"] / shares["people"].where(shares["people"] > 0)
    return shares


def pace_label(known: CoverageRange, lang: str) -> str:
    """The range in words: speeds, and turnout where there is any."""
    (slow, fast), (least, most) = known.speed, known.turnout_minutes
    if len(known.mode_ids) > 1:
        own = known.mode_names or ({},) * len(known.mode_ids)
        names = [mode_label(mode, lang, said) for mode, said in zip(known.mode_ids, own, strict=True)]
        said = i18n.say("sensitivity.between_modes", lang, slow=names[0], fast=names[1])
    else:
        said = i18n.say("sensitivity.speeds" if slow < fast else "sensitivity.speed", lang, low=slow, high=fast)
    if most > 0:
        said += i18n.say("sensitivity.turnouts" if least < most else "sensitivity.turnout", lang, low=least, high=most)
    return said


def argument_sentence(known: CoverageRange, lang: str) -> str:
    """Why so few searches answer every pace of the range."""
    return i18n.say(f"sensitivity.argument_{known.argument}", lang, slow=known.mode_ids[0], fast=known.mode_ids[-1])


def flip_sentence(known: CoverageRange, factor: float, lang: str) -> str:
    """A flip factor in words, rounded up so that it still covers; nothing where it is not known."""
    if math.isnan(factor):
        return ""
    shown = max(math.ceil(round(factor * 100, 6)), 1) / 100
    said = i18n.say("sensitivity.flip_spare" if factor <= 1 else "sensitivity.flip_short", lang, factor=shown)
    middle = sum(known.turnout_minutes) / 2
    return said + (i18n.say("sensitivity.at_turnout", lang, minutes=middle) if middle else "")
