"""Nodes over a window, and flows on them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.methods.lattice import Lattice


@st.composite
def lattices(draw: st.DrawFn) -> Lattice:
    """Draw a lattice over a window of a pixel or more."""
    x0, y0 = draw(st.integers(0, 50)), draw(st.integers(0, 50))
    window = (x0, y0, x0 + draw(st.integers(1, 90)), y0 + draw(st.integers(1, 90)))
    return Lattice.over(window, draw(st.floats(0.1, 40)), draw(st.integers(1, 30)))


@given(lattice=lattices())
@settings(deadline=None)
def test_what_is_linear_is_filled_in_as_it_is(lattice: Lattice) -> None:
    """Between the outermost nodes each pixel's centre gets its own coordinates; beyond them, the nearest node's."""
    x0, y0, x1, y1 = lattice.window
    nodes = lattice.nodes
    rows, columns = np.mgrid[y0:y1, x0:x1] + 0.5
    low, high = nodes[0, 0], nodes[-1, -1]
    expected = np.stack([np.clip(columns, low[0], high[0]), np.clip(rows, low[1], high[1])], 2)
    assert lattice.filled(nodes) == pytest.approx(expected, abs=0.01)


@given(lattice=lattices(), move=st.floats(-30, 30))
@settings(deadline=None)
def test_a_flow_that_is_the_same_everywhere_carries_everything_that_far(lattice: Lattice, move: float) -> None:
    """One unit of time at a speed is that way."""
    velocity = np.tile(np.array([move, -move / 2]), (*lattice.shape, 1))
    assert lattice.flow(velocity) == pytest.approx(velocity, abs=1e-4)


def test_a_flow_away_from_a_point_grows_as_e_does() -> None:
    """Where the speed is the distance, one unit of time takes everything 2.718 times as far."""
    lattice = Lattice.over((0, 0, 200, 200), 1.0, 200)
    away = lattice.nodes - 100
    middle = np.s_[70:130, 70:130]
    assert lattice.flow(away)[middle] == pytest.approx((np.e - 1) * away[middle], rel=0.03, abs=0.1)


@given(seed=st.integers(0, 99), strength=st.floats(0, 300))
@settings(deadline=None)
def test_flows_do_not_fold(seed: int, strength: float) -> None:
    """However strong a smooth flow is, neighbours keep their order and what lies between them its sense of rotation."""
    lattice = Lattice.over((0, 0, 300, 300), 6.0)
    rng = np.random.default_rng(seed)
    waves = rng.normal(0, 1, (4, 2, 2))
    at = lattice.nodes / 300 * 2 * np.pi
    velocity = sum(np.sin(at @ wave + rng.uniform(0, 6, 2)) for wave in waves) * strength / 4
    there = lattice.nodes + lattice.flow(velocity)
    ax, ay = np.diff(there, axis=1)[:-1].transpose(2, 0, 1)
    bx, by = np.diff(there, axis=0)[:, :-1].transpose(2, 0, 1)
    assert (ax * by - ay * bx).min() > 0
