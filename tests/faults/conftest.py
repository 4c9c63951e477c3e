"""What every test of faults counts: what was tried, what the program survived, what was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from faults.tally import Tally

HUNG_S = 3600
"""After which a test hangs: each is many trials, and the machine may have other work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of faults run by `make test-faults` alone."""
    for item in items:
        if "faults" in item.path.parts:
            item.add_marker("slow")
            item.add_marker("faults")
            item.add_marker(pytest.mark.timeout(HUNG_S))


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """Counts by kind of fault; whatever was lost fails the test at its end."""
    kept = Tally()
    yield kept
    for kind in kept.tried:
        record_property("faults", [kind, kept.tried[kind], len(kept.lost[kind])])
    assert not any(kept.lost.values()), kept.said()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """tried / survived / lost, by kind and in all."""
    tried, lost = Counter[str](), Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                for name, (kind, one, gone) in ((n, v) for n, v in report.user_properties if n == "faults"):
                    assert name == "faults"
                    tried[kind] += one
                    lost[kind] += gone
    if not tried:
        return
    terminalreporter.section("faults: tried / survived / lost")
    for kind in sorted(tried):
        terminalreporter.line(f"{kind:<40} {tried[kind]:>9,} {tried[kind] - lost[kind]:>9,} {lost[kind]:>6,}")
    every, gone = sum(tried.values()), sum(lost.values())
    terminalreporter.line(f"{'all':<40} {every:>9,} {every - gone:>9,} {gone:>6,}")
