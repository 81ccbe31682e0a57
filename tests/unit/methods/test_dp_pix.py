"""The noise of ``dp_pix`` is the one that its promise is made of, and the record states that promise."""

import math

import numpy as np
import pytest
from scipy import stats

from anonymizer_udfs.methods import DpPix, Target
from tests.unit.methods.cases import rng

SIDE, CELLS = 16, 4
AREA = (SIDE // CELLS) ** 2
GREY = 128
RUNS = 300
EPSILON = 20.0
"""With one changed pixel of a cell of 16: a mean moves by 1.1 levels (standard deviation), so none is clipped."""


def moves(method: DpPix) -> np.ndarray:
    """Return how far the levels of all cells and channels of a grey picture are moved, over many seeds."""
    patch = np.full((SIDE, SIDE, 3), GREY, np.uint8)
    made = [method.apply(patch, Target((0, 0, SIDE, SIDE)), rng(seed)) for seed in range(RUNS)]
    return np.stack(made)[:, :: SIDE // CELLS, :: SIDE // CELLS].astype(int).ravel() - GREY


def expected(epsilon: float, changed: int, levels: np.ndarray) -> np.ndarray:
    """Return how likely each move of a mean is: two-sided geometric noise on the sum (Ghosh et al. 2009), rounded."""
    reach = AREA * (int(levels.max()) + 2)
    sums = np.arange(-reach, reach + 1)
    q = math.exp(-epsilon / (255 * changed))
    likely = (1 - q) / (1 + q) * q ** np.abs(sums)
    return np.array([likely[np.rint((AREA * GREY + sums) / AREA) - GREY == level].sum() for level in levels])


@pytest.mark.parametrize(("of", "fits"), [(EPSILON, True), (EPSILON / 1.2, False), (EPSILON * 1.2, False)])
def test_the_noise_is_two_sided_geometric(of: float, fits: bool) -> None:
    """A chi-squared test accepts the law that the promise needs, and rejects one whose loss is a fifth off."""
    seen = moves(DpPix(EPSILON, 1 / SIDE**2, CELLS))
    levels = np.arange(-4, 5)
    counts = np.array([(seen == level).sum() for level in levels])
    chances = expected(of, 1, levels)
    rest = np.array([len(seen) - counts.sum(), (1 - chances.sum()) * len(seen)])
    found, wanted = np.append(counts, rest[0]), np.append(chances * len(seen), rest[1])
    assert (stats.chisquare(found, wanted * found.sum() / wanted.sum()).pvalue > 0.001) == fits


def test_cells_and_channels_have_noise_of_their_own() -> None:
    """One draw for several would be worth less than what is promised: no two of them move together."""
    each = moves(DpPix(EPSILON, 1 / SIDE**2, CELLS)).reshape(RUNS, -1)
    together = np.corrcoef(each.T)
    np.fill_diagonal(together, 0)
    assert np.abs(together).max() < 5 / math.sqrt(RUNS)


def test_the_loss_of_a_whole_face_is_that_of_all_its_pixels() -> None:
    """The published 0.1 for 16 pixels is 235 for a face of 112x112 in colour; a grey one loses a third of it."""
    face = Target((0, 0, 112, 112))
    told = DpPix(0.1).promise(face, 112 * 112, 3)
    assert told == {"changed_pixels": 16, "epsilon_changed_pixels": 0.3, "epsilon_whole_region": 235.2}
    assert DpPix(0.1).promise(face, 112 * 112, 1)["epsilon_whole_region"] == 78.4
