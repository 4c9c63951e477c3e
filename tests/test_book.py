"""The book: both languages show the same code, every piece of it runs, every key of a study file has words."""

from __future__ import annotations

import csv
import importlib
import io
import itertools
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import geopandas as gpd
import osmium
import pytest
import shapely
import typer
from osmium.osm import mutable
from packaging.requirements import Requirement

import quarterhour as qh
from chromium import chromium
from command import quarterhour
from conftest import write_toy_study
from quarterhour.cli import app
from quarterhour.report.layers.tables import result_layers
from quarterhour.study.file.study import StudyFile

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "docs" / "book"
PAGES = sorted(path.stem for path in (BOOK / "zh").glob("*.md"))
WITH_CODE = [name for name in PAGES if "```" in (BOOK / "zh" / f"{name}.md").read_text(encoding="utf-8")]
MADE = ("api", "glossary", "method_details", "names", "privacy", "results", "study_details", "study_keys")
MKDOCS = ROOT / ".venv" / "docs" / "bin" / "mkdocs"
FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A piece of code of a page, and the file that it is to be."""

    language: str
    file: str
    text: str


def pieces(text: str) -> list[Piece]:
    return [Piece(*found) for found in FENCE.findall(text)]


def page(code: str, name: str) -> str:
    return (BOOK / code / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as MkDocs gets them, those that are made from the program with them."""
    folder = tmp_path_factory.mktemp("book")
    make("source", folder / "made")
    return folder / "made" / "source"


def make(what: str, folder: Path) -> None:
    """``docs/book/make.py`` as `make docs` calls it, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BOOK))
        run_program(what, "docs/book/make.py", what, str(folder))


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_show_the_same_code(name: str) -> None:
    chinese, english = pieces(page("zh", name)), pieces(page("en", name))
    assert [(p.language, p.file, p.text.replace('sentences("zh")', 'sentences("en")')) for p in chinese] == [
        (p.language, p.file, p.text) for p in english
    ]


def test_both_languages_have_the_same_pages(source: Path) -> None:
    listed = re.findall(r"^  - (\w+)\.md$", (BOOK / "mkdocs.zh.yml").read_text(encoding="utf-8"), re.MULTILINE)
    for code in ("zh", "en"):
        assert listed == re.findall(r"^  - (\w+)\.md$", (BOOK / f"mkdocs.{code}.yml").read_text("utf-8"), re.MULTILINE)
        assert {path.stem for path in (source / code).glob("*.md")} == set(listed) == {*PAGES, *MADE}


@pytest.mark.parametrize("name", [name for name in WITH_CODE if name != "gallery"])  # tests/test_gallery.py
def test_every_piece_of_code_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, in a folder with the toy study as ``my-city`` and roads for the one that a page makes.

    A page that writes ``my-city`` finds none there, since it would not write over one.
    """
    monkeypatch.chdir(tmp_path)
    if "small_study('my-city')" not in page("zh", name):
        (tmp_path / "my-city").mkdir()
        write_toy_study(tmp_path / "my-city")
    if "country.osm.pbf" in page("zh", name):
        write_country()
    for piece in pieces(page("zh", name)):
        if piece.file:
            write_piece(piece)
        elif piece.language != "csv":
            RUN[piece.language](piece.text)


def write_country() -> None:
    """An extract of one road, and the province where it lies."""
    with osmium.SimpleWriter("country.osm.pbf") as writer:
        for node in (1, 2):
            writer.add_node(mutable.Node(id=node, location=(122 + node / 100, 37.5)))
        writer.add_way(mutable.Way(id=1, nodes=[1, 2], tags={"highway": "residential"}))
    province = {"code": ["37"], "geometry": [shapely.box(121, 37, 122, 38)]}
    gpd.GeoDataFrame(province, crs=4326).to_file("provinces.geojson", driver="GeoJSON")


def write_piece(piece: Piece) -> None:
    path = Path(piece.file)
    if not path.parent.exists():
        path.parent.mkdir()
        shutil.copy("my-city/roads.geojson", path.parent)
    path.write_text(piece.text, encoding="utf-8")
    if piece.language == "csv":
        assert len({len(row) for row in csv.reader(io.StringIO(piece.text))}) == 1
    else:
        tomllib.loads(piece.text)


def run_commands(text: str) -> None:
    for line in text.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), line
            continue
        if program == "python":
            run_program(line, *arguments)
        else:
            assert program == "quarterhour", line
            done = quarterhour(*arguments)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def run_program(line: str, name: str, *arguments: str) -> None:
    """A file of the repository or a line of Python, without the seconds that a new process takes."""
    if name == "-c":
        return run_python(*arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(ROOT / name), *arguments])
        try:
            runpy.run_path(str(ROOT / name), run_name="__main__")
        except SystemExit as ended:
            assert not ended.code, f"{line}\n{ended.code}"


def is_in_the_readme(text: str) -> None:
    """Windows, which tests run on elsewhere: as the README has it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text in readme


def run_python(text: str) -> None:
    exec(compile(text, "<book>", "exec"), {"__name__": "__main__"})


def part_of_a_study(text: str, folder: Path = Path("my-city")) -> None:
    """What it says stands in for the same parts of the toy study, or keys of head or question; then it is checked."""
    base = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    given = tomllib.loads(text)
    of_siting = {key: given.pop(key) for key in list(given) if key not in StudyFile.model_fields}
    first, *others = given.get("siting", base["siting"])
    head = {**base["study"], **given.pop("study", {})}
    StudyFile.model_validate({**base, **given, "study": head, "siting": [{**first, **of_siting}, *others]})


def is_taken_by_its_program(text: str) -> None:
    """Windows with dask: options of dask and of the program are taken apart as they do, lines of pip name what is here.

    What opens a port (PowerShell's own) is read by nobody here.
    """
    for line in text.splitlines():
        program, *arguments = line.split()
        name = PureWindowsPath(program).name
        if name == "dask":
            pytest.importorskip("distributed", reason="distributed is absent: install the extra `cluster`")
            made = importlib.import_module(f"distributed.cli.dask_{arguments[0]}").main
            assert made.make_context(arguments[0], arguments[1:]).params
        elif name == "quarterhour":
            is_a_command(arguments)
        elif name in ("py", "python"):
            assert all((ROOT / named).is_file() for flag, named in itertools.pairwise(arguments) if flag == "-r"), line
        else:
            assert program == "New-NetFirewallRule", line


def is_a_command(arguments: list[str]) -> None:
    """A command of ours, taken apart as the command line does."""
    name, *others = arguments
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    command.make_context(name, others, resilient_parsing=not others)


def is_about_layers(text: str) -> None:
    """DuckDB, which no test here installs: the columns that are named are those of the layer of communities."""
    results = qh.run_study(qh.read_study("my-city"), siting=False)
    assert set(re.findall(r'"([^"]+)"', text)) <= set(result_layers(results)["communities"])


RUN = {
    "sql": is_about_layers,
    "powershell": is_taken_by_its_program,
    "sh": run_commands,
    "bat": is_in_the_readme,
    "python": run_python,
    "toml": part_of_a_study,
}


def inline_commands() -> Iterator[str]:
    for code in ("zh", "en"):
        for name in PAGES:
            yield from re.findall(r"`quarterhour ([^`]+)`", FENCE.sub("", page(code, name)))


@pytest.mark.parametrize("said", sorted(set(inline_commands())))
def test_commands_in_the_text_are_commands(said: str) -> None:
    """Those that need a network or a file of the reader's are not run, but taken apart as the command line does."""
    is_a_command(shlex.split(said))


@pytest.mark.parametrize("code", ["zh", "en"])
def test_whatever_ends_a_run_on_workers_has_its_line(code: str) -> None:
    """Of each sentence some part between two values, as far as its first stop."""
    words = tomllib.loads((ROOT / "coverage/quarterhour/data/words/io/cluster.toml").read_text(encoding="utf-8"))
    text = page(code, "computers")
    for key, said in words.items():
        if key not in ("told", "told_page", "tile"):  # a tile is named in other sentences, in two letters
            first = re.split(r"[。.;；]", said[code])[0]
            parts = map(str.strip, re.split(r"\{\w+\}|[（()），,：:]", first))
            assert any(part in text for part in parts if len(part) > 3), key


def test_pip_is_told_of_hashes_or_of_this_folder_never_of_both() -> None:
    """It refuses a folder, which has none, beside requirements that have."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *BOOK.glob("*/*.md"), ROOT / "Containerfile"]
    lines = [line for path in pages for line in path.read_text(encoding="utf-8").splitlines() if "pip install" in line]
    assert len(lines) > 10
    assert not [line for line in lines if "-r requirements" in line and re.search(r"(^|\s)(-e\b|\.($|\s))", line)]


def test_every_key_of_a_study_file_is_in_the_book(source: Path) -> None:
    text = (source / "zh" / "study_keys.md").read_text(encoding="utf-8")
    for name in StudyFile.model_fields:
        assert f"| `{name}` |" in text
    assert "| `snap_limit_m` | 数 (> 0, ≤ 100,000) | `1000` |" in text
    assert "| `schema` |" in text and "schema_name" not in text
    assert '`"gcj02"`' in text and "GCJ-02" in text


def test_the_pages_that_come_from_docs_hold_parts_of_studies_alone(source: Path, toy_study: Path) -> None:
    """What they show in TOML is checked as on the book's own pages; they show nothing else."""
    for code in ("zh", "en"):
        for name in ("method_details", "privacy", "study_details"):
            text = (source / code / f"{name}.md").read_text(encoding="utf-8")
            assert text.startswith("# ")
            for piece in pieces(text):
                assert piece.language == "toml"
                part_of_a_study(piece.text, toy_study)
    assert len(pieces((source / "zh" / "study_details.md").read_text(encoding="utf-8"))) > 3


def test_sheets_layers_and_columns_are_in_the_book(source: Path) -> None:
    text = (source / "zh" / "results.md").read_text(encoding="utf-8")
    for said in ("| 拟建点 |", "`communities`", "`minutes` | 分钟", "| 数据问题 |"):
        assert said in text
    assert "{" not in re.sub(r"\{ #\w+ \}", "", text)


def test_it_is_cited_as_the_citation_file_says() -> None:
    said = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    title, licence = (re.findall(rf'^{key}: "?([^"\n]+)', said, re.MULTILINE)[0] for key in ("title", "license"))
    for code in ("zh", "en"):
        assert f"*{title}.* {licence}." in page(code, "cite")


def test_kinds_modes_and_headings_are_in_the_book(source: Path) -> None:
    text = (source / "zh" / "names.md").read_text(encoding="utf-8")
    for said in ("`day_care` | 日间照料中心", "`walk-frail`", "| 2.304 |", "`weihai-14fyp`", "村居代码", "分散供养"):
        assert said in text


def test_every_public_name_is_in_the_book(source: Path) -> None:
    import quarterhour as qh

    text = (source / "en" / "api.md").read_text(encoding="utf-8")
    for name in (*qh.__all__, *(f"siting.{n}" for n in qh.siting.__all__)):
        if name not in ("siting", "errors"):
            assert f"# qh.{name} {{" in text, name


def test_what_the_book_is_built_with_is_pinned_and_names_no_host() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "requirements-docs.txt").read_text(encoding="utf-8")
    assert "://" not in text and "index-url" not in text
    pinned = {r.name: r for r in map(Requirement, re.findall(r"^[a-z0-9][^\\\n]*", text, re.MULTILINE))}
    for needed in map(Requirement, project["optional-dependencies"]["docs"]):
        version = str(pinned[needed.name].specifier).removeprefix("==")
        assert needed.specifier.contains(version)
    assert text.count("--hash=sha256:") >= len(pinned)


def built(source: Path, code: str) -> subprocess.CompletedProcess[str]:
    """As `make docs` builds a language; never with --quiet, which counts no warning."""
    command = [str(MKDOCS), "build", "--strict", "-f", str(source / f"mkdocs.{code}.yml")]
    assert "mkdocs build --strict\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_a_broken_link_stops_the_build(source: Path, site: Path, tmp_path: Path) -> None:
    assert site.is_dir()
    copy = Path(shutil.copytree(source, tmp_path / "source"))
    with (copy / "en" / "map.md").open("a", encoding="utf-8") as out:
        out.write("\n[a](data.md#nowhere) [b](gone.md) ![c](pictures/none.png)\n")
    (copy / "mkdocs.links.yml").write_text("INHERIT: mkdocs.en.yml\nplugins: []\n")  # its search takes longest
    done = built(copy, "links")
    assert done.returncode != 0 and all(said in done.stderr for said in ("#nowhere", "gone.md", "none.png"))


@pytest.fixture(scope="module")
def site(source: Path) -> Path:
    """The book as `make docs` builds it: no warning, no broken link."""
    if not MKDOCS.exists():
        pytest.skip("`make docs` has not been run here: no .venv/docs")
    for code in ("zh", "en"):
        done = built(source, code)
        assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
    make("zip", source.parent)
    return source.parent / "site"


@pytest.fixture(scope="module")
def unpacked(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has: the zip, unpacked somewhere."""
    folder = tmp_path_factory.mktemp("book") / "使用 手册"
    zipfile.ZipFile(site.parent / "quarterhour-book.zip").extractall(folder)
    return folder / "quarterhour-book"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.mark.browser
@pytest.mark.parametrize(
    ("start", "word", "first"),
    [
        ("", "换算", "data.html#datums"),
        ("", "GCJ-02", "data.html#datums"),
        ("", "术语", "glossary.html"),
        ("en/", "GCJ-02", "data.html#datums"),
        ("en/", "换算", "data.html"),
    ],
)
def test_the_book_is_searched_from_a_folder_without_a_request(
    unpacked: Path, browser: Any, start: str, word: str, first: str
) -> None:
    with browser.new_context(offline=True) as reader:
        tab = reader.new_page()
        tab.set_default_timeout(0)  # the test's own time-out holds
        trouble: list[str] = []
        tab.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: trouble.append(str(error)))
        tab.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else trouble.append(r.url))
        tab.goto((unpacked / start / "index.html").as_uri())
        found = _searched(tab, word)
        assert first.partition("#")[0] in found[0] and any(first in link for link in found), found
        assert not trouble


def _searched(tab: Any, word: str) -> list[str]:
    tab.click("[data-md-component=search-query]")
    tab.wait_for_function(
        "/Type to start|键入以开始/.test(document.querySelector('.md-search-result__meta').textContent)"
    )
    tab.keyboard.type(word)
    tab.keyboard.press("End")  # Chinese comes without keys of its own
    tab.wait_for_selector(".md-search-result__item")
    links = [one.get_attribute("href") for one in tab.query_selector_all(".md-search-result__link")]
    return [re.sub(r"\?[^#]*", "", link) for link in links]


def test_the_packed_book_is_one_folder_of_the_same_bytes(site: Path) -> None:
    packed = site.parent / "quarterhour-book.zip"
    held = []
    for _ in range(2):
        make("zip", site.parent)
        held.append(packed.read_bytes())
    assert held[0] == held[1]
    names = zipfile.ZipFile(packed).namelist()
    assert {"quarterhour-book/index.html", "quarterhour-book/en/index.html"} <= set(names)
    assert not any(name.endswith((".gz", ".map")) for name in names)
