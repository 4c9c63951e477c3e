"""Plans on the way: each better one is recounted, told, and put on disk whole, so that a killed run leaves the last."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from quarterhour.files import write_text
from quarterhour.siting.assemble import Certificate, Proof, as_plan
from quarterhour.siting.chain import Tell, easy_bound
from quarterhour.siting.measure import Choice, Exact
from quarterhour.siting.plan import SitingPlan
from quarterhour.siting.problem import Goal
from quarterhour.siting.record import plan_record, question_record
from quarterhour.siting.recount import verify_plan
from quarterhour.siting.watch import COUNTING, Watch

_SHARE = 0.2
"""Of the time of a search that may go into recounting and writing plans on the way."""


class Keeper:
    """Where better plans go: a file, an ear, both or neither."""

    def __init__(
        self,
        known: Certificate,
        watch: Watch,
        path: str | Path | None = None,
        found: Callable[[SitingPlan], None] | None = None,
    ) -> None:
        self.known, self.watch, self.path, self.found = known, watch, path, found
        self._spent = 0.0

    def hearing(self, goal: Goal, proofs: Sequence[Proof]) -> Tell:
        """An ear for the choices of one goal; ``proofs`` of the goals before."""
        goals = self.known.measure.problem.goals
        later = goals[goals.index(goal) + 1 :]

        def heard(choice: Choice, bound: Exact, by: str) -> None:
            if self._idle():
                return
            begun = time.perf_counter()
            open_ends = [Proof(g, easy_bound(self.known.measure, g), COUNTING) for g in later]
            every = [*proofs, Proof(goal, bound, by), *open_ends]
            self.write(as_plan(self.known, choice, every, seconds=begun - self.watch.begun))
            self._spent += time.perf_counter() - begun

        return heard

    def _idle(self) -> bool:
        """Whether nobody listens, or too much time went into plans on the way already (the first is always kept)."""
        if self.path is None and self.found is None:
            return True
        return self._spent > _SHARE * (time.perf_counter() - self.watch.begun)

    def write(self, plan: SitingPlan) -> None:
        """Recount a plan, put it on disk and tell it; PlanError where it does not hold."""
        if self.path is None and self.found is None:
            return
        problem = self.known.measure.problem
        verify_plan(problem, plan)
        if self.path is not None:
            record = plan_record(plan, problem, question=self._question)
            write_text(self.path, json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
        if self.found is not None:
            self.found(plan)

    @cached_property
    def _question(self) -> dict[str, Any]:
        return question_record(self.known.measure.problem)
