"""``python -m benchmarks.country --prefectures 20 --out DIR``: a made country as a study folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.country.plan import Sizes
from benchmarks.country.study import make_country


def main() -> None:
    """Parse, make, print what it holds."""
    usual = Sizes()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.country", description=__doc__)
    parser.add_argument("--prefectures", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="the study folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--junctions", type=int, default=usual.junctions, help="a prefecture, about")
    parser.add_argument("--communities", type=int, default=usual.communities, help="a prefecture")
    parser.add_argument("--facilities", type=int, default=usual.facilities, help="a prefecture")
    parser.add_argument("--towns-a-side", type=int, default=usual.towns_a_side, help="squared: a prefecture's towns")
    asked = parser.parse_args()
    sizes = Sizes(asked.junctions, asked.communities, asked.facilities, asked.towns_a_side)
    made = make_country(asked.out, count=asked.prefectures, sizes=sizes, seed=asked.seed)
    print(" · ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in made.items()))


if __name__ == "__main__":
    main()
