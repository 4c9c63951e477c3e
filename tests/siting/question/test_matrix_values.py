"""What a matrix and the tables beside it may hold: each value is right, or refused by row, column and value."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import quarterhour as qh
from quarterhour.base.errors import DataError
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.question.fingerprint import input_hash

COSTS = np.array([[3.0, 9, 30], [12, 5, 8], [30, 9, 4], [40, 40, 40]])
HOMES, PLACES = list("nmsf"), list("abc")
PEOPLE = [100, 40, 30, 7]
Siting = qh.siting


def _asked(matrix: Any = COSTS, demand: Any = PEOPLE, **more: Any) -> qh.siting.SitingProblem:
    return qh.siting_from_matrix(matrix, demand, **{"within": 10, "new_sites": 1, **more})


def _refused(**asked: Any) -> str:
    with pytest.raises(DataError) as why:
        _asked(**asked)
    assert why.value.sentence("zh")
    return str(why.value)


def _with(value: Any, *, form: str = "frame") -> Any:
    """The matrix with a value in row n, column b."""
    cells = COSTS.astype(object)
    cells[0, 1] = value
    return {"frame": pd.DataFrame(cells, HOMES, PLACES), "array": cells, "list": cells.tolist()}[form]


RIGHT = {
    "Decimal": (Decimal("9"), 9), "Fraction": (Fraction(37, 4), 9.25), "text": ("9.25", 9.25), "wide": ("９", 9),
    "thousands": ("1,234", None), "NA": (pd.NA, None), "None": (None, None), "NaT": (pd.NaT, None),
    "infinite": (np.inf, None), "signalling": (Decimal("sNaN"), None), "int8": (np.int8(9), 9),
    "longdouble": (np.longdouble("9.25"), 9.25), "float16": (np.float16(9.25), 9.25), "uint64": (np.uint64(9), 9),
}  # fmt: skip


@pytest.mark.parametrize("form", ["frame", "array", "list"])
@pytest.mark.parametrize("name", RIGHT)
def test_a_number_of_any_type_is_that_number(name: str, form: str) -> None:
    given, number = RIGHT[name]
    plain = np.where(COSTS[0, 1] == COSTS, COSTS, COSTS)
    plain[0, 1] = np.nan if number is None else number
    expected = pd.DataFrame(plain, HOMES, PLACES) if form == "frame" else plain
    assert input_hash(_asked(_with(given, form=form), searched=20)) == input_hash(_asked(expected, searched=20))


WRONG = {
    "bool": (True, "holds True, which says yes or no"),
    "numpy's bool": (np.bool_(False), "holds False, which says yes or no"),
    "complex": (3 + 0j, "the complex number (3+0j)"),
    "duration": (pd.Timedelta("5min"), "divided by pd.Timedelta(minutes=1)"),
    "numpy's duration": (np.timedelta64(5, "m"), "divided by pd.Timedelta(minutes=1)"),
    "date": (datetime.date(2026, 1, 1), "the date or time of day"),
    "word": ("near", "the text 'near'"),
    "blank": ("", "the text ''"),
    "written infinity": ("inf", "the text 'inf'"),
    "bytes": (b"5", "b'5', which is no number"),
    "list": ([5], "[5], which is no number"),
}  # fmt: skip


@pytest.mark.parametrize("form", ["frame", "array", "list"])
@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_number_is_told_by_row_column_and_value(name: str, form: str) -> None:
    value, part = WRONG[name]
    told = _refused(matrix=_with(value, form=form))
    assert part in told
    assert ("Row n, column b" if form == "frame" else "Row 0, column 1") in told


@pytest.mark.parametrize(
    ("value", "shown"), [(-5, "is -5"), (-np.inf, "is -inf"), (2**63, "is 9.22337e+18"), (2**1100, "is 1.79769e+308")]
)
def test_a_time_that_cannot_be_is_told_by_row_and_column(value: Any, shown: str) -> None:
    told = _refused(matrix=_with(value))
    assert "must lie between 0 and 178956" in told and f"1 do not; the first, in row n, column b, {shown}" in told


@pytest.mark.parametrize(
    ("matrix", "part"),
    [
        (COSTS > 3, "Row 0, column 0 holds False"),
        (pd.DataFrame(COSTS > 3, HOMES, PLACES).astype("boolean"), "Row n, column a holds False"),
        (sparse.csr_array(COSTS > 3), "Row 0, column 1 holds True"),
        (COSTS.astype("int64").astype("m8[m]"), "holds the duration"),
        (COSTS.astype("int64").astype("m8[ns]"), "holds the duration"),
        (COSTS.astype("int64").astype("M8[D]"), "holds the date"),
        (COSTS + 0j, "the complex number (3+0j)"),
        (COSTS.astype("S"), "which is no number"),
        (COSTS[None], "1 x 4 x 3 came"),
        ([[1, 2], [3]], "communities x sites"),
        (np.zeros((0, 3)), "0 x 3 came"),
        (sparse.coo_array(COSTS[0]), "3 came"),
        (sparse.coo_array(COSTS[0] > 3), "holds True"),
        (pd.DataFrame(COSTS * (COSTS > 5)).astype(pd.SparseDtype(float, 0)), "column 0 of the matrix is sparse"),
    ],
)
def test_an_array_of_another_kind_or_shape_is_told(matrix: Any, part: str) -> None:
    assert part in _refused(matrix=matrix)


def _read_only() -> Any:
    costs = COSTS.copy()
    costs.flags.writeable = False
    return costs


def _every_second() -> Any:
    whole = np.zeros((8, 6))
    whole[::2, ::2] = COSTS
    return whole[::2, ::2]


@pytest.mark.parametrize(
    "matrix",
    [
        _read_only(),
        _every_second(),
        np.asfortranarray(COSTS),
        COSTS.astype("f2"),
        COSTS.astype(">f8"),
        COSTS.astype("U"),
        [row.tolist() for row in COSTS],
        pd.DataFrame(COSTS).astype("Int64"),
        pd.DataFrame(COSTS).astype("category"),
        pd.DataFrame(COSTS).astype("string"),
        pd.DataFrame(COSTS).astype(pd.SparseDtype(float, np.nan)),
        pd.DataFrame(COSTS).astype(pd.SparseDtype(float, 0)),
        pd.DataFrame(
            {0: COSTS[:, 0].astype("i1"), 1: pd.array(COSTS[:, 1], "Float64"), 2: list(map(str, COSTS[:, 2]))}
        ),
        sparse.dia_array(COSTS),
        sparse.dok_array(COSTS),
    ],
    ids=repr,
)
def test_an_array_of_any_make_says_the_same(matrix: Any) -> None:
    assert input_hash(_asked(matrix)) == input_hash(_asked())


def test_a_masked_cell_is_too_far() -> None:
    far = np.where(COSTS > 10, np.nan, COSTS)
    for kind in (float, int):
        masked = np.ma.masked_greater(COSTS.astype(kind), 10)
        assert input_hash(_asked(masked)) == input_hash(_asked(far))
    assert "Row 1, column people is empty" in _refused(demand=np.ma.masked_less(PEOPLE, 50))


def test_cells_stored_twice_are_added_up_beyond_their_own_width() -> None:
    again = sparse.coo_array((np.array([100, 100], dtype="i1"), ([0, 0], [0, 0])), shape=(1, 1))
    assert _asked(again, [5], within=250).times.cs.tolist() == [200 * 6000]


def test_a_matrix_without_sites_asks_for_none() -> None:
    plan = qh.solve_siting(_asked(np.zeros((4, 0))))
    assert (plan.chosen, plan.covered, plan.demand_total) == ((), 0, 177)


PEOPLE_WRONG: list[tuple[Any, str]] = [
    ([True, 40, 30, 7], "Row 0, column people holds True, which says yes or no"),
    ([100, -40, 30, 7], "Row 1, column people holds -40, which is negative"),
    ([100, 40, 1.5, 7], "Row 2, column people holds 1.5, which is no whole number"),
    ([100, 40, 30, np.nan], "Row 3, column people is empty (nan)"),
    ([100, 40, 30, 2**63], "holds 9223372036854775808; it must be below 9,007,199,254,740,992"),
    ([100, 40, 30, 2**1100], "it must be below"),
    ([2**52] * 4, "18014398509481984 people in all are too many"),
    ([3 + 0j, 40, 30, 7], "the complex number"),
    ([pd.Timedelta("5min"), 40, 30, 7], "the duration"),
    (np.array([5, 4, 3, 2], dtype="m8[ns]"), "the duration"),
    (["many", 40, 30, 7], "the text 'many'"),
    ({1, 2, 3, 4}, "communities x sites"),
    (sparse.csr_array(COSTS), "communities x sites"),
    (COSTS, "for 4 x 3 communities"),
]


@pytest.mark.parametrize(("demand", "part"), PEOPLE_WRONG, ids=lambda value: str(value)[:30])
def test_people_that_cannot_be_are_told(demand: Any, part: str) -> None:
    assert part in _refused(demand=demand)


def test_people_of_any_type_are_that_many() -> None:
    plain = input_hash(_asked(demand=[100] * 4))
    for kind in ("i1", "u1", "i8", "f2", "f8", "O", "U"):
        assert input_hash(_asked(demand=np.array([100] * 4).astype(kind))) == plain
    assert input_hash(_asked(demand=[Decimal(100), Fraction(100), "1e2", np.int8(100)])) == plain


def test_sums_do_not_end_at_the_width_of_what_came() -> None:
    short = np.array([100] * 4, dtype="i1")
    both = pd.DataFrame({"old": short, "young": short})
    problem = _asked(demand=both, people={"old": np.int8(3), "young": 2})
    assert (problem.demand.tolist(), qh.solve_siting(problem).demand_total) == ([500] * 4, 2000)
    money = pd.DataFrame({"cost_yuan": short[:3], "running_yuan": short[:3]})
    asked = _asked(sites=money, budget=Siting.Budget(np.int64(700), np.int8(3)), new_sites=None)
    assert asked.yuan.tolist() == [400] * 3


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({"new_sites": 1.5}, "new_sites must be a whole number, 0 or more; 1.5 came"),
        ({"new_sites": True}, "new_sites must be a whole number, 0 or more; True came"),
        ({"new_sites": 2.0}, "new_sites must be a whole number, 0 or more; 2.0 came"),
        ({"new_sites": 2**63}, "9223372036854775808 came"),
        ({"new_sites": np.timedelta64(1, "m")}, "new_sites must be a whole number"),
        ({"within": True}, "positive number of minutes; True"),
        ({"within": np.timedelta64(5, "m")}, "positive number of minutes"),
        ({"within": 2**1100}, "positive number of minutes"),
        ({"quotas": Siting.Quota("town", ("T",), minimum=1.5)}, "of at least 1.5"),  # type: ignore[arg-type]
        ({"quotas": Siting.Quota("town", ("T",), maximum=True)}, "at most True"),
        ({"quotas": Siting.Quota("town", ("T",), minimum=2**63)}, "cannot be used"),
        ({"budget": 2**63}, "a budget of 9223372036854775808 yuan"),
        ({"budget": Siting.Budget(5, True)}, "over True years"),
        ({"spacing": True}, "spacing must be Spacing(metres)"),
        ({"spacing": Siting.Spacing(5, existing=1)}, "existing must be True or False; 1 came"),  # type: ignore[arg-type]
        ({"coverage": Siting.Coverage(everyone=1)}, "everyone must be True or False; 1 came"),  # type: ignore[arg-type]
        ({"coverage": Siting.Coverage(tier=5)}, "tier must be text; 5 came"),  # type: ignore[arg-type]
        ({"coverage": Siting.Coverage(at_least=2**63)}, "people to cover at least"),
        ({"capacity": Siting.Capacity(unit=None)}, "unit must be text; None came"),  # type: ignore[arg-type]
        ({"capacity": Siting.Capacity(split=2)}, "split must be True or False; 2 came"),  # type: ignore[arg-type]
        ({"name": None}, "name must be text; None came"),
        ({"conflicts": 5}, "group of conflicting sites cannot be used"),
        ({"people": {"old": -1}, "demand": pd.DataFrame({"old": PEOPLE})}, "for the column of people 'old' -1 came"),
        ({"people": {"old": 1.5}, "demand": pd.DataFrame({"old": PEOPLE})}, "whole numbers of 0 or more"),
        ({"people": {"old": np.nan}, "demand": pd.DataFrame({"old": PEOPLE})}, "'old' nan came"),
        ({"people": {"old": 2**52}, "demand": pd.DataFrame({"old": PEOPLE})}, "are too many to be counted exactly"),
    ],
)
def test_a_rule_that_is_no_rule_is_told(asked: dict[str, Any], part: str) -> None:
    sites = pd.DataFrame({"town": "T", "cost_yuan": [1, 2, 3], "capacity": 99, "x": [1, 2, 3], "y": 0})
    assert part in _refused(**{"sites": sites, **asked})


@pytest.mark.parametrize(
    ("column", "value", "part"),
    [
        ("cost_yuan", True, "Row 1, column cost_yuan holds True"),
        ("cost_yuan", -1, "Row 1, column cost_yuan holds -1, which is negative"),
        ("cost_yuan", "", "Row 1, column cost_yuan is empty"),
        ("capacity", 1.5, "Row 1, column capacity holds 1.5, which is no whole number"),
        ("capacity", 2**63, "it must be below"),
        ("x", None, "Row 1, column x is empty"),
        ("y", np.inf, "Row 1, column y holds inf"),
        ("y", "north", "Row 1, column y holds the text 'north'"),
    ],
)
def test_a_figure_of_a_site_that_cannot_be_is_told(column: str, value: Any, part: str) -> None:
    sites = pd.DataFrame({"cost_yuan": [1, 2, 3], "capacity": 99, "x": [1, 2, 3], "y": 0}, dtype=object)
    sites.loc[1, column] = value
    asked = {"budget": 9, "capacity": Siting.Capacity(), "spacing": 0.5}
    assert part in _refused(sites=sites, **asked)


@pytest.mark.parametrize(
    ("value", "part"),
    [(-5, "holds -5, which is negative"), (np.nan, "is empty"), (True, "holds True"), ("far", "holds the text 'far'")],
)
def test_a_distance_that_cannot_be_is_told(value: Any, part: str) -> None:
    apart = [[0, value, 3], [2, 0, 3], [3, 3, 0]]
    assert f"Row 0, column 1 {part}" in _refused(spacing=Siting.Spacing(1, distances=apart))
    assert "2 x 2 came" in _refused(spacing=Siting.Spacing(1, distances=[[0, 1], [1, 0]]))


def test_a_load_that_cannot_be_is_told() -> None:
    sites = pd.DataFrame({"capacity": [99] * 3})
    told = _refused(sites=sites, demand=[100, 40, 30, 0], capacity=Siting.Capacity(load=[1, 2, 3, 4]))
    assert "Row 3, column load holds 4, where nobody counts. Write 0." in told
    told = _refused(sites=sites, capacity=Siting.Capacity(load=[1, True, 3, 4]))
    assert "Row 1, column load holds True" in told


def test_whole_numbers_of_numpy_come_back_as_pythons_own() -> None:
    problem = _asked(
        new_sites=np.int8(1),
        within=Siting.Standard(np.int8(10), ((np.int8(5), np.uint8(100)), (np.float32(10), np.int64(50)))),
        quotas=Siting.Quota("town", ("T",), minimum=np.int8(1), maximum=np.int64(2)),
        coverage=Siting.Coverage(everyone=np.bool_(False), at_least=np.int8(1)),
        budget=Siting.Budget(np.int16(9), np.uint8(0)),
        sites=pd.DataFrame({"town": "T", "cost_yuan": np.array([1, 2, 3], dtype="i1")}),
    )
    plan = qh.solve_siting(problem)
    held = (plan.chosen, plan.covered, plan.value, plan.bound, plan.gap, plan.reachable, plan.demand_total, plan.seed)
    said = (problem.new_sites, problem.budget.yuan, problem.quotas[0].minimum, problem.coverage.everyone)
    json.dumps([held, said, plan.status, plan.figures.by_column if plan.figures else None])
    assert json.dumps(plan_record(plan, problem)) and {type(v) for v in said} == {int, bool}
    assert {type(site) for site in plan.chosen} == {str}


def test_an_id_with_a_point_is_the_whole_number_it_is() -> None:
    numbered = pd.DataFrame(COSTS, index=[1.0, 2.0, 3.0, 4.0], columns=[7.0, 8.0, 9.0])
    problem = _asked(numbered, pd.Series(PEOPLE, [1, 2, 3, 4]), existing=[7.0])
    assert (list(problem.sites.index), problem.sites["state"].tolist()[0]) == (["7", "8", "9"], "existing")
    assert list(_asked(pd.DataFrame(COSTS, columns=[7.5, 8.0, 9.0])).sites.index) == ["7.5", "8.0", "9.0"]


def test_columns_of_people_in_levels_go_by_their_text() -> None:
    levels = pd.MultiIndex.from_tuples([("old", 1), ("old", 2)])
    both = pd.DataFrame([[100, 1], [40, 1], [30, 1], [7, 1]], columns=levels)
    assert _asked(demand=both, people="('old', 1)").demand.tolist() == PEOPLE


@pytest.mark.parametrize(
    "within", [1000 / 70, 10.123456789, Siting.Standard(10.12345, ((5.12345, 100), (10.12345, 50)))]
)
def test_a_standard_finer_than_a_centisecond_has_a_plan_that_verifies(within: Any) -> None:
    problem = _asked(within=within)
    verify_record(json.loads(json.dumps(plan_record(qh.solve_siting(problem, nodes=5), problem))))


@pytest.mark.parametrize("asked", [{"within": {"x": 10}}, {"matrix": {"x": COSTS}}])
def test_a_class_that_the_only_standard_is_not_for_is_refused(asked: dict[str, Any]) -> None:
    assert "1, 3" in _refused(classes=["x", "y", "x", "y"], **asked)
    for classes in (["x"] * 4, None):
        assert _asked(classes=classes, **asked).classes.tolist() == ["x"] * 4
