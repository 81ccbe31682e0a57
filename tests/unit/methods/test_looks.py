"""What drawn people look like: colours that go with any skin, from nothing but the key and what is asked for."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.methods.looks import LUMA, Looks, Palette, luma
from tests.unit.methods.cases import rng

LIGHT = st.floats(0, 1)
COLOUR = st.one_of(st.tuples(LIGHT), st.tuples(LIGHT, LIGHT, LIGHT))


@given(skin=COLOUR, seed=st.integers(0, 50))
@settings(deadline=None)
def test_no_colour_is_lighter_than_light(skin: tuple[float, ...], seed: int) -> None:
    """Whatever the skin, each colour is within the range and has as many channels."""
    clothes = np.full(len(skin), 0.4)
    for colour in astuple(Palette.of(np.array(skin), clothes, Looks.drawn(rng(seed)))):
        assert len(colour) == len(skin)
        assert 0 <= colour.min() <= colour.max() <= 1


@given(tone=st.floats(0.1, 0.95), seed=st.integers(0, 20))
@settings(deadline=None)
def test_grey_has_the_tones_of_colour(tone: float, seed: int) -> None:
    """A grey person is as light everywhere as one of the same grey in three channels."""
    looks = Looks.drawn(rng(seed))
    grey, rgb = (Palette.of(np.full(c, tone), np.full(c, 0.3), looks) for c in (1, 3))
    for one, three in zip(astuple(grey), astuple(rgb), strict=True):
        assert one[0] == pytest.approx(three @ LUMA, abs=0.02)


@pytest.mark.parametrize("tone", [0.05, 0.2, 0.5, 0.8, 1.0])
def test_features_stand_out_from_the_skin(tone: float) -> None:
    """Eyes and the line of the lips are darker than any skin but the darkest, and the eyes' white is lighter."""
    palette = Palette.of(np.full(3, tone) * [1, 0.8, 0.7], np.zeros(3), Looks.drawn(rng()))
    assert luma(palette.lip_line) < luma(palette.lips) < luma(palette.skin)
    assert luma(palette.nostril) < luma(palette.deep) < luma(palette.shade) < luma(palette.skin)
    assert luma(palette.dark) < luma(palette.iris) < luma(palette.white)
    assert tone == 1 or luma(palette.white) > luma(palette.skin)


@given(around=COLOUR)
@settings(deadline=None)
def test_a_silhouette_stands_out_from_what_is_around(around: tuple[float, ...]) -> None:
    """Darker than light surroundings, lighter than dark ones, by a sixth of the range, in one colour."""
    colours = astuple(Palette.against(np.array(around)))
    assert all(np.array_equal(colour, colours[0]) for colour in colours)
    assert abs(luma(colours[0]) - luma(np.array(around))) > 0.165


def test_looks_are_drawn_evenly_and_from_the_generator_alone() -> None:
    """Each of them is anything between 0 and 1, and none follows another."""
    drawn = np.array([astuple(Looks.drawn(rng(seed))) for seed in range(400)])
    assert drawn.mean(0) == pytest.approx(0.5, abs=0.06)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(drawn.shape[1])).max() < 0.2
    assert Looks.drawn(rng(3)) == Looks.drawn(rng(3))
