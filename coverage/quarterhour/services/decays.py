"""What travel takes off a site's worth: the weights of the methods of floating catchments, under their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError

Decay = Callable[[FloatArray], FloatArray]
"""Minutes to weights, 1 at the door and falling."""
Method = Literal["2sfca", "e2sfca", "3sfca", "dai", "normal"]
METHODS: tuple[Method, ...] = get_args(Method)
RENAMED: Mapping[str, str] = {"gaussian": "normal"}
"""What 0.1.0 called a method, and what the same weights are called now."""

E2SFCA_STEPS = {10.0: 1.0, 20.0: 0.68, 30.0: 0.22}
"""Luo & Qi 2009, the slow decay of their table 1."""
THREE_STEP_STEPS = {10.0: 0.962, 20.0: 0.704, 30.0: 0.377, 60.0: 0.042}
"""Wan, Zou & Sternberg 2012."""
STEPS: Mapping[str, Mapping[float, float]] = {"e2sfca": E2SFCA_STEPS, "3sfca": THREE_STEP_STEPS}


def step_decay(steps: Mapping[float, float]) -> Decay:
    """Weights by minutes: up to each key (inclusive) its value, beyond the last nothing.

    >>> step_decay({10: 1, 20: 0.68})(np.array([10.0, 10.1, 21.0]))
    array([1.  , 0.68, 0.  ])
    """
    ends = np.array(sorted(steps), dtype=float)
    weights = np.array([*(float(steps[end]) for end in sorted(steps)), 0.0])
    if not len(ends) or (weights < 0).any() or not np.isfinite([*ends, *weights]).all():
        raise DataError("catchments.bad_steps", steps=dict(steps))
    return lambda minutes: weights[np.searchsorted(ends, minutes, side="left")]


def dai_decay(catchment_minutes: float) -> Decay:
    """(exp(-(t/d)^2 / 2) - exp(-1/2)) / (1 - exp(-1/2)) for t up to d: 1 at the door, 0 at the catchment's edge.

    Source: Dai 2010, Health & Place 16, 1038-1052, doi 10.1016/j.healthplace.2010.06.012.

    >>> dai_decay(30)(np.array([0.0, 15.0, 30.0, 31.0])).round(4)
    array([1.    , 0.7014, 0.    , 0.    ])
    """
    if not 0 < catchment_minutes < np.inf:
        raise DataError("catchments.bad_sigma", sigma=catchment_minutes)
    edge = np.exp(-0.5)

    def weights(minutes: FloatArray) -> FloatArray:
        inside = (np.exp(-((minutes / catchment_minutes) ** 2) / 2) - edge) / (1 - edge)
        return np.asarray(np.where(minutes < catchment_minutes, inside, 0.0))

    return weights


def normal_decay(sigma_minutes: float) -> Decay:
    """exp(-t^2 / 2 sigma^2): 1 at the door, 0.61 after sigma minutes, 0.01 after three; PySAL's ``gaussian``."""
    if not 0 < sigma_minutes < np.inf:
        raise DataError("catchments.bad_sigma", sigma=sigma_minutes)
    return lambda minutes: np.exp(-(minutes**2) / (2 * sigma_minutes**2))


def last_ring(method: str) -> float:
    """Minutes where the last ring of a method ends, infinite where it has none."""
    return max(STEPS[method]) if method in STEPS else np.inf


def decay_of(method: str, minutes: float, own: Decay | None = None) -> Decay:
    """The weights of a method for a catchment; ``own``: one's own in the place of the steps of ``e2sfca``, ``3sfca``.

    DataError for an unknown method, one that is called otherwise now, weights of one's own for a method that is its
    weights, and a catchment beyond the last ring of a method in steps: what lies there has no weight in its paper, and
    none is made up.
    """
    if method in RENAMED:
        raise DataError("catchments.renamed", method=method, now=RENAMED[method])
    if method not in METHODS:
        raise DataError("catchments.bad_method", method=method, known=", ".join(METHODS))
    if own is not None and method not in STEPS:
        raise DataError("catchments.own_decay", method=method, known=", ".join(STEPS))
    if own is not None:
        return own
    if method == "2sfca":
        return lambda travelled: np.ones(len(travelled))
    if minutes > last_ring(method):
        raise DataError("catchments.beyond_rings", method=method, minutes=minutes, last=last_ring(method))
    if method == "dai":
        return dai_decay(minutes)
    return step_decay(STEPS[method]) if method in STEPS else normal_decay(minutes / 3)
