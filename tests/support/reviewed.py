"""A lake with images that wait for people, and a review server over it that really listens. Needs no JVM."""

import http.client
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from conf.settings import load
from jobs import review
from jobs.keysource import KeySource
from jobs.lake import Lake
from jobs.options import Common
from jobs.originals import Originals
from jobs.placed import Placed
from jobs.reviewing import server
from jobs.reviewing.desk import Desk
from jobs.reviewing.guard import Guard
from schemas import WORK
from tests.support import lakes

SIZE = 96, 64
"""Of every picture, stored."""
COLOURS = ((196, 120, 88), (92, 140, 190), (120, 160, 90), (170, 110, 160))


def photo(number: int, turned: int = 1, *, masked: bool = True, kind: str = "PNG") -> bytes:
    """Return a drawn picture, with a flat mask where its face was, turned by an EXIF orientation."""
    down, across = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    shade = ((across // 8 + down // 8) % 2 * 24)[..., None]
    pixels = np.clip(np.array(COLOURS[number % len(COLOURS)]) + shade, 0, 255).astype(np.uint8)
    pixels[16:40, 30:54] = (40, 44, 52) if masked else (250, 220, 40)
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = turned
    Image.fromarray(pixels).save(out, kind, **({"exif": exif.tobytes()} if turned != 1 else {}))
    return out.getvalue()


def face(confidence: float = 0.4) -> dict[str, Any]:
    """Return the region of such a picture."""
    box = {"x0": 32.0, "y0": 18.0, "x1": 50.0, "y1": 38.0}
    return lakes.face() | {"box": box, "region": {"x0": 30, "y0": 16, "x1": 54, "y1": 40}, "confidence": confidence}


def row(folder: Path, name: str, content: bytes, **columns: Any) -> dict[str, Any]:
    """Return a row whose source lies in a folder; by default it waits for a person."""
    waits = {
        "status": "review",
        "reason": "unsure",
        "policy": "public",
        "format": "png",
        "faces": [face()],
        "frames": 1,
    }
    return lakes.row((folder / name).as_uri(), content, **{**waits, "width": SIZE[0], "height": SIZE[1], **columns})


def rows(folder: Path) -> list[dict[str, Any]]:
    """Return three images that wait, the second the least sure, and two that are released."""
    sure = [face(0.65)]
    return [
        row(folder, "a.png", photo(0), faces=sure),
        row(folder, "b.png", photo(1)),
        row(folder, "c.png", photo(2, turned=6), faces=sure, policy="partner"),
        row(folder, "d.png", photo(3), status="anonymized", reason=None),
        row(folder, "e.png", photo(0), status="clean", reason=None, faces=[]),
    ]


def ids(folder: Path) -> dict[str, str]:
    """Return file name to image id."""
    return {
        name: lakes.KEY.image_id((folder / name).as_uri()) for name in ("a.png", "b.png", "c.png", "d.png", "e.png")
    }


def common(vault: Path | None = None) -> Common:
    """Return what a command line says."""
    return Common(load("local", []), str(vault) if vault else "none", KeySource())


def placed(place: Path) -> Placed:
    """Return a new lake with these images, beside a vault that names their sources, which are there."""
    folder = place / "photos"
    folder.mkdir(parents=True)
    for number, name in enumerate(ids(folder)):
        (folder / name).write_bytes(photo(number, masked=False))
    lake = lakes.sealed(place / "lake", rows(folder))
    vault = lakes.make_vault(place / "lake.vault", [])
    entries = [
        {
            "image_id": lakes.KEY.image_id((folder / name).as_uri()),
            "content_version": lakes.KEY.content_version(7, 0, ""),
            "uri": (folder / name).as_uri(),
            "size_bytes": (folder / name).stat().st_size,
            "etag": "",
            "modified_us": 0,
            "kind": "object",
            "container": (folder / name).as_uri(),
            "start": 0,
            "index": 0,
            "policy": None,
            "run_id": "run-1",
            "epoch": 1,
            "operation": "new",
            "batch": 1,
            "task": 0,
        }
        for name in ids(folder)
    ]
    vault.tables.append("work", pa.Table.from_pylist(entries, schema=lakes.arrow(WORK)), "work", 1)
    return Placed(Lake(lake.uri, signer=lambda: lakes.SIGNER), common(place / "lake.vault"))


def desk(place: Path, *, eyes: int = 1, vault: bool = True) -> Desk:
    """Return a desk over a new lake."""
    found = placed(place)
    originals = Originals(found.vault(), found.common.storage, 1 << 24) if vault else None
    return Desk(found.lake, lambda _: eyes, originals)


@dataclass
class Client:
    """One browser's part: it keeps the cookie and the page's word, and says whose page it is."""

    port: int
    cookie: str = ""
    word: str = ""
    origin: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers in lower case, and body of what the server answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        said = {"Cookie": self.cookie, "X-Faceveil": self.word, "Origin": f"http://127.0.0.1:{self.port}"}
        said = {name: value for name, value in (said | self.headers | headers).items() if value}
        connection.request(method, path, None if body is None else json.dumps(body).encode(), said)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def get(self, path: str) -> Any:
        """Return what JSON a path gives."""
        status, _, content = self.ask("GET", path)
        assert status == 200, content
        return json.loads(content)

    def decide(self, *some: dict[str, Any]) -> tuple[int, Any]:
        """Send decisions; return status and answer."""
        status, _, content = self.ask("POST", "/api/decisions", {"decisions": list(some)})
        return status, json.loads(content)

    def enter(self, link: str) -> "Client":
        """Open a printed link and its page, and return the client itself."""
        status, headers, _ = self.ask("GET", link[link.index("/?") :])
        assert (status, headers["location"]) == (303, "/")
        self.cookie = headers["set-cookie"].split(";")[0]
        page = self.ask("GET", "/")[2].decode()
        self.word = page.split('name="faceveil-word" content="')[1].split('"')[0]
        return self


@contextmanager
def serving(made: Desk, *names: str, origin: str | None = None) -> Iterator[Guard]:
    """Serve a desk on a free port while the block runs."""
    with server.listening(0) as listening:
        guard = Guard(listening.getsockname()[1], names or ("anna",), origin)
        running = server.server(server.app(made, guard, review.overview_of(made.lake, load())))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + 60
        while not running.started and time.monotonic() < until:
            time.sleep(0.02)
        assert running.started
        try:
            yield guard
        finally:
            running.should_exit = True
            thread.join(30)


EYES = review.eyes_of([])
"""How many have to agree, as the command says."""
