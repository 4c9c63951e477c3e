"""What a bound rests on, checked: prices at which no choice is cheaper, part by part of all choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.packed_question import pack, unpack
from quarterhour.siting.proof.price_form import PriceForm, has_price_form, price_form
from quarterhour.siting.question.plan import Evidence, Reason, SitingPlan
from quarterhour.siting.question.problem import SitingProblem

_MOST_NODES = 2_000
"""Of a tree: more would take hours to check, and no evidence that is written has as many."""


def check_evidence(problem: SitingProblem, plan: SitingPlan) -> list[bool]:
    """Goal by goal whether the plan carries what its bound rests on, which then holds.

    PlanError where it carries something that does not show the bound, or evidence for other goals than it has.
    """
    if not plan.evidence:
        return [False] * len(plan.levels)
    if len(plan.evidence) != len(plan.levels):
        raise PlanError("proof.evidence_differs", goal="-")
    return [_holds(problem, plan, place) for place in range(len(plan.levels))]


def _holds(problem: SitingProblem, plan: SitingPlan, place: int) -> bool:
    said = plan.evidence[place]
    if isinstance(said, Reason):
        return False
    if not has_price_form(problem, place) or not shows(price_form(problem, place, plan.levels), said):
        raise PlanError("proof.evidence_differs", goal=problem.goals[place].objective)
    return True


def shows(form: PriceForm, evidence: Evidence) -> bool:
    """Whether prices settle every part of all choices, and the parts are all there are."""
    prices, tree = evidence.prices, evidence.tree.tolist()
    if prices.ndim != 2 or prices.shape[1] != form.width or len(tree) > _MOST_NODES:
        return False
    try:
        parts = list(_parts(tree, form))
    except IndexError:
        return False
    return all(
        0 <= vector < len(prices) and form.settles(evidence.scale, prices[vector], taken, left)
        for vector, taken, left in parts
    )


def _parts(tree: Sequence[int], form: PriceForm) -> Iterator[tuple[int, IntArray, IntArray]]:
    """The vector of each part, the sites it takes and those it leaves; IndexError where the tree is none."""
    waiting: list[tuple[list[int], list[int]]] = [([], [])]
    for node in tree:
        taken, left = waiting.pop()
        if node < 0:
            yield -1 - node, np.array(taken, dtype=np.int64), np.array(left, dtype=np.int64)
            continue
        if not form.free[node] or node in taken or node in left:
            raise IndexError(node)
        waiting += [([*taken, node], left), (taken, [*left, node])]
    if waiting:
        raise IndexError(len(tree))


def evidence_record(evidence: Sequence[Evidence | Reason]) -> list[dict[str, Any]]:
    """Evidence in plain values: the first vector of prices whole, the others as what they differ by."""
    return [_without(said) if isinstance(said, Reason) else _packed(said) for said in evidence]


def _without(said: Reason) -> dict[str, Any]:
    return {"none": {"zh": said.sentence("zh"), "en": said.sentence("en"), "key": said.key}}


def _packed(said: Evidence) -> dict[str, Any]:
    first = said.prices[:1]
    prices = np.concatenate([first, said.prices[1:] - first])
    return {"scale": int(said.scale), "vectors": len(prices), "prices": pack(prices.ravel()), "tree": pack(said.tree)}


def read_evidence(said: Sequence[Mapping[str, Any]]) -> tuple[Evidence | Reason, ...]:
    """Evidence out of a record."""
    return tuple(Reason(str(one["none"]["key"]), {}) if "none" in one else _unpacked(one) for one in said)


def _unpacked(said: Mapping[str, Any]) -> Evidence:
    prices = unpack(said["prices"]).reshape(int(said["vectors"]), -1)
    if len(prices) > 1:
        prices = np.concatenate([prices[:1], prices[1:] + prices[:1]])
    return Evidence(int(said["scale"]), prices, unpack(said["tree"]))
