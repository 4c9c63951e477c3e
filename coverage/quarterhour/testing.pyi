"""Towns drawn for tests under their short name, as type checkers read it: ``alias_module`` opens it."""

from quarterhour.network.testing import Town as Town
from quarterhour.network.testing import assert_same_times as assert_same_times
from quarterhour.network.testing import places_on as places_on
from quarterhour.network.testing import small_study as small_study
from quarterhour.network.testing import town as town
from quarterhour.network.testing import towns as towns
