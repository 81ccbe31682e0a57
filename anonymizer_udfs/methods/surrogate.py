"""The surrogate of a group of people: one opaque picture of a head, and where its canvas lies on a face."""

import hashlib
import io
import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs.errors import SpecError

SIDE_PX = 256
"""The canvas's side."""
HALF = 1.6
"""Half of the canvas's side in widths of an upright face's box, from the box's centre (see ``facing``): a region of
twice the box, as wide as 2 and as high as 2.7 of these widths, lies within it. Beyond, the canvas's edge goes on."""

Canvas = NDArray[np.uint8]
"""RGB, ``(SIDE_PX, SIDE_PX, 3)``."""


@dataclass(frozen=True, eq=False)
class Surrogate:
    """What every face of a group becomes.

    Attributes:
        canvas: the head, upright; not changed by anybody.
        people: how many people share it, at least 1.
    """

    canvas: Canvas = field(repr=False)
    people: int

    def __post_init__(self) -> None:
        """Refuse another shape or type, and a group of nobody."""
        if self.canvas.dtype != np.uint8 or self.canvas.shape != (SIDE_PX, SIDE_PX, 3):
            came = f"{self.canvas.dtype} {self.canvas.shape}"
            raise SpecError(f"a canvas must be uint8 ({SIDE_PX}, {SIDE_PX}, 3), got {came}")
        if isinstance(self.people, bool) or not isinstance(self.people, int) or self.people < 1:
            raise SpecError(f"people must be a whole number from 1, got {self.people!r}")

    @cached_property
    def sha256(self) -> str:
        """64 hex digits of the canvas's bytes, by which faces with the same surrogate are counted."""
        return hashlib.sha256(np.ascontiguousarray(self.canvas).tobytes()).hexdigest()

    def png(self) -> bytes:
        """Return the canvas as a PNG file."""
        out = io.BytesIO()
        Image.fromarray(self.canvas).save(out, "PNG")
        return out.getvalue()

    @classmethod
    def from_png(cls, data: bytes, people: int, sha256: str) -> "Surrogate":
        """Return the surrogate of a PNG file.

        Raises:
            SpecError: it is not the canvas that the digest was taken of.
        """
        try:
            with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
                found = cls(np.asarray(image), people)
        except (OSError, SyntaxError, ValueError) as error:
            raise SpecError("a surrogate's canvas cannot be read; make the surrogates again") from error
        if found.sha256 != sha256:
            raise SpecError(f"a surrogate's canvas has the digest {found.sha256[:12]}, its record says {sha256[:12]}")
        return found


def placed(centre_xy: tuple[float, float], width_px: float, roll_degrees: float) -> NDArray[np.float64]:
    """Return the 2x3 matrix from the canvas's pixels to a patch's, pixels counted by their centres.

    Args:
        centre_xy: of the face's box, in the patch.
        width_px: of the upright face's box, above 0.
        roll_degrees: how far the face is turned clockwise.

    Examples:
        >>> placed((80.0, 90.0), 80.0, 0.0).round(6).tolist()
        [[1.0, -0.0, -48.0], [0.0, 1.0, -38.0]]
    """
    scale = 2 * HALF * width_px / SIDE_PX
    angle = math.radians(roll_degrees)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    turned = np.array([[c, -s], [s, c]])
    middle = np.full(2, (SIDE_PX - 1) / 2)
    return np.column_stack([turned, np.array(centre_xy) - 0.5 - turned @ middle])
