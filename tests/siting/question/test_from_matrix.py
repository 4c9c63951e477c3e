"""A siting question from a matrix, as users of other location packages bring it."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import quarterhour as qh
from quarterhour.base.errors import CutoffError, DataError
from quarterhour.siting.question import fingerprint
from quarterhour.siting.question import from_matrix as room
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.from_matrix import costs
from quarterhour.siting.question.problem import Standard
from repeatable import examples

COSTS = np.array([[5, np.nan, 20, np.inf], [np.inf, 10, 15, np.nan], [np.nan, np.nan, 9, 10], [np.nan] * 4])
PEOPLE = [100, 40, 30, 7]


def _stored(costs):
    row, column = np.nonzero(np.isfinite(costs))
    return sparse.coo_array((costs[row, column], (row, column)), shape=costs.shape)


def test_the_example_runs():
    done = doctest.testmod(room)
    assert (done.attempted, done.failed) == (4, 0)


def test_three_lines_are_enough():
    problem = qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=1)
    plan = qh.solve_siting(problem)
    assert (plan.chosen, plan.covered, plan.status) == (("0",), 100, "optimal")


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dok", "lil"])
def test_a_sparse_matrix_says_the_same(form):
    dense = qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=2, existing=[0])
    stored = qh.siting_from_matrix(_stored(COSTS).asformat(form), PEOPLE, within=15, new_sites=2, existing=[0])
    assert qh.solve_siting(stored).input_hash == qh.solve_siting(dense).input_hash


def test_a_stored_zero_is_near_and_what_is_not_stored_is_far():
    costs = sparse.csr_array((np.array([0.0, 3.0]), np.array([0, 1]), np.array([0, 1, 2])), shape=(2, 2))
    plan = qh.solve_siting(qh.siting_from_matrix(costs, [5, 4], within=1, new_sites=2))
    assert (plan.chosen, plan.covered, plan.reachable) == (("0",), 5, 5)


def test_ids_of_a_table_are_kept():
    table = pd.DataFrame(COSTS, index=["n", "m", "s", "f"], columns=["old", "a", "b", "c"])
    people = pd.Series(PEOPLE[::-1], index=["f", "s", "m", "n"])
    towns = pd.DataFrame({"town": ["T1", "T1", "T2", "T3"]}, index=table.columns)
    asked = {"within": 15, "new_sites": 2, "existing": ["old"], "sites": towns}
    plan = qh.solve_siting(qh.siting_from_matrix(table, people, quotas=[qh.siting.Quota("town", ("T3",))], **asked))
    assert (set(plan.chosen), plan.covered_before, plan.covered) == ({"b", "c"}, 100, 170)


def test_without_a_standard_everything_counts_as_in_a_p_median():
    costs = np.abs(np.subtract.outer(np.arange(7), np.arange(7)))
    plan = qh.solve_siting(qh.siting_from_matrix(costs, [1] * 7, objective="min-time", new_sites=2))
    assert (plan.value, plan.status) == (6, "optimal")
    worst = qh.solve_siting(qh.siting_from_matrix(costs, [1] * 7, objective="min-worst", new_sites=2))
    assert (worst.value, worst.bound) == (2, 2)


def test_a_single_step_counts_for_as_much_as_it_says():
    problem = qh.siting_from_matrix([[5, 9], [4, 20]], [10, 20], within=Standard(15, ((15, 60),)), new_sites=1)
    plan = qh.solve_siting(problem)
    qh.verify_plan(problem, plan)
    assert (plan.value, plan.bound) == (18, 18)


def test_steps_and_required_sites_come_along():
    asked = {"within": Standard(15, ((10, 100), (15, 50))), "new_sites": 1, "required": ["2"]}
    plan = qh.solve_siting(qh.siting_from_matrix(COSTS, PEOPLE, **asked))
    assert (plan.chosen, plan.value, plan.covered) == (("2",), 50, 70)


@pytest.mark.parametrize("kind", ["int8", "int64", "uint16", "float32", "float64", "longdouble"])
@pytest.mark.parametrize("form", ["csr", "csc", "dense"])
def test_numbers_of_any_kind_say_the_same(kind, form):
    costs = np.array([[4, 20, 7], [12, 9, 3]]).astype(kind)
    given = costs if form == "dense" else sparse.csr_array(costs).asformat(form)
    asked = {"within": 10, "new_sites": 1}
    same = qh.siting_from_matrix(costs.astype(float), [5, 6], **asked)
    assert qh.solve_siting(qh.siting_from_matrix(given, [5, 6], **asked)).input_hash == input_hash(same)


def test_single_precision_is_as_near_as_double():
    costs = np.array([[14.2, 30], [0.1, 7.77]])
    problems = [
        qh.siting_from_matrix(sparse.csr_array(costs.astype(k)), [5, 6], within=14.2, new_sites=1) for k in "df"
    ]
    assert input_hash(problems[0]) == input_hash(problems[1])


def test_an_unsorted_matrix_is_read_and_left_as_it_came():
    unsorted = sparse.csr_array((np.array([20, 4, 9]), np.array([1, 0, 1]), np.array([0, 2, 3])), shape=(2, 2))
    before = [unsorted.indices.tolist(), unsorted.data.tolist()]
    problem = qh.siting_from_matrix(unsorted, [5, 6], within=10, new_sites=1)
    assert problem.pairs.cs.tolist() == [24_000, 54_000]
    assert [unsorted.indices.tolist(), unsorted.data.tolist()] == before


TABLE = pd.DataFrame(COSTS, index=["n", "m", "s", "f"], columns=["old", "a", "b", "c"])


def test_the_table_of_sites_goes_by_its_ids():
    towns = pd.DataFrame({"town": ["C", "B", "A", "OLD"]}, index=["c", "b", "a", "old"])
    problem = qh.siting_from_matrix(TABLE, PEOPLE, within=15, new_sites=1, sites=towns)
    assert problem.sites["town"].to_dict() == {"old": "OLD", "a": "A", "b": "B", "c": "C"}
    counted = towns.iloc[::-1].reset_index(drop=True)
    same = qh.siting_from_matrix(TABLE, PEOPLE, within=15, new_sites=1, sites=counted)
    assert input_hash(same) == input_hash(problem)
    for index in (["c", "b", "a", "z"], [1, 2, 3, 4], [3, 2, 1, 0]):
        with pytest.raises(DataError, match="the ids of sites are not those of the question"):
            qh.siting_from_matrix(TABLE, PEOPLE, within=15, new_sites=1, sites=towns.set_axis(index))


def test_the_tables_name_what_a_matrix_does_not():
    people = pd.Series(PEOPLE, index=["n", "m", "s", "f"])
    towns = pd.DataFrame({"town": ["OLD", "A", "B", "C"]}, index=["old", "a", "b", "c"])
    asked = {"within": 15, "new_sites": 2, "sites": towns}
    named = qh.siting_from_matrix(COSTS, people, existing="old", required=2, **asked)
    whole = qh.siting_from_matrix(TABLE, people, existing=[True, False, False, False], required=["b"], **asked)
    assert input_hash(named) == input_hash(whole)
    states = {"old": "existing", "a": "candidate", "b": "required", "c": "candidate"}
    assert named.sites["state"].to_dict() == states
    for changed in ({"sites": towns.set_axis([3, 2, 1, 0])}, {"demand": people.set_axis([1, 0, 2, 3])}):
        with pytest.raises(DataError, match="by position or by number"):
            qh.siting_from_matrix(COSTS, changed.pop("demand", people), **{**asked, **changed})


def _forms(values):
    named = pd.Series(values, index=TABLE.index)
    return [values, np.array(values), pd.Series(values), named, named.iloc[::-1], named.to_dict()]


@pytest.mark.parametrize("form", range(6))
def test_what_is_said_of_communities_goes_by_id_or_in_order(form):
    towns, classes, loads = (_forms(v)[form] for v in (["A", "A", "B", "B"], ["u", "u", "r", "r"], [3, 2, 1, 0]))
    problem = qh.siting_from_matrix(
        TABLE, PEOPLE, objective="equity", within={"u": 5, "r": 10}, new_sites=1, areas=towns, classes=classes,
        capacity=qh.siting.Capacity("beds", load=loads), sites=pd.DataFrame({"capacity": [9, 9, 9, 9]}),
    )  # fmt: skip
    assert problem.areas["town"].loc[TABLE.index].tolist() == ["A", "A", "B", "B"]
    assert problem.classes.loc[TABLE.index].tolist() == ["u", "u", "r", "r"]
    assert problem.load.loc[TABLE.index].tolist() == [3, 2, 1, 0]


def test_counted_rows_belong_to_a_matrix_without_ids():
    areas = pd.DataFrame({"town": ["A", "A", "B", "B"]})
    conflicts = [[0, 1], ["1", 2]]
    problem = qh.siting_from_matrix(
        COSTS, PEOPLE, objective="equity", within=15, new_sites=1, areas=areas, conflicts=conflicts
    )
    assert problem.areas["town"].tolist() == ["A", "A", "B", "B"]
    assert problem.conflicts.tolist() == [[0, 1], [1, 2]]
    county = qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=1, areas={"county": ["K"] * 4})
    assert county.areas["county"].tolist() == ["K"] * 4


def test_a_quota_without_areas_is_for_every_area():
    towns = pd.DataFrame({"town": ["A", "A", "B", None], "county": [1, 1, 2, np.nan]})
    asked = {"within": 15, "new_sites": 3, "sites": towns, "areas": ["A", "C", "", "B"]}
    problem = qh.siting_from_matrix(COSTS, PEOPLE, quotas=qh.siting.Quota("town"), **asked)
    assert problem.quotas[0].areas == ("A", "B", "C")
    assert qh.solve_siting(problem).unmet["area"].tolist() == ["C"]
    counties = qh.siting_from_matrix(
        COSTS, PEOPLE, quotas=[qh.siting.Quota("county"), qh.siting.Quota("county", (1, 2))], **asked
    )
    assert [q.areas for q in counties.quotas] == [("1", "2")] * 2


def test_nothing_named_is_nothing():
    asked = {"within": 15, "new_sites": 1}
    problem = qh.siting_from_matrix(COSTS, PEOPLE, existing=None, required=None, conflicts=None, **asked)
    assert input_hash(problem) == input_hash(qh.siting_from_matrix(COSTS, PEOPLE, **asked))


def test_people_by_id_and_costs_that_are_missing_come_in_other_forms():
    whole = pd.DataFrame({"a": [4, None], "b": [20, 9]}, index=["n", "m"], dtype="Int64")
    problem = qh.siting_from_matrix(whole, {"m": 6, "n": 5}, within=10, new_sites=1)
    assert problem.demand.to_dict() == {"n": 5, "m": 6}
    assert problem.times.within(10).pairs().values.tolist() == [["m", "b", 9.0], ["n", "a", 4.0]]


@examples(15, 200)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_order_of_rows_changes_the_question(seed):
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 8, 2)
    communities, places = [f"c{i}" for i in range(rows)], [f"s{j}" for j in range(columns)]
    costs = np.where(rng.random((rows, columns)) < 0.7, rng.integers(0, 3000, (rows, columns)) / 100, np.nan)
    people, loads = rng.integers(1, 99, rows), rng.integers(0, 9, rows)
    classes, towns = rng.choice(["u", "r"], rows), rng.choice(["A", "B", "C"], rows)
    sites = pd.DataFrame({"town": rng.choice(["A", "B"], columns), "capacity": rng.integers(1, 99, columns)}, places)
    settled = rng.permutation(columns)
    asked = {
        "within": {"u": 8, "r": 21},
        "new_sites": 3,
        "quotas": qh.siting.Quota("town", maximum=3),
        "objective": "equity",
    }
    asked |= {"existing": settled[:1].tolist(), "required": settled[1:2].tolist(), "conflicts": [settled[2:4].tolist()]}
    if len(settled) < 4:
        del asked["conflicts"]
    plain = qh.siting_from_matrix(
        costs,
        people,
        sites=sites,
        classes=classes,
        areas=towns,
        capacity=qh.siting.Capacity("beds", load=loads),
        **asked,
    )

    def mixed(values):
        return pd.Series(values, communities).iloc[rng.permutation(rows)]

    asked |= {k: [f"s{j}" for j in asked[k]] for k in ("existing", "required")}
    named = qh.siting_from_matrix(
        pd.DataFrame(costs, communities, places), mixed(people), sites=sites.iloc[rng.permutation(columns)],
        classes=mixed(classes).to_dict(), areas=mixed(towns).to_frame("town"),
        capacity=qh.siting.Capacity("beds", load=mixed(loads)), **asked,
    )  # fmt: skip
    assert input_hash(named) == _renamed(plain, named)


def _renamed(plain, named):
    """The hash of a question under the ids of another."""
    index = named.demand.index
    tables = {t: getattr(plain, t).set_axis(index) for t in ("demand", "classes", "people", "areas", "load")}
    return input_hash(replace(plain, sites=plain.sites.set_axis(named.sites.index), **tables))


def test_costs_beyond_the_standard_are_kept_for_other_speeds():
    whole = np.array([[5.0, 11, 20], [12, 8, 25], [40, 14, 9], [50, 35, 11]])
    found = qh.siting.robust_sites(qh.siting_from_matrix(whole, [100, 40, 30, 7], within=10, new_sites=1), scenarios=4)
    assert found.proven == 4
    everything = qh.siting_from_matrix(whole, [100, 40, 30, 7], objective="min-time", new_sites=1)
    assert qh.siting.robust_sites(everything, scenarios=3).proven == 3
    assert qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=1).times.cutoff_minutes == 20
    asked = qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=1, searched=16)
    assert (asked.times.cutoff_minutes, len(asked.times.cs)) == (16, 5)
    assert input_hash(asked) == input_hash(qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=1))


def test_a_large_matrix_is_kept_to_the_standard(monkeypatch):
    monkeypatch.setattr(room, "_BEYOND", 0)
    problem = qh.siting_from_matrix(COSTS, PEOPLE, within=15, new_sites=1)
    assert (problem.times.cutoff_minutes, len(problem.times.cs)) == (15, 5)
    with pytest.raises(CutoffError, match="Search further"):
        qh.siting.robust_sites(problem)


def test_who_walks_and_who_drives_have_a_matrix_each():
    walk = pd.DataFrame([[5.0, 20], [30, 9]], index=["n", "m"], columns=["a", "b"])
    drive = pd.DataFrame([[11.0, 2], [7, 40]], index=["s", "f"], columns=["b", "a"])
    classes = {"n": "urban", "m": "urban", "s": "rural", "f": "rural"}
    people = pd.Series([1, 2, 3, 4], index=["f", "s", "m", "n"])
    asked = {"new_sites": 1, "classes": classes, "within": {"urban": 10, "rural": 15}}
    problem = qh.siting_from_matrix({"urban": walk, "rural": drive}, people, **asked)
    minutes = {
        (problem.demand.index[r], problem.sites.index[s]): cs / 6000
        for r, s, cs in zip(problem.pairs.row, problem.pairs.site, problem.pairs.cs, strict=True)
    }
    assert minutes == {("n", "a"): 5, ("m", "b"): 9, ("s", "b"): 11, ("s", "a"): 2, ("f", "b"): 7}
    plain = {
        "urban": np.array([[5, 20], [30, 9], [99, 99], [99, 99]]),
        "rural": np.array([[0, 0]] * 2 + [[2, 11], [40, 7]]),
    }
    assert qh.siting.robust_sites(problem, scenarios=3).proven == 3
    same = qh.siting_from_matrix(plain, [4, 3, 2, 1], **{**asked, "classes": list(classes.values())})
    assert qh.solve_siting(same).covered == qh.solve_siting(problem).covered == 6
    for wrong, part in (
        ({"urban": walk, "rural": drive.rename(columns={"a": "z"})}, "for different sites"),
        ({"urban": plain["urban"], "rural": plain["rural"][:3]}, "3 x 2 came"),
    ):
        with pytest.raises(DataError, match=part):
            qh.siting_from_matrix(wrong, people, **asked)


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"people": [1, 2]}, "for 2 communities"),
        ({"matrix": -COSTS}, "8 do not"),
        ({"matrix": COSTS * 1e6}, "between 0 and"),
        ({"matrix": [1, 2]}, "communities x sites"),
        ({"matrix": [["near", "far"]] * 4}, "numbers alone"),
        ({"matrix": np.full(COSTS.shape, -np.inf)}, "between 0 and"),
        ({"matrix": pd.DataFrame(COSTS).rename(columns={0: "\ud800"})}, "a file can hold"),
        ({"matrix": pd.DataFrame(COSTS).rename(columns={0: 1})}, "more than once: 1"),
        ({"matrix": pd.DataFrame(COSTS).rename(columns={0: "1"})}, "more than once: 1"),
        ({"matrix": pd.concat({"a": pd.DataFrame(COSTS)}, axis=1)}, "a file can hold"),
        ({"people": [[1, 2]] * 4}, "communities x sites"),
        ({"sites": pd.DataFrame({"town": ["T1"]})}, "has 1 rows"),
        ({"within": 1e9}, "between 0 and"),
        ({"within": 0}, "positive number"),
        ({"within": 1 / 12_001}, "it would count as 0. Give at least 1/6000"),
        ({"within": Standard(8e-5)}, "a standard of 8e-05 is too small"),
        ({"existing": ["z"]}, "no such sites: z"),
        ({"people": [1, 2, 3.5, 4]}, "whole numbers"),
        ({"new_sites": None}, "new_sites"),
        ({"matrix": sparse.csr_array(COSTS + 1j)}, "numbers alone"),
        ({"matrix": sparse.csr_array(np.array([[np.inf]] * 4))}, "4 do not"),
        ({"matrix": pd.DataFrame(COSTS, columns=["a", np.nan, "b", "c"])}, "nan"),
        ({"matrix": pd.DataFrame(COSTS, index=["a", "", "b", "c"])}, "a file can hold"),
        ({"matrix": pd.DataFrame(COSTS, index=["a", "a", "b", "c"])}, "more than once: a"),
        ({"within": np.nan}, "positive number of minutes; nan"),
        ({"within": np.inf}, "positive number of minutes; inf"),
        ({"within": [10]}, "positive number of minutes; [10]"),
        ({"within": {}}, "positive number"),
        ({"searched": np.nan}, "positive number"),
        ({"existing": [0], "required": ["0"]}, "built as well: 0"),
        ({"existing": [1], "sites": pd.DataFrame({"state": ["existing", "required", *["candidate"] * 2]})}, "well: 1"),
        ({"required": [0], "sites": pd.DataFrame({"state": ["existing", *["candidate"] * 3]})}, "as well: 0"),
        ({"existing": [True, False]}, "no such sites: True, False"),
        ({"existing": -1}, "no such sites: -1"),
        ({"matrix": {}}, "communities x sites"),
        ({"matrix": None}, "communities x sites"),
        ({"people": None}, "communities x sites"),
        ({"sites": ["a", "b", "c", "d"]}, "sites must be a DataFrame"),
        ({"areas": pd.DataFrame({"Town": ["A"] * 4})}, "must have a column 'town' or 'county'. It has: Town"),
        ({"quotas": qh.siting.Quota("town")}, "neither sites nor communities say theirs"),
        ({"within": Standard(10, (5, 60))}, "the steps (5, 60) cannot be used"),
        ({"conflicts": [[0, 9]]}, "no such sites: 9"),
        ({"areas": ["A", "B"]}, "must hold 4 values in the order of the matrix"),
        ({"areas": pd.DataFrame({"town": ["A"]}, index=["z"])}, "Missing: 0, 1, 2, 3; unknown: z"),
        ({"areas": pd.Series("A", index=["0", "1", "2", "z"])}, "Missing: 3; unknown: z"),
        ({"classes": {"0": "u", 1: "u", 2: "u"}, "within": {"u": 5, "r": 6}}, "Missing: 3"),
        (
            {"capacity": qh.siting.Capacity(load=[1, 2]), "sites": pd.DataFrame({"capacity": [9] * 4})},
            "load must hold 4",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(changed, part):
    asked = {"matrix": COSTS, "people": PEOPLE, "within": 15, "new_sites": 1, **changed}
    with pytest.raises(DataError) as why:
        qh.siting_from_matrix(asked.pop("matrix"), asked.pop("people"), **asked)
    assert part in str(why.value)
    assert why.value.sentence("zh")


@pytest.mark.parametrize("seed", range(4))
def test_the_same_sites_are_chosen_in_whatever_order_rows_and_columns_come(seed):
    rng = np.random.default_rng(seed)
    costs = pd.DataFrame(10.0, [f"c{i}" for i in range(12)], [f"s{j}" for j in range(12)])
    costs[:] = np.where(abs(np.subtract.outer(np.arange(12), np.arange(12))) <= 1, costs, np.nan)  # ties all along
    people = pd.Series(5, costs.index)
    metres = pd.DataFrame(np.abs(np.subtract.outer(np.arange(12), np.arange(12))) * 100.0)
    plain = _chosen_of(costs, people, metres.to_numpy())
    rows, columns = rng.permutation(12), rng.permutation(12)
    mixed = metres.iloc[columns, columns].reset_index(drop=True).T.reset_index(drop=True)
    for distances in (mixed, mixed.to_numpy(), mixed.to_numpy().tolist()):
        again = _chosen_of(costs.iloc[rows, columns], people, distances)
        assert (again.chosen, again.value, again.input_hash) == (plain.chosen, plain.value, plain.input_hash)
        assert list(again.assignment.index) == [f"c{i}" for i in rows]
        assert again.assignment.reindex(costs.index).equals(plain.assignment)


def test_distances_named_by_ids_that_are_numbers_go_by_id_whatever_the_order_of_the_columns():
    """The ids 0, 1, 2 look like a count of rows; a table of sites is read by id there as well."""
    costs, people = pd.DataFrame(1.0, [10, 5, 7], [2, 0, 1]), pd.Series(5, [10, 5, 7])
    metres = pd.DataFrame(900.0, range(3), range(3))
    metres.loc[0, 1] = 5  # the second and third column
    by_place = metres.loc[[2, 0, 1], [2, 0, 1]]
    for distances in (metres, by_place, by_place.to_numpy(), by_place.to_numpy().tolist()):
        spacing = qh.siting.Spacing(150.0, distances=distances)
        problem = qh.siting_from_matrix(costs, people, within=15, new_sites=2, spacing=spacing)
        assert problem.sites.index[problem.conflicts[0]].tolist() == ["0", "1"]
        assert len(problem.conflicts) == 1


def _chosen_of(costs, people, distances):
    problem = qh.siting_from_matrix(
        costs, people, within=15, new_sites=3, spacing=qh.siting.Spacing(150.0, distances=distances)
    )
    plan = qh.solve_siting(problem)
    qh.verify_plan(problem, plan)
    return plan


def test_a_group_of_conflicts_may_be_read_but_once():
    asked = {"within": 15, "new_sites": 2}
    listed = qh.siting_from_matrix(COSTS, PEOPLE, conflicts=[[1, 2], [2, 3]], **asked)
    once = qh.siting_from_matrix(COSTS, PEOPLE, conflicts=((s for s in group) for group in ([1, 2], [2, 3])), **asked)
    assert once.conflicts.tolist() == listed.conflicts.tolist() == [[1, 2], [2, 3]]


def test_a_dense_block_is_the_same_without_compiled_kernels(monkeypatch):
    cells = np.array([[0.0, np.nan, 3.5], [np.inf, np.inf, np.nan], [-np.inf, 2.0, 7.0]])
    with_kernel = costs._block(cells)
    monkeypatch.setattr(costs, "COMPILED", False)
    alone = costs._block(cells)
    assert with_kernel.count.tolist() == alone.count.tolist() == [2, 0, 3]
    assert with_kernel.column.tolist() == alone.column.tolist() == [0, 2, 0, 1, 2]
    assert with_kernel.cost.tolist() == alone.cost.tolist() == [0.0, 3.5, -np.inf, 2.0, 7.0]


def test_a_fingerprint_in_pieces_is_that_of_the_whole(monkeypatch):
    problem = qh.siting_from_matrix([[5, 20], [12, 8], [40, 14]], [100, 40, 30], within=15, new_sites=1)
    whole = fingerprint.input_hash(problem)
    monkeypatch.setattr(fingerprint, "_CELLS", 2)
    assert fingerprint.input_hash(problem) == whole
