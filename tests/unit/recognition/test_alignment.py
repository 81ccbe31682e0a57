"""Alignment: from five points to the chip."""

import numpy as np
import pytest
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.recognition import alignment

TARGET = alignment.target(alignment.DLIB, "scrfd")
SIDE = alignment.DLIB_SIDE_PX


def drawn(side: int) -> NDArray[np.uint8]:
    """Return a smooth picture with a different value everywhere."""
    y, x = np.mgrid[0:side, 0:side] / side
    waves = np.stack([np.sin(5 * x + 2 * y), np.cos(4 * y), np.sin(3 * x * y)], -1)
    return np.asarray(127 + 100 * waves, np.uint8)


def placed(scale: float, turn_degrees: float, move: tuple[float, float]) -> NDArray[np.float32]:
    """Return the target points as they lie in a picture that is scaled, turned and moved."""
    turn = scale * np.exp(1j * np.deg2rad(turn_degrees))
    z = (TARGET[:, 0] + 1j * TARGET[:, 1]) * turn + complex(*move)
    return np.stack([z.real, z.imag], -1).astype(np.float32)


def test_no_face_gives_no_chip() -> None:
    """Without landmarks there are no chips."""
    none = np.zeros((0, 5, 2), np.float32)
    assert alignment.chips(drawn(20), none, TARGET, SIDE).shape == (0, SIDE, SIDE, 3)


def test_an_unknown_detector_is_refused() -> None:
    """The points of one detector are never aligned onto another one's target."""
    with pytest.raises(UnknownNameError, match="centerface"):
        alignment.target(alignment.DLIB, "centreface")


@pytest.mark.parametrize("templates", [alignment.DLIB, alignment.ARCFACE], ids=["dlib", "arcface"])
def test_each_recognizer_knows_each_detector(templates: alignment.Templates) -> None:
    """All targets are five points in the order of a face: eyes above the nose above the mouth, left before right."""
    assert set(templates) == {"scrfd", "centerface", "yunet"}
    for detector in templates:
        eye, eye_right, nose, mouth, mouth_right = alignment.target(templates, detector)
        assert eye[0] < nose[0] < eye_right[0]
        assert mouth[0] < nose[0] < mouth_right[0]
        assert max(eye[1], eye_right[1]) < nose[1] < min(mouth[1], mouth_right[1])


@pytest.mark.parametrize(
    ("scale", "turn", "move"),
    [(1, 0, (0, 0)), (0.2, 0, (40, 7)), (3, 30, (200, -20)), (9, -100, (900, 900)), (1, 180, (150, 150))],
    ids=["in place", "small", "turned", "large", "upside down"],
)
def test_a_similarity_is_recovered(scale: float, turn: float, move: tuple[float, float]) -> None:
    """Points that are a scaled, turned and moved target come back onto it."""
    points = placed(scale, turn, move)
    matrix = alignment.similarity_transform(points, TARGET)
    assert np.abs(points @ matrix[:, :2].T + matrix[:, 2] - TARGET).max() < 1e-3
    assert np.isclose(np.linalg.det(matrix[:, :2]), scale**-2, rtol=1e-4)


def test_points_that_fall_together_only_move() -> None:
    """Five equal points have no direction and no size; the matrix is finite all the same."""
    matrix = alignment.similarity_transform(np.full((5, 2), 9.0), TARGET)
    assert matrix[:, :2].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("scale", [1.0, 1.7, 4.0], ids=["same", "somewhat larger", "shrunk first"])
def test_the_chip_is_the_picture_at_the_target(scale: float) -> None:
    """A face of any size gives the same chip, up to interpolation."""
    side = round(SIDE * scale)
    chip = alignment.chips(drawn(side), placed(scale, 0, (0, 0))[None], TARGET, SIDE)[0]
    inner = np.s_[4:-4, 4:-4]
    assert np.abs(chip[inner].astype(int) - drawn(SIDE)[inner]).max() <= 4


def test_a_large_face_does_not_alias() -> None:
    """A pattern finer than the chip's pixels is averaged away, not sampled."""
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::2] = 255
    chip = alignment.chips(stripes, placed(8, 0, (0, 0))[None], TARGET, SIDE)[0]
    assert np.ptp(chip[4:-4, 4:-4].astype(int)) <= 4


def test_outside_of_the_picture_is_black() -> None:
    """A face beyond the border, and one wholly outside, are black there."""
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    chips = alignment.chips(white, np.stack([placed(1, 0, (75, 0)), placed(1, 0, (5000, 0))]), TARGET, SIDE)
    assert chips[0][:, :70].min() == 255
    assert chips[0][:, 80:].max() == 0
    assert chips[1].max() == 0


def test_a_picture_wider_than_opencv_warps() -> None:
    """A panorama of more than 32,767 pixels works: only the face's part is touched."""
    wide = np.zeros((160, 40_000, 3), np.uint8)
    wide[:150, 39_000:39_150] = drawn(SIDE)
    chip = alignment.chips(wide, placed(1, 0, (39_000, 0))[None], TARGET, SIDE)[0]
    assert np.abs(chip.astype(int) - drawn(SIDE)).max() <= 1


@pytest.mark.parametrize(
    ("picture", "landmarks"),
    [
        (np.zeros((9, 9), np.uint8), np.zeros((1, 5, 2))),
        (np.zeros((9, 9, 3), np.float32), np.zeros((1, 5, 2))),
        (np.zeros((9, 9, 3), np.uint8), np.zeros((5, 2))),
        (np.zeros((9, 9, 3), np.uint8), np.full((1, 5, 2), np.nan)),
    ],
    ids=["grey", "float", "one face", "not a number"],
)
def test_other_shapes_are_refused(picture: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
    """A picture or landmarks of another form are an error, not a guess."""
    with pytest.raises(SpecError):
        alignment.chips(picture, landmarks, TARGET, SIDE)
