"""What is special to pixelation: its grid, its rounding and its noise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.methods import Pixelate, Target
from anonymizer_udfs.methods.cells import CELL_MIN_PX, cell_edges
from tests.unit.methods.cases import FACE_BOX, face, rng


@given(size=st.integers(1, 300), start=st.floats(-200, 300), face_px=st.floats(0, 400), cells=st.integers(1, 16))
def test_the_grid_covers_all_and_nothing_is_finer_than_a_cell(
    size: int, start: float, face_px: float, cells: int
) -> None:
    """Cells reach from the first to the last pixel and none is narrower than the face's size says."""
    edges = cell_edges(size, start, face_px, cells)
    assert (edges[0], edges[-1]) == (0, size)
    least = min(size, max(CELL_MIN_PX, face_px / cells))
    assert np.diff(edges).min() >= least
    cell = max(CELL_MIN_PX, math.ceil(face_px / cells)) if face_px else size
    assert np.diff(edges).max() < 3 * cell


def test_small_faces_get_fewer_cells() -> None:
    """A face of 12 pixels has three cells of the least size, not five of two pixels."""
    assert cell_edges(12, 0, 12, 5).tolist() == [0, 4, 8, 12]


def test_the_box_holds_the_cells_asked_for() -> None:
    """Cells are counted over the box and go on over the patch at the same size."""
    after = Pixelate(5, 0).apply(face(), Target(FACE_BOX), rng())
    inside = after[50:150, 60:140]
    for y in range(5):
        for x in range(5):
            cell = inside[y * 20 : y * 20 + 20, x * 16 : x * 16 + 16]
            assert (cell == cell[0, 0]).all()


def test_a_face_cut_at_the_edge_gets_no_finer_cells() -> None:
    """A box of a tenth of its height counts as half as wide: cells keep a size that fits the face."""
    stripes = np.tile(np.arange(40, dtype=np.uint8)[None, :, None] * 6, (100, 1, 3))
    after = Pixelate(5, 0).apply(stripes, Target((0, 0, 10, 100)), rng())
    assert len(np.unique(after[0, :, 0])) == 4


def test_cells_are_means_rounded_to_eight_bits() -> None:
    """A 16-bit picture gives away no more than an 8-bit one, and full white does not overflow."""
    patch = np.full((20, 20, 1), 65535, np.uint16)
    patch[:10] = 1000
    after = Pixelate(2, 0).apply(patch, Target((0, 0, 20, 20)), rng())
    assert np.unique(after).tolist() == [round(1000 / 257) * 257, 65535]


@pytest.mark.parametrize("dtype", [pytest.param(np.uint8, id="8-bit"), pytest.param(np.uint16, id="16-bit")])
def test_noise_has_the_deviation_asked_for(dtype: type[np.generic]) -> None:
    """Over 10,000 cells the noise is centred and its deviation is the ratio of the full range, within 3%."""
    top = int(np.iinfo(dtype).max)
    patch = np.full((400, 400, 1), top // 2, dtype)
    after = Pixelate(1, noise_ratio=0.1).apply(patch, Target((0, 0, 4, 4)), rng())[::4, ::4].astype(float) / top
    assert abs(after.mean() - 0.5) < 0.005
    assert abs(after.std() - 0.1) < 0.003


def test_noise_differs_with_the_generator() -> None:
    """Without the key's generator nobody makes the same noise."""
    one, other = (Pixelate(5, 0.1).apply(face(), Target(FACE_BOX), rng(seed)) for seed in (1, 2))
    assert (one != other).mean() > 0.8
