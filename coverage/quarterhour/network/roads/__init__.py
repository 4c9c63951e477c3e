"""What a table of roads must hold.

``as_roads`` is the door: behind it every road is one line in metres with an id, a class, a one-way mark, and ends that
meet those of others. What did not pass, and what was assumed, is told as findings. The rooms, as a table passes::

    names      whose columns are which          lines      what is a line, and where lines meet
    lengths    lengths against lines            limits     speed limits that can be meant
    columns    class and access                 oneway     marks of direction
    ends       node ids against lines           junctions  where roads meet
    near       ends that just miss a road       topology   how well it all hangs together
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import join_findings, no_findings
from quarterhour.base.labels import percent
from quarterhour.base.planar import flat
from quarterhour.network.roads.columns import with_columns
from quarterhour.network.roads.ends import fitted_ends
from quarterhour.network.roads.junctions import components_of, junctions_of, vertices_of
from quarterhour.network.roads.lengths import weighed_lengths
from quarterhour.network.roads.limits import weighed_limits
from quarterhour.network.roads.lines import cut_at_shared_vertices, lines_alone, taken_apart, without_far_vertices
from quarterhour.network.roads.names import in_one_order, renamed, with_ids
from quarterhour.network.roads.near import TOUCH_M, join_near, meet_on_lines
from quarterhour.network.roads.told import Where

__all__ = ["MOSTLY", "as_roads", "in_one_order"]

MOSTLY = 0.8
"""With less than this share of the roads in one connected part, the roads are probably not joined."""


def as_roads(
    frame: gpd.GeoDataFrame,
    *,
    crs: object,
    columns: Mapping[str, str] | None = None,
    table: str = "roads",
    file: str = "",
    join_m: float = TOUCH_M,
    oneway_values: Mapping[Any, Sequence[object]] | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads of any origin as the canonical table, and what was set aside or assumed.

    Parameters
    ----------
    frame : lines with a CRS; ``highway``, ``u``, ``v`` and such are known.
    crs : of the answer, projected, in metres.
    columns : the user's columns, ours -> theirs.
    table, file : what the user calls them, for the messages.
    join_m : an end that misses another road by up to so many metres is moved there and told (a study asks for a metre;
        else only an end that lies on a line meets it; 0: none does).
    oneway_values : which of the user's marks mean ``along``, ``against`` and ``both``. Marks are those of the drawn
        line, in one vocabulary a column (``oneway.py``).

    Returns
    -------
    Roads by id, with ``road_class``, ``oneway``, ``geometry`` and whatever of ``walk``, ``drive``, ``maxspeed`` ...
    came; and the findings. Lines of several parts are taken apart; a row without a line is set aside and told, a vertex
    kilometres off its road left out and told. Where from_node and to_node stand in every row and agree with the lines,
    they join the roads; otherwise ends within a centimetre do, and a junction that lies on a line is one with it
    (told). A road without a class counts as unclassified, one without ``walk`` or ``drive`` is open to both. Lengths
    and speed limits that cannot be meant do not count. Heights and measures of the lines go.

    Raises
    ------
    DataError : there is no geometry, no line, or a named column is missing.

    Examples
    --------
    >>> import geopandas as gpd, quarterhour as qh
    >>> from shapely import LineString
    >>> lines = [LineString([(0, 0), (700, 0)]), LineString([(350, 0), (350, 350)])]
    >>> drawn = gpd.GeoDataFrame({"highway": ["residential", "footway"]}, geometry=lines, crs="EPSG:32651")
    >>> roads, findings = qh.as_roads(drawn, crs="EPSG:32651")
    >>> roads["road_class"].to_dict(), len(findings)
    ({'0/0': 'residential', '0/1': 'residential', '1': 'footway'}, 0)
    """
    metres = CRS.from_user_input(crs)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise DataError("roads.no_geometry", file=file or table)
    missing = [theirs for theirs in (columns or {}).values() if theirs not in frame.columns]
    if missing:
        raise DataError(
            "roads.no_column", file=file or table, missing=", ".join(missing), found=first_ids(frame.columns)
        )
    where, told = Where(table, file), []
    roads, sure = renamed(_in_metres(flat(frame), metres), columns or {})
    for step in (with_ids, lines_alone, weighed_lengths, taken_apart, without_far_vertices):
        roads, found = step(roads, where)
        told.append(found)
    if not len(roads):
        raise DataError("roads.no_roads", file=file or table, rows=len(frame))
    for step in (partial(with_columns, oneway_values=oneway_values), weighed_limits):
        roads, found = step(roads, where)
        told.append(found)
    roads, found = fitted_ends(roads, where, sure=sure)
    told.append(found)
    if "from_node" not in roads:
        roads = cut_at_shared_vertices(roads)
        for join in (partial(join_near, join_m=join_m), meet_on_lines) if join_m > 0 else ():
            met, found = join(roads, where)
            roads = roads if met is roads else cut_at_shared_vertices(met)
            told.append(found)
    return roads, join_findings([*told, _in_pieces(roads, where)])


def _in_metres(roads: gpd.GeoDataFrame, metres: CRS) -> gpd.GeoDataFrame:
    return roads if metres == roads.crs else roads.to_crs(metres)


def _in_pieces(roads: gpd.GeoDataFrame, where: Where) -> pd.DataFrame:
    """A warning where the largest connected part holds less than most of the roads."""
    tail, head, spots, _ = junctions_of(roads, *vertices_of(roads))
    share = float((components_of(tail, head, len(spots))[tail] == 0).mean())
    return no_findings() if share >= MOSTLY else where.say("in_pieces", value=percent(share))
