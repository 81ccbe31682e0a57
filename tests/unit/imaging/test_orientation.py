"""Coordinates of the upright picture land on the same pixels of the stored one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from anonymizer_udfs.boxes import empty
from anonymizer_udfs.imaging.orientation import boxes_to_stored, points_to_stored, upright

EACH = pytest.mark.parametrize("orientation", range(1, 9))


@EACH
def test_no_boxes(orientation: int) -> None:
    """No boxes stay no boxes, and no points no points."""
    assert boxes_to_stored(empty(), orientation, (5, 4)).shape == (0, 4)
    assert points_to_stored(np.zeros((0, 5, 2), np.float32), orientation, (5, 4)).shape == (0, 5, 2)


@EACH
def test_upright_is_as_pillow_turns_it(orientation: int) -> None:
    """Our table of turns is that of an outside implementation."""
    stored = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    image = Image.fromarray(stored)
    image.getexif()[274] = orientation
    turned = upright(stored, orientation)
    assert np.array_equal(turned, np.asarray(ImageOps.exif_transpose(image)))
    assert turned.flags.c_contiguous


@given(data=st.data(), orientation=st.integers(1, 8), width=st.integers(1, 12), height=st.integers(1, 12))
def test_boxes_hold_the_same_pixels(data: st.DataObject, orientation: int, width: int, height: int) -> None:
    """The pixels in a half-open upright box are exactly those in its stored box, for all turns."""
    stored = np.arange(height * width, dtype=np.uint8).reshape(height, width, 1)
    seen = upright(stored, orientation)
    tall, wide = seen.shape[:2]
    x0, y0 = data.draw(st.integers(0, wide - 1)), data.draw(st.integers(0, tall - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, wide)), data.draw(st.integers(y0 + 1, tall))
    box = boxes_to_stored(np.array([[x0, y0, x1, y1]], np.float32), orientation, (width, height))
    a, b, c, d = box[0].astype(int)
    assert set(stored[b:d, a:c].ravel().tolist()) == set(seen[y0:y1, x0:x1].ravel().tolist())
    assert box.dtype == np.float32


@given(orientation=st.integers(1, 8), x=st.integers(0, 9), y=st.integers(0, 6))
def test_points_land_on_their_pixel(orientation: int, x: int, y: int) -> None:
    """A pixel's middle in the upright picture is that pixel's middle in the stored one."""
    stored = np.arange(70, dtype=np.uint8).reshape(7, 10, 1)
    seen = upright(stored, orientation)
    x, y = x % seen.shape[1], y % seen.shape[0]
    point = np.array([[[x + 0.5, y + 0.5]]], np.float32)
    u, v = points_to_stored(point, orientation, (10, 7))[0, 0]
    assert stored[int(v), int(u), 0] == seen[y, x, 0]


def test_unknown_orientation_is_refused() -> None:
    """Only the eight of the standard exist."""
    with pytest.raises(ValueError, match="1 to 8, got 9"):
        upright(np.zeros((1, 1, 3), np.uint8), 9)
