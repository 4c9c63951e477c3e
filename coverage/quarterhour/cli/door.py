"""The door of every command: what ends it, and what is said then."""

from __future__ import annotations

import math
import os
import platform
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from quarterhour import __version__
from quarterhour.base import i18n
from quarterhour.base.errors import MissingError, QuarterhourError
from quarterhour.base.machine import machine_error, machine_kind, memory_too_small
from quarterhour.base.machine.scratch import clear_scratch
from quarterhour.base.machine.stop import ENDING
from quarterhour.cli.console import open_voices, say, spoken, tell_why_codes

LOG = "quarterhour-error.log"
_SAME_HAND_S = 0.2
"""A signal that follows so soon is the same one: `timeout` tells the process and its group."""
_AGAIN_S = 0.05


class Stopped(BaseException):
    """A signal asked the program to end, and the plans kept by then; ``asked``: whether there were to be any.

    Not a KeyboardInterrupt, which typer would swallow without a word.
    """

    def __init__(self, number: int = signal.SIGINT, paths: Iterable[Path] = (), *, asked: bool = False) -> None:
        super().__init__(number)
        self.number, self.paths, self.asked = number, tuple(paths), asked


class _Ending:
    """Hears the signals: the first ends the work, another one the tidying up as well."""

    def __init__(self) -> None:
        self.heard_s: float | None = None

    def __call__(self, number: int, _: FrameType | None) -> None:
        now_s = time.monotonic()
        if self.heard_s is None:
            self.heard_s = now_s
            raise Stopped(number)
        if now_s - self.heard_s > _SAME_HAND_S:
            os._exit(128 + number)

    def is_over(self) -> None:
        """All is done and said: a signal has nothing left to end but Python's own tidying up."""
        self.heard_s = -math.inf

    def lost(self, number: int) -> None:
        """It came where an error goes no further (a callback, the end of an object): it comes again."""
        self.heard_s = None
        threading.Timer(_AGAIN_S, signal.raise_signal, (number,)).start()


def through_the_door(command: Callable[[], object], came: Sequence[int] = ()) -> None:
    """A command, and its exit code.

    A known error becomes one line (1), and so does what the machine refuses; a signal says that nothing half-written
    is left (128 and its number); an unknown error asks to be reported, and names the file that holds the rest (3).
    ``came``: signals that were heard before, which end the command before it begins.
    """
    before = sys.stdout, sys.stderr
    out, err = open_voices()
    asked = i18n.asked_language(sys.argv[1:])
    lang = spoken(asked)
    ending = _hear_signals()
    try:
        code = _ended(partial(ending, came[0], None) if came else command, lang)
    except Stopped as stopped:  # it came while an error was told
        code = 128 + stopped.number
    ending.is_over()
    tell_why_codes(asked)
    out.flush()
    if out.gone:
        say(i18n.say("cli.unsaid", lang, detail=out.lost.strerror if out.lost else ""), err=True)
        code = code or 1
    err.flush()
    if out.lost is None and err.lost is None:
        sys.stdout, sys.stderr = before
    sys.exit(code)


def _hear_signals() -> _Ending:
    """From here on, also while Python itself ends. SIGHUP stays ignored where it was, as `nohup` wants it."""
    ending, hook = _Ending(), sys.unraisablehook

    def unraisable(told: Any) -> None:
        if isinstance(told.exc_value, Stopped):
            ending.lost(told.exc_value.number)
        elif told.exc_value is None or machine_kind(told.exc_value, writing=True) is None:
            hook(told)

    sys.unraisablehook = unraisable
    for number in ENDING:
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, ending)
    return ending


def _ended(command: Callable[[], object], lang: str) -> int:
    """The exit code of a command, once it was said what ended it."""
    try:
        return _done(command)
    except QuarterhourError as error:
        say(error.sentence(lang), err=True)
        return 1
    except Stopped as stopped:
        clear_scratch()
        say(i18n.say("cli.stopped", lang), err=True)
        for path in stopped.paths:
            say(i18n.say("cli.plan_left", lang, path=path), err=True)
        if stopped.asked and not stopped.paths:
            say(i18n.say("cli.no_plan_yet", lang), err=True)
        return 128 + stopped.number
    except Exception as error:
        refused = machine_error(error) or _not_installed(error)
        if refused is not None:
            say(refused.sentence(lang), err=True)
            return 1
        _report(error, lang)
        return 3


def _not_installed(error: Exception) -> MissingError | None:
    """A library that is not there or does not load (a DLL that Windows lacks); a module of ours is our own fault."""
    library = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    if not library or library == "quarterhour":
        return None
    detail = " ".join(str(error).split())[:200]
    return MissingError("cli.not_installed", library=library, detail=detail, python=sys.executable)


def _done(command: Callable[[], object]) -> int:
    if not {"--help", "--version"} & set(sys.argv[1:]) and (small := memory_too_small()) is not None:
        raise small
    try:
        command()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    finally:
        clear_scratch()
    return 0


def _report(error: Exception, lang: str) -> None:
    """What no room foresaw is the program's fault, and says so."""
    if "--verbose" in sys.argv[1:]:
        traceback.print_exception(error)
    detail = " ".join(str(error).split())[:200]
    log = _logged(error)
    say(i18n.say("cli.program_error", lang, kind=type(error).__name__, detail=detail, log=log or "-"), err=True)


def _logged(error: Exception) -> Path | None:
    """The file with what maintainers need: beside the results where ``--out`` names them, else a temporary one."""
    told = [
        f"quarterhour {__version__}, Python {platform.python_version()}, {platform.platform()}",
        "quarterhour " + " ".join(sys.argv[1:]),
        *traceback.format_exception(error),
    ]
    for opened in (_log_beside, _log_elsewhere):
        with suppress(OSError, ValueError):
            path = opened()
            path.write_text("\n".join(told) + "\n", encoding="utf-8", errors="backslashreplace")
            return path.absolute()
    return None


def _log_beside() -> Path:
    words = sys.argv[1:]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        named = following if word == "--out" else word.removeprefix("--out=") if word.startswith("--out=") else ""
        if named and Path(named).is_dir():
            return Path(named) / LOG
    raise FileNotFoundError


def _log_elsewhere() -> Path:
    """A new file: a folder that all may write in can hold somebody else's of any name."""
    handle, path = tempfile.mkstemp(prefix="quarterhour-error-", suffix=".log")
    os.close(handle)
    return Path(path)
