"""Travel times between communities and sites: the value that a search, a matrix or a file gives."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from quarterhour.base import i18n
from quarterhour.base.arrays import AnyArray
from quarterhour.base.cards import Card, Carded
from quarterhour.base.cells import as_figure, figure_table
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.base.errors import CutoffError, DataError, first_ids
from quarterhour.base.row_order import id_order
from quarterhour.network.modes import mode_label

Heading = Literal["to_site", "to_community"]
LONGEST_CS = 2**30
"""Cutoffs stay below, so that sums of a search stay inside int32."""


@dataclass(frozen=True, eq=False)
class TravelTimes(Carded):
    """Communities x sites, whoever travels; ``heading`` says who.

    Row i, ``indptr[i]:indptr[i + 1]``, holds the sites that community i is within the cutoff of:
    ``site_index`` (rising) and ``cs``, whole centiseconds, turnout and gaps included. The cutoff is
    inclusive. An absent pair takes longer than the cutoff; zero is a time like any other. ``fixed_time``: some trips
    may hold time that does not depend on pace (``network.paces``).

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 6]}))
    >>> homes = qh.at_junctions(network, pd.Series({"west": "a", "east": "c"}))
    >>> clinic = qh.at_junctions(network, pd.Series({"clinic": "b"}))
    >>> times = qh.travel_times(network, homes, clinic, minutes=15, heading="to_site")
    >>> times
    <TravelTimes edges to_site: 2 communities x 1 sites, 2 pairs within 15 min>
    >>> times.minutes("west", "clinic"), times.pairs()["minutes"].tolist()
    (5.0, [5.0, 6.0])
    """

    indptr: AnyArray
    site_index: AnyArray
    cs: AnyArray
    communities: pd.Index
    sites: pd.Index
    cutoff_minutes: float
    heading: Heading
    turnout_minutes: float
    mode_id: str
    community_snap: pd.DataFrame
    site_snap: pd.DataFrame
    fixed_time: bool = False

    def minutes(self, community: Hashable, site: Hashable) -> float | None:
        """Minutes of one pair; None beyond the cutoff."""
        row = self._position(self.communities, community)
        mine = slice(self.indptr[row], self.indptr[row + 1])
        at = np.flatnonzero(self.site_index[mine] == self._position(self.sites, site))
        return float(self.cs[mine][at[0]]) / CENTISECONDS_PER_MINUTE if len(at) else None

    @staticmethod
    def _position(index: pd.Index, key: Hashable) -> int:
        found = index.get_indexer(pd.Index([key]))[0]
        if found < 0:
            raise DataError("matrix.unknown_id", id=key, known=first_ids(index))
        return int(found)

    def pairs(self) -> pd.DataFrame:
        """A row a pair: ``community``, ``site``, ``minutes``."""
        rows = np.repeat(np.arange(len(self.communities)), np.diff(self.indptr))
        columns = {"community": self.communities[rows], "site": self.sites[self.site_index]}
        return pd.DataFrame({**columns, "minutes": self.cs / CENTISECONDS_PER_MINUTE})

    def nearest(self, sites: Sequence[Hashable] | pd.Index | None = None) -> pd.DataFrame:
        """By community: the nearest ``site`` and its ``minutes``; missing where none is within the cutoff.

        Of sites equally near, the first by id (``base/row_order``).
        """
        table = self if sites is None else self.only(sites)
        order = id_order(table.sites)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        some = np.diff(table.indptr) > 0
        site = np.full(len(self.communities), None, dtype=object)
        minutes = np.full(len(self.communities), np.nan)
        if some.any():
            key = table.cs.astype(np.int64) * (len(table.sites) + 1) + rank[table.site_index]
            least = np.minimum.reduceat(key, table.indptr[:-1][some])
            site[some] = table.sites[order[least % (len(table.sites) + 1)]]
            minutes[some] = least // (len(table.sites) + 1) / CENTISECONDS_PER_MINUTE
        return pd.DataFrame({"site": site, "minutes": minutes}, index=self.communities)

    def within(self, minutes: float) -> TravelTimes:
        """The pairs within so many minutes, exactly so many included.

        CutoffError beyond what was searched: a pair that was not looked for would count as too far.
        """
        limit = whole_cs(minutes)
        if limit > centiseconds(self.cutoff_minutes):
            raise CutoffError("matrix.beyond_cutoff", minutes=float(minutes), cutoff=self.cutoff_minutes)
        return replace(self._keep(self.cs <= limit), cutoff_minutes=float(minutes))

    def count_within(self, minutes: float) -> pd.Series:
        """How many sites each community has within so many minutes."""
        return pd.Series(np.diff(self.within(minutes).indptr), index=self.communities, name="within")

    def only(self, sites: Sequence[Hashable] | pd.Index) -> TravelTimes:
        """The same with these sites alone, in their order."""
        wanted = pd.Index(sites)
        position = self.sites.get_indexer(wanted)
        if (position < 0).any():
            raise DataError("matrix.unknown_id", id=first_ids(wanted[position < 0]), known=first_ids(self.sites))
        check_unique(wanted)
        new = np.full(len(self.sites), -1, np.int32)
        new[position] = np.arange(len(wanted), dtype=np.int32)
        kept = self._keep(new[self.site_index] >= 0)
        rows = np.repeat(np.arange(len(self.communities)), np.diff(kept.indptr))
        order = np.lexsort((new[kept.site_index], rows))
        snapped = self.site_snap if self.site_snap.empty else self.site_snap.loc[wanted]
        return replace(kept, site_index=new[kept.site_index][order], cs=kept.cs[order], sites=wanted, site_snap=snapped)

    def rows(self, communities: pd.Index) -> TravelTimes:
        """The same with the communities in another order."""
        if self.communities.equals(communities):
            return self
        place = self.communities.get_indexer(communities)
        table = self.to_scipy()[place]
        snapped = self.community_snap if self.community_snap.empty else self.community_snap.iloc[place]
        return replace(
            self, indptr=table.indptr.astype(np.int64), site_index=table.indices.astype(np.int32), cs=table.data,
            communities=communities, community_snap=snapped,
        )  # fmt: skip

    def repeated(self, place: AnyArray, sites: pd.Index) -> TravelTimes:
        """The same with a column for each place in the table of sites, some more than once, called ``sites`` now."""
        check_unique(sites)
        table = self.to_scipy()[:, place]
        table.sort_indices()
        snapped = self.site_snap if self.site_snap.empty else self.site_snap.iloc[place].set_axis(sites)
        return replace(
            self, indptr=table.indptr.astype(np.int64), site_index=table.indices.astype(np.int32), cs=table.data,
            sites=sites, site_snap=snapped,
        )  # fmt: skip

    def by_id(self) -> TravelTimes:
        """The same with communities and sites in the order of their ids, so that no answer depends on rows."""
        sites = self.sites[id_order(self.sites)]
        table, order = self if sites.equals(self.sites) else self.only(sites), id_order(self.communities)
        return table if (np.diff(order) == 1).all() else table.rows(self.communities[order])

    def _keep(self, kept: AnyArray) -> TravelTimes:
        indptr = np.r_[0, np.cumsum(kept)][self.indptr]
        return replace(self, indptr=indptr.astype(np.int64), site_index=self.site_index[kept], cs=self.cs[kept])

    def to_scipy(self) -> sparse.csr_array:
        """Centiseconds as a scipy CSR array; a stored zero is a time of zero, an absent entry is too far."""
        shape = (len(self.communities), len(self.sites))
        return sparse.csr_array((self.cs, self.site_index, self.indptr), shape=shape)

    def card(self, lang: str = "zh") -> Card:
        """The times at a glance: how many pairs, and how many communities have any site within the cutoff."""
        met, total = int((np.diff(self.indptr) > 0).sum()), len(self.communities)
        reached = i18n.say("cards.reached", lang, met=met, total=total, sites=len(self.sites))
        return Card(
            i18n.say("cards.times", lang), mode_label(self.mode_id, lang), f"{len(self.cs):,}",
            i18n.say("cards.pairs", lang, minutes=self.cutoff_minutes), met / total if total else None,
            lines=(reached, i18n.say(f"cards.{self.heading}", lang, turnout=self.turnout_minutes)),
        )  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"<TravelTimes {self.mode_id} {self.heading}: {len(self.communities):,} communities x {len(self.sites):,} "
            f"sites, {len(self.cs):,} pairs within {self.cutoff_minutes:g} min>"
        )


def times_from_matrix(
    matrix: Any,
    *,
    communities: Sequence[Hashable] | pd.Index,
    sites: Sequence[Hashable] | pd.Index,
    cutoff: float,
    heading: Heading = "to_site",
    mode_id: str = "matrix",
) -> TravelTimes:
    """Travel times from a matrix of minutes, communities x sites; NaN, infinity and beyond the cutoff are absent."""
    limit = whole_cs(cutoff)
    cells = np.asarray(matrix) if hasattr(matrix, "__array__") else np.array(matrix, dtype=object)
    found, strange = figure_table(cells)
    if strange:
        raise DataError("matrix.no_minutes", value=ascii(cells.ravel()[min(strange)]))
    if (found < 0).any():
        raise DataError("matrix.negative_minutes", count=int((found < 0).sum()))
    given = found.reshape(len(communities), len(sites))
    whole = np.rint(np.where(given < LONGEST_CS, given, -1) * CENTISECONDS_PER_MINUTE).astype(np.int64)
    rows, columns = np.nonzero((whole >= 0) & (whole <= limit))
    indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=len(given)))].astype(np.int64)
    return TravelTimes(
        indptr, columns.astype(np.int32), whole[rows, columns].astype(np.int32), pd.Index(communities), pd.Index(sites),
        float(cutoff), heading, 0.0, mode_id, pd.DataFrame(), pd.DataFrame(),
    )  # fmt: skip


def whole_cs(minutes: Any) -> int:
    """Centiseconds of a cutoff or a turnout; DataError for one that cannot be meant."""
    number = as_figure(minutes)
    if not 0 <= number * CENTISECONDS_PER_MINUTE < LONGEST_CS:
        raise DataError("matrix.bad_cutoff", minutes=repr(minutes) if np.isnan(number) else f"{number:g}")
    return centiseconds(number)


def check_heading(heading: str) -> None:
    """DataError for a heading that there is none of."""
    if heading not in ("to_site", "to_community"):
        raise DataError("matrix.bad_heading", heading=heading)


def check_unique(ids: pd.Index) -> None:
    """DataError when an id stands twice."""
    if not ids.is_unique:
        raise DataError("matrix.ids_twice", ids=first_ids(ids[ids.duplicated()].unique()))
