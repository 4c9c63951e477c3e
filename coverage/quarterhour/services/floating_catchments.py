"""How much of a service people can have: floating catchments, and who is served within capacity.

Reachable is not served: forty beds within a quarter of an hour of ten thousand people are four for a thousand.
Catchments share each site's capacity among all who reach it (Radke & Mu 2000; Luo & Wang 2003); ``assign_within``
hands out the places themselves, as many people as can be, by a flow of least minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, sparse
from scipy.sparse.csgraph import maximum_flow

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, SolverError, first_ids
from quarterhour.services.columns import at_least_zero
from quarterhour.services.decays import Decay, Method, decay_of
from quarterhour.travel.times import TravelTimes

_MOST_PEOPLE = np.iinfo(np.int32).max
"""As many as scipy's greatest flow counts."""


def catchment_access(
    times: TravelTimes,
    *,
    people: pd.Series,
    capacity: pd.Series,
    minutes: float,
    method: Method = "2sfca",
    decay: Decay | None = None,
) -> pd.DataFrame:
    """Capacity to a person, by community: each site's capacity is shared among all who reach it.

    Parameters
    ----------
    times : communities x sites, searched at least as far as ``minutes``.
    people : by community id; every community of ``times``.
    capacity : beds, day places or visits by site id; every site of ``times``.
    minutes : the catchment, inclusive.
    method : ``2sfca`` all within the catchment count alike; ``e2sfca`` in steps of 10, 20, 30 minutes; ``3sfca`` in
        steps to 60 minutes, and people prefer the nearer of their sites; ``dai`` by the Gaussian of Dai 2010, which
        falls to 0 at the edge of the catchment; ``normal`` by a normal curve, a third of the catchment its sigma.
    decay : weights of one's own in the place of the steps of ``e2sfca`` or ``3sfca``.

    Returns
    -------
    By community: ``access`` (capacity a person; 0 where no site is reached), ``sites`` (reached), ``people``.
    Summed over people, what is handed out never exceeds the capacity of the sites that somebody reaches.

    DataError for a catchment beyond the last step of ``e2sfca`` or ``3sfca``, which has no weight there, and for
    weights of one's own under another method's name.
    Source: Luo & Wang 2003, Luo & Qi 2009, Wan et al. 2012, Dai 2010; all but ``dai`` equal to PySAL's ``access`` in
    the tests.
    """
    near = times.within(minutes).by_id()
    demand = at_least_zero(people.reindex(near.communities), "catchments.bad_column", column="people")
    supply = at_least_zero(capacity.reindex(near.sites), "catchments.bad_column", column="capacity")
    weights = _weights(near, decay_of(method, minutes, decay), choice=method == "3sfca")
    waiting = np.asarray(weights.T @ demand)
    ratio = np.divide(supply, waiting, out=np.zeros(len(supply)), where=waiting > 0)
    made = {"access": np.asarray(weights @ ratio), "sites": np.diff(near.indptr), "people": demand}
    return pd.DataFrame(made, index=near.communities).reindex(times.communities)


def _weights(near: TravelTimes, decay: Decay, *, choice: bool) -> sparse.csr_array:
    """Communities x sites: weight of the travel, and with ``choice`` times the share of each site in one's choice."""
    weight = decay(near.cs / CENTISECONDS_PER_MINUTE)
    if choice:
        row = np.repeat(np.arange(len(near.communities)), np.diff(near.indptr))
        whole = np.bincount(row, weights=weight, minlength=len(near.communities))[row]
        weight = weight * np.divide(weight, whole, out=np.zeros(len(weight)), where=whole > 0)
    shape = (len(near.communities), len(near.sites))
    return sparse.csr_array((weight, near.site_index, near.indptr), shape=shape)


# --- who is served


@dataclass(frozen=True, eq=False)
class Served:
    """Who has a place, within capacity.

    ``communities``: by id ``people, reachable`` (some site within the standard), ``served``, ``minutes`` (mean of those
    served; missing where nobody is). ``sites``: by id ``capacity, used``. ``flows``: ``community, site, people,
    minutes``, those above nothing. No assignment serves more people, and none that serves as many has
    them travel less in all.
    """

    communities: pd.DataFrame
    sites: pd.DataFrame
    flows: pd.DataFrame

    @property
    def share(self) -> float:
        """The share of all people who have a place."""
        total = float(self.communities["people"].sum())
        return float(self.communities["served"].sum()) / total if total else float("nan")

    def __repr__(self) -> str:
        rows = self.communities
        reach = rows.loc[rows["reachable"], "people"].sum()
        return (
            f"<Served: {rows['served'].sum():,} of {rows['people'].sum():,} people, {reach:,} within reach of a site>"
        )


def assign_within(times: TravelTimes, *, people: pd.Series, capacity: pd.Series, minutes: float) -> Served:
    """As many people as possible to sites within the standard, none above capacity; then the fewest minutes.

    ``people`` and ``capacity``: whole numbers by id. Exact: how many can be served is a greatest flow; the corners of
    the fewest minutes are whole numbers too, found by HiGHS's dual simplex and counted again in whole people.
    DataError for a value that is no whole number.
    """
    near = times.within(minutes).by_id()
    demand = _whole(people.reindex(near.communities), "people")
    supply = _whole(capacity.reindex(near.sites), "capacity")
    flow = _least_minutes(near, demand, supply)
    row = np.repeat(np.arange(len(near.communities)), np.diff(near.indptr))
    served = np.bincount(row, weights=flow, minlength=len(demand)).astype(np.int64)
    spent = np.bincount(row, weights=flow * near.cs, minlength=len(demand))
    used = np.bincount(near.site_index, weights=flow, minlength=len(supply)).astype(np.int64)
    mean = np.divide(spent, served, out=np.full(len(served), np.nan), where=served > 0) / CENTISECONDS_PER_MINUTE
    told = {"people": demand, "reachable": np.diff(near.indptr) > 0, "served": served, "minutes": mean}
    some = flow > 0
    flows = near.pairs()[some].assign(people=flow[some]).reset_index(drop=True)
    return Served(
        pd.DataFrame(told, index=near.communities).reindex(times.communities),
        pd.DataFrame({"capacity": supply, "used": used}, index=near.sites).reindex(times.sites),
        flows[["community", "site", "people", "minutes"]],
    )


def _whole(column: pd.Series, what: str) -> IntArray:
    values = at_least_zero(column, "catchments.bad_column", column=what)
    bad = values != np.rint(values)
    if bad.any():
        raise DataError("catchments.not_whole", column=what, ids=first_ids(column.index[bad]))
    return values.astype(np.int64)


def _least_minutes(near: TravelTimes, demand: IntArray, supply: IntArray) -> IntArray:
    """People by pair: as many as can be served, then as few centiseconds as can be."""
    pairs = len(near.cs)
    if not pairs or not demand.any() or not supply.any():
        return np.zeros(pairs, np.int64)
    row = np.repeat(np.arange(len(demand)), np.diff(near.indptr))
    at = np.arange(pairs)
    homes = sparse.csr_array((np.ones(pairs), (row, at)), shape=(len(demand), pairs))
    sites = sparse.csr_array((np.ones(pairs), (near.site_index, at)), shape=(len(supply), pairs))
    within = sparse.vstack([homes, sites], format="csr")
    most = np.r_[demand, supply].astype(float)
    # A community cannot send more than it has people, nor a site take more than it holds.
    widest = np.minimum(demand[row], supply[near.site_index]).astype(float)
    everyone = _most_served(near, demand, supply)
    cost = near.cs.astype(float) / CENTISECONDS_PER_MINUTE
    found = _corner(cost, within, most, widest, everyone)
    flow: IntArray = np.rint(found.x).astype(np.int64)
    _recount(flow, within, most, everyone)
    return flow


def _most_served(near: TravelTimes, demand: IntArray, supply: IntArray) -> int:
    """The greatest flow from a source by way of communities and sites to a sink."""
    rows, sites = len(demand), len(supply)
    row = np.repeat(np.arange(rows), np.diff(near.indptr))
    tail = np.r_[np.full(rows, rows + sites), row, rows + np.arange(sites)]
    head = np.r_[np.arange(rows), rows + near.site_index, np.full(sites, rows + sites + 1)]
    room = np.r_[demand, demand[row], np.minimum(supply, demand.sum())]
    if demand.sum() > _MOST_PEOPLE:  # no flow is larger, nor any room on its way
        raise SolverError("catchments.no_flow", said=f"{demand.sum():,} > {_MOST_PEOPLE:,}")
    graph = sparse.csr_array((room.astype(np.int32), (tail, head)), shape=(rows + sites + 2, rows + sites + 2))
    return int(maximum_flow(graph, rows + sites, rows + sites + 1).flow_value)


def _corner(cost: FloatArray, within: Any, most: FloatArray, widest: FloatArray, exactly: int) -> Any:
    found = optimize.linprog(
        cost, A_ub=within, b_ub=most, A_eq=sparse.csr_array(np.ones((1, len(cost)))), b_eq=[float(exactly)],
        bounds=np.column_stack([np.zeros(len(cost)), widest]), method="highs-ds",
    )  # fmt: skip
    if found.status != 0:
        raise SolverError("catchments.no_flow", said=found.message)
    return found


def _recount(flow: IntArray, within: Any, most: FloatArray, everyone: int) -> None:
    """Rounding must not have made or lost anybody."""
    if (flow < 0).any() or (within @ flow > most).any() or int(flow.sum()) != everyone:
        raise SolverError("catchments.no_flow", said="the flow does not add up in whole people")
