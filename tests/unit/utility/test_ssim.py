"""Structural similarity against a second implementation and against what it must not depend on."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from anonymizer_udfs.utility import Pair, Ssim, ssim_inside, ssim_outside
from anonymizer_udfs.utility.base import Picture
from anonymizer_udfs.utility.ssim import grey, ssim_map

WHOLE = np.zeros((0, 4), np.int64)


def two(dtype: type[np.generic], shape: tuple[int, int, int]) -> tuple[Picture, Picture]:
    """Return a smooth picture and the same with noise."""
    top = int(np.iinfo(dtype).max)
    rng = np.random.default_rng(6)
    y, x = np.mgrid[: shape[0], : shape[1]]
    smooth = (0.5 + 0.4 * np.sin(x / 7) * np.cos(y / 9))[..., None] * top
    noisy = smooth + rng.normal(0, 0.1 * top, shape)
    first, second = (np.clip(np.broadcast_to(p, shape), 0, top).astype(dtype) for p in (smooth, noisy))
    return first, second


@pytest.mark.parametrize("dtype", [pytest.param(np.uint8, id="8-bit"), pytest.param(np.uint16, id="16-bit")])
@pytest.mark.parametrize("shape", [pytest.param((64, 80, 3), id="rgb"), pytest.param((40, 30, 1), id="grey")])
def test_equals_scikit_image(dtype: type[np.generic], shape: tuple[int, int, int]) -> None:
    """The map equals that of scikit-image in the paper's setting, at every pixel."""
    before, after = two(dtype, shape)
    top = int(np.iinfo(dtype).max)
    a, b = grey(before, None), grey(after, None)
    _, theirs = structural_similarity(
        a, b, data_range=top, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    assert np.abs(ssim_map(a, b, top) - theirs).max() < 2e-4


def test_strips_give_what_the_whole_gives() -> None:
    """A picture of three strips has the value of one computed at once: no seam shows."""
    before, after = two(np.uint8, (1100, 24, 3))
    figure = Ssim().measure(Pair(before, after, WHOLE))["ssim_outside"]
    whole = ssim_map(grey(before, None), grey(after, None), 255).mean()
    assert abs(figure.value - float(whole)) < 1e-5


def test_eight_and_sixteen_bits_agree() -> None:
    """The same picture at another depth has the same similarity: the data range follows the type."""
    before, after = two(np.uint8, (50, 50, 3))
    narrow = Ssim().measure(Pair(before, after, WHOLE))["ssim_outside"].value
    wide = (p.astype(np.uint16) * 257 for p in (before, after))
    assert abs(Ssim().measure(Pair(*wide, WHOLE))["ssim_outside"].value - narrow) < 1e-5


def test_one_pixel() -> None:
    """The smallest picture has a value, though its window reaches over every edge."""
    before, after = np.full((1, 1, 3), 10, np.uint8), np.full((1, 1, 3), 200, np.uint8)
    figures = Ssim().measure(Pair(before, after, np.array([[0, 0, 1, 1]])))
    assert 0 < figures["ssim_inside"].value < 0.5
    assert "ssim_outside" not in figures


@pytest.mark.parametrize(
    ("regions", "value"),
    [
        pytest.param([], 1.0, id="none"),
        pytest.param([(0, 0, 0, 9)], 1.0, id="empty"),
        pytest.param([(0, 0, 30, 40)], None, id="all"),
    ],
)
def test_outside_of_nothing_and_of_everything(regions: list[tuple[int, int, int, int]], value: float | None) -> None:
    """Without a region all is outside; with a region over all there is no figure."""
    picture, _ = two(np.uint8, (40, 30, 3))
    assert ssim_outside(picture, picture, regions) == value


def test_inside_of_an_empty_region() -> None:
    """Where nothing could change, nothing did."""
    before, after = two(np.uint8, (40, 30, 3))
    assert ssim_inside(before, after, (5, 5, 5, 9)) == 1.0
