"""What OSMnx asks of Overpass and Nominatim, asked through our own door, and their answers looked at before it does.

OSMnx tries again for ever where a service is busy, times each reading alone, and takes half an answer for a whole one.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from quarterhour.base.errors import DataError, ServiceError
from quarterhour.io.files.checks import json_of
from quarterhour.io.http import BUSY, Answer, AskError, ask
from quarterhour.io.osm.open import short

_SLOT = re.compile(rb"Slot available after: .*?in (-?\d+) seconds")
_FREE = re.compile(rb"\d+ slots? available now")
_STATUS_SECONDS = 20.0
_FAULTS = {"late": "late", "unreachable": "refused", "too_large": "too_large", "redirected": "sent_on",
           "cut_short": "cut_short"}  # fmt: skip
"""The sentence for each way in which a call may fail (``io/http``)."""


@dataclass(frozen=True)
class Services:
    """The two services, how long a question may take, and whether Overpass is the public one, which gives out turns."""

    overpass: str
    nominatim: str
    seconds: float
    public: bool
    wait: Callable[[float], None] = time.sleep

    def elements(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question of Overpass: whole, and of elements that can be such.

        ServiceError where it is not; nothing is tried more than twice.
        """
        if self.public:
            self._take_turn()
        url = f"{self.overpass.rstrip('/')}/interpreter"
        said = self._asked(lambda: ask("POST", url, data=dict(data), seconds=self.seconds, most="answer_bytes"))
        if not isinstance(said, dict) or not isinstance(said.get("elements"), list):
            self._refuse("no elements in the answer")
        if "remark" in said:
            raise ServiceError("osm.cut_short", service=self.overpass, detail=short(said["remark"]))
        odd = next((one for one in said["elements"] if not _is_element(one)), None)
        if odd is not None:
            self._refuse(short(odd))
        return said

    def places(self, params: Mapping[str, Any], *, request_type: str = "search") -> list[dict[str, Any]]:
        """What Nominatim knows by a name. ServiceError where its answer is none."""
        self.wait(1.0)  # its terms of use: at most one question a second
        url = f"{self.nominatim.rstrip('/')}/{request_type}"
        said = self._asked(lambda: ask("GET", url, params=params, seconds=self.seconds, most="answer_bytes"))
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            self._refuse(short(said))
        return said

    def _take_turn(self) -> None:
        """Wait for a turn where one comes soon; ServiceError where none does. Who cannot be asked for turns is not."""
        url = f"{self.overpass.rstrip('/')}/status"
        try:
            told = ask("GET", url, seconds=min(self.seconds, _STATUS_SECONDS), most="geocoder_bytes").body
        except AskError:
            return
        later = [float(seconds) for seconds in _SLOT.findall(told)]
        if later and not _FREE.search(told):
            self._wait_for(Answer(429, "Too Many Requests", b"", max(0.0, min(later))))

    def _wait_for(self, busy: Answer) -> None:
        if busy.soon is None:
            raise ServiceError("osm.busy", service=self.overpass, status=busy.said)
        self.wait(busy.soon)

    def _asked(self, once: Callable[[], Answer]) -> Any:
        """What a service says, as JSON; asked once more where it is busy and says that it will not be soon."""
        with self._told():
            answer = once()
        if answer.status in BUSY:
            self._wait_for(answer)
            with self._told():
                answer = once()
        if answer.status in BUSY:
            raise ServiceError("osm.busy", service=self.overpass, status=answer.said)
        if answer.status != 200:
            self._refuse(answer.said)
        try:
            return json_of(answer.body, of=self.overpass)
        except DataError:
            raise
        except (ValueError, RecursionError) as why:
            text = answer.body[:400].decode("utf-8", "replace")
            raise ServiceError("osm.refused", service=self.overpass, detail=short(text) or "-") from why

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except AskError as why:
            raise ServiceError(f"osm.{_FAULTS[why.fault]}", service=self.overpass, detail=why.detail) from why

    def _refuse(self, detail: str) -> NoReturn:
        raise ServiceError("osm.refused", service=self.overpass, detail=detail)


def _is_element(one: Any) -> bool:
    """Whether OSMnx can read a part of an answer: its kind, number, place, nodes and tags are such."""
    if not isinstance(one, dict) or not _is_whole(one.get("id")):
        return False
    tags, kind = one.get("tags", {}), one.get("type")
    told = isinstance(tags, dict) and all(isinstance(v, str) for v in tags.values())
    if kind == "node":
        return told and _within(one.get("lat"), 90) and _within(one.get("lon"), 180)
    if kind == "way":
        return told and isinstance(one.get("nodes"), list) and all(map(_is_whole, one["nodes"]))
    return told and kind == "relation" and _are_members(one.get("members"))


def _are_members(some: Any) -> bool:
    return isinstance(some, list) and all(
        isinstance(m, dict) and isinstance(m.get("type"), str) and isinstance(m.get("role"), str)
        and _is_whole(m.get("ref"))
        for m in some
    )  # fmt: skip


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _within(value: Any, most: float) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and math.isfinite(value) and abs(value) <= most
