"""How high canaries are."""

import numpy as np
import pytest
from scipy import stats

from anonymizer_udfs.canaries.sizes import ASSUMED, LEAST_PX, Sizes, size_class
from anonymizer_udfs.errors import SpecError


def drawn(sizes: Sizes, count: int = 2000, most: float = np.inf) -> np.ndarray:
    """Return many heights."""
    rng = np.random.default_rng(1)
    return np.array([sizes.draw(rng, most) for _ in range(count)], float)


def test_without_a_face_sizes_are_assumed() -> None:
    """An archive in which the job found nobody says nothing of sizes: all of a range are asked."""
    sizes = Sizes.measured({})
    heights = drawn(sizes)
    assert sizes.assumed
    assert (heights >= ASSUMED[0]).all()
    assert (heights <= ASSUMED[1]).all()
    assert heights.min() < 22
    assert heights.max() > 180


def test_sizes_are_those_of_the_archive_by_frequency() -> None:
    """Drawn heights have the archive's distribution; what is too low for the figure is left out."""
    measured = {8: 500, 25: 10, 60: 60, 61: 20, 200: 10}
    heights = np.floor(drawn(Sizes.measured(measured, spread=0)))
    shares = [(heights == height).mean() for height in (25, 60, 61, 200)]
    assert np.allclose(shares, [0.1, 0.6, 0.2, 0.1], atol=0.03)
    assert (heights >= LEAST_PX).all()


def test_a_share_is_drawn_evenly_so_that_blind_sizes_are_asked() -> None:
    """A job that finds only large faces has measured only large ones: small canaries come nevertheless."""
    heights = drawn(Sizes.measured({100: 50}, spread=0.2))
    rest = heights[heights < 100]
    assert 0.15 < len(rest) / len(heights) < 0.25
    even = stats.kstest(np.log(rest), stats.uniform(np.log(LEAST_PX), np.log(100 / LEAST_PX)).cdf)
    assert even.pvalue > 0.001


@pytest.mark.parametrize("most", [20.0, 33.3, 61.0])
def test_no_height_exceeds_what_fits(most: float) -> None:
    """Whatever was measured."""
    heights = drawn(Sizes.measured({60: 5, 300: 5}), 300, most)
    assert (heights <= most).all()
    assert (heights >= LEAST_PX).all()


def test_nothing_fits_below_the_least() -> None:
    """A picture of a few pixels takes none."""
    assert Sizes.measured({60: 5}).draw(np.random.default_rng(0), LEAST_PX - 0.1) is None


@pytest.mark.parametrize("counts", [((30, 1), (25, 1)), ((10, 1),), ((30, 0),)], ids=["falling", "too low", "none"])
def test_counts_that_are_none_are_refused(counts: tuple[tuple[int, int], ...]) -> None:
    """They would be drawn wrongly in silence."""
    with pytest.raises(SpecError, match="rising heights"):
        Sizes(counts)


def test_a_spread_out_of_range_is_refused() -> None:
    """It is a share."""
    with pytest.raises(SpecError, match=r"spread must be in \[0, 1\], got 1.5"):
        Sizes(spread=1.5)


def test_every_height_has_a_class() -> None:
    """The classes leave no gap."""
    assert [size_class(px) for px in (20, 31.99, 32, 127.9, 128, 4000)] == [
        "20-31",
        "20-31",
        "32-63",
        "64-127",
        "128+",
        "128+",
    ]
