"""What every test may ask for."""

from __future__ import annotations

import inspect
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import settings

import quarterhour as qh
from quarterhour.siting.explain import explain_plan
from quarterhour.siting.outlook.frontier import frontier
from quarterhour.siting.outlook.phasing import phase_plan
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.outlook.robust import robust_sites
from quarterhour.siting.solve import solve_siting
from repeatable import Clock
from streets import X0, Y0, grid, write_streets

ROOT = Path(__file__).resolve().parents[1]

# The same examples each time, and no clock: `make test` says the same of the same tree. `make test-slow` draws others.
settings.register_profile("slow", max_examples=500, deadline=None, derandomize=False, print_blob=True)
settings.register_profile("default", deadline=None, derandomize=True, database=None)
settings.load_profile("default")


def pytest_configure() -> None:
    """Ctrl-C is heard, also in a run that a shell began in the background.

    There SIGINT is ignored, and so it would be in every process that a test starts and then interrupts.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers, a file's tests run in one of them, and all that look at the embedded study in the same one.

    So what a module or the session shares is made once (``--dist loadgroup``).
    """
    if not config.pluginmanager.hasplugin("xdist"):
        return
    wanted = {item.path for item in items if "weihai_run" in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("weihai_run" if item.path in wanted else item.nodeid.split("::")[0]))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real road networks and benchmarks that lie beside the checkout, not in it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent: the real road networks for tests lie beside the checkout")
    return folder


@pytest.fixture(scope="session")
def raised() -> Callable[[gpd.GeoDataFrame, float], gpd.GeoDataFrame]:
    """A table whose shapes have a height; NaN too, as files hold it that never had heights."""

    def high(frame: gpd.GeoDataFrame, height: float) -> gpd.GeoDataFrame:
        shapes = shapely.transform(
            shapely.force_3d(frame.geometry.to_numpy()),
            lambda xyz: np.column_stack([xyz[:, :2], np.full(len(xyz), height)]),
            include_z=True,
        )
        return frame.set_geometry(shapes, crs=frame.crs)

    return high


A_DAY = 86_400.0


@pytest.fixture(scope="session", autouse=True)
def _no_clock_ends_a_search() -> None:
    """A search that a test gives no time has a day: proof ends it on any machine, or else the test's own time-out."""
    for search in (solve_siting, smallest_relaxations, explain_plan, frontier, phase_plan, robust_sites):
        defaults = inspect.unwrap(search).__kwdefaults__  # what the door of its arguments is put before
        assert (defaults["seconds"] or 0) < A_DAY
        defaults["seconds"] = A_DAY


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time as searches see it, of which a test may let as much pass as it likes."""
    return Clock(monkeypatch)


@pytest.fixture(scope="session")
def weihai_run() -> qh.Results:
    """The embedded study, run once, its siting with it; each search has an hour, so that proof ends it and not time."""
    study = qh.read_study(qh.demo_folder())
    assert study.file.rounds is not None
    plenty = {
        "siting": tuple(asked.model_copy(update={"seconds": 3600.0}) for asked in study.file.siting),
        "rounds": study.file.rounds.model_copy(update={"seconds": 3600.0}),
    }
    return qh.run_study(replace(study, file=study.file.model_copy(update=plenty)))


TOY_STUDY = """
[study]
id = "toy"
zh = "玩具镇"
en = "Toy town"
crs = "EPSG:32651"
reference_date = 2025-12-31
seed = 1

[roads]
path = "roads.geojson"
quality = "synthetic"

[outputs]
papers = false  # drawn where a test is about them: tests/report/test_papers.py

[communities]
path = "communities.csv"
columns = { id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }
people = ["older", "hardship"]
crs = "EPSG:32651"

[[facilities]]
path = "facilities.csv"
columns = { id = "id", name = "name", kind = "kind", x = "x", y = "y" }
crs = "EPSG:32651"

[[circles]]
id = "home-care-circle"
zh = "居家养老服务圈"
en = "home-care circle"
kinds = ["day_care"]
mode = "walk"
compare_modes = ["walk-frail"]
minutes = 15
heading = "to_site"
people = "older"

[[circles]]
id = "care-circle"
zh = "照料护理服务圈"
en = "care circle"
kinds = ["care_base"]
mode = "ebike"
minutes = 15
heading = "to_community"
turnout_minutes = 3
people = "hardship"

[targets]
rules = ["weihai-14fyp"]

[[siting]]
id = "centres"
zh = "养老中心选址"
en = "centres"
kind = "day_care"
mode = "walk"
minutes = 15
people = "older"
new_sites = 1
candidates = "communities"
"""
"""One street of 3,600 m, a junction every 900 m; a walker at 1 m/s needs exactly 15 minutes between two.

::

    西村 100        日间照料 (day care)   中村 50 (island: 孤岛村 7)     东村 30
    0 ------------- 900 -------------- 1800 ----------- 2700 ------------ 3600
"""


def write_toy_study(folder: Path) -> Path:
    """The toy town as files; its folder."""
    write_streets(folder, grid(5, 1, 900))
    rows = [("w", "西村", 0, 0, 100, 4), ("m", "中村", 1800, 0, 50, 0), ("e", "东村", 3600, 0, 30, 2)]
    rows.append(("i", "孤岛村", 0, 90_000, 7, 1))
    table = "".join(f"{i},{n},{X0 + x},{Y0 + y},t1,c1,{o},{h}\n" for i, n, x, y, o, h in rows)
    head = "id,name,x,y,town,county,older,hardship\n"
    (folder / "communities.csv").write_bytes((head + table).encode("gb18030"))
    sites = f"d,日间照料,day_care,{X0 + 900},{Y0}\nb,照料基地,care_base,{X0},{Y0}\n"
    (folder / "facilities.csv").write_text("id,name,kind,x,y\n" + sites, encoding="utf-8")
    (folder / "study.toml").write_text(TOY_STUDY, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> qh.Results:
    """The toy study as it stands, run once; to look at, not to change."""
    return qh.run_study(qh.read_study(write_toy_study(tmp_path_factory.mktemp("toy"))))


@pytest.fixture
def toy_study(tmp_path: Path) -> Path:
    """A folder with a whole small study in it."""
    folder = tmp_path / "toy"
    folder.mkdir()
    return write_toy_study(folder)
