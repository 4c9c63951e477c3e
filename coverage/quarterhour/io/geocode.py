"""A geocoder on the network (Amap, Tianditu), asked with the user's key; answers are kept with their day.

The key comes from an environment variable, and no message, file or result holds it.
"""

from __future__ import annotations

import functools
import json
import os
import time
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from quarterhour.base.errors import DataError, ServiceError
from quarterhour.io import http as web
from quarterhour.io.addresses import Answer
from quarterhour.io.files import read_json, write_text
from quarterhour.io.files.checks import json_of
from quarterhour.io.web_maps import to_wgs84

SERVICES = ("amap", "tianditu")
_FAULTS = {"late": "timeout", "unreachable": "no_answer", "too_large": "too_large", "redirected": "sent_on",
           "cut_short": "no_answer"}  # fmt: skip
"""The sentence for each way in which a call may fail (``io/http``)."""


class WebGeocoder:
    """One service; `find` asks it, unless it was asked before.

    ``name``: amap or tianditu. ``key_env``: the environment variable of the key. ``cache``: a JSON file that keeps
    each answer with its day, "nothing found" too, so that a study gives the same later and without a network.
    ``city``: where addresses that name none are looked for (Amap). ``url``: another server of the same kind.
    """

    def __init__(
        self,
        name: str,
        *,
        key_env: str,
        cache: Path,
        city: str = "",
        url: str | None = None,
        timeout: float = 10,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name, self._key_env, self._cache, self._city, self._timeout = name, key_env, cache, city, timeout
        self._known = _services()[name]
        self._url = url or str(self._known["url"])
        self._now, self._wait = now, wait
        self._kept = _read_cache(cache)

    def find(self, address: str) -> Answer:
        """What the service says of an address, in WGS 84.

        DataError without a key, or where the cache is broken. ServiceError where the key is refused, the day's quota
        is used up, too much was asked at once, nobody answers in time, or the answer is none; what was answered before
        stays in the cache.
        """
        about = f"{self._city}|{address}" if self._city else address
        if about not in self._kept:
            self._kept[about] = {**self._ask(address), "day": self._now().date().isoformat()}
            text = json.dumps(dict(sorted(self._kept.items())), ensure_ascii=False, indent=1)
            write_text(self._cache, text + "\n")
        try:
            return self._answer(self._kept[about])
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise DataError("geocode.bad_cache", file=self._cache.name) from error

    def _ask(self, address: str) -> dict[str, Any]:
        key = os.environ.get(self._key_env, "").strip()
        if not key:
            raise DataError("geocode.no_key", service=self.name, variable=self._key_env)
        said = self._get(_QUESTIONS[self.name](address, key, self._city), key)
        code, text = _status(said)
        if code in self._known["nothing"]:
            return {"places": []}
        if code is not None:
            self._refuse(code, text.replace(key, "***"))
        try:
            return _READERS[self.name](said)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise ServiceError("geocode.unreadable", service=self.name, detail=_short(said, key)) from error

    def _get(self, question: Mapping[str, str], key: str) -> Any:
        self._wait(float(self._known["pause_seconds"]))
        answer = self._answered(question)
        if answer.soon is not None:
            self._wait(answer.soon)
            answer = self._answered(question)
        try:
            said = json_of(answer.body, of=self.name)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            if answer.status != 200:
                self._refuse(str(answer.status), answer.said.partition(" ")[2])
            detail = _short(answer.body[:400].decode("utf-8", "replace"), key)
            raise ServiceError("geocode.unreadable", service=self.name, detail=detail)
        return said if answer.status == 200 or {"infocode", "code"} & set(said) else {"code": str(answer.status)}

    def _answered(self, question: Mapping[str, str]) -> web.Answer:
        try:
            return web.ask("GET", self._url, params=question, seconds=self._timeout, most="geocoder_bytes")
        except web.AskError as why:
            named = {"service": self.name, "detail": why.detail, "seconds": f"{self._timeout:g}"}
            raise ServiceError(f"geocode.{_FAULTS[why.fault]}", **named) from None

    def _refuse(self, code: str, text: str) -> None:
        why = next((w for w in ("quota", "busy", "key") if code in self._known[w]), "refused")
        detail = f"{code} {text}".strip()[:80]
        raise ServiceError(f"geocode.{why}", service=self.name, detail=detail, variable=self._key_env)

    def _answer(self, kept: Mapping[str, Any]) -> Answer:
        places = kept.get("places", [])
        if not places:
            return Answer(day=str(kept["day"]))
        lon, lat = to_wgs84(
            np.array([p[0] for p in places]), np.array([p[1] for p in places]), datum=str(self._known["datum"])
        )
        points = tuple((float(x), float(y)) for x, y in zip(np.atleast_1d(lon), np.atleast_1d(lat), strict=True))
        level, score = str(kept.get("level", "")), float(kept.get("score", 1))
        coarse = level in self._known["coarse"] or score * 100 < float(self._known.get("least_score", 0))
        return Answer(points, tuple(map(str, kept["names"])), level, score, coarse, str(kept["day"]))


def _ask_amap(address: str, key: str, city: str) -> dict[str, str]:
    return {"address": address, "output": "JSON", "key": key} | ({"city": city} if city else {})


def _ask_tianditu(address: str, key: str, city: str) -> dict[str, str]:
    return {"ds": json.dumps({"keyWord": f"{city}{address}"}, ensure_ascii=False), "tk": key}


def _read_amap(said: Mapping[str, Any]) -> dict[str, Any]:
    found = said["geocodes"]
    places = [[float(c) for c in f["location"].split(",")] for f in found]
    if any(not (len(p) == 2 and abs(p[0]) <= 180 and abs(p[1]) <= 90) for p in places):
        raise ValueError(str(places))
    level = found[0].get("level") if found else ""
    names = [str(f["formatted_address"]) for f in found]
    return {"places": places, "names": names, "level": level if isinstance(level, str) else "", "score": 1.0}


def _read_tianditu(said: Mapping[str, Any]) -> dict[str, Any]:
    found = said["location"]
    place = [float(found["lon"]), float(found["lat"])]
    if not (abs(place[0]) <= 180 and abs(place[1]) <= 90):
        raise ValueError(str(place))
    score = float(found.get("score", 0)) / 100
    name = str(found.get("keyWord") or "")
    return {"places": [place], "names": [name], "level": str(found.get("level") or ""), "score": score}


_QUESTIONS: Mapping[str, Callable[[str, str, str], dict[str, str]]] = {"amap": _ask_amap, "tianditu": _ask_tianditu}
_READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "amap": _read_amap,
    "tianditu": _read_tianditu,
}


def _status(said: Mapping[str, Any]) -> tuple[str | None, str]:
    """The code of an error in either service's words, and its text; None where it says that all is well."""
    text = str(said.get("info") or said.get("msg") or said.get("resolve") or "")
    if "infocode" in said:
        well = str(said.get("status")) == "1"
        return (None if well else str(said["infocode"])), text
    if "code" in said:
        return str(said["code"]), text
    return (None if str(said.get("status")) in ("0", "None") else str(said["status"])), text


def _short(said: object, key: str) -> str:
    return " ".join(str(said).split()).replace(key, "***")[:80]


def _read_cache(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    kept = read_json(path)
    fields = {"places", "day"}
    if not isinstance(kept, dict) or not all(isinstance(v, dict) and fields <= set(v) for v in kept.values()):
        raise DataError("geocode.bad_cache", file=path.name)
    return kept


@functools.cache
def _services() -> Mapping[str, Mapping[str, Any]]:
    text = (resources.files("quarterhour") / "data" / "geocoders.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
