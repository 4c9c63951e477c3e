"""A whole study small enough to be worked out by hand, as files."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from quarterhour.base.errors import StudyError


def small_study(folder: str | Path) -> Path:
    """A study of one street of 3,600 m, three villages and a day-care centre, written into a folder; its path.

    ::

        西村 100     day care     中村 50                   东村 30
        0 ------------ 900 ------- 1800 ------- 2700 ------ 3600 m

    One circle (15 minutes on foot) and one question (a new day-care centre). All of it is made up. StudyError where the
    folder holds a file of such a name that says something else: a study of one's own is not written over.

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
    files = {
        held.name: held.read_bytes() for held in (resources.files("quarterhour") / "data" / "small_study").iterdir()
    }
    there = {name: target / name for name in files if (target / name).exists()}
    if any(path.is_dir() or path.read_bytes() != files[name] for name, path in there.items()):
        raise StudyError("study.folder_taken", path=str(folder))
    for name, content in files.items():
        (target / name).write_bytes(content)
    return target
