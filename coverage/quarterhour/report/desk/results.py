"""Results that answer in a notebook by the id of a circle or a siting question."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import geopandas as gpd

from quarterhour.base.errors import UnknownIdError
from quarterhour.maps.page import MapPage
from quarterhour.report.desk.circle import CircleResult, circle_title
from quarterhour.report.desk.frames import communities_frame
from quarterhour.report.desk.plots import Sheet, axes_of, check_column, draw_frame, lettered, told_known, write_title
from quarterhour.report.desk.siting import SitingResult
from quarterhour.report.write import meeting_map
from quarterhour.study import results as found
from quarterhour.study import run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, eq=False, repr=False)
class Results(found.Results):
    """All that a run found, by what it is called: a circle or a siting question by its id, places as a frame.

    Examples
    --------
    >>> import tempfile, quarterhour as qh
    >>> from quarterhour.testing import small_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = qh.run_study(small_study(folder))
    >>> results["home-care-circle"]
    <CircleCheck home-care-circle (walk): 2 of 3 communities, 83.3% of older>
    >>> results.communities["home-care-circle_minutes"].to_dict()
    {'e': 45.0, 'm': 15.0, 'w': 15.0}
    >>> results.proposals[0].plan
    <SitingPlan centres: optimal, 1 new site, 100.0% covered>
    """

    def __getitem__(self, name: str) -> CircleResult | SitingResult:
        """The circle or the siting question of an id: a `CircleResult` or a `SitingResult`.

        UnknownIdError (a KeyError) for another id; it says which there are.
        """
        for check in self.checks:
            if check.circle.id == name:
                return CircleResult(self, check)
        for proposal in self.proposals:
            if proposal.id == name:
                return SitingResult(self, proposal)
        raise UnknownIdError("desk.unknown", id=name, **told_known(name, self.ids))

    @property
    def ids(self) -> list[str]:
        """The ids of the circles and of the siting questions that were run."""
        return [*(check.circle.id for check in self.checks), *(proposal.id for proposal in self.proposals)]

    def __iter__(self) -> Iterator[str]:
        """The ids, as of a dict."""
        return iter(self.ids)

    def __contains__(self, name: object) -> bool:
        return name in self.ids

    def _ipython_key_completions_(self) -> list[str]:
        return self.ids

    @property
    def communities(self) -> gpd.GeoDataFrame:
        """A row a community by id: ``name, town, county``, people, by circle ``ID_minutes`` and ``ID_met``, its point.

        ``town``, ``county`` are ids, as classes in the order of their tables. People: a column each as the study names
        them, missing where they are few and the results are published. ``ID_minutes``: to the nearest facility of the
        circle, missing where no way leads to one; ``ID_met``: whether it is inside. In the study's CRS.
        """
        return communities_frame(self)

    def plot(
        self,
        column: str | None = None,
        *,
        ax: Axes | None = None,
        legend: bool = True,
        figsize: tuple[float, float] | None = None,
        lang: str = "zh",
        **style: Any,
    ) -> Axes:
        """Draws a column of ``communities``, without one who is inside the first circle; the axes.

        Otherwise as `CircleResult.plot`.
        """
        frame = self.communities
        first = column or (f"{self.checks[0].circle.id}_met" if self.checks else "county")
        check_column(frame, first)
        check = next((c for c in self.checks if first in (f"{c.circle.id}_met", f"{c.circle.id}_minutes")), None)
        with lettered(lang) as said:
            drawn = axes_of(ax, figsize)
            sort = "met" if check is not None and first.endswith("_met") else ""
            sheet = Sheet(self, said, legend, style)
            draw_frame(drawn, frame, first, sheet, looks=sort)
            write_title(drawn, self.study.name(said) if check is None else circle_title(check, said), sheet)
        return drawn

    def explore(self, lang: str = "zh") -> MapPage:
        """The map for the meeting: it shows itself, and opens anywhere without a network.

        Where the study guards persons it has what may be published, as the files have it.
        """
        return meeting_map(self, lang)


def as_results(made: found.Results) -> Results:
    """Results of a run as those that answer in a notebook."""
    return made if isinstance(made, Results) else with_fields_of(Results, made)


def with_fields_of(kind: Callable[..., T], made: Any) -> T:
    """The same value as another kind, which has the same fields."""
    return kind(**{field.name: getattr(made, field.name) for field in fields(made)})


def _answering(work: Callable[P, found.Results]) -> Callable[P, Results]:
    @functools.wraps(work)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Results:
        return as_results(work(*args, **kwargs))

    return answered


run_study = _answering(run.run_study)
