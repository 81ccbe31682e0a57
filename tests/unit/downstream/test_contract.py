"""What every learner promises; one whose package is not installed is skipped, saying so."""

from typing import Any

import numpy as np
import pytest

from anonymizer_udfs.downstream import LEARNERS, Learner, build
from anonymizer_udfs.downstream.base import missing
from anonymizer_udfs.errors import SpecError, UnknownNameError
from tests.unit.downstream.drawn import drawn

LEARNERS_HERE = [
    pytest.param(cls(), id=name, marks=pytest.mark.skipif(missing(cls) is not None, reason=f"{name}: {missing(cls)}"))
    for name, cls in LEARNERS.items()
]
WRONG: list[dict[str, Any]] = [
    {"name": "linear", "strength": 0},
    {"name": "boosted", "rounds": 0},
    {"name": "boosted", "leaves": 1},
    {"name": "convolutional", "epochs": 0},
    {"name": "convolutional", "rate": 1.0},
]


@pytest.mark.parametrize("learner", LEARNERS_HERE)
def test_nothing_is_told_of_no_image(learner: Learner) -> None:
    """No image has no class."""
    made = drawn(40)
    model = learner.fit(made.clear, np.arange(40) % 2, 0)
    assert model.predict(made.clear[:0]).shape == (0,)


@pytest.mark.parametrize("learner", LEARNERS_HERE)
def test_a_plain_difference_is_learned_and_the_same_each_time(learner: Learner) -> None:
    """Three shades of sky, told apart in pictures not seen; the same seed gives the same answers."""
    made, new, draw = drawn(150, 1), drawn(60, 2), np.random.default_rng(3)
    known, asked = draw.integers(0, 3, 150), draw.integers(0, 3, 60)
    for images, classes in ((made.clear, known), (new.clear, asked)):
        images[:, 2:14, 4:60] = (80 * classes)[:, None, None, None] + images[:, 2:14, 4:60] // 4
        images[np.arange(len(images)), 16:20, 8 + 16 * classes] = 250
    answers = [learner.fit(made.clear, known, 5).predict(new.clear) for _ in range(2)]
    assert np.array_equal(*answers)
    assert answers[0].dtype == np.int64
    assert (answers[0] == asked).mean() > 0.8


@pytest.mark.parametrize("learner", LEARNERS_HERE)
def test_images_of_another_kind_are_refused(learner: Learner) -> None:
    """Another size or type is an error, never a guess."""
    with pytest.raises(SpecError, match=r"images must be uint8 \(n, 64, 64, 3\)"):
        learner.fit(np.zeros((4, 32, 32, 3), np.uint8), np.array([0, 1, 0, 1]), 0)


@pytest.mark.parametrize("wish", WRONG, ids=lambda wish: "-".join(map(str, wish.values())))
def test_parameters_are_checked(wish: dict[str, Any]) -> None:
    """What is out of range is refused before anything is trained."""
    with pytest.raises(SpecError):
        build(wish)


def test_an_unknown_learner_is_answered_with_the_known_ones() -> None:
    """A typing error says what was meant."""
    with pytest.raises(UnknownNameError, match="did you mean 'linear'"):
        build("linea")
