"""From sums over faces to a space, on people who are made up of a few patterns: what is to be found is known."""

from collections.abc import Callable

import numpy as np
import pytest

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.latent import learning
from anonymizer_udfs.latent.learning import Faces, Sums, Textures
from anonymizer_udfs.methods import mesh, space
from anonymizer_udfs.methods.space import Colours, Space

PEOPLE, PHOTOS, PATTERNS = 70, 3, 4
WHO, HOW = (0, 1), (2, 3)
"""Patterns by which people differ, and those by which photos of one person do."""
TEXELS = learning.texels_of("5")


def patterns() -> np.ndarray:
    """Return patterns of luma at right angles, ``(4, p)``, of deviation one and without a mean."""
    y, x = np.nonzero(mesh.mesh("5").texels)
    made = [np.cos(0.03 * (i + 1) * x + i) * np.sin(0.04 * (4 - i) * y) for i in range(PATTERNS)]
    flat = np.array([one - one.mean() for one in made])
    return np.linalg.qr(flat.T)[0].T * np.sqrt(flat.shape[1])


def faces(seed: int = 1, people: int = PEOPLE) -> Faces:
    """Return photos of people: who they are in two patterns and a shape, what they do in two others and another."""
    draw = np.random.default_rng(seed)
    who, how = draw.standard_normal((people, 3)), draw.standard_normal((people, PHOTOS, 3))
    shown, shapes, names = [], [], []
    base = np.array(mesh.INNER["5"])
    for person in range(people):
        for photo in range(PHOTOS):
            amounts = np.array([*who[person, :2], *how[person, photo, :2]])
            grey = 0.5 + 0.05 * (amounts @ patterns())
            shown.append(np.repeat(np.rint(grey * 255)[:, None], 3, 1).ravel())
            moved = base.copy()
            moved[2, 1] += 0.02 * who[person, 2]
            moved[[3, 4], 1] += 0.02 * how[person, photo, 2]
            shapes.append((moved + 0.001 * draw.standard_normal(base.shape)).ravel())
            names.append(f"p{person:03}")
    texels = np.clip(np.array(shown), 0, 255).astype(np.uint8)
    return Faces(np.array(names, object), np.array(shapes, np.float32), texels)


ALL = faces()


def parts(of: Faces, count: int) -> list[Faces]:
    """Return the faces in so many parts, each with all photos of its people."""
    which = np.array_split(np.arange(len(of.people)), count)
    edges = [0, *(len(one) // PHOTOS * PHOTOS for one in which)]
    starts = np.cumsum(edges)
    ends = [*starts[1:-1], len(of.people)]
    return [Faces(of.people[a:b], of.shapes[a:b], of.texels[a:b]) for a, b in zip(starts[:-1], ends, strict=True)]


def over(step: Callable[[Faces], Sums], count: int = 3) -> Sums:
    """Return the sums of a step over some parts."""
    total: Sums = {}
    for part in parts(ALL, count):
        total = learning.added(total, step(part))
    return total


def learned(count: int = 3) -> Space:
    """Return the space of the faces, as the job learns it."""
    mean_shape, shapes = learning.shape_modes(over(learning.shape_sums, count), 3)
    mean, vectors = np.zeros(3 * TEXELS, np.float32), learning.start(TEXELS, PATTERNS)
    for _ in range(learning.ROUNDS):
        mean, vectors = learning.orthonormal(over(Textures(mean, vectors), count), vectors, mean)
    modes = learning.texture_modes(over(Textures(mean, vectors), count), vectors, PATTERNS)
    found = Space(mean_shape, shapes, mean.reshape(-1, 3), modes, np.eye(1, 3 + PATTERNS, dtype=np.float32))
    kept = learning.kept_directions(over(lambda some: learning.people_sums(some, found), count), found, PEOPLE)
    return Space(mean_shape, shapes, mean.reshape(-1, 3), modes, kept)


@pytest.fixture(scope="module")
def made() -> Space:
    """Return the learned space."""
    return learned()


def test_modes_are_those_of_all_textures_at_once(made: Space) -> None:
    """The same subspace and variances as by a decomposition of the whole matrix, which no machine could hold."""
    plain = np.concatenate([some for _, some in ALL.textures()])
    away = plain - plain.mean(0)
    _, sizes, rows = np.linalg.svd(away, full_matrices=False)
    assert np.allclose(made.texture_mean.ravel(), plain.mean(0), atol=1e-3)
    inside = made.texture_modes @ rows[:PATTERNS].T
    lengths = np.linalg.norm(made.texture_modes, axis=1)
    assert np.linalg.norm(inside, axis=1) == pytest.approx(lengths, rel=1e-2)
    assert lengths == pytest.approx(sizes[:PATTERNS] / np.sqrt(len(plain)), rel=1e-2)


def test_coordinates_have_a_deviation_of_one(made: Space) -> None:
    """Over the faces that were learned from, and no mean."""
    found = coordinates(made, ALL)
    assert np.abs(found.mean(0)).max() < 0.02
    assert found[:, :2].std(0) == pytest.approx(1, abs=0.02)
    assert found[:, 3:].std(0) == pytest.approx(1, abs=0.02)


def coordinates(of: Space, some: Faces) -> np.ndarray:
    """Return the coordinates of faces, ``(n, s + t)``."""
    shape = of.shape_mean.shape
    return np.array(
        [
            of.coordinates(points.reshape(shape), learning.plain(texels).reshape(-1, 3), np.inf)
            for points, texels in zip(some.shapes, some.texels, strict=True)
        ]
    )


def test_what_is_kept_differs_between_photos_of_one_person(made: Space) -> None:
    """And not between people: of new people, what is replaced tells who they are, what is kept what they do."""
    new = faces(seed=2, people=40)
    found = coordinates(made, new)
    kept = found @ made.kept.T
    rest = found - kept @ made.kept
    assert len(made.kept) == (3 + PATTERNS) // 4

    def within(values: np.ndarray) -> float:
        by = values.reshape(40, PHOTOS, -1)
        return float(((by - by.mean(1, keepdims=True)) ** 2).sum() / ((values - values.mean(0)) ** 2).sum())

    assert within(kept) > 0.6
    assert within(rest) < within(kept)


def test_parts_make_no_difference(made: Space) -> None:
    """The same faces in three parts and in seven: the same space, but for the order of sums."""
    seven = learned(7)
    assert np.allclose(seven.texture_mean, made.texture_mean, atol=1e-4)
    gram = seven.texture_modes @ made.texture_modes.T
    sizes = np.linalg.norm(seven.texture_modes, axis=1) * np.linalg.norm(made.texture_modes, axis=1)
    assert np.abs(np.diag(gram)) == pytest.approx(sizes, rel=1e-2)
    space.read(space.pack(seven))


def test_too_few_people_are_refused() -> None:
    """Fail closed, and say how many there were."""
    with pytest.raises(SpecError, match="at least 100 people, got 99"):
        learning.counts(99, "68")
    assert learning.counts(100, "68") == (20, 20)
    assert learning.counts(100_000, "68") == (30, 200)


def test_people_with_one_photo_each_tell_nothing(made: Space) -> None:
    """What does not change with who somebody is, is learned from who is there twice."""
    first = np.arange(0, len(ALL.people), PHOTOS)
    alone = Faces(ALL.people[first], ALL.shapes[first], ALL.texels[first])
    sums = learning.people_sums(alone, made)
    assert sums["degrees"][0] == 0
    with pytest.raises(SpecError, match="too few people have two"):
        learning.kept_directions(sums, made)


def test_sums_hold_no_face() -> None:
    """What leaves an executor has the size of the space, not that of the faces."""
    for count in (10, 40):
        few = parts(ALL, PEOPLE // count)[0]
        sums = Textures(np.zeros(3 * TEXELS, np.float32), learning.start(TEXELS, PATTERNS))(few)
        assert {name: values.shape for name, values in sums.items()} == {
            "faces": (1,),
            "total": (3 * TEXELS,),
            "product": (3 * TEXELS, PATTERNS + learning.OVERSAMPLED),
        }


def test_plain_textures_have_no_colours() -> None:
    """A face and the same face in other light and tint have the same plain texture."""
    texels = np.random.default_rng(3).integers(60, 180, (TEXELS, 3)).astype(np.uint8)
    darker = (texels // 2 + 20).astype(np.uint8)
    assert np.corrcoef(learning.plain(texels), learning.plain(darker))[0, 1] > 0.999
    light = texels.astype(np.float32) / 255
    assert np.allclose(learning.plain(texels), Colours.of(light).out_of(light).ravel())
