"""A lake with an image of every kind, for the commands that ask a finished lake; and what runs them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs import outbox
from tests.support import lakes

HOME = "file:///data/photos"
ONE, TWO, HELD, BAD, GONE, PACKED = (
    f"{HOME}/{name}" for name in ("a/one.jpg", "b/%C3%A9t%C3%A9.jpg", "a/held.png", "bad.jpg", "gone.jpg", "x.zip!in/3")
)
ROWS = [
    lakes.row(ONE, b"one", status="anonymized", faces=[lakes.face(), lakes.face("pixelate")]),
    lakes.row(TWO, b"two", policy_digest="e" * 32),
    lakes.row(HELD, b"held", status="review", reason="unverified", format="png"),
    lakes.row(BAD, None),
    lakes.row(GONE, None, reason="unreadable"),
    lakes.row(PACKED, b"three", source_digest=lakes.KEY.source_digest(b"source of three")),
]
IDS = {uri: lakes.KEY.image_id(uri) for uri in (ONE, TWO, HELD, BAD, GONE, PACKED)}

Told = Callable[..., str]
Asked = Callable[..., Any]


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the images below a folder by their relative names."""
    ours = {outbox.LINES, outbox.SHEET, outbox.STAMP}
    found = {os.path.relpath(p, folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {name: content for name, content in found.items() if name not in ours}
