"""How a TIFF file cuts its picture into strips or tiles (TIFF 6.0, sections 3, 14, 15), and what each piece holds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from anonymizer_udfs.imaging import tiff_parts
from anonymizer_udfs.imaging.base import Pixels
from anonymizer_udfs.imaging.ifd import Directory
from anonymizer_udfs.imaging.raster import pack_bits
from anonymizer_udfs.imaging.tiff_parts import Shape

_LEAST_TILE = 16
"""What tiles' sides are whole multiples of; smaller ones are no tiles and would make millions of pieces."""


@dataclass(frozen=True)
class Layout:
    """How samples lie in a file."""

    order: str = "<"
    """Byte order: ``<`` or ``>``."""
    white_is_zero: bool = False
    planar: bool = False
    """Each channel on its own, one after the other."""
    tiled: bool = False
    piece_wh: tuple[int, int] = (0, 0)
    """Columns and rows of a tile; of strips the picture's width, and the last may have fewer rows."""

    def cut(self, samples: Pixels, *, predicted: bool) -> Iterator[list[Pixels]]:
        """Yield for each plane its pieces as rows of bytes, ``(rows, bytes)`` uint8; tiles past an edge hold zeros.

        Args:
            samples: ``(h, w, c)``, stored as they are; of dtype bool for one bit each.
            predicted: whether to take the difference to the left neighbour (TIFF 6.0, section 14).
        """
        planes = [samples[..., i : i + 1] for i in range(samples.shape[2])] if self.planar else [samples]
        wide, tall = self.piece_wh
        height, width = samples.shape[:2]
        for plane in planes:
            spots = ((x, y) for y in range(0, height, tall) for x in range(0, width, wide))
            yield [self._rows(plane[y : y + tall, x : x + wide], predicted=predicted) for x, y in spots]

    def _rows(self, block: Pixels, *, predicted: bool) -> Pixels:
        if self.tiled:
            (height, width), (wide, tall) = block.shape[:2], self.piece_wh
            block = np.pad(block, ((0, tall - height), (0, wide - width), (0, 0)))
        if block.dtype == np.bool_:
            return pack_bits(block[..., 0].astype(np.uint8), 1)
        if predicted:
            block = np.concatenate([block[:, :1], block[:, 1:] - block[:, :-1]], axis=1)
        stored = np.ascontiguousarray(block, self.order + block.dtype.str[1:])
        return stored.reshape(len(stored), -1).view(np.uint8)


def layout(page: Directory, shape: Shape) -> Layout:
    """Return how the page's picture lies in its file; tiles smaller than 16 count as strips of the whole picture."""
    tile = page.one(tiff_parts.TILE_WIDTH, 0), page.one(tiff_parts.TILE_HEIGHT, 0)
    tiled = tiff_parts.TILES in page.spots and min(tile) >= _LEAST_TILE
    rows = min(max(page.one(tiff_parts.ROWS_PER_STRIP, shape.height), 1), shape.height)
    return Layout(
        order=page.order,
        white_is_zero=shape.photometric == 0,
        planar=shape.planar and len(shape.bits) > 1,
        tiled=tiled,
        piece_wh=tile if tiled else (shape.width, rows),
    )


def piece_shapes(shape: Shape, how: Layout) -> list[tuple[int, int, int, int]]:
    """Return for each piece, in the order of the file, rows and bytes a row, and how many of both the picture shows."""
    (wide, tall), samples = how.piece_wh, 1 if how.planar else len(shape.bits)
    across = [min(wide, shape.width - x) for x in range(0, shape.width, wide)]
    down = [min(tall, shape.height - y) for y in range(0, shape.height, tall)]

    def row(columns: int) -> int:
        return (columns * samples * shape.depth + 7) // 8

    one = [(tall if how.tiled else rows, row(wide), rows, row(columns)) for rows in down for columns in across]
    return one * (len(shape.bits) if how.planar else 1)
