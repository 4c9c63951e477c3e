"""Arguments and options that several commands share."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterhour.base import i18n, limits
from quarterhour.cli.console import say

if TYPE_CHECKING:
    from quarterhour.study.study import Study
    from quarterhour.travel.tiles.question import Compute

StudyPath = Annotated[str, typer.Argument(metavar="STUDY", help="A study.toml, or the folder it is in.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the results.")]
_ROADS_HELP = "Roads to use instead of the study's: a vector file, an OSM extract, GraphML."
Roads = Annotated[Path | None, typer.Option("--roads", help=_ROADS_HELP)]
Lang = Annotated[str, typer.Option("--lang", help="zh or en.", metavar="zh|en", callback=lambda v: _language(v))]
_LIMIT_HELP = "A larger limit, as sheet_cells=5000000 (docs/study_file.md, Sizes); may be given several times."
Limits = Annotated[list[str] | None, typer.Option("--limit", metavar="NAME=NUMBER", help=_LIMIT_HELP)]
PLAN_HELP = "A choice of sites saved by the map page: counted again, held against its question, compared with the best."
NEAR_HELP = "Also so many further plans of each question that are nearly as good, and whether others are as good."
_AGAINST_HELP = "Results folder of an earlier run to compare scorecard and plans with."
COMPARE_HELP = "Another RESULTS or plan.json of the same communities: who gains, who loses, who goes where."
Against = Annotated[Path | None, typer.Option("--against", help=_AGAINST_HELP)]
_SET_HELP = "Another value for a key of the study file, as circles.home-care-circle.minutes=20; may be repeated."
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=_SET_HELP)]
Fresh = Annotated[bool, typer.Option("--fresh", help="Build the road networks anew instead of taking kept ones.")]
_CLUSTER_HELP = "Who works out times and regions: none (this process), local:N, tcp://HOST:PORT, a scheduler's file."
Cluster = Annotated[str, typer.Option("--cluster", metavar="WHERE", help=_CLUSTER_HELP)]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
ONLY_HELP, TEMPLATES_HELP = "text, tables, atlas, layers; several at commas.", "Folder of templates of your own."
MINUTES_HELP = "The longest trip that counts; circles are searched to twice their minutes."
MODE_HELP = "Who travels: car, ebike, walk ...; may be given several times. See modes.toml."
SNAP_HELP = "How far places may lie from their roads (snap_limit_m of the studies)."
_VERBOSE_HELP = "Tell also what the program does inside: kept networks, plans on the way, each file."
Verbose = Annotated[bool, typer.Option("--verbose", help=_VERBOSE_HELP)]


def _language(value: str) -> str:
    if value not in i18n.LANGUAGES:
        raise typer.BadParameter(f"{value!r} is not zh or en")
    return value


def limits_of(given: Sequence[str] | None) -> dict[str, int]:
    """The limits that ``--limit`` names; a wrong use where there is no such limit, or no whole number above 0."""
    found = {}
    for text in given or ():
        name, _, number = (part.strip() for part in text.partition("="))
        if name not in limits.limits():
            near = ", ".join(difflib.get_close_matches(name, limits.limits(), n=3)) or ", ".join(limits.limits())
            raise typer.BadParameter(f"{name!r} is no limit: {near}", param_hint="--limit")
        if not (_WHOLE.fullmatch(number) and 0 < int(number) <= _MOST):
            raise typer.BadParameter(f"{text!r}: {name}=NUMBER, a whole number above 0", param_hint="--limit")
        found[name] = int(number)
    return found


def cut_asked(
    minutes: float | None, modes: Sequence[str] | None, snap_limit_m: float, margin_km: float | None
) -> dict[str, Any]:
    """The margin as ``cut_osm`` takes it; a wrong use where it is asked for in both ways, in none, or by a mode that
    nobody knows."""
    from quarterhour.network.modes import read_modes

    if (margin_km is None) == (minutes is None and not modes):
        raise typer.BadParameter("give --minutes and --mode, or --margin-km")
    if margin_km is not None:
        return {"margin_m": margin_km * 1000}
    if minutes is None or not modes:
        raise typer.BadParameter("--minutes and --mode go together")
    for mode in modes:
        if mode not in read_modes():
            raise typer.BadParameter(f"{mode!r} is no mode: {', '.join(read_modes())}", param_hint="--mode")
    return {"minutes": minutes, "modes": [read_modes()[mode] for mode in modes], "snap_limit_m": snap_limit_m}


_WHOLE = re.compile(r"[0-9](_?[0-9]){0,30}")
_MOST = 10**15
"""As under [limits] of a study file."""


@dataclass(frozen=True)
class Given:
    """What is given beside a study: other roads, other settings, further plans, who works out travel times."""

    roads: Path | None = None
    settings: Sequence[str] = ()
    near_best: int = 0
    cluster: str = "none"

    def computing(
        self, folder: Path, lang: str, *, quiet: bool, fresh: bool = False
    ) -> AbstractContextManager[Compute | None]:
        """Who works out travel times, told unless ``quiet``; ``folder`` is where workers find the question and keep
        rows for the next run, of which ``fresh`` takes none.
        """
        from quarterhour.travel.tiles.spread import computing_at

        def tell(text: str) -> None:
            if not quiet:
                say(text, err=True)

        return computing_at(self.cluster, folder, lang=lang, tell=tell, fresh=fresh)

    def study(self, path: str) -> Study:
        """The study as it is asked."""
        from quarterhour.study.scenario.settings import parsed_setting
        from quarterhour.study.study import asking_near_best, read_study

        read = read_study(path, roads=self.roads)
        changed = read.scenario(settings=dict(map(parsed_setting, self.settings))) if self.settings else read
        return asking_near_best(changed, self.near_best) if self.near_best else changed
