"""Which care a community must reach, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from quarterhour.rules import Circle


@dataclass(frozen=True, eq=False)
class CircleCheck:
    """What a circle came to. Every community is there.

    ``rows``: one row a community and kind, columns
    ``community, kind, nearest, minutes, within, needed, met`` (``nearest`` and ``minutes`` are
    missing where no site of the kind was reached within the cutoff that was searched;
    ``within`` counts the sites inside the standard).

    ``communities``: indexed by community id, columns ``met`` (bool), ``nearest``, ``minutes``
    (of the nearest site of any kind of the circle), ``reason`` (``met``, ``too_long``: one is reached but
    beyond the standard, ``out_of_reach``: none within the cutoff, ``not_snapped``: the community itself
    has no road), ``site_quality`` (quality of that nearest site).

    ``shares``: one row an area, columns ``level`` (town, county, city), ``area``, ``communities``,
    ``communities_met``, ``share_communities``, ``people``, ``people_met``, ``share_people``
    (missing where the area has no people), and ``people_fact, people_estimated, people_synthetic``:
    the people whose row is of that quality.
    """

    circle: Circle
    mode_id: str
    rows: pd.DataFrame
    communities: pd.DataFrame
    shares: pd.DataFrame

    def share(self, level: str = "city", area: str | None = None) -> float:
        """The share of people inside the circle, for one area."""
        table = self.shares[self.shares["level"] == level]
        if area is not None:
            table = table[table["area"] == area]
        return float(table["share_people"].iloc[0])

    def __repr__(self) -> str:
        met = f"{int(self.communities['met'].sum())} of {len(self.communities)} communities"
        return f"<CircleCheck {self.circle.id} ({self.mode_id}): {met}, {self.share():.1%} of {self.circle.people}>"
