"""What must be so of one row, whatever its input was: told from the input and what would be stored alone."""

import contextlib
import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs import imaging
from anonymizer_udfs.imaging import Picture, animation
from anonymizer_udfs.imaging.carried import carried
from anonymizer_udfs.imaging.enclosed import enclosed
from anonymizer_udfs.outcome import BadImageError
from tests.hostile.base import REASONS, SHOWN, Hostile
from tests.support.searching import readings_of

RUN_BYTES = 8
"""So many bytes of a source in a row, in a log, are a leak."""
_LEAST_KINDS = 4
"""A run of fewer different bytes (blanks, zeros, a ruler) says nothing of a source."""


def end_of(row: Mapping[str, Any]) -> str:
    """Return how an image ended: ``released``, or its reason."""
    return SHOWN if row["content"] is not None else str(row["reason"])


def judged(one: Hostile, row: Mapping[str, Any], max_pixels: int) -> list[str]:
    """Return what is wrong with a row; nothing where all is as it must be."""
    ended = end_of(row)
    faults = [] if ended in one.must else [f"ended as {ended}, must be one of {', '.join(sorted(one.must))}"]
    faults += _beside(one.data)
    if row["content"] is None:
        if row["status"] != "quarantined" or row["reason"] not in REASONS:
            faults.append(f"held back as {row['status']}, {row['reason']}")
        return faults
    if row["status"] not in {"anonymized", "clean", "review"}:
        return [*faults, f"has bytes and the status {row['status']}"]
    found = [
        (how, word, data.count(word)) for how, data in readings_of(row["content"]) for word in one.gone if word in data
    ]
    seen = seen_in(one.data, max_pixels) if found else []
    # As often as the source's own picture shows it, and not once more.
    faults += [
        f"what was planted is in {how}" for how, word, n in found if n > max((d.count(word) for d in seen), default=0)
    ]
    return faults + list(_pixels(one.data, row, max_pixels))


def _beside(data: bytes) -> list[str]:
    """Return what goes wrong where an image is only asked what it carries: for its risk, and by ``assess``."""
    faults = []
    for name, look in (("carried", carried), ("enclosed", enclosed)):
        try:
            look(data)
        except Exception as error:  # noqa: BLE001 - nothing that is in a file may raise
            faults.append(f"{name} raised {type(error).__name__}")
    return faults


def seen_in(source: bytes, max_pixels: int) -> list[bytes]:
    """Return the pixels that a damaged source shows, in either order of colours.

    Where damage moved a tile, what was planted beside the picture is in it, for everybody to see.
    """
    with contextlib.suppress(BadImageError):
        frames = [one.pixels for one in shown(source, max_pixels)]
        return [pixels.tobytes() for one in frames for pixels in (one, one[..., ::-1] if one.ndim > 2 else one)]
    return []


def shown(data: bytes, max_pixels: int) -> Sequence[Picture]:
    """Return the frames of a file."""
    header = imaging.probe(data)
    if header.frames > 1 and header.format in animation.FORMATS:
        return animation.frames(data, max_pixels=max_pixels).frames
    return (imaging.decode(data, max_pixels=max_pixels),)


def _pixels(source: bytes, row: Mapping[str, Any], max_pixels: int) -> Iterator[str]:
    """Yield where pixels outside of the regions are not the source's."""
    try:
        before, after = shown(source, max_pixels), shown(row["content"], max_pixels)
    except BadImageError as error:
        yield f"source or result cannot be decoded: {error.reason}"
        return
    if [one.size_wh for one in before] != [one.size_wh for one in after]:
        yield "result has other frames or another size than the source"
        return
    if row["reencoded"]:
        return
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        keep = _outside(row["faces"], number, one.pixels.shape[:2])
        if not np.array_equal(one.pixels[keep], other.pixels[keep]):
            yield f"pixels outside of the regions differ in frame {number}"
    if len(before) == 1:
        yield from _by_pillow(source, row, before[0], after[0])


def _by_pillow(source: bytes, row: Mapping[str, Any], before: Picture, after: Picture) -> Iterator[str]:
    """Yield where another reader sees a difference.

    What it cannot read of a source is nobody's fault; nor is a damaged source in which readers see different pixels,
    as long as they agree on the result: a WebP's last pixel from a byte beyond its chunk, say.
    """
    try:
        one = _opened(source)
    except Exception:  # noqa: BLE001 - whatever Pillow says to a damaged source
        return
    try:
        other = _opened(row["content"])
    except Exception as error:  # noqa: BLE001 - it must read what we store
        yield f"Pillow cannot read the result: {type(error).__name__}"
        return
    if one.shape != other.shape:
        yield f"Pillow sees {one.shape} and {other.shape}"
        return
    keep = _outside(row["faces"], 0, one.shape[:2])
    if before.channels.has_alpha:
        keep &= before.pixels[..., -1] > 0
    unlike = one.shape == before.pixels.shape and not np.array_equal(one, before.pixels)
    if not np.array_equal(one[keep], other[keep]) and not (unlike and np.array_equal(other, after.pixels)):
        yield "Pillow sees a difference outside of the regions"


def _opened(data: bytes) -> NDArray[np.generic]:
    """Return what Pillow shows, palettes as colours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image: Image.Image = Image.open(io.BytesIO(data))
        image.load()
        if image.mode in {"P", "PA"}:
            image = image.convert("RGBA")
        elif "transparency" in image.info:
            image.info.pop("transparency")
        return np.asarray(image)


def _outside(faces: Sequence[Mapping[str, Any]], frame: int, shape_hw: tuple[int, ...]) -> NDArray[np.bool_]:
    keep = np.ones(shape_hw[:2], bool)
    for face in faces:
        if face["frame"] == frame:
            box = face["region"]
            keep[box["y0"] : box["y1"], box["x0"] : box["x1"]] = False
    return keep


def _runs(data: bytes) -> NDArray[np.uint64]:
    """Return all runs of eight bytes, as numbers."""
    if len(data) < RUN_BYTES:
        return np.empty(0, np.uint64)
    pieces = [
        np.frombuffer(data, np.uint64, (len(data) - shift) // RUN_BYTES, shift)
        for shift in range(min(RUN_BYTES, len(data) - RUN_BYTES + 1))
    ]
    return np.unique(np.concatenate(pieces))


def _unescaped(said: bytes) -> bytes:
    """Return a text with its escapes of bytes as the bytes that they stand for."""
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), said)


def quoted(said: bytes, sources: Sequence[bytes]) -> list[bytes]:
    r"""Return the runs of eight bytes of any source that are in what was said, as they are or escaped as Python does.

    Runs of fewer than four different bytes are left out: rulers and blanks are in every log.

    Examples:
        >>> quoted(b"cannot read header ABCDEFGH.", [b"....ABCDEFGHIJ"])
        [b'ABCDEFGH']
        >>> quoted(b"tag: b'\\x01\\x02\\x03\\x04ABCD'", [b"\x01\x02\x03\x04ABCD"])
        [b'\x01\x02\x03\x04ABCD']
        >>> quoted(b"a line of --------", [b"----------------"])
        []
    """
    spoken = np.union1d(_runs(said), _runs(_unescaped(said)))
    found: set[bytes] = set()
    for source in sources if len(spoken) else ():
        found |= {one.tobytes() for one in np.intersect1d(spoken, _runs(source), assume_unique=True)}
    return sorted(one for one in found if len(set(one)) >= _LEAST_KINDS)
