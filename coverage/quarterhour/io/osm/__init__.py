"""Roads, turn restrictions and places out of OpenStreetMap: an extract, a graph as OSMnx makes it, or the service.

Tags become columns by ``data/osm_kinds.toml``.
"""

from __future__ import annotations

from quarterhour.io.osm.cut import cut_osm, read_areas
from quarterhour.io.osm.download import Fetched, fetch
from quarterhour.io.osm.from_graph import read_graphml_roads, roads_from_graph
from quarterhour.io.osm.open import Box
from quarterhour.io.osm.places import read_osm_places, read_places_within
from quarterhour.io.osm.roads import read_osm_roads
from quarterhour.io.osm.tags import known_kinds, wanted_rules
from quarterhour.io.osm.turns import no_turns, read_osm_turns

__all__ = [
    "Box",
    "Fetched",
    "cut_osm",
    "fetch",
    "known_kinds",
    "no_turns",
    "read_areas",
    "read_graphml_roads",
    "read_osm_places",
    "read_osm_roads",
    "read_osm_turns",
    "read_places_within",
    "roads_from_graph",
    "wanted_rules",
]
