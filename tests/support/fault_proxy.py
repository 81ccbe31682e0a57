"""A proxy in front of an S3 server that fails requests on purpose, as a network and a busy store do.

Requests pass as they are, so that their signatures hold. Example::

    with fault_proxy.running(server.endpoint, tmp_path / "proxy.log") as proxy:
        proxy.fail([Fault.RESET, Fault.SLOW_DOWN], every=3)
        client = replace(server, endpoint=proxy.endpoint).client()
"""

import contextlib
import itertools
import json
import re
import socket
import socketserver
import struct
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from tests.support.processes import LOOPBACK, free_port, listens, started

_SLOW_S = 2.0
_PIECES = 20
_CONTROL = "/--faults"
_START_S = 60
ROOT = Path(__file__).resolve().parents[2]


class Fault(StrEnum):
    """What may happen to a request."""

    ERROR = "500 InternalError"
    SLOW_DOWN = "503 SlowDown"
    EXPIRED = "400 ExpiredToken"
    RESET = "reset"
    """The connection breaks before the request reaches the server."""
    LOST = "lost"
    """The server does what it was asked for, and the answer is lost."""
    TRUNCATED = "truncated"
    """Half of the answer's body, then the end of the connection."""
    SLOW = "slow"
    """The body comes in pieces, over seconds."""


STORE = (Fault.ERROR, Fault.SLOW_DOWN, Fault.RESET, Fault.TRUNCATED, Fault.SLOW)
"""What a client has to live with; after ``LOST`` it cannot know what was done."""


@dataclass(frozen=True)
class Proxy:
    """A proxy that answers now, in a process of its own: some clients wait for it with all of Python locked.

    Attributes:
        endpoint: ``http://127.0.0.1:PORT``.
    """

    endpoint: str

    def fail(self, faults: Sequence[Fault], every: int = 1, where: str = "") -> None:
        """From now on give every ``every``-th of some requests the next of some faults, over and over.

        Args:
            faults: none: every request passes.
            every: 1 for each of them.
            where: a regular expression that a request's method and path must match, such as ``PUT .*_delta_log``.
        """
        self._asked({"faults": list(faults), "every": every, "where": where})

    def heal(self) -> None:
        """From now on let every request through."""
        self.fail([])

    def happened(self, fault: Fault) -> int:
        """Return how often a fault was given since :meth:`fail`."""
        return int(self._asked(None)["happened"].get(fault, 0))

    @property
    def requests(self) -> int:
        """How many requests came in all."""
        return int(self._asked(None)["requests"])

    def _asked(self, told: dict[str, Any] | None) -> dict[str, Any]:
        body = None if told is None else json.dumps(told).encode()
        with urllib.request.urlopen(f"{self.endpoint}{_CONTROL}", data=body, timeout=30) as answer:  # noqa: S310 - ours
            return dict(json.load(answer))


@contextlib.contextmanager
def running(endpoint: str, log: Path) -> Iterator[Proxy]:
    """Give a proxy of a server; it fails nothing until it is told to."""
    port = free_port()
    line = [sys.executable, "-m", __name__, endpoint, str(port)]
    with started("fault proxy", line, log, {"PYTHONPATH": str(ROOT)}) as process:
        process.wait_until(lambda: listens(port), _START_S)
        yield Proxy(f"http://{LOOPBACK}:{port}")


class _Faults:
    """What the proxy was told, and what came of it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._requests = 0
        self.tell({"faults": [], "every": 1, "where": ""})

    def tell(self, told: dict[str, Any]) -> None:
        with self._guard:
            self._faults = itertools.cycle([Fault(name) for name in told["faults"]])
            self._every, self._where = int(told["every"]), re.compile(told["where"])
            self._matching, self._happened = 0, Counter[Fault]()

    def said(self) -> dict[str, Any]:
        with self._guard:
            return {"happened": self._happened, "requests": self._requests}

    def next(self, method: str, path: str) -> Fault | None:
        with self._guard:
            self._requests += 1
            if not self._where.match(f"{method} {path}"):
                return None
            self._matching += 1
            found = None if self._matching % self._every else next(self._faults, None)
            if found is not None:
                self._happened[found] += 1
            return found


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, block_on_close, request_queue_size = True, True, False, 64


def main(endpoint: str, port: str) -> None:
    """Serve until it is ended."""
    parts, faults = urlsplit(endpoint), _Faults()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with (
                contextlib.suppress(OSError),
                socket.create_connection((parts.hostname, parts.port)) as upstream,
                upstream.makefile("rwb") as server,
            ):
                while _one(self.rfile, self.connection, server, faults):
                    pass

    with _Server((LOOPBACK, int(port)), Handler) as listening:
        listening.serve_forever()


def _one(client: BinaryIO, connection: socket.socket, server: BinaryIO, faults: _Faults) -> bool:
    """Relay one request and its answer; return whether the connection goes on."""
    head = _head(client)
    if not head:
        return False
    method, path, _ = head[0].decode("latin-1").split(" ", 2)
    if _value(head, "expect"):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _body(client, head)
    if path == _CONTROL:
        return _told(connection, body, faults)
    fault = faults.next(method, path)
    if fault in {Fault.ERROR, Fault.SLOW_DOWN, Fault.EXPIRED}:
        return _refuse(connection, fault, with_body=method != "HEAD")
    if fault is Fault.RESET:
        return _break(connection)
    kept = [line for line in head if not line.lower().startswith(b"expect:")]
    server.write(b"\r\n".join(kept) + b"\r\n\r\n" + body)
    server.flush()
    answer = _head(server)
    while answer and answer[0].split()[1] == b"100":
        answer = _head(server)
    bodiless = method == "HEAD" or answer[0].split()[1] in {b"204", b"304"}
    return _answered(connection, answer, b"" if bodiless else _body(server, answer), fault)


def _answered(connection: socket.socket, head: list[bytes], content: bytes, fault: Fault | None) -> bool:
    """Send an answer, or what a fault leaves of it; return whether the connection goes on."""
    if fault is Fault.LOST:
        return _break(connection)
    connection.sendall(b"\r\n".join(head) + b"\r\n\r\n")
    if fault is Fault.TRUNCATED and content:
        connection.sendall(content[: len(content) // 2])
        return _break(connection)
    pieces = _PIECES if fault is Fault.SLOW else 1
    for number in range(pieces):
        connection.sendall(content[len(content) * number // pieces : len(content) * (number + 1) // pieces])
        time.sleep(_SLOW_S / pieces if pieces > 1 else 0)
    return (_value(head, "connection") or "").lower() != "close"


def _told(connection: socket.socket, body: bytes, faults: _Faults) -> bool:
    if body:
        faults.tell(json.loads(body))
    said = json.dumps(faults.said()).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))
    return False


def _head(stream: BinaryIO) -> list[bytes]:
    lines: list[bytes] = []
    while (line := stream.readline().rstrip(b"\r\n")) or not lines:
        if not line:
            return []
        lines.append(line)
    return lines


def _value(head: list[bytes], name: str) -> str | None:
    for line in head[1:]:
        key, _, value = line.decode("latin-1").partition(":")
        if key.lower() == name:
            return value.strip()
    return None


def _body(stream: BinaryIO, head: list[bytes]) -> bytes:
    """Return a body as it came, with the framing of its chunks."""
    if "chunked" not in (_value(head, "transfer-encoding") or ""):
        return stream.read(int(_value(head, "content-length") or 0))
    parts = []
    while True:
        size = stream.readline()
        length = int(size.split(b";")[0], 16)
        parts += [size, stream.read(length + 2)]
        if not length:
            return b"".join(parts)


def _refuse(connection: socket.socket, fault: Fault, *, with_body: bool) -> bool:
    status, code = fault.split()
    text = f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>".encode()
    body = text if with_body else b""
    length = f"Content-Type: application/xml\r\nContent-Length: {len(text) if with_body else 0}"
    connection.sendall(f"HTTP/1.1 {status} {code}\r\n{length}\r\n\r\n".encode() + body)
    return True


def _break(connection: socket.socket) -> bool:
    """Reset a connection, as a router that lost it does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
