"""How a space is learned: from sums over many faces to modes, and to the directions in which identity is not.

Sums are made on executors, a partition at a time, and added there; what comes to the driver is over all people. The
scatter of textures, 30,000 numbers squared, is never made: its greatest directions are found by multiplying a few
hundred vectors with it, again and again (Halko, Martinsson and Tropp 2011, subspace iteration).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import mesh
from anonymizer_udfs.methods.space import Colours, Space

Floats = NDArray[np.float32]
Sums = dict[str, NDArray[np.float64]]

LEAST_PEOPLE = 100
"""Fewer would be seen in the space one by one."""
PEOPLE_A_MODE = 5
"""A mode that few people share would be a picture of theirs."""
TEXTURE_MODES, SHAPE_MODES = 200, {"68": 30, "5": 6}
"""At most. 200 had 93% of the variance of textures of LFW that were not learned from. Five points that are brought upon
others by a similarity have six ways left to differ."""
KEPT = 48
OVERSAMPLED = 20
ROUNDS = 2
"""How often the subspace goes through the textures after the first time."""
SHAPE_WEIGHT = 3.0
"""How much variance shapes count for, in that of the textures."""
DAMPING = 0.1
"""What is added to the scatter between people, in mean variances of a coordinate (regularised discriminants, Friedman
1989): without it directions that hardly change anything would be kept, for hardly telling people apart either."""
_SEED = 20261122
_BLOCK = 64


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces of one partition, in the order of their people.

    Attributes:
        people: whose each is.
        shapes: points within the faces, in their own coordinates, float32 ``(n, 2 * points)``.
        texels: of the mesh, uint8 ``(n, p * 3)``.
    """

    people: NDArray[np.object_]
    shapes: Floats
    texels: NDArray[np.uint8]

    def textures(self) -> Iterable[tuple[slice, Floats]]:
        """Yield textures without their colours, some faces at a time, and which they are of."""
        for start in range(0, len(self.texels), _BLOCK):
            where = slice(start, min(start + _BLOCK, len(self.texels)))
            yield where, np.stack([plain(one) for one in self.texels[where]])


def plain(texels: NDArray[np.uint8]) -> Floats:
    """Return a face's texels, ``(p * 3,)``, without its colours."""
    light = texels.reshape(-1, 3).astype(np.float32) / np.float32(255)
    return Colours.of(light).out_of(light).ravel()


def added(some: Sums, others: Mapping[str, NDArray[np.floating]]) -> Sums:
    """Return sums over both; of nothing yet, the others."""
    return {name: some[name] + values if some else values.astype(np.float64) for name, values in others.items()}


def start(texels: int, modes: int) -> Floats:
    """Return the vectors that the search for modes begins with, float32 ``(p * 3, l)``: the same on every machine."""
    drawn = np.random.default_rng(_SEED).standard_normal((texels * 3, modes + OVERSAMPLED), np.float32)
    return np.asarray(drawn / np.float32(np.sqrt(texels * 3)), np.float32)


@dataclass(frozen=True, eq=False)
class Textures:
    """Executor: sums of one round over a partition's textures.

    Attributes:
        mean: what is taken from each, ``(p * 3,)``.
        vectors: what the scatter is multiplied with, ``(p * 3, l)``.
    """

    mean: Floats
    vectors: Floats

    def __call__(self, faces: Faces) -> Sums:
        """Return the sum of textures, and of their scatter times the vectors."""
        total, product = np.zeros(self.mean.shape), np.zeros(self.vectors.shape)
        for _, some in faces.textures():
            away = some - self.mean
            total += away.sum(0)
            product += away.T @ (away @ self.vectors)
        return {"faces": np.array([float(len(faces.texels))]), "total": total, "product": product}


def shape_sums(faces: Faces) -> Sums:
    """Return the sums of a partition's shapes and of their products; executor."""
    values = faces.shapes.astype(np.float64)
    return {"faces": np.array([float(len(values))]), "total": values.sum(0), "scatter": values.T @ values}


def people_sums(faces: Faces, space: Space) -> Sums:
    """Return the scatter of coordinates within people, and how many faces more than people it is of; executor."""
    points = space.shape_mean.shape
    found = [
        space.coordinates(shape.reshape(points), texture.reshape(-1, 3), most=np.inf)
        for where, some in faces.textures()
        for shape, texture in zip(faces.shapes[where], some, strict=True)
    ]
    size = space.kept.shape[1]
    values, scatter, degrees = np.array(found, np.float64).reshape(-1, size), np.zeros((size, size)), 0
    for person in dict.fromkeys(faces.people.tolist()):
        mine = values[faces.people == person]
        away = mine - mine.mean(0)
        scatter += away.T @ away
        degrees += len(mine) - 1
    return {"degrees": np.array([float(degrees)]), "within": scatter}


def counts(people: int, scheme: str, least: int = LEAST_PEOPLE) -> tuple[int, int]:
    """Return how many modes of shape and of texture so many people are enough for.

    Args:
        people: of whom there are faces.
        scheme: of the points.
        least: fewer people are refused.

    Raises:
        SpecError: they are too few for any space.

    Examples:
        >>> counts(100, "68"), counts(5000, "5")
        ((20, 20), (6, 200))
    """
    if people < least:
        raise SpecError(f"a latent space needs faces of at least {least} people, got {people}: none was made")
    most = max(1, people // PEOPLE_A_MODE)
    return min(SHAPE_MODES[scheme], most), min(TEXTURE_MODES, most)


def orthonormal(sums: Sums, vectors: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Return the mean of textures, and the vectors of the next round: what the scatter made of these, at right angles.

    Args:
        sums: of a round of :class:`Textures`.
        vectors: of that round.
        mean: that was taken from each.
    """
    off, product = _centred(sums, vectors)
    return mean + off.astype(np.float32), np.linalg.qr(product)[0].astype(np.float32)


def texture_modes(sums: Sums, vectors: Floats, count: int) -> Floats:
    """Return the greatest modes of a round's scatter within its vectors, ``(count, p * 3)``, of deviation 1 each."""
    _, product = _centred(sums, vectors)
    small = vectors.T.astype(np.float64) @ product / sums["faces"][0]
    variances, turn = np.linalg.eigh((small + small.T) / 2)
    order = np.argsort(variances)[::-1][:count]
    deviations = np.sqrt(np.maximum(variances[order], np.finfo(np.float32).tiny))
    return np.asarray((vectors @ (turn[:, order] * deviations)).T, np.float32)


def _centred(sums: Sums, vectors: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the mean is off, and the scatter about it times the vectors."""
    off = sums["total"] / sums["faces"][0]
    return off, sums["product"] - sums["faces"][0] * np.outer(off, off @ vectors)


def shape_modes(sums: Sums, count: int) -> tuple[Floats, Floats]:
    """Return the mean shape, ``(points, 2)``, and its greatest modes, ``(count, points, 2)``, of deviation 1 each."""
    n = sums["faces"][0]
    mean = sums["total"] / n
    variances, directions = np.linalg.eigh(sums["scatter"] / n - np.outer(mean, mean))
    modes = (directions * np.sqrt(np.maximum(variances, 0))).T[::-1][:count]
    return mean.reshape(-1, 2).astype(np.float32), modes.reshape(count, -1, 2).astype(np.float32)


def kept_directions(sums: Sums, space: Space, least: int = LEAST_PEOPLE) -> Floats:
    """Return the directions in which photos of one person differ most, for what people differ, ``(q, s + t)``.

    Fisher's discriminants the other way round: of coordinates whose scatter over all is 1, the greatest quotients of
    the scatter within people and of that between them, which is the rest, with :data:`DAMPING` added.

    Args:
        sums: of :func:`people_sums`.
        space: whose modes the coordinates are of.
        least: fewer photos beyond the first of each person are refused.

    Raises:
        SpecError: nobody has two faces, so nothing tells what does not change with who somebody is.
    """
    degrees = float(sums["degrees"][0])
    if degrees < least:
        raise SpecError(
            f"a latent space needs {least} photos more than people, got {degrees:g} more: too few people have two"
        )
    within = sums["within"] / degrees
    between, turn = np.linalg.eigh(np.eye(len(within)) - within)
    between = (turn * np.maximum(between, 0)) @ turn.T
    shape, texture = (
        (modes.reshape(len(modes), -1).astype(np.float64) ** 2).sum(1)
        for modes in (space.shape_modes, space.texture_modes)
    )
    variances = np.concatenate([shape * SHAPE_WEIGHT * texture.sum() / shape.sum(), texture])
    root = np.linalg.inv(np.linalg.cholesky(between + np.diag(DAMPING * variances.mean() / variances)))
    _, found = np.linalg.eigh(root @ within @ root.T)
    greatest = (root.T @ found)[:, ::-1][:, : min(KEPT, len(within) // 4)]
    return np.linalg.qr(greatest)[0].T.astype(np.float32)


def texels_of(scheme: str) -> int:
    """Return how many texels a scheme's mesh has."""
    return int(mesh.mesh(scheme).texels.sum())
