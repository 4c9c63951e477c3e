"""Most people covered by so many sites, and the proof: a good choice, a bound by cuts, a tree for what is between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quarterhour.siting.core import Core, Found, Ints, Record
from quarterhour.siting.covertree import Tree
from quarterhour.siting.heuristic import good_choice
from quarterhour.siting.master import Master
from quarterhour.siting.solver import Floats
from quarterhour.siting.watch import Watch

COUNTING = "counting"
_FIRST = 2e7
"""Steps of local search before there is a bound."""


def solve_cover(core: Core, watch: Watch | None = None, *, start: Ints | None = None, gap: float = 0.0) -> Found:
    """The choice of candidates that covers most people within the quotas, and its proof.

    Parameters
    ----------
    core : its ``all_rows`` does not count here.
    watch : time, seed, stop; told better choices.
    start : a known choice.
    gap : by how much of the value the choice may fall short of the bound; 0: proven best.
    """
    watch = watch or Watch()
    unit = int(np.gcd.reduce(core.people)) if len(core.people) else 1
    core = replace(core, people=core.people // unit, all_rows=False)
    record = Record(core, _telling(watch, unit), bound=float(core.people.sum()), proved_by=COUNTING)
    if core.limit < 0 or (core.high < np.maximum(core.low, 0)).any():
        return record.found(infeasible=True)
    if not len(core.sites) or not len(core.people):
        return _settled(core, record)
    record.take(start)
    record.take(good_choice(core, watch, effort=_FIRST))
    watch.progress(0.2)
    infeasible, nodes = False, 0
    if not record.met and record.gap > gap and not watch.over():
        tree = Tree(Master(core, seed=watch.seed), record)
        tree.plant(inside_of(core, record.choice))
        watch.progress(0.5)
        tree.grow(gap=gap)
        infeasible, nodes = tree.barren, tree.nodes
    watch.progress(1.0)
    found = record.found(nodes=nodes, infeasible=infeasible)
    return replace(found, bound=found.bound * unit)


def inside_of(core: Core, choice: Ints | None) -> Floats:
    """A point between the best choice and all sites open a little, from which cuts reach far."""
    inside = np.full(len(core.sites), 0.3 * min(1.0, core.limit / len(core.sites)))
    if choice is not None:
        inside[choice] += 0.7
    return inside


def _settled(core: Core, record: Record) -> Found:
    """Where nobody is left to cover: the fewest sites that the quotas ask for."""
    record.take(good_choice(core))
    if record.choice is None:
        return record.found(infeasible=not len(core.sites))
    return record.found()


def _telling(watch: Watch, unit: int) -> Watch:
    """The same watch, which hears bounds in people."""
    return replace(watch, incumbent=lambda choice, bound: watch.incumbent(choice, bound * unit))
