"""Plans on the way: each better one is recounted, told, and put on disk whole, so that a killed run leaves the last."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from quarterhour.io.files.write import write_text
from quarterhour.siting.proof.assemble import Certificate, Proof, as_plan
from quarterhour.siting.proof.packed_question import question_record
from quarterhour.siting.proof.plan_record import plan_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.bounds import GoalResult, counting_bound
from quarterhour.siting.question.evaluate import Choice
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Goal, SitingProblem
from quarterhour.siting.question.search import COUNTING, SearchBudget

_SHARE, _BOUND_SHARE = 0.2, 0.05
"""Of the time of a search that may go into recounting and writing plans on the way; and the same plan with another
bound."""


class Keeper:
    """Where better plans go: a file, an ear, both or neither.

    The same plan is told again when more is known of its bound. A plan that comes while too much time went into plans
    is kept back, and told as soon as there is time again or when a better one takes its place; engines tell from
    several threads, one plan is written at a time.
    """

    def __init__(
        self,
        known: Certificate,
        budget: SearchBudget,
        path: str | Path | None = None,
        found: Callable[[SitingPlan], None] | None = None,
    ) -> None:
        self.known, self.path, self.found = known, path, found
        self._begun, self._spent = budget.begun, 0.0
        self._newest: deque[tuple[Choice, list[Proof]]] = deque(maxlen=1)
        self._one_at_a_time = threading.Lock()
        self._told: Choice | None = None

    def asking(self, budget: SearchBudget) -> SearchBudget:
        """The same budget; whoever asks it whether to stop gives a plan that was kept back its turn."""
        if self.path is None and self.found is None:
            return budget

        def stop() -> bool:
            self._tell()
            return budget.stop()

        return replace(budget, stop=stop)

    def asking_goal(self, budget: SearchBudget, goal: Goal, proofs: Sequence[Proof]) -> SearchBudget:
        """The same budget; its choices for a goal are heard here."""
        return replace(budget, incumbent=self.hearing(goal, proofs))

    def hearing(self, goal: Goal, proofs: Sequence[Proof]) -> Callable[[GoalResult], None]:
        """An ear for the choices of one goal; ``proofs`` of the goals before."""
        goals = self.known.measure.problem.goals
        later = goals[goals.index(goal) + 1 :]
        before = list(proofs)
        if self.path is None and self.found is None:
            return lambda _: None
        open_ends = [Proof(g, counting_bound(self.known.measure, g), COUNTING) for g in later]

        def heard(found: GoalResult) -> None:
            if found.choice is None:
                return
            self._newest.append((found.choice, [*before, Proof(goal, found.bound, found.proved_by), *open_ends]))
            self._tell()

        return heard

    def _tell(self) -> None:
        """Write the newest plan, if there is one and time for it (the first is always written)."""
        if not self._one_at_a_time.acquire(blocking=False):
            return
        try:
            if self._newest and self._may_tell():  # whoever takes one away holds the lock
                self._tell_newest()
        finally:
            self._one_at_a_time.release()

    def _tell_newest(self) -> None:
        if self.path is not None:
            _ = self._question  # packed once, which is no part of what a plan takes
        begun = time.perf_counter()
        choice, proofs = self._newest.pop()
        self._told = choice
        self._write(as_plan(self.known, choice, proofs, seconds=begun - self._begun))
        self._spent += time.perf_counter() - begun

    def _may_tell(self) -> bool:
        """Whether little enough time went into plans; less may where the newest is the last one with another bound."""
        share = _BOUND_SHARE if self._newest[0][0] is self._told else _SHARE
        return self._spent <= share * (time.perf_counter() - self._begun)

    def write(self, plan: SitingPlan) -> None:
        """Recount the last plan, put it on disk and tell it; PlanError where it does not hold."""
        if self.path is None and self.found is None:
            return
        with self._one_at_a_time:
            self._newest.clear()
            self._write(plan)

    def _write(self, plan: SitingPlan) -> None:
        problem = self.known.measure.problem
        verify_plan(problem, plan)
        if self.path is not None:
            write_plan(self.path, plan, problem, question=self._question)
        if self.found is not None:
            self.found(plan)

    @cached_property
    def _question(self) -> dict[str, Any]:
        return question_record(self.known.measure.problem)


def write_plan(
    path: str | Path, plan: SitingPlan, problem: SitingProblem, *, question: dict[str, Any] | None = None
) -> None:
    """The plan's record as a file, whole or not at all. ``question``: as ``question_record`` packs it, if at hand."""
    record = plan_record(plan, problem, question=question)
    write_text(path, json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
