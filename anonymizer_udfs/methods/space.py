"""The file of a learned space, and faces in it. Read on executors, once a process."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.methods import mesh
from anonymizer_udfs.models import tensors

Floats = NDArray[np.float32]

_KINDS: Mapping[str, tuple[int, type[np.generic]]] = {
    "shape_mean": (2, np.float32),
    "shape_modes": (3, np.float32),
    "texture_mean": (2, np.float32),
    "texture_modes": (2, np.uint16),
    "texture_steps": (1, np.float32),
    "kept": (2, np.float32),
}
"""What the file has: dimensions and type of each array."""
_ZERO = 1 << 15
"""What stands for 0 in an array of uint16."""
MOST = 2.5
"""No coordinate counts as further from the mean than this, in standard deviations: beyond, faces fall apart."""
TO_LUMA_CHROMA = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
"""ITU-R BT.601, as JPEG has it."""
FROM_LUMA_CHROMA = np.linalg.inv(TO_LUMA_CHROMA.astype(np.float64)).astype(np.float32)
CHROMA_WEIGHT = 0.3
"""Deviation of a chroma in plain texels, where luma's is 1: chroma is coarse and noisy in JPEG files."""
_LEAST_CONTRAST, _LEAST_TINT = 0.02, 0.005
"""In shares of the full range; a flatter or greyer face counts as this, so that its noise is not made to features."""


@dataclass(frozen=True, eq=False)
class Space:
    """A linear space of faces.

    A face's coordinates have a mean of 0 and a deviation of 1 over the people that it was learned from, and are not
    correlated: first those of its shape, then those of its texture.

    Attributes:
        shape_mean: points of the mean face, ``(n, 2)``.
        shape_modes: how they move with each coordinate of the shape, ``(s, n, 2)``.
        texture_mean: of the texels in the mesh, ``(p, 3)``, each face's colours taken out (see :class:`Colours`).
        texture_modes: how they change with each coordinate of the texture, ``(t, p * 3)``.
        kept: directions that stay: rows of length 1 and at right angles, ``(q, s + t)``.
    """

    shape_mean: Floats
    shape_modes: Floats
    texture_mean: Floats
    texture_modes: Floats
    kept: Floats

    @property
    def scheme(self) -> str:
        """The scheme of its points, ``68`` or ``5``."""
        return next(name for name, points in mesh.INNER.items() if len(points) == len(self.shape_mean))

    @cached_property
    def _lengths(self) -> tuple[Floats, Floats]:
        """Squared lengths of the modes, of shape and of texture."""
        shape, texture = self.shape_modes.reshape(len(self.shape_modes), -1), self.texture_modes
        return (shape**2).sum(1), np.einsum("tp,tp->t", texture, texture)

    def coordinates(self, shape: NDArray[np.floating], texture: Floats, most: float = MOST) -> Floats:
        """Return the coordinates of a face, ``(s + t,)``, none beyond a number of deviations.

        Args:
            shape: the points within it, in its own coordinates, ``(n, 2)``.
            texture: its texels, colours taken out, ``(p, 3)``.
            most: what no coordinate may exceed.
        """
        of_shape, of_texture = self._lengths
        moved = (shape - self.shape_mean).astype(np.float32).ravel()
        s = self.shape_modes.reshape(len(self.shape_modes), -1) @ moved / of_shape
        t = self.texture_modes @ (texture - self.texture_mean).ravel() / of_texture
        return np.asarray(np.clip(np.concatenate([s, t]), -most, most), np.float32)

    def replaced(self, coordinates: Floats, drawn: Floats, amount: float) -> Floats:
        """Return coordinates of which those that are not kept are turned towards drawn ones.

        Args:
            coordinates: of a face.
            drawn: of somebody else, as many.
            amount: 0 leaves all as it is, 1 leaves nothing but what is kept; between, lengths stay alike.
        """
        stays = self.kept.T @ (self.kept @ coordinates)
        other = drawn - self.kept.T @ (self.kept @ drawn)
        angle = amount * np.pi / 2
        turned = np.cos(angle) * (coordinates - stays) + np.sin(angle) * other
        return np.asarray(stays + turned, np.float32)

    def shape(self, coordinates: Floats) -> Floats:
        """Return the points of coordinates, ``(n, 2)``."""
        return self.shape_mean + np.tensordot(coordinates[: len(self.shape_modes)], self.shape_modes, 1)

    def texture(self, coordinates: Floats) -> Floats:
        """Return the texels of coordinates, ``(p, 3)``."""
        return self.texture_mean + (coordinates[len(self.shape_modes) :] @ self.texture_modes).reshape(-1, 3)


@dataclass(frozen=True, eq=False)
class Colours:
    """What is taken out of a texture before it has coordinates: five numbers of a face.

    Attributes:
        means: of luma and both chromas, ``(3,)``.
        contrast: the standard deviation of luma about its mean.
        tint: that of both chromas; 0 of a grey face, which is drawn grey.
    """

    means: Floats
    contrast: float
    tint: float

    @classmethod
    def of(cls, texels: Floats) -> "Colours":
        """Return those of the texels of a face, red, green and blue in [0, 1], ``(p, 3)``."""
        split = texels @ TO_LUMA_CHROMA.T
        means = split.mean(0)
        deviations = ((split - means) ** 2).mean(0)
        return cls(means, float(np.sqrt(deviations[0])), float(np.sqrt(deviations[1:].mean())))

    @property
    def _scales(self) -> Floats:
        return np.array([self.contrast, *(2 * [self.tint / CHROMA_WEIGHT])], np.float32)

    def out_of(self, texels: Floats) -> Floats:
        """Return luma and chromas of texels without them, ``(p, 3)``: plain texels."""
        least = np.array([_LEAST_CONTRAST, *(2 * [_LEAST_TINT / CHROMA_WEIGHT])], np.float32)
        return np.asarray((texels @ TO_LUMA_CHROMA.T - self.means) / np.maximum(self._scales, least), np.float32)

    def into(self, plain: Floats) -> Floats:
        """Return texels, red, green and blue, of plain ones."""
        return np.asarray((plain * self._scales + self.means) @ FROM_LUMA_CHROMA.T, np.float32)


def pack(space: Space) -> bytes:
    """Return the bytes of a space's file; modes of textures in 16 bits, each with a step of its own."""
    steps = np.abs(space.texture_modes).max(1) / (_ZERO - 1)
    modes = np.rint(space.texture_modes / steps[:, None]) + _ZERO
    return tensors.pack(
        {
            "shape_mean": space.shape_mean.astype(np.float32),
            "shape_modes": space.shape_modes.astype(np.float32),
            "texture_mean": space.texture_mean.astype(np.float32),
            "texture_modes": modes.astype(np.uint16),
            "texture_steps": steps.astype(np.float32),
            "kept": space.kept.astype(np.float32),
        }
    )


def read(content: bytes) -> Space:
    """Return the space of a file.

    Raises:
        ModelFormatError: if it is none, or one whose parts do not belong together.
    """
    arrays = tensors.unpack(content)
    if {name: (array.ndim, array.dtype.type) for name, array in arrays.items()} != dict(_KINDS):
        raise ModelFormatError(f"expected the arrays of a latent space, got {', '.join(arrays) or 'none'}")
    _check(arrays)
    modes = arrays["texture_modes"].astype(np.float32)
    modes -= np.float32(_ZERO)
    modes *= arrays["texture_steps"][:, None]
    return Space(arrays["shape_mean"], arrays["shape_modes"], arrays["texture_mean"], modes, arrays["kept"])


def _check(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse parts that do not fit each other, and numbers that are none."""
    n, (s, t) = len(arrays["shape_mean"]), (len(arrays[name]) for name in ("shape_modes", "texture_modes"))
    scheme = next((name for name, points in mesh.INNER.items() if len(points) == n), None)
    if scheme is None:
        raise ModelFormatError(f"a latent space is of 5 points or 51, got {n}")
    texels = int(mesh.mesh(scheme).texels.sum())
    expected = {
        "shape_mean": (n, 2),
        "shape_modes": (s, n, 2),
        "texture_mean": (texels, 3),
        "texture_modes": (t, texels * 3),
        "texture_steps": (t,),
        "kept": (len(arrays["kept"]), s + t),
    }
    if {name: array.shape for name, array in arrays.items()} != expected or not s or not t:
        raise ModelFormatError(f"the arrays of a latent space do not belong together: expected {expected}")
    floats = [array for array in arrays.values() if array.dtype == np.float32]
    if not all(np.isfinite(array).all() for array in floats):
        raise ModelFormatError("a latent space must be of finite numbers")
    kept = arrays["kept"].astype(np.float64)
    if not np.allclose(kept @ kept.T, np.eye(len(kept)), atol=1e-3):
        raise ModelFormatError("the kept directions of a latent space must be at right angles, and of length 1")
    some = (arrays["texture_modes"] != _ZERO).any(1).all() and (arrays["texture_steps"] > 0).all()
    if not some or not arrays["shape_modes"].any((1, 2)).all():
        raise ModelFormatError("no mode of a latent space may be 0")
