"""dlib's shape predictor as plain arrays, made from dlib's own file without dlib.

The file (Kazemi and Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees", 2014, as trained
by Davis King): a mean shape in the unit square, then for each level of the cascade its trees, and for each level where
the pixels lie that its trees compare: which point of the mean shape each is near, and how far from it. Each tree is its
splits (two pixels and a threshold), the root first and the children of split i at 2 i + 1 and 2 i + 2, and a shape to
add for each leaf. How numbers are written: :mod:`.dlib_format`; how the arrays are kept: :mod:`.tensors`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models import tensors
from anonymizer_udfs.models.dlib_format import Floats, Reader, reals

_VERSION = 1
_SPLIT_NUMBERS = 4
"""Integers of a split: two pixels, and a threshold's mantissa and exponent."""
_MOST_BITS = 16
Arrays = dict[str, NDArray[Any]]


def convert(content: bytes) -> bytes:
    """Return the predictor as the bytes of :mod:`.tensors`.

    ``shape`` (points, 2), ``splits`` (levels, trees, splits, 2), ``thresholds`` (levels, trees, splits), ``leaves``
    (levels, trees, splits + 1, points, 2), ``anchors`` (levels, pixels), ``deltas`` (levels, pixels, 2). Runs on the
    driver; some ten seconds and 400 MB for 68 points.

    Args:
        content: ``shape_predictor_68_face_landmarks.dat``, or another predictor whose trees are all of one depth.

    Raises:
        ModelFormatError: if it is no such file.
    """
    reader = Reader(content)
    if reader.integers(1)[0] != _VERSION:
        raise ModelFormatError("expected a shape predictor of version 1 in dlib's file, got something else")
    shape = _shape(reader)
    forests = [_forest(reader, shape.size) for _ in range(_count(reader))]
    anchors = [reader.integers(_count(reader)) for _ in range(_count(reader))]
    deltas = [reals(reader.integers(4 * _count(reader))).reshape(-1, 2) for _ in range(_count(reader))]
    if reader.at != len(content):
        raise ModelFormatError(f"expected dlib's shape predictor to end after {reader.at} bytes, got {len(content)}")
    arrays: Arrays = {"shape": shape}
    arrays["splits"] = _whole("splits", _stacked("trees", [forest[0] for forest in forests]))
    arrays["thresholds"] = _stacked("trees", [forest[1] for forest in forests])
    arrays["leaves"] = _stacked("trees", [forest[2] for forest in forests])
    arrays["anchors"] = _whole("anchors", _stacked("pixels", anchors))
    arrays["deltas"] = _stacked("pixels", deltas)
    return tensors.pack(arrays)


def _count(reader: Reader) -> int:
    """Return how many things follow: at least one, and no more than there are bytes for."""
    count = int(reader.integers(1)[0])
    if not 0 < count <= len(reader.content) - reader.at:
        raise ModelFormatError(f"dlib's shape predictor has {count} of something at byte {reader.at}, which cannot be")
    return count


def _shape(reader: Reader) -> Floats:
    """Return the mean shape, ``(points, 2)``."""
    rows, columns = (-int(side) for side in reader.integers(2))
    if columns != 1 or not 0 < rows <= len(reader.content) or rows % 2:
        raise ModelFormatError(f"expected the coordinates of a mean shape in dlib's file, got {rows}x{columns} numbers")
    return reals(reader.integers(2 * rows)).reshape(-1, 2)


def _forest(reader: Reader, numbers: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return a level's splits ``(trees, splits, 2)``, thresholds and leaves ``(trees, leaves, points, 2)``."""
    trees = [_tree(reader, numbers) for _ in range(_count(reader))]
    splits, thresholds, leaves = (_stacked("splits", [tree[part] for tree in trees]) for part in range(3))
    return splits, thresholds, leaves


def _tree(reader: Reader, numbers: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return a tree's splits ``(splits, 2)``, thresholds ``(splits,)`` and leaves ``(splits + 1, points, 2)``."""
    splits = reader.integers(_SPLIT_NUMBERS * _count(reader)).reshape(-1, _SPLIT_NUMBERS)
    count = _count(reader)
    if count != len(splits) + 1 or count & len(splits):
        raise ModelFormatError(f"expected whole trees in dlib's file, got one of {len(splits)} splits, {count} leaves")
    leaves = reader.integers(count * (2 + 2 * numbers)).reshape(count, -1)
    if (leaves[:, :2] != (-numbers, -1)).any():
        raise ModelFormatError(f"expected leaves of {numbers} numbers in dlib's file, got another size")
    return splits[:, :2], reals(splits[:, 2:])[:, 0], reals(leaves[:, 2:]).reshape(count, -1, 2)


def _stacked(what: str, parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Return what all levels or trees have in one array."""
    shapes = {part.shape for part in parts}
    if len(shapes) != 1:
        raise ModelFormatError(f"expected as many {what} everywhere in dlib's shape predictor, got {sorted(shapes)}")
    return np.stack(parts)


def _whole(what: str, values: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Return indices as they are kept."""
    if values.min() < 0 or int(values.max()) >> _MOST_BITS:
        low, high = values.min(), values.max()
        raise ModelFormatError(f"dlib's shape predictor has {what} of {low} to {high}, which cannot be")
    return values.astype(np.uint16)
