"""What small models are shown, against a second implementation and by hand."""

import numpy as np
import pytest
from skimage.feature import hog as reference

from anonymizer_udfs.downstream import small
from anonymizer_udfs.downstream.features import colours, hog
from anonymizer_udfs.errors import SpecError


def test_no_image_has_no_features() -> None:
    """Of the right width all the same."""
    assert hog(np.zeros((0, 64, 64, 3), np.uint8)).shape == (0, 1764)


def test_hog_is_that_of_scikit_image() -> None:
    """On noise, where all directions are, and on a soft slope."""
    images = np.random.default_rng(1).integers(0, 255, (3, 64, 64, 3), np.uint8)
    images[2] = np.arange(64)[None, :, None] * 2 + np.arange(64)[:, None, None]
    grey = images.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    wanted = [reference(one, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2)) for one in grey]
    assert np.allclose(hog(images), wanted, atol=2e-3)


def test_colours_are_told_by_place_and_by_share() -> None:
    """A picture that is red on the left and black on the right."""
    image = np.zeros((1, 64, 64, 3), np.uint8)
    image[:, :, :32, 0] = 255
    found = colours(image)[0]
    assert found.shape == (240,)
    assert found[:192].reshape(8, 8, 3)[0, :, 0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    shares = found[192:].reshape(16, 3)
    assert shares[0].tolist() == [0.5, 1, 1]
    assert shares[15].tolist() == [0.5, 0, 0]


def test_a_small_picture_is_the_mean_of_its_pixels() -> None:
    """Of any size and proportion."""
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 1::2] = 200
    assert np.array_equal(small(wide), np.full((64, 64, 3), 100, np.uint8))
    assert small(np.zeros((1, 1, 3), np.uint8)).shape == (64, 64, 3)
    with pytest.raises(SpecError, match=r"uint8 \(h, w, 3\)"):
        small(np.zeros((4, 4), np.uint8))
