"""Planted truths: a cue that masks destroy is lost, one beside them is not, and intervals hold as they say."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from anonymizer_udfs.downstream import LEARNERS, Convolutional, Learner, Task, of_faces, of_labels
from anonymizer_udfs.downstream.base import Classes, Images, Model, missing
from anonymizer_udfs.downstream.compare import ANONYMIZED, CLEAR, DIFFERENCE, compare
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence.figure import Figure
from tests.unit.downstream.drawn import Drawn, drawn

N, FOLDS = 160, 2


@pytest.fixture(scope="module")
def made() -> Drawn:
    """Pictures with a face each."""
    return drawn(N)


def accuracy(figures: tuple[Figure, ...], task: str, trained: str) -> Figure:
    """Return the one figure of a task and a training."""
    (found,) = [one for one in figures if (one.name, one.of("task"), one.of("trained")) == ("accuracy", task, trained)]
    return found


def p_value(figures: tuple[Figure, ...], task: str) -> float:
    """Return McNemar's p of a task."""
    (found,) = [one for one in figures if (one.name, one.of("task")) == ("mcnemar_p", task)]
    assert found.value is not None
    return found.value


@pytest.mark.parametrize("name", list(LEARNERS))
def test_what_masks_destroy_is_lost_and_what_is_beside_them_is_not(name: str, made: Drawn) -> None:
    """Mouths cannot be learned from masks, the sky can: the one interval excludes no difference, the other does not."""
    learner = Convolutional(epochs=15) if name == "convolutional" else LEARNERS[name]()
    if missing(learner):
        pytest.skip(f"{name}: {missing(learner)}")
    tasks = [of_labels("mouth", made.mouth), of_labels("sky", made.sky)]
    found = compare(made.clear, made.released, tasks, seed=1, learners=[learner], folds=FOLDS)
    assert not found.left_out
    for task in tasks:
        value = accuracy(found.figures, task.name, CLEAR).value
        assert value is not None
        assert value > 0.9, task.name
    loss, none = (accuracy(found.figures, task.name, DIFFERENCE) for task in tasks)
    assert loss.high is not None
    assert loss.high < -0.2
    assert p_value(found.figures, "mouth") < 1e-6
    assert none.low is not None
    assert none.high is not None
    assert none.low <= 0 <= none.high
    assert none.value is not None
    assert none.value > -0.05
    assert p_value(found.figures, "sky") > 0.05


@pytest.mark.parametrize("name", list(LEARNERS))
def test_an_archive_that_was_not_changed_makes_no_difference(name: str, made: Drawn) -> None:
    """The same images and seeds give the same answers to the last one."""
    learner = Convolutional(epochs=2) if name == "convolutional" else LEARNERS[name]()
    if missing(learner):
        pytest.skip(f"{name}: {missing(learner)}")
    tasks = [of_labels("mouth", made.mouth)]
    found = compare(made.clear, made.clear.copy(), tasks, seed=1, learners=[learner], folds=FOLDS)
    one = accuracy(found.figures, "mouth", DIFFERENCE)
    assert (one.value, p_value(found.figures, "mouth")) == (0, 1)
    assert one.low is not None
    assert one.high is not None
    assert one.low == -one.high < -0.01, "that they never differed does not say that they cannot"


def test_whether_a_face_is_there_is_asked() -> None:
    """From clear pictures it is learned; a model that knows masks alone is told apart from it."""
    made = drawn(N, 3, empty=True)
    found = compare(made.clear, made.released, [of_faces(made.faces)], seed=1, learners=[Mean()], folds=FOLDS)
    clear = accuracy(found.figures, "face_present", CLEAR)
    masked = accuracy(found.figures, "face_present", ANONYMIZED)
    assert clear.value is not None
    assert masked.value is not None
    assert clear.value > 0.9 > masked.value
    majority = next(one for one in found.figures if one.name == "majority")
    assert (majority.value, majority.cases) == (0.5, N)


@dataclass(frozen=True)
class Mean:
    """A learner of one number: which class's mean brightness is nearer."""

    name: ClassVar[str] = "mean"
    needs: ClassVar[str] = "numpy"

    def fit(self, images: Images, classes: Classes, seed: int) -> Model:
        """Return the nearest of the classes' means."""
        del seed
        return _Nearest(np.array([images[classes == one].mean() for one in range(int(classes.max()) + 1)]))


@dataclass(frozen=True, eq=False)
class _Nearest:
    means: np.ndarray

    def predict(self, images: Images) -> Classes:
        """Return the nearest mean of each."""
        return np.abs(images.mean((1, 2, 3))[:, None] - self.means).argmin(1)


def test_no_image_is_asked_about_by_who_has_seen_it_or_its_group() -> None:
    """A learner that knows all by heart is right about nothing that its group does not tell."""
    seen: list[set[bytes]] = []

    @dataclass(frozen=True)
    class Heart(Mean):
        """Takes down what it was shown."""

        def fit(self, images: Images, classes: Classes, seed: int) -> Model:
            seen.append({one.tobytes() for one in images})
            return _Asked(super().fit(images, classes, seed), seen[-1], groups_of)

    made = drawn(60, 4)
    groups = [f"person {i // 3}" for i in range(60)]
    groups_of = {one.tobytes(): name for one, name in zip(made.clear, groups, strict=True)}
    tasks = [of_labels("mouth", ["open" if i // 3 % 2 else "shut" for i in range(60)])]
    found = compare(made.clear, made.released, tasks, seed=2, learners=[Heart()], groups=groups, folds=4)
    assert not found.left_out
    assert accuracy(found.figures, "mouth", CLEAR).people == 20
    assert len(seen) == 8


@dataclass(frozen=True, eq=False)
class _Asked:
    """Refuses to answer for a group that was learned from."""

    model: Model
    seen: set[bytes]
    groups: dict[bytes, str]

    def predict(self, images: Images) -> Classes:
        """Return what the model says."""
        known = {self.groups[one] for one in self.seen if one in self.groups}
        assert not known & {self.groups[one.tobytes()] for one in images}
        return self.model.predict(images)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        pytest.param([None] * 60, "fewer than two answers", id="no-labels"),
        pytest.param(["a"] * 60, "fewer than two answers", id="one-answer"),
        pytest.param(["a"] * 50 + ["b"] * 10, "fewer than two answers", id="too-rare"),
    ],
)
def test_a_task_that_cannot_be_asked_says_why(labels: list[str | None], says: str) -> None:
    """In words, without a label, and without a figure."""
    made = drawn(60, 5)
    found = compare(made.clear, made.released, [of_labels("animal", labels)], seed=1, learners=[Mean()])
    assert found.figures == ()
    assert says in found.left_out[0]


def test_groups_that_cannot_be_parted_say_so() -> None:
    """All of one person: nobody is left to learn from."""
    made = drawn(60, 6)
    task = of_labels("mouth", made.mouth)
    found = compare(made.clear, made.released, [task], seed=1, learners=[Mean()], groups=["one"] * 60)
    assert "belongs together" in found.left_out[0]


def test_a_learner_without_its_package_is_left_out_in_words(made: Drawn) -> None:
    """The others go on."""

    @dataclass(frozen=True)
    class Lacking(Mean):
        """Needs what nobody has."""

        name: ClassVar[str] = "lacking"
        needs: ClassVar[str] = "no_such_package_here"

    task = of_labels("sky", made.sky)
    chosen: list[Learner] = [Lacking(), Mean()]
    found = compare(made.clear, made.released, [task], seed=1, learners=chosen)
    assert found.left_out == (f"lacking: {missing(Lacking)}",)
    assert {one.of("model") for one in found.figures} == {None, "mean"}


@pytest.mark.parametrize("change", ["fewer", "size", "groups", "folds"])
def test_what_does_not_belong_together_is_refused(change: str, made: Drawn) -> None:
    """One released image and group for each, of the size that learners are shown."""
    task = Task("x", np.arange(4), np.array([0, 1, 0, 1]))
    released = {"fewer": made.released[:-1], "size": made.released[:, ::2]}.get(change, made.released)
    with pytest.raises(SpecError):
        compare(
            made.clear,
            released,
            [task],
            seed=1,
            groups=["a"] if change == "groups" else None,
            folds=1 if change == "folds" else 2,
        )
