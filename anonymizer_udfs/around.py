"""What is around a face and recognises people as well: hair, neck and clothing, treated by a milder method.

Where they are is not looked for: it follows from the face's box and roll, for a person who stands or sits upright under
his face. Runs on an executor, once a face.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes, methods
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import Method
from anonymizer_udfs.regions import Region, face_wh

PARTS: dict[str, tuple[float, float, float, float]] = {
    "hair": (-0.95, -1.45, 0.95, 0.2),
    "neck": (-0.65, 0.5, 0.65, 1.2),
    "clothing": (-1.9, 0.85, 1.9, 3.4),
}
"""Of each part ``x0 y0 x1 y1`` from the middle of the face's box, in widths of it (about 133 mm, since eyes that are 63
mm apart are 0.474 of one). Shoulders are about half a metre across (ANSUR II, Gordon et al. 2014), 3.8 widths."""


@dataclass(frozen=True)
class Around:
    """Which parts around a face are treated, and how.

    Attributes:
        parts: of :data:`PARTS`, at least one.
        method: what is done with them; the face's own method is applied afterwards, over it.
    """

    parts: tuple[str, ...]
    method: Method

    def __post_init__(self) -> None:
        """Refuse parts that nobody knows, none, and one twice."""
        object.__setattr__(self, "parts", tuple(self.parts))
        for name in self.parts:
            if name not in PARTS:
                raise UnknownNameError("part around a face", str(name), PARTS)
        if not self.parts or len(set(self.parts)) < len(self.parts):
            raise SpecError(
                f"parts must be some of {', '.join(PARTS)}, each once, got {', '.join(self.parts) or 'none'}"
            )

    @classmethod
    def from_mapping(cls, mapping: object) -> "Around":
        """Return what a mapping with ``parts`` and ``method`` describes.

        Raises:
            SpecError: it is no mapping, or lacks one of them.
            UnknownNameError: another key, a part or a method that nobody knows.
        """
        known = [one.name for one in fields(cls)]
        if not isinstance(mapping, Mapping):
            raise SpecError(f"around must be a mapping with {' and '.join(known)}, got {mapping!r}")
        for key in mapping:
            if key not in known:
                raise UnknownNameError("key of around", str(key), known)
        missing = [name for name in known if name not in mapping]
        if missing:
            raise SpecError(f"around must have {' and '.join(known)}; missing: {', '.join(missing)}")
        parts = mapping["parts"]
        if isinstance(parts, str) or not isinstance(parts, Sequence):
            raise SpecError(f"parts must be a list of {', '.join(PARTS)}, got {parts!r}")
        return cls(tuple(parts), methods.build(mapping["method"]))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_mapping` makes an equal one."""
        return {"parts": list(self.parts), "method": {"name": self.method.name, **methods.parameters(self.method)}}

    def regions(
        self, box: NDArray[np.float32], roll_degrees: float | None, size_wh: tuple[int, int]
    ) -> tuple[Region, ...]:
        """Return the regions of the parts that lie in the picture, in the order of ``parts``.

        Args:
            box: the face's, ``x0 y0 x1 y1`` in pixels.
            roll_degrees: how far the face is turned clockwise; none if unknown.
            size_wh: the picture's size.
        """
        found = (_region(PARTS[name], box, roll_degrees or 0.0, size_wh) for name in self.parts)
        return tuple(one for one in found if one is not None)


def _region(
    part: tuple[float, float, float, float], box: NDArray[np.float32], roll: float, size_wh: tuple[int, int]
) -> Region | None:
    """Return the rectangle of a part, turned with the face; none where the picture does not show it."""
    x0, y0, x1, y1 = (float(v) for v in box)
    width = face_wh((x1 - x0, y1 - y0), roll)[0] if roll else x1 - x0
    turn = np.radians(roll)
    across, along = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    left, top, right, bottom = (width * v for v in part)
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) + across * (left + right) / 2 + along * (top + bottom) / 2
    half = (right - left) / 2, (bottom - top) / 2
    reach = np.abs(across) * half[0] + np.abs(along) * half[1]
    ends = np.concatenate([centre - reach, centre + reach])
    whole = boxes.outward(ends.astype(np.float32), size_wh)
    if whole[2] <= whole[0] or whole[3] <= whole[1]:
        return None
    middle = (float(centre[0]), float(centre[1]))
    return Region(whole, (*middle, *middle), middle, half, roll)
