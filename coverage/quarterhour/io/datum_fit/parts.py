"""Whether some rows of a table mean another datum than the others: two lists in one.

No reading of the whole table fits then, and roads may even confirm the declared one. So the odds are asked of a
mixture: each place keeps the table's distance to roads (and lies in its town) either as declared or as read otherwise,
and what share does is not known before. The mixture has one freedom more than a reading of all; what that is worth by
chance is seen where the other reading is a shift that means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import AnyArray, FloatArray
from quarterhour.io.datum_fit.fits import Placed, apart_m
from quarterhour.io.datum_fit.odds import NARROWEST, SITED, SITED_M, Odds, gaps_at
from quarterhour.io.datum_fit.shifts import BESIDE_M, Around, beside, near_shifts
from quarterhour.io.ground import Ground

_ROUNDS = 12
_LEAST_SHARE = 0.08
_CLEARLY, _CLEARLY_EACH = 3.0, 0.02
"""By so much the log of the odds must pass all others', and by so much for each place asked."""
_EXCUSED_M = 60.0
"""Outlines are drawn by hand: so far outside is not outside."""
_OUTSIDE = 0.02
"""The share of places that lie outside their town though they lie right."""
_FEWEST_OUTSIDE = 2


@dataclass(frozen=True, eq=False)
class Witness:
    """What is asked of a reading: metres to roads, and how likely it is that places lie so to their towns."""

    gap_m: FloatArray
    town: FloatArray


@dataclass(frozen=True, eq=False)
class Mixture:
    """Two readings of one table, by shift (shifts, 1): the share that follows the other, and the law of distances.

    ``total``: the log of the odds, by shift.
    """

    share: FloatArray
    middle: FloatArray
    spread: FloatArray
    total: FloatArray

    def __repr__(self) -> str:
        return f"<Mixture: {len(self.total)} shifts, at best {self.total.max():.1f}>"

    def at(self, shift: int) -> Mixture:
        """One of the shifts."""
        one = slice(shift, shift + 1)
        return Mixture(self.share[one], self.middle[one], self.spread[one], self.total[one])

    def of_other(self, mine: Witness, other: Witness, odds: Odds) -> FloatArray:
        """How likely each place (shifts, places) follows the other reading."""
        theirs, ours = (_likely(w, self.middle, self.spread, odds) for w in (other, mine))
        both = self.share * theirs.sum(axis=0) + (1 - self.share) * ours.sum(axis=0)
        return np.asarray(self.share * theirs.sum(axis=0) / both)


def by_parts(
    now: Placed, others: Sequence[Placed], around: Around, town: AnyArray, ground: Ground
) -> tuple[Placed, Mixture] | None:
    """The reading that a part of the places follows, clearly more than any other, than any shift, and than all do."""
    mine, odds = witness(now, town, ground), around.odds
    some = town if (mine.town < 0.5).sum() >= _FEWEST_OUTSIDE else np.full_like(town, -1)
    mine = mine if some is town else Witness(mine.gap_m, np.ones_like(mine.town))
    theirs = [mixture(mine, witness(o, some, ground), odds) for o in others]
    if not theirs:
        return None
    totals = [float(t.total[0]) for t in theirs]
    best = int(np.argmax(totals))
    other, enough = others[best], max(_CLEARLY, _CLEARLY_EACH * len(now.x))
    rivals = [t for t, o in zip(totals, others, strict=True) if apart_m(o, other) > BESIDE_M]
    alone = [float(mixture(w, w, odds).total[0]) for w in (mine, witness(other, some, ground))]
    if totals[best] < max([*alone, *rivals]) + enough:
        return None
    random = Witness(around.gap_m, _in_town(now, around.shifts, some, ground))
    rest = mixture(mine, random, odds).total[~beside(now, other, around.shifts)]
    if totals[best] < rest.max() + enough or totals[best] + enough < _close(mine, other, some, odds, ground):
        return None
    return other, theirs[best]


def witness(there: Placed, town: AnyArray, ground: Ground) -> Witness:
    """What one reading of places has to say."""
    still = np.zeros((1, 2))
    return Witness(gaps_at(there.x, there.y, still, ground), _in_town(there, still, town, ground))


def mixture(mine: Witness, other: Witness, odds: Odds) -> Mixture:
    """The share and the law that make the distances of two readings likeliest, by turns."""
    logs = [np.log(np.maximum(w.gap_m, SITED_M)) for w in (mine, other)]
    nearest = np.minimum(*logs)
    middle = np.median(nearest, axis=1, keepdims=True)
    spread = np.maximum(1.4826 * np.median(np.abs(nearest - middle), axis=1, keepdims=True), NARROWEST)
    share = np.full_like(middle, 0.5)
    for _ in range(_ROUNDS):
        ours, theirs = (1 - share) * _likely(mine, middle, spread, odds), share * _likely(other, middle, spread, odds)
        both = ours.sum(axis=0) + theirs.sum(axis=0)
        sited = (ours[0] / both, theirs[0] / both)
        every = sited[0].sum(axis=1, keepdims=True) + sited[1].sum(axis=1, keepdims=True) + 1e-9
        middle = _mean(logs, sited, every)
        spread = np.maximum(np.sqrt(_mean([(v - middle) ** 2 for v in logs], sited, every)), NARROWEST)
        share = np.clip((theirs.sum(axis=0) / both).mean(axis=1, keepdims=True), _LEAST_SHARE, 1 - _LEAST_SHARE)
    ours, theirs = (1 - share) * _likely(mine, middle, spread, odds), share * _likely(other, middle, spread, odds)
    total = np.log(ours.sum(axis=0) + theirs.sum(axis=0)).sum(axis=1)
    return Mixture(share, middle, spread, np.where(middle[:, 0] < odds.median, total, 0.0))


def _mean(values: Sequence[FloatArray], weights: Sequence[FloatArray], every: FloatArray) -> FloatArray:
    sums = [(v * w).sum(axis=1, keepdims=True) for v, w in zip(values, weights, strict=True)]
    return np.asarray((sums[0] + sums[1]) / every)


def _likely(seen: Witness, middle: FloatArray, spread: FloatArray, odds: Odds) -> FloatArray:
    """(2, shifts, places): how likely the distances are by the law and as exceptions, against those at random."""
    log = np.log(np.maximum(seen.gap_m, SITED_M))
    law = np.exp(-0.5 * ((log - middle) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    sited = SITED * law / odds.usual(seen.gap_m) * seen.town
    return np.stack([sited, np.broadcast_to((1 - SITED) * seen.town, sited.shape)])


def _in_town(there: Placed, shifts: FloatArray, town: AnyArray, ground: Ground) -> FloatArray:
    """How likely it is (shifts, places) that places that lie right lie so to their towns; 1 where no town is named."""
    known = np.flatnonzero(town >= 0)
    likely = np.ones((len(shifts), len(town)))
    for k, (east, north) in enumerate(shifts if len(known) else ()):
        off = ground.outside_m(there.x[known] + east, there.y[known] + north, town[known])
        likely[k, known] = np.where(off > _EXCUSED_M, _OUTSIDE, 1 - _OUTSIDE)
    return likely


def _close(mine: Witness, other: Placed, town: AnyArray, odds: Odds, ground: Ground) -> float:
    """The best odds of shifts that are nearly the reading: one that passes it is another shift, and no reading."""
    near = near_shifts()
    gap_m = gaps_at(other.x, other.y, near, ground)
    return float(mixture(mine, Witness(gap_m, _in_town(other, near, town, ground)), odds).total.max())
