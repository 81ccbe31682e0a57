"""Which format some bytes are of, by their first bytes alone: names and types that a store states are not trusted."""

from anonymizer_udfs.imaging.base import Format
from anonymizer_udfs.outcome import BadImageError, Reason

_SIGNATURES: dict[Format, tuple[bytes, ...]] = {
    Format.JPEG: (b"\xff\xd8\xff",),
    Format.PNG: (b"\x89PNG\r\n\x1a\n",),
    Format.TIFF: (b"II*\0", b"MM\0*"),
    Format.GIF: (b"GIF87a", b"GIF89a"),
}
# Cameras' files that start as a TIFF does: Canon CR2 and the old CRW-like ones put their own mark after the header.
_RAW_MARKS = (b"CR", b"IIII")
# Sizes of the information headers that Windows and OS/2 bitmaps have; "BM" alone would take any text that starts so.
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_SHORTEST = 18


def sniff(data: bytes) -> Format:
    """Return the format; only the first 18 bytes are looked at.

    Raises:
        BadImageError: ``empty``; ``truncated`` if it is the beginning of a signature and no more; otherwise
            ``unsupported_format`` (also TIFF-like raw files, and BigTIFF, which is not written here).
    """
    if not data:
        raise BadImageError(Reason.EMPTY)
    for name, signatures in _SIGNATURES.items():
        if data.startswith(signatures):
            if name is Format.TIFF and data[8:12].startswith(_RAW_MARKS):
                break
            return name
    else:
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return Format.WEBP
        if data.startswith(b"BM") and len(data) >= _SHORTEST and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
            return Format.BMP
    raise BadImageError(Reason.TRUNCATED if _is_beginning(data) else Reason.UNSUPPORTED_FORMAT)


def _is_beginning(data: bytes) -> bool:
    """Whether nothing is there but the first bytes of a signature."""
    whole = [sign for signs in _SIGNATURES.values() for sign in signs]
    if data.startswith(b"BM") and len(data) < _SHORTEST:
        return True
    if data.startswith(b"RIFF") and len(data) < 12:  # noqa: PLR2004 - RIFF, its size, WEBP
        return True
    return any(sign.startswith(data) for sign in [*whole, b"RIFF", b"BM"])
