"""A program solved within what is left of a search's budget, and counted in it."""

from __future__ import annotations

import math
from dataclasses import replace

from quarterhour.base.arrays import FloatArray
from quarterhour.siting.methods.solver.callbacks import Bounded, Found
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.program import Outcome
from quarterhour.siting.question.search import SearchBudget, Stop


def solve_within(
    solver: Solver,
    budget: SearchBudget,
    *,
    start: FloatArray | None = None,
    stop: Stop | None = None,
    found: Found | None = None,
    bounded: Bounded | None = None,
    iterations: int | None = None,
) -> Outcome:
    """Run as ``Solver.solve`` does: a linear program is a round, an integer one at least a node.

    The nodes of its tree are counted and end it, so that where work limits the search it goes as far on any machine.
    ``stop``: in the stead of the budget's own.
    """
    whole = solver.program.whole is not None
    left = budget.nodes_left() if whole else budget.rounds_left()
    if left <= 0:
        budget.work.by_count = True
        return Outcome("stopped", None, math.nan, solver.program.no_bound)
    out = solver.solve(
        seconds=max(0.0, budget.left()),
        start=start,
        stop=stop or budget.stop,
        found=found,
        bounded=bounded,
        iterations=iterations,
        nodes=int(left) if whole and left < math.inf else None,
    )
    asked = (stop or budget.stop)()
    if stop is not None and asked:
        out = replace(out, nodes=1)  # how far it came before it heard depends on the machine
    spent = max(1, out.nodes)
    if out.status == "stopped" and not asked and iterations is None:
        if budget.left() <= 0:
            budget.work.by_clock = True
        elif whole and left < math.inf:
            budget.work.by_count, spent = True, max(spent, int(left))
    budget.spend(nodes=spent if whole else 0, rounds=0 if whole else 1)
    return out
