"""A dense matrix of 200,000 x 300 is read in blocks: what is needed beside it stays well below it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_ASK = """
import resource, sys
import numpy as np
import quarterhour as qh

rows, columns = 200_000, 300
qh.siting_from_matrix(np.ones((2, 2)), [1, 1], within=3, new_sites=1)
matrix = (np.arange(rows * columns, dtype=np.int64) * 7919 % 12_000 / 100).reshape(rows, columns)
matrix = matrix if sys.argv[1] == "array" else __import__("pandas").DataFrame(matrix, copy=False)
people = np.ones(rows, dtype=np.int64)
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + rows * columns * 8 // 2, resource.RLIM_INFINITY))
problem = qh.siting_from_matrix(matrix, people, within=15, new_sites=3)
print(len(problem.times.cs))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are Linux's")
@pytest.mark.parametrize("form", ["array", "frame"])
def test_a_large_matrix_needs_half_of_its_own_size_beside_it(form: str, tally) -> None:  # type: ignore[no-untyped-def]
    done = subprocess.run([sys.executable, "-c", _ASK, form], capture_output=True, text=True, timeout=600, check=False)
    near = 60_000_000 // 12_000 * 1_501
    tally.count("large matrix", lost="" if done.stdout.split() == [str(near)] else done.stdout + done.stderr[-400:])
