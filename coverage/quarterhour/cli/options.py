"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quarterhour.base import i18n

StudyPath = Annotated[str, typer.Argument(metavar="STUDY", help="A study.toml, or the folder it is in.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the results.")]
_ROADS_HELP = "Roads to use instead of the study's: a vector file, an OSM extract, GraphML."
Roads = Annotated[Path | None, typer.Option("--roads", help=_ROADS_HELP)]
Lang = Annotated[str, typer.Option("--lang", help="zh or en.", metavar="zh|en", callback=lambda v: _language(v))]
PLAN_HELP = "A choice of sites saved by the map page: counted again, held against its question, compared with the best."
_AGAINST_HELP = "Results folder of an earlier run to compare scorecard and plans with."
COMPARE_HELP = "Another RESULTS or plan.json of the same communities: who gains, who loses, who goes where."
Against = Annotated[Path | None, typer.Option("--against", help=_AGAINST_HELP)]
Fresh = Annotated[bool, typer.Option("--fresh", help="Build the road networks anew instead of taking kept ones.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
ONLY_HELP, TEMPLATES_HELP = "text, tables, atlas, layers; several at commas.", "Folder of templates of your own."
_VERBOSE_HELP = "Tell also what the program does inside: kept networks, plans on the way, each file."
Verbose = Annotated[bool, typer.Option("--verbose", help=_VERBOSE_HELP)]


def _language(value: str) -> str:
    if value not in i18n.LANGUAGES:
        raise typer.BadParameter(f"{value!r} is not zh or en")
    return value
