"""A network straight from a table of edges: for an analyst who has no lines on a map and no study."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import AnyArray, FloatArray
from quarterhour.base.cells import numbers, texts
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, first_ids
from quarterhour.network.build import MAX_CS, network_from_arrays, obeyed_turns
from quarterhour.network.modes import as_mode
from quarterhour.network.network import Mode, Network
from quarterhour.network.roads.oneway import oneway_of


@takes(edges=pd.DataFrame, nodes=pd.DataFrame, mode=Mode, turns=pd.DataFrame)
def network_from_edges(
    edges: pd.DataFrame,
    *,
    nodes: pd.DataFrame | None = None,
    mode: Mode | None = None,
    crs: object = None,
    turns: pd.DataFrame | None = None,
) -> Network:
    """A network from a table with one edge a row.

    Parameters
    ----------
    edges : ``u``, ``v`` (ids of its ends) and ``minutes``; or ``length_m`` and ``road_class`` (also ``class``,
        ``highway``), and then ``mode`` gives the speeds. Optional ``oneway`` (0 or no: both ways, 1: u to v,
        -1: v to u); the index names the edges.
    nodes : ``x``, ``y`` in metres by the id of each end; without it, places can only stand on ends (``at_junctions``).
    mode : who travels; a table of minutes needs none.
    crs : of ``nodes``.
    turns : restrictions that vehicles obey (``turns.py`` names the columns).

    Every time is rounded once to whole centiseconds, at least one. Edges of a class that the mode may not use are
    left out; those of the class ``ferry`` take as long at every pace.

    Returns
    -------
    A ``Network`` whose junctions keep the ids of ``u`` and ``v``.

    Raises
    ------
    DataError : missing columns, ends without a name or place, times that are no time.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 10]}))
    <Network for edges: 3 junctions, 2 roads, 0 km, 0 one-way, 0 islands>
    """
    travels = mode or as_mode("edges", {"travels": "vehicle", "zh": "路段表", "en": "table of edges"})
    table = edges.rename(columns={theirs: "road_class" for theirs in ("class", "highway") if theirs in edges})
    _check_columns(table, mode)
    length = _positive(table, "length_m") if "length_m" in table else np.zeros(len(table))
    speed, classes = _speeds(table, travels)
    usable = speed > 0
    if not usable.any():
        raise DataError("network.none_usable", mode=travels.id, classes=first_ids(sorted(set(classes))))
    times = _times(table, length, speed)[usable]
    way = _ways(table, travels)[usable]
    tail, head, ids = _ends(table[usable])
    along, against = np.where(way >= 0, times, 0), np.where(way <= 0, times, 0)
    return network_from_arrays(
        tail,
        head,
        forward_cs=along,
        backward_cs=against,
        mode=travels,
        xy=None if nodes is None else _places(nodes, ids),
        crs=crs,
        length_m=length[usable],
        road_ids=table.index[usable],
        road_class=classes[usable],
        fixed_cs=np.where(classes[usable] == "ferry", times, 0)[:, None].repeat(2, axis=1),
        junction_ids=ids,
        turns=obeyed_turns(turns, table.index[usable], (tail, head), (along, against), travels, names=ids),
    )


def _check_columns(table: pd.DataFrame, mode: Mode | None) -> None:
    missing = [c for c in ("u", "v") if c not in table]
    if "minutes" not in table:
        missing += [c for c in ("length_m", "road_class") if c not in table]
    if missing:
        raise DataError("from_edges.no_column", missing=", ".join(missing), found=first_ids(table.columns))
    if "minutes" not in table and mode is None:
        raise DataError("from_edges.no_mode")
    if not len(table):
        raise DataError("from_edges.empty")


def _positive(table: pd.DataFrame, column: str) -> FloatArray:
    values = numbers(table[column]).to_numpy(dtype=float)
    bad = ~(values >= 0)
    if bad.any():
        raise DataError("from_edges.bad_number", column=column, rows=first_ids(table.index[bad]))
    return values


def _speeds(table: pd.DataFrame, mode: Mode) -> tuple[FloatArray, AnyArray]:
    classes = texts(table["road_class"]) if "road_class" in table else pd.Series("", index=table.index)
    named = classes.to_numpy(dtype=object)
    if "minutes" in table:
        return np.ones(len(table)), named
    speeds = {c: mode.speed_kmh(c) or 0.0 for c in set(named)}
    return np.array([speeds[c] for c in named]), named


def _times(table: pd.DataFrame, length: FloatArray, speed: FloatArray) -> NDArray[np.int32]:
    if "minutes" in table:
        cs = np.rint(_positive(table, "minutes") * CENTISECONDS_PER_MINUTE)
    else:
        cs = np.rint(np.divide(length * 360.0, speed, out=np.zeros(len(length)), where=speed > 0))
    if (cs > MAX_CS).any():
        raise DataError("network.too_long", ids=first_ids(table.index[cs > MAX_CS]))
    return np.maximum(cs, 1).astype(np.int32)


def _ways(table: pd.DataFrame, mode: Mode) -> NDArray[np.int8]:
    none = np.zeros(len(table), np.int8)
    if "oneway" not in table:
        return none
    read = oneway_of(table["oneway"])
    if len(read.odd):
        raise DataError("from_edges.bad_oneway", rows=first_ids(read.odd))
    return read.way if mode.obeys_oneway else none


def _ends(table: pd.DataFrame) -> tuple[NDArray[np.int32], NDArray[np.int32], pd.Index]:
    named = pd.concat([texts(table["u"]), texts(table["v"])])
    if (named == "").any():
        raise DataError("from_edges.no_end", rows=first_ids(named.index[named == ""].unique()))
    position, ids = pd.factorize(named)
    half = len(table)
    return position[:half].astype(np.int32), position[half:].astype(np.int32), pd.Index(ids, name="junction")


def _places(nodes: pd.DataFrame, ids: pd.Index) -> FloatArray:
    if not {"x", "y"} <= set(nodes.columns):
        raise DataError("from_edges.no_column", missing="x, y", found=first_ids(nodes.columns))
    known = nodes[["x", "y"]].set_axis(pd.Index(texts(pd.Series(nodes.index, dtype=object))), axis=0)
    if known.index.has_duplicates:
        raise DataError("from_edges.nodes_twice", ids=first_ids(known.index[known.index.duplicated()].unique()))
    xy = known.reindex(ids).to_numpy(dtype=float)
    lost = ~np.isfinite(xy).all(axis=1)
    if lost.any():
        raise DataError("from_edges.no_place", ids=first_ids(ids[lost]))
    return xy
