"""What a measure is, what it compares, and how its figures of many images become one."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.landmarks.marks import Marks

Picture = NDArray[np.uint8 | np.uint16]
"""All pixels of a picture, ``(h, w, c)``, native channels."""

Regions = NDArray[np.int64]
"""Whole-pixel boxes ``(n, 4)`` as ``x0 y0 x1 y1``, half-open."""


STRIP_ROWS = 512


@dataclass(frozen=True)
class Figure:
    """One measured value and how many cases it is the mean of.

    Attributes:
        value: the mean, finite.
        cases: images, regions or faces, as the measure says; at least 1.
    """

    value: float
    cases: int

    def __post_init__(self) -> None:
        """Refuse a figure without evidence."""
        if not math.isfinite(self.value) or self.cases < 1:
            raise SpecError(f"a figure needs a finite value and at least one case, got {self.value} of {self.cases}")


Figures = dict[str, Figure]
"""Figures by name; one that is undefined (no region, no face) is absent, never zero."""


@dataclass(frozen=True)
class Pair:
    """One picture before and after.

    Attributes:
        before: the source's pixels, uint8 or uint16 ``(h, w, c)``.
        after: those decoded from the bytes that are stored; same shape and type.
        regions: what the methods may have changed, int ``(n, 4)``, clipped to the picture.
        faces_before: what a detector finds in ``before``, float32 ``(n, 4)``.
        faces_after: what the same detector finds in ``after``.
        alpha: index of the alpha channel, which no measure looks at; None where there is none.
        marks: what many points say of each face before and after, of those that were found in both; empty where nobody
            looked for points.
        people_before: what a detector of people finds in ``before``, float32 ``(n, 4)``; empty where there is none.
        people_after: what the same detector finds in ``after``.
    """

    before: Picture
    after: Picture
    regions: Regions
    faces_before: Boxes = field(default_factory=boxes.empty)
    faces_after: Boxes = field(default_factory=boxes.empty)
    alpha: int | None = None
    marks: tuple[tuple[Marks, Marks], ...] = ()
    people_before: Boxes = field(default_factory=boxes.empty)
    people_after: Boxes = field(default_factory=boxes.empty)

    def __post_init__(self) -> None:
        """Refuse pictures that cannot be compared and boxes of another shape or off the picture."""
        a, b = self.before, self.after
        if a.shape != b.shape or a.dtype != b.dtype or a.ndim != 3:  # noqa: PLR2004 - height, width, channels
            raise SpecError(
                f"two (h, w, c) of one shape and type expected, got {a.shape} {a.dtype}, {b.shape} {b.dtype}"
            )
        for name, given in (
            ("regions", self.regions),
            ("faces", self.faces_before),
            ("faces", self.faces_after),
            ("people", self.people_before),
            ("people", self.people_after),
        ):
            if given.ndim != 2 or given.shape[1] != 4:  # noqa: PLR2004 - boxes are (n, 4)
                raise SpecError(f"{name} must be (n, 4), got {given.shape}")
        h, w = a.shape[:2]
        if len(self.regions) and (self.regions.min() < 0 or (self.regions.max(0) > (w, h, w, h)).any()):
            raise SpecError(f"regions must lie within the picture of {w}x{h}, got {self.regions.tolist()}")


class Measure(Protocol):
    """A family member: a frozen dataclass of its own parameters.

    Attributes:
        name: the name by which settings call it.
    """

    name: ClassVar[str]

    def measure(self, pair: Pair) -> Figures:
        """Return what it measures, by name; runs on an executor, once a sampled image."""
        ...


def combine(many: Iterable[Figures]) -> Figures:
    """Return the figures of many images as one: means weighted by cases.

    Examples:
        >>> combine([{"a": Figure(1.0, 3)}, {}, {"a": Figure(0.0, 1)}])
        {'a': Figure(value=0.75, cases=4)}
    """
    sums: dict[str, tuple[float, int]] = {}
    for figures in many:
        for name, figure in figures.items():
            total, cases = sums.get(name, (0.0, 0))
            sums[name] = (total + figure.value * figure.cases, cases + figure.cases)
    return {name: Figure(total / cases, cases) for name, (total, cases) in sums.items()}


def outside(shape_hw: tuple[int, int], regions: Iterable[Sequence[int]], margin_px: int = 0) -> NDArray[np.bool_]:
    """Return which pixels lie in no region and not within ``margin_px`` of one, bool ``(h, w)``.

    Examples:
        >>> outside((1, 6), [(0, 0, 2, 1)], 1).tolist()
        [[False, False, False, True, True, True]]
    """
    free = np.ones(shape_hw, np.bool_)
    for x0, y0, x1, y1 in regions:
        if x1 > x0 and y1 > y0:
            free[max(0, y0 - margin_px) : y1 + margin_px, max(0, x0 - margin_px) : x1 + margin_px] = False
    return free


def strips(rows: int) -> Iterator[slice]:
    """Yield the rows of a picture in strips, so that what is computed of a high one does not fill the memory.

    Examples:
        >>> [(one.start, one.stop) for one in strips(700)]
        [(0, 512), (512, 700)]
    """
    for top in range(0, rows, STRIP_ROWS):
        yield slice(top, min(rows, top + STRIP_ROWS))


def colour(picture: Picture, alpha: int | None) -> Picture:
    """Return a picture without its alpha channel, ``(h, w, c)``."""
    return picture if alpha is None else np.delete(picture, alpha, axis=2)


def data_range(picture: Picture) -> int:
    """Return the greatest value that the picture's type holds: 255 or 65535."""
    return int(np.iinfo(picture.dtype).max)
