"""The papers: one model, set as Word, HTML and Markdown; the leaflet; the static maps."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from docx.oxml.ns import qn

import quarterhour as qh
from quarterhour.base import i18n
from quarterhour.base.labels import percent
from quarterhour.report.papers import fonts
from quarterhour.report.papers.blocks import Counter, Grid, Heading, Paper, Paragraph, Points, Sources, cell_text
from quarterhour.report.papers.ground import build_ground, points_of
from quarterhour.report.papers.html import write_html
from quarterhour.report.papers.leaflet import _sentences, write_leaflet
from quarterhour.report.papers.map_labels import pushed_apart
from quarterhour.report.papers.paper import PaperExtras, build_paper
from quarterhour.report.papers.static_maps import file_stem, print_maps
from quarterhour.report.papers.word import write_word
from quarterhour.report.papers.writers import Papers, with_font_finding
from quarterhour.report.section import area_names, circle_name
from quarterhour.report.tables import by_area, site_table
from quarterhour.study.results import Results

HOSTILE = "=1+1 |<script>alert(1)</script>[x](http://evil) {{ 7*7 }} $x_1$ #eval(1)\x07\n# head"
AS_TEXT = "=1+1 |<script>alert(1)</script>[x](http://evil) {{ 7*7 }} $x_1$ #eval(1) # head"
needs_font = pytest.mark.skipif(fonts.chinese_font() is None, reason="no Chinese font on this machine")


@pytest.fixture(scope="module")
def town(toy_run: qh.Results) -> Results:
    """The toy town with outlines, counties and papers asked for."""
    land = shapely.box(399_000, 4_149_000, 405_000, 4_151_500)
    areas = {"geometry": [land], "crs": "EPSG:32651"}
    towns = gpd.GeoDataFrame({"name": ["大水泊镇"], "county": ["c1"]}, index=pd.Index(["t1"], name="id"), **areas)
    counties = gpd.GeoDataFrame({"name": ["文登区"]}, index=pd.Index(["c1"], name="id"), **areas)
    file = toy_run.study.file
    wanted = file.model_copy(update={"outputs": file.outputs.model_copy(update={"papers": True})})
    inputs = replace(toy_run.inputs, towns=towns, counties=counties)
    return replace(toy_run, inputs=inputs, study=replace(toy_run.study, file=wanted))


def paper_of(results: Results, lang: str = "zh") -> Paper:
    return build_paper(results, lang, PaperExtras())


def document(paper: Paper, lang: str = "zh") -> Any:
    return docx.Document(io.BytesIO(write_word(paper, lang)))


def word_tables(doc: Any) -> dict[str, pd.DataFrame]:
    """The tables of a document by their captions, as texts."""
    found, caption = {}, ""
    for part in doc.element.body.iterchildren():
        if part.tag == qn("w:p"):
            caption = "".join(t.text or "" for t in part.iter(qn("w:t")))
        elif part.tag == qn("w:tbl"):
            rows = [["".join(t.text or "" for t in cell.iter(qn("w:t"))) for cell in row.iter(qn("w:tc"))]
                    for row in part.iter(qn("w:tr"))]  # fmt: skip
            found[re.sub(r"^\D+?\d+[\s　.]+", "", caption)] = pd.DataFrame(rows[1:], columns=rows[0])
    return found


class _Page(HTMLParser):
    """Tables of a page by their captions, its tags and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.tables: dict[str, pd.DataFrame] = {}
        self.words: list[str] = []
        self._rows: list[list[str]] = []
        self._at = ""
        self.feed(text)

    def handle_starttag(self, tag: str, _: Any) -> None:
        self.tags.append(tag)
        self._at = tag
        if tag == "table":
            self._rows, self._caption = [], ""
        if tag == "tr":
            self._rows.append([])
        if tag in ("td", "th"):
            self._rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._at in ("td", "th"):
            self._rows[-1][-1] += data
        if self._at == "caption":
            self._caption = re.sub(r"^\D+?\d+[\s　.]+", "", data)

    def handle_endtag(self, tag: str) -> None:
        self._at = ""
        if tag == "table":
            self.tables[self._caption] = pd.DataFrame(self._rows[1:], columns=self._rows[0])


# --- the same numbers everywhere -------------------------------------------------------------------


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_word_and_html_show_the_same_tables(town: Results, lang: str) -> None:
    paper = paper_of(town, lang)
    word, page = word_tables(document(paper, lang)), _Page(write_html(paper, lang)).tables
    assert list(word) == list(page) and len(word) >= 5
    for caption, table in word.items():
        assert table.columns.tolist() == page[caption].columns.tolist()
        assert table.to_numpy().tolist() == page[caption].to_numpy().tolist()


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_counties_in_word_and_html_equal_those_of_the_workbook(weihai_run: Results, lang: str) -> None:
    book = by_area(weihai_run.checks, "county", area_names(weihai_run), lang)
    share, outside = (i18n.say(f"report.col_{key}", lang) for key in ("share_people_share", "people_outside"))
    paper = paper_of(weihai_run, lang)
    for tables in (word_tables(document(paper, lang)), _Page(write_html(paper, lang)).tables):
        shown = tables[i18n.say("report.by_county", lang)]
        assert shown.iloc[:, 0].tolist() == of_book(book, "name").tolist() and len(shown) == 5
        for check in weihai_run.checks:
            of, circle = circle_name(check, lang), check.circle.name(lang)
            assert shown[f"{circle} {share}"].tolist() == [percent(v) for v in of_book(book, "share_people_share", of)]
            left = of_book(book, "people", of) - of_book(book, "people_met", of)
            assert shown[f"{circle} {outside}"].tolist() == [f"{n:,}" for n in left]


def of_book(book: pd.DataFrame, key: str, of: str = "") -> pd.Series:
    """A column of a table of the workbook by its key and what it is of."""
    return book[next(c for c in book if str(c).startswith(f"{key}@{of}\t" if of else f"{key}\t"))]


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_sites_in_word_and_html_equal_those_of_the_workbook(weihai_run: Results, lang: str) -> None:
    paper = paper_of(weihai_run, lang)
    word, page = word_tables(document(paper, lang)), _Page(write_html(paper, lang)).tables
    for p in weihai_run.proposals:
        book = site_table([p], area_names(weihai_run), lang)
        caption = i18n.say("papers.sites_of", lang, name=p.name(lang))
        for shown in (word[caption], page[caption]):
            assert len(shown) == min(len(book), 40) and len(shown.columns) == 6
            for head in (i18n.say(f"report.col_{key}", lang) for key in ("order", "name", "town", "county")):
                column = next(c for c in book if str(c).endswith(f"\t{head}"))
                assert shown[head].tolist() == [cell_text(v, "") for v in book[column]][: len(shown)]


def test_the_summary_tells_who_how_many_where_and_what_closes_it(weihai_run: Results) -> None:
    text = "\n".join(b.text for b in paper_of(weihai_run).summary if isinstance(b, Paragraph))
    for check in weihai_run.checks:
        row = check.shares[check.shares["level"] == "city"].iloc[0]
        assert f"{int(row['people']):,} 人" in text and percent(row["share_people"]) in text
        assert f"圈外 {int(row['people'] - row['people_met']):,} 人" in text
    for p in weihai_run.proposals:
        assert f"{p.name('zh')}：新增 {len(p.plan.chosen)} 处" in text and f"{p.plan.covered:,}" in text
    assert "文登区" in text and "示例（模拟）数据" in text
    assert len(text) < 900, "half a page"


def test_every_table_of_word_has_at_most_six_columns(weihai_run: Results) -> None:
    from quarterhour.report.write import build_report_parts

    parts = build_report_parts(weihai_run, "zh")
    paper = build_paper(weihai_run, "zh", PaperExtras(parts.sections))
    assert max(len(t.columns) for t in word_tables(document(paper)).values()) == 6


# --- Word -----------------------------------------------------------------------------------------


def test_word_gets_east_asian_fonts_a4_repeated_heads_whole_rows_and_fields(town: Results) -> None:
    doc = document(paper_of(town))
    fonts_of = {name: doc.styles[name].element.rPr.rFonts.get(qn("w:eastAsia")) for name in ("Normal", "Heading 1")}
    assert fonts_of == {"Normal": "宋体", "Heading 1": "黑体"}
    assert (doc.sections[0].page_width.cm, doc.sections[0].page_height.cm) == pytest.approx((21.0, 29.7), abs=0.01)
    for table in doc.tables:
        rows = list(table._tbl.iter(qn("w:tr")))
        assert rows[0].find(f".//{qn('w:tblHeader')}") is not None
        assert all(row.find(f".//{qn('w:cantSplit')}") is not None for row in rows)
    text = doc.element.xml
    assert 'TOC \\o "1-2"' in text and "SEQ 表" in text
    assert "PAGE" in doc.sections[0].footer._element.xml


def test_headings_are_counted_as_offices_count_them() -> None:
    zh, en = Counter("zh"), Counter("en")
    rows = [Heading("a"), Heading("b", 2), Heading("c", 2), Heading("d"), Heading("e", annex=True)]
    assert [zh.heading(h) for h in rows] == ["一、a", "（一）b", "（二）c", "二、d", "附件1　e"]
    assert [en.heading(h) for h in rows] == ["1. a", "b", "c", "2. d", "Annex 1. e"]
    many = Counter("zh")
    assert [many.heading(Heading("x")) for _ in range(21)][9:] == [
        f"{n}、x"
        for n in ("十", "十一", "十二", "十三", "十四", "十五", "十六", "十七", "十八", "十九", "二十", "二十一")
    ]


def test_a_document_is_cited_once_with_all_its_clauses() -> None:
    sources = Sources()
    marks = [sources.cite(*c) for c in (("a", "plan", "2021"), ("b", "plan", "2021"), ("c", "law", ""), ("", "", ""))]
    assert marks == ["[1]", "[1]", "[2]", ""]
    assert sources.listed("en") == ("plan · 2021: a; b", "law: c")


def test_the_same_results_give_the_same_bytes(town: Results) -> None:
    one, two = (write_word(paper_of(town), "zh") for _ in range(2))
    assert one == two and write_html(paper_of(town), "zh") == write_html(paper_of(town), "zh")
    with zipfile.ZipFile(io.BytesIO(one)) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


# --- hostile names --------------------------------------------------------------------------------


def hostile(results: Results) -> Results:
    """The same town with names that nobody should have."""
    inputs = results.inputs
    renamed = {t: getattr(inputs, t).assign(name=HOSTILE) for t in ("communities", "towns", "counties", "facilities")}
    circles = tuple(
        replace(c, circle=replace(c.circle, zh=HOSTILE, en=HOSTILE, clause=HOSTILE)) for c in results.checks
    )
    plans = tuple(replace(p, zh=HOSTILE, en=HOSTILE, sites=p.sites.assign(name=HOSTILE)) for p in results.proposals)
    return replace(results, inputs=replace(inputs, **renamed), checks=circles, proposals=plans)


def test_hostile_names_are_text_in_word(town: Results) -> None:
    doc = document(paper_of(hostile(town)))
    assert any(AS_TEXT in p.text for p in doc.paragraphs)
    fields = [f.get(qn("w:instr")) or "" for f in doc.element.iter(qn("w:fldSimple"))]
    assert all(re.fullmatch(r" SEQ \S+ \\\* ARABIC ", f) for f in fields)
    assert not [r for r in doc.part.rels.values() if r.is_external]


def test_hostile_names_are_text_in_html(town: Results) -> None:
    text = write_html(paper_of(hostile(town)), "zh")
    page = _Page(text)
    assert "script" not in page.tags and "a" in page.tags and "<script" not in text and "{{" not in text
    assert any(AS_TEXT in words for words in page.words)
    assert "default-src 'none'" in text and "http" not in re.sub(r"&#\d+;|http-equiv|http://evil", "", text)


@needs_font
def test_hostile_names_are_text_on_maps_and_leaflet(town: Results) -> None:
    results = hostile(town)
    maps = print_maps(results, "zh")
    assert maps and not any(b"script" in m.made.svg or b"alert" in m.made.svg for m in maps)
    assert all(ElementTree.fromstring(m.made.svg).tag.endswith("svg") for m in maps)
    pdf = write_leaflet(results, "zh", maps, title=HOSTILE, ribbon="")
    assert pdf.startswith(b"%PDF") and b"/JavaScript" not in pdf and b"/URI" not in pdf


# --- maps -----------------------------------------------------------------------------------------


@needs_font
def test_a_run_has_a_map_of_each_gap_of_towns_of_sites_and_of_what_stands(town: Results) -> None:
    one, two = (print_maps(town, "zh", ribbon="示例（模拟）数据") for _ in range(2))
    assert [m.kind for m in one] == ["gap", "gap", "towns", "towns", "sites", "facilities"]
    assert [m.stem for m in one][-2:] == ["sites-centres", "facilities"]
    assert [m.made for m in one] == [m.made for m in two]
    assert all(b"<dc:date>" not in m.made.svg and m.made.png.startswith(b"\x89PNG") for m in one)


@needs_font
def test_chinese_is_lettered_in_simplified_forms() -> None:
    """A collection of fonts holds Japanese forms first; the bone of 骨 shows which was taken."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    face = fonts.chinese_font()
    assert face is not None and face.family in fonts.CHINESE
    ours = TextPath((0, 0), "骨直", size=20, prop=FontProperties(family=face.family))
    assert len(ours.vertices) > 20
    if face.family == "Noto Sans CJK SC":
        japanese = TextPath((0, 0), "骨直", size=20, prop=FontProperties(family="Noto Sans CJK JP"))
        assert ours.vertices.shape != japanese.vertices.shape or not np.allclose(ours.vertices, japanese.vertices)


def test_without_a_chinese_font_papers_are_whole_and_say_what_to_install(
    town: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    assert fonts.lettering("zh") == () and fonts.lettering("en") == ("DejaVu Sans",)
    assert fonts.lettering("en", ["文登区"]) == ()
    told = with_font_finding(town, "zh")
    assert told.findings["rule"].tolist()[-1] == "papers.no_chinese_font"
    papers = Papers(told, "zh", (), {})
    assert set(papers.writers()) == {"report.docx", "report.html", "report.md"} and papers.maps == []
    text = "".join(p.text for p in document(papers.paper).paragraphs)
    assert "fonts-noto-cjk" in text and not document(papers.paper).inline_shapes


def test_names_of_files_hold_nothing_that_a_system_forbids() -> None:
    assert file_stem("gap", "a/b\\c:d*e 中") == "gap-a-b-c-d-e-中" and file_stem("facilities", "") == "facilities"


def test_marks_on_one_spot_are_moved_apart_the_same_each_time() -> None:
    spots = np.array([[0.0, 0.0], [0.0, 0.0], [10.0, 0.0], [5000.0, 0.0]])
    moved = pushed_apart(spots, 100.0)
    gaps = shapely.distance(shapely.points(moved)[:, None], shapely.points(moved)[None])
    assert gaps[~np.eye(4, dtype=bool)].min() > 80 and np.array_equal(moved, pushed_apart(spots, 100.0))
    assert np.hypot(*(moved[3] - spots[3])) < 1


def test_a_map_holds_every_community_and_keeps_proportions(town: Results) -> None:
    ground = build_ground(town.inputs)
    points = points_of(town.inputs.communities, ground.crs)
    west, south, east, north = ground.window
    assert (points > [west, south]).all() and (points < [east, north]).all()
    assert (north - south) / (east - west) == pytest.approx(ground.height_cm / 16.5)


@needs_font
def test_a_large_city_keeps_its_dots_as_a_picture(town: Results) -> None:
    """27,680 communities as single marks would make a map of ten megabytes."""
    rng = np.random.default_rng(1)
    many = 27_680
    x, y = rng.uniform(400_000, 404_000, many), rng.uniform(4_149_500, 4_151_000, many)
    ids = pd.Index([f"c{i}" for i in range(many)], name="id")
    homes = gpd.GeoDataFrame({"name": "村", "older": 1, "hardship": 1}, geometry=gpd.points_from_xy(x, y), index=ids,
                             crs="EPSG:32651")  # fmt: skip
    check = town.checks[0]
    judged = check.communities.iloc[np.arange(many) % len(check.communities)].set_axis(ids)
    large = replace(town, inputs=replace(town.inputs, communities=homes), proposals=(),
                    checks=(replace(check, communities=judged),))  # fmt: skip
    gap = next(m for m in print_maps(large, "zh") if m.kind == "gap")
    assert len(gap.made.svg) < 2_000_000 and len(gap.made.png) < 1_000_000


# --- leaflet and files ----------------------------------------------------------------------------


@needs_font
def test_the_leaflet_is_one_page_whose_text_can_be_selected(town: Results, tmp_path: Path) -> None:
    maps = print_maps(town, "zh")
    one, two = (write_leaflet(town, "zh", maps, title="玩具镇", ribbon="示例（模拟）数据") for _ in range(2))
    assert one == two and len(re.findall(rb"/Type\s*/Page\b", one)) == 1
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is absent")
    (tmp_path / "leaflet.pdf").write_bytes(one)
    done = subprocess.run(["pdftotext", tmp_path / "leaflet.pdf", "-"], capture_output=True, check=True)
    text = done.stdout.decode("utf-8")
    for check in town.checks:
        assert check.circle.zh in text and percent(check.share()) in text
    assert "文登区" in text and "新增 1 处" in text


@pytest.mark.parametrize(("plans", "told", "more"), [(4, 4, False), (5, 5, False), (7, 5, True)])
def test_the_leaflet_tells_each_plan_or_how_many_more(town: Results, plans: int, told: int, more: bool) -> None:
    (one,) = town.proposals
    many = replace(town, proposals=tuple(replace(one, id=f"p{k}") for k in range(plans)), scorecards={})
    said = _sentences(many, (), "zh")
    assert len(said) == told + more and ("另有 2 项选址方案" in said[-1]) == more


@needs_font
def test_papers_are_written_again_over_those_of_an_earlier_run(town: Results, tmp_path: Path) -> None:
    for _ in range(2):
        qh.write_results(town, tmp_path)
    assert {"report.docx", "report.html", "leaflet.pdf", "report.md"} <= {p.name for p in tmp_path.iterdir()}
    assert len(list((tmp_path / "maps").iterdir())) == 12 and not list(tmp_path.rglob("*.new"))
    linked = re.findall(r"\]\((maps/[^)]+)\)", (tmp_path / "report.md").read_text(encoding="utf-8"))
    assert linked and all((tmp_path / name).is_file() for name in linked)


def test_a_study_may_do_without_papers(toy_run: qh.Results) -> None:
    assert not toy_run.study.file.outputs.papers
    assert set(Papers(toy_run, "zh", (), {}).writers()) == {"report.md"}


def blocks_of(paper: Paper, kind: type) -> Iterator[Any]:
    return (block for block in paper.blocks() if isinstance(block, kind))


def test_a_report_without_circles_or_plans_can_be_set(town: Results) -> None:
    bare = replace(town, checks=(), compare=(), ranges=(), scorecards={}, proposals=())
    paper = paper_of(bare)
    assert [g.caption for g in blocks_of(paper, Grid)] == ["数据质量"] and list(blocks_of(paper, Points))
    assert len(document(paper).tables) == 1 and "<table>" in write_html(paper, "zh")


def test_of_many_sites_those_keep_a_number_whose_discs_cover_no_earlier_one() -> None:
    from quarterhour.report.papers.static_maps import _apart

    assert _apart(np.array([[0.0, 0.0], [0.2, 0.0], [0.5, 0.0], [5.0, 5.0], [0.0, 0.1]])).tolist() == [0, 2, 3]
