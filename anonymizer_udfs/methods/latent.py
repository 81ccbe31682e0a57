"""A face drawn anew from a linear space of faces, with somebody else's identity in it.

k-Same-M (Gross, Sweeney, de la Torre and Baker 2006) averages faces in such a space; here the coordinates that tell
people apart are replaced by drawn ones.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import landmarks
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.landmarks.base import Landmarker
from anonymizer_udfs.methods import blending, mesh, space
from anonymizer_udfs.methods.base import Patch, Target, check_ratio, colours
from anonymizer_udfs.methods.mask import Mask
from anonymizer_udfs.methods.placing import Placed, believed, place
from anonymizer_udfs.methods.space import Colours, Space
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.models.sessions import loaded

DRAWN = 0.7
"""Deviation of drawn coordinates, in that of people's: with 1.0 more faces had spots or a crooked nose."""
DRAWN_PX = 640
"""A face that is wider is drawn so wide and scaled up: its texture has 96 texels across."""
SHARPER = 0.6
_SHARPER_TEXELS = 1.5
"""How much of what is finer than this standard deviation is added once more: a texture of few coordinates is soft."""


@dataclass(frozen=True)
class Latent:
    """Draw the face anew from a linear space that was learned from the archive, its identity replaced.

    The space is one of shapes and of textures without a shape. Of a face's coordinates in it those are kept in which
    photos of one person differ most, for their differences between people: pose, expression, light. The others are
    turned towards drawn ones. What coordinates do not tell of a face (the residual, where moles and wrinkles are) is
    dropped, at any ``amount``. Of the face is kept beside its coordinates: its mean colour and contrast, in five
    numbers, its place, and its outline from ear to ear. What is around it in the region is blurred.

    A face that is turned by more than 40 degrees (25 with five points), that is narrower than 12 pixels, or whose
    landmarks are missing or do not agree with its box, is for the next method of a chain. One of which the landmarker
    gives points of another size is filled.

    Attributes:
        amount: how far identity is replaced, in [0, 1]: at 0 the face loses its residual alone, at 1 nothing but what
            is kept comes from it.
        around: how far what is around the face is blurred, a standard deviation in widths of its box, 0.03 to 0.5;
            0.03 where the region ends, at a region of 1.6.
        model: the space; None: the newest of the lake's vault.
        landmarker: who gives the points, the same that the space was learned with; None: the detector's five.
    """

    amount: float = 1.0
    around: float = blending.AROUND
    model: ModelRef | None = None
    landmarker: Landmarker | None = None

    name: ClassVar[str] = "latent"
    vault_model: ClassVar[str] = "latent"

    def __post_init__(self) -> None:
        """Refuse parameters out of range, and build the landmarker that a mapping asks for."""
        object.__setattr__(self, "amount", check_ratio("amount", self.amount, 0, 1))
        object.__setattr__(self, "around", check_ratio("around", self.around, blending.MILD, 0.5))
        model: object = self.model
        landmarker: object = self.landmarker
        if isinstance(landmarker, str | Mapping):
            object.__setattr__(self, "landmarker", landmarks.build(landmarker))
        if isinstance(model, Mapping):
            object.__setattr__(self, "model", ModelRef(**model))

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: above blur, below pixelation; a greater amount is stronger, then a blurrier rest."""
        return (1.5, self.amount, self.around)

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """Return the space, once a run has bound it, and the landmarker's model."""
        mine = () if self.model is None else (self.model,)
        return mine if self.landmarker is None else (*mine, self.landmarker.model)

    def serves(self, target: Target) -> bool:
        """Return whether a face has landmarks that agree with its box, is not turned too far, and not tiny."""
        if self.model is None or target.runtime is None or target.detector is None:
            return False
        return believed(target, self.landmarker) is not None

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch with the face drawn anew; see :class:`anonymizer_udfs.methods.base.Method`.

        A face that cannot be drawn is filled as the mask does it.

        Raises:
            SpecError: the space is of other points than the landmarker's.
            ModelError: the space or the landmarker's model is missing or of no use.
        """
        colours(patch, target.alpha)
        placed = None
        if self.model is not None and target.runtime is not None and self.serves(target):
            faces = loaded(self.model, target.runtime, space.read)
            self._check_scheme(faces)
            seen = blending.seen(patch, target.alpha)
            placed = place(seen, target, self.landmarker)
        if placed is None:
            return Mask().apply(patch, target, rng)
        inner, texture = self._made(faces, placed, placed.texture(seen), rng)
        out = blending.around(seen, placed.facing, self.around)
        corner, face, cover = drawn(placed, inner, texture, patch.shape[:2])
        blending.lay(out, corner, face, cover)
        blending.grain(out, blending.grain_of(seen, target), rng)
        return blending.written(out, patch, target.alpha)

    def _check_scheme(self, faces: Space) -> None:
        given = "5" if self.landmarker is None else "68"
        if faces.scheme != given:
            raise SpecError(
                f"the space of method latent was learned on {faces.scheme} points and the policy gives {given}; set or "
                "leave out its landmarker, as it was when the space was learned"
            )

    def _made(
        self, faces: Space, placed: Placed, texture: NDArray[np.float32], rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return the points and the texture of the face that takes a face's place."""
        texels = mesh.mesh(placed.scheme).texels
        own = Colours.of(texture[texels])
        was = faces.coordinates(placed.inner, own.out_of(texture[texels]))
        other = rng.standard_normal(len(was)).astype(np.float32) * np.float32(DRAWN)
        now = faces.replaced(was, other, self.amount)
        made = np.empty_like(texture)
        made[:] = texture[texels].mean(0)
        made[texels] = own.into(faces.texture(now))
        made += SHARPER * (made - cv2.GaussianBlur(made, (0, 0), _SHARPER_TEXELS))
        return mesh.opened(faces.shape(now).astype(np.float64)), made


def drawn(
    placed: Placed, inner: NDArray[np.float64], texture: NDArray[np.float32], shape_hw: tuple[int, ...]
) -> tuple[tuple[int, int], NDArray[np.uint8], NDArray[np.float32]]:
    """Return a face as it lies in a picture: where it begins, its pixels, and how much of each is its.

    Args:
        placed: where the mesh lies.
        inner: the points within the face, which may be others than its own.
        texture: float32 ``(h, w, 3)`` in [0, 1].
        shape_hw: of the picture.
    """
    corners, limits = placed.corners(inner), np.array(shape_hw[1::-1])
    start = np.clip(np.floor(corners.min(0)), 0, limits).astype(int)
    end = np.clip(np.ceil(corners.max(0)), start, limits).astype(int)
    w, h = (end - start).tolist()
    scale = min(1.0, DRAWN_PX / placed.facing.width_px)
    size_wh = math.ceil(w * scale), math.ceil(h * scale)
    if not w or not h:
        return (int(start[0]), int(start[1])), np.zeros((h, w, 3), np.uint8), np.zeros((h, w), np.float32)
    fitted = mesh.mesh(placed.scheme)
    places = fitted.places((corners - start) * (np.array(size_wh) / (w, h)), size_wh)
    both = np.concatenate([texture, fitted.cover[..., None]], 2)
    levels = np.clip(np.rint(both * np.float32(blending.LEVELS)), 0, blending.LEVELS).astype(np.uint8)
    made = cv2.remap(levels, places, None, cv2.INTER_CUBIC, None, cv2.BORDER_CONSTANT)
    made = cv2.resize(made, (w, h), interpolation=cv2.INTER_LINEAR) if scale < 1 else made
    cover = made[..., 3].astype(np.float32) / np.float32(blending.LEVELS)
    return (int(start[0]), int(start[1])), np.ascontiguousarray(made[..., :3]), cover
