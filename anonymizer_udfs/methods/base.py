"""What a method is, what it works on, and the checks that all members share."""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods.surrogate import Surrogate
from anonymizer_udfs.models.base import ModelRef, Runtime

Patch = NDArray[np.uint8 | np.uint16]
"""The pixels of one region, cut from the picture: ``(h, w, c)``, 1 to 4 channels as the format has them."""

CHANNELS_MAX = 4
LEAST_ASPECT = 0.5
"""A side of a face counts as at least this share of its other side: a face cut off at the picture's edge has a narrow
box, and cells or a blur of that width would be finer than on the same face seen whole."""

Landmarks = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Target:
    """Where the face is in a patch.

    Attributes:
        box_xyxy: the detector's box in the patch's pixels, half-open; may reach over the patch's edge, may be empty.
        alpha: index of the alpha channel, which no method changes; None where there is none.
        landmarks: five points ``(x, y)`` in the patch's pixels, in the order of
            :class:`anonymizer_udfs.detection.base.Detections`; may lie beyond the patch. None where nobody gave any.
        surrogate: what the face's person shares with others; None where it shares none.
        detector: the name of who gave the landmarks; None where nobody did.
        runtime: where models lie and what runs them, for methods that have some.
    """

    box_xyxy: tuple[float, float, float, float]
    alpha: int | None = None
    landmarks: Landmarks | None = None
    surrogate: Surrogate | None = None
    detector: str | None = None
    runtime: Runtime | None = None

    def __post_init__(self) -> None:
        """Refuse a box that is not finite or whose ends are swapped."""
        x0, y0, x1, y1 = self.box_xyxy
        if not all(math.isfinite(v) for v in self.box_xyxy) or x1 < x0 or y1 < y0:
            raise SpecError(f"box_xyxy must be finite with x0 <= x1 and y0 <= y1, got {self.box_xyxy}")

    @property
    def face_wh(self) -> tuple[float, float]:
        """Width and height in pixels that strengths are relative to.

        Examples:
            >>> Target((0, 0, 50, 60)).face_wh
            (50.0, 60.0)
            >>> Target((0, 0, 10, 60)).face_wh
            (30.0, 60.0)
        """
        x0, y0, x1, y1 = (float(v) for v in self.box_xyxy)
        w, h = x1 - x0, y1 - y0
        return max(w, LEAST_ASPECT * h), max(h, LEAST_ASPECT * w)


@runtime_checkable
class Method(Protocol):
    """A family member: a frozen dataclass of its own parameters.

    Attributes:
        name: the name by which policies call it.
    """

    name: ClassVar[str]

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands from mild to strong, to compare members with: chains must rise in it."""
        ...

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the anonymized patch: a new array of the same shape and dtype.

        Runs on an executor, once a face and escalation step. Treats every row and column of the patch, not only the
        box, and no channel of alpha.

        Args:
            patch: uint8 or uint16 ``(h, w, c)``; not changed.
            target: where the face is in it.
            rng: the one source of randomness.

        Raises:
            SpecError: the patch is of another shape or type, or has no alpha channel where ``target`` says.
        """
        ...


@runtime_checkable
class Choosy(Protocol):
    """A method that not every face can have: one that shares surrogates, or needs landmarks."""

    def serves(self, target: Target) -> bool:
        """Return whether a face has what the method needs; if not, all faces of its image take the next of the chain.

        Args:
            target: where the face is, in the picture rather than in a patch.
        """
        ...


@runtime_checkable
class Modelled(Protocol):
    """A method that runs models: they are checked before a run, shipped to executors, and part of its digest."""

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """Return the files it needs."""
        ...


@runtime_checkable
class FromVault(Protocol):
    """A method whose ``model`` is made from a lake and lies in that lake's vault; a run binds the newest one.

    Attributes:
        model: the one that a run was given; None before.
    """

    model: ModelRef | None

    @property
    def vault_model(self) -> str | None:
        """Return the model's name there; None where, as it is set, the method needs none."""
        ...


@runtime_checkable
class Promising(Protocol):
    """A method whose protection is a number, which the record of each face states."""

    def promise(self, target: Target, pixels: int, channels: int) -> dict[str, float]:
        """Return what is promised for one region, by name.

        Args:
            target: where the face is.
            pixels: of the region.
            channels: that are treated.
        """
        ...


@runtime_checkable
class Noting(Protocol):
    """A method of which the record of each face says more than its parameters."""

    def noted(self, target: Target) -> dict[str, str | None]:
        """Return what the record says, by name; plain values.

        Args:
            target: where the face is.
        """
        ...


def colours(patch: Patch, alpha: int | None) -> list[int]:
    """Return the indices of the channels that a method treats: all but alpha.

    Raises:
        SpecError: the patch is not ``(h, w, 1..4)`` of uint8 or uint16, or ``alpha`` leaves no colour.

    Examples:
        >>> colours(np.zeros((1, 1, 4), np.uint8), 3)
        [0, 1, 2]
    """
    if patch.dtype not in (np.uint8, np.uint16):
        raise SpecError(f"a patch must be uint8 or uint16, got {patch.dtype}")
    if patch.ndim != 3 or not 1 <= patch.shape[2] <= CHANNELS_MAX:  # noqa: PLR2004 - height, width, channels
        raise SpecError(f"a patch must be (h, w, c) with 1 to {CHANNELS_MAX} channels, got shape {patch.shape}")
    left = [c for c in range(patch.shape[2]) if c != alpha]
    if not left or (alpha is not None and len(left) == patch.shape[2]):
        raise SpecError(f"alpha must be one of {patch.shape[2]} channels and leave a colour, got {alpha}")
    return left


def models_of(method: Method) -> tuple[ModelRef, ...]:
    """Return the model files that a method needs; most need none."""
    return method.models if isinstance(method, Modelled) else ()


def full_range(patch: Patch) -> int:
    """Return the greatest value that the patch's type holds: 255 or 65535."""
    return int(np.iinfo(patch.dtype).max)


def check_ratio(name: str, value: object, low: float, high: float) -> float:
    """Return ``value`` as a float, or raise :class:`SpecError` where it is no number in ``[low, high]``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SpecError(f"{name} must be a number in [{low:g}, {high:g}], got {value!r}")
    return float(value)


def check_count(name: str, value: object, low: int, high: int) -> None:
    """Raise :class:`SpecError` where ``value`` is no whole number in ``[low, high]``."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SpecError(f"{name} must be a whole number in [{low}, {high}], got {value!r}")


def face_pixels(patch: Patch, target: Target) -> Patch:
    """Return the part of a patch that the face's box covers; the whole patch where it covers none."""
    x0, y0, x1, y1 = target.box_xyxy
    inside = patch[max(0, math.floor(y0)) : max(0, math.ceil(y1)), max(0, math.floor(x0)) : max(0, math.ceil(x1))]
    return inside if inside.size else patch
