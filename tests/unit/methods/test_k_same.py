"""The opaque surrogate: nothing of the face is left, and what is released is the canvas, wherever it was put."""

import hashlib
import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from anonymizer_udfs.detection.findings import roll_degrees
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import KSame, Mask, Patch, Target, surrogate
from anonymizer_udfs.methods.surrogate import HALF, SIDE_PX, Surrogate, placed
from anonymizer_udfs.regions import face_wh
from tests.unit.methods.cases import patches, rng

WIDTH, HEIGHT = 100.0, 134.0
UPRIGHT = np.array([(-0.237, -0.158), (0.237, -0.158), (0.0, 0.104), (-0.203, 0.312), (0.203, 0.312)])


def canvas(seed: int = 0) -> surrogate.Canvas:
    """Return a drawn head with soft edges and a tilted light, in which no two places are alike."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(30, 226, (9, 9, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


SHARED = Surrogate(canvas(), 20)


def face_at(roll: float, scale: float = 1.0) -> tuple[tuple[int, int], Target]:
    """Return the shape of a patch of twice the face, and the face in its middle, turned, in its upright box."""
    angle, wide, high = math.radians(roll), WIDTH * scale, HEIGHT * scale
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    half = math.hypot(wide * c, high * s) / 2, math.hypot(wide * s, high * c) / 2
    side = math.ceil(2 * math.hypot(wide, high))
    middle = side / 2
    points = UPRIGHT @ turn.T * wide + middle
    box = (middle - half[0], middle - half[1], middle + half[0], middle + half[1])
    return (side, side), Target(box, landmarks=tuple((x, y) for x, y in points.tolist()), surrogate=SHARED)


def taken_back(released: Patch, target: Target, roll: float, side_px: int) -> Patch:
    """Return the canvas as far as a released patch shows it, at a coarser size, by the record's box and roll alone."""
    x0, y0, x1, y1 = target.box_xyxy
    width = face_wh((x1 - x0, y1 - y0), roll)[0]
    matrix = placed(((x0 + x1) / 2, (y0 + y1) / 2), width, roll)
    back = cv2.warpAffine(
        released, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=1
    )
    return np.asarray(cv2.resize(back, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("roll", [0.0, 8.0, 25.0, -30.0, 70.0, 100.0, 180.0])
def test_released_faces_warped_back_are_the_canvas(roll: float, scale: float) -> None:
    """Within the region that every face of a group shares, at any size and roll, as far as resampling goes."""
    shape, target = face_at(roll, scale)
    original = rng(3).integers(0, 256, (*shape, 3), np.uint8)
    released = KSame().apply(original, target, rng())
    assert target.landmarks is not None
    said = roll_degrees(np.array(target.landmarks, np.float32))
    assert said == pytest.approx(roll, abs=0.1)
    side = 32
    back = taken_back(released, target, said, side).astype(int)
    wanted = cv2.resize(SHARED.canvas, (side, side), interpolation=cv2.INTER_AREA).astype(int)
    inner = slice(side // 4, -side // 4)  # 1.6 of the face's widths around its centre
    off = np.abs(back - wanted)[inner, inner]
    assert off.max() <= 12
    assert off.mean() <= 2.5


def test_another_canvas_would_not_pass_for_it() -> None:
    """What the test above allows for resampling is far less than what two surrogates differ by."""
    shape, target = face_at(25.0)
    released = KSame().apply(np.zeros((*shape, 3), np.uint8), target, rng())
    other = cv2.resize(canvas(1), (32, 32), interpolation=cv2.INTER_AREA).astype(int)
    off = np.abs(taken_back(released, target, 25.0, 32).astype(int) - other)[8:-8, 8:-8]
    assert off.mean() > 20


@given(case=patches())
@settings(max_examples=150, deadline=None)
def test_nothing_but_alpha_depends_on_the_original(case: tuple[Patch, Target]) -> None:
    """Two originals of a size under one target give the same pixels: every one is replaced, none is blended."""
    patch, target = case
    shared = Target(target.box_xyxy, target.alpha, target.landmarks, SHARED)
    other = np.invert(patch)
    results = [KSame().apply(one, shared, rng(i)) for i, one in enumerate((patch, other))]
    colour = [c for c in range(patch.shape[2]) if c != target.alpha]
    assert np.array_equal(*(one[..., colour] for one in results))
    if target.alpha is not None:
        assert np.array_equal(results[0][..., target.alpha], patch[..., target.alpha])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_say_what_eight_bits_say(channels: int) -> None:
    """Each sample is the 8-bit one times 257, so that no finer level appears."""
    shape, target = face_at(25.0)
    low, high = (KSame().apply(np.zeros((*shape, channels), kind), target, rng()) for kind in (np.uint8, np.uint16))
    assert np.array_equal(high, low.astype(np.uint16) * 257)


def test_colours_are_those_of_the_picture() -> None:
    """Grey is the canvas's luma, ink its complement without black."""
    shape, target = face_at(0.0)
    grey, rgb, ink = (KSame().apply(np.zeros((*shape, n), np.uint8), target, rng()) for n in (1, 3, 4))
    assert np.abs(grey[..., 0].astype(int) - rgb @ [0.299, 0.587, 0.114]).max() <= 1.5
    assert np.abs((255 - ink[..., :3].astype(int)) - rgb).max() <= 1
    assert not ink[..., 3].any()


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(Target((10, 10, 30, 36)), id="nobody-shares"),
        pytest.param(Target((10, 10, 30, 36), surrogate=Surrogate(canvas(), 19)), id="too-few-people"),
        pytest.param(Target((10, 10, 10, 10), surrogate=SHARED), id="no-extent"),
    ],
)
def test_without_a_surrogate_it_is_the_mask(target: Target) -> None:
    """Fail closed: the same bytes as the mask's, and the record says that there is no surrogate."""
    patch = rng(1).integers(0, 256, (40, 44, 3), np.uint8)
    assert np.array_equal(KSame(20).apply(patch, target, rng()), Mask().apply(patch, target, rng()))
    assert KSame(20).noted(target) == {"surrogate_sha256": None}


def test_the_points_move_nothing_but_the_roll() -> None:
    """Where points lie in the box is the face's own and does not show: the surrogate follows box and roll."""
    shape, target = face_at(25.0)
    assert target.landmarks is not None
    moved = tuple((x * 1.03 - 4, y * 1.03 + 2) for x, y in target.landmarks)
    other = Target(target.box_xyxy, None, moved, SHARED)
    patch = np.zeros((*shape, 3), np.uint8)
    assert np.array_equal(KSame().apply(patch, target, rng()), KSame().apply(patch, other, rng()))


def test_a_patch_longer_than_a_warp_may_be_is_filled_to_its_end() -> None:
    """OpenCV refuses 32,768 pixels along a side; tiles meet without a seam."""
    target = Target((0, 0, 40_000, 53_600), surrogate=SHARED)
    made = KSame().apply(np.zeros((3, 40_000, 3), np.uint8), target, rng())
    assert np.abs(np.diff(made[1].astype(int), axis=0)).max() <= 2
    assert (made.max(2) > 0).all()


def test_the_digest_is_that_of_the_pixels() -> None:
    """Anybody can compute it from the canvas; PNG and back keeps it, and another's PNG is refused."""
    assert SHARED.sha256 == hashlib.sha256(SHARED.canvas.tobytes()).hexdigest()
    again = Surrogate.from_png(SHARED.png(), 20, SHARED.sha256)
    assert np.array_equal(again.canvas, SHARED.canvas)
    for data in (Surrogate(canvas(1), 20).png(), b"no picture", SHARED.png()[:-200]):
        with pytest.raises(SpecError, match="surrogate"):
            Surrogate.from_png(data, 20, SHARED.sha256)


@pytest.mark.parametrize(
    ("pixels", "people", "says"),
    [
        pytest.param(np.zeros((9, 9, 3), np.uint8), 20, "canvas must be", id="small"),
        pytest.param(canvas().astype(np.uint16), 20, "canvas must be", id="16-bit"),
        pytest.param(canvas(), 0, "people", id="nobody"),
    ],
)
def test_what_is_no_surrogate_is_refused(pixels: surrogate.Canvas, people: int, says: str) -> None:
    """A canvas of another shape would be put elsewhere."""
    with pytest.raises(SpecError, match=says):
        Surrogate(pixels, people)


def test_the_canvas_holds_a_region_of_twice_the_box() -> None:
    """At the median aspect of a face, and at 1.6 times as high as wide its corners are at most at the edge."""
    assert HALF >= 1.34
    assert HALF >= 1.6 * 2 / 2
