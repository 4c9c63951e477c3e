"""The licences of what a release rests on, as docs/licences.md: `make licences`."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "licences.md"
HEAD = """# Licences

What an installed Quarterhour rests on, written by `make licences` from what each package says of itself. Leaflet, which
the map page carries, lies in `coverage/quarterhour/data/vendor` with its own text (BSD-2-Clause). The program's own
licence is BSD-3-Clause (`LICENSE`). Data are another matter: OpenStreetMap's are under the ODbL, and a page made from
them says so.

| package | licence |
|---|---|
"""
FREE = re.compile(r"MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL|Mozilla|Zlib|CC0|LLVM", re.IGNORECASE)
"""Licences under which a bureau may use and pass on the program without a further duty on its own work."""


def main() -> None:
    """Exit 1 where a licence is none of ``FREE``."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--python", default=sys.executable)
    asked.add_argument("packages", nargs="+")
    given = asked.parse_args()
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json", "--python", given.python]
    told = subprocess.run([*command, "--packages", *given.packages], capture_output=True, text=True, check=True)
    rows = sorted((p["Name"].lower().replace("_", "-"), p["License"]) for p in json.loads(told.stdout))
    PAGE.write_text(HEAD + "".join(f"| {name} | {licence} |\n" for name, licence in rows), encoding="utf-8")
    doubtful = [f"{name}: {licence}" for name, licence in rows if not FREE.search(licence)]
    if doubtful:
        sys.exit("a licence to be looked at: " + "; ".join(doubtful))


if __name__ == "__main__":
    main()
