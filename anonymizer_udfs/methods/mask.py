"""The mask: what it fills does not depend on the face. Two of its four forms fill the whole region."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.drawing import Points, stamp
from anonymizer_udfs.errors import UnknownNameError
from anonymizer_udfs.methods import outlines
from anonymizer_udfs.methods.base import Patch, Target, check_ratio, colours, full_range
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.pixelate import Pixelate

FORMS = ("block", "ellipse", "silhouette", "icon")
OPAQUE = ("block", "icon")
BESIDE = Pixelate(cells=5)
"""What becomes of the region beside an ellipse or a silhouette: hair and ears recognise people as well."""
_STRENGTHS = {"ellipse": 7.0, "silhouette": 7.5, "block": 9.0, "icon": 9.0}
_SIGN = 0.25
"""How far the sign's level lies from the fill's, as a share of the full range."""


@dataclass(frozen=True)
class Mask:
    """Fill the patch, or a shape in it, with one level.

    ``block`` and ``icon`` leave nothing of the face but where it was, how large, and (icon) how it was turned: two
    faces under masks of one size differ in no pixel. They are opaque, and one of them ends every chain. ``ellipse``
    and ``silhouette`` look less like a box, and are not: what is left beside the shape is pixelated, with keyed noise.
    Where the box tells no size to draw a shape of, they fill the patch.

    Attributes:
        level_ratio: the fill, in [0, 1] of the full range, the same in every colour channel (in CMYK it is ink).
            The default is mid-grey, which disturbs what models learn from the rest of the picture less than black
            and rings less at the border of a JPEG block.
        form: ``block``; ``icon``: a block with a sign for a person on it, a quarter of the range lighter, or darker
            where the fill is light; ``ellipse``: around the head, turned with it; ``silhouette``: head, hair, neck and
            shoulders.
    """

    level_ratio: float = 0.5
    form: str = "block"

    name: ClassVar[str] = "mask"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        object.__setattr__(self, "level_ratio", check_ratio("level_ratio", self.level_ratio, 0, 1))
        if self.form not in FORMS:
            raise UnknownNameError("form of mask", str(self.form), FORMS)

    @property
    def opaque(self) -> bool:
        """Whether no pixel of the result depends on a pixel of the patch."""
        return self.form in OPAQUE

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: above what changes pixels; what covers more is stronger.

        The ellipse is what it lies on, and the head filled; the silhouette holds the ellipse; the opaque forms, between
        which there is nothing to choose, leave nothing.
        """
        return (_STRENGTHS[self.form],)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch filled; see :class:`anonymizer_udfs.methods.base.Method`."""
        treated = colours(patch, target.alpha)
        sized = all(target.face_wh)
        if self.opaque or not sized or not patch.size:
            out = patch.copy()
            out[..., treated] = round(self.level_ratio * full_range(patch))
            if self.form == "icon" and sized:
                _draw(out, target.alpha, Facing.by_box(target, snap=True).pixels(outlines.pictogram()), self._sign)
            return out
        out = BESIDE.apply(patch, target, rng)
        shape = outlines.ellipse() if self.form == "ellipse" else outlines.silhouette()
        _draw(out, target.alpha, Facing.by_box(target).pixels(shape), self.level_ratio)
        return out

    @property
    def _sign(self) -> float:
        """The level of the sign, as a share of the full range."""
        return self.level_ratio + (_SIGN if self.level_ratio <= 0.5 else -_SIGN)  # noqa: PLR2004 - mid-grey


def _draw(pixels: Patch, alpha: int | None, shape: Points, level_ratio: float) -> None:
    """Fill a shape, given in pixels, with one level, in place and not in alpha."""
    over = stamp(shape, pixels.shape[:2])
    window, level = pixels[over.rows, over.columns], np.float32(round(level_ratio * full_range(pixels)))
    for c in colours(pixels, alpha):
        below = window[..., c].astype(np.float32)
        window[..., c] = np.rint(below + over.cover * (level - below)).astype(pixels.dtype)
