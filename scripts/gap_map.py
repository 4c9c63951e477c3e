"""Draw the coverage-gap map of a study: python scripts/gap_map.py STUDY OUT.html"""

from __future__ import annotations

import sys

import quarterhour as qh


def main(study: str, out: str) -> None:
    """Check both circles and write the map, without siting."""
    results = qh.run_study(qh.read_study(study), siting=False)
    results.explore().save(out)
    for check in results.checks:
        print(check)


if __name__ == "__main__":
    main(*sys.argv[1:])
