"""Attackers on planted truths: what can be learned is learned, and what is gone is not found."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from anonymizer_udfs import attacks
from anonymizer_udfs.attacks import ATTACKERS, CHIP_PX, Faces, Side, Task, build
from anonymizer_udfs.attacks.folds import scores
from anonymizer_udfs.attacks.network import Network
from anonymizer_udfs.attacks.restored import embedded, richardson_lucy, wiener
from anonymizer_udfs.attacks.ridge import Ridge
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.evidence import Standing, identified
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from tests.support import graphs

PEOPLE, SIZE = 60, 32
NAME = DlibResnet.name


def rank1(found: np.ndarray, task: Task) -> float:
    """Return how often an attacker is right among all."""
    same = task.probes.people[:, None] == task.gallery.people[None]
    return identified(Standing.of(found, same), list(task.probes.people), size=PEOPLE, seed=0).rank1.value


def two_photos(release: str) -> Task:
    """Return a task about people with two photos each, of which templates alone are known.

    Args:
        release: ``clear``, ``turned`` (another basis, which can be learned), or ``gone`` (nothing is left).
    """
    draw = np.random.default_rng(0)
    means = draw.normal(size=(PEOPLE, SIZE))
    clear = (means.repeat(2, 0) + 0.3 * draw.normal(size=(2 * PEOPLE, SIZE))).astype(np.float32)
    turn = np.linalg.qr(draw.normal(size=(SIZE, SIZE)))[0].astype(np.float32)
    released = {"clear": clear, "turned": clear @ turn, "gone": draw.normal(size=clear.shape).astype(np.float32)}[
        release
    ]
    people = np.array([f"p{i:02}" for i in range(PEOPLE)]).repeat(2)
    chips = np.zeros((2 * PEOPLE, CHIP_PX, CHIP_PX, 3), np.uint8)
    every = Faces(people, Side({NAME: clear}, chips), Side({NAME: released}, chips), Side({NAME: released}, chips))
    first = np.arange(0, 2 * PEOPLE, 2)
    return Task(every.taken(first), every.taken(first + 1), every, DlibResnet(), Runtime(("none",)))


def test_what_is_released_clear_is_found_by_everybody() -> None:
    """The control that an attack can say yes."""
    for name in ("static", "parrot", "learned_linear", "learned_network"):
        task = two_photos("clear")
        assert rank1(scores(build(name), task), task) > 0.95


@pytest.mark.parametrize("name", ["learned_linear", "learned_network"])
def test_who_learns_undoes_what_can_be_undone(name: str) -> None:
    """Templates in another basis say nothing to who compares them, and all to who has seen pairs."""
    task = two_photos("turned")
    assert rank1(scores(build("static"), task), task) < 0.15
    assert rank1(scores(build("parrot"), task), task) > 0.95
    assert rank1(scores(build(name), task), task) > (0.9 if name == "learned_linear" else 0.3)


@pytest.mark.parametrize("name", ["static", "parrot", "learned_linear", "learned_network"])
def test_what_is_gone_is_found_by_nobody(name: str) -> None:
    """Chance, whatever was learned: also from faces of the very people, which are left out for them."""
    task = two_photos("gone")
    assert rank1(scores(build(name), task), task) <= 5 / PEOPLE


def test_nobody_learns_from_whom_he_attacks() -> None:
    """Of each fold the learner sees no person that it is asked for, and each probe is asked for once."""
    seen: list[tuple[set[str], set[str]]] = []

    class Watching:
        """An attacker who notes whom he was shown."""

        name, tier, learns = "watching", "T2", True

        def scores(self, task: Task) -> np.ndarray:
            """Note."""
            seen.append((set(task.probes.people), set(task.learning.people)))
            return np.zeros((len(task.probes), len(task.gallery)), np.float32)

    task = two_photos("clear")
    found = scores(Watching(), task)
    assert found.shape == (PEOPLE, PEOPLE)
    assert not np.isnan(found).any()
    assert [asked & known for asked, known in seen] == [set()] * 5
    assert sorted(name for asked, _ in seen for name in asked) == sorted(set(task.probes.people))
    assert all(asked | known == set(task.probes.people) for asked, known in seen)


def drawn(folder: Path) -> Task:
    """Return a task about drawn chips whose colours say who it is, released under a strong blur."""
    who = DlibResnet(model=graphs.stored(folder, "colours", graphs.colour_recognizer()))
    runtime, draw = Runtime((str(folder),)), np.random.default_rng(1)
    chips = draw.integers(0, 256, (24, 16, 16, 3)).repeat(4, 1).repeat(4, 2).repeat(2, 0).astype(np.uint8)
    noisy = np.clip(chips.astype(int) + draw.integers(-6, 7, chips.shape), 0, 255).astype(np.uint8)
    blurred = np.stack([cv2.GaussianBlur(one, (0, 0), 2.2, borderType=cv2.BORDER_REFLECT) for one in noisy])
    people = np.array([f"p{i:02}" for i in range(24)]).repeat(2)
    sides = [Side({NAME: embedded(one, who, runtime)}, one) for one in (noisy, blurred)]
    every, first = Faces(people, *sides), np.arange(0, 48, 2)
    return Task(every.taken(first), every.taken(first + 1), every, who, runtime)


@pytest.mark.parametrize("wish", ["deconvolved", {"name": "deconvolved", "ways": ["richardson_lucy"]}])
def test_who_restores_a_blur_comes_nearer_to_the_clear_faces(tmp_path: Path, wish: object) -> None:
    """Of the right person each probe is more alike after it, in the mean by a quarter of what was lost."""
    task = drawn(tmp_path)
    before = np.diag(scores(build("static"), task))
    after = np.diag(scores(build(wish), task))  # type: ignore[arg-type]
    assert (after - before).mean() > 0.25 * (1 - before).mean()


def test_a_linear_restorer_learns_what_it_is_shown(tmp_path: Path) -> None:
    """From pairs alone, without being told what was done; faces come back in the range of pixels."""
    task = drawn(tmp_path)
    made = build("restored_linear").faces(task)  # type: ignore[attr-defined]
    assert (made.shape, made.dtype) == (task.probes.released.chips.shape, np.uint8)
    error = [np.abs(one.astype(float) - task.probes.clear.chips).mean() for one in (made, task.probes.released.chips)]
    assert error[0] < error[1]


def test_undoing_no_blur_changes_little() -> None:
    """Both ways give back a smooth picture that was hardly blurred; of none they give none."""
    smooth = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8), (0, 0), 6)[None]
    for made in (wiener(smooth, 0.3, 1e-3), richardson_lucy(smooth, 0.3, 5)):
        assert np.abs(made.astype(int) - smooth).mean() < 2
    assert not len(richardson_lucy(smooth[:0], 1.0, 2))


def test_a_ridge_finds_a_linear_map() -> None:
    """What was mixed linearly comes back for inputs that were not seen, noise or not."""
    draw = np.random.default_rng(2)
    mixing, seen, new = draw.normal(size=(12, 30)), draw.normal(size=(80, 12)), draw.normal(size=(9, 12))
    blurred = (seen @ mixing + 3).astype(np.float32)
    learned = Ridge.learned(blurred, seen.astype(np.float32))
    assert learned.at(1e-6)((new @ mixing + 3).astype(np.float32)) == pytest.approx(new, abs=0.01)
    assert learned.at(1e9)((new @ mixing + 3).astype(np.float32)) == pytest.approx(
        seen.mean(0)[None].repeat(9, 0), abs=0.01
    )


def test_a_ridge_is_the_least_squares_map_where_there_is_no_noise() -> None:
    """Against NumPy's own solution; and chosen on people held out it prefers less of it the less noise there is."""
    draw = np.random.default_rng(0)
    x, a = draw.normal(size=(80, 6)).astype(np.float32), draw.normal(size=(6, 3)).astype(np.float32)
    assert np.abs(Ridge.learned(x, x @ a + 1, 1e-6)(x) - (x @ a + 1)).max() < 1e-3
    noisy = x @ a + 30 * draw.normal(size=(80, 3)).astype(np.float32)
    groups = np.arange(80) // 2
    assert Ridge.chosen(x, x @ a, groups).ridge < Ridge.chosen(x, noisy, groups).ridge


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        pytest.param("psychic", UnknownNameError, id="name"),
        pytest.param({"name": "deconvolved", "ways": ["magic"]}, UnknownNameError, id="way"),
        pytest.param({"name": "restored_linear", "learning": 2}, SpecError, id="learning"),
    ],
)
def test_what_cannot_be_is_refused(wish: object, error: type[Exception]) -> None:
    """Naming what is known."""
    with pytest.raises(error):
        build(wish)  # type: ignore[arg-type]


def test_sides_and_folds_must_fit() -> None:
    """Faces of different number, and fewer people than folds, are refused."""
    task = two_photos("clear")
    with pytest.raises(SpecError, match="as many faces"):
        Faces(task.probes.people[:2], task.probes.clear, task.probes.released)
    few = Task(task.probes.taken(np.arange(3)), task.gallery, task.learning, task.recognizer, task.runtime)
    with pytest.raises(SpecError, match="folds"):
        scores(build("learned_linear"), few)
    bare = Faces(task.gallery.people, task.gallery.clear, task.gallery.released)
    alone = Task(task.probes, bare, bare, task.recognizer, task.runtime)
    with pytest.raises(SpecError, match="treated alike"):
        scores(build("parrot"), alone)


def test_every_attacker_has_a_tier_and_its_name() -> None:
    """By which figures call it; at least one of each tier."""
    assert {name: member.name for name, member in ATTACKERS.items()} == {name: name for name in ATTACKERS}
    assert {member.tier for member in attacks.ATTACKERS.values()} == {"T0", "T1", "T2", "T3", "T4", "T5"}


def test_a_network_that_sees_the_same_of_all_says_the_same_of_all() -> None:
    """Under one mask for everybody inputs differ by rounding alone, which must not be blown up, nor divide by zero."""
    draw = np.random.default_rng(3)
    x = np.full((60, 30), 0.3, np.float32)
    x[:, :10] += draw.normal(size=(60, 10)).astype(np.float32) * 1e-9
    y = draw.normal(size=(60, 5)).astype(np.float32)
    with np.errstate(all="raise"):
        told = Network.learned(x, y, list(range(60)), 0)(x)
    assert np.isfinite(told).all()
    assert np.abs(told - told[0]).max() < 1e-6
