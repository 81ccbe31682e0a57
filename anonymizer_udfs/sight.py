"""A source file as a search looks at it: upright, and decoded no larger than it is shown.

Runs on an executor. Knows files and searches, so that neither has to know the other.
"""

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import imaging
from anonymizer_udfs.imaging import Encoded, Format, Header, Picture, orientation
from anonymizer_udfs.imaging.preview import DENOMINATORS, preview
from anonymizer_udfs.outcome import BadImageError, Reason

LEAST_PIXELS = 1_000_000
"""Smaller files are decoded whole at once: there is little to gain, and what is treated needs the whole."""


class FileSight:
    """A file; a :class:`anonymizer_udfs.detection.sights.Sight`.

    Attributes:
        data: the whole file.
        header: what the file says of itself.
        failed: why the file could not be decoded whole while a search went on; none where it could.
        untouched: what is stored if nothing is found, known without a whole decode; none where that needs one.
    """

    def __init__(self, data: bytes, max_pixels: int, header: Header | None = None) -> None:
        """Read the header, where it is not given; nothing is decoded.

        Raises:
            BadImageError: as :func:`anonymizer_udfs.imaging.probe`; ``too_large``.
        """
        self.header = header or imaging.probe(data)
        if self.header.pixels > max_pixels:
            raise BadImageError(Reason.TOO_LARGE)
        self.failed: Reason | None = None
        self.untouched: Encoded | None = None
        self.data = data
        self._max_pixels = max_pixels
        self._picture: Picture | None = None
        self._shown: dict[int, NDArray[np.uint8]] = {}
        self._size_wh: tuple[int, int] | None = None

    @property
    def stored_wh(self) -> tuple[int, int]:
        """Width and height of the stored pixels, as the header says; nothing is decoded for it."""
        return self.header.width, self.header.height

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the upright picture; decodes the file, as small as it can, where that was not done."""
        if self._size_wh is None:
            self.prepare(0.0)
        return self._size_wh or self.stored_wh

    def whole(self) -> Picture:
        """Return the picture, decoded once.

        Raises:
            BadImageError: as :func:`anonymizer_udfs.imaging.decode`.
        """
        if self._picture is None:
            self._picture = imaging.decode(self.data, max_pixels=self._max_pixels)
        return self._picture

    def prepare(self, scale: float) -> None:
        """Decode the file at a scale that is at least the one given.

        Raises:
            BadImageError: as :func:`anonymizer_udfs.imaging.decode`.
        """
        known = [d for d in self._shown if 1 / d >= min(scale, 1.0)]
        if known:
            return
        fits = [d for d in DENOMINATORS if 1 / d >= scale]
        if fits and self._picture is None and self._worth():
            made = preview(self.data, fits[0])
            if made is not None:
                self._keep(fits[0], made.rgb, made.orientation)
                self.untouched = made.untouched
                return
        whole = self.whole()
        self._keep(1, whole.rgb(), whole.orientation)

    def at_least(self, scale: float) -> NDArray[np.uint8]:
        """Return the upright picture at a scale of at least the one given; see ``Sight``."""
        try:
            self.prepare(scale)
        except BadImageError as error:
            self.failed = error.reason
            w, h = self.size_wh
            self._shown[1] = np.zeros((h, w, 3), np.uint8)
        return self._shown[max(d for d in self._shown if 1 / d >= min(scale, 1.0))]

    def _worth(self) -> bool:
        return self.header.format is Format.JPEG and self.header.pixels >= LEAST_PIXELS

    def _keep(self, denominator: int, rgb: NDArray[np.uint8], turned: int) -> None:
        self._shown[denominator] = orientation.upright(rgb, turned)
        if self._size_wh is None:
            w, h = self.stored_wh
            self._size_wh = (h, w) if orientation.swapped(turned) else (w, h)
