"""Thin-plate splines against what is known of them."""

import numpy as np
import pytest

from anonymizer_udfs.methods.splines import displaced

POINTS = np.random.default_rng(1).uniform(-1, 1, (20, 2))
BY = np.random.default_rng(2).normal(0, 0.1, (20, 2))
EVERYWHERE = np.random.default_rng(3).uniform(-3, 3, (200, 2))


def test_points_go_where_they_are_taken() -> None:
    """At the points themselves the displacement is theirs, but for what the stiffness takes."""
    assert displaced(POINTS, BY, POINTS) == pytest.approx(BY, abs=0.02)


def test_an_affine_map_is_continued_as_it_is() -> None:
    """Nothing bends where nothing has to."""
    matrix = np.array([[0.2, -0.1], [0.05, 0.1]])
    made = displaced(POINTS, POINTS @ matrix + 0.3, EVERYWHERE)
    assert made == pytest.approx(EVERYWHERE @ matrix + 0.3, abs=1e-9)


def test_between_points_it_is_the_least_bent() -> None:
    """The bending energy, summed over a lattice, is no less for a spline that takes one more point elsewhere."""
    at = np.stack(np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41)), 2)

    def energy(points: np.ndarray, by: np.ndarray) -> float:
        field = displaced(points, by, at.reshape(-1, 2)).reshape(at.shape)
        second = [np.gradient(np.gradient(field, axis=a), axis=b)[2:-2, 2:-2] for a in (0, 1) for b in (0, 1)]
        return float(sum((one**2).sum() for one in second))

    least = energy(POINTS, BY)
    for place in ([0.1, 0.2], [-0.5, 0.4]):
        there = np.array([place])
        off = displaced(POINTS, BY, there) + 0.05
        assert energy(np.concatenate([POINTS, there]), np.concatenate([BY, off])) > least


def test_points_that_fall_together_share_the_difference() -> None:
    """Two points in one place that are to go opposite ways stay, and nothing else is thrown about."""
    points, by = np.concatenate([POINTS, POINTS[:1]]), np.zeros((21, 2))
    by[0], by[-1] = 1, -1
    assert np.abs(displaced(points, by, EVERYWHERE)).max() < 1e-6
