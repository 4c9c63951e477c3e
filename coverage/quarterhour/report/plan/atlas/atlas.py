"""The atlas: every sheet drawn, side by side in two processes where that is quicker."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from quarterhour.base.machine.stop import deaf, end_with_parent
from quarterhour.report.papers.fonts import lettering
from quarterhour.report.plan.atlas.city_sheets import city_sheets
from quarterhour.report.plan.atlas.draw import Drawing, draw_sheet
from quarterhour.report.plan.atlas.ground import AtlasGround, build_atlas_ground
from quarterhour.report.plan.atlas.sheet import Imprint, Sheet
from quarterhour.report.plan.atlas.town_sheets import town_atlas, town_sheets
from quarterhour.report.plan.text import PlanContent, plan_title
from quarterhour.report.section import say_of

_say = partial(say_of, "plan_sheets")
_WORTH_PROCESSES = 12
"""Sheets from which another process is worth its start."""


def atlas_fonts(content: PlanContent) -> tuple[str, ...]:
    """The families that the sheets are lettered in; none where no font of this machine has the letters."""
    tables = content.told.results.inputs
    return lettering(content.told.lang, tables.towns.get("name", ()), tables.counties.get("name", ()),
                     tables.communities.get("name", ()))  # fmt: skip


def atlas_sheets(content: PlanContent) -> tuple[int, Iterator[Sheet]]:
    """How many sheets there are, and each of them: those of the whole, then a sheet a town."""
    ground = build_atlas_ground(content.told.results.inputs)
    imprint = _imprint(content, ground)
    whole = city_sheets(content, ground, imprint)
    towns = town_sheets(town_atlas(content, ground, imprint, len(whole) + 1))
    return len(whole) + len(content.filling.rows["towns"]), itertools.chain(whole, towns)


def _imprint(content: PlanContent, ground: AtlasGround) -> Imprint:
    from pyproj import CRS

    told, figures = content.told, content.filling.figures
    source = _say("source", told.lang, study=told.results.study.name(told.lang), day=figures["day"])
    crs = _say("crs", told.lang, name=f"{CRS.from_user_input(ground.crs).name} ({ground.crs})")
    return Imprint(plan_title(told), source, crs, figures["demonstration"])


def draw_atlas(sheets: Iterable[Sheet], count: int, fonts: tuple[str, ...], *, processes: int = 1) -> Iterator[
    tuple[Sheet, Drawing]
]:  # fmt: skip
    """Each sheet with its drawing, in order; the bytes are the same however many processes draw."""
    if processes < 2 or count < _WORTH_PROCESSES:
        for sheet in sheets:
            yield sheet, draw_sheet(sheet, fonts)
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=end_with_parent)
    under_way: deque[tuple[Sheet, Future[Drawing]]] = deque()
    try:
        for sheet in sheets:
            with deaf():  # a process that starts now is born deaf, and prints nothing at Ctrl-C
                under_way.append((sheet, pool.submit(draw_sheet, sheet, fonts)))
            while len(under_way) > 2 * processes:
                done, future = under_way.popleft()
                yield done, future.result()
        for done, future in under_way:
            yield done, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
