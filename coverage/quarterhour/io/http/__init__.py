"""One question to a service on the network, and its answer as bytes: whole, in time, no larger than may be.

Libraries time each reading from the line, not the call: a byte a second keeps them for years, and they unpack whatever
comes. Here a call ends by its deadline whatever the other side does, an answer is weighed while it is unpacked, and
nobody is sent on to another host.
"""

from __future__ import annotations

import contextlib
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from quarterhour.base import limits
from quarterhour.base.parallel import POLL_S

Fault = Literal["late", "unreachable", "too_large", "redirected", "cut_short"]
_PIECE = 1 << 16
_MOST_REDIRECTS = 3
_ELSEWHERE = (301, 302, 303, 307, 308)
_GZIP = 16 + zlib.MAX_WBITS
BUSY = (429, 503, 504)


class AskError(Exception):
    """No answer that can be used. ``fault``: why; ``detail``: for a message, and without the question's keys."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault, self.detail = fault, detail


@dataclass(frozen=True)
class Answer:
    """A whole answer, unpacked. ``retry_after``: seconds until one may ask again, where the service says so."""

    status: int
    reason: str
    body: bytes
    retry_after: float | None = None

    @property
    def said(self) -> str:
        """Status and when to come back, for a message."""
        later = "" if self.retry_after is None else f", Retry-After: {self.retry_after:.0f} s"
        return f"{self.status} {self.reason}".strip() + later

    @property
    def soon(self) -> float | None:
        """Seconds after which a busy service may be asked once more; None where that is not worth waiting for."""
        if self.status not in BUSY or self.retry_after is None:
            return None
        return self.retry_after if self.retry_after <= limits.limit("retry_after_seconds") else None


def ask(
    method: Literal["GET", "POST"], url: str, *, seconds: float, most: str, params: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None, agent: str = "quarterhour",
) -> Answer:  # fmt: skip
    """Ask once. ``seconds``: for all of it, from the name's look-up to the last byte; ``most``: the limit of bytes.

    Raises AskError: too late, nobody there, an answer beyond the limit or cut short, sent on to another host.
    """
    call = _Call(limits.limit(most))
    wanted = {"params": params, "data": data, "headers": {"User-Agent": agent, "Accept-Encoding": "gzip"}}
    thread = threading.Thread(target=call.run, args=(method, url, seconds, wanted), daemon=True)
    thread.start()
    last = time.monotonic() + seconds
    while thread.is_alive() and (left := last - time.monotonic()) > 0:
        thread.join(min(left, POLL_S))
    if not call.done.is_set():
        call.stop()
        raise AskError("late", f"> {seconds:g} s")
    if call.fault is not None:
        raise call.fault
    assert call.answer is not None
    return call.answer


class _Call:
    """A question under way in a thread of its own."""

    def __init__(self, most: int) -> None:
        self.most, self.done, self.stopped = most, threading.Event(), threading.Event()
        self.answer: Answer | None = None
        self.fault: BaseException | None = None
        self._response: Any = None

    def run(self, method: str, url: str, seconds: float, wanted: Mapping[str, Any]) -> None:
        """Ask, and keep the answer or what went wrong."""
        try:
            self.answer = self._asked(method, url, seconds, wanted)
        except BaseException as why:
            self.fault = why
        self.done.set()

    def stop(self) -> None:
        """Let the thread end as soon as it can."""
        self.stopped.set()
        with contextlib.suppress(Exception):
            self._response.raw.shutdown()

    def _asked(self, method: str, url: str, seconds: float, wanted: Mapping[str, Any]) -> Answer:
        import requests
        import urllib3

        try:
            with requests.Session() as session:
                return self._followed(session, method, url, seconds, wanted)
        except requests.Timeout as late:
            raise AskError("late", f"> {seconds:g} s") from late
        except requests.RequestException as why:  # its text has the address that was asked, and the key in it
            raise AskError("unreachable", _cause(why)) from None
        except (urllib3.exceptions.HTTPError, OSError) as why:
            raise AskError("cut_short", type(why).__name__) from why

    def _followed(self, session: Any, method: str, url: str, seconds: float, wanted: Mapping[str, Any]) -> Answer:
        asked = dict(wanted)
        for _ in range(_MOST_REDIRECTS + 1):
            with session.request(
                method, url, timeout=seconds, stream=True, allow_redirects=False, **asked
            ) as self._response:
                there = self._response.headers.get("Location")
                if self._response.status_code not in _ELSEWHERE or not there:
                    return self._whole()
            url, asked = _next(url, there), {**asked, "params": None}
        raise AskError("redirected", f"> {_MOST_REDIRECTS}")

    def _whole(self) -> Answer:
        response = self._response
        body = b"".join(self._unpacked(response.headers.get("Content-Encoding", "").strip().lower()))
        return Answer(response.status_code, str(response.reason), body, _retry_after(response.headers))

    def _unpacked(self, packing: str) -> Iterator[bytes]:
        """The body piece by piece."""
        if packing not in ("", "identity", "gzip", "x-gzip"):
            raise AskError("cut_short", f"Content-Encoding: {packing[:40]}")
        unpacker = zlib.decompressobj(_GZIP) if "gzip" in packing else None
        count = 0
        for piece in self._response.raw.stream(_PIECE, decode_content=False):
            for plain in _plain(piece, unpacker):
                count += len(plain)
                if count > self.most:
                    raise AskError("too_large", f"> {self.most:,} bytes")
                if self.stopped.is_set():
                    raise AskError("late", "-")
                yield plain
        if unpacker is not None and not unpacker.eof:
            raise AskError("cut_short", "gzip")


def _plain(piece: bytes, unpacker: Any) -> Iterator[bytes]:
    """What a piece unpacks to, never more than a megabyte at once."""
    if unpacker is None:
        yield piece
        return
    try:
        while piece and not unpacker.eof:
            yield unpacker.decompress(piece, _PIECE * 16)
            piece = unpacker.unconsumed_tail
    except zlib.error as why:
        raise AskError("cut_short", "gzip") from why


def _next(url: str, there: str) -> str:
    """Where an answer sends one on to: only within the host, and never from a line that nobody reads to an open one."""
    target = urljoin(url, there)
    here, new = urlsplit(url), urlsplit(target)
    closed = new.scheme == "https" or new.scheme == here.scheme == "http"
    same = new.hostname == here.hostname and (new.port == here.port or new.scheme != here.scheme)
    if not (closed and same):
        raise AskError("redirected", f"{new.scheme}://{new.hostname or ''}")
    return target


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After, which says them or a day and time (RFC 9110, 10.2.3)."""
    said = headers.get("Retry-After", "").strip()[:40]
    if said.isascii() and said.isdigit():
        return float(said)
    with contextlib.suppress(TypeError, ValueError):
        return max(0.0, (parsedate_to_datetime(said).astimezone(UTC) - datetime.now(UTC)).total_seconds())
    return None


def _cause(why: BaseException) -> str:
    """What a library's error comes to, in a word."""
    inner = why.args[0] if why.args and isinstance(why.args[0], BaseException) else why
    reason = getattr(inner, "reason", inner)
    return type(reason).__name__ if isinstance(reason, BaseException) else type(why).__name__
