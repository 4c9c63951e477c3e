"""Travel times by tiles: what ``travel_times`` gives, to the byte, worked out in parts wherever one likes."""

from __future__ import annotations

import numpy as np

from quarterhour.base.parallel import Progress
from quarterhour.network.network import Network
from quarterhour.travel.matrix import times_of
from quarterhour.travel.od_pairs import Places, trips_between
from quarterhour.travel.tiles.question import Compute, here, tile_question
from quarterhour.travel.tiles.sizes import even_spans, tile_spans
from quarterhour.travel.times import Heading, TravelTimes, whole_cs


def tiled_travel_times(
    network: Network,
    communities: Places,
    sites: Places,
    *,
    minutes: float,
    heading: Heading,
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
    compute: Compute = here,
    tile_sources: int | None = None,
    progress: Progress | None = None,
) -> TravelTimes:
    """As ``travel_times``: the same arrays, byte for byte, however the question is cut and whoever answers its parts.

    Parameters
    ----------
    network, communities, sites, minutes, heading, turnout_minutes, limit_m : as ``travel_times`` has them.
    compute : works out the rows of tiles (``here``: in this process).
    tile_sources : places to a tile, of the side with fewer places, from which is searched; without it as many as make a
        tile worth its way (``tile_spans``).
    progress : called with the share done.

    Returns
    -------
    ``TravelTimes``, communities x sites.

    Raises
    ------
    DataError : as ``travel_times``, or a tile of less than one place.
    """
    trips = trips_between(
        network, communities, sites, heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m
    )  # fmt: skip
    cut, count = whole_cs(minutes), len(trips.order)
    question = tile_question(network, trips, cut=cut)
    spans = tile_spans(question) if tile_sources is None else even_spans(count, tile_sources)
    parts = list(compute(question, spans, progress))
    return times_of(trips, minutes, np.arange(count), parts)
