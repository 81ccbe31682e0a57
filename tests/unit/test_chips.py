"""Chips of one picture, from the picture itself and from its pyramid."""

import cv2
import numpy as np
import pytest

from anonymizer_udfs.chips import Pyramid, chip

SIDE = 64


def drawn(side: int) -> np.ndarray:
    """A soft picture with structure at every scale that a chip can show."""
    rng = np.random.default_rng(5)
    noise = cv2.resize(rng.integers(0, 256, (side // 24, side // 24, 3), np.uint8), (side, side - 7))
    return np.asarray(noise, np.uint8)


def taking(scale: float, centre: tuple[float, float], degrees: float = 0.0) -> np.ndarray:
    """The matrix that takes a turned square around a point."""
    c, s = np.cos(np.radians(degrees)) * scale, np.sin(np.radians(degrees)) * scale
    turn = np.array([[c, s], [-s, c]])
    return np.concatenate([turn, (SIDE / 2 - turn @ np.array(centre))[:, None]], 1)


@pytest.mark.parametrize("scale", [2.0, 0.9, 0.5, 0.4, 0.23, 0.11])
def test_a_pyramid_gives_what_a_chip_of_its_own_gives(scale: float) -> None:
    """The same place at the same size: half a pixel of the picture further would show in a soft picture."""
    picture = drawn(700)
    matrix = taking(scale, (351.3, 322.8), 33.0)
    ours = Pyramid.of(picture).chip(matrix, SIDE).astype(float)
    alone = chip(picture, matrix, SIDE).astype(float)
    moved = chip(picture, taking(scale, (351.3 + 1 / scale, 322.8), 33.0), SIDE).astype(float)
    assert np.abs(ours - alone).mean() < 0.35 * np.abs(moved - alone).mean()


def test_a_pyramid_halves_once_for_all_chips() -> None:
    """The second chip of a size touches nothing but its own pixels."""
    picture = drawn(700)
    pyramid = Pyramid.of(picture)
    first = pyramid.chip(taking(0.2, (300, 300)), SIDE)
    picture[:] = 0
    assert np.array_equal(pyramid.chip(taking(0.2, (300, 300)), SIDE), first)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (3, 5)])
def test_the_smallest_pictures_have_chips(shape: tuple[int, int]) -> None:
    """A level is never smaller than one pixel."""
    white = np.full((*shape, 3), 255, np.uint8)
    shown = Pyramid.of(white).chip(taking(0.01, (shape[1] / 2, shape[0] / 2)), SIDE)
    assert shown.shape == (SIDE, SIDE, 3)
