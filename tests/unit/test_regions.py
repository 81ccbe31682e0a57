"""Regions: what is treated around a box, upright and rolled, at the border and in the smallest picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs import boxes
from anonymizer_udfs.regions import SNAP_DEGREES, Region, face_wh, region

BOX = np.array([40, 40, 60, 64], np.float32)
SIZE = (200, 160)


def whole(one: Region) -> np.ndarray:
    """Return which pixels of a picture of ``SIZE`` are treated."""
    out = np.zeros(SIZE[::-1], bool)
    x0, y0, x1, y1 = one.box
    mask = one.mask()
    out[y0:y1, x0:x1] = True if mask is None else mask
    return out


@pytest.mark.parametrize("roll", [None, 0.0, SNAP_DEGREES, -SNAP_DEGREES, 90.0, 180.0, -95.0], ids=str)
def test_an_upright_or_lying_face_has_a_region_along_the_axes(roll: float | None) -> None:
    """All of the scaled box is treated."""
    one = region(BOX, 2.0, roll, SIZE)
    assert one.box == (30, 28, 70, 76)
    assert one.mask() is None


@pytest.mark.parametrize("roll", [30.0, 45.0, -60.0, 120.0, 150.0], ids=str)
def test_a_rolled_face_has_a_region_that_is_turned_with_it(roll: float) -> None:
    """The head's axis is covered as far as in an upright face, and the corners of the bounding box stay as they are."""
    one = region(BOX, 2.0, roll, SIZE)
    treated = whole(one)
    h = face_wh((20, 24), roll)[1]
    down = np.array([-np.sin(np.radians(roll)), np.cos(np.radians(roll))])
    for reach in np.linspace(-0.98, 0.98, 21):
        x, y = np.array([50, 52]) + down * h * reach
        assert treated[int(y), int(x)]
    x0, y0, x1, y1 = one.box
    corners = treated[[y0, y0, y1 - 1, y1 - 1], [x0, x1 - 1, x0, x1 - 1]]
    assert not corners.any()


CORNERS = st.tuples(st.floats(0, 190), st.floats(0, 150))
SIDES = st.tuples(st.floats(1, 120), st.floats(1, 120))


@given(corner=CORNERS, sides=SIDES, ratio=st.floats(1, 4), roll=st.floats(-180, 180))
def test_a_region_holds_the_detected_box_and_stays_in_the_picture(
    corner: tuple[float, float], sides: tuple[float, float], ratio: float, roll: float
) -> None:
    """Whatever the roll, every pixel that the detector's box touches is treated, and none outside of the picture."""
    (x, y), (w, h) = corner, sides
    box = boxes.clip(np.array([[x, y, x + w, y + h]], np.float32), SIZE)[0]
    one = region(box, ratio, roll, SIZE)
    x0, y0, x1, y1 = boxes.outward(box, SIZE)
    assert whole(one)[y0:y1, x0:x1].all()
    assert 0 <= one.box[0] <= one.box[2] <= SIZE[0]
    assert 0 <= one.box[1] <= one.box[3] <= SIZE[1]


def test_a_region_in_one_pixel() -> None:
    """The smallest picture is its own region."""
    assert region(np.array([0, 0, 1, 1], np.float32), 2.0, 45.0, (1, 1)).box == (0, 0, 1, 1)


@given(w=st.floats(10, 100), aspect=st.floats(0.85, 1.55), roll=st.sampled_from([0, 10, 20, 70, 90, 110, 170, -25]))
def test_a_faces_sides_are_found_from_its_box(w: float, aspect: float, roll: int) -> None:
    """The box of a turned ellipse and the turn give the ellipse back, where the box can tell."""
    h, t = w * aspect, np.radians(roll)
    box_w = np.sqrt((w * np.cos(t)) ** 2 + (h * np.sin(t)) ** 2)
    box_h = np.sqrt((w * np.sin(t)) ** 2 + (h * np.cos(t)) ** 2)
    assert face_wh((box_w, box_h), roll) == pytest.approx((w, h), rel=1e-3)
