"""What the extra ``docs`` of ``pyproject.toml`` asks for, a line each: `make lock` pins it without the rest."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
print(*project["optional-dependencies"]["docs"], sep="\n")
