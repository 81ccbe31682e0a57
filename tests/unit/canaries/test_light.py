"""Making a head look like the picture that it goes into."""

import numpy as np
import pytest

from anonymizer_udfs.canaries import light
from anonymizer_udfs.canaries.light import Scene, matched, noise_sigma
from tests.unit.canaries.people import head, scene


def rng() -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(0)


@pytest.mark.parametrize("sigma", [0.0, 2.0, 6.0])
def test_noise_is_measured_on_slopes(sigma: float) -> None:
    """Slopes are no noise; what was added is found again to a tenth or so."""
    y, x = np.mgrid[:120, :160]
    noisy = (x + y / 2 + np.random.default_rng(3).normal(0, sigma, x.shape)).astype(np.float32)
    assert noise_sigma(noisy) == pytest.approx(sigma, rel=0.2, abs=0.05)


def test_texture_in_a_half_of_a_picture_is_no_noise() -> None:
    """Foliage beside a clear sky: the sky counts."""
    picture = np.full((120, 240), 100, np.float32)
    picture[:, 120:] += np.random.default_rng(1).normal(0, 40, (120, 120))
    assert noise_sigma(picture) == 0


def test_a_tiny_picture_has_no_noise_to_measure() -> None:
    """Rather none than a guess."""
    assert noise_sigma(np.zeros((5, 5), np.float32)) == 0


def mean_of(made: np.ndarray, alpha: np.ndarray) -> float:
    """Return how light the opaque part is."""
    return float((made[alpha > 0.5] @ light.LUMA).mean())


def test_a_head_goes_half_of_the_way_to_the_light_of_a_face() -> None:
    """Darker in a dark picture, lighter in a light one, and still itself."""
    one = head()
    under = scene((one.alpha.shape[1], one.alpha.shape[0]))
    own = mean_of(one.rgb.astype(float), one.alpha)
    levels = own / 3, min(250, own * 1.6)
    scenes = [Scene(grey=False, noise=0.0, skins=np.full((50, 3), level, np.float32)) for level in levels]
    dark, bright = (mean_of(matched(one.rgb, one.alpha, under, like, rng()), one.alpha) for like in scenes)
    assert own / 3 < dark < 0.8 * own
    assert 1.1 * own < bright < 1.6 * own


def test_a_noisy_picture_makes_the_head_noisy() -> None:
    """Of the noise that the head lacks it gets all, up to a bound."""
    one = head()
    under = scene((one.alpha.shape[1], one.alpha.shape[0]))
    plain, noisy = (matched(one.rgb, one.alpha, under, Scene(grey=False, noise=sigma), rng()) for sigma in (0.0, 8.0))
    assert noise_sigma(plain @ light.LUMA) < 4
    assert noise_sigma(noisy @ light.LUMA) == pytest.approx(8, rel=0.25)
    wild = matched(one.rgb, one.alpha, under, Scene(grey=False, noise=60.0), rng())
    assert noise_sigma(wild @ light.LUMA) < 1.5 * light.NOISE_MOST


def test_a_grey_picture_makes_the_head_grey() -> None:
    """Exactly."""
    one = head()
    under = scene((one.alpha.shape[1], one.alpha.shape[0]))
    made = matched(one.rgb, one.alpha, under, Scene(grey=True, noise=3.0), rng())
    assert np.ptp(made, axis=2).max() == 0
    assert light.is_grey(np.full((9, 9, 3), 77, np.uint8))
    assert not light.is_grey(scene())
