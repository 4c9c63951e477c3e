"""覆盖缺口图：各服务圈谁在圈外，不做选址。The coverage-gap map of a study, without siting.

    python scripts/gap_map.py my-city map.html

一个文件，不需要网络。One file, which opens without a network.
"""

from __future__ import annotations

import argparse
import sys

import quarterhour as qh


def main(given: argparse.Namespace) -> None:
    """Check the circles and write the map."""
    results = qh.run_study(qh.read_study(given.study), siting=False)
    results.explore(given.lang).save(given.out)
    print(*results.checks, sep="\n")


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("study", help="研究文件或其文件夹 / a study.toml, or its folder")
    ask.add_argument("out", help="要写的 .html / the page to write")
    ask.add_argument("--lang", choices=("zh", "en"), default="zh", help="语言 / language")
    asked = ask.parse_args()
    try:
        main(asked)
    except qh.errors.QuarterhourError as error:
        sys.exit(error.sentence(asked.lang))
