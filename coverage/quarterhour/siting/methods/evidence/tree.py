"""Evidence of a bound: whole prices that show it, and where one vector falls short the sites divided until they do."""

from __future__ import annotations

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.evidence.master import PriceMaster
from quarterhour.siting.proof.price_form import PriceForm
from quarterhour.siting.question.plan import Evidence

_SCALES = (1, 60, 2**10, 2**16, 2**20)
"""Parts of a unit that prices are rounded to, the coarsest first: it packs best."""
_FINE = 2**16
"""Parts where there is a tree."""
_PARTS, _SOLVED, _NUMBERS = 200, 600, 400_000
"""Of a tree at most: parts, linear programs, prices that it writes."""
_WHOLE = 1e-6


class TooLargeError(Exception):
    """The tree is larger than evidence may be, or the linear programs do not get there."""


def find_evidence(form: PriceForm, seed: int = 0) -> Evidence:
    """Evidence of the bound of a form; TooLargeError where none was found within the counts above.

    No clock has a say: the same form gives the same evidence.
    """
    nothing, none = np.zeros((1, form.width), dtype=np.int64), np.empty(0, dtype=np.int64)
    if form.settles(1, nothing[0], none, none):
        return Evidence(1, nothing, np.array([-1], dtype=np.int64))
    master = PriceMaster(form, seed)
    found = master.solve(none, none)
    if found is None:
        raise TooLargeError
    for scale in _SCALES:
        whole = as_whole(form, scale, found[2])
        if form.settles(scale, whole, none, none):
            return Evidence(scale, whole[None, :], np.array([-1], dtype=np.int64))
    return _Search(form, master).run()


def as_whole(form: PriceForm, scale: int, prices: FloatArray) -> IntArray:
    """Prices rounded to parts of a unit, none above what a community pays without a site."""
    whole = np.round(prices * scale).astype(np.int64)
    kept, rules, own = form.divided(whole)
    own[~form.must] = np.minimum(own, form.paid_without(scale, kept))[~form.must]
    rules[(form.high < 0) & (rules < 0)] = 0
    return whole


class _Search:
    """The sites divided depth first, each part settled by prices that are known, or by its own, or divided again."""

    def __init__(self, form: PriceForm, master: PriceMaster) -> None:
        self.form, self.master = form, master
        self.vectors: list[IntArray] = []
        self.tree: list[int] = []
        self.parts = 0

    def run(self) -> Evidence:
        """The tree of all choices."""
        waiting: list[tuple[list[int], list[int], int]] = [([], [], -1)]
        while waiting:
            taken, left, before = waiting.pop()
            known, y = self._settled(np.array(taken, dtype=np.int64), np.array(left, dtype=np.int64), before)
            if y is None:
                self.tree.append(-1 - known)
                self.parts += 1
            else:
                site = self._dividing(y)
                self.tree.append(site)
                waiting += [([*taken, site], left, known), (taken, [*left, site], known)]
            if self.parts + len(waiting) > _PARTS or self.master.solved > _SOLVED:
                raise TooLargeError
        return Evidence(_FINE, np.array(self.vectors, dtype=np.int64), np.array(self.tree, dtype=np.int64))

    def _settled(self, taken: IntArray, left: IntArray, before: int) -> tuple[int, FloatArray | None]:
        """The vector that settles a part; or the sites in parts at which it does not, by which to divide."""
        if before >= 0 and self.form.settles(_FINE, self.vectors[before], taken, left):
            return before, None
        found = self.master.solve(taken, left)
        if found is None:
            raise TooLargeError
        whole = as_whole(self.form, _FINE, found[2])
        if self.form.settles(_FINE, whole, taken, left):
            return self._kept(whole), None
        return before, found[1]

    def _kept(self, whole: IntArray) -> int:
        self.vectors.append(whole)
        if len(self.vectors) * len(whole) > _NUMBERS:
            raise TooLargeError
        return len(self.vectors) - 1

    def _dividing(self, y: FloatArray) -> int:
        """The site nearest to a half, the earlier at a tie."""
        apart = np.abs(y - 0.5)
        if apart.min(initial=1.0) > 0.5 - _WHOLE:
            raise TooLargeError
        return int(self.master.free[np.flatnonzero(apart <= apart.min() + 1e-9)[0]])
