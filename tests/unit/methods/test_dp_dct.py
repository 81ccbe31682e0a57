"""The noise of ``dp_dct`` is the one that metric privacy over the Euclidean distance needs."""

import numpy as np
import pytest
from scipy import fft, stats

from anonymizer_udfs.methods import DpDct, Target
from tests.unit.methods.cases import rng

CELLS, CELL_PX, COSINES, EPSILON, RUNS = 16, 4, 3, 200.0, 300
SIDE = CELLS * CELL_PX
KEPT = COSINES**2 * 3
UNIT = 25.5 * np.sqrt(CELLS**2 * 3)
"""Levels over all means that make one unit of distance."""


def noises() -> np.ndarray:
    """Return what was added to the cosines of a grey picture, ``(RUNS, KEPT)``; rounding of pixels moves it little."""
    patch = np.full((SIDE, SIDE, 3), 128, np.uint8)
    out = []
    for seed in range(RUNS):
        made = DpDct(EPSILON, COSINES).apply(patch, Target((0, 0, SIDE, SIDE)), rng(seed)).astype(float) - 128
        means = made.reshape(CELLS, CELL_PX, CELLS, CELL_PX, 3).mean((1, 3))
        out.append(fft.dctn(means, axes=(0, 1), norm="ortho")[:COSINES, :COSINES].ravel())
    return np.stack(out)


@pytest.mark.parametrize(("of", "fits"), [(EPSILON, True), (EPSILON / 1.2, False), (EPSILON * 1.2, False)])
def test_its_length_is_gamma(of: float, fits: bool) -> None:
    """As many degrees of freedom as numbers are kept, one unit over epsilon each; a loss a fifth off is rejected."""
    length = np.linalg.norm(noises(), axis=1)
    assert (stats.kstest(length, stats.gamma(KEPT, scale=UNIT / of).cdf).pvalue > 0.001) == fits


def test_its_direction_is_even() -> None:
    """Of a vector drawn evenly from a sphere, the share of each number in the squared length has a beta law."""
    drawn = noises()
    share = drawn**2 / (drawn**2).sum(1, keepdims=True)
    law = stats.beta(0.5, (KEPT - 1) / 2).cdf
    assert min(stats.kstest(column, law).pvalue for column in share.T) > 0.001
    assert abs((drawn > 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(drawn.size)


def test_two_pictures_at_one_unit_are_one_unit_apart() -> None:
    """The distance that the loss is told for: means that differ by 25.5 levels everywhere."""
    dark = np.full((CELLS, CELLS, 3), 100.0)
    apart = fft.dctn(dark + 25.5, axes=(0, 1), norm="ortho") - fft.dctn(dark, axes=(0, 1), norm="ortho")
    assert np.linalg.norm(apart) == pytest.approx(UNIT)
    assert DpDct(30).promise(Target((0, 0, 9, 9)), 100, 3) == {"epsilon_unit_distance": 30, "epsilon_any_two": 300}
