"""A study drawn for tests of the page, the page in a browser without a network, and what stands in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.maps import draw as maps
from quarterhour.maps.columns import ALPHABET
from quarterhour.maps.questions import Asked
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.standards.circle import CircleCheck
from quarterhour.standards.rules import Circle
from quarterhour.standards.scorecard import Scorecard
from quarterhour.standards.sensitivity import CoverageRange
from quarterhour.study.cards.plan import proposal_card

CRS = "EPSG:32651"


def places(count: int, *, seed: int, prefix: str, names: list[str]) -> gpd.GeoDataFrame:
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(400_000, 440_000, count), draw.uniform(4_110_000, 4_150_000, count)
    ids = pd.Index([f"{prefix}{i}" for i in range(count)], name="id")
    columns = {
        "name": [names[i % len(names)] for i in range(count)],
        "town": [f"t{int(a >= 420_000)}{int(b >= 4_130_000)}" for a, b in zip(x, y, strict=True)],
        "county": "c1",
        "quality": "synthetic",
        "source": "tests",
    }
    return gpd.GeoDataFrame(columns, index=ids, geometry=gpd.points_from_xy(x, y), crs=CRS)


def four_towns(name: str) -> gpd.GeoDataFrame:
    boxes = {
        f"t{i}{j}": shapely.box(
            *(400_000 + i * 20_000, 4_110_000 + j * 20_000), 420_000 + i * 20_000, 4_130_000 + j * 20_000
        )
        for i in range(2)
        for j in range(2)
    }
    frame = {"name": [f"{name}{k}" for k in boxes], "county": "c1", "quality": "synthetic", "source": "tests"}
    return gpd.GeoDataFrame(frame, index=list(boxes), geometry=list(boxes.values()), crs=CRS)


def check_of(
    communities: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, name: str, *, need: Literal["any", "all"] = "any"
) -> CircleCheck:
    circle = Circle(
        id=name, zh=name, en=name, kinds=("day_care", "happiness_home"), mode="walk", minutes=15.0,
        heading="to_site", people="older", need=need,
    )  # fmt: skip
    n = len(communities)
    minutes = pd.Series(np.linspace(1, 40, n), index=communities.index).where(np.arange(n) % 7 != 0)
    reason = np.where(minutes.isna(), "not_snapped", np.where(minutes <= 15, "met", "too_long"))
    nearest = pd.Series(facilities.index[np.arange(n) % len(facilities)], index=communities.index).where(
        minutes.notna()
    )
    found = pd.DataFrame({"met": reason == "met", "nearest": nearest, "minutes": minutes, "reason": reason})
    rows = pd.concat(
        pd.DataFrame({"community": communities.index, "kind": k, "minutes": minutes.to_numpy(), "met": reason == "met"})
        for k in circle.kinds
    )
    shares = pd.DataFrame(
        [("town", t, s) for t, s in (("t00", 0.123), ("t01", 0.9999), ("t10", 1.0), ("t11", np.nan))]
        + [("city", "city", 0.5)],
        columns=["level", "area", "share_people"],
    )
    shares = shares.assign(
        communities=10,
        communities_met=5,
        people=1000,
        people_met=500,
        people_fact=0,
        people_unstated=0,
        people_estimated=400,
        people_synthetic=600,
    )
    return CircleCheck(circle=circle, mode_id="walk", rows=rows, communities=found, shares=shares)


def range_of(check: CircleCheck, communities: gpd.GeoDataFrame) -> CoverageRange:
    n = len(communities)
    found = pd.DataFrame({"covered": np.array(["always", "sometimes", "never"])[np.arange(n) % 3]}, communities.index)
    found["flip_factor"] = np.where(np.arange(n) % 4 == 3, np.nan, np.linspace(0.501, 1.499, n))
    city = {"level": "city", "area": "city", "people_always": 1234, "people_sometimes": 0, "people_never": 766}
    city |= {"share_always": 0.617, "share_sometimes": 0.0, "share_never": 0.383}
    return CoverageRange(check.circle, ("walk",), (0.8, 1.2), (2.0, 5.0), "common_factor", found, pd.DataFrame([city]))


def pictures_of(check: CircleCheck, *, radius_m: float = 100) -> gpd.GeoDataFrame:
    inner = shapely.box(410_000, 4_120_000, 412_000, 4_122_000)
    outer = shapely.box(408_000, 4_118_000, 414_000, 4_124_000).difference(inner)
    hole = shapely.box(408_500, 4_118_500, 409_000, 4_119_000)
    shapes = [shapely.MultiPolygon([inner]), shapely.MultiPolygon([outer.difference(hole)])]
    columns = {"circle": check.circle.id, "site": "", "from_minutes": [0.0, 5.0], "minutes": [5.0, 10.0]}
    return gpd.GeoDataFrame(columns | {"radius_m": radius_m}, geometry=shapes, crs=CRS)


def plan_of(communities: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> SitingPlan:
    chosen = tuple(sites.index[:3])
    cycle = [*chosen, facilities.index[0], None]
    assignment = pd.Series([cycle[i % 5] for i in range(len(communities))], index=communities.index, dtype=object)
    return SitingPlan(
        problem_id="centres", chosen=chosen, gain=pd.Series([300, 200, 100], index=list(chosen)), assignment=assignment,
        status="bounded",
        gap=0.021, bound=612.0, covered_before=400, covered=1000, demand_total=3000,
        unmet=pd.DataFrame({"area": ["t11"]}), unit="older", objective="max-cover",
        value=600.0, reachable=3000, proved_by="counting", seconds=0.0, seed=0, input_hash="",
    )  # fmt: skip


def scorecard_of(name: str) -> Scorecard:
    rows = pd.DataFrame({
        "target": ["a", "b", "a"], "zh": name, "en": name, "level": ["city", "city", "town"],
        "area": ["city", "city", "t00"],
        "area_name": name, "value": [0.5, np.nan, 3.0], "threshold": [0.9, 1.0, 1.0], "unit": ["share", "个", "个"],
        "met": pd.array([False, None, True], dtype="boolean"), "applies_to": "", "about": False,
    })  # fmt: skip
    return Scorecard(rows=rows)


def grid_roads() -> gpd.GeoDataFrame:
    lines = [
        shapely.LineString([(400_000, y), (420_000, y), (440_000, y + 500)]) for y in range(4_110_000, 4_150_000, 4_000)
    ]
    classes = ["trunk" if i % 3 == 0 else "residential" if i % 3 == 1 else "primary_link" for i in range(len(lines))]
    return gpd.GeoDataFrame({"road_class": classes}, geometry=lines, crs=CRS)


def notes_of(communities: pd.DataFrame, towns: pd.DataFrame, text: str) -> maps.Notes:
    told = pd.DataFrame({f"上门服务{text}": f"途中可及 {text}", "空": ""}, index=communities.index)
    return maps.Notes({f"容量{text}": (f"第一句 {text}", text)}, told, pd.DataFrame({text: text}, index=towns.index))


def study(
    count: int = 60, *, names: tuple[str, ...] = ("东北村", "西港村", "鲸园社区"), lang: str = "zh"
) -> dict[str, Any]:
    told = [f"{name}{i}" for i in range(max(1, count // len(names))) for name in names]
    communities = places(count, seed=1, prefix="c", names=told).assign(older=np.arange(count))
    facilities = places(12, seed=2, prefix="f", names=list(names)).assign(
        kind=["day_care", "happiness_home", names[0]] * 4
    )
    sites = places(5, seed=3, prefix="s", names=list(names))
    checks = [check_of(communities, facilities, f"养老服务圈{n}") for n in names[:2]]
    return {
        "title": f"威海市服务圈 {names[0]}",
        "communities": communities,
        "towns": four_towns(names[0]),
        "facilities": facilities,
        "checks": [*checks, check_of(communities, facilities, "两类都要", need="all")],
        "ranges": [range_of(checks[1], communities)],
        "pictures": pictures_of(checks[0]),
        "scorecard": scorecard_of(names[0]),
        "plans": [(f"镇级中心{names[0]}", plan_of(communities, facilities, sites), sites)],
        "notes": notes_of(communities, four_towns(names[0]), names[0]),
        "roads": grid_roads(),
        "quality_note": f"本页数据 60 % 为合成 {names[-1]}",
        "lang": lang,
    }


def opened(browser: Any, html: str, folder: Path, *, size: tuple[int, int] = (1360, 860)) -> tuple[Any, list[str]]:
    """The page in a browser whose network is cut off, and everything that it complained of or asked for."""
    file = folder / "map.html"
    file.write_text(html, encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": size[0], "height": size[1]})
    tab, trouble = context.new_page(), []
    tab.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
    tab.on("pageerror", lambda e: trouble.append(str(e)))
    allowed = ("file:", "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(allowed) else trouble.append(r.url))
    tab.set_default_timeout(8000)
    tab.set_default_navigation_timeout(0)
    tab.goto(file.as_uri())
    tab.wait_for_selector(".qh-panel")
    return tab, trouble


def drawn_in(html: str) -> Any:
    return json.loads(re.search(r"window.quarterhourPicture=(.*?);</script>", html, re.S)[1])  # type: ignore[index]


def unpacked(text: str) -> list[np.ndarray]:
    """The lines of ``columns.packed``, in degrees; read sign by sign."""
    numbers, number, place = [], 0, 0
    for sign in map(ALPHABET.index, text):
        number, place = number + ((sign & 31) << place), place + 5
        if sign < 32:
            numbers.append(number)
            number, place = 0, 0
    lines, at, here = [], 0, np.zeros(2, dtype=int)
    while at < len(numbers):
        count = numbers[at]
        moved = np.array([-(n + 1) // 2 if n % 2 else n // 2 for n in numbers[at + 1 : at + 1 + 2 * count]])
        xy = here + np.cumsum(moved.reshape(-1, 2), axis=0)
        lines.append(xy / 1e5)
        here, at = xy[-1], at + 1 + 2 * count
    return lines


def lines_of(group: dict[str, Any]) -> list[np.ndarray]:
    """All lines of a class of roads."""
    return [line for tile in group["tiles"] for line in unpacked(tile["lines"])]


def streets(blocks: int) -> gpd.GeoDataFrame:
    """A grid of streets with a bend in each, of which none goes on as the next: more than two meet at a crossing."""
    y, x = (part.ravel() * 100 for part in np.mgrid[0 : blocks + 1, 0:blocks])
    along = np.stack([np.stack([x, y], 1), np.stack([x + 50, y + 3], 1), np.stack([x + 100, y], 1)], axis=1)
    lines = shapely.linestrings(np.concatenate([along, along[:, :, ::-1]]) + np.array([400_000, 4_110_000]))
    return gpd.GeoDataFrame({"road_class": "residential"}, index=range(len(lines)), geometry=lines, crs=CRS)


def islands(many: int, *, blocks: int) -> shapely.MultiPolygon:
    """So many islands, each a ring of ground round so many blocks that nobody reaches."""
    hole = [np.array(shapely.Point(150 * k, 0).buffer(50).exterior.coords) for k in range(blocks)]
    shore = shapely.box(-100, -100, 150 * blocks, 100).segmentize(20).exterior
    one = shapely.Polygon(shore, hole)
    return shapely.MultiPolygon([shapely.affinity.translate(one, 400_000, 4_110_000 + 300 * k) for k in range(many)])


def asked_of(given: dict[str, Any], **changes: Any) -> Asked:
    """The toy's plan as the answer to its first circle: half its communities are covered once it is built."""
    communities = given["communities"]
    state = np.array(["met", "planned", "not_met"])[np.arange(len(communities)) % 3]
    found = pd.DataFrame({"today": np.where(state == "met", "met", "not_met"), "after": state}, communities.index)
    areas = pd.DataFrame({"level": "county", "area": ["c1", "c2"], "people": [600, 400], "before": [300, 100],
                          "after": [450, 150]})  # fmt: skip
    name, plan, _ = given["plans"][0]
    card = proposal_card(plan, name, areas, {"county": {"c1": "东区", "c2": "西县"}}, "zh")
    own = {"kind": "day_care", "kinds": ("happiness_home",), "mode": "walk", "people": "older", "minutes": 15.0}
    return Asked(**{**own, "communities": found, "card": card, **changes})


def meeting(count: int = 60, **changes: Any) -> dict[str, Any]:
    """The toy with two counties and the question that its plan answers."""
    given = study(count)
    towns = given["towns"].assign(county=["c1", "c1", "c2", "c2"])
    county = np.where(given["communities"]["town"].isin(towns.index[:2]), "c1", "c2")
    counties = towns.dissolve("county")[["geometry"]].assign(name=["东区", "西县"])
    given |= {"towns": towns, "communities": given["communities"].assign(county=county), "counties": counties}
    shares = pd.DataFrame({"level": "county", "area": ["c1", "c2"], "share_people": [0.5, 0.25], "people": [600, 400],
                           "people_met": [300, 100]})  # fmt: skip
    checks = [replace(check, shares=pd.concat([check.shares, shares])) for check in given["checks"]]
    own = {"checks": checks, "asked": [asked_of(given)], "modes": {"walk": "步行"}, "sources": "数据基准日 2025-12-31"}
    return given | own | changes
