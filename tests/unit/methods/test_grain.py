"""Grain: how strong it is in a picture, whatever else the picture shows, and as much of it again."""

import numpy as np
import pytest

from anonymizer_udfs.methods.grain import STEPS, grain, grain_levels
from tests.unit.methods.cases import face, rng


def noisy(deviation: float, shape: tuple[int, int, int] = (128, 128, 3)) -> np.ndarray:
    """Return grey with normal noise, in levels."""
    return np.random.default_rng(3).normal(128, deviation, shape)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("step", STEPS[1:])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16], ids=["8-bit", "16-bit"])
def test_white_noise_is_told_by_its_deviation(dtype: type[np.generic], step: float, channels: int) -> None:
    """At any depth and number of channels."""
    scale = np.iinfo(dtype).max / 255
    pixels = (noisy(step, (128, 128, channels)) * scale).clip(0, 255 * scale).round().astype(dtype)
    assert grain_levels(pixels) == step


def test_what_lies_between_two_steps_goes_to_the_nearer_one() -> None:
    """As powers of two have it; a level and less is rounding, or nothing."""
    assert [grain_levels(noisy(d).round().astype(np.uint8)) for d in (2.5, 3.2, 5.0, 6.4, 40.0)] == [2, 4, 4, 8, 16]
    assert grain_levels(np.full((64, 64, 3), 77, np.uint8)) == 0


def test_edges_and_textures_count_for_little() -> None:
    """With stripes and squares over half of the picture its grain is told as without them."""
    pixels = noisy(4)
    pixels[::7, :64] += 80
    pixels[32:50, 20:70] -= 90
    assert grain_levels(pixels.clip(0, 255).round().astype(np.uint8)) == 4


def test_a_large_picture_is_sampled() -> None:
    """Of a large one some of the pixels tell the same."""
    assert grain_levels(noisy(8, (1500, 700, 1)).round().clip(0, 255).astype(np.uint8)) == 8


def test_one_channel_with_grain_is_enough() -> None:
    """Planes that are empty, such as unused inks, do not make it weaker."""
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 3] = noisy(8, (64, 64, 1))[..., 0].round()
    assert grain_levels(pixels) == 8


@pytest.mark.parametrize("shape", [(0, 5, 3), (1, 1, 1), (1, 40, 3), (2, 2, 1), (3, 3, 2)])
def test_the_smallest_pictures_have_some_grain_or_none(shape: tuple[int, int, int]) -> None:
    """And are no error."""
    assert grain_levels(np.zeros(shape, np.uint8)) == 0
    assert grain_levels(np.full(shape, 65535, np.uint16)) == 0


@pytest.mark.parametrize("levels", STEPS)
def test_grain_that_is_made_is_as_strong_as_asked_for(levels: float) -> None:
    """Centred, white, and of that deviation; another key makes another one."""
    made = grain((300, 200), levels, rng()) * 255
    assert made.mean() == pytest.approx(0, abs=0.02 * levels)
    assert made.std() == pytest.approx(levels, rel=0.01)
    if levels:
        assert np.corrcoef(made[:, 1:].ravel(), made[:, :-1].ravel())[0, 1] == pytest.approx(0, abs=0.02)
        assert np.corrcoef(made.ravel(), grain((300, 200), levels, rng(2)).ravel())[0, 1] == pytest.approx(0, abs=0.02)


def test_grain_measured_of_a_drawn_face_is_that_around_it() -> None:
    """A face with a grain of 3.7 levels (whole numbers from -6 to 6) has 4."""
    assert grain_levels(face()) == 4
