"""The door of every command: what ends it, and what is said then."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable

from quarterhour.base import i18n
from quarterhour.base.errors import QuarterhourError
from quarterhour.cli.console import say


class Stopped(BaseException):
    """Ctrl-C, and the plans kept by then: not a KeyboardInterrupt, which typer would swallow without a word."""


def _stop(*_: object) -> None:
    raise Stopped


def through_the_door(command: Callable[[], object]) -> None:
    """A command: a known error becomes one line, an unknown one asks to be reported (exit 3), Ctrl-C says that
    nothing half-written is left."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGINT, _stop)
    lang = i18n.asked_language(sys.argv[1:])
    try:
        command()
    except QuarterhourError as error:
        say(error.sentence(lang), err=True)
        sys.exit(1)
    except Stopped as stopped:
        say(i18n.say("cli.stopped", lang), err=True)
        for path in stopped.args:
            say(i18n.say("cli.plan_left", lang, path=path), err=True)
        sys.exit(130)
    except Exception as error:  # what no room foresaw is the program's fault, and says so
        traceback.print_exc()
        detail = " ".join(str(error).split())[:200]
        say(i18n.say("cli.program_error", lang, kind=type(error).__name__, detail=detail), err=True)
        sys.exit(3)
