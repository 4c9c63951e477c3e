"""A network at another pace: what is walked or driven changes with it; ferries, waiting, signals and turns do not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from quarterhour.base.arrays import AnyArray
from quarterhour.base.errors import DataError
from quarterhour.network.build import MAX_CS
from quarterhour.network.network import Network

_SAME_ROADS = ("grid", "segments", "mutual", "poor ", "verge", "compounds")
"""How the names of that begin which is kept with a network and which no time changes."""


def has_fixed_time(network: Network) -> bool:
    """Whether any trip on a network may hold time that does not depend on pace."""
    turns = network.mode.travels == "vehicle" and any(network.mode.turn_seconds.values())
    return turns or (network.fixed_cs is not None and bool(network.fixed_cs.any()))


def at_pace(network: Network, factor: float) -> Network:
    """The network for who goes at ``factor`` times the pace of its mode, in whose minutes its times stay.

    A trip of T minutes there takes ``factor`` x T on it, turnout apart: what is walked or driven keeps its
    centiseconds, and ferries, waiting, signals and turns have ``factor`` times theirs (rounded down). So a standard of
    S minutes is one of ``factor`` x S on it, and a network without such time is its own at every pace. Places snapped
    to the one network are snapped to the other. DataError for a factor that is not above 0.
    """
    if not 0 < factor < np.inf:
        raise DataError("network.bad_pace", factor=factor)
    share = Fraction(repr(float(factor)))
    if share == 1 or not has_fixed_time(network):
        return network
    seconds = {turn: float(share * Fraction(repr(float(s)))) for turn, s in network.mode.turn_seconds.items()}
    forward, backward = network.forward_cs, network.backward_cs
    if network.fixed_cs is not None:
        changed = _shares(network.fixed_cs, share) - network.fixed_cs
        forward, backward = (_moved(cs, changed[:, way]) for way, cs in enumerate((forward, backward)))
    return replace(
        network,
        mode=replace(network.mode, turn_seconds=seconds),
        forward_cs=forward,
        backward_cs=backward,
        fixed_cs=None if network.fixed_cs is None else _shares(network.fixed_cs, share).astype(np.int32),
        # a copy: another thread may keep more with it meanwhile
        kept={name: known for name, known in network.kept.copy().items() if name.startswith(_SAME_ROADS)},
    )


def _shares(fixed: AnyArray, share: Fraction) -> AnyArray:
    return np.asarray(np.minimum(fixed.astype(np.int64) * share.numerator // share.denominator, MAX_CS))


def _moved(cs: AnyArray, changed: AnyArray) -> AnyArray:
    return np.where(cs > 0, np.clip(cs + changed, 1, MAX_CS), 0).astype(np.int32)
