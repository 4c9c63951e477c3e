"""The hash of a siting question: all that its answer depends on."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from quarterhour.base.centiseconds import centiseconds
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.rules import Quota

_CELLS = 2**20
"""Of a column that are text at once: of millions of communities all together would fill a memory."""


def input_hash(problem: SitingProblem) -> str:
    """sha256 of everything that the answer depends on; the same question has the same hash."""
    digest = hashlib.sha256(json.dumps(asked(problem), ensure_ascii=False).encode())
    columns = [column for t in (problem.sites, problem.areas) for column in (t.index, *(t[c] for c in t))]
    for column in (*columns, problem.classes):
        for begin in range(0, column.size, _CELLS):
            some = column.array[begin : begin + _CELLS].tolist()
            digest.update((("\x1f" if begin else "") + "\x1f".join(map(str, some))).encode())
    for numbers in (*(problem.people[c] for c in problem.people), problem.demand, problem.load):
        digest.update(np.ascontiguousarray(numbers.to_numpy(), dtype="<i8").data)
    pairs = problem.pairs
    for array, kind in ((pairs.start, "<i8"), (pairs.site, "<i4"), (pairs.cs, "<i4"), (problem.conflicts, "<i4")):
        digest.update(np.ascontiguousarray(array, dtype=kind).data)
    if problem.coverage.farthest is not None:
        for array, kind in ((problem.farther.start, "<i8"), (problem.farther.site, "<i4"), (problem.farther.cs, "<i4")):
            digest.update(np.ascontiguousarray(array, dtype=kind).data)
    return digest.hexdigest()


def asked(problem: SitingProblem) -> dict[str, Any]:
    """What is asked beside the tables, as plain values."""
    cover, capacity = problem.coverage, problem.capacity
    farthest = [] if cover.farthest is None else [centiseconds(cover.farthest)]
    return {
        "goals": [[g.objective, g.people, g.level] for g in problem.goals],
        "new_sites": None if problem.new_sites is None else int(problem.new_sites),
        "quotas": [_quota(quota) for quota in problem.quotas],
        "standards": {name: [list(step) for step in s.ladder()] for name, s in problem.standards.items()},
        "coverage": [_int(cover.backup), cover.tier, problem.everyone, int(cover.at_least), *farthest],
        "budget": [_int(problem.budget.yuan), int(problem.budget.years)],
        "capacity": None if capacity is None else [capacity.unit, capacity.split],
        "weights": {c: int(w) for c, w in problem.weights.items()},
    }


def _quota(quota: Quota) -> list[Any]:
    together = [[list(group) for group in quota.groups]] if quota.groups else []
    return [quota.level, list(quota.areas), int(quota.minimum), _int(quota.maximum), quota.tier, *together]


def _int(value: int | None) -> int | None:
    return None if value is None else int(value)
