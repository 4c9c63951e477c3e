"""A server on loopback that answers as no service should: each answer is what it sends, byte by byte."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = Callable[["Line"], None]
"""What is sent to one who asked."""
MEGABYTE = 1 << 20


@dataclass
class Server:
    """Where it listens, and what it answers; ``asked``: the questions that came."""

    address: str = ""
    answer: Answer = lambda line: line.send(b"")
    asked: list[bytes] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)


@dataclass
class Line:
    """The connection of one who asked."""

    server: Server
    conn: socket.socket

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self.conn.sendall(data)

    def head(self, status: str = "200 OK", *lines: str) -> None:
        """A status and headers."""
        said = [f"HTTP/1.1 {status}", *lines, "Connection: close"]
        self.send("\r\n".join(said).encode() + b"\r\n\r\n")

    def whole(self, body: bytes, status: str = "200 OK", *lines: str) -> None:
        """An answer as it should be."""
        self.head(status, f"Content-Length: {len(body)}", *lines)
        self.send(body)

    def slowly(self, data: bytes, seconds: float = 0.2) -> None:
        """A byte at a time, for ever."""
        while not self.server.ends.wait(seconds):
            self.send(data)

    def reset(self) -> None:
        """Cut the line as a crash does."""
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.conn.close()


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """The server, until the block ends."""
    server = Server()
    door = socket.create_server(("127.0.0.1", 0))
    server.address = f"http://127.0.0.1:{door.getsockname()[1]}"
    lines: list[threading.Thread] = []

    def listen() -> None:
        while True:
            try:
                conn, _ = door.accept()
            except OSError:
                return
            lines.append(threading.Thread(target=talk, args=(conn,), daemon=True))
            lines[-1].start()

    def talk(conn: socket.socket) -> None:
        with conn, contextlib.suppress(OSError):
            server.asked.append(_question(conn))
            server.answer(Line(server, conn))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ends.set()
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join()
        for line in lines:
            line.join()


def _question(conn: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and (more := conn.recv(65536)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    found = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(found[0].partition(b":")[2]) if found else 0
    while len(body) < length and (more := conn.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body


# --- answers ----------------------------------------------------------------------------------------


def gzip_bomb(line: Line) -> None:
    """A few kilobytes for every megabyte."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    line.head("200 OK", "Content-Encoding: gzip")
    for _ in range(6_000):
        line.send(packer.compress(b" " * MEGABYTE))
    line.send(packer.flush())


def nested_gzip(line: Line) -> None:
    """A bomb in a bomb."""
    inner = gzip.compress(gzip.compress(b" " * (200 * MEGABYTE)))
    line.whole(inner, "200 OK", "Content-Encoding: gzip, gzip")


def endless(line: Line) -> None:
    """A body that never ends."""
    line.head()
    line.send(b'{"elements": [')
    while not line.server.ends.is_set():
        line.send(b'"' + b"x" * MEGABYTE + b'",')


def endless_chunks(line: Line) -> None:
    """Chunks that never end."""
    line.head("200 OK", "Transfer-Encoding: chunked")
    piece = b" " * MEGABYTE
    while not line.server.ends.is_set():
        line.send(b"%x\r\n%s\r\n" % (len(piece), piece))


def byte_a_time(line: Line) -> None:
    """A body at a byte a time."""
    line.head()
    line.slowly(b" ")


def slow_headers(line: Line) -> None:
    """Headers at a byte a time."""
    line.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    line.slowly(b"x")


def silence(line: Line) -> None:
    """Nothing at all."""
    line.server.ends.wait()


def header_flood(line: Line) -> None:
    """Headers without end."""
    line.send(b"HTTP/1.1 200 OK\r\n")
    for k in range(100_000):
        line.send(b"X-%d: %s\r\n" % (k, b"y" * 100))


def long_header(line: Line) -> None:
    """One header without end."""
    line.send(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(200):
        line.send(b"y" * MEGABYTE)


def garbage(line: Line) -> None:
    """No HTTP."""
    line.send(b"\x16\x03\x01\x02\x00 this is no HTTP \x00\xff" * 50)


def reset_in_body(line: Line) -> None:
    """The line is cut in the middle."""
    line.head("200 OK", "Content-Length: 1000000")
    line.send(b'{"elements": [')
    line.reset()


def reset_at_once(line: Line) -> None:
    """The line is cut before a word."""
    line.reset()


def length_too_long(line: Line) -> None:
    """More is announced than comes."""
    line.head("200 OK", "Content-Length: 1000000")
    line.send(b'{"elements": []}')


def length_too_short(line: Line) -> None:
    """Less is announced than comes: half an answer."""
    line.head("200 OK", "Content-Length: 12")
    line.send(b'{"elements": [{"type": "node", "id": 1, "lat": 0, "lon": 0}]}')


def chunk_cut(line: Line) -> None:
    """The last chunk never comes."""
    line.head("200 OK", "Transfer-Encoding: chunked")
    line.send(b'10\r\n{"elements": []}\r\n')


def gzip_cut(line: Line) -> None:
    """Half of a gzip."""
    data = gzip.compress(json.dumps({"elements": [{"n": k} for k in range(9_000)]}).encode())
    line.whole(data[: len(data) // 2], "200 OK", "Content-Encoding: gzip")


def gzip_said_not_done(line: Line) -> None:
    """Plain text that calls itself gzip."""
    line.whole(b'{"elements": []}', "200 OK", "Content-Encoding: gzip")


def json_cut(line: Line) -> None:
    """Half of a JSON."""
    line.whole(b'{"version": 0.6, "elements": [{"type": "node", "id": 1, "la')


def empty(line: Line) -> None:
    """Nothing, and 200."""
    line.whole(b"")


def deep(line: Line) -> None:
    """A million brackets."""
    line.whole(b'{"elements": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}")


def many_values(line: Line) -> None:
    """Twenty million empty lists."""
    line.head()
    line.send(b'{"elements": [')
    for _ in range(60):
        line.send(b"[]," * 350_000)
    line.send(b"[]]}")


def web_page(line: Line) -> None:
    """A page for people, and 200."""
    line.whole(b"<html><body>Sign in to the hotel's network</body></html>", "200 OK", "Content-Type: text/html")


def wrong_encoding(line: Line) -> None:
    """Bytes of no encoding."""
    line.whole(b'{"elements": ["\xff\xfe\x80\xc3"]}', "200 OK", "Content-Type: application/json; charset=utf-8")


def timed_out_inside(line: Line) -> None:
    """Part of the data, with a remark that it is no more."""
    node = {"type": "node", "id": 1, "lat": 47.1, "lon": 9.5}
    said = {"elements": [node], "remark": 'runtime error: Query timed out in "query" at line 3 after 181 seconds.'}
    line.whole(json.dumps(said).encode())


def odd_elements(line: Line) -> None:
    """Elements that are none."""
    line.whole(b'{"elements": [{"type": "node", "id": "one", "lat": "x"}, 7, null]}')


def far_node(line: Line) -> None:
    """A node beyond the world."""
    line.whole(b'{"elements": [{"type": "node", "id": 1, "lat": 1e300, "lon": NaN}]}')


def redirect_loop(line: Line) -> None:
    """Round and round."""
    line.whole(b"", "302 Found", "Location: /again")


def redirect_to_file(line: Line) -> None:
    """To a file of this machine."""
    line.whole(b"", "302 Found", "Location: file:///etc/hostname")


def redirect_elsewhere(line: Line) -> None:
    """To another host."""
    line.whole(b"", "307 Temporary Redirect", "Location: http://localhost:9/else")


def busy_for_long(line: Line) -> None:
    """Come back tomorrow."""
    line.whole(b"", "429 Too Many Requests", "Retry-After: 86400")


def busy_soon(line: Line) -> None:
    """Come back at once, and busy again."""
    line.whole(b"", "429 Too Many Requests", "Retry-After: 0")


def gateway_late(line: Line) -> None:
    """A gateway that waited in vain."""
    line.whole(b"<html>504</html>", "504 Gateway Timeout")


def retry_nonsense(line: Line) -> None:
    """Come back never."""
    line.whole(b"", "503 Service Unavailable", "Retry-After: Thu, 99 Foo 99999 99:99:99 GMT")


def endless_interim(line: Line) -> None:
    """Wait, wait, wait."""
    while not line.server.ends.is_set():
        line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        line.server.ends.wait(0.01)


def unknown_packing(line: Line) -> None:
    """Packed as nobody asked."""
    line.whole(b"\x00" * 100, "200 OK", "Content-Encoding: br")


ANSWERS: tuple[Answer, ...] = (
    gzip_bomb, nested_gzip, endless, endless_chunks, byte_a_time, slow_headers, silence, header_flood, long_header,
    garbage, reset_in_body, reset_at_once, length_too_long, length_too_short, chunk_cut, gzip_cut, gzip_said_not_done,
    json_cut, empty, deep, many_values, web_page, wrong_encoding, timed_out_inside, odd_elements, far_node,
    redirect_loop, redirect_to_file, redirect_elsewhere, busy_for_long, busy_soon, gateway_late, retry_nonsense,
    endless_interim, unknown_packing,
)  # fmt: skip
SLOW = {byte_a_time, slow_headers, silence, endless_interim}
"""What only the deadline ends."""
