"""The panel that tries other sites: what it says, takes back, hands on in a link and a file, and refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import quarterhour as qh
from chromium import HOSTILE, chromium
from conftest import write_toy_study
from quarterhour.base import i18n
from quarterhour.base.errors import QuarterhourError
from quarterhour.cli import app
from quarterhour.report.write import meeting_map

BIG = ".qh-try .qh-big"
MIDDLE_OF = """(i) => {
  const people = quarterhourPicture.communities, map = Object.values(window).find((v) => v instanceof L.Map);
  map.setView([people.y[i], people.x[i]], 15, { animate: false });
  const box = map.getContainer().getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""
"""The map around a community, and where that then lies on the screen."""
OURS = "#w=1~{check}~home-care-circle~a~"
PLAIN = "~0,15,0,100,,"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


class Page:
    """The map page in a browser cut off from any network, its panel open."""

    def __init__(self, browser: Any, file: Path, link: str = "") -> None:
        self.context = browser.new_context(offline=True, viewport={"width": 1366, "height": 900}, accept_downloads=True)
        self.tab, self.trouble = self.context.new_page(), []
        self.tab.on("console", lambda m: self.trouble.append(m.text) if m.type in ("error", "warning") else None)
        self.tab.on("pageerror", lambda e: self.trouble.append(str(e)))
        allowed = ("file:", "data:", "blob:")
        self.tab.on("request", lambda r: None if r.url.startswith(allowed) else self.trouble.append(r.url))
        self.tab.set_default_timeout(0)
        self.tab.goto(file.as_uri() + link)
        self.tab.wait_for_selector(".qh-try")
        self.tab.evaluate("document.querySelector('.qh-try').open = true")
        self.tab.wait_for_selector(BIG)

    def comes_to(self, figure: str) -> None:
        """Wait until the big number is this: what does not come ends with the test's own time."""
        self.tab.wait_for_function(
            "([at, text]) => (document.querySelector(at) || {}).innerText === text", arg=[BIG, figure]
        )

    def press(self, act: str, figure: str) -> None:
        self.tab.click(f"[data-act='{act}']")
        self.comes_to(figure)

    @property
    def told(self) -> str:
        return str(self.tab.inner_text(".qh-try"))

    @property
    def link(self) -> str:
        return "#" + str(self.tab.evaluate("location.hash.slice(1)"))

    def saved(self, folder: Path) -> Path:
        with self.tab.expect_download() as waiting:
            self.tab.click("[data-act='file']")
        file = folder / str(waiting.value.suggested_filename)
        waiting.value.save_as(file)
        return file


@pytest.fixture(scope="module")
def map_file(toy_run: qh.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("map") / "map.html"
    file.write_text(meeting_map(toy_run, "zh"), encoding="utf-8")
    return file


@pytest.fixture
def page(browser: Any, map_file: Path) -> Iterator[Page]:
    opened = Page(browser, map_file)
    yield opened
    opened.context.close()


def test_every_word_of_the_panel_is_in_the_table() -> None:
    script = (resources.files("quarterhour") / "data" / "map" / "what_if_panel.js").read_text("utf-8")
    used = set(re.findall(r"\bwords\.([a-z_]+)|fill\(\"([a-z_]+)\"", script))
    named = {one or other for one, other in used}
    assert named and named <= set(i18n.names_on("what_if"))


def test_it_opens_with_the_plan_and_says_who_is_still_not_reached(page: Page) -> None:
    page.comes_to("80.2% → 96.3%")
    for part in ("浏览器内试算", "老年人 187 人", "15 分钟内 150 → 180 人（+30）", "仍有 7 人不在时限内", "东村"):
        assert part in page.told
    assert page.link == "#"
    assert page.trouble == []


def test_what_is_ticked_is_undone_and_done_again(page: Page) -> None:
    page.press("none", "80.2% → 80.2%")
    page.press("next", "80.2% → 96.3%")
    assert "已加“东村”，增加 30 人" in page.told
    page.press("undo", "80.2% → 80.2%")
    page.press("undo", "80.2% → 96.3%")
    page.press("redo", "80.2% → 80.2%")
    page.press("all", "80.2% → 96.3%")
    page.tab.uncheck(".qh-sites input")
    page.comes_to("80.2% → 80.2%")
    page.tab.fill(".qh-count", "1")
    page.press("few", "80.2% → 96.3%")
    for nothing in ("", "-3"):  # no number of sites: what is ticked stays
        page.tab.fill(".qh-count", nothing)
        page.press("few", "80.2% → 96.3%")
    page.press("next", "80.2% → 96.3%")
    assert "再加任何一处都不会增加人数" in page.told
    assert page.trouble == []


def test_an_existing_site_closes_and_opens_again(page: Page) -> None:
    page.tab.evaluate("document.querySelector('.qh-shuts').parentElement.open = true")
    page.press("shut", "80.2% → 16.0%")
    assert "关停 1 处" in page.told
    page.press("reopen", "80.2% → 96.3%")


def test_standard_and_walker_are_asked_for(page: Page) -> None:
    page.tab.focus("[data-set='standard']")
    page.tab.keyboard.press("ArrowLeft")
    page.comes_to("0.0% → 16.0%")
    assert "14 分钟" in page.told
    page.tab.keyboard.press("End")
    page.comes_to("80.2% → 96.3%")
    page.tab.select_option("[data-set='traveller']", "1")
    page.tab.wait_for_function(
        "() => document.querySelector('[data-set=traveller]').selectedOptions[0].innerText !== ''"
    )
    page.tab.select_option("[data-set='pace']", "140")
    page.tab.wait_for_function("() => document.querySelector('[data-part=standard]').innerText === '21 分钟'")
    assert page.trouble == []


def test_a_click_on_the_map_takes_the_nearest_and_says_which(page: Page) -> None:
    page.press("none", "80.2% → 80.2%")
    page.tab.click("[data-act='pick-open']")
    x, y = page.tab.evaluate(MIDDLE_OF, 0)
    page.tab.mouse.click(x + 9, y)
    page.comes_to("80.2% → 96.3%")
    assert "已加“东村”，距点击处 0.0 公里" in page.told
    page.tab.click("[data-act='pick-shut']")
    page.tab.mouse.click(x, y)
    page.comes_to("80.2% → 16.0%")
    assert "已关停“日间照料”" in page.told
    assert page.tab.query_selector(".leaflet-popup") is None
    assert page.trouble == []


def test_two_plans_stand_side_by_side(page: Page) -> None:
    page.tab.click("[data-act='slot-b']")
    page.press("none", "80.2% → 80.2%")
    told = " ".join(page.tab.inner_text(".qh-apart").split())
    assert "合计 180 150 −30 96.3% 80.2%" in told
    page.press("slot-a", "80.2% → 96.3%")
    page.tab.click("[data-act='copy']")
    page.tab.wait_for_function("() => !document.querySelector('.qh-apart')")


def test_a_map_of_what_is_tried_says_so_in_its_legend_and_on_paper(page: Page) -> None:
    trial = "图上为试算方案，不是正式结果"
    assert trial not in page.tab.inner_text(".qh-legend")
    page.tab.click("[data-act='none']")
    page.tab.wait_for_selector(".qh-legend .qh-trial")
    page.tab.emulate_media(media="print")
    assert trial in page.tab.inner_text(".qh-legend") and page.tab.is_visible(".qh-trial")
    page.tab.emulate_media(media="screen")
    page.tab.evaluate("document.querySelector('.qh-try').open = false")
    page.tab.wait_for_selector(".qh-trial", state="detached")
    assert page.trouble == []


def test_a_link_opens_with_what_was_tried(page: Page, browser: Any, map_file: Path) -> None:
    page.press("none", "80.2% → 80.2%")
    page.tab.click("[data-act='slot-b']")
    page.press("slot-b", "80.2% → 96.3%")
    again = Page(browser, map_file, page.link)
    again.comes_to("80.2% → 96.3%")
    again.press("slot-a", "80.2% → 80.2%")
    assert again.trouble == page.trouble == []
    again.context.close()


def test_a_link_opens_on_the_tab_that_it_is_about(page: Page, browser: Any, map_file: Path) -> None:
    """Of 7 in special hardship the base at w serves 4; another at e the 2 there."""
    page.tab.click("[data-question='1']")
    page.comes_to("57.1% → 57.1%")
    page.press("next", "57.1% → 85.7%")
    again = Page(browser, map_file, page.link)
    again.comes_to("57.1% → 85.7%")
    assert again.tab.get_attribute("[data-question='1']", "aria-selected") == "true"
    again.tab.click("[data-question='0']")
    again.comes_to("80.2% → 96.3%")
    again.tab.click("[data-question='1']")
    again.comes_to("57.1% → 85.7%")
    assert again.trouble == page.trouble == []
    again.context.close()


@pytest.mark.parametrize("broken", [
    "#w=1~0~home-care-circle~a~0,15,0,100,," + PLAIN, "#w=<img src=x onerror=window.broken=1>",
    OURS + "0,15,0,100,zz," + PLAIN, OURS + "0,15,0,100,1.1," + PLAIN, OURS + "9,15,0,100,," + PLAIN,
    OURS + "0,1e9,0,100,," + PLAIN, OURS + "0,30,0,140,," + PLAIN, OURS + "0,15,0,100,__proto__," + PLAIN,
    "#w=1~{check}~__proto__~a~0,15,0,100,," + PLAIN, "#w=%3Cscript%3E&w=2", "#w=1~" + "9" * 9000,
])  # fmt: skip
def test_a_link_that_this_page_could_not_have_made_is_left_out(
    page: Page, browser: Any, map_file: Path, broken: str
) -> None:
    page.press("none", "80.2% → 80.2%")
    check = page.link.split("~")[1]
    again = Page(browser, map_file, broken.replace("{check}", check))
    again.comes_to("80.2% → 96.3%")
    again.tab.wait_for_function("() => document.querySelector('.qh-told').innerText.includes('未采用')")
    assert again.tab.evaluate("window.broken === undefined")
    assert again.trouble == []
    again.context.close()


def test_names_out_of_files_are_text(toy_run: qh.Results, browser: Any, tmp_path: Path) -> None:
    tables = toy_run.inputs
    named = {
        "communities": dict(zip("wmei", HOSTILE[:4], strict=True)),
        "facilities": dict(zip("db", HOSTILE[4:6], strict=True)),
    }
    hostile = {table: getattr(tables, table).assign(name=pd.Series(names)) for table, names in named.items()}
    tried = tuple(replace(one, sites=one.sites.assign(name=HOSTILE[3])) for one in toy_run.what_if)
    file = tmp_path / "map.html"
    results = replace(toy_run, inputs=replace(tables, **hostile), what_if=tried)
    file.write_text(meeting_map(results, "en"), encoding="utf-8")
    page = Page(browser, file)
    page.tab.evaluate("document.querySelector('.qh-shuts').parentElement.open = true")
    page.press("shut", "80.2% → 16.0%")
    assert HOSTILE[2] in page.told and HOSTILE[3] in page.told
    assert page.tab.evaluate("window.broken === undefined")
    assert page.trouble == []
    page.context.close()


# --- the file goes back to the engine -----------------------------------------------------------------


SAID: dict[str, Any] = {
    "format": "quarterhour-what-if", "version": 1, "study": "toy", "circle": "home-care-circle", "question": "centres",
    "mode": "walk", "heading": "to_site", "people": "older", "minutes": 15, "turnout_minutes": 0, "pace_percent": 100,
    "open": ["e"], "closed": [], "counted": {"by": "browser", "before": 150, "after": 180, "total": 187},
}  # fmt: skip


def site(study: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["site", str(study), "--quiet", "--out", str(study / "out"), *arguments])


def test_a_saved_choice_is_counted_again_and_proven(page: Page, toy_study: Path, tmp_path: Path) -> None:
    done = site(toy_study, "--plan", str(page.saved(tmp_path)))
    assert done.exit_code == 0, done.output
    for line in (
        "150 → 180",
        "与浏览器试算完全一致",
        "符合选址题“养老中心选址”的全部条件",
        "没有更好的选法",
        "新增覆盖 30 人，不再覆盖 0 人",
        "东村：30 人，1 个村居",
        "孤岛村（7 人）：时限内没有设施",
    ):
        assert line in done.output
    english = site(toy_study, "--plan", str(page.saved(tmp_path)), "--lang", "en")
    assert "Exactly what the browser counted" in english.output and "No choice of as many" in english.output


def test_a_choice_that_breaks_a_condition_ends_with_exit_code_1(page: Page, toy_study: Path, tmp_path: Path) -> None:
    page.press("none", "80.2% → 80.2%")
    page.tab.click("[data-act='pick-open']")
    page.tab.evaluate("document.querySelector('[data-act=pick-open]').click()")
    file = page.saved(tmp_path)
    said = json.loads(file.read_text(encoding="utf-8"))
    said |= {"open": ["m", "e"], "counted": {**said["counted"], "after": 180}}
    file.write_text(json.dumps(said), encoding="utf-8")
    done = site(toy_study, "--plan", str(file))
    assert done.exit_code == 1
    assert "完全一致" in done.output and "不符合选址题" in done.output
    said["counted"]["after"] = 181
    file.write_text(json.dumps(said), encoding="utf-8")
    assert "不一致" in site(toy_study, "--plan", str(file)).output


@pytest.mark.parametrize(("changed", "told"), [
    ({"study": "other"}, "other"), ({"circle": "no-such"}, "no-such"), ({"open": ["nowhere"]}, "nowhere"),
    ({"closed": ["m"]}, "m"), ({"format": "x"}, "'x'"), ({"minutes": "15"}, "minutes"), ({"pace_percent": -5}, "pace"),
    ({"open": ["m", "m"]}, "open"), ({"mode": "rocket"}, "rocket"), ({"counted": {}}, "before"),
])  # fmt: skip
def test_a_file_that_cannot_be_meant_is_told_in_a_line(
    toy_study: Path, tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    file = tmp_path / "tried.json"
    file.write_text(json.dumps({**SAID, **changed}), encoding="utf-8")
    done = site(toy_study, "--plan", str(file))
    assert isinstance(done.exception, QuarterhourError)
    assert told in done.exception.sentence("zh") and told in done.exception.sentence("en")


def test_a_circle_alone_is_counted_again_with_another_walker_and_pace(tmp_path: Path) -> None:
    """A frail walker needs 30 minutes for 900 m, at 1.4 times that pace 21.4; d is closed, a home opens at w."""
    study = write_toy_study(tmp_path)
    file = study / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").split("[[siting]]")[0], encoding="utf-8")
    said = {
        **SAID, "question": "", "mode": "walk-frail", "pace_percent": 140, "open": ["w"], "closed": ["d"],
        "counted": {"by": "browser", "before": 0, "after": 100, "total": 187},
    }  # fmt: skip
    tried = tmp_path / "tried.json"
    tried.write_text(json.dumps(said), encoding="utf-8")
    done = site(study, "--plan", str(tried))
    assert done.exit_code == 0, done.output
    assert "时限、出动时间、出行方式或速度与本题不同" in done.output and "0 → 100 人" in done.output
    assert "新增覆盖 100 人，不再覆盖 0 人" in done.output


@pytest.mark.parametrize(
    ("farthest", "pace", "keeps"), [(30, 100, True), (29.9, 100, False), (15, 200, True), (14.9, 200, False)]
)
def test_the_farthest_of_a_question_is_counted_at_the_pace_that_was_tried(
    toy_study: Path, tmp_path: Path, farthest: float, pace: int, keeps: bool
) -> None:
    """From the village in the east to the one in the middle it is half an hour, at twice the pace a quarter."""
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write(f"farthest = {farthest}\n")
    after = 180 if pace == 200 else 150
    said = {**SAID, "open": ["m"], "pace_percent": pace, "counted": {**SAID["counted"], "after": after}}
    tried = tmp_path / "tried.json"
    tried.write_text(json.dumps(said), encoding="utf-8")
    done = site(toy_study, "--plan", str(tried))
    assert done.exit_code == (0 if keeps else 1), done.output
    assert ("全部条件" in done.output) == keeps and f"150 → {after}" in done.output
    assert (f"超过 {farthest:g} 分钟" in done.output) != keeps


def test_the_best_without_conditions_need_not_be_used_by_so_many(toy_study: Path, tmp_path: Path) -> None:
    """No new site is used by 200, and the town has too few for its minimum: without conditions e is the best."""
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write('least_load = 200\nquotas = [{ level = "town", minimum = 3 }]\n')
    tried = tmp_path / "tried.json"
    tried.write_text(json.dumps(SAID), encoding="utf-8")
    done = site(toy_study, "--plan", str(tried), "--lang", "en")
    assert "without them) at most 180 older people: proven" in done.output, done.output
