"""The few ways a study can go wrong.

::

    QuarterhourError
    ├── DataError      (ValueError)         a table or a value cannot be used as it is
    ├── StudyError     (ValueError)         the study file says something that cannot be meant
    ├── UnknownIdError (KeyError)           results have nothing of this id
    ├── MissingError   (FileNotFoundError)  a file that the study names is not there
    ├── WriteError     (OSError)            a result could not be put in its place
    ├── MachineError   (OSError)            the machine has not enough: memory, threads, open files, room
    ├── CutoffError    (ValueError)         asked beyond what was searched
    ├── ServiceError   (ConnectionError)    a service on the network did not answer as it should
    ├── SolverError    (RuntimeError)       the solver failed; no answer may be read from it
    └── PlanError      (ValueError)         a plan does not hold when it is recounted

Every error has a key of the table of words and the values that fill it, so the same error can be
read in both languages: ``str(error)`` is English, ``error.sentence("zh")`` is Chinese.
"""

from __future__ import annotations

from collections.abc import Iterable

from quarterhour.base import i18n


class QuarterhourError(Exception):
    """Something a planner can mend. ``key`` names a sentence in ``data/words/``."""

    def __init__(self, key: str, /, **values: object) -> None:
        self.key = key
        self.values = values
        super().__init__(self.sentence("en"))

    def sentence(self, lang: str) -> str:
        """The message in a language; a value that is a mapping of both languages is said in that one."""
        values = {k: v[lang] if isinstance(v, dict) and lang in v else v for k, v in self.values.items()}
        return i18n.say(self.key, lang, **values)

    def __reduce__(self) -> tuple[object, ...]:
        return _remake, (type(self), self.key, self.values)


def _remake(kind: type[QuarterhourError], key: str, values: dict[str, object]) -> QuarterhourError:
    return kind(key, **values)


class DataError(QuarterhourError, ValueError):
    """A table or a value cannot be used as it is."""


class StudyError(QuarterhourError, ValueError):
    """The study file says something that cannot be meant."""


class UnknownIdError(QuarterhourError, KeyError):
    """Results have nothing of this id."""

    __str__ = Exception.__str__  # a KeyError shows its message in quotes


class MissingError(QuarterhourError, FileNotFoundError):
    """A file that the study names is not there."""


class WriteError(QuarterhourError, OSError):
    """A result could not be put in its place."""


class MachineError(QuarterhourError, OSError):
    """The machine has not enough: memory, threads, open files, room for what is temporary."""


class CutoffError(QuarterhourError, ValueError):
    """Asked beyond what was searched: an absent pair would be read as unreachable."""


class ServiceError(QuarterhourError, ConnectionError):
    """A service on the network did not answer as it should."""


class SolverError(QuarterhourError, RuntimeError):
    """The solver failed; no answer may be read from it."""


class PlanError(QuarterhourError, ValueError):
    """A plan does not hold when it is recounted."""


def first_ids(ids: Iterable[object], *, most: int = 5, lang: str = "") -> str:
    """The first few ids, for a message: ``a, b, c, d, e … (12)``, which both languages read.

    With a language in its own words: ``… (12 in all)``, ``a、b、c、d、e 等 12 个``.
    """
    every = [str(i) for i in ids]
    shown = ("、" if lang == "zh" else ", ").join(every[:most])
    if len(every) <= most:
        return shown
    if lang == "zh":
        return f"{shown} 等 {len(every):,} 个"
    return f"{shown} … ({len(every):,}{' in all' if lang == 'en' else ''})"
