"""Over 2,000 mutated inputs through every reader: read, or refused in a sentence that names the file.

Never a traceback, a signal, a file left behind, more than 20 seconds or 1.5 GB. What is read accounts for its rows
(``corpus.damage.read_places_of``).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from corpus.damage import good_bytes
from faults.mutations import mutated
from faults.readers import BY_NAME, put
from faults.reading import Reading
from faults.tally import Tally

EACH, SLOW = 52, {"xls": 16, "ods": 16, "gdb": 30, "gdb.zip": 30, "plan.json": 40, "prepared": 40}


@pytest.fixture(scope="session")
def reading() -> Iterator[Reading]:
    """The process that reads; one for all kinds."""
    one = Reading()
    yield one
    one.close()


def test_there_are_enough() -> None:
    assert sum(SLOW.get(name, EACH) for name in BY_NAME) >= 2_000


@pytest.mark.parametrize("name", BY_NAME)
def test_a_mutated_file_is_read_or_refused_in_words(name: str, reading: Reading, tally: Tally) -> None:
    with TemporaryDirectory() as folder:
        good = good_bytes(BY_NAME[name], Path(folder))
    put(good, reading.folder)
    whole = reading.ask(name)
    assert (whole.said, whole.lost) == ("read", "")
    for number in range(SLOW.get(name, EACH)):
        how, parts = mutated(good, zlib.crc32(f"{name} {number}".encode()))
        put(parts, reading.folder)
        outcome = reading.ask(name)
        tally.count(f"mutated {name}", lost=outcome.lost and f"{number} ({how}): {outcome.lost}")
