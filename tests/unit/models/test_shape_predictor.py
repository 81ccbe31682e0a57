"""Shape predictors: dlib's file converted, and the cascade run, against the same computed number by number."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models import tensors
from anonymizer_udfs.models.convert_dlib_shape import convert
from anonymizer_udfs.models.shape_predictor import read
from tests.support.dlib_file import integer
from tests.support.predictor_file import Predictor

TINY = Predictor.drawn()
CONTENT = TINY.content()
ARRAYS = ("shape", "splits", "thresholds", "leaves", "anchors", "deltas")


def test_nothing_is_no_predictor() -> None:
    """An empty file is a format error, for the conversion and for the reader."""
    with pytest.raises(ModelFormatError):
        convert(b"")
    with pytest.raises(ModelFormatError):
        read(b"")


def test_the_conversion_keeps_every_number() -> None:
    """What dlib's file says is what the arrays hold, to the bit."""
    arrays = tensors.unpack(convert(CONTENT))
    assert list(arrays) == list(ARRAYS)
    for name in ARRAYS:
        np.testing.assert_array_equal(arrays[name], getattr(TINY, name))


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("turn", [0, 33, 180])
def test_the_cascade_is_dlibs(depth: int, turn: int) -> None:
    """On noise, with the face over the picture's edge and turned, points are those of trees walked one by one."""
    cascade = Predictor.drawn(depth, depth=depth)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    turned = 57 * np.array([[cos, -sin], [sin, cos]])
    matrix = np.concatenate([turned, (np.array([[30.3], [34.7]]) - turned @ [[0.5], [0.5]])], 1)
    ours = read(convert(cascade.content()))
    moved = []
    for seed in range(20):
        grey = np.random.default_rng(seed).integers(0, 256, (64, 48), np.uint8)
        points = ours.points(grey, matrix)
        np.testing.assert_allclose(points, cascade.points(grey, matrix), atol=1e-4)
        moved.append(points)
    assert len({points.tobytes() for points in moved}) > 5, "the picture decides what the trees say"


@pytest.mark.parametrize("shape_hw", [(0, 0), (1, 1)], ids=str)
def test_a_picture_without_the_face(shape_hw: tuple[int, int]) -> None:
    """Where no pixel is looked at, all are black, and points are what dark trees say."""
    matrix = np.array([[50.0, 0, 500], [0, 50.0, 500]])
    dark = TINY.points(np.zeros((1, 1), np.uint8), matrix)
    grey = np.full(shape_hw, 200, np.uint8)
    np.testing.assert_allclose(read(convert(CONTENT)).points(grey, matrix), dark, atol=1e-4)


def test_the_same_file_gives_the_same_bytes() -> None:
    """The conversion is a function of the file, so that its result can be pinned by digest; here is one."""
    assert convert(CONTENT) == convert(bytes(CONTENT))
    begin = convert(Predictor.drawn(1, points=1, levels=1, trees=1, depth=1).content())[8:60]
    assert begin == b'{"shape":{"dtype":"F32","shape":[1,2],"data_offsets"'


@given(keep=st.integers(0, len(CONTENT) - 1))
@settings(max_examples=60, deadline=None)
def test_a_cut_file_is_refused(keep: int) -> None:
    """A file that ends too early is a format error wherever it ends, never a predictor with missing parts."""
    with pytest.raises(ModelFormatError):
        convert(CONTENT[:keep])


@given(at=st.integers(0, len(CONTENT) - 1), value=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_refused_or_gives_a_predictor(at: int, value: int) -> None:
    """Whatever one byte says, the conversion refuses it or what it makes can be read, and looks at no other memory."""
    changed = CONTENT[:at] + bytes([value]) + CONTENT[at + 1 :]
    try:
        made = read(convert(changed))
    except ModelFormatError:
        return
    assert np.isfinite(made.points(np.zeros((9, 9), np.uint8), np.eye(2, 3))).all()


def changed(**parts: object) -> bytes:
    """Return the file of a predictor with other parts."""
    return Predictor(**{**{name: getattr(TINY, name) for name in ARRAYS}, **parts}).content()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (integer(2) + CONTENT[2:], "version 1"),
        (b"\x11" + CONTENT[1:], "something else"),
        (b"\x08\1\0\0\0\0\0\0\0" + CONTENT[2:], "something else"),
        (CONTENT + b"\x01\x00", "end after"),
        (integer(1) + integer(-5) + integer(-1) + CONTENT[6:], "mean shape"),
        (integer(1) + integer(-(10**9)) + integer(-1) + CONTENT[6:], "mean shape"),
        (integer(1) + integer(-2) + integer(-1) + 2 * (integer(1) + integer(32000)), "finite"),
        (integer(1) + integer(-2) + integer(-1) + 4 * integer(1) + integer(0), "has 0 of something"),
        (integer(1) + integer(-2) + integer(-1) + 4 * integer(1) + integer(10**12), "cannot be"),
        (changed(thresholds=TINY.thresholds[:, :, :2], splits=TINY.splits[:, :, :2]), "whole trees"),
        (changed(leaves=TINY.leaves[:, :, :, :4]), "leaves of 10 numbers"),
        (changed(anchors=TINY.anchors + 70000), "anchors"),
        (changed(anchors=TINY.anchors - 9), "anchors"),
    ],
    ids=[
        "version", "a text in place of a number", "too large a number", "more behind it", "half a point",
        "a shape beyond the file", "infinite", "nothing", "too many", "half a tree", "another shape in leaves",
        "too large an index", "negative index",
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(content: bytes, match: str) -> None:
    """Another version, sizes that contradict each other and numbers that are none are format errors that say so."""
    with pytest.raises(ModelFormatError, match=match):
        convert(content)


def spoilt(**parts: np.ndarray) -> bytes:
    """Return converted arrays with other ones among them."""
    return tensors.pack({**tensors.unpack(convert(CONTENT)), **parts})


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: spoilt(splits=np.full(TINY.splits.shape, 9, np.uint16)), id="a pixel that is not there"),
        pytest.param(lambda: spoilt(anchors=np.full(TINY.anchors.shape, 5, np.uint16)), id="a point that is not there"),
        pytest.param(lambda: spoilt(leaves=np.full(TINY.leaves.shape, np.nan, np.float32)), id="not finite"),
        pytest.param(lambda: spoilt(deltas=TINY.deltas[:, :4]), id="other sizes"),
        pytest.param(lambda: spoilt(shape=np.ones((5, 2), np.float32)), id="all points in one"),
        pytest.param(lambda: spoilt(thresholds=TINY.thresholds.astype(np.uint16)), id="whole thresholds"),
        pytest.param(lambda: spoilt(shape=TINY.anchors.astype(np.uint16)), id="another array in its place"),
        pytest.param(lambda: spoilt(more=TINY.shape), id="one array more"),
        pytest.param(lambda: tensors.pack({}), id="none"),
        pytest.param(lambda: spoilt(leaves=np.zeros((0, 6, 4, 5, 2), np.float32)), id="no levels"),
    ],
)
def test_arrays_that_are_no_predictor_are_refused(make: Callable[[], bytes]) -> None:
    """What the reader is given must be whole, belong together and lead nowhere else."""
    with pytest.raises(ModelFormatError):
        read(make())
