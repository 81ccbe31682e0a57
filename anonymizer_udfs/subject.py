"""What a file shows: one picture, or the frames of an animation. How they are looked at, and made into a file again.

Runs on an executor. The pipeline works on subjects alone, so that every frame goes the way of a single picture.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from anonymizer_udfs import imaging
from anonymizer_udfs.detection.base import Rgb
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.detection.sights import Sight
from anonymizer_udfs.imaging import Encoded, Header, Picture, animation, orientation
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.sight import FileSight


class Subject(Protocol):
    """One file at work.

    Attributes:
        header: what the file says of itself.
        sights: what detectors look at, one for each frame; frames that show the same share one.
        failed: why the file could not be decoded whole while a search went on; none where it could.
        untouched: what is stored if nothing is found, known without a whole decode; none where that needs one.
    """

    header: Header

    @property
    def sights(self) -> tuple[Sight, ...]:
        """Return what detectors look at."""
        ...

    @property
    def failed(self) -> Reason | None:
        """Return why it could not be decoded."""
        ...

    @property
    def untouched(self) -> Encoded | None:
        """Return what is stored if nothing is found."""
        ...

    def pictures(self) -> tuple[Picture, ...]:
        """Return the frames, decoded once.

        Raises:
            BadImageError: as :func:`anonymizer_udfs.imaging.decode`.
        """
        ...

    def encode(self, pictures: Sequence[Picture], *, anew: bool = False) -> Encoded:
        """Return the file with these frames, ``with_pixels`` of :meth:`pictures`.

        Args:
            pictures: as many as there are frames.
            anew: whether nothing of the source's compressed pixels may be kept.
        """
        ...

    def is_source(self, encoded: Encoded) -> bool:
        """Return whether a file holds the source's own compressed pixels, all of them and no other."""
        ...

    def decoded(self, encoded: Encoded) -> tuple[Picture, ...]:
        """Return the frames that a file shows that is about to be stored.

        Raises:
            BadImageError: it does not show as many frames for as long, or cannot be decoded.
        """
        ...


class Still:
    """A file that shows one picture; see :class:`Subject`."""

    def __init__(self, header: Header, data: bytes, plan: Plan, max_pixels: int) -> None:
        """Decode the file as large as the passes of a plan need that are made of every picture.

        Raises:
            BadImageError: as :func:`anonymizer_udfs.imaging.decode`; ``too_large``.
        """
        self.header = header
        self._file = FileSight(data, max_pixels, header)
        self._max_pixels = max_pixels
        self._file.prepare(plan.scale(self._file.stored_wh))
        self.sights: tuple[Sight, ...] = (self._file,)

    @property
    def failed(self) -> Reason | None:
        """Why the file could not be decoded whole; see :class:`Subject`."""
        return self._file.failed

    @property
    def untouched(self) -> Encoded | None:
        """What is stored if nothing is found; see :class:`Subject`."""
        return self._file.untouched

    def pictures(self) -> tuple[Picture, ...]:
        """Return the picture; see :class:`Subject`."""
        return (self._file.whole(),)

    def encode(self, pictures: Sequence[Picture], *, anew: bool = False) -> Encoded:
        """Return the file; see :class:`Subject`."""
        return imaging.anew(pictures[0]) if anew else imaging.encode(pictures[0], self._file.whole())

    def is_source(self, encoded: Encoded) -> bool:
        """Return whether a file is the source without its metadata; see :class:`Subject`."""
        return encoded.data is self._file.whole().encoding.untouched

    def decoded(self, encoded: Encoded) -> tuple[Picture, ...]:
        """Return what a file shows; see :class:`Subject`."""
        return (imaging.decode(encoded.data, max_pixels=self._max_pixels),)


class Moving:
    """An animation; see :class:`Subject`.

    All its frames are in memory, four bytes a pixel, so the bound of pixels holds for all of them together.
    """

    failed: Reason | None = None
    untouched: Encoded | None = None

    def __init__(self, header: Header, data: bytes, max_pixels: int) -> None:
        """Decode all frames.

        Raises:
            BadImageError: as :func:`anonymizer_udfs.imaging.animation.frames`.
        """
        self._max_pixels = max_pixels
        self._animation = animation.frames(data, max_pixels=max_pixels)
        width, height = self._animation.size_wh
        self.header = replace(header, width=width, height=height)
        self.sights = sights_of(self._animation.frames)

    def pictures(self) -> tuple[Picture, ...]:
        """Return the frames; see :class:`Subject`."""
        return self._animation.frames

    def encode(self, pictures: Sequence[Picture], *, anew: bool = False) -> Encoded:
        """Return the file; see :class:`Subject`."""
        return animation.write(self._animation.with_frames(pictures), None if anew else self._animation)

    def is_source(self, encoded: Encoded) -> bool:
        """Return whether a file is the source without its metadata; see :class:`Subject`."""
        return encoded.data is self._animation.untouched

    def decoded(self, encoded: Encoded) -> tuple[Picture, ...]:
        """Return what a file shows; see :class:`Subject`."""
        came, mine = animation.frames(encoded.data, max_pixels=self._max_pixels), self._animation
        if (came.durations_ms, came.plays) != (mine.durations_ms, mine.plays):
            raise BadImageError(Reason.UNVERIFIED)
        return came.frames


class FrameSight:
    """A frame as a search looks at it; a :class:`anonymizer_udfs.detection.sights.Sight`.

    It is turned into what detectors see each time that it is asked for, which takes less than a look at it, so that an
    animation of many frames is not held twice.
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        w, h = picture.size_wh
        self.size_wh = (h, w) if orientation.swapped(picture.orientation) else (w, h)

    def at_least(self, scale: float) -> Rgb:
        """Return the upright frame, whatever scale is asked for."""
        del scale
        return upright(self._picture)


def of(header: Header, data: bytes, plan: Plan, max_pixels: int) -> Subject:
    """Return what a file shows, decoded as far as a plan needs it.

    Args:
        header: what ``imaging.probe`` said of it.
        data: the whole file.
        plan: the plan that is run first.
        max_pixels: most pixels of a picture, or of all frames together.

    Raises:
        BadImageError: as :func:`anonymizer_udfs.imaging.decode`.
    """
    if header.frames > 1 and header.format in animation.FORMATS:
        return Moving(header, data, max_pixels)
    return Still(header, data, plan, max_pixels)


def sights_of(pictures: Sequence[Picture]) -> tuple[Sight, ...]:
    """Return what detectors look at of each picture; a frame that shows what the one before it did has its sight."""
    out: list[Sight] = []
    for i, one in enumerate(pictures):
        same = i > 0 and np.array_equal(one.pixels, pictures[i - 1].pixels)
        out.append(out[-1] if same else FrameSight(one))
    return tuple(out)


def upright(picture: Picture) -> Rgb:
    """Return a picture as people see it, uint8 ``(h, w, 3)``."""
    return orientation.upright(picture.rgb(), picture.orientation)
