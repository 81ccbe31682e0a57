"""From bytes to pixels and back, keeping the kind of file and nothing of its metadata.

Runs on executors, once an image; holds no state.
"""

from anonymizer_udfs.imaging.base import Channels, Encoded, Encoding, Format, Header, Picture
from anonymizer_udfs.outcome import BadImageError, Reason

__all__ = ["Channels", "Encoded", "Encoding", "Format", "Header", "Picture", "decode", "encode", "probe"]


def probe(data: bytes) -> Header:
    """Return what the file says of itself."""
    raise BadImageError(Reason.EMPTY if not data else Reason.UNSUPPORTED_FORMAT)


def decode(data: bytes, *, max_pixels: int) -> Picture:
    """Return the picture."""
    raise NotImplementedError(max_pixels, len(data))


def encode(picture: Picture, original: Picture | None = None) -> Encoded:
    """Return a file of the same kind."""
    raise NotImplementedError(picture, original)
