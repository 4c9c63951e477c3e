"""What commands do with a study: work it out, hand in its files, say what came of it. Exit 1: something to act on."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

from quarterhour.base import i18n, limits
from quarterhour.base.machine.scratch import sweep
from quarterhour.cli.console import progress, say, spoken
from quarterhour.cli.door import Stopped
from quarterhour.cli.options import Given


def run_and_hand_in(
    study: str,
    given: Given,
    *,
    out: Path | None,
    lang: str,
    quiet: bool,
    verbose: bool = False,
    fresh: bool = False,
    checks: bool = True,
    siting: bool = True,
    against: Path | None = None,
) -> None:
    """A run of a study and all of its files; exit 1 where input rows were set aside."""
    from quarterhour.io import sets
    from quarterhour.report import write
    from quarterhour.report.console import finding_lines, findings_count, summary_lines
    from quarterhour.study.run import run_study
    from quarterhour.study.study import default_out

    asked = given.study(study)
    folder, told_in = out or default_out(asked), spoken(lang)
    left: list[Path] = []
    sweep(
        folder,
        *(folder / part for part in ("prepared", "prepared/roads.read", "prepared/siting.answers", "plans", "plan")),
    )
    try:
        at = given.computing(folder / "prepared", told_in, quiet=quiet, fresh=fresh)
        with limits.raised(asked.file.limits), sets.holding(folder), at as by, progress(quiet, verbose=verbose) as tell:
            write.check_database(asked)
            before = sets.finish(folder)
            earlier = None if against is None else write.read_earlier(against)
            plans = {} if against is None or not siting else write.read_earlier_plans(against)
            results = run_study(
                asked, checks=checks, siting=siting, lang=told_in, tell=tell, prepared=folder / "prepared", fresh=fresh,
                keep=folder / "plans", kept=left.append, publish=True, compute=by,
            )  # fmt: skip
            results = replace(results, earlier=earlier, earlier_plans=plans)
            written = write.hand_in(results, folder, lang=lang, tell=tell, processes=2, told_in=told_in)
    except (Stopped, KeyboardInterrupt) as stopped:
        number = getattr(stopped, "number", signal.SIGINT)
        raise Stopped(number, left, asked=siting and bool(asked.file.siting)) from None
    for line in summary_lines(results, told_in):
        say(line)
    others = sets.account_lines(written.account.after(before), folder, told_in)
    for line in [*others, *finding_lines(results.findings, told_in, most=3)]:
        say(line, err=True)
    say(i18n.say("cli.written", told_in, folder=folder))
    if stored := write.store_layers(results):
        say(i18n.say("cli.stored", told_in, where=stored))
    if findings_count(results):
        raise SystemExit(1)


def count_choice(
    study: str, plan: Path, given: Given, *, out: Path | None, lang: str, fresh: bool, quiet: bool, verbose: bool
) -> None:
    """A choice saved by the map page, counted again; exit 1 where the engine counts something else, or a condition of
    the question is broken."""
    from quarterhour.io import sets
    from quarterhour.study.file.tried import read_tried
    from quarterhour.study.run import try_again
    from quarterhour.study.siting.told import tried_lines
    from quarterhour.study.study import default_out

    tried, asked = read_tried(plan), given.study(study)
    folder, told_in = out or default_out(asked), spoken(lang)
    kept = folder / "prepared"
    at = given.computing(kept, told_in, quiet=quiet, fresh=fresh)
    with sets.holding(folder), at as by, progress(quiet, verbose=verbose) as tell:
        again = try_again(asked, tried, lang=told_in, tell=tell, prepared=kept, fresh=fresh, compute=by)
    for line in tried_lines(asked, again, told_in):
        say(line)
    if not again.agrees or again.broken is not None:
        raise SystemExit(1)


def write_layout_plan(
    study: str, given: Given, *, out: Path | None, only: str, templates: Path | None, lang: str, fresh: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """The layout plan of a study; exit 1 where a part was left out for want of a font."""
    from quarterhour.io import sets
    from quarterhour.report.plan.run import PlanAsked, networks_held, plan_folder, plan_study
    from quarterhour.study.study import default_out

    read, asked, told_in = given.study(study), PlanAsked(out, only, templates, lang), spoken(lang)
    folder = plan_folder(read, asked)
    at = given.computing(default_out(read) / "prepared", told_in, quiet=quiet, fresh=fresh)
    with networks_held(read), sets.holding(folder), at as by, progress(quiet) as tell:
        made = plan_study(read, asked, folder, tell=tell, fresh=fresh, processes=2, told_in=told_in, compute=by)
    say(i18n.say("plan_write.written", told_in, folder=folder, files=len(made.paths)))
    for line in sets.account_lines(made.account, folder, told_in):
        say(line, err=True)
    if made.left_out:
        say(i18n.say("plan_write.no_font", told_in), err=True)
        raise SystemExit(1)
