"""The circles of the embedded study, its travel times by workers in small tiles; as a program too.

``python -m faults.weihai HAPPENS FOLDER WHERE``: one run, to which something happens on the way.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from faults.tiles import Counted, Happens

SOURCES = 8
"""Places to a tile: some hundreds have two circles."""


def circles(folder: Path, where: str) -> dict[str, bytes]:
    """By circle every table of it, to the last digit; ``where`` as ``--cluster`` has it."""
    import quarterhour as qh
    from quarterhour.travel.tiles.spread import computing_at

    study = qh.read_study(qh.demo_folder())
    with computing_at(where, folder, lang="en", tell=lambda _: None) as compute:
        found = qh.run_study(study, circles_only=True, compute=compute)
    return {check.circle.id: check.communities.to_csv().encode() for check in found.checks}


if __name__ == "__main__":
    happens = Happens(**json.loads(sys.argv[1]))
    Counted(happens, {happens.at}, size=SOURCES)
    circles(Path(sys.argv[2]), sys.argv[3])
