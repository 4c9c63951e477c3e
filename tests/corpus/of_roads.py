"""Roads: formats and coordinates, lengths, limits, classes, directions, named ends, gaps, doubles, spikes."""

# ruff: noqa: ARG005, E501 (a case is a line of a table: what is changed, what must be said)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from shapely.geometry import LineString, MultiLineString

from corpus.city import City, base_roads, moved, save_gdb
from corpus.verdict import Book

BOOK = Book()
Roads = gpd.GeoDataFrame


def add(
    name: str, change: Callable[[City], Any], *says: str, right: bool = True, error: str = "", circles: bool = False
) -> None:
    """Note a case whose circles are worked out: of roads the tables alone show little."""
    BOOK.add(name, change, *says, right=right, error=error, circles=circles or not error)


def roads(change: Callable[[Roads], Roads] = lambda r: r, name: str = "r.gpkg", **keys: Any) -> Callable[[City], None]:
    """The base roads, changed, as the roads of the study."""
    return lambda city: city.save_roads(change(base_roads().copy()), name, **keys)


def column(name: str, values: Any) -> Callable[[City], None]:
    """The base roads with one more column: a value, or a function of the roads."""
    return roads(lambda r: r.assign(**{name: values(r) if callable(values) else values}))


# --- formats and coordinates --------------------------------------------------------------------------------------

for _suffix in ("shp", "parquet", "fgb"):
    add(f"as_{_suffix}", roads(name=f"r.{_suffix}"))
add("as_geojson_in_degrees", roads(lambda r: r.to_crs(4326), "r.geojson"))
add("as_geojson_in_metres", roads(name="r.geojson"))
add("in_degrees", roads(lambda r: r.to_crs(4326)))
add("in_web_mercator", roads(lambda r: r.to_crs(3857)))
add("in_cgcs2000_zone", roads(lambda r: r.to_crs(4549)))
add(
    "with_z_nan",
    roads(lambda r: r.set_geometry([LineString([(*p, np.nan) for p in g.coords]) for g in r.geometry], crs=r.crs)),
)
add(
    "with_z",
    roads(lambda r: r.set_geometry([LineString([(*p, 9.0) for p in g.coords]) for g in r.geometry], crs=r.crs)),
)
add("multi_lines", roads(lambda r: r.set_geometry([MultiLineString([g]) for g in r.geometry], crs=r.crs)))
add("rows_shuffled", roads(lambda r: r.sample(frac=1, random_state=7)))
add("lines_turned", roads(lambda r: r.set_geometry(shapely.reverse(r.geometry.to_numpy()), crs=r.crs)))
add("ids_as_numbers", roads(lambda r: r.assign(id=range(len(r)))))
add("ids_none", roads(lambda r: r.drop(columns="id")))
add("ids_all_the_same", roads(lambda r: r.assign(id="x")))
add("columns_called_in_chinese", roads(lambda r: r.rename(columns={"highway": "道路等级", "oneway": "单行"})))
add("no_columns_but_class", roads(lambda r: r[["highway", "geometry"]]))
add("columns_named", roads(lambda r: r.rename(columns={"highway": "dj"}), columns={"road_class": "dj"}))
add("columns_named_wrong", roads(columns={"road_class": "dengji"}), error="roads.no_column")
add("layer_wrong", roads(layer="x"), error="files.no_layer")
add("points_for_lines", roads(lambda r: r.set_geometry(r.geometry.centroid)), error="roads.no_roads")
add("no_roads_at_all", roads(lambda r: r.iloc[:0]), error="roads.no_roads")
add("roads_of_another_place", roads(lambda r: moved(r, lambda xy: xy + [40_000, 0])), error="inputs.roads_elsewhere")
add("roads_shp_without_prj", lambda c: (roads(name="r.shp")(c), c.path("r.prj").unlink())[1], error="files.no_crs")
add("roads_shp_without_prj_declared", lambda c: (roads(name="r.shp")(c), c.path("r.prj").unlink(),
    c.part("roads").update(crs="EPSG:32651"))[1])  # fmt: skip
add("roads_crs_contradicts", roads(crs="EPSG:4549"), "crs_own_used")
add("roads_csv", lambda c: c.use("roads", "communities.csv"), error="files.no_geometry")
add("roads_not_there", lambda c: c.use("roads", "none.gpkg"), error="study.no_file")
add("study_without_crs", lambda c: c.study["study"].pop("crs"))
add("study_in_cgcs2000", lambda c: c.study["study"].update(crs="EPSG:4550"))

# --- lengths ------------------------------------------------------------------------------------------------------

for _name, _metres in {"m": 1.0, "rounded": 1.0005, "km": 0.001, "feet": 1 / 0.3048}.items():
    add(
        f"length_in_{_name}",
        column("length_m", lambda r, k=_metres: r.length * k),
        *(["roads.length_unit"] if _name in ("km", "feet") else []),
    )
add("length_0", column("length_m", 0.0), "roads.length_bad")
add("length_1", column("length_m", 1.0), "roads.length_unfit")
add("length_negative", column("length_m", lambda r: -r.length), "roads.length_bad")
add("length_blank", column("length_m", None), "roads.length_blank")
add("length_of_some_0", column("length_m", lambda r: r.length.where(np.arange(len(r)) % 5 > 0, 0)), "roads.length_bad")
add(
    "length_of_some_blank",
    column("length_m", lambda r: r.length.where(np.arange(len(r)) % 5 > 0)),
    "roads.length_blank",
)
add(
    "length_of_some_tenfold",
    column("length_m", lambda r: r.length.where(np.arange(len(r)) % 5 > 0, r.length * 10)),
    "roads.length_off",
)
add(
    "length_of_some_tenth",
    column("length_m", lambda r: r.length.where(np.arange(len(r)) % 5 > 0, r.length / 10)),
    "roads.length_off",
)
add("length_of_mercator", column("length_m", lambda r: r.length * 1.2619), "roads.length_unfit")
add("length_text", column("length_m", "长"), "roads.length_bad")
add("length_text_of_numbers", column("length_m", lambda r: r.length.round(1).astype(str)))
add("length_with_unit", column("length_m", lambda r: r.length.round(1).astype(str) + " m"), "roads.length_bad")
add("length_nan", column("length_m", np.nan), "roads.length_blank")
add("length_infinite", column("length_m", np.inf), "roads.length_bad")
add("length_999999", column("length_m", 999999.0), "roads.length_unfit")
add("shape_leng_in_degrees", column("Shape_Leng", 0.0027))
add("length_called_length", column("length", 1.0))

# --- limits -------------------------------------------------------------------------------------------------------

add("maxspeed_30", column("maxspeed", 30))
add("maxspeed_text", column("maxspeed", "30"))
add("maxspeed_with_unit", column("maxspeed", "30 km/h"))
add("maxspeed_in_miles", column("maxspeed", "20 mph"), "roads.limit_converted")
add("maxspeed_in_metres_a_second", column("maxspeed", "8.3 m/s"), "roads.limit_converted")
add("maxspeed_in_chinese", column("maxspeed", "30公里/小时"))
add(
    "class_with_a_capital",
    column("highway", lambda r: ["Residential"] * 3 + ["residential"] * (len(r) - 3)),
    "roads.class_spelt",
)
add("as_gdb", lambda c: (save_gdb(c.use("roads", "r.gdb"), r=base_roads()), None)[1])
add("maxspeed_blank", column("maxspeed", ""))
add("maxspeed_none", column("maxspeed", None))
add("maxspeed_0", column("maxspeed", 0))
add("maxspeed_1", column("maxspeed", 1), "roads.limit_beyond")
add("maxspeed_negative", column("maxspeed", -30), "roads.limit_unread")
add("maxspeed_500", column("maxspeed", 500), "roads.limit_beyond")
add("maxspeed_in_ms", column("maxspeed", 8.333), "roads.limit_ms")
add(
    "maxspeed_in_ms_rounded",
    column("maxspeed", lambda r: np.where(np.arange(len(r)) % 2, 8.33, 11.11)),
    "roads.limit_ms",
)
add("maxspeed_words", column("maxspeed", "快"), "roads.limit_unread")
add("maxspeed_chinese", column("maxspeed", "CN:urban"))
add("maxspeed_list", column("maxspeed", "['30', '40']"))
add("maxspeed_mph", column("maxspeed", "20 mph"))

# --- classes ------------------------------------------------------------------------------------------------------

add("classes_unknown", roads(lambda r: r.assign(highway="城市支路")), "roads.unknown_class")
add("classes_blank", roads(lambda r: r.assign(highway="")), "roads.no_class")
add(
    "classes_of_some_blank",
    roads(lambda r: r.assign(highway=r["highway"].where(np.arange(len(r)) % 7 > 0, ""))),
    "roads.no_class",
)
add("classes_in_capitals", roads(lambda r: r.assign(highway="RESIDENTIAL")), "roads.class_spelt")
add("classes_with_blanks", roads(lambda r: r.assign(highway=" residential ")))
add("classes_in_lists", roads(lambda r: r.assign(highway="['residential', 'service']")))
add("classes_all_motorway", roads(lambda r: r.assign(highway="motorway")), error="network.none_usable", circles=True)
add("classes_all_numbers", roads(lambda r: r.assign(highway=5)), "roads.unknown_class")
add("class_column_missing", roads(lambda r: r.drop(columns="highway")), "roads.no_class")
add("walk_closed_everywhere", column("walk", False), error="network.none_usable", circles=True)

# --- directions ---------------------------------------------------------------------------------------------------

for _name, _mark in {"false": False, "no": "no", "0": 0, "0_text": "0", "blank": "", "none": None, "both": "both", "b": "B",
                     "fou": "否", "two_ways": "双向", "0.0": 0.0, "capitals": "NO"}.items():  # fmt: skip
    add(f"oneway_{_name}", roads(lambda r, m=_mark: r.assign(oneway=m)))
add("oneway_strange", roads(lambda r: r.assign(oneway="?")), "roads.odd_oneway")
add(
    "oneway_some_strange",
    roads(lambda r: r.assign(oneway=np.where(np.arange(len(r)) % 9, "no", "maybe"))),
    "roads.odd_oneway",
)
add("oneway_all_yes", roads(lambda r: r.assign(oneway="yes")), "roads.oneway_source", right=False)
add(
    "oneway_all_f_and_t",
    roads(lambda r: r.assign(oneway=np.where(np.arange(len(r)) % 2, "F", "T"))),
    "roads.oneway_source",
    right=False,
)

# --- named ends ---------------------------------------------------------------------------------------------------


def _nodes(r: Roads) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A number for the place where each road begins, and ends."""
    xy = shapely.get_coordinates(r.geometry.to_numpy()).reshape(len(r), -1, 2)
    keys = pd.factorize(pd.Series([*map(tuple, xy[:, 0]), *map(tuple, xy[:, -1])]))[0]
    return keys[: len(r)], keys[len(r) :]


def _named(
    one: str, other: str, change: Callable[[Any, Any], tuple[Any, Any]] = lambda u, v: (u, v)
) -> Callable[[City], None]:
    return roads(lambda r: r.assign(**dict(zip((one, other), change(*_nodes(r)), strict=True))))


for _pair in (("u", "v"), ("from_node", "to_node"), ("from", "to"), ("source", "target"), ("FNODE_", "TNODE_")):
    add(f"ends_{_pair[0]}", _named(*_pair))
add("ends_turned", _named("u", "v", lambda u, v: (v, u)), "roads.nodes_turned")
add("ends_half_turned", _named("u", "v", lambda u, v: tuple(np.where([np.arange(len(u)) % 2 == 0] * 2, (u, v), (v, u)))),
    "roads.nodes_turned")  # fmt: skip
add("ends_all_the_same", _named("u", "v", lambda u, v: (u * 0, v * 0)), "roads.nodes_apart")
add("ends_of_other_roads", _named("u", "v", lambda u, v: (np.roll(u, 9), np.roll(v, 9))), "roads.nodes_apart")
add("ends_unique", _named("u", "v", lambda u, v: (np.arange(len(u)), np.arange(len(u)) + 9999)), "roads.nodes_split")
add("ends_of_some_blank", _named("u", "v", lambda u, v: (np.where(np.arange(len(u)) % 9, u.astype(str), ""), v.astype(str))),
    "roads.no_nodes")  # fmt: skip
add("ends_shifted_by_one", _named("u", "v", lambda u, v: (u + 1, v + 1)))
add("ends_start_alone", roads(lambda r: r.assign(u=_nodes(r)[0])), right=True)

# --- how they hang together ---------------------------------------------------------------------------------------


def _shortened(metres: float, every: int) -> Callable[[City], None]:
    """Some roads end short of the crossing."""

    def cut(r: Roads) -> Roads:
        lines = [
            shapely.line_interpolate_point(g, [0, g.length - metres]) if i % every == 0 else None
            for i, g in enumerate(r.geometry)
        ]
        return r.set_geometry(
            [g if e is None else LineString(list(e)) for g, e in zip(r.geometry, lines, strict=True)], crs=r.crs
        )

    return roads(cut)


add("ends_short_by_a_centimetre", _shortened(0.005, 4))
add("ends_short_by_half_a_metre", _shortened(0.5, 4), "roads.joined")
add("ends_short_by_three_metres", _shortened(3, 4), "roads.near_miss", right=False)
add("all_ends_short_by_half_a_metre", _shortened(0.5, 1), "roads.joined")
add(
    "jitter_of_a_millimetre",
    roads(lambda r: moved(r, lambda xy: xy + np.random.default_rng(3).uniform(-1e-3, 1e-3, xy.shape))),
)
add("rounded_to_metres", roads(lambda r: moved(r, lambda xy: np.round(xy))))


def _long_lines(r: Roads) -> Roads:
    """One line from edge to edge each: they cross without a common vertex."""
    box = r.total_bounds
    xs, ys = np.arange(box[0], box[2] + 1, 300), np.arange(box[1], box[3] + 1, 300)
    lines = [LineString([(x, box[1]), (x, box[3])]) for x in xs] + [LineString([(box[0], y), (box[2], y)]) for y in ys]
    return gpd.GeoDataFrame(
        {"id": range(len(lines)), "highway": "residential", "oneway": "no"}, geometry=lines, crs=r.crs
    )


add("not_noded", roads(_long_lines), "roads.crossing_unsaid", right=False)
add(
    "noded_long_lines",
    roads(lambda r: _long_lines(r).set_geometry([g.segmentize(300) for g in _long_lines(r).geometry], crs=r.crs)),
)
add(
    "junctions_on_uncut_lines",
    roads(lambda r: pd.concat([_long_lines(r).iloc[:17], r.iloc[:272]])),
    "roads.met_on_line",
)
add("whole_lines_above_their_pieces", roads(lambda r: pd.concat([_long_lines(r).iloc[:8], r])), "roads.met_on_line")
add("drawn_twice", roads(lambda r: pd.concat([r, r.assign(id=r["id"] + "b")])), "roads.twice")
add("some_drawn_twice", roads(lambda r: pd.concat([r, r.iloc[:9].assign(id="b")])), "roads.twice")
add("some_drawn_twice_turned", roads(lambda r: pd.concat([r, r.iloc[:9].set_geometry(
    shapely.reverse(r.geometry.iloc[:9].to_numpy()), crs=r.crs).assign(id="b")])), "roads.ids_twice")  # fmt: skip
add("some_without_lines", roads(lambda r: pd.concat([r, r.iloc[:2].assign(id=["x", "y"]).set_geometry([None, LineString()], crs=r.crs)])),
    "roads.no_line")  # fmt: skip
add(
    "some_of_no_length",
    roads(
        lambda r: pd.concat(
            [r, r.iloc[:1].assign(id="x").set_geometry([LineString([r.geometry[0].coords[0]] * 2)], crs=r.crs)]
        )
    ),
)
add("a_third_missing", roads(lambda r: r[np.arange(len(r)) % 3 > 0]), right=False)
BOOK.cases.pop()  # fewer roads are no fault that anything could show
add("half_missing_by_side", roads(lambda r: r[r.geometry.centroid.x < 422_500]), "study.not_snapped", right=False)


def _spike(at: tuple[float, float]) -> Callable[[City], None]:
    def spiked(r: Roads) -> Roads:
        (a, b) = r.geometry[40].coords
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        return r.set_geometry([*r.geometry[:40], LineString([a, middle, at, b]), *r.geometry[41:]], crs=r.crs)

    return roads(spiked)


add("vertex_at_0", _spike((0.0, 0.0)), "roads.far_vertex")
add("vertex_100_km_off", _spike((520_000.0, 4_150_722.0)), "roads.far_vertex")
add("end_at_0", roads(lambda r: r.set_geometry([LineString([r.geometry[0].coords[0], (0, 0)]), *r.geometry[1:]], crs=r.crs)),
    "roads.far_end")  # fmt: skip
add("a_vertex_without_an_end", roads(lambda r: r.set_geometry(
    [LineString([r.geometry[0].coords[0], (np.inf, 0)]), *r.geometry[1:]], crs=r.crs)), "nowhere@1")  # fmt: skip
add("an_island_of_roads", roads(lambda r: pd.concat([r, moved(r.iloc[:4], lambda xy: xy + [9_000, 0]).assign(id=list("abcd"))])),
    "roads.parts")  # fmt: skip

# --- other sources ------------------------------------------------------------------------------------------------


def _osm(name: str, *, highway: str = "residential", tags: dict[str, str] | None = None) -> Callable[[City], None]:
    """The roads as an extract of OpenStreetMap."""

    def change(city: City) -> None:
        lines = base_roads().to_crs(4326).geometry
        ends = [[tuple(np.round(p, 7)) for p in g.coords] for g in lines]
        number = {p: i + 1 for i, p in enumerate(dict.fromkeys(p for pair in ends for p in pair))}
        target = city.use("roads", name)
        writer = osmium.SimpleWriter(str(target))
        for place, i in number.items():
            writer.add_node(osmium.osm.mutable.Node(id=i, location=tuple(map(float, place)), version=1))
        for i, pair in enumerate(ends, 1):
            said = {"highway": highway, **(tags or {})}
            writer.add_way(osmium.osm.mutable.Way(id=i, nodes=[number[p] for p in pair], tags=said, version=1))
        writer.close()

    return change


add("osm_pbf", _osm("r.osm.pbf"))
add("osm_xml", _osm("r.osm"))
add("osm_gz", _osm("r.osm.gz"))
add("osm_no_roads_in_it", _osm("r.osm.pbf", highway="proposed"), error="osm.no_roads")
add("osm_closed", _osm("r.osm.pbf", tags={"access": "no"}), error="network.none_usable", circles=True)
add("osm_private_all_of_it", _osm("r.osm.pbf", tags={"access": "private"}))  # who is inside moves freely
add("osm_oneway_yes", _osm("r.osm.pbf", tags={"oneway": "yes"}), "roads.oneway_source", right=False)
add("osm_oneway_foot_may", _osm("r.osm.pbf", tags={"oneway": "yes", "oneway:bicycle": "no"}), "roads.oneway_source")
add(
    "osm_area_elsewhere",
    lambda c: (_osm("r.osm.pbf")(c), c.part("roads").update(area=[10, 50, 11, 51]))[1],
    error="osm.no_roads_here",
)
add("osm_area_all", lambda c: (_osm("r.osm.pbf")(c), c.part("roads").update(area="all"))[1])
add("osm_cut", lambda c: (_osm("r.osm.pbf")(c), c.path("r.osm.pbf").write_bytes(c.path("r.osm.pbf").read_bytes()[:-999]))[1],
    error="osm.broken")  # fmt: skip
add("osm_empty", lambda c: c.use("roads", "r.osm.pbf").write_bytes(b""), error="osm.broken")


def _graphml(city: City) -> None:
    """As OSMnx writes a graph, both ways."""
    import networkx as nx

    r = base_roads()
    u, v = _nodes(r)
    graph = nx.MultiDiGraph(crs="EPSG:32651")
    for line, one, other in zip(r.geometry, u, v, strict=True):
        for node, place in ((one, line.coords[0]), (other, line.coords[-1])):
            graph.add_node(int(node), x=place[0], y=place[1])
        for tail, head in ((one, other), (other, one)):
            graph.add_edge(int(tail), int(head), highway="residential", oneway="False", length=line.length)
    nx.write_graphml(graph, city.use("roads", "r.graphml"))


add("graphml", _graphml)
add("graphml_cut", lambda c: (_graphml(c), c.path("r.graphml").write_bytes(c.path("r.graphml").read_bytes()[:-999]))[1],
    error="osm.graph_broken")  # fmt: skip
