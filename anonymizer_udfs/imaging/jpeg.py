"""JPEG: decoded by Pillow from the pixel segments alone, written with the source's tables and chroma factors.

Kept: quantization tables of each component, 4:4:4, 4:2:2 and 4:2:0, progressive or not, density, the Adobe mark, and
whether three components are RGB. Not kept, as Pillow cannot write it: other chroma factors (4:4:0 becomes 4:4:4, 4:1:1
becomes 4:2:2, 4:1:0 becomes 4:2:0, so that no chroma is lost where it need not be), arithmetic coding (Huffman), YCCK
(written as CMYK without subsampling, and shown the same), restart intervals, the scan script.

Untouched: frame, scans and the tables that these use, as they are. Encoded anew instead: a file with a scan, a segment
or bytes in a segment that its picture does not need, or with more than 8 bytes after the last block of a scan or
restart interval (see ``jpeg_coded``). Files of several scans or intervals and arithmetic ones need libturbojpeg to
tell; without it they are encoded anew.
"""

import io
from dataclasses import dataclass, field, replace

import numpy as np
from PIL.JpegImagePlugin import JpegImageFile

from anonymizer_udfs.cells import runs
from anonymizer_udfs.imaging import icc, ifd, jpeg_coded, jpeg_parts, jpeg_patch, turbojpeg
from anonymizer_udfs.imaging.base import Channels, Encoded, Encoding, Format, Header, Picture, Pixels
from anonymizer_udfs.imaging.raster import differing, save, to_array, to_image
from anonymizer_udfs.outcome import BadImageError, Reason

Table = tuple[int, ...]

_MODES = {"L": Channels.GREY, "RGB": Channels.RGB, "CMYK": Channels.CMYK}
_FILL_GREY = frozenset({127, 128})
_FILLER = b"\x35\xa9" * 2048


@dataclass(frozen=True)
class JpegEncoding(Encoding):
    """What a JPEG file was made with."""

    tables: tuple[Table, ...] = ()
    """Quantization tables in natural order: that of component i is ``tables[min(i, len - 1)]``."""
    subsampling: int = 0
    """Pillow's number: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0."""
    progressive: bool = False
    stored_rgb: bool = False
    """Three components that are red, green and blue, not luma and chroma."""
    density: bytes | None = None
    """JFIF's unit and two densities, 5 bytes."""
    adobe: bool = False
    """Whether there was an Adobe segment; only written again for four components."""
    source: bytes = field(default=b"", repr=False)
    """The source's pixel segments behind our own: where blocks are replaced in. The same as ``untouched`` where that
    is there; else it may hide something between its pixels, which does not survive a patch, but is not to be stored."""


class JpegCodec:
    """``.jpg``, also the first picture of MPO files."""

    def header(self, data: bytes) -> Header:
        """Return the header from the frame segment; nothing after it is read."""
        frame = jpeg_parts.frame(data)
        return Header(Format.JPEG, frame.width, frame.height, frames=1)

    def decode(self, data: bytes, header: Header) -> Picture:  # noqa: ARG002 - other formats need it
        """Return the picture: luma and chroma as RGB, CMYK as ink (255 is full)."""
        frame = jpeg_parts.frame(data)
        parts = jpeg_parts.take_apart(data)
        tidied = jpeg_coded.tidy(parts.segments, frame)
        parts = replace(parts, segments=tidied or parts.segments)
        first, last = jpeg_parts.jfif(parts.density), jpeg_parts.adobe(parts.adobe_transform)
        compressed = parts.file((first, last))
        with jpeg_coded.Watched(compressed, whole=frame.arithmetic) as file, JpegImageFile(file) as image:
            channels = _MODES[image.mode]
            if frame.arithmetic:
                # libjpeg cannot pause there: it must have the whole file at once.
                image.decodermaxblock = len(compressed)
            tables = _tables(image.quantization, frame)
            pixels = to_array(image)
            exact = file.asked
        _refuse_filled(compressed, pixels, frame)
        profile = icc.clean(parts.profile, channels) if parts.profile else None
        orientation = ifd.exif_orientation(parts.exif)
        extras = jpeg_parts.extras(ifd.minimal_exif(orientation), profile)
        source = parts.file((first, extras, last))
        encoding = JpegEncoding(
            untouched=source if tidied and exact else None,
            source=source,
            icc=profile,
            profile_dropped=parts.profile is not None and profile is None,
            tables=tables,
            subsampling=_subsampling(frame, channels),
            progressive=frame.progressive,
            stored_rgb=_is_rgb(frame, parts),
            density=parts.density,
            adobe=parts.adobe_transform is not None,
        )
        return Picture(pixels, channels, Format.JPEG, orientation, encoding)

    def encode(self, picture: Picture) -> Encoded:
        """Return a JPEG file; always ``reencoded``."""
        how = picture.encoding
        assert isinstance(how, JpegEncoding)  # noqa: S101 - decode made it
        mode = {channels: mode for mode, channels in _MODES.items()}[picture.channels]
        data = save(
            to_image(picture.pixels, mode),
            "JPEG",
            qtables=[list(table) for table in how.tables],
            subsampling=how.subsampling,
            progressive=how.progressive,
            keep_rgb=how.stored_rgb,
        )
        return Encoded(_stamp(data, picture, how), reencoded=True)


def patch(picture: Picture, original: Picture) -> bytes | None:
    """Return the original's file in which only the blocks are other ones whose pixels differ; none where it cannot be.

    That is where libturbojpeg is missing or refuses the file, and where nothing differs. What decoders make of the
    result has to be looked at: see :func:`anonymizer_udfs.imaging.jpeg_patch.patch`.

    Args:
        picture: the wanted pixels.
        original: as ``JpegCodec.decode`` gave it, of the same shape.
    """
    how, library = original.encoding, turbojpeg.find()
    assert isinstance(how, JpegEncoding)  # noqa: S101 - decode made it
    frame = jpeg_parts.frame(how.source)
    boxes = runs(differing(picture.pixels, original.pixels), jpeg_patch.blocks_wh(frame))
    if library is None or not boxes:
        return None
    parts = jpeg_parts.take_apart(how.source)
    try:
        made = jpeg_patch.patch(parts, picture.pixels, boxes, library)
    except jpeg_patch.PatchError:
        return None
    extras = jpeg_parts.extras(ifd.minimal_exif(original.orientation), how.icc)
    return made.file((jpeg_parts.jfif(parts.density), extras, jpeg_parts.adobe(parts.adobe_transform)))


def _stamp(data: bytes, picture: Picture, how: JpegEncoding) -> bytes:
    """Return Pillow's file with our own application segments in place of its own."""
    own = jpeg_parts.take_apart(data)
    density = None if own.density is None else how.density or own.density
    transform = None if picture.channels is Channels.CMYK and not how.adobe else own.adobe_transform
    extras = jpeg_parts.extras(ifd.minimal_exif(picture.orientation), how.icc)
    return own.file((jpeg_parts.jfif(density), extras, jpeg_parts.adobe(transform)))


def _tables(found: dict[int, list[int]], frame: jpeg_parts.Frame) -> tuple[Table, ...]:
    """Return the tables of the components in order, without repeating the last."""
    try:
        tables = [tuple(found[table]) for _, _, _, table in frame.components]
    except KeyError:
        raise BadImageError(Reason.CORRUPT) from None
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables.pop()
    return tuple(tables)


def _subsampling(frame: jpeg_parts.Frame, channels: Channels) -> int:
    if channels is not Channels.RGB:
        return 0
    (_, h, v, _), *chroma = frame.components
    across = max(h // other for _, other, _, _ in chroma) if h >= max(c[1] for c in chroma) else 1
    down = max(v // other for _, _, other, _ in chroma) if v >= max(c[2] for c in chroma) else 1
    if across == 1:
        return 0
    return 1 if down == 1 else 2


def _is_rgb(frame: jpeg_parts.Frame, parts: jpeg_parts.Parts) -> bool:
    """Whether three components are RGB: Adobe's mark says so, or without any mark the components' names."""
    if len(frame.components) != 3:  # noqa: PLR2004 - three colours
        return False
    if parts.density is not None:
        return False
    if parts.adobe_transform is not None:
        return parts.adobe_transform == 0
    return bytes(part[0] for part in frame.components) == b"RGB"


def _refuse_filled(data: bytes, pixels: Pixels, frame: jpeg_parts.Frame) -> None:
    """Refuse a picture whose scan ends early although an end marker follows.

    Decoders fill what is missing with mid grey and say nothing. If the last pixel is such a grey, the scan gets more
    bytes: a complete scan does not read them, an early end does, and the picture changes. The second decode is only
    paid for pictures that end in that very grey. Progressive scans miss refinements instead, which is no grey half.

    Raises:
        BadImageError: ``truncated``.
    """
    if frame.progressive or not set(pixels[-1, -1].tolist()) <= _FILL_GREY:
        return
    with JpegImageFile(io.BytesIO(data[:-2] + _FILLER + data[-2:])) as image:
        image.decodermaxblock = len(data) + len(_FILLER)
        if not np.array_equal(to_array(image), pixels):
            raise BadImageError(Reason.TRUNCATED)
