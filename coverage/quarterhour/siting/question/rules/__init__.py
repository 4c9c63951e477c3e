"""Rules of a siting question on its sites: how many an area has, money, room, distance from each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

EVERY_AREA = ("*",)
TOGETHER = " + "
"""Between the ids of areas that have their sites together."""


@dataclass(frozen=True, slots=True)
class Quota:
    """At least ``minimum`` (and at most ``maximum``) open sites in every area of a level.

    ``level``: the column of the sites that is counted, ``town`` or ``county``; existing sites count. By ``state`` the
    upgrades can be limited.
    ``areas``: the ids that must have them (also those without a candidate); ``EVERY_AREA``: every town or
    county that a site or a community lies in, which ``as_problem`` writes out.
    ``tier``: only sites that count for this tier; a site may count for several.
    ``groups``: areas that have their sites together, a site in one serving all of them: each group counts as one area,
    called by its ids with `` + `` between, and stands among ``areas`` in their stead.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> sites = pd.DataFrame({"town": ["A", "B"]}, index=["a", "b"])
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], sites=sites, within=10, new_sites=2,
    ...                                 quotas=qh.siting.Quota("town", ("B",), minimum=1))
    >>> qh.solve_siting(problem).chosen
    ('a', 'b')
    """

    level: str
    areas: tuple[str, ...] = EVERY_AREA
    minimum: int = 1
    maximum: int | None = None
    tier: str = ""
    groups: tuple[tuple[str, ...], ...] = ()

    @property
    def group_of(self) -> dict[str, str]:
        """By area that shares its sites the name of its group."""
        return {area: TOGETHER.join(group) for group in self.groups for area in group}


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent: ``yuan`` (None: any sum) on building and on running for ``years``.

    A site that is built or upgraded costs its ``cost_yuan`` and ``years`` times its ``running_yuan``.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> sites = pd.DataFrame({"cost_yuan": [100, 90], "running_yuan": [0, 20]}, index=["a", "b"])
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], sites=sites, within=10,
    ...                                 budget=qh.siting.Budget(120, years=2))
    >>> qh.solve_siting(problem).chosen
    ('a',)
    """

    yuan: int | None = None
    years: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Capacity:
    """A site serves no more than its ``capacity`` (a column of the sites; missing: no limit).

    A community is served by one open site within the standard, whole or not at all; ``split``: its people may
    be shared out among several. ``load``: what each community asks for, in the ``unit`` of the capacity (beds,
    visits, graves), by community id; None: its counted people.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> sites = pd.DataFrame({"capacity": [60, 40]}, index=["a", "b"])
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], sites=sites, within=10, new_sites=2,
    ...                                 capacity=qh.siting.Capacity(split=True))
    >>> qh.solve_siting(problem).served.values.tolist()
    [['0', 'a', 60], ['1', 'b', 20], ['2', 'b', 20]]
    """

    unit: str = "people"
    load: pd.Series | None = None
    split: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Spacing:
    """New sites stand at least ``metres`` from each other; ``existing``: and from existing ones.

    ``distances``: metres, sites x sites in their order, or a DataFrame by site id; None: from the columns ``x`` and
    ``y`` of the sites.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> sites = pd.DataFrame({"x": [0, 300], "y": [0, 0]}, index=["a", "b"])
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], sites=sites, within=10, new_sites=2,
    ...                                 spacing=qh.siting.Spacing(500))
    >>> qh.solve_siting(problem).covered
    60
    """

    metres: float
    distances: Any = None
    existing: bool = False
