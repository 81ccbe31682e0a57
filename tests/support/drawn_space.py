"""A small space of faces that is made up: smooth waves for modes, of shape and of texture."""

import hashlib
from pathlib import Path

import numpy as np

from anonymizer_udfs.methods import mesh
from anonymizer_udfs.methods.space import Space, pack
from anonymizer_udfs.models.base import ModelRef

SHAPES, TEXTURES, KEPT = 3, 6, 2
"""Modes of shape and of texture, and directions that are kept: the first mode of texture, and the first of shape."""


def waves(scheme: str) -> np.ndarray:
    """Return smooth patterns over a mesh's plain texels, of luma alone, ``(TEXTURES, p * 3)``; none has a mean."""
    y, x = np.nonzero(mesh.mesh(scheme).texels)
    made = []
    for i in range(TEXTURES):
        across, down = (1 + i % 3) * np.pi / mesh.SIZE_WH[0], (1 + i // 3) * np.pi / mesh.SIZE_WH[1]
        wave = np.cos(across * x + i) * np.cos(down * y)
        made.append(np.stack([wave - wave.mean(), 0 * wave, 0 * wave], 1).ravel())
    return np.linalg.qr(np.array(made).T)[0].T * np.sqrt(made[0].size) * 0.3


def space(scheme: str = "5") -> Space:
    """Return the space."""
    points = np.array(mesh.INNER[scheme], np.float32)
    draw = np.random.default_rng(7)
    shapes = 0.01 * draw.standard_normal((SHAPES, *points.shape))
    flat = np.linalg.qr(shapes.reshape(SHAPES, -1).T)[0].T * 0.02
    kept = np.zeros((KEPT, SHAPES + TEXTURES), np.float32)
    kept[0, SHAPES], kept[1, 0] = 1, 1
    mean = np.zeros((len(waves(scheme)[0]) // 3, 3), np.float32)
    modes = flat.reshape(shapes.shape).astype(np.float32)
    return Space(points, modes, mean, waves(scheme).astype(np.float32), kept)


def stored(folder: Path, made: Space | None = None) -> ModelRef:
    """Write a space's file, and return what names it."""
    content = pack(made or space())
    ref = ModelRef.fetched("latent", hashlib.sha256(content).hexdigest(), ".safetensors")
    (folder / ref.file).write_bytes(content)
    return ref
