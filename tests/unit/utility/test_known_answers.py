"""Measures on pictures whose answer can be worked out by hand."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from anonymizer_udfs.boxes import empty
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.landmarks import Points
from anonymizer_udfs.landmarks.marks import Marks
from anonymizer_udfs.utility import (
    ChangedOutside,
    ColourDistance,
    FaceCount,
    Figure,
    Pair,
    PersonCount,
    PointsKept,
    Psnr,
    Sharpness,
)
from tests.unit.utility.test_contract import MARKS, noise

NONE = np.zeros((0, 4), np.int64)
REGION = np.array([[2, 2, 6, 6]])


def test_changed_pixels_are_counted_once_and_only_outside() -> None:
    """Of 100 pixels 16 are a region; of the 84 others three changed, one of them in two channels."""
    before = np.zeros((10, 10, 3), np.uint8)
    after = before.copy()
    after[3, 3] = after[0, 0] = 9
    after[0, 9, :2] = after[9, 9, 0] = 1
    figures = ChangedOutside().measure(Pair(before, after, REGION))
    assert figures["changed_outside"].value == 3 / 84


def test_strips_are_put_together() -> None:
    """A picture of several strips gives what its parts give."""
    before = noise(shape_hw=(1200, 8))
    after = before.copy()
    after[[0, 511, 512, 1199], 3] ^= 1
    pair = Pair(before, after, NONE)
    assert ChangedOutside().measure(pair)["changed_outside"].value == 4 / (1200 * 8)
    parts = [before[:600], before[600:]]
    whole, upper, lower = (
        ColourDistance().measure(Pair(one, 255 - one, NONE))["colour_distance_outside"].value
        for one in (before, *parts)
    )
    assert whole == pytest.approx((upper + lower) / 2, abs=0.03)
    grey = before.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    smooth = cv2.blur(before, (3, 3))
    variance = [cv2.Laplacian(one, cv2.CV_32F).var() for one in (grey, smooth.astype(np.float32) @ LUMA)]
    ratio = Sharpness().measure(Pair(before, smooth, NONE))["sharpness_outside"].value
    assert ratio == pytest.approx(variance[1] / variance[0], rel=1e-3)


LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def test_a_region_alike_in_a_larger_picture_is_as_sharp() -> None:
    """What is around a region counts for the pixels at its edge, as in the whole picture's Laplacian."""
    before, after = noise(), cv2.blur(noise(), (3, 3))
    x0, y0, x1, y1 = 10, 12, 30, 34
    spread = [cv2.Laplacian(one.astype(np.float32) @ LUMA, cv2.CV_32F)[y0:y1, x0:x1].var() for one in (before, after)]
    found = Sharpness().measure(Pair(before, after, np.array([[x0, y0, x1, y1]])))["sharpness_inside"].value
    assert found == pytest.approx(spread[1] / spread[0], rel=1e-3)


def test_an_even_picture_has_no_sharpness() -> None:
    """Nothing can be said of what was never sharp."""
    grey = np.full((20, 20, 3), 90, np.uint8)
    assert Sharpness().measure(Pair(grey, noise(shape_hw=(20, 20)), np.array([[2, 2, 9, 9]]))) == {}


def test_colours_count_wherever_they_lie() -> None:
    """A mirror image has the same colours; of two halves of which one changed, half is left."""
    before = noise()
    assert ColourDistance().measure(Pair(before, before[:, ::-1], NONE))["colour_distance_outside"].value == 0
    dark = np.zeros((4, 4, 1), np.uint8)
    half = dark.copy()
    half[:2] = 255
    assert ColourDistance().measure(Pair(dark, half, NONE))["colour_distance_outside"].value == 0.5


@pytest.mark.parametrize("bins", [1, 257])
def test_bins_are_checked(bins: int) -> None:
    """One bin tells nothing apart, and there are 256 levels."""
    with pytest.raises(SpecError, match="bins must be from 2 to 256"):
        ColourDistance(bins)


def test_psnr_inside_is_the_mean_over_regions() -> None:
    """One region with every value off by one, one untouched."""
    before = np.full((20, 20, 3), 90, np.uint8)
    after = before.copy()
    after[2:6, 2:6] += 1
    figure = Psnr().measure(Pair(before, after, np.array([[2, 2, 6, 6], [10, 10, 12, 12]])))["psnr_inside"]
    assert figure.value == pytest.approx((20 * math.log10(255) + 100) / 2)
    assert figure.cases == 2


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [(0, 0, None), (2, 2, 1.0), (2, 1, 0.0), (0, 1, 0.0)],
    ids=["none", "as-many", "fewer", "more"],
)
def test_faces_are_counted_wherever_they_are(before: int, after: int, says: float | None) -> None:
    """A face that is found where none was is as wrong as one that is lost; where none ever is, nothing is said."""
    box = np.array([[0, 0, 5, 5]], np.float32)
    picture = noise(shape_hw=(9, 9))
    pair = Pair(picture, picture, NONE, *(np.concatenate([empty(), *[box] * n]) for n in (before, after)))
    found = FaceCount().measure(pair)
    assert (found["face_count_kept"].value if found else None) == says


@pytest.mark.parametrize(
    ("before", "after", "count", "retained"),
    [
        pytest.param([], [], None, None, id="nobody"),
        pytest.param([0, 20], [0, 20], 1.0, 1.0, id="all"),
        pytest.param([0, 20], [20], 0.0, 0.5, id="one lost"),
        pytest.param([0], [40], 1.0, 0.0, id="another"),
        pytest.param([], [40], 0.0, None, id="one invented"),
    ],
)
def test_people_are_counted_and_found_again(
    before: list[int], after: list[int], count: float | None, retained: float | None
) -> None:
    """As many is one question, the same ones is another; where nobody ever is, nothing is said."""
    picture = noise(shape_hw=(9, 60))
    people = (np.array([[x, 0, x + 9, 9] for x in at], np.float32).reshape(-1, 4) for at in (before, after))
    found = PersonCount().measure(Pair(picture, picture, NONE, people_before=next(people), people_after=next(people)))
    assert found.get("person_count_kept") == (None if count is None else Figure(count, 1))
    assert found.get("person_retention") == (None if retained is None else Figure(retained, len(before)))


def points(*pairs: tuple[Marks, Marks]) -> dict[str, tuple[float, int]]:
    """Return value and cases of each figure of points."""
    picture = noise(shape_hw=(9, 9))
    found = PointsKept().measure(Pair(picture, picture, NONE, marks=pairs))
    return {name: (figure.value, figure.cases) for name, figure in found.items()}


def test_without_points_nothing_is_said_of_them() -> None:
    """Nobody looked, or the face has no place."""
    nobody = Marks.of(np.zeros((4, 4, 3), np.uint8), Points.none("68"))
    assert points() == {}
    assert points((MARKS, nobody)) == {}


def test_each_face_counts_for_what_can_be_said_of_it() -> None:
    """Of two faces one has no gaze; the other's turns by a tenth of an eye."""
    found = points((MARKS, replace(MARKS, gaze=math.nan)), (MARKS, replace(MARKS, gaze=MARKS.gaze + 0.1)))
    assert found["gaze_error"] == (pytest.approx(0.1), 1)
    assert found["landmark_error"] == (0, 2)


def test_a_blink_is_told() -> None:
    """Of two faces one shuts its eyes, and the other only narrows them."""
    shut, narrow = replace(MARKS, open_eyes=0.1), replace(MARKS, open_eyes=0.2)
    assert points((MARKS, shut), (MARKS, narrow))["blink_agreement"] == (0.5, 2)


def test_a_roll_over_the_half_turn_is_short() -> None:
    """From 179 to -179 degrees it is two."""
    one, other = (replace(MARKS, turn=replace(MARKS.turn, roll=roll)) for roll in (179, -179))
    assert points((one, other))["roll_error"] == (pytest.approx(2), 1)
