"""Geocoders asked over a real connection: a server on loopback speaks their protocols, and fails as they fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import quarterhour as qh
from quarterhour.base.errors import DataError, ServiceError, StudyError
from quarterhour.io.geocode import WebGeocoder
from quarterhour.io.web_maps import from_wgs84
from quarterhour.report.inspection import write_inspection

KEY, HIDDEN = "QUARTERHOUR_TEST_KEY", "a-hidden-key"
LON, LAT = (float(v) for v in from_wgs84(122.1, 37.5, datum="gcj02"))
AMAP = {
    "status": "1", "info": "OK", "infocode": "10000", "count": "1",
    "geocodes": [
        {"formatted_address": "山东省威海市文化路1号", "level": "门牌号", "location": f"{LON},{LAT}", "city": "威海市"}
    ],
}  # fmt: skip
TIANDITU = {
    "msg": "ok", "status": "0", "searchVersion": "6.4.9V",
    "location": {"score": 100, "level": "门址", "lon": 122.1, "lat": 37.5, "keyWord": "文化路1号"},
}  # fmt: skip


class Told:
    """What the server answers next, and what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.ends = threading.Event()
        self.url = ""


@pytest.fixture
def server() -> Iterator[Told]:
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})
            status, said = told.answers[min(len(told.asked), len(told.answers)) - 1]
            if said == "silence":
                told.ends.wait(30)
                return
            body = said if isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the console."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{running.server_port}/geo"
    yield told
    told.ends.set()
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def asked(server: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., WebGeocoder]:
    monkeypatch.setenv(KEY, HIDDEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def make(name: str = "amap", **more: Any) -> WebGeocoder:
        return WebGeocoder(
            name, key_env=KEY, cache=tmp_path / "kept.json", url=server.url, wait=lambda _: None,
            now=lambda: datetime(2026, 1, 2, tzinfo=UTC), **more,
        )  # fmt: skip

    return make


def test_amap_answers_come_back_from_gcj02(server: Told, asked: Callable[..., WebGeocoder]) -> None:
    server.answers = [(200, AMAP)]
    found = asked(city="威海市").find("文化路1号")
    assert found.places[0] == pytest.approx((122.1, 37.5), abs=1e-6)
    assert (found.names, found.level, found.coarse, found.day) == (
        ("山东省威海市文化路1号",),
        "门牌号",
        False,
        "2026-01-02",
    )
    assert server.asked == [{"address": "文化路1号", "city": "威海市", "output": "JSON", "key": HIDDEN}]


def test_tianditu_answers_are_where_they_say(server: Told, asked: Callable[..., WebGeocoder]) -> None:
    unsure = {**TIANDITU, "location": {**TIANDITU["location"], "score": 60}}  # type: ignore[dict-item]
    server.answers = [(200, TIANDITU), (200, unsure)]
    found = asked("tianditu").find("文化路1号")
    assert found.places == ((122.1, 37.5),) and found.score == 1.0 and not found.coarse
    assert json.loads(server.asked[0]["ds"]) == {"keyWord": "文化路1号"} and server.asked[0]["tk"] == HIDDEN
    assert asked("tianditu").find("文化路").coarse


def test_what_was_answered_is_not_asked_again(server: Told, asked: Callable[..., WebGeocoder], tmp_path: Path) -> None:
    server.answers = [(200, AMAP), (200, {"status": "0", "info": "ENGINE_RESPONSE_DATA_ERROR", "infocode": "30001"})]
    first, nothing = asked().find("文化路1号"), asked().find("无此路")
    assert asked().find("文化路1号") == first and asked().find("无此路") == nothing and not nothing.places
    assert len(server.asked) == 2
    kept = (tmp_path / "kept.json").read_text(encoding="utf-8")
    assert '"day": "2026-01-02"' in kept and HIDDEN not in kept
    (tmp_path / "kept.json").write_text('{"x": 1}', encoding="utf-8")
    with pytest.raises(DataError, match="no store of addresses"):
        asked()


@pytest.mark.parametrize(
    ("name", "status", "answer", "said"),
    [
        ("amap", 200, {"status": "0", "info": "INVALID_USER_KEY", "infocode": "10001"}, "does not accept the key"),
        ("amap", 200, {"status": "0", "info": "DAILY_QUERY_OVER_LIMIT", "infocode": "10003"}, "amap is used up"),
        ("amap", 200, {"status": "0", "info": "USER_DAILY_QUERY_OVER_LIMIT", "infocode": "10044"}, "is used up"),
        ("amap", 200, {"status": "0", "info": "ACCESS_TOO_FREQUENT", "infocode": "10004"}, "asked too much at once"),
        ("amap", 200, {"status": "0", "info": f"BAD {HIDDEN}", "infocode": "20000"}, "refused the question"),
        ("amap", 502, b"<html>bad gateway</html>", "refused the question"),
        ("amap", 500, {"status": "1", "geocodes": []}, "refused the question .500"),
        ("amap", 200, b'{"status": "1", "geoc', "could not be read"),
        ("amap", 200, b"[]", "could not be read"),
        ("amap", 200, {**AMAP, "geocodes": [{"location": "x,y"}]}, "could not be read"),
        ("amap", 200, {**AMAP, "geocodes": [{"formatted_address": "a", "location": "37,122"}]}, "could not be read"),
        ("amap", 200, {**AMAP, "geocodes": HIDDEN}, "could not be read"),
        ("tianditu", 200, {"code": 301001, "msg": "非法Key", "resolve": "请换Key"}, "does not accept the key"),
        ("tianditu", 429, b"", "quota of tianditu is used up"),
        ("tianditu", 418, {"msg": "Key权限类型为:浏览器端", "code": 301008}, "does not accept the key"),
        ("tianditu", 200, {"status": "404", "msg": "error"}, "refused the question"),
        ("tianditu", 200, {"status": "0", "msg": "ok", "location": None}, "could not be read"),
    ],
)  # fmt: skip
def test_what_a_service_refuses_is_said_and_nothing_is_kept(
    server: Told, asked: Callable[..., WebGeocoder], tmp_path: Path, name: str, status: int, answer: Any, said: str
) -> None:
    server.answers = [(status, answer)]
    with pytest.raises(ServiceError, match=said) as told:
        asked(name).find("文化路1号")
    assert HIDDEN not in told.value.sentence("zh") + str(told.value)
    assert not (tmp_path / "kept.json").exists()


def test_nothing_found_is_an_answer(server: Told, asked: Callable[..., WebGeocoder]) -> None:
    server.answers = [(200, {"status": "1", "infocode": "10000", "count": "0", "geocodes": []})]
    assert asked().find("甲").places == ()
    server.answers = [(200, {"status": "101", "msg": "no result"})]
    assert asked("tianditu").find("乙").places == ()


def test_silence_and_a_closed_door_are_told(server: Told, asked: Callable[..., WebGeocoder], tmp_path: Path) -> None:
    server.answers = [(200, "silence")]
    with pytest.raises(ServiceError, match=r"did not answer within 0\.2 s"):
        asked(timeout=0.2).find("甲")
    closed = WebGeocoder(
        "amap", key_env=KEY, cache=tmp_path / "k.json", url="http://127.0.0.1:1/x", wait=lambda _: None
    )
    with pytest.raises(ServiceError, match="could not be reached") as told:
        closed.find("甲")
    assert HIDDEN not in str(told.value)


def test_without_a_key_nobody_is_asked(
    server: Told, asked: Callable[..., WebGeocoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY)
    with pytest.raises(DataError, match="wants a key in the environment variable"):
        asked().find("甲")
    assert server.asked == []


def addressed(folder: Path, url: str, *, geocoder: bool = True) -> Path:
    """The toy study: two more centres, known by their addresses alone."""
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    more = 'path = "facilities.csv"\naddress = "地址"' + ('\ngeocoder = "amap"' if geocoder else "")
    text = text.replace('path = "facilities.csv"', more)
    file.write_text(f'{text}\n[geocoders.amap]\nkey_env = "{KEY}"\nurl = "{url}"\n', encoding="utf-8")
    head, *rows = (folder / "facilities.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{head},地址", *(f"{r}," for r in rows), "n,东村站,day_care,,,东村", "o,路边站,day_care,,,文化路1号"]
    (folder / "facilities.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.mark.usefixtures("asked")
def test_a_study_places_facilities_by_address_and_lists_them(
    server: Told, toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    server.answers = [(200, {**AMAP, "geocodes": [{**AMAP["geocodes"][0], "location": "116.4,39.9"}]})]  # type: ignore[dict-item]
    study = qh.read_study(addressed(toy_study, server.url))
    tables = _inputs(study)
    assert (
        tables.facilities.geometry["n"].distance(tables.communities.geometry["e"]) < 0.01
        and "o" not in tables.facilities.index
    )
    assert tables.addresses[["id", "outcome", "by"]].values.tolist() == [["n", "taken", "names"], ["o", "far", "amap"]]
    assert {"address_taken", "address_far"} <= set(tables.findings["rule"])
    pages = write_inspection(study, tables, tmp_path / "out")
    listed = (tmp_path / "out" / "addresses.csv").read_text(encoding="utf-8-sig")
    assert tmp_path / "out" / "addresses.csv" in pages and "文化路1号,far,amap" in listed and HIDDEN not in listed
    assert (toy_study / "geocoded-amap.json").is_file() and len(server.asked) == 1
    assert _inputs(study).addresses.equals(tables.addresses) and len(server.asked) == 1


def _inputs(study: qh.Study) -> Any:
    from quarterhour.study.run import read_study_inputs

    return read_study_inputs(study)


def test_a_study_without_a_geocoder_asks_nobody(server: Told, toy_study: Path) -> None:
    tables = _inputs(qh.read_study(addressed(toy_study, server.url, geocoder=False)))
    assert server.asked == [] and tables.addresses["outcome"].tolist()[0] == "taken"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (f'key_env = "{KEY}"', 'key_env = "0123456789abcdef0123456789abcdef"', "name an environment variable"),
        ("[geocoders.amap]", "[geocoders.baidu]", "geocoders"),
        ("[geocoders.amap]", "[geocoders.tianditu]", r"no \[geocoders.amap\]"),
        ('address = "地址"\n', "", "geocoder: .*address"),
        ('people = ["older"', 'address = "x"\npeople = ["older"', "communities.address"),
    ],
)
def test_what_cannot_be_meant_is_refused(toy_study: Path, old: str, new: str, said: str) -> None:
    file = addressed(toy_study, "http://127.0.0.1:1") / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(StudyError, match=said) as told:
        qh.read_study(toy_study)
    assert "0123456789abcdef" not in str(told.value)
