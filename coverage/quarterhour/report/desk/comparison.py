"""Two answers held side by side, drawn and shown as a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, UnknownIdError
from quarterhour.maps.page import MapPage
from quarterhour.report.desk.frames import in_classes
from quarterhour.report.desk.pages import comparison_page
from quarterhour.report.desk.plots import Sheet, check_column, draw_frame, lettered, letters, told_known, write_title
from quarterhour.report.desk.plots import axes_of as bare
from quarterhour.report.desk.results import as_results, with_fields_of
from quarterhour.report.papers.blocks import plain_text
from quarterhour.standards.circle import CircleCheck
from quarterhour.study import run
from quarterhour.study.results import Results
from quarterhour.study.scenario import comparison as found
from quarterhour.study.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDES = ("before", "after")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(found.Comparison):
    """What circles came to before and after, that draws itself: ``communities`` and ``areas`` hold every figure."""

    def plot(
        self,
        column: str = "met",
        *,
        circle: str | None = None,
        ax: Any = None,
        legend: bool = True,
        figsize: tuple[float, float] | None = None,
        lang: str = "zh",
        **style: Any,
    ) -> tuple[Axes, Axes]:
        """Draws a circle before and after, side by side; both axes.

        ``column``: ``met``, on the right with who comes inside and who falls out; or ``minutes``, on one scale.
        ``circle``: if None that of which most people come inside or fall out. ``ax``: two axes. Otherwise as
        `CircleResult.plot`.
        """
        asked = self._asked(circle)
        frame = self.communities.loc[asked]
        checks = [self._check(side, asked) for side in (self.before, self.after)]
        with lettered(lang) as said:
            pair = [bare(one, figsize) for one in _two_axes(ax, figsize)]
            for one, side, check in zip(pair, _SIDES, checks, strict=True):
                sheet = Sheet(getattr(self, side), said, legend, style)
                self._draw(one, frame, column, side, sheet)
                write_title(one, i18n.say(f"desk.title_{side}", said, share=check.count.percent), sheet)
            pair[0].figure.suptitle(plain_text(checks[0].circle.name(said)), fontsize=12, **letters())
        return pair[0], pair[1]

    def _asked(self, circle: str | None) -> str:
        if circle is not None and circle not in self.circles:
            raise UnknownIdError("desk.unknown", id=circle, **told_known(circle, self.circles))
        return circle or max(self.circles, key=lambda known: (self._moved(known), -self.circles.index(known)))

    def _moved(self, circle: str) -> int:
        """The people who come inside or fall out."""
        city = self.areas.xs((circle, "city"), level=("circle", "level"))
        return int(city[["gained", "lost"]].to_numpy().sum())

    @staticmethod
    def _check(results: Results, circle: str) -> CircleCheck:
        return next(check for check in results.checks if check.circle.id == circle)

    def _draw(self, ax: Axes, frame: gpd.GeoDataFrame, column: str, side: str, sheet: Sheet) -> None:
        if column == "met":
            told = "change" if side == "after" else "met_before"
            draw_frame(ax, frame, told, sheet, looks="change" if side == "after" else "met")
            return
        named = f"{column}_{side}" if f"{column}_{side}" in frame else column
        check_column(frame, named)
        both = frame[[c for c in (f"{column}_before", f"{column}_after") if c in frame]]
        if both.notna().to_numpy().any() and "scheme" not in sheet.style:  # one scale for both
            least, most = float(both.min().min()), float(both.max().max())
            sheet = replace(sheet, style={"vmin": least, "vmax": most, **sheet.style})
        draw_frame(ax, frame, named, sheet)

    def explore(self, lang: str = "zh") -> MapPage:
        """The page of the later results, with what changed by community in its notes; it opens without a network.

        Where the study guards persons both are as they may be published.
        """
        return comparison_page(self, lang)


def _two_axes(ax: Any, figsize: tuple[float, float] | None) -> Any:
    if ax is None:
        from matplotlib import pyplot

        _, pair = pyplot.subplots(1, 2, figsize=figsize or (14.0, 6.0), layout="constrained")
        return pair
    pair = np.ravel(ax)
    if len(pair) != 2:
        raise DataError("desk.two_axes", came=len(pair))
    return pair


def compare(before: Results | Study | str | Path, after: Results | Study | str | Path) -> Comparison:
    """Two studies, scenarios or results side by side: their circles by community, town, county and city.

    A study or its path is checked first, its circles alone; results are taken as they are.

    Parameters
    ----------
    before, after : results of ``run_study``, studies, or paths of studies.

    Returns
    -------
    Comparison
        ``communities``: a row a circle and community, ``areas``: a row a circle and area; ``plot()`` draws both.

    Raises
    ------
    DataError : they have no circle or not one community in common.

    Examples
    --------
    >>> import tempfile, quarterhour as qh
    >>> from quarterhour.testing import small_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = qh.read_study(small_study(folder))
    ...     found = qh.compare(study, study.scenario(circle="home-care-circle", minutes=45))
    >>> found
    <Comparison of 1 circles: 1 communities come inside, 0 fall out>
    """
    made = with_fields_of(Comparison, run.compare(before, after))
    ordered = in_classes(made.communities["change"], found.CHANGES)
    return replace(
        made, before=as_results(made.before), after=as_results(made.after),
        communities=made.communities.assign(change=ordered),
    )  # fmt: skip
