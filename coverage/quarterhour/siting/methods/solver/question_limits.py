"""The rules of a question on its sites, as rows of a solver."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import IntArray
from quarterhour.siting.methods.solver.site_limits import Limits
from quarterhour.siting.question.feasible import Rules

_COUNTED = ("min-sites", "min-cost")
"""Goals that an engine of times keeps as a rule on sites."""


def as_limits(rules: Rules) -> Limits:
    """The rules on sites as rows: number, areas, money, conflicts, and what was kept of sites and yuan."""
    problem = rules.measure.problem
    free, sites = np.flatnonzero(problem.free), len(problem.free)
    required = problem.sites["state"].eq("required").to_numpy()
    one, yuan = np.ones(sites, dtype=np.int64), problem.yuan
    rows: list[tuple[IntArray, IntArray, int, int]] = [(s, one[s], low, high) for s, low, high in rules.areas]
    rows += [(c, one[c], 0, 1) for c in rules.cliques]
    barred = np.flatnonzero(problem.barred).astype(np.int64)
    rows.append((barred, one[barred], 0, 0))
    sums = [(one, problem.new_sites), (yuan, problem.budget.yuan)]
    sums += [(one if g.objective == "min-sites" else yuan, int(v)) for g, v in rules.kept if g.objective in _COUNTED]
    rows += [(free, w[free], 0, int(most) - int(w[required].sum())) for w, most in sums if most is not None]
    start = np.r_[0, np.cumsum([len(r[0]) for r in rows])].astype(np.int64)
    column = np.concatenate([r[0] for r in rows]).astype(np.int64)
    weight = np.concatenate([r[1] for r in rows]).astype(np.int64)
    matrix = sp.csr_array((weight, column, start), shape=(len(rows), sites))
    low, high = np.array([r[2:] for r in rows], dtype=np.int64).T
    return Limits(matrix, low, high, ~problem.free)
