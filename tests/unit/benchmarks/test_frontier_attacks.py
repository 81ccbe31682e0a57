"""The attacker who compares colours, the groups of ``k_same``, and parts of a face, on drawn people."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs.methods import KSame, Mask, Target
from benchmarks.frontiers import attackers, colours, groups, treated
from benchmarks.frontiers.parts import Without
from benchmarks.frontiers.people import People, Photo
from benchmarks.frontiers.strengths import Strength
from benchmarks.frontiers.treated import Lake
from tests.unit.benchmarks.drawn import POINTS
from tests.unit.methods.cases import FACE_BOX, face

COUNT = 60


def scenes(noise: float) -> tuple[list[np.ndarray], list[np.ndarray], tuple[list[Photo], list[Photo]]]:
    """Return two photos a person before a wall of four colours of the person's own, which differ by some noise."""
    draw = np.random.default_rng(3)
    pairs: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for _ in range(COUNT):
        wall = draw.uniform(60, 190, (2, 2, 3))
        for of in pairs:
            shown = wall + draw.normal(0, noise, wall.shape)
            of.append(np.clip(shown, 0, 255).astype(np.uint8).repeat(100, 0).repeat(100, 1))
    people = [Photo(str(i), Path(str(i)), np.array(FACE_BOX, np.float32), POINTS) for i in range(COUNT)]
    return *pairs, (people, list(people))


def rank1(noise: float) -> float:
    """Return how often the attacker is right."""
    some, others, people = scenes(noise)
    return judged(colours.similarity(some, others, people), people)


def judged(similarity: np.ndarray | None, people: tuple[list[Photo], list[Photo]]) -> float:
    """Return how often who has these similarities is right."""
    assert similarity is not None
    return attackers.judge(similarity, People(tuple(people[1]), tuple(people[0]), (), 0), 1000).rank1


def test_people_are_told_by_their_walls() -> None:
    """Where two photos of a person are of one scene he is nearly always right, without them at chance."""
    assert rank1(3) > 0.9
    assert rank1(1000) < 0.1


def test_more_of_a_scene_tells_more() -> None:
    """The further photos of one person are apart, the less he is right."""
    assert rank1(3) > rank1(30) > rank1(200)


def test_of_few_people_nothing_is_learned() -> None:
    """There is no figure rather than a wrong one."""
    some, others, (of, held) = scenes(3)
    assert colours.similarity(some[:9], others[:9], (of[:9], held[:9])) is None


def test_nobody_is_compared_by_what_his_own_pair_taught() -> None:
    """Photos that have nothing in common stay at chance, however many axes there are to fit."""
    draw = np.random.default_rng(5)
    pictures = [draw.integers(0, 255, (200, 200, 3)).astype(np.uint8) for _ in range(2 * COUNT)]
    _, _, people = scenes(3)
    assert judged(colours.similarity(pictures[:COUNT], pictures[COUNT:], people), people) < 0.1


def test_cells_are_those_around_the_face() -> None:
    """A colour that lies beside the face's left is in the first columns, wherever the face is."""
    rgb = np.zeros((200, 300, 3), np.uint8)
    rgb[:, :100] = 200
    photo = Photo("a", Path("a"), np.array([80, 60, 120, 120], np.float32), POINTS)
    cells = colours.coarse(rgb, photo).reshape(colours.CELLS, colours.CELLS, 3)
    assert np.allclose(cells[:, :3], 200, atol=13)
    assert np.allclose(cells[:, 3:], 0, atol=13)


def crowd(folder: Path, count: int) -> list[Photo]:
    """Return a photo of each of some drawn people."""
    out = []
    for person in range(count):
        path = folder / f"{person}.png"
        Image.fromarray(face(person)).save(path)
        out.append(Photo(f"person-{person}", path, np.array(FACE_BOX, np.float32), POINTS))
    return out


def test_everybody_shares_a_surrogate_with_at_least_k(tmp_path: Path) -> None:
    """Of 13 people all are in groups of 4 to 7, and a group's faces are one picture, of which the mask is no part."""
    people = crowd(tmp_path, 13)
    templates = np.random.default_rng(1).normal(size=(13, 8)).astype(np.float32)
    shares = groups.shares(people, templates, 4)
    assert set(shares) == {one.path for one in people}
    given = {path: of.known[0].surrogate for path, of in shares.items()}
    named = [one.sha256 for one in given.values()]
    assert all(4 <= named.count(one.sha256) == one.people <= 7 for one in given.values())
    lake = Lake(treated.spec(Strength(KSame(4), 2.0), treated.whole_key(1)), shares)
    inside = [treated.rgb_of(one, lake)[60:140, 70:130] for one in people]
    mine = [i for i, one in enumerate(people) if given[one.path].sha256 == named[0]]
    assert all(np.array_equal(inside[i], inside[mine[0]]) for i in mine)
    assert len(np.unique(inside[0])) > 20


def test_people_with_several_photos_are_in_one_group(photos: list[Photo]) -> None:
    """All photos of a person have the same surrogate, and a person counts once."""
    templates = np.random.default_rng(2).normal(size=(len(photos), 8)).astype(np.float32)
    shares = groups.shares(photos, templates, 2)
    for one, other in zip(photos[0::2], photos[1::2], strict=True):
        assert shares[one.path].known[0].surrogate.sha256 == shares[other.path].known[0].surrogate.sha256
        assert shares[one.path].known[0].surrogate.people <= 3


def test_too_few_people_have_no_group(photos: list[Photo]) -> None:
    """Four people with two photos each are no group of five: their faces are filled."""
    templates = np.zeros((len(photos), 8), np.float32)
    shares = groups.shares(photos, templates, 5)
    assert shares == {}
    lake = Lake(treated.spec(Strength(KSame(5), 2.0), treated.whole_key(1)), shares)
    assert np.unique(treated.rgb_of(photos[0], lake)[60:140, 70:130]).tolist() == [128]


def test_one_part_is_masked_and_the_rest_is_clear() -> None:
    """Without its eyes a face is grey there, and elsewhere as it was."""
    target = Target(FACE_BOX, landmarks=tuple((x, y) for x, y in POINTS.tolist()))
    rgb = face(1)
    after = Without("eyes").apply(rgb, target, np.random.default_rng(1))
    assert [tuple(after[int(y), int(x)]) for x, y in POINTS[:2]] == [(128, 128, 128)] * 2
    assert np.array_equal(after[112:], rgb[112:])
    assert 0.01 < (after != rgb).any(2).mean() < 0.1


@pytest.mark.parametrize("form", ["block", "ellipse"])
def test_a_part_stands_below_every_method(form: str) -> None:
    """It may stand in a chain before a mask, as the job asks of a chain."""
    chain = treated.spec(Strength(Without("nose"), 4.0), treated.whole_key(1)).policy.face.chain
    assert chain[0].strength < Mask(form=form).strength
