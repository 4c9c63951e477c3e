"""quarterhour init, inspect, check, site, run, plan, verify, demo, rules, fetch, import, cut. It parses and prints.

The wing: options (what commands share), studies (a study read, worked out and written), cutting (a
country cut into pieces), console (what they say),
door (what ends them).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from quarterhour import __version__
from quarterhour.base import i18n, limits
from quarterhour.base.errors import QuarterhourError
from quarterhour.cli.console import only_if_shown, progress, say, spoken
from quarterhour.cli.cutting import cut_extract
from quarterhour.cli.door import Stopped, through_the_door
from quarterhour.cli.options import (
    COMPARE_HELP,
    MINUTES_HELP,
    MODE_HELP,
    NEAR_HELP,
    ONLY_HELP,
    PLAN_HELP,
    SNAP_HELP,
    TEMPLATES_HELP,
    Against,
    Cluster,
    Fresh,
    Given,
    Lang,
    Limits,
    Out,
    Quiet,
    Roads,
    Sets,
    StudyPath,
    Verbose,
    cut_asked,
    limits_of,
)
from quarterhour.cli.studies import count_choice, run_and_hand_in, write_layout_plan

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Who is reached in a quarter of an hour, and where to build so that more are.\n\n"
    + only_if_shown("谁在一刻钟之内能得到照料，新的设施建在哪里最好。\n\n")
    + "Begin with `quarterhour demo`, or `quarterhour init DIR` for a study of your own.",
    epilog="Exit: 0 done; 1 a finding to act on (bad input); 2 wrong usage; 3 an error of the program; "
    "129, 130, 143 ended by SIGHUP, Ctrl-C, SIGTERM.",
)


def _tell_version(asked: bool) -> None:
    if asked:
        say(__version__)
        raise typer.Exit


_VERSION = typer.Option("--version", help="The version of the program.", is_eager=True, callback=_tell_version)


@app.callback()
def begin(version: Annotated[bool, _VERSION] = False) -> None:
    """What stands before every command."""


@app.command()
def run(
    study: StudyPath,
    out: Out = None,
    roads: Roads = None,
    against: Against = None,
    settings: Sets = None,
    lang: Lang = "zh",
    fresh: Fresh = False,
    cluster: Cluster = "none",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Everything: circles, scorecard, site proposals, map, workbook and report."""
    given = Given(roads, settings or (), cluster=cluster)
    run_and_hand_in(study, given, out=out, against=against, lang=lang, fresh=fresh, quiet=quiet, verbose=verbose)


@app.command()
def check(
    study: StudyPath,
    out: Out = None,
    roads: Roads = None,
    against: Against = None,
    settings: Sets = None,
    lang: Lang = "zh",
    fresh: Fresh = False,
    cluster: Cluster = "none",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Both circles and the scorecard, without siting."""
    given = Given(roads, settings or (), cluster=cluster)
    run_and_hand_in(
        study, given, out=out, against=against, lang=lang, fresh=fresh, quiet=quiet, verbose=verbose, siting=False
    )


@app.command()
def site(
    study: StudyPath,
    out: Out = None,
    roads: Roads = None,
    lang: Lang = "zh",
    fresh: Fresh = False,
    cluster: Cluster = "none",
    quiet: Quiet = False,
    verbose: Verbose = False,
    plan: Annotated[Path | None, typer.Option("--plan", metavar="FILE", help=PLAN_HELP)] = None,
    near_best: Annotated[int, typer.Option("--near-best", min=0, max=50, metavar="N", help=NEAR_HELP)] = 0,
) -> None:
    """Proposals for new sites, with their bounds; or what becomes of a choice that was tried on the map page."""
    given = Given(roads, near_best=near_best, cluster=cluster)
    if plan is not None:
        if near_best:
            raise typer.BadParameter("--near-best goes with no --plan: ask for one of them")
        count_choice(study, plan, given, out=out, lang=lang, fresh=fresh, quiet=quiet, verbose=verbose)
        return
    run_and_hand_in(study, given, out=out, lang=lang, fresh=fresh, quiet=quiet, verbose=verbose, checks=False)


@app.command()
def plan(
    study: StudyPath,
    out: Out = None,
    only: Annotated[str, typer.Option("--only", metavar="PARTS", help=ONLY_HELP)] = "",
    templates: Annotated[Path | None, typer.Option("--templates", metavar="DIR", help=TEMPLATES_HELP)] = None,
    roads: Roads = None,
    lang: Lang = "zh",
    fresh: Fresh = False,
    cluster: Cluster = "none",
    quiet: Quiet = False,
) -> None:
    """The layout plan as it is handed in: text with articles, tables, an atlas with a sheet a town, layers."""
    given = Given(roads, cluster=cluster)
    write_layout_plan(study, given, out=out, only=only, templates=templates, lang=lang, fresh=fresh, quiet=quiet)


@app.command()
def demo(out: Out = None, lang: Lang = "zh", quiet: Quiet = False, verbose: Verbose = False) -> None:
    """The embedded study of Weihai (its facilities and roads are made up, 示例)."""
    from quarterhour.study.new_study import demo_folder

    folder = out or Path("data/processed/weihai")
    run_and_hand_in(str(demo_folder()), Given(), out=folder, lang=lang, quiet=quiet, verbose=verbose)


@app.command()
def inspect(study: StudyPath, out: Out = None, roads: Roads = None, lang: Lang = "zh", quiet: Quiet = False) -> None:
    """What came in, and what is wrong with it, also as a page with a map. Exit 1 if rows were set aside."""
    from quarterhour.io import sets
    from quarterhour.report.console import findings_count, input_lines
    from quarterhour.report.inspection import write_inspection
    from quarterhour.report.road_use import road_lines
    from quarterhour.study.run import read_study_inputs
    from quarterhour.study.study import default_out, read_study

    asked = read_study(study, roads=roads)
    folder = out or default_out(asked)
    with sets.holding(folder):
        with progress(quiet) as tell:
            if tell:
                tell(i18n.say("study.step_read", spoken(lang)))
            tables = read_study_inputs(asked)
        for line in [*input_lines(tables, spoken(lang)), *road_lines(asked, tables, spoken(lang))]:
            say(line)
        page = write_inspection(asked, tables, folder, lang=lang)[0]
    say(i18n.say("cli.inspected", spoken(lang), page=page))
    raise typer.Exit(1 if findings_count(tables) else 0)


@app.command()
def verify(
    plan: Annotated[str, typer.Argument(metavar="RESULTS|PLAN", help="A folder of results, or a plan.json.")],
    lang: Lang = "zh",
    prove: Annotated[
        float,
        typer.Option("--prove", metavar="SECONDS", min=0, help="Solve each question again and compare the bounds."),
    ] = 0,
    limit: Limits = None,
    against: Annotated[str | None, typer.Option("--against", metavar="RESULTS|PLAN", help=COMPARE_HELP)] = None,
) -> None:
    """A folder of results held against its manifest, file by file, and its plans recounted; or a plan.json alone.

    Exit 1 with the first thing that does not hold: a file that is missing, altered or of another run, or a plan.
    """
    with limits.raised(limits_of(limit)):
        _verify(Path(plan), lang, prove, against)


def _verify(file: Path, lang: str, prove: float, against: str | None) -> None:
    from quarterhour.io import sets
    from quarterhour.siting.audit import change_lines, record_lines
    from quarterhour.siting.proof.plan_record import read_records

    if file.is_dir():
        for line in sets.check_lines(file, spoken(lang)):
            say(line)
        file = file / "plan.json"
        if not file.is_file() or file.stat().st_size <= len("[]\n"):  # a layout plan, a study without a question
            return
    records = read_records(str(file))
    for name, record in records:
        _say_each(name, record_lines(name, record, spoken(lang), prove=prove), lang)
    if against is not None:
        other = Path(against) / "plan.json" if Path(against).is_dir() else Path(against)
        _say_each(against, change_lines(records, read_records(str(other)), spoken(lang)), lang)


def _say_each(plan: str, lines: Iterator[str], lang: str) -> None:
    """Exit 1 with the first thing about a plan that does not hold."""
    try:
        for line in lines:
            say(line)
    except QuarterhourError as error:
        say(i18n.say("cli.plan_fails", spoken(lang), plan=plan, detail=error.sentence(spoken(lang))), err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise Stopped from None


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")], lang: Lang = "zh"
) -> None:
    """A new study: a commented study.toml and templates of the tables to fill in."""
    from quarterhour.study.new_study import init_study

    made = init_study(folder)
    say(i18n.say("cli.init_done", spoken(lang), folder=folder, files=", ".join(p.name for p in made)))


@app.command("import")
def import_form(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook, CSV or layer as an office hands it on.")],
    form: Annotated[
        str, typer.Option("--as", metavar="FORM", help="elderly-system-export, jbzh0001, territorial-plan.")
    ],
    out: Annotated[Path | None, typer.Option("--out", metavar="CSV", help="Table to write; else beside FILE.")] = None,
    datum: Annotated[str | None, typer.Option("--datum", help="gcj02, bd09 or wgs84: whose coordinates.")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Of a workbook with several.")] = None,
    limit: Limits = None,
    lang: Lang = "zh",
) -> None:
    """An office's form as a table that a study reads, and the lines for its study.toml."""
    from quarterhour.report.console import finding_lines
    from quarterhour.study.importing import import_file

    with limits.raised(limits_of(limit)):
        made = import_file(file, form, out=out, datum=datum, sheet=sheet, lang=spoken(lang))
    for line in finding_lines(made.findings, spoken(lang), most=5):
        say(line, err=True)
    key = "offices.nothing_written" if made.path is None else "offices.written"
    say(i18n.say(key, spoken(lang), path=made.path, rows=made.rows))
    for line in made.lines:
        say(line)


@app.command()
def rules(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SET|STUDY]...", help="Rule sets, rule files or a study; all if none."),
    ] = None,
    rule: Annotated[
        str | None, typer.Option("--explain", help="One rule, whole: clause, source, how it counts.")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="In force on this day: 2026-03-30.")] = None,
    compare: Annotated[
        tuple[str, str] | None, typer.Option("--compare", metavar="DATE DATE", help="What changes between two days.")
    ] = None,
    expiring: Annotated[
        str | None,
        typer.Option("--expiring", metavar="DATE", help="What lapses by then; --on: of what holds on a day."),
    ] = None,
    lang: Lang = "zh",
) -> None:
    """The rules: listed, explained, compared between two dates, or those that lapse."""
    from quarterhour.report import rulebook

    sets, told_in = tuple(names or ()), spoken(lang)
    for line in rulebook.rulebook_lines(sets, explain=rule, on=on, compare=compare, expiring=expiring, lang=told_in):
        say(line)


@app.command()
def fetch(
    study: StudyPath,
    place: Annotated[
        str | None, typer.Option("--place", help="Name of the study area, as OpenStreetMap knows it.")
    ] = None,
    bbox: Annotated[
        str | None, typer.Option("--bbox", help="west,south,east,north in degrees instead of a name.")
    ] = None,
    server: Annotated[str | None, typer.Option("--server", help="Another Overpass server.")] = None,
    lang: Lang = "zh",
    quiet: Quiet = False,
) -> None:
    """Download roads, facilities and places of the study area from OpenStreetMap, with date and query."""
    from quarterhour.study.new_study import fetch_study
    from quarterhour.study.study import read_study

    with progress(quiet) as tell:
        told_in = spoken(lang)
        made = fetch_study(read_study(study), place=place, bbox=bbox, server=server, lang=told_in, tell=tell)
    say(i18n.say("cli.fetch_done", told_in, files=", ".join(str(p) for p in made)))


@app.command()
def cut(
    extract: Annotated[Path, typer.Argument(metavar="EXTRACT", help="An .osm.pbf of a country or a province.")],
    areas: Annotated[Path, typer.Option("--areas", metavar="FILE", help="Polygons: the ground of each piece.")],
    column: Annotated[str, typer.Option("--id", metavar="COLUMN", help="Its column that names the pieces.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the pieces.")],
    minutes: Annotated[float | None, typer.Option("--minutes", metavar="M", help=MINUTES_HELP)] = None,
    mode: Annotated[list[str] | None, typer.Option("--mode", metavar="MODE", help=MODE_HELP)] = None,
    snap_limit_m: Annotated[float, typer.Option("--snap-limit-m", metavar="M", help=SNAP_HELP)] = 1000.0,
    margin_km: Annotated[
        float | None, typer.Option("--margin-km", metavar="KM", help="The margin itself, not minutes and modes.")
    ] = None,
    limit: Limits = None,
    lang: Lang = "zh",
    quiet: Quiet = False,
) -> None:
    """A national extract cut into pieces, an .osm.pbf an area, each with the margin that its trips need."""
    asked = cut_asked(minutes, mode, snap_limit_m, margin_km)
    with limits.raised(limits_of(limit)):
        cut_extract(extract, areas, column, out, asked, lang=lang, quiet=quiet)


def main(came: Sequence[int] = ()) -> None:
    """The commands. ``came``: signals that were heard before they were loaded (``__main__``)."""
    through_the_door(app, came)
