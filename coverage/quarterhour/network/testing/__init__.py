"""Small towns drawn as pictures, for tests: yours and ours.

>>> from quarterhour import testing
>>> town = testing.town('''
...     A-----B--1--C
...           |
...           D     2
... ''')
>>> town
town('''
A-----B--1--C
      |
      D     2
''', cell_m=100)
>>> town.network("walk")
<Network for walk: 4 junctions, 3 roads, 1 km, 0 one-way, 0 islands>
"""

from __future__ import annotations

from quarterhour.network.testing.assertions import assert_same_times
from quarterhour.network.testing.drawn_town import Town, town
from quarterhour.network.testing.small_study import small_study
from quarterhour.network.testing.strategies import places_on, towns

__all__ = ["Town", "assert_same_times", "places_on", "small_study", "town", "towns"]
