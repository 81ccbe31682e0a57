"""Another method on chosen parts of a face, and a milder one on all the rest of the region."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods.base import Method, Patch, Target, check_count, colours
from anonymizer_udfs.methods.mask import Mask
from anonymizer_udfs.methods.parts import DROPS, FEATHER, share
from anonymizer_udfs.methods.pixelate import Pixelate


@dataclass(frozen=True)
class Regions:
    """Treat chosen parts of a face by one method, and everything beside them by a milder one.

    The rest is treated after the parts, so that a method that moves pixels finds nothing of them to carry away. Under a
    mask parts have a sharp edge; by any other method they fade into the rest, beyond their edge and not within it.

    Parts follow the five points; without them, an upright face is taken to fill the box, so that the parts of a rolled
    one are missed. Where the box has no extent nobody can tell a part, and the method is for the whole region.

    A face is as safe as what is left open: hair, outline and the other parts recognise people (``docs/methods.md``).

    Attributes:
        parts: names of :data:`anonymizer_udfs.methods.parts.DROPS`, or the first so many of them, by which people are
            recognised the most; kept as names, in that order.
        method: what the parts are treated by; any but this one.
        rest: what everything else is treated by; milder than ``method``.
    """

    parts: Sequence[str] | int = 2
    method: Method = field(default_factory=Pixelate)
    rest: Method = field(default_factory=lambda: Pixelate(16, noise_ratio=0))

    name: ClassVar[str] = "regions"
    nested: ClassVar[tuple[str, ...]] = ("method", "rest")
    """The parameters that are methods."""

    def __post_init__(self) -> None:
        """Refuse parts that nobody knows, what is no method, this one within itself, and a rest that is not milder."""
        object.__setattr__(self, "parts", _named(self.parts))
        for name in self.nested:
            inner: object = getattr(self, name)
            if isinstance(inner, Regions | type) or not isinstance(inner, Method):
                raise SpecError(f"{name} must be a method other than regions, got {inner!r}")
        if not self.strength < self.method.strength:
            raise SpecError(
                f"rest must be milder than method, got {self.rest.name} beside {self.method.name}; "
                "choose a milder rest, or a stronger method"
            )

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: just above ``rest``, which is all that much of the face gets; below ``method``."""
        return (*self.rest.strength, sum(DROPS[part] for part in self._parts), *self.method.strength)

    @property
    def _parts(self) -> tuple[str, ...]:
        return _named(self.parts)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch with its parts treated; see :class:`anonymizer_udfs.methods.base.Method`."""
        colours(patch, target.alpha)
        if not patch.size:
            return patch.copy()
        made = self.method.apply(patch, target, rng)
        if not any(target.face_wh):
            return made
        much = share(self._parts, patch.shape, target, 0.0 if isinstance(self.method, Mask) else FEATHER)
        return _mixed(self.rest.apply(_mixed(patch, made, much), target, rng), made, much)


def _named(parts: Sequence[str] | int) -> tuple[str, ...]:
    """Return the names of parts, the most telling first, each once."""
    known = tuple(DROPS)
    if isinstance(parts, int):
        check_count("parts", parts, 1, len(known))
        return known[:parts]
    given = [parts] if isinstance(parts, str) else parts
    if not isinstance(given, Sequence) or not given:
        raise SpecError(f"parts must be names or their number, got {parts!r}; known: {', '.join(known)}")
    for part in given:
        if part not in known:
            raise UnknownNameError("part of a face", str(part), known)
    return tuple(part for part in known if part in given)


def _mixed(mild: Patch, strong: Patch, much: NDArray[np.float32]) -> Patch:
    """Return ``strong`` to a share ``(h, w)`` of each pixel, and ``mild`` for what is left of it."""
    out = cv2.copyTo(strong, (much > 0).astype(np.uint8), mild.copy()).reshape(mild.shape)
    fading = np.divmod(np.flatnonzero((much > 0) & (much < 1)), much.shape[1])
    some = much[fading][:, None]
    out[fading] = np.rint(mild[fading] * (1 - some) + strong[fading] * some)
    return np.asarray(out, mild.dtype)
