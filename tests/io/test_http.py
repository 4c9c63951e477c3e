"""One question to a service: whole, no larger than may be, from nobody else."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from faults import hostile
from faults.hostile import Line, Server
from quarterhour.base import limits
from quarterhour.base.errors import ServiceError
from quarterhour.io.http import AskError, ask
from quarterhour.io.osm.overpass import Services


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    with hostile.serving() as running:
        yield running


def test_an_answer_comes_whole_and_unpacked(server: Server) -> None:
    server.answer = lambda line: line.whole(gzip.compress(b"well"), "200 OK", "Content-Encoding: gzip")
    answer = ask("POST", server.address, data={"data": "x"}, seconds=60, most="answer_bytes")
    assert (answer.status, answer.body) == (200, b"well")
    assert server.asked[0].startswith(b"POST / ") and server.asked[0].endswith(b"data=x")


def test_an_answer_is_weighed_while_it_is_unpacked(server: Server) -> None:
    server.answer = lambda line: line.whole(gzip.compress(b" " * 5_000_000), "200 OK", "Content-Encoding: gzip")
    with limits.raised({"answer_bytes": 100_000}), pytest.raises(AskError, match="too_large: > 100,000 bytes"):
        ask("GET", server.address, seconds=60, most="answer_bytes")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (hostile.garbage, "unreachable"),
        (hostile.reset_at_once, "unreachable"),
        (hostile.length_too_long, "cut_short"),
        (hostile.chunk_cut, "cut_short"),
        (hostile.gzip_cut, "cut_short"),
        (hostile.gzip_said_not_done, "cut_short"),
        (hostile.unknown_packing, "cut_short"),
        (hostile.redirect_loop, "redirected"),
        (hostile.redirect_to_file, "redirected"),
        (hostile.redirect_elsewhere, "redirected"),
    ],
)
def test_what_is_no_answer_says_why(server: Server, answer: hostile.Answer, fault: str) -> None:
    server.answer = answer
    with pytest.raises(AskError) as caught:
        ask("GET", server.address, seconds=60, most="answer_bytes")
    assert caught.value.fault == fault


def test_a_redirect_within_the_host_is_followed_with_the_question(server: Server) -> None:
    def answer(line: Line) -> None:
        if len(server.asked) == 1:
            line.whole(b"", "308 Permanent Redirect", "Location: /there")
        else:
            line.whole(b"here")

    server.answer = answer
    assert ask("POST", server.address, data={"data": "x"}, seconds=60, most="answer_bytes").body == b"here"
    assert server.asked[1].startswith(b"POST /there ") and server.asked[1].endswith(b"data=x")


def test_nobody_waits_longer_than_the_deadline(server: Server) -> None:
    server.answer = hostile.silence
    with pytest.raises(AskError, match=r"late: > 0\.05 s"):
        ask("GET", server.address, seconds=0.05, most="answer_bytes")


def overpass(server: Server, waits: list[float]) -> Services:
    return Services(server.address, server.address, seconds=60, public=False, wait=waits.append)


def test_a_busy_service_is_asked_once_more_where_it_says_that_it_is_soon_free(server: Server) -> None:
    def answer(line: Line) -> None:
        if len(server.asked) == 1:
            line.whole(b"", "429 Too Many Requests", "Retry-After: 7")
        else:
            line.whole(b'{"elements": []}')

    server.answer, waits = answer, list[float]()
    assert overpass(server, waits).elements({"data": "x"}) == {"elements": []}
    assert waits == [7.0]


def test_a_service_that_is_busy_for_long_is_told_with_its_hour(server: Server) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    for said in ("86400", f"{later:%a, %d %b %Y %H:%M:%S} GMT"):
        server.answer = lambda line, said=said: line.whole(b"", "429 Too Many Requests", f"Retry-After: {said}")
        waits: list[float] = []
        with pytest.raises(ServiceError, match=r"429 Too Many Requests, Retry-After: 86\d\d\d s"):
            overpass(server, waits).elements({"data": "x"})
        assert waits == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (hostile.timed_out_inside, "incomplete .*timed out"),
        (hostile.odd_elements, "'one'"),
        (hostile.far_node, "1e\\+300"),
        (hostile.empty, "did not answer as it should"),
        (hostile.length_too_short, "did not answer as it should"),
        (hostile.wrong_encoding, "did not answer as it should"),
    ],
)
def test_part_of_the_data_is_never_taken_for_all_of_it(server: Server, answer: hostile.Answer, told: str) -> None:
    server.answer = answer
    with pytest.raises(ServiceError, match=told):
        overpass(server, []).elements({"data": "x"})
