"""Where a site may be built: candidates from communities, or from roads and demand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from quarterhour.base.areas import _nearest, _placeless
from quarterhour.base.arguments import takes
from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError
from quarterhour.base.row_order import by_id
from quarterhour.network.network import Network

LEDGER_COLUMNS = ("candidate", "rule", "distance_m", "required_m", "clause", "nearest")
_LEDGER_TYPES = dict(zip(LEDGER_COLUMNS, ("str", "str", "float64", "float64", "str", "str"), strict=True))
_COLUMNS = ("name", "town", "county", "quality", "source")


@takes(communities=gpd.GeoDataFrame)
def candidates_from_communities(communities: gpd.GeoDataFrame, *, prefix: str = "") -> gpd.GeoDataFrame:
    """Every community as a place where a site may be built, under its own id.

    Parameters
    ----------
    communities : a table of places, as ``as_places`` makes it.
    prefix : goes before the ids, where facilities have the same ones.

    Returns
    -------
    A row a community: ``name, town, county, quality, source, geometry``.

    Examples
    --------
    >>> import geopandas as gpd, quarterhour as qh
    >>> points = gpd.points_from_xy([122.1], [37.5])
    >>> villages = gpd.GeoDataFrame({"id": ["a"], "name": ["东村"]}, geometry=points, crs=4326)
    >>> places, _ = qh.as_places(villages, table="communities", crs="EPSG:32651")
    >>> qh.siting.candidates_from_communities(places, prefix="site-")["name"].to_dict()
    {'site-a': '东村'}
    """
    kept = communities[[*_COLUMNS, communities.geometry.name]].copy()
    kept.index = pd.Index([f"{prefix}{i}" for i in kept.index], name="id", dtype="str")
    return kept


@takes(network=Network, communities=gpd.GeoDataFrame)
def candidates_from_network(
    network: Network, communities: gpd.GeoDataFrame, *, people: str, count: int, seed: int = 0
) -> gpd.GeoDataFrame:
    """Road junctions nearest to the middles of the demand: at most ``count``, ids ``C001`` ...

    The communities, weighted by ``people``, are clustered (k-means); each middle moves to the nearest
    junction of the largest connected part. C001 stands for most people. Fewer come where there
    are fewer communities with people, or where two middles meet at one junction. The name
    and town are those of the nearest community; ``with_areas`` knows better where outlines exist.

    Parameters
    ----------
    network : roads of the mode that travels.
    communities : places with the column ``people``.
    people : the column of people that weighs them.
    count : places at most.
    seed : of the clustering; the same seed gives the same places.

    Returns
    -------
    Places by id, with ``name``, ``town`` and ``county`` of the nearest community and ``geometry`` on a junction.

    Raises
    ------
    DataError : no such column, no community with people, no junctions, or ``count`` below 1.

    Examples
    --------
    >>> import quarterhour as qh
    >>> from quarterhour.testing import town
    >>> drawn = town("A--1--B----2-C")
    >>> homes = drawn.places("12").assign(older=[50, 20], name="", town="", county="")
    >>> made = qh.siting.candidates_from_network(drawn.network("walk"), homes, people="older", count=2)
    >>> made.geometry.x.to_dict()
    {'C001': 400000.0, 'C002': 401300.0}
    """
    demand = _demand(communities, people)
    if count < 1 or not (network.component == 0).any():
        raise DataError("candidates.none_to_make", count=count, junctions=len(network.x))
    points = np.column_stack([demand.geometry.x, demand.geometry.y])
    weight = demand[people].to_numpy(dtype=float)
    middles, total = _middles(points, weight, count=count, seed=seed)
    spots = _junctions(network, middles[np.argsort(-total, kind="stable")])
    nearest = cKDTree(points).query(spots)[1]
    ids = [f"C{k:03d}" for k in range(1, len(spots) + 1)]
    near = demand.iloc[nearest]
    rows = {
        "name": [f"{name} {i}" for name, i in zip(near["name"], ids, strict=True)],
        "town": near["town"].to_numpy(),
        "county": near["county"].to_numpy(),
        "quality": "synthetic",
        "source": f"k-means of {people}, nearest junction, seed {seed}",
    }
    places = gpd.points_from_xy(spots[:, 0], spots[:, 1])
    return gpd.GeoDataFrame(rows, index=pd.Index(ids, name="id", dtype="str"), geometry=places, crs=communities.crs)


def _demand(communities: gpd.GeoDataFrame, people: str) -> gpd.GeoDataFrame:
    if people not in communities.columns:
        raise DataError("candidates.no_column", column=people, found=", ".join(map(str, communities.columns)))
    demand = by_id(communities[communities[people].gt(0) & ~_placeless(communities)])
    if demand.empty:
        raise DataError("candidates.no_people", column=people)
    return demand


def _middles(points: FloatArray, weight: FloatArray, *, count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    clusters = min(count, len(np.unique(points, axis=0)))
    # One thread: the order in which sums are added must not depend on the machine.
    with threadpool_limits(limits=1):
        found = KMeans(clusters, n_init=3, random_state=seed).fit(points, sample_weight=weight)
    return found.cluster_centers_, np.bincount(found.labels_, weights=weight, minlength=clusters).astype(float)


def _junctions(network: Network, middles: FloatArray) -> FloatArray:
    """The nearest junction of each middle in the main part of the network, each once, in order."""
    main = np.flatnonzero(network.component == 0)
    spots = np.column_stack([network.x[main], network.y[main]])
    at = np.atleast_1d(cKDTree(spots).query(middles)[1])
    return spots[list(dict.fromkeys(at.tolist()))]


@takes(candidates=gpd.GeoDataFrame, layer=gpd.GeoDataFrame)
def exclude_near(
    candidates: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, *, metres: float, rule: str, clause: str = ""
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Candidates at least ``metres`` from everything in a layer, and a ledger of those that are not.

    A candidate exactly ``metres`` away stays; one inside an area, or touching anything, goes even
    at 0 metres. Distances are straight lines in the CRS of the candidates.

    Parameters
    ----------
    candidates, layer : place tables; the layer may have points, lines and areas.
    metres : the least distance.
    rule : what the ledger calls it (``water``).
    clause : where it is written, for the ledger.

    Returns
    -------
    The kept candidates, and one row a removed one: ``candidate, rule, distance_m, required_m,
    clause, nearest`` (id in the layer of what is nearest; ties to the first).

    Raises
    ------
    DataError : ``metres`` is no distance.

    Examples
    --------
    >>> import geopandas as gpd, quarterhour as qh
    >>> plots = gpd.GeoDataFrame(index=["a", "b"], geometry=gpd.points_from_xy([0, 500], [0, 0]), crs="EPSG:32651")
    >>> well = gpd.GeoDataFrame(index=["well"], geometry=gpd.points_from_xy([100], [0]), crs="EPSG:32651")
    >>> kept, ledger = qh.siting.exclude_near(plots, well, metres=200, rule="water")
    >>> list(kept.index), ledger[["candidate", "distance_m", "required_m"]].values.tolist()
    (['b'], [['a', 100.0, 200.0]])
    """
    if not (np.isfinite(metres) and metres >= 0):
        raise DataError("candidates.bad_metres", rule=rule, metres=metres)
    some = layer[~_placeless(layer)]
    found = [n for n in _nearest(candidates, some, most=metres) if n[2] < metres or n[2] == 0]
    rows = [
        (str(candidates.index[place]), rule, distance, float(metres), clause, str(some.index[other]))
        for place, other, distance in found
    ]
    kept = np.ones(len(candidates), dtype=bool)
    kept[[place for place, _, _ in found]] = False
    return candidates[kept], pd.DataFrame(rows, columns=list(LEDGER_COLUMNS)).astype(_LEDGER_TYPES)


def no_ledger() -> pd.DataFrame:
    """A ledger with nothing removed."""
    return pd.DataFrame(columns=list(LEDGER_COLUMNS)).astype(_LEDGER_TYPES)
