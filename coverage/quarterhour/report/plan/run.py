"""A study run for its layout plan, and the plan written: what the command ``plan`` does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quarterhour.base.errors import WriteError
from quarterhour.io import sets
from quarterhour.report.plan.write import PARTS, PlanFiles, check_parts, check_templates, write_plan
from quarterhour.study.layout.groups import templates_folder
from quarterhour.study.progress import RunProgress
from quarterhour.study.run import run_study
from quarterhour.study.study import Study, default_out, without_page
from quarterhour.travel.tiles.question import Compute


@dataclass(frozen=True, slots=True)
class PlanAsked:
    """What is asked of a plan: where it goes, which parts (blank: all), whose templates, in which language."""

    out: Path | None = None
    only: str = ""
    templates: Path | None = None
    lang: str = "zh"

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that are written."""
        return tuple(part.strip() for part in self.only.split(",")) if self.only else PARTS


def plan_folder(study: Study, asked: PlanAsked) -> Path:
    """Where a plan goes; errors before the work, not after it, for parts and templates that cannot be meant."""
    check_parts(asked.parts)
    check_templates(study, asked.lang, templates_folder(study, asked.templates))
    folder = asked.out or default_out(study) / "plan"
    return folder


@contextlib.contextmanager
def networks_held(study: Study) -> Iterator[None]:
    """No run of the study keeps networks meanwhile; where none can be kept, nobody need be kept out.

    WriteError where a run of the study is under way.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(sets.holding(default_out(study)))
        except WriteError as error:
            if error.key != "files.cannot_write":
                raise
        yield


def plan_study(
    study: Study, asked: PlanAsked, folder: Path, *, tell: RunProgress | None = None, fresh: bool = False,
    processes: int = 1, told_in: str | None = None, compute: Compute | None = None,
) -> PlanFiles:  # fmt: skip
    """Run a study and write its layout plan; networks that a run of the study kept are used again, unless ``fresh``.

    ``told_in``: the language of ``tell``, where it is another than the plan's. ``compute``: as ``run_study`` has it.
    """
    kept = default_out(study) / "prepared"
    said = told_in or asked.lang
    results = run_study(
        without_page(study), lang=said, tell=tell, prepared=kept, fresh=fresh, publish=True, compute=compute
    )
    return write_plan(results, folder, lang=asked.lang, parts=asked.parts, templates=asked.templates,
                      processes=processes, tell=tell, told_in=told_in)  # fmt: skip
