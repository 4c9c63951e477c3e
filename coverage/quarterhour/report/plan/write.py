"""The files of a layout plan, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from quarterhour.base.errors import StudyError
from quarterhour.io import files, sets
from quarterhour.report.papers.word import write_word
from quarterhour.report.plan.atlas.atlas import atlas_fonts, atlas_sheets, draw_atlas
from quarterhour.report.plan.atlas.earlier import clear_old_sheets
from quarterhour.report.plan.book import write_plan_book
from quarterhour.report.plan.layers import Layers, field_table, layer_dresses, plan_layers
from quarterhour.report.plan.template import parse_template
from quarterhour.report.plan.text import PAPERS, PlanContent, plan_content, plan_paper, plan_title
from quarterhour.report.plan.told import told_of
from quarterhour.report.section import say_of
from quarterhour.study.layout.groups import plan_groups, template_text, templates_folder
from quarterhour.study.layout.layout import make_layout
from quarterhour.study.progress import RunProgress, no_progress
from quarterhour.study.provenance import manifest
from quarterhour.study.results import Results
from quarterhour.study.run import publishable
from quarterhour.study.study import Study

PARTS = ("text", "tables", "atlas", "layers")
_FILES_OF = {
    "text": tuple(f"{name}.docx" for name in PAPERS),
    "tables": ("tables.xlsx",),
    "atlas": ("atlas/*",),
    "layers": ("layers.gpkg", "shapefiles/*"),
}
_say = partial(say_of, "plan_write")


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """What was written: the files, and the parts that could not be made on this machine (``atlas``: no font).

    ``account``: what became of other files that lay there.
    """

    paths: tuple[Path, ...]
    left_out: tuple[str, ...] = ()
    account: sets.Account = field(default_factory=sets.Account)


def write_plan(
    results: Results,
    out: str | Path,
    *,
    lang: str = "zh",
    parts: Sequence[str] = PARTS,
    templates: Path | None = None,
    processes: int = 1,
    tell: RunProgress | None = None,
    told_in: str | None = None,
) -> PlanFiles:
    """The layout plan of a run into a folder: ``text.docx``, ``explanation.docx``, ``tables.xlsx``, ``atlas/``,
    ``layers.gpkg`` and ``shapefiles/``.

    ``parts``: of ``PARTS`` those that are written. ``templates``: a folder whose files stand in for the study's and the
    program's. ``processes``: that draw the atlas; more than one only where the caller's own module may be imported
    again (behind ``if __name__ == "__main__"``). ``told_in``: the language of ``tell``, where
    it is another. All files take their places together at the end, and sheets of an earlier atlas that this one has
    not are cleared away; the same study gives the same bytes. StudyError for a template
    that cannot be meant, WriteError for a file that somebody holds.
    """
    with sets.holding(out):
        older = not (Path(out) / sets.MANIFEST).is_file()
        results, step = publishable(results, lang), stepping(tell, told_in or lang)
        with sets.one_set(out) as handing:
            made = grow_plan(results, handing, step, lang=lang, parts=parts, templates=templates, processes=processes)
        placed = tuple(Path(out) / path for path in made.paths)
        if older and "atlas" in parts and not made.left_out:  # of before there was a list of what was written
            clear_old_sheets(Path(out) / "atlas", set(placed))
    return PlanFiles(placed, made.left_out, handing.account)


Step = Callable[..., None]
"""Called with a step's key, the share done, and what fills its sentence."""


def stepping(tell: RunProgress | None, lang: str) -> Step:
    """Steps told in a language; nobody need listen."""
    said = tell or no_progress
    return lambda key, share=None, **values: said(_say(key, lang, **values), share)


def grow_plan(
    results: Results, handing: sets.Handing, step: Step, *, where: str = "", lang: str = "zh",
    parts: Sequence[str] = PARTS, templates: Path | None = None, processes: int = 1,
) -> PlanFiles:  # fmt: skip
    """The layout plan of results that may be published, as part of a set, in its folder ``where``, with a manifest.

    Parts that are not written, or cannot be, stay as an earlier run wrote them, and the manifest says of which run.
    """
    growing, folder = handing.growing / where, templates_folder(results.study, templates)
    content = plan_content(told_of(results, make_layout(results, folder), lang))
    growing.mkdir(exist_ok=True)
    left_out = _write_parts(content, growing, parts, folder, processes, step)
    made = sorted(path.relative_to(handing.growing) for path in growing.rglob("*") if path.is_file())
    stays = [name for part in PARTS if part not in parts or part in left_out for name in _FILES_OF[part]]
    handing.manifest({**manifest(results, lang), "parts": list(parts)}, where=where, keeps=stays)
    return PlanFiles((*made, Path(where) / sets.MANIFEST), left_out)


def check_parts(parts: Sequence[str]) -> None:
    """StudyError for a part that nobody knows."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise StudyError("plan_write.unknown_part", given=unknown[0], known=", ".join(PARTS))


def check_templates(study: Study, lang: str, folder: Path | None) -> None:
    """StudyError before the run, not after it, for a template that is not written as templates are."""
    plan_groups(study, folder)
    for name in PAPERS:
        parse_template(*template_text(f"{name}.{lang}.txt", folder))


def _write_parts(
    content: PlanContent, growing: Path, parts: Sequence[str], templates: Path | None, processes: int, step: Step
) -> tuple[str, ...]:
    lang = content.told.lang
    if "text" in parts:
        for name in PAPERS:
            step(f"step_{name}")
            (growing / f"{name}.docx").write_bytes(write_word(plan_paper(content, name, templates), lang))
    layers = plan_layers(content.told) if {"tables", "layers"} & set(parts) else {}
    if "tables" in parts:
        step("step_tables")
        _write_tables(content, layers, growing / "tables.xlsx")
    if "layers" in parts:
        step("step_layers")
        _write_layers(content, layers, growing)
    if "atlas" in parts:
        return _write_atlas(content, growing / "atlas", processes, step)
    return ()


def _write_tables(content: PlanContent, layers: Layers, path: Path) -> None:
    told = content.told
    tables = (*content.tables, field_table(told, layers))
    write_plan_book(path, tables, title=plan_title(told), lang=told.lang,
                    warning=content.filling.figures["demonstration"])  # fmt: skip


def _write_layers(content: PlanContent, layers: Layers, growing: Path) -> None:
    files.write_layers(growing / "layers.gpkg", layers, dresses=layer_dresses(content.told, layers))
    (growing / "shapefiles").mkdir()
    files.write_shapefiles(growing / "shapefiles", layers)


def _write_atlas(content: PlanContent, folder: Path, processes: int, step: Step) -> tuple[str, ...]:
    """A PDF and a PNG a sheet; nothing where no font of this machine has the letters."""
    fonts = atlas_fonts(content)
    if not fonts:
        return ("atlas",)
    (folder / "towns").mkdir(parents=True)
    count, sheets = atlas_sheets(content)
    step("step_atlas", count=count)
    for place, (sheet, drawing) in enumerate(draw_atlas(sheets, count, fonts, processes=processes), start=1):
        step("step_sheet", place / count, place=place, count=count, title=sheet.title)
        (folder / f"{sheet.stem}.pdf").write_bytes(drawing.pdf)
        (folder / f"{sheet.stem}.png").write_bytes(drawing.png)
    return ()
