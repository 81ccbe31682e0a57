"""What a search looks at: a picture that need not be decoded larger than it is shown."""

from typing import Protocol

from anonymizer_udfs.detection.base import Rgb


class Sight(Protocol):
    """A picture as people see it, upright, at any scale up to its own.

    A search asks for no more than a view shows, so that a large file may be decoded small.
    """

    @property
    def size_wh(self) -> tuple[int, int]:
        """Return the picture's own width and height."""
        ...

    def at_least(self, scale: float) -> Rgb:
        """Return the picture at a scale of 1, 1/2, 1/4 ... that is at least the one given, uint8 ``(h, w, 3)``.

        Sides are rounded up. A picture that turns out to be broken is returned as large as it can be, and its owner
        finds out: a search goes on for the others of its group.

        Args:
            scale: in (0, 1] or more; more than 1 asks for the picture's own size.
        """
        ...


class Decoded:
    """A picture that is there already."""

    def __init__(self, image: Rgb) -> None:
        self._image = image

    @property
    def size_wh(self) -> tuple[int, int]:
        """Return width and height."""
        return self._image.shape[1], self._image.shape[0]

    def at_least(self, scale: float) -> Rgb:
        """Return the picture at its own size, whatever is asked for."""
        del scale
        return self._image
