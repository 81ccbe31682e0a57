"""InsightFace's ``inswapper`` with an identity that is drawn: its network makes the face, the paste-back is ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.chips import chip
from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.methods import blending
from anonymizer_udfs.methods.base import Patch, Target, colours
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.mask import Mask
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import pack_model
from anonymizer_udfs.recognition import alignment

SIDE_PX, TEMPLATE = 128, 512
"""Of the network's pictures, and numbers of an identity."""
BESIDE_PX = 8
"""The network's chip is that of ArcFace, 112 pixels, with so much more on the left and on the right, and twice as much
below (``insightface.utils.face_align``)."""
LEAST_PX = 6.0
"""Nearer eyes are no face that a network could draw."""
MOST_PX = 2**15 - 1
"""OpenCV samples no larger picture."""
_OVAL = ((64.0, 66.0), (46.0, 56.0))
"""Middle and half axes of what is taken of the network's picture: from the hairline to the chin."""
_FADE = 0.3
"""From the oval inwards, in its half axes: there the face fades out."""


@dataclass(frozen=True)
class Swap:
    """Let a network draw the face with another identity, and blur what is around it in the region.

    The identity is a unit vector of 512 numbers drawn from the key, new for each face: it is nobody's template, and may
    lie where no face is. What the network takes over from the original beside pose and expression is not known here;
    it sees the face at 128 pixels. None of InsightFace's networks is free for commercial use.

    A face without landmarks of a detector that ArcFace's chips are known for cannot be swapped; a chain then goes on
    with its next method.

    Attributes:
        model: the network, by its name in a pack: ``PACK/FILE``. Without one nothing is swapped, so a policy that has
            the method must name it, and the settings accept its licence.
    """

    model: ModelRef | None = None

    name: ClassVar[str] = "swap"

    def __post_init__(self) -> None:
        """Take a mapping for the model that it stands for."""
        model: object = self.model
        if isinstance(model, Mapping):
            object.__setattr__(self, "model", ModelRef(**model))

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: between blur and pixelation, not measured."""
        return (1.4,)

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """Return the network.

        Raises:
            SpecError: none was named.
        """
        if self.model is None:
            raise SpecError("method swap needs a model: PACK/FILE, such as model: inswapper/inswapper_128.onnx")
        return (self.model,)

    def serves(self, target: Target) -> bool:
        """Return whether a face has landmarks by which it can be aligned."""
        if self.model is None or target.runtime is None or target.landmarks is None:
            return False
        return target.detector in alignment.ARCFACE

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch with the face swapped; see :class:`anonymizer_udfs.methods.base.Method`.

        Raises:
            ModelError: the network is missing, or not one of the kind.
        """
        colours(patch, target.alpha)
        matrix = _matrix(target) if self.serves(target) and 0 < max(patch.shape) <= MOST_PX and patch.size else None
        if matrix is None or self.model is None or target.runtime is None:
            return Mask().apply(patch, target, rng)
        seen = blending.seen(patch, target.alpha)
        identity = rng.standard_normal(TEMPLATE)
        made = swapped(chip(seen, matrix, SIDE_PX), identity, self.model, target.runtime)
        out = blending.around(seen, Facing.of(target), blending.AROUND)
        corner, face, cover = laid_back(made, matrix, patch.shape[:2])
        blending.lay(out, corner, face, cover)
        blending.grain(out, blending.grain_of(seen, target), rng)
        return blending.written(out, patch, target.alpha)


def _matrix(target: Target) -> NDArray[np.float64] | None:
    """Return the 2x3 matrix from the patch's pixels to the network's; none where the points are no face's."""
    points = np.array(target.landmarks, np.float64)
    if not np.isfinite(points).all() or np.hypot(*(points[1] - points[0])) < LEAST_PX:
        return None
    onto = alignment.target(alignment.ARCFACE, str(target.detector)) + np.array([BESIDE_PX, 0])
    matrix = alignment.similarity_transform(points, onto)
    return matrix if abs(np.linalg.det(matrix[:, :2])) > 0 else None


def swapped(
    rgb: NDArray[np.uint8], identity: NDArray[np.floating], model: ModelRef, runtime: Runtime
) -> NDArray[np.uint8]:
    """Return what the network makes of a chip, uint8 ``(128, 128, 3)``; the network is loaded once a process.

    Args:
        rgb: the chip.
        identity: as a recognizer's template, ``(512,)``, of any length.
        model: the network.
        runtime: where it lies and what runs it.

    Raises:
        ModelFormatError: it is no ``inswapper``.
    """
    network = pack_model(model, runtime)
    emap = np.asarray(getattr(network, "emap", np.zeros(0)), np.float32)
    if emap.shape != (TEMPLATE, TEMPLATE) or tuple(network.input_size) != (SIDE_PX, SIDE_PX):
        raise ModelFormatError(f"model {model.name}: expected an inswapper of {SIDE_PX} pixels, got another model")
    source = _unit(_unit(identity.astype(np.float32)) @ emap)
    planes = (rgb.astype(np.float32) - network.input_mean) / network.input_std
    return _pixels(network, planes.transpose(2, 0, 1)[None].astype(np.float32), source[None], model)


def _pixels(network: Any, picture: NDArray[Any], source: NDArray[Any], model: ModelRef) -> NDArray[np.uint8]:
    first, second = network.input_names
    made = np.asarray(network.session.run(network.output_names, {first: picture, second: source})[0])
    if made.shape != picture.shape or not np.isfinite(made).all():
        raise ModelFormatError(f"model {model.name}: expected a picture of {picture.shape}, got {made.shape}")
    return np.ascontiguousarray(np.rint(np.clip(made[0].transpose(1, 2, 0), 0, 1) * 255).astype(np.uint8))


def _unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a vector of length 1; zeros stay what they are."""
    return np.asarray(values / max(float(np.linalg.norm(values)), float(np.finfo(np.float32).tiny)), np.float32)


def laid_back(
    made: NDArray[np.uint8], matrix: NDArray[np.float64], shape_hw: tuple[int, ...]
) -> tuple[tuple[int, int], NDArray[np.uint8], NDArray[np.float32]]:
    """Return a chip as it lies in a picture: where it begins, its pixels, and how much of each is the chip's.

    Args:
        made: the chip.
        matrix: 2x3, from pixels of the picture to pixels of the chip.
        shape_hw: of the picture.
    """
    back = cv2.invertAffineTransform(matrix)
    ends = np.array([[0, 0, 1], [SIDE_PX, 0, 1], [0, SIDE_PX, 1], [SIDE_PX, SIDE_PX, 1]]) @ back.T
    limits = np.array(shape_hw[1::-1])
    start = np.clip(np.floor(ends.min(0)), 0, limits).astype(int)
    w, h = (np.clip(np.ceil(ends.max(0)), start, limits).astype(int) - start).tolist()
    x, y = start.tolist()
    if not w or not h:
        return (x, y), np.zeros((h, w, 3), np.uint8), np.zeros((h, w), np.float32)
    both = np.dstack([made, np.rint(oval() * 255).astype(np.uint8)])
    both = cv2.warpAffine(both, back - [[0, 0, x], [0, 0, y]], (w, h), flags=cv2.INTER_CUBIC)
    return (x, y), np.ascontiguousarray(both[..., :3]), both[..., 3].astype(np.float32) / np.float32(255)


def oval() -> NDArray[np.float32]:
    """Return how much of each pixel of the network's picture is taken, float32 ``(128, 128)``."""
    (x, y), (across, along) = _OVAL
    at = np.arange(SIDE_PX) + 0.5
    reach = np.hypot((at - x) / across, ((at - y) / along)[:, None])
    rising = np.clip((1 - reach) / _FADE, 0, 1)
    return np.asarray(rising * rising * (3 - 2 * rising), np.float32)
