"""Forecasts against figures worked by hand, a textbook's table and a plain second computation."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.services.forecast.ages import age_group
from quarterhour.services.forecast.census import Census, censuses, check_sums
from quarterhour.services.forecast.cohorts import change_ratios, hamilton_perry, spread_of, survive
from quarterhour.services.forecast.groups import Rates
from quarterhour.services.forecast.growth import share_of_growth
from quarterhour.services.forecast.life import life_table, rates_by_age, standard_life_table
from quarterhour.services.forecast.make import make_forecast
from quarterhour.services.forecast.question import Counted, Knobs, Question
from quarterhour.services.forecast.rake import fit_margins, raked, whole_people
from quarterhour.services.forecast.tables import age_rows, check_migration, control_rows, growth_rows, rate_rows
from quarterhour.services.forecast.values import VARIANTS, Forecast

KNOWN = {
    "city": ("city", "city"), "全市": ("city", "city"),
    **{c: ("county", c) for c in ("c1", "c2")}, **{t: ("town", t) for t in ("t1", "t2", "t3")}, "甲镇": ("town", "t1"),
}  # fmt: skip
COUNTY_OF = pd.Series({"t1": "c1", "t2": "c1", "t3": "c2"})
AGES = [40, 45, 50, 55, 60, 65, 70, 75, 80, 85]


def census(year: int, people: list[list[float]], *, level: str = "town", areas: str = "t1 t2 t3") -> Census:
    """One sex, ages 40 to 85+."""
    found = np.array(people, dtype=float)[:, None, :]
    return Census(year, level, pd.Index(areas.split()), ("all",), AGES[0], found)


def question(**said: object) -> Question:
    made = Question("hamilton_perry", (2030,), COUNTY_OF, pd.Index(["c1", "c2"]))
    return replace(made, **said)  # type: ignore[arg-type]


def of(forecast: Forecast, level: str, group: str, year: int, variant: str = "middle") -> dict[str, int]:
    return {str(a): int(p) for a, p in forecast.at(level, group, year, variant).items()}


# --- Hamilton-Perry --------------------------------------------------------------------------------------------------

BEFORE = [[100, 100, 100, 100, 100, 100, 100, 100, 100, 100]]
AFTER = [[100, 100, 110, 100, 90, 90, 80, 70, 50, 60]]


def test_a_county_by_cohort_change_ratios_as_worked_by_hand() -> None:
    """One county of one town, 2010 to 2020, each age 100 people in 2010; in 2020 the ages from 50 on are

    50: 110, 55: 100, 60: 90, 65: 90, 70: 80, 75: 70, 80: 50, 85+: 60 of the 300 who were 75 and over.

    Ratios by the age reached: 1.1, 1.0, 0.9, 0.9, 0.8, 0.7, 0.5, 60/300 = 0.2 (below the cap of 0.5, but
    the whole city is so: the cap is half of that). In 2030:
    60-64 = 110 (50-54) x 0.9 = 99; 65-69 = 100 x 0.9 = 90; 70-74 = 90 x 0.8 = 72; 75-79 = 90 x 0.7 = 63;
    80-84 = 80 x 0.5 = 40; 85+ = (70 + 50 + 60) x 0.2 = 36. 60 and over 400, 80 and over 76.
    """
    one = {"areas": "t1"}
    asked = question(
        counts={2010: census(2010, BEFORE, **one), 2020: census(2020, AFTER, **one)},
        county_of=pd.Series({"t1": "c1"}), counties=pd.Index(["c1"]), years=(2030,),
    )  # fmt: skip
    made = make_forecast(asked)
    for level, area in (("town", "t1"), ("county", "c1"), ("city", "city")):
        assert of(made, level, "older", 2020) == {area: 440}
        assert of(made, level, "older", 2030) == {area: 400}
        assert of(made, level, "older_80", 2030) == {area: 76}
    assert made.made.ratios.empty and made.groups == ["older", "older_80"]


def test_the_years_between_two_steps_go_along_the_cohort() -> None:
    """90 aged 60-64 in 2020 are 72 aged 70-74 in 2030: in 2025 the geometric mean, sqrt(90 x 72) = 80.5, aged 65-69."""
    earlier, later = census(2010, BEFORE, areas="t1"), census(2020, AFTER, areas="t1")
    ratios = change_ratios(earlier, later, cap=(0.0, 9.0)).values
    steps = hamilton_perry(later, ratios, interval=10, until=2030)
    assert list(steps) == [2020, 2025, 2030]
    assert steps[2025][0, 0, AGES.index(65)] == pytest.approx(np.sqrt(90 * 72))
    # 75 and over in 2020 (180) are 85 and over in 2030 (36)
    assert steps[2025][0, 0, -2:].sum() == pytest.approx(np.sqrt(180 * 36))


def test_between_ten_years_a_life_table_says_how_many_die_in_the_first_five() -> None:
    """A survival projection every five years; of its counts ten years apart the ratios give the years between again."""
    start = census(2010, [[90.0, 95, 100, 90, 80, 70, 50, 40, 30, 20]], areas="t1")
    life = standard_life_table(start)
    steps = survive(start, life.survival, until=2030)
    later = replace(start, year=2020, people=steps[2020])
    with np.errstate(invalid="ignore"):
        ratios = change_ratios(start, later, cap=(0.0, 9.0)).values
    between = hamilton_perry(later, ratios, interval=10, until=2030, first=life.first_shares(start))[2025]
    np.testing.assert_allclose(between[0, 0, 4:8], steps[2025][0, 0, 4:8])
    assert between[0, 0, 8:].sum() == pytest.approx(steps[2025][0, 0, 8:].sum(), rel=0.03)
    plain = hamilton_perry(later, ratios, interval=10, until=2030)[2025]
    assert plain[0, 0, 8:].sum() < 0.9 * steps[2025][0, 0, 8:].sum()


def test_a_small_town_follows_its_county_and_a_wild_ratio_is_capped() -> None:
    """Town a has 1,000 at 50-54, b 10 of whom 50 came to be: b = (50 + 50 x 1.03..) / (10 + 50), not 5.0."""
    earlier = census(2010, [[1000.0] * 10, [10.0] * 10], areas="t1 t2")
    later = census(2020, [[1000.0] * 10, [50.0] * 10], areas="t1 t2")
    county = change_ratios(earlier.summed(COUNTY_OF, "county"), later.summed(COUNTY_OF, "county")).values
    place = AGES.index(60)
    assert county[0, 0, place] == pytest.approx(1050 / 1010)
    towns = change_ratios(earlier, later, toward=np.repeat(county, 2, axis=0))
    assert towns.values[1, 0, place] == pytest.approx((50 + 50 * 1050 / 1010) / 60)
    alone = change_ratios(earlier, later, toward=np.repeat(county, 2, axis=0), smoothing=0)
    assert alone.found[1, 0, place] == 5 and alone.values[1, 0, place] == 2 and alone.capped[1, 0, place]


def test_ratios_of_a_survival_projection_carry_it_on() -> None:
    """Counts that are a life table's own steps give its survival as ratios: Hamilton-Perry then goes on alike."""
    start = census(2020, [[90.0, 95, 100, 90, 80, 70, 50, 40, 30, 20]], areas="t1")
    survival = np.array([[np.nan, 0.99, 0.985, 0.98, 0.97, 0.95, 0.92, 0.86, 0.75, 0.5]])
    steps = survive(start, survival, until=2030)
    later = replace(start, year=2025, people=steps[2025])
    with np.errstate(invalid="ignore"):
        ratios = change_ratios(start, later, cap=(0.0, 9.0)).values
    again = hamilton_perry(later, ratios, interval=5, until=2030)
    np.testing.assert_allclose(again[2030][:, :, 2:], steps[2030][:, :, 2:])


# --- cohort survival -------------------------------------------------------------------------------------------------

PRESTON_PEOPLE = [293395, 248369, 240012, 261346, 285209, 314388, 281290, 286923, 304108, 324946, 247613, 211351,
                  215140, 221764, 223506, 183654, 141990, 112424]  # fmt: skip
PRESTON_YEARS = [497487, 497138, 496901, 496531, 495902, 495168, 494213, 492760, 490447, 486613, 480665, 471786,
                 457852, 436153, 402775, 350358, 271512, 291707]  # fmt: skip
PRESTON_MOVED = [6840, 4150, 3365, 5270, 9240, 8230, 5470, 3155, 1770, 1115, 1075, 845, 645, 530, 465, 300, 250, 175]
PRESTON_1998 = [298682, 252007, 244150, 268267, 293515, 320624, 284767, 288031, 303166, 322062, 243989, 205841,
                205516, 205270, 194771, 142565, 131966]  # fmt: skip


def preston() -> tuple[Census, np.ndarray]:
    ages = range(0, 90, 5)
    rows = pd.DataFrame({
        "sex": "all", "first": list(ages), "last": pd.array([*[a + 4 for a in ages][:-1], None], dtype="Int64"),
        "people": PRESTON_YEARS, "row": list(ages),
    })  # fmt: skip
    table = life_table(rows.astype({"people": float}), kind="person_years", open_age=85, file="box.csv")
    people = np.array(PRESTON_PEOPLE, dtype=float)[None, None, :]
    return Census(1993, "city", pd.Index(["city"]), ("all",), 0, people), table.survival


def test_the_textbook_projection_of_swedish_women_to_the_person() -> None:
    """Preston, Heuveline & Guillot, Demography (2001), chapter 6, box 6.2: Sweden, women, 1993 to 1998, with migrants.

    Figures as the data set ``sweden_1993`` of the package ccmppWPP has them; what is born meanwhile is not forecast
    here, so its first group is left out.
    """
    women, survival = preston()
    made = survive(women, survival, migration=np.array(PRESTON_MOVED, dtype=float)[None, None, :], until=1998)
    assert np.rint(made[1998][0, 0, 1:]).astype(int).tolist() == PRESTON_1998


def test_survival_is_the_power_of_a_plain_matrix() -> None:
    women, survival = preston()
    matrix = np.diag(survival[0, 1:], k=-1)
    matrix[-1, -1] = survival[0, -1]
    plain = np.linalg.matrix_power(matrix, 3) @ np.array(PRESTON_PEOPLE, dtype=float)
    made = survive(women, survival, until=2008)[2008][0, 0]
    np.testing.assert_allclose(made[3:], plain[3:], rtol=1e-12)
    assert np.isnan(made[:3]).all()


def test_a_town_by_survival_and_migration_as_worked_by_hand() -> None:
    """100 aged 55-59 of whom 90 in 100 live five years, and 10 more come: (100 + 5) x 0.9 + half of those of 60-64."""
    people = [[0.0, 0, 0, 100, 200, 0, 0, 0, 100, 50]]
    moved = np.zeros((1, 1, 10))
    moved[0, 0, 3], moved[0, 0, 4] = 10, -20
    survival = np.full((1, 10), 0.9)
    survival[0, -1] = 0.5
    made = survive(census(2020, people, areas="t1"), survival, migration=moved, until=2025)[2025][0, 0]
    assert made[4] == pytest.approx(105 * 0.9 - 10)
    assert made[5] == pytest.approx(190 * 0.9)
    assert made[9] == pytest.approx(150 * 0.5)
    with pytest.raises(DataError, match="more people leave than there are: t1"):
        survive(census(2020, people, areas="t1"), survival, migration=moved * 100, until=2025)


def test_death_rates_and_person_years_say_the_same() -> None:
    """Death rates 0.02, 0.04, 0.2 at 75, 80, 85+: of 1 at 75 live 0.9048 at 80 and 0.7403 at 85, 4.76, 4.11 and 3.70
    person-years; half of those over 80 live on as 3.70 / (4.11 + 3.70) says."""
    ages = pd.DataFrame({"sex": "all", "first": [75, 80, 85], "last": pd.array([79, 84, None], dtype="Int64"),
                         "row": [2, 3, 4]})  # fmt: skip
    made = life_table(ages.assign(people=[0.02, 0.04, 0.2]), kind="death_rate", open_age=85, file="life.csv")
    alive80 = 1 - 0.1 / 1.05
    alive85 = alive80 * (1 - 0.2 / 1.1)
    lived = [5 * (1 + alive80) / 2, 5 * (alive80 + alive85) / 2, alive85 / 0.2]
    assert made.survival[0, 1] == pytest.approx(lived[1] / lived[0])
    assert made.survival[0, 2] == pytest.approx(lived[2] / (lived[1] + lived[2]))
    again = life_table(ages.assign(people=lived), kind="person_years", open_age=85, file="life.csv")
    np.testing.assert_allclose(again.survival[:, 1:], made.survival[:, 1:])
    assert made.death_rate[0, 2] == pytest.approx(0.2, rel=0.15)


# --- share of growth, raking, whole people ---------------------------------------------------------------------------


def test_a_share_of_growth_as_worked_by_hand() -> None:
    """a grew by 30 and b by 10 while the county went from 200 to 240; at 320 a has 150 + 3/4 of 80, b 90 + 1/4."""
    made = share_of_growth(pd.Series([120.0, 80.0]), pd.Series([150.0, 90.0]), 320, 240)
    assert made.tolist() == [210, 110]
    shrank = share_of_growth(pd.Series([120.0, 80.0]), pd.Series([150.0, 90.0]), 120, 240)
    assert shrank.tolist() == [75, 45]


def test_whole_people_come_to_their_total() -> None:
    assert whole_people(np.array([0.5, 0.5, 0.0]), 1).tolist() == [1, 0, 0]
    assert whole_people(np.array([3.0, 4.0]), 7).tolist() == [3, 4]
    assert whole_people(np.array([2.9, 0.1]), 3, most=np.array([2, 5])).tolist() == [2, 1]
    with pytest.raises(DataError):
        whole_people(np.array([1.0]), 3, most=np.array([2]))


def test_raking_meets_the_control_also_where_nobody_is() -> None:
    cells = np.array([[1.0, 0.0], [3.0, 0.0]])
    made = raked(cells, np.array([8.0, 4.0]), otherwise=np.array([1.0, 3.0]))
    assert made.tolist() == [[2, 1], [6, 3]]


def test_both_margins_are_met() -> None:
    made = fit_margins(np.array([[8.0, 2.0], [5.0, 5.0]]), rows=np.array([20.0, 10.0]), columns=np.array([18.0, 12.0]))
    assert made.sum(axis=1) == pytest.approx([20, 10]) and made.sum(axis=0) == pytest.approx([18, 12])
    assert made[0, 0] / made[0, 1] * (made[1, 1] / made[1, 0]) == pytest.approx(4)  # the odds of the seed stay


# --- the whole -------------------------------------------------------------------------------------------------------


def drawn(towns: int, *, seed: int = 1) -> Question:
    """Many towns of five counties with drawn people."""
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"t{i:04d}" for i in range(towns)])
    earlier = rng.integers(0, 400, (towns, 2, 10)).astype(float)
    change = rng.uniform(0.7, 1.2, (towns, 2, 10)) * np.linspace(1.1, 0.45, 10)
    later = np.rint(np.concatenate([rng.integers(0, 400, (towns, 2, 2)), earlier[:, :, :8] * change[:, :, 2:]], axis=2))
    county_of = pd.Series([f"c{i % 5}" for i in range(towns)], index=ids)
    same = {"level": "town", "areas": ids, "sexes": ("male", "female"), "first_age": 40}
    counts = {2010: Census(2010, people=earlier, **same), 2020: Census(2020, people=later, **same)}  # type: ignore[arg-type]
    rates = Rates(np.full((2, 10), 0.116), np.tile(np.linspace(0.001, 0.15, 10), (2, 1)))
    return Question("hamilton_perry", (2030, 2033, 2035), county_of, pd.Index(sorted(set(county_of))), counts,
                    rates=rates)  # fmt: skip


def check_to_the_person(made: Forecast, county_of: pd.Series) -> None:
    for group in made.groups:
        for year in (made.base_year, *made.years):
            for variant in VARIANTS:
                towns, counties = made.at("town", group, year, variant), made.at("county", group, year, variant)
                assert towns.groupby(county_of).sum().to_dict() == counties.to_dict()
                assert counties.sum() == made.at("city", group, year, variant)["city"]


def test_towns_come_to_counties_and_the_city_to_the_person() -> None:
    asked = drawn(72)
    made = make_forecast(asked)
    check_to_the_person(made, asked.county_of)
    wide = made.rows.pivot(index=["area", "level", "year", "variant"], columns="group", values="people")
    assert (wide["older_80"] <= wide["older"]).all() and (wide["disabled"] <= wide["older"]).all()
    assert (made.rows["people"] >= 0).all() and len(made.made.ratios)
    assert made.made.ratios["used"].between(0, 2).all()


def test_the_count_itself_is_what_was_counted() -> None:
    asked = drawn(30)
    made, later = make_forecast(asked), asked.counts[2020]
    assert made.at("town", "older", 2020).to_dict() == dict(zip(later.areas, later.aged(60).astype(int), strict=True))


def test_low_is_below_middle_and_high_above() -> None:
    made = make_forecast(drawn(72))
    for year in made.years:
        low, middle, high = (int(made.at("city", "older", year, v)["city"]) for v in VARIANTS)
        assert low < middle < high
    assert made.made.variants["low"] == ("ratios_quartiles", {"areas": 72.0})
    own = make_forecast(replace(drawn(72), low=Knobs(ratios=0.9), high=Knobs(deaths=0.8)))
    low, middle = (int(own.at("city", "older", 2030, v)["city"]) for v in ("low", "middle"))
    assert own.made.variants["low"][0] == "ratios_said" and low == pytest.approx(0.9 * middle, abs=1)


def test_two_steps_from_one_town_by_hand_written_loops() -> None:
    """The same by loops over lists, without numpy: 2040 of one town and one sex, uncapped."""
    before, now = BEFORE[0], AFTER[0]

    def step(people: list[float], ratios: list[float]) -> list[float]:
        made = [0.0, 0.0] + [people[i] * ratios[i + 2] for i in range(7)]
        return [*made, sum(people[7:]) * ratios[9]]

    ratios = [0.0, 0.0] + [now[i + 2] / before[i] for i in range(7)] + [now[9] / sum(before[7:])]
    plain = step(step(now, ratios), ratios)
    counts = {2010: census(2010, BEFORE, areas="t1"), 2020: census(2020, AFTER, areas="t1")}
    made = make_forecast(question(counts=counts, county_of=pd.Series({"t1": "c1"}), counties=pd.Index(["c1"]),
                                  years=(2040,)))  # fmt: skip
    assert of(made, "city", "older", 2040) == {"city": round(sum(plain[4:]))}


def test_a_year_between_five_year_steps_lies_on_the_line() -> None:
    made = make_forecast(replace(drawn(72), years=(2030, 2032, 2035)))
    first, between, last = (int(made.at("city", "older", y)["city"]) for y in (2030, 2032, 2035))
    assert between == pytest.approx(first + 0.4 * (last - first), abs=1)
    halfway = made.at("town", "older", 2025)
    assert halfway.sum() == pytest.approx((made.at("city", "older", 2020) + made.at("city", "older", 2030)).sum() / 2)


def test_counties_by_cohorts_and_towns_by_a_share_of_their_growth() -> None:
    """t1 grew by 60 and t2 by 20 to 150 and 90: of what c1 grows, three quarters are t1's."""
    ages = census(2020, [[100.0] * 4 + [60, 50, 40, 40, 30, 20], [50.0] * 4 + [20, 20, 20, 10, 10, 20]],
                  level="county", areas="c1 c2")  # fmt: skip
    years = [5.0, 4.95, 4.9, 4.8, 4.7, 4.5, 4.2, 3.7, 2.9, 4.0]
    rows = pd.DataFrame({"sex": "all", "first": AGES, "people": years, "row": AGES,
                         "last": pd.array([*[a + 4 for a in AGES[:-1]], None], dtype="Int64")})  # fmt: skip
    below = Counted("town", pd.DataFrame({2010: [90, 70, 100], 2020: [150, 90, 100]}, index=["t1", "t2", "t3"]), None,
                    "two_counts")  # fmt: skip
    life = life_table(rows, kind="person_years", open_age=85, file="life.csv")
    made = make_forecast(question(method="cohort_survival", counts={2020: ages}, below=(below,), life=life,
                                  years=(2030, 2035)))  # fmt: skip
    check_to_the_person(made, COUNTY_OF)
    grew = of(made, "county", "older", 2030)["c1"] - 240
    towns = of(made, "town", "older", 2030)
    assert towns["t1"] - 150 == pytest.approx(0.75 * grew, abs=1) and made.made.methods["town"] == "two_counts"
    assert towns["t3"] == of(made, "county", "older", 2030)["c2"]


def test_towns_keep_their_own_share_of_the_oldest() -> None:
    now = pd.Series({"t1": 0.3, "t2": 0.1, "t3": 0.2})
    below = Counted("town", pd.DataFrame({2020: [150, 90, 100]}, index=["t1", "t2", "t3"]), now, "one_count")
    counts = {y: census(y, [[100.0] * 10, [50.0] * 10], level="county", areas="c1 c2") for y in (2010, 2020)}
    made = make_forecast(question(counts=counts, below=(below,)))
    check_to_the_person(made, COUNTY_OF)
    older, oldest = made.at("town", "older", 2030), made.at("town", "older_80", 2030)
    assert oldest["t1"] / older["t1"] > oldest["t2"] / older["t2"]


def controls(people: dict[str, float], *, year: int = 2030, variant: str = "") -> pd.DataFrame:
    table = pd.DataFrame({"area": list(people), "year": year, "people": list(people.values()), "variant": variant})
    return control_rows(table, file="controls.csv", known=KNOWN)


def test_a_forecast_made_elsewhere_is_shared_out() -> None:
    """The city goes from 340 to 440: t1 grew by 60 of 80, so it has 150 + 3/4 of 100."""
    older = pd.DataFrame({2010: [90, 70, 100], 2020: [150, 90, 100]}, index=["t1", "t2", "t3"])
    asked = question(method="share_of_growth", below=(Counted("town", older, None, "two_counts"),),
                     controls=controls({"city": 440}), counties=pd.Index([], dtype=object),
                     county_of=pd.Series("", index=older.index), disabled_share=0.1)  # fmt: skip
    made = make_forecast(asked)
    assert of(made, "town", "older", 2030) == {"t1": 225, "t2": 115, "t3": 100}
    assert of(made, "city", "disabled", 2030) == {"city": 44}
    assert of(made, "city", "older", 2030, "low") == {"city": 430} and made.made.variants["low"][0] == "growth_assumed"
    with pytest.raises(DataError, match="controls"):
        make_forecast(replace(asked, controls=None))


def test_controls_of_counties_bring_the_city_and_the_towns() -> None:
    counts = {y: census(y, [[100.0] * 10] * 3) for y in (2010, 2020)}
    made = make_forecast(question(counts=counts, controls=controls({"c1": 900, "c2": 500})))
    assert of(made, "city", "older", 2030) == {"city": 1400} and of(made, "county", "older", 2030)["c2"] == 500
    check_to_the_person(made, COUNTY_OF)


def test_where_people_become_fewer_low_is_fewer_still() -> None:
    """The city goes from 340 to 240: a tenth of the 100 fewer or more."""
    older = pd.DataFrame({2020: [150.0, 90, 100]}, index=["t1", "t2", "t3"])
    made = make_forecast(question(method="share_of_growth", below=(Counted("town", older, None, "one_count"),),
                                  controls=controls({"city": 240})))  # fmt: skip
    assert [of(made, "city", "older", 2030, v) for v in VARIANTS] == [{"city": 230}, {"city": 240}, {"city": 250}]
    check_to_the_person(made, COUNTY_OF)


# --- what cannot be --------------------------------------------------------------------------------------------------


def table(**columns: object) -> pd.DataFrame:
    made = {"area": ["t1", "t1"], "year": [2020, 2020], "sex": ["", ""], "age": ["60-64", "65+"], "people": [10, 20]}
    return pd.DataFrame(made | columns, index=pd.RangeIndex(2, 4, name="row"))


def read(frame: pd.DataFrame) -> pd.DataFrame:
    return age_rows(frame, file="ages.xlsx", known=KNOWN)


def test_wide_and_long_tables_say_the_same() -> None:
    wide = pd.DataFrame({"area": ["甲镇"], "year": ["2020年"], "60～64岁": ["1,000"], "65岁及以上": [20]}, index=[2])
    long = table(people=[1000, 20])
    (one,), (other,) = (list(censuses(read(frame), file="f").values()) for frame in (wide, long))
    assert one.areas.equals(other.areas) and one.people.tolist() == other.people.tolist() and one.open_age == 65


def test_single_years_are_put_together() -> None:
    ages = [*map(str, range(60, 70)), "70岁以上"]
    frame = pd.DataFrame({"area": "t1", "year": 2020, "age": ages, "people": 1}, index=range(2, 13))
    (made,) = censuses(read(frame), file="f").values()
    assert made.people.tolist() == [[[5, 5, 1]]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"people": [10, -1]}, r"ages.xlsx, column people, rows 3: '-1' cannot be used"),
        ({"people": [None, 1]}, r"rows 2: ''"),
        ({"age": ["2026-05-09", "65+"]}, r"column age, rows 2: '2026-05-09' is no group"),
        ({"area": ["t1", "t9"]}, r"rows 3: t9 is no town"),
        ({"sex": ["男", "x"]}, r"column sex, rows 3: 'x'"),
        ({"year": [2020, "soon"]}, r"column year, rows 3: 'soon'"),
        ({"level": ["county", "town"]}, r"column level, rows 2"),
    ],
)
def test_a_bad_cell_is_told_by_file_row_and_column(change: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(table(**change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"age": ["60+", "65+"]}, "oldest groups of 2020 differ"),
        ({"age": ["60-64", "65-69"]}, "oldest groups"),
        ({"age": ["60-64", "60-64"], "people": [1, 1]}, "oldest groups"),
        ({"age": ["60-69", "70+"]}, "does not fit into five years"),
        ({"age": ["60-64", "70+"]}, "ages are missing between 60-64 / 70"),
        ({"age": ["60-64", "62+"]}, "does not fit into five years"),
        ({"age": ["65+", "65+"]}, "has the same ages twice"),
        ({"age": ["65+", "65+"], "area": ["t1", "t2"], "sex": ["男", "女"]}, "lacks the ages 65"),
    ],
)
def test_ages_that_do_not_hold_together_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        censuses(read(table(**change)), file="ages.xlsx")


def test_different_last_ages_of_one_count_are_mixed_up() -> None:
    frame = table(area=["t1", "t2"], age=["60+", "65+"])
    with pytest.raises(DataError, match=r"60\+, 65\+"):
        censuses(read(frame), file="f")


def test_both_sexes_and_upper_levels_are_held_against_their_sums() -> None:
    frame = pd.DataFrame({"area": ["t1"] * 3, "year": 2020, "sex": ["男", "女", "合计"], "60+": [4, 5, 9]})
    (made,) = censuses(read(frame), file="f").values()
    assert made.sexes == ("male", "female")
    with pytest.raises(DataError, match="not the sum of men and women"):
        censuses(read(frame.assign(**{"60+": [4, 5, 8]})), file="f")
    levels = pd.DataFrame({"area": ["t1", "t2", "t3", "c1"], "year": 2020, "60+": [4, 5, 1, 8]}, index=[2, 3, 4, 5])
    rows = read(levels)
    with pytest.raises(DataError, match="row 5: c1 has 8 people of its own in 2020, its areas come to 9"):
        check_sums(rows, censuses(rows, file="f"), question().parents("town"), file="f")


def test_counts_that_are_not_ten_years_apart_are_refused() -> None:
    with pytest.raises(DataError, match="8 years apart"):
        make_forecast(question(counts={2012: census(2012, [[1.0] * 10] * 3), 2020: census(2020, [[1.0] * 10] * 3)}))
    with pytest.raises(DataError, match="two counts"):
        make_forecast(question(counts={2020: census(2020, [[1.0] * 10] * 3)}))


def test_what_was_45_must_be_counted_for_2035() -> None:
    counts = {y: replace(census(y, [[100.0] * 10] * 3), first_age=50) for y in (2010, 2020)}
    with pytest.raises(DataError, match="ages begin at 50"):
        make_forecast(question(counts=counts, years=(2035,)))


def test_a_year_before_the_count_and_missing_areas_are_refused() -> None:
    counts = {y: census(y, [[100.0] * 10] * 2, areas="t1 t2") for y in (2010, 2020)}
    with pytest.raises(DataError, match="lack the areas: t3"):
        make_forecast(question(counts=counts))
    whole = {y: census(y, [[100.0] * 10] * 3) for y in (2010, 2020)}
    with pytest.raises(DataError, match="not after the last count"):
        make_forecast(question(counts=whole, years=(2015,)))


def test_more_older_people_than_people_are_refused() -> None:
    """Weihai's 60+ grew by 4.8 % a year from 2010 to 2020: carried on that is a forecast of nobody's cohorts."""
    counts = {y: census(y, [[100.0] * 10] * 3) for y in (2010, 2020)}
    with pytest.raises(DataError, match="more than the 2,500 there are"):
        make_forecast(question(counts=counts, population=2500, controls=controls({"city": 2600})))
    with pytest.raises(DataError, match="2,400 of 50 and over in 2020"):
        make_forecast(question(counts=counts, controls=controls({"city": 2600})))


def test_ages_are_read_as_offices_write_them() -> None:
    said = ["60-64", "60－64", "60——64岁", "60～64岁", "60—64 岁", "60 to 64", "60至64周岁"]
    assert {str(age_group(text)) for text in said} == {"60-64"}
    assert {str(age_group(text)) for text in ("85+", "85岁及以上", "85岁以上", "≥85", "85 and over")} == {"85+"}
    assert [age_group(text) for text in ("人口", "2020", "64-60", "合计")] == [None] * 4


def test_rates_by_age_fill_every_age_from_60_on() -> None:
    like = census(2020, [[1.0] * 10], areas="t1")
    rows = rate_rows(pd.DataFrame({"age": ["60-79", "80+"], "share": [0.05, 0.4]}), file="f", value="share")
    assert rates_by_age(rows, like, file="f")[0].tolist() == [0, 0, 0, 0, 0.05, 0.05, 0.05, 0.05, 0.4, 0.4]
    with pytest.raises(DataError, match="rates of some ages"):
        rates_by_age(rows.iloc[:1], like, file="f")


def test_older_people_come_by_their_heads() -> None:
    frame = pd.DataFrame({"town": ["t1"], "year": [2020], "60岁及以上": [30], "80岁及以上": [4]}, index=[2])
    made = growth_rows(frame, file="f", known=KNOWN)
    assert made[["area", "year", "age", "people"]].to_numpy().tolist() == [["t1", 2020, 60, 30], ["t1", 2020, 80, 4]]


def test_towns_of_both_sexes_count_once_and_nothing_counts_twice() -> None:
    frame = pd.DataFrame({"town": ["t1"] * 3, "year": 2020, "sex": ["男", "女", "合计"], "60+": [14, 16, 30]})
    for rows in (frame, frame.iloc[:2], frame.iloc[2:]):
        assert growth_rows(rows, file="f", known=KNOWN)["people"].tolist() == [30]
    with pytest.raises(DataError, match="not the sum of men and women"):
        growth_rows(frame.assign(**{"60+": [14, 16, 31]}), file="f", known=KNOWN)
    with pytest.raises(DataError, match="t1 in 2020 stands there more than once"):
        growth_rows(pd.concat([frame, frame.iloc[2:]]), file="f", known=KNOWN)
    table = pd.DataFrame({"area": ["全市", "city"], "year": 2035, "people": [10, 20]})
    with pytest.raises(DataError, match="more than once"):
        control_rows(table, file="f", known=KNOWN)


def test_a_town_without_a_count_is_missed_and_never_shared_out_to_others() -> None:
    counts = {y: census(y, [[100.0] * 10] * 2, level="county", areas="c1 c2") for y in (2010, 2020)}
    below = (Counted("town", pd.DataFrame({2020: [500.0, 600]}, index=["t1", "t3"]), None, "one_count"),)
    with pytest.raises(DataError, match="lack the areas: t2"):
        make_forecast(question(counts=counts, below=below))


def test_controls_of_towns_shares_in_per_cent_and_counts_of_nobody_are_refused() -> None:
    with pytest.raises(DataError, match="not of towns"):
        controls({"t1": 100})
    counts = {y: census(y, [[100.0] * 10] * 3) for y in (2010, 2020)}
    with pytest.raises(DataError, match="less than a tenth .* city"):
        make_forecast(question(counts=counts, controls=controls({"city": 0.18})))
    with pytest.raises(DataError, match="'5' is above 1"):
        rate_rows(pd.DataFrame({"age": ["60+"], "share": [5]}), file="f", value="share", most=1.0)
    counts = {2010: census(2010, [[0.0] * 10] * 3), 2020: census(2020, [[100.0] * 10] * 3)}
    with pytest.raises(DataError, match="2010 have nobody"):
        make_forecast(question(counts=counts))
    with pytest.raises(DataError, match="2020 is not after the last count"):
        make_forecast(question(counts={2010: counts[2020], 2020: counts[2020]}, years=(2020, 2030)))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("city", "男", "60-64", -5), ("city", "女", "60-64", -5), ("city", "", "60-64", -10)], "male, female, all"),
        ([("city", "", "60-64", -5), ("c1", "", "60-64", -5)], "city, county"),
        ([("city", "", "60-64", -5), ("city", "", "60-64", -5)], "more than once"),
        ([("city", "", "60-69", -5)], "60-69"),
        ([("city", "", "80+", -5)], r"80\+"),
    ],
)
def test_migrants_never_count_twice(rows: list[tuple[object, ...]], said: str) -> None:
    table = pd.DataFrame(rows, columns=["area", "sex", "age", "people"])
    found = age_rows(table, file="m", known=KNOWN, year=2020, signed=True)
    with pytest.raises(DataError, match=said):
        check_migration(found, census(2020, AFTER, areas="t1"), file="m")
    fits = table.iloc[:1].assign(age="90-94")
    check_migration(age_rows(fits, file="m", known=KNOWN, year=2020, signed=True), census(2020, AFTER, areas="t1"),
                    file="m")  # fmt: skip


def test_quartiles_are_those_of_people() -> None:
    ratios = np.array([0.8, 0.9, 1.0, 1.2]).reshape(4, 1, 1)
    low, high = spread_of(ratios, np.array([10.0, 10, 10, 10]).reshape(4, 1, 1))
    assert low[0, 0] == pytest.approx(0.8 / 0.9) and high[0, 0] == pytest.approx(1.0 / 0.9)


def test_steps_are_five_years_apart() -> None:
    made = hamilton_perry(census(2020, AFTER, areas="t1"), np.ones((1, 1, 10)), interval=10, until=2040)
    assert {b - a for a, b in pairwise(made)} == {5}


def test_a_county_without_towns_is_refused_and_never_missing_in_the_sums_of_towns() -> None:
    """c2 has ages and no town: the towns would come to c1 alone."""
    counts = {y: census(y, [[100.0] * 10] * 2, level="county", areas="c1 c2") for y in (2010, 2020)}
    below = (Counted("town", pd.DataFrame({2020: [500.0, 100]}, index=["t1", "t2"]), None, "one_count"),)
    asked = question(counts=counts, below=below, county_of=COUNTY_OF.iloc[:2])
    with pytest.raises(DataError, match="no town: c2"):
        make_forecast(asked)
    with pytest.raises(DataError, match="no town: c2"):
        make_forecast(replace(asked, method="share_of_growth", counts={}, controls=controls({"city": 700})))
    assert of(make_forecast(replace(asked, below=())), "county", "older", 2020) == {"c1": 600, "c2": 600}


@pytest.mark.parametrize(
    ("low", "middle", "high", "wrong"),
    [(460, 440, 420, True), (430, 440, 435, True), (445, 440, 450, True), (460, None, 450, True),
     (430, 440, 440, False)],
)  # fmt: skip
def test_low_and_high_of_controls_the_wrong_way_round_are_refused(
    low: int, middle: int | None, high: int, wrong: bool
) -> None:
    said = {"低": low, "中": middle, "高": high}
    rows = [{"area": "city", "year": 2030, "variant": v, "people": n} for v, n in said.items() if n is not None]
    table = pd.DataFrame(rows, index=range(2, 2 + len(rows)))
    if not wrong:
        assert len(control_rows(table, file="controls.csv", known=KNOWN)) == 3
        return
    with pytest.raises(DataError, match=r"controls\.csv, rows 2, 3.*: of city in 2030"):
        control_rows(table, file="controls.csv", known=KNOWN)


@pytest.mark.parametrize("ages", [["60+", "80+"], ["60-79", "75+"], ["60+", "60+"]])
def test_rates_of_groups_that_overlap_are_refused(ages: list[str]) -> None:
    table = pd.DataFrame({"age": ages, "share": [0.1, 0.4]}, index=[2, 3])
    with pytest.raises(DataError, match=r"f, rows 2, 3: the groups .* overlap"):
        rates_by_age(rate_rows(table, file="f", value="share"), census(2020, [[1.0] * 10], areas="t1"), file="f")


def test_rates_of_men_and_of_women_do_not_overlap() -> None:
    table = pd.DataFrame({"sex": ["男", "女"], "age": "60+", "share": [0.1, 0.2]})
    like = replace(census(2020, [[1.0] * 10], areas="t1"), sexes=("male", "female"), people=np.ones((1, 2, 10)))
    assert rates_by_age(rate_rows(table, file="f", value="share"), like, file="f")[:, -1].tolist() == [0.1, 0.2]


def test_errors_name_the_variant_in_their_own_language() -> None:
    counts = {y: census(y, [[100.0] * 10] * 3) for y in (2010, 2020)}
    for asked in (question(counts=counts, population=2500), question(counts=counts)):
        with pytest.raises(DataError) as told:
            make_forecast(replace(asked, controls=controls({"city": 2600})))
        zh = told.value.sentence("zh")
        assert "2030 年（低方案）" in zh and "low" not in zh and "(low)" in str(told.value)


def test_low_above_middle_between_the_years_of_controls_is_refused() -> None:
    """Low says 2035 alone: on the line it has 373 in 2030, where the middle has 342."""
    older = pd.DataFrame({2020: [150.0, 90, 100]}, index=["t1", "t2", "t3"])
    rows = [("2030", "", 342), ("2035", "", 400), ("2035", "low", 390)]
    table = pd.DataFrame(rows, columns=["year", "variant", "people"]).assign(area="city")
    asked = question(method="share_of_growth", below=(Counted("town", older, None, "one_count"),),
                     controls=control_rows(table, file="controls.csv", known=KNOWN))  # fmt: skip
    with pytest.raises(DataError, match="in 2030: city"):
        make_forecast(asked)
    grown = replace(asked, controls=controls({"city": 400}), low=Knobs(growth=1.2))
    with pytest.raises(DataError, match="check `growth`"):
        make_forecast(grown)
