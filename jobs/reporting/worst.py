"""The faces that attackers came nearest to, as they are released: small pictures of what is in the lake, never before.

Runs on the driver. Only images that may be released are shown, and only a few at a time are in memory.
"""

import base64
import io
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs import imaging
from anonymizer_udfs.evidence.figure import Figure
from anonymizer_udfs.imaging import Picture, animation, orientation
from anonymizer_udfs.outcome import BadImageError, Status
from jobs.lake import Lake
from jobs.placed import among
from jobs.reporting.blocks import Block, Pictures, Section, Text
from jobs.reporting.blocks import Picture as Shown
from jobs.sheet import MAX_PIXELS, scaled

MOST = 12
SIDE_PX = 128
_AROUND = 0.25
_HEX = frozenset("0123456789abcdef")


def section(lake: Lake, figures: Sequence[Figure]) -> Section | None:
    """Return the worst faces of an evaluation; nothing where it names none.

    Args:
        lake: holds the released images.
        figures: of the evaluation; those of scope ``worst`` say which faces.
    """
    named = _in_turn([one for one in figures if one.scope == "worst" and one.value is not None])
    if not named:
        return None
    shown: list[Shown] = []
    for one, attacks in named:
        if len(shown) < MOST:
            shown += list(_shown(lake, one, attacks))
    said = (
        "The faces on which attackers came furthest, as they are in the lake, some of each attacker. What they were "
        f"before is not in this page, nor in the lake. {len(named)} were named; of those that may be released, "
        f"{len(shown)} are shown."
    )
    return Section("worst", "The worst faces, as released", (Text(said), *_row(shown)))


def _in_turn(figures: Sequence[Figure]) -> list[tuple[Figure, str]]:
    """Return each face once with who named it: the worst of every attacker, then the next of every one, ...

    Each attacker counts in a unit of its own, so that scores of two cannot be compared.
    """
    by: dict[str, list[Figure]] = {}
    for one in sorted(figures, key=lambda one: -(one.value or 0)):
        by.setdefault(_attack(one), []).append(one)
    faces: dict[tuple[str | None, str | None], list[Figure]] = {}
    for some in zip_longest(*(by[name] for name in sorted(by))):
        for one in some:
            if one is not None:
                faces.setdefault((one.of("image_id"), one.of("face")), []).append(one)
    return [(same[0], ", ".join(dict.fromkeys(map(_attack, same)))) for same in faces.values()]


def _attack(figure: Figure) -> str:
    return figure.of("attack") or "an attacker"


def _row(shown: Sequence[Shown]) -> tuple[Block, ...]:
    return (Pictures(tuple(shown)),) if shown else ()


def _shown(lake: Lake, figure: Figure, attacks: str) -> Iterator[Shown]:
    """Yield the picture of one figure's face; nothing where it may not be released, or is no longer there."""
    image_id, place = figure.of("image_id") or "", figure.of("face") or ""
    if not image_id or not set(image_id) <= _HEX or not place.isdecimal():
        return
    sql = f"SELECT status, content, faces FROM images WHERE {among('image_id', [image_id])}"  # noqa: S608 - checked digits
    rows = lake.tables.query(sql).to_pylist()
    if not rows or rows[0]["status"] != Status.ANONYMIZED or int(place) >= len(rows[0]["faces"]):
        return
    face = rows[0]["faces"][int(place)]
    try:
        pixels = crop(rows[0]["content"], face)
    except BadImageError:
        return
    caption = f"{face['method']}, named by {attacks}; image {image_id[:12]}, region {place}"
    yield Shown(_uri(pixels), f"A released {face['kind']}, treated by {face['method']}", caption)


def crop(content: bytes, face: dict[str, Any]) -> NDArray[np.uint8]:
    """Return a region of a released file with a little around it, upright: ``(h, w, 3)`` uint8, small.

    Args:
        content: the released file.
        face: its element of ``faces``.

    Raises:
        BadImageError: it cannot be decoded, or is too large to be shown.
    """
    picture = _picture(content, face.get("frame") or 0)
    x0, y0, x1, y1 = (face["region"][side] for side in ("x0", "y0", "x1", "y1"))
    around = round(max(x1 - x0, y1 - y0) * _AROUND)
    pixels = picture.rgb()[max(0, y0 - around) : y1 + around, max(0, x0 - around) : x1 + around]
    pixels = orientation.upright(np.ascontiguousarray(pixels), picture.orientation)
    return scaled(pixels, SIDE_PX / max(1, *pixels.shape[:2]))


def _picture(content: bytes, frame: int) -> Picture:
    header = imaging.probe(content)
    if header.frames > 1 and header.format in animation.FORMATS:
        frames = animation.frames(content, max_pixels=MAX_PIXELS).frames
        return frames[min(frame, len(frames) - 1)]
    return imaging.decode(content, max_pixels=MAX_PIXELS)


def _uri(pixels: NDArray[np.uint8]) -> str:
    out = io.BytesIO()
    # Encoded anew from pixels: nothing else of the file can come along.
    Image.fromarray(pixels).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
