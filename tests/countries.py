"""Random countries: a lattice of roads with whatever makes a trip long or odd, and places on it and beside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from quarterhour.network.build import network_from_arrays
from quarterhour.network.modes import as_mode
from quarterhour.network.network import Mode, Network, Turns

CAR = as_mode("toycar", {"travels": "vehicle", "speed_kmh": 36, "gap_kmh": 3.6})
SLOW = replace(CAR, id="slowcar", turn_seconds={"left": 11, "right": 4, "u_turn": 25, "straight": 1.5})
WALK = as_mode("toywalk", {"travels": "walk", "speed_kmh": 3.6, "gap_kmh": 3.6})
CRS = "EPSG:32651"
STEP_M = 300.0


def country(
    seed: int,
    *,
    side: int = 7,
    neat: bool = False,
    mode: Mode = CAR,
    ferries: int = 2,
    oneway: bool = True,
    forbidden: int = 4,
    private: float = 0.1,
    homes: int = 14,
    bases: int = 12,
) -> tuple[Network, pd.DataFrame, pd.DataFrame]:
    """Roads with holes, one-way and private ones, forbidden turns, and ferries of any speed across them; places.

    A neat one has straight streets of one speed and places on corners: there many ways take the same time.
    """
    rng = np.random.default_rng(seed)
    at = np.arange(side**2)
    xy = STEP_M * np.c_[at % side, at // side] + rng.uniform(-120, 120, (side**2, 2)) * (not neat)
    across, down = at[at % side < side - 1], at[at < side * (side - 1)]
    ends = np.r_[np.c_[across, across + 1], np.c_[down, down + side]]
    ends = np.r_[ends[rng.random(len(ends)) > 0.15], rng.integers(0, side**2, (ferries, 2))]
    ends = ends if len(ends) else np.zeros((1, 2), int)
    metres = np.hypot(*(xy[ends[:, 0]] - xy[ends[:, 1]]).T)
    pace = rng.choice([1.0] if neat else [0.4, 1.0, 1.0, 1.0, 3.0], len(ends)) * 10.0
    cs = np.maximum(np.rint(100 * metres / pace), 1).astype(int)
    back = cs + rng.integers(0, 1 if neat else 9, len(cs))
    way = rng.choice([0, 0, 0, 0, 1, -1], len(ends)) * oneway
    net = network_from_arrays(
        *ends.T, forward_cs=np.where(way < 0, 0, cs), backward_cs=np.where(way > 0, 0, back), mode=mode, xy=xy, crs=CRS,
        turns=walks(rng, ends, forbidden), ends_only=rng.random(len(ends)) < private,
    )  # fmt: skip
    return net, places(rng, net, homes, "c", neat=neat), places(rng, net, bases, "s", neat=neat)


def walks(rng: np.random.Generator, ends: np.ndarray, count: int) -> Turns | None:
    """Sequences of two or three arcs that follow each other, which nobody may drive."""
    begin = ends.ravel()
    made: list[list[int]] = []
    for _ in range(count):
        walk = [int(rng.integers(len(begin)))]
        for _ in range(int(rng.integers(1, 3))):
            on = np.flatnonzero(begin == begin[walk[-1] ^ 1])
            walk.append(int(rng.choice(on)))
        made.append(walk)
    start = np.r_[0, np.cumsum([len(w) for w in made])].astype(np.int64)
    return Turns(start, np.array([arc for w in made for arc in w], np.int32)) if made else None


def places(rng: np.random.Generator, net: Network, count: int, prefix: str, *, neat: bool) -> pd.DataFrame:
    """Places on roads and off them, some of them neighbours, at ends and in the middle, and some nowhere."""
    road = rng.integers(-1, len(net.tail), count)
    share = np.where(rng.random(count) < (1 if neat else 0.4), rng.integers(0, 2, count), rng.random(count))
    gap = rng.choice([0.0] if neat else [0.0, 7.3, 90.0, 400.0], count)
    tail, head = (np.c_[net.x[e], net.y[e]] for e in (net.tail[road], net.head[road]))
    on = tail + share[:, None] * (head - tail)
    turn = rng.uniform(0, 2 * np.pi, count)
    off = on + gap[:, None] * np.c_[np.cos(turn), np.sin(turn)]
    where = {"x": on[:, 0], "y": on[:, 1], "place_x": off[:, 0], "place_y": off[:, 1]}
    told = {"road": road.astype(np.int32), "share": share, "gap_m": gap, **where, "snapped": road >= 0, "reason": ""}
    return pd.DataFrame(told, index=pd.Index([f"{prefix}{i}" for i in range(count)]))
