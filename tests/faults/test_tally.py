"""The count itself."""

from __future__ import annotations

from faults.tally import Tally


def test_a_lost_trial_is_counted_and_named() -> None:
    tally = Tally()
    tally.count("kill")
    tally.count("kill", lost="map.html of another run after kill 2")
    assert tally.tried["kill"] == 2
    assert tally.said() == "kill: 1 of 2 lost\n  map.html of another run after kill 2"
