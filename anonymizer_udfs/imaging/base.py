"""The words of imaging: formats, headers, decoded pictures, and what a member of the family can do."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs.errors import SpecError

Pixels = NDArray[Any]
"""Samples of shape ``(h, w, c)``, uint8 or uint16."""

Recolour = Callable[[Pixels, int], Pixels]

_BAND_ROWS = 256
_WHITE_8 = 255


class Format(StrEnum):
    """The file formats that are read and written; the ``format`` column of ``images``."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    BMP = "bmp"
    GIF = "gif"


class Channels(StrEnum):
    """What the last axis of a picture's pixels means, in this order."""

    GREY = "grey"
    GREY_ALPHA = "grey_alpha"
    RGB = "rgb"
    RGBA = "rgba"
    CMYK = "cmyk"

    @property
    def samples(self) -> int:
        """The length of the last axis."""
        return {"grey": 1, "grey_alpha": 2, "rgb": 3, "rgba": 4, "cmyk": 4}[self.value]

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is opacity: 0 is clear."""
        return self in {Channels.GREY_ALPHA, Channels.RGBA}


@dataclass(frozen=True)
class Header:
    """What a file says of itself before anything is decoded; sides in stored pixels, not to be trusted."""

    format: Format
    width: int
    height: int
    frames: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def all_pixels(self) -> int:
        """Width times height times frames."""
        return self.pixels * self.frames


@dataclass(frozen=True)
class Encoding:
    """What is needed to write the same kind of file again; each format adds its own fields.

    It holds no text and no metadata of the source: numbers, colour tables, a cleaned profile and compressed pixels.
    """

    icc: bytes | None = field(default=None, repr=False)
    """The cleaned colour profile (see ``icc``)."""
    profile_dropped: bool = False
    """The source had a profile that could not be cleaned; the output says ``reencoded``."""
    untouched: bytes | None = field(default=None, repr=False)
    """The source's own file without its metadata, to be stored if no pixel changes: its compressed pixels byte for
    byte, with our orientation and the cleaned profile. None where the format or this file cannot have that (each codec
    says when), always where decoding changed a pixel; then the picture is encoded anew. Not to be stored but by
    ``imaging.encode``: that looks for what hides inside of the compressed pixels, which costs more than making this."""

    def recoloured(self, change: Recolour) -> Self:
        """Return what is needed for a picture of other colours: a colour table with these.

        Args:
            change: from colours ``(h, w, c)`` without alpha and their white to other ones of the same kind.
        """
        palette = getattr(self, "palette", None)
        other: dict[str, Any] = {} if palette is None else {"palette": palette.recoloured(change)}
        return replace(self, **other)

    def resized(self, size_wh: tuple[int, int]) -> Self:
        """Return what is needed for a picture of another size."""
        del size_wh
        return self


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded image in the orientation of its stored pixels; colours under alpha 0 are already zero.

    Palettes are expanded and bilevel pictures are 0 and 255, so that methods see colours only. CMYK is ink: 255 is
    full. Methods change a copy of ``pixels`` and call ``with_pixels``.
    """

    pixels: Pixels = field(repr=False)
    """Shape ``(h, w, c)``, uint8 or uint16."""
    channels: Channels
    format: Format
    orientation: int
    """EXIF 1 to 8: how to turn the stored pixels to see them upright (see ``orientation``)."""
    encoding: Encoding = field(repr=False)
    white: int = _WHITE_8
    """The sample value that ``rgb`` shows as 255: above 255 for 16 bit pictures, where it is the next full power of
    two minus one, so that 12-bit data in 16-bit files is not seen as black and faces in it are found."""

    def __post_init__(self) -> None:
        """Refuse pixels of another shape or kind."""
        shape, dtype = self.pixels.shape, self.pixels.dtype
        if len(shape) != 3 or shape[2] != self.channels.samples or 0 in shape:  # noqa: PLR2004 - (h, w, c)
            raise SpecError(f"pixels must be (h, w, {self.channels.samples}) for {self.channels}, got {shape}")
        if dtype not in (np.uint8, np.uint16):
            raise SpecError(f"pixels must be uint8 or uint16, got {dtype}")
        if self.orientation not in range(1, 9):
            raise SpecError(f"orientation must be 1 to 8, got {self.orientation}")

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the stored pixels."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])

    def rgb(self) -> NDArray[np.uint8]:
        """Return the picture that detection sees: ``(h, w, 3)`` uint8, stored orientation.

        Grey is repeated, alpha is dropped, CMYK is converted without its profile, 16 bit is scaled by ``white``. An
        8-bit RGB picture is returned as it is, without a copy: do not write into it. Otherwise one array is made.
        """
        if self.channels is Channels.CMYK:
            return self._ink_to_rgb()
        colours = self.pixels[..., :-1] if self.channels.has_alpha else self.pixels
        if colours.dtype == np.uint8 and self.channels is Channels.RGB:
            return colours
        out = np.empty((*colours.shape[:2], 3), np.uint8)
        for top in range(0, len(out), _BAND_ROWS):
            band = colours[top : top + _BAND_ROWS]
            if band.dtype == np.uint16:
                band = np.minimum(band.astype(np.uint32) * 255 // self.white, 255).astype(np.uint8)
            out[top : top + _BAND_ROWS] = band
        return out

    def _ink_to_rgb(self) -> NDArray[np.uint8]:
        out = np.empty((*self.pixels.shape[:2], 3), np.uint8)
        for top in range(0, len(out), _BAND_ROWS):
            band = np.ascontiguousarray(self.pixels[top : top + _BAND_ROWS])
            height, width = band.shape[:2]
            image = Image.frombuffer("CMYK", (width, height), band, "raw", "CMYK", 0, 1)
            out[top : top + _BAND_ROWS] = np.asarray(image.convert("RGB"))
        return out

    def with_pixels(self, pixels: Pixels) -> Self:
        """Return the picture with other pixels of the same shape and dtype.

        Raises:
            SpecError: if shape or dtype differ.
        """
        if pixels.shape != self.pixels.shape or pixels.dtype != self.pixels.dtype:
            raise SpecError(
                f"pixels must be {self.pixels.shape} {self.pixels.dtype}, got {pixels.shape} {pixels.dtype}; "
                "methods keep shape and dtype"
            )
        return replace(self, pixels=pixels)


@dataclass(frozen=True)
class Encoded:
    """A file that may be stored; ``reencoded`` when pixels outside of the regions may differ from the source."""

    data: bytes = field(repr=False)
    reencoded: bool


class Codec(Protocol):
    """One file format. Runs on executors, once an image; stateless.

    A member takes the container apart itself and gives Pillow or OpenCV only the part that holds pixels, so that no
    metadata of a source is ever parsed by them, let alone written.
    """

    def header(self, data: bytes) -> Header:
        """Return the header without decoding; raises ``BadImageError``."""
        ...

    def decode(self, data: bytes, header: Header) -> Picture:
        """Return the picture of a single-frame file; raises ``BadImageError``, ``OSError`` or ``ValueError``."""
        ...

    def encode(self, picture: Picture) -> Encoded:
        """Return a file of the same kind; the same picture gives the same bytes."""
        ...
