"""What a command says while it works and at the end, on whatever console there is.

A console that has no letters for Chinese is told in English, and what has no letters there (the name of a place) as
codes. A stream that takes no more (a pipe whose reader went, a full disk) falls silent; the work goes on.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from quarterhour.base import i18n
from quarterhour.study.progress import relayed

if TYPE_CHECKING:
    from quarterhour.study.progress import RunProgress

_CHINESE = "一刻钟之内能得到照料，，、：“”（）"
_PLAIN = {"…": "...", "·": "-", "“": '"', "”": '"', "‘": "'", "’": "'", "、": ", ", "，": ", ", "：": ": ", "；": "; ",
          "（": " (", "）": ")", "×": "x", "≥": ">=", "≤": "<=", "–": "-", "—": "-", "→": "->", "²": "2", "≈": "~",
          "\u00a0": " "}  # fmt: skip
"""Signs that every console has a stand-in for."""
_CODES = "quarterhour.codes"
_met: set[str] = set()
"""Encodings in which something was told as codes."""


def _as_codes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = [_PLAIN.get(sign) or _code(sign) for sign in error.object[error.start : error.end]]
    if any(sign.startswith("\\") for sign in found):
        _met.add(error.encoding)
    return "".join(found), error.end


def _code(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


class Voice:
    """A stream that falls silent when nothing more can be written to it; ``lost`` says why.

    It has no ``buffer``: whoever writes text writes it here, in the console's own encoding.
    """

    buffer = None

    def __init__(self, stream: Any) -> None:
        self.stream, self.lost = stream, None if stream is not None else OSError(errno.EBADF, os.strerror(errno.EBADF))
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_CODES)

    def write(self, text: str) -> int:
        if self.lost is None:
            self._try(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        if self.lost is None:
            self._try(self.stream.flush)

    def isatty(self) -> bool:
        return self.lost is None and bool(self.stream.isatty())

    def _try(self, do: Any) -> None:
        try:
            do()
        except (OSError, ValueError) as error:  # ValueError: it was closed meanwhile
            self.lost = error if isinstance(error, OSError) else OSError(errno.EBADF, str(error))
            self._quiet_for_good()

    def _quiet_for_good(self) -> None:
        """What is left in the stream goes nowhere; else the end of the program would try again, and complain."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)

    @property
    def gone(self) -> bool:
        """Whether what was to be said could not be kept, though somebody was to keep it: not so for `| head`."""
        return self.lost is not None and self.lost.errno not in (errno.EPIPE, errno.EBADF, errno.EINVAL)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def open_voices() -> tuple[Voice, Voice]:
    """Standard output and error, from here on heard through a ``Voice``. Closed ones lead nowhere.

    A closed stream's number would else go to the next file that is opened, and what a library prints into that file.
    """
    codecs.register_error(_CODES, _as_codes)
    _met.clear()
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    out, err = Voice(sys.stdout), Voice(sys.stderr)
    sys.stdout, sys.stderr = out, err
    return out, err


def shows_chinese(stream: Any) -> bool:
    """Whether a stream has letters for Chinese."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        _CHINESE.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def spoken(lang: str) -> str:
    """The language in which a command speaks that was asked for ``lang``: English where a console has no Chinese."""
    return lang if shows_chinese(sys.stdout) and shows_chinese(sys.stderr) else "en"


def only_if_shown(text: str) -> str:
    """A text in Chinese, or nothing on a console that has no letters for it."""
    return text if shows_chinese(sys.stdout) else ""


def tell_why_codes(lang: str) -> None:
    """One line, where a command was told otherwise than it was asked for; said at its end."""
    blind = next((s for s in (sys.stdout, sys.stderr) if not shows_chinese(s)), None)
    if blind is not None and (_met or lang != spoken(lang)):
        say(i18n.say("cli.no_chinese", "en", encoding=getattr(blind, "encoding", "-")), err=True)


@contextmanager
def progress(quiet: bool, *, verbose: bool = False) -> Iterator[RunProgress | None]:
    """A bar on a terminal, a line a step in a log or on a terminal that cannot go back, nothing when quiet.

    ``verbose``: also what the rooms log between.
    """

    if quiet:
        yield None
    elif not _can_go_back():
        with relayed(lambda text: say(text, err=True), verbose=verbose):
            yield _tell_log
    else:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns: list[Any] = [TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()]
        console = Console(stderr=True)
        with (
            Progress(*columns, console=console, transient=True) as bar,
            relayed(lambda text: console.print(text, markup=False, highlight=False), verbose=verbose),
        ):
            task = bar.add_task("...", total=None)
            yield lambda text, share=None: bar.update(
                task, description=text, total=None if share is None else 1.0, completed=share or 0.0
            )


def _can_go_back() -> bool:
    """Whether standard error is a terminal on which a line can be written over."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


def _tell_log(text: str, share: float | None = None, /) -> None:
    if share is None:
        say(text, err=True)


def say(text: str, *, err: bool = False) -> None:
    print(text, file=sys.stderr if err else sys.stdout)
