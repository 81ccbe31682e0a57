"""Search bytes for a template: the same direction as a run of numbers in any float format, whatever their scale."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

Vector = NDArray[np.float64]
KINDS = ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8")
ALIKE = 0.8
"""Cosine from which on a run of numbers is the template, or one of the same face.

By chance no run comes near: two random directions of 128 dimensions have a cosine of 0.09 (standard deviation).
"""
_HUGE = 100.0
"""No template has such numbers; bytes that are no floats at all often do, and would drown what is beside them."""
_TEXT = re.compile(rb"(?:\(?[-+]?\d++(?:\.\d*+)?(?:[eE][-+]?\d++)?[\s,;\[\]()]++){32,}")
_NUMPY = re.compile(rb"np\.float\d+\(")
"""How NumPy writes a number in a list."""
_NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def like(data: bytes, templates: Sequence[NDArray[np.floating]]) -> list[str]:
    """Return where in some bytes a template is: its number, the format, and the place.

    Every byte offset is looked at, in half, single and double precision of both byte orders, and lists of numbers as
    text. A template that was scaled, normalised, rounded, or made of the face anew is found as well. Bytes that are
    UTF-8 as a whole are looked at as text alone: so many floats in a row are none.

    Cost: a second for a megabyte and template, a hundredth of that for text.
    """
    if len(data) < min((one.size for one in templates), default=0) * np.dtype(KINDS[0]).itemsize:
        return []  # nothing of this length could be one: what looks like base64 in a log is thousands of such
    wanted = [np.asarray(one, np.float64).ravel() / np.linalg.norm(one) for one in templates]
    found = []
    for how, numbers in _readings(data):
        for number, one in enumerate(wanted):
            cosines = _cosines(numbers, one)
            if len(cosines) and cosines.max() >= ALIKE:
                found.append(f"template {number} as {how}, cosine {cosines.max():.3f} at {int(cosines.argmax())}")
    return found


def _readings(data: bytes) -> Iterator[tuple[str, Vector]]:
    for kind in () if _is_text(data) else KINDS:
        size = np.dtype(kind).itemsize
        for shift in range(size):
            numbers = np.frombuffer(data, kind, max(0, len(data) - shift) // size, min(shift, len(data)))
            with np.errstate(all="ignore"):
                wide = numbers.astype(np.float64)
                yield f"{kind}+{shift}", np.where(np.abs(wide) < _HUGE, wide, 0.0)
    for text in _TEXT.finditer(_NUMPY.sub(b"(", data)):
        yield f"text at {text.start()}", np.array([float(word) for word in _NUMBER.findall(text[0])])


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _cosines(numbers: Vector, one: Vector) -> Vector:
    """Return the cosine of a direction with each run of as many numbers."""
    size = len(one)
    if len(numbers) < size:
        return np.empty(0)
    squares = np.concatenate([[0.0], np.cumsum(np.square(numbers))])
    lengths = np.sqrt(np.maximum(squares[size:] - squares[:-size], 0.0))
    dots = oaconvolve(numbers, one[::-1], mode="valid")
    # Where the run is next to nothing beside what else is in the bytes, its cosine is rounding alone.
    sure = lengths > 1e-6 * max(1.0, float(np.sqrt(squares[-1])))
    return np.divide(dots, lengths, out=np.zeros_like(dots), where=sure)
