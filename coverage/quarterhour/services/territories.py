"""Which institution brings care to which community: territories balanced by staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, sparse

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import SolverError
from quarterhour.services.columns import at_least_zero
from quarterhour.travel.times import TravelTimes


@dataclass(frozen=True, eq=False)
class Territories:
    """Who serves whom.

    ``communities``: by id ``site`` (missing: none within the cutoff), ``minutes``, ``work``. ``sites``: by id
    ``staff``, ``work``, ``load`` (work a member of staff), ``communities``. ``evenest``: the load that the busiest site
    cannot be below, were communities divisible; no territories of whole communities are more even than that.
    """

    communities: pd.DataFrame
    sites: pd.DataFrame
    evenest: float

    def __repr__(self) -> str:
        lost = int(self.communities["site"].isna().sum())
        busiest = self.sites["load"].max()
        load = f"busiest {busiest:.3g}, at best {self.evenest:.3g}"
        return f"<Territories: {len(self.sites)} sites, {load}, {lost} unserved>"


def draw_territories(
    times: TravelTimes, *, work: pd.Series, staff: pd.Series, minutes: float, slack: float = 0.0
) -> Territories:
    """Give every community to a site within reach, the work as even by staff as can be, then the least travel.

    Parameters
    ----------
    times : communities x sites, searched at least as far as ``minutes``.
    work : by community, whatever is to be done there (visits, minutes a week); 0 needs nobody but has a site.
    staff : by site; a site without staff serves nobody.
    minutes : how far a site may serve.
    slack : how much busier than the evenest load a site may be for the sake of shorter ways (0.1: a tenth).

    Two linear programs settle the shares (the least highest load; then travel under it); a community that they divide
    goes whole to its largest share, of equal ones to the nearest, then the first by id. So a site may end a little
    above the evenest load: ``sites`` tells.
    """
    near = times.within(minutes).by_id()
    need = at_least_zero(work.reindex(near.communities), "territories.bad_column", column="work")
    hands = at_least_zero(staff.reindex(near.sites), "territories.bad_column", column="staff")
    row = np.repeat(np.arange(len(need)), np.diff(near.indptr))
    able = hands[near.site_index] > 0
    share, evenest = _shares(near, row, need, hands, able, slack)
    site, cs = _whole(near, row, share, able)
    made = pd.DataFrame({"site": site, "minutes": cs, "work": need}, index=near.communities)
    given = made.groupby("site")["work"].agg(["sum", "size"]).reindex(near.sites).fillna(0)
    load = np.divide(given["sum"], hands, out=np.full(len(hands), np.nan), where=hands > 0)
    sites = pd.DataFrame({"staff": hands, "work": given["sum"], "load": load, "communities": given["size"].astype(int)})
    return Territories(
        made.reindex(times.communities), sites.set_axis(near.sites, axis=0).reindex(times.sites), evenest
    )


def _shares(
    near: TravelTimes, row: AnyArray, need: FloatArray, hands: FloatArray, able: BoolArray, slack: float
) -> tuple[FloatArray, float]:
    """The share of each community's work that each pair takes, and the least highest load."""
    pairs = np.flatnonzero(able & (need[row] > 0))
    share = np.zeros(len(row))
    if not len(pairs):
        return share, 0.0
    column = np.arange(len(pairs))
    served, community = np.unique(row[pairs], return_inverse=True)
    each = sparse.csr_array((np.ones(len(pairs)), (community, column)), shape=(len(served), len(pairs)))
    loads = sparse.csr_array((need[row[pairs]], (near.site_index[pairs], column)), shape=(len(hands), len(pairs)))
    busy = sparse.hstack([loads, sparse.csr_array(-hands[:, None])], format="csr")
    every = sparse.hstack([each, sparse.csr_array((len(served), 1))], format="csr")
    least = _program(np.r_[np.zeros(len(pairs)), 1.0], busy, np.zeros(len(hands)), every)
    evenest = float(least[-1])
    room = hands * evenest * (1 + max(slack, 1e-9))
    cost = need[row[pairs]] * near.cs[pairs] / max(float((need[row[pairs]] * near.cs[pairs]).max()), 1.0)
    share[pairs] = _program(cost, loads, room, each)
    return share, evenest


def _program(cost: FloatArray, below: Any, room: FloatArray, every: Any) -> FloatArray:
    found = optimize.linprog(cost, A_ub=below, b_ub=room, A_eq=every, b_eq=np.ones(every.shape[0]), method="highs")
    if found.status != 0:
        raise SolverError("territories.no_answer", said=found.message)
    return np.asarray(found.x, dtype=float)


def _whole(
    near: TravelTimes, row: AnyArray, share: FloatArray, able: BoolArray
) -> tuple[NDArray[np.object_], FloatArray]:
    """Each community's largest share, ties and those without work to the nearest; missing where no site is able."""
    site = np.full(len(near.communities), None, dtype=object)
    minutes = np.full(len(near.communities), np.nan)
    at = np.flatnonzero(able)
    order = at[np.lexsort((near.site_index[at], near.cs[at], -np.round(share[at], 9), row[at]))]
    first = order[np.unique(row[order], return_index=True)[1]]
    site[row[first]] = near.sites[near.site_index[first]]
    minutes[row[first]] = near.cs[first] / CENTISECONDS_PER_MINUTE
    return site, minutes
