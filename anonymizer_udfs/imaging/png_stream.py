"""What is inside of PNG's image chunks (ISO/IEC 15948): one deflate stream of filtered rows, in one or seven passes."""

import struct
import zlib
from collections.abc import Iterable, Iterator

from anonymizer_udfs.imaging import png_parts
from anonymizer_udfs.imaging.base import Pixels
from anonymizer_udfs.imaging.png_parts import SAMPLES, Shape, chunk, walk
from anonymizer_udfs.imaging.streams import deflate_is_exact

_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7 (clause 8.2): first column, first row, and the steps between columns and between rows."""
_CHUNK_HEAD, _CHUNK_TAIL = 8, 4


def passes(samples: Pixels) -> Iterator[Pixels]:
    """Yield the reduced pictures of Adam7 that are not empty, as views.

    Examples:
        >>> import numpy as np
        >>> [part[..., 0].tolist() for part in passes(np.arange(4).reshape(2, 2, 1))]
        [[[0]], [[1]], [[2, 3]]]
    """
    for x, y, across, down in _PASSES:
        part = samples[y::down, x::across]
        if part.size:
            yield part


def interlaced(parts: Iterable[tuple[bytes, ...]]) -> tuple[bytes, ...]:
    """Return one image chunk of the reduced pictures, each given as the image chunks of a picture of its own.

    Cost: the rows are inflated and deflated once more; their filters stay.
    """
    rows = [zlib.decompress(b"".join(one[_CHUNK_HEAD:-_CHUNK_TAIL] for one in part)) for part in parts]
    return (chunk(b"IDAT", zlib.compress(b"".join(rows))),)


def is_exact(data: bytes) -> bool:
    """Whether a file's image chunks hold one deflate stream of all rows, and nothing else, and their check sums.

    Decoders stop at the last row and ignore what comes then: more rows, or bytes after the stream.

    Cost: inflates once; see ``streams``.
    """
    view = memoryview(data)
    spots = [(start, end) for name, start, end in walk(data) if name == b"IDAT"]
    if any(struct.pack(">I", zlib.crc32(view[start - 4 : end])) != view[end : end + 4] for start, end in spots):
        return False
    return deflate_is_exact((view[start:end] for start, end in spots), _filtered_bytes(png_parts.shape(data)))


def _filtered_bytes(shape: Shape) -> int:
    """Return the size of all rows with the filter byte that each begins with."""
    bits = shape.depth * SAMPLES[shape.colour]
    steps = _PASSES if shape.interlaced else ((0, 0, 1, 1),)
    sizes = ((-(-(shape.width - x) // across), -(-(shape.height - y) // down)) for x, y, across, down in steps)
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes if columns > 0 and rows > 0)
