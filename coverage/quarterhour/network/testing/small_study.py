"""A whole study small enough to be worked out by hand, as files."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def small_study(folder: str | Path) -> Path:
    """A study of one street of 3,600 m, three villages and a day-care centre, written into a folder; its path.

    ::

        西村 100     day care     中村 50                   东村 30
        0 ------------ 900 ------- 1800 ------- 2700 ------ 3600 m

    One circle (15 minutes on foot) and one question (a new day-care centre). All of it is made up. Files of these names
    that lie in the folder are replaced.

    Examples
    --------
    >>> import tempfile, quarterhour as qh
    >>> from quarterhour.testing import small_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     qh.run_study(qh.read_study(small_study(folder))).checks[0]
    <CircleCheck home-care-circle (walk): 2 of 3 communities, 83.3% of older>
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for held in (resources.files("quarterhour") / "data" / "small_study").iterdir():
        (target / held.name).write_bytes(held.read_bytes())
    return target
