"""What the command ``cut`` does: an extract into pieces, and a line for each. Exit 1: an area without roads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quarterhour.base import i18n
from quarterhour.cli.console import progress, say, spoken


def cut_extract(
    extract: Path, areas: Path, column: str, out: Path, asked: dict[str, Any], *, lang: str, quiet: bool
) -> None:
    """Read the areas, cut, say what came of it; exit 1 where an area has no road."""
    from quarterhour.io.osm.cut import cut_osm, read_areas

    told_in = spoken(lang)
    with progress(quiet) as tell:
        said: set[str] = set()

        def heard(step: str, share: float | None) -> None:
            text = i18n.say(f"cli.cut_{step}", told_in, file=extract.name)
            if tell and step not in said:
                tell(text)
            said.add(step)
            if tell and share is not None:
                tell(text, share)

        made = cut_osm(extract, read_areas(areas, column), out, tell=heard, **asked)
    for one in made.reset_index().to_dict("records"):
        key = "cli.cut_piece" if one["file"] else "cli.cut_no_road"
        say(i18n.say(key, told_in, area=one["id"], file=one["file"], ways=f"{one['ways']:,}"), err=not one["file"])
    pieces, margin = int((made["file"] != "").sum()), f"{made['margin_m'].max() / 1000:,.1f}"
    say(i18n.say("cli.cut_done", told_in, folder=out, pieces=pieces, margin=margin))
    if pieces < len(made):
        raise SystemExit(1)
