"""The files of the papers, each made when it is written, what they share made once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from quarterhour.base.findings import finding, join_findings
from quarterhour.io import files
from quarterhour.report.markdown import paper_markdown
from quarterhour.report.papers.blocks import Paper
from quarterhour.report.papers.fonts import lettering
from quarterhour.report.papers.paper import PaperExtras, build_paper, demonstration_ribbon
from quarterhour.report.papers.static_maps import MapPrint, print_maps
from quarterhour.report.section import Section
from quarterhour.study.results import Results

MAPS = "maps"
"""The folder of the static maps, beside the papers."""


@dataclass(eq=False)
class Papers:
    """The papers of a run in a language. ``charts``: by question its file and its SVG."""

    results: Results
    lang: str
    sections: Sequence[Section]
    charts: Mapping[str, tuple[str, str]]
    terms: Sequence[tuple[str, str]] = ()

    @functools.cached_property
    def ribbon(self) -> str:
        return demonstration_ribbon(self.results, self.lang)

    @functools.cached_property
    def maps(self) -> list[MapPrint]:
        """The static maps; none where the study wants no papers or no font has the letters."""
        return print_maps(self.results, self.lang, ribbon=self.ribbon) if wants_papers(self.results) else []

    @functools.cached_property
    def paper(self) -> Paper:
        """The report before it is set."""
        return build_paper(self.results, self.lang, PaperExtras(self.sections, self.charts, self.maps, self.terms))

    def writers(self) -> dict[str, Callable[[Path], None]]:
        """By name of a file or folder, what writes it; Markdown alone where the study wants no papers."""
        made: dict[str, Callable[[Path], None]] = {}
        if wants_papers(self.results):
            can_draw = bool(letters(self.results, self.lang))
            made |= {MAPS: self._write_maps} if can_draw else {}
            made |= {"report.docx": self._write_word, "report.html": self._write_html}
            made |= {"leaflet.pdf": self._write_leaflet} if can_draw else {}
        return made | {"report.md": self._write_markdown}

    def _write_maps(self, folder: Path) -> None:
        folder.mkdir()
        for printed in self.maps:
            (folder / f"{printed.stem}.svg").write_bytes(printed.made.svg)
            (folder / f"{printed.stem}.png").write_bytes(printed.made.png)

    def _write_word(self, path: Path) -> None:
        from quarterhour.report.papers.word import write_word

        path.write_bytes(write_word(self.paper, self.lang))

    def _write_html(self, path: Path) -> None:
        from quarterhour.report.papers.html import write_html

        files.write_text(path, write_html(self.paper, self.lang))

    def _write_leaflet(self, path: Path) -> None:
        from quarterhour.report.papers.leaflet import write_leaflet

        title = self.paper.title
        path.write_bytes(write_leaflet(self.results, self.lang, self.maps, title=title, ribbon=self.ribbon))

    def _write_markdown(self, path: Path) -> None:
        files.write_text(path, paper_markdown(self.paper, self.lang))


def wants_papers(results: Results) -> bool:
    """Whether the study wants Word, HTML, leaflet and static maps."""
    return results.study.file.outputs.papers


def letters(results: Results, lang: str) -> tuple[str, ...]:
    """The families that pictures of a run are lettered in; none where Chinese cannot be written."""
    tables = results.inputs
    return lettering(lang, tables.towns.get("name", ()), tables.counties.get("name", ()), [results.study.name(lang)])


def with_font_finding(results: Results, lang: str) -> Results:
    """The results, and a warning with what to install where maps and leaflet cannot be lettered on this machine."""
    if not wants_papers(results) or letters(results, lang):
        return results
    told = finding("papers.no_chinese_font", severity="warning", table="papers")
    return replace(results, findings=join_findings([results.findings, told]))
