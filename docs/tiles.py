"""Pages of captioned pictures for the documentation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

TILE_WH = (150, 180)
_GAP, _CAPTION, _INK = 8, 20, (60, 68, 80)
Captioned = tuple[str, NDArray[np.uint8]]


def page(rows: Sequence[Sequence[Captioned]]) -> Image.Image:
    """Return rows of pictures of :data:`TILE_WH`, uint8 ``(h, w, 3)``, each over its caption."""
    w, h = TILE_WH
    size = max(map(len, rows)) * (w + _GAP) + _GAP, len(rows) * (h + _GAP + _CAPTION) + _GAP
    made = Image.new("RGB", size, (255, 255, 255))
    draw, font = ImageDraw.Draw(made), ImageFont.load_default(13)
    for row, tiles in enumerate(rows):
        for column, (caption, tile) in enumerate(tiles):
            x, y = _GAP + column * (w + _GAP), _GAP + row * (h + _GAP + _CAPTION)
            made.paste(Image.fromarray(tile), (x, y))
            draw.text((x, y + h + 4), caption, fill=_INK, font=font)
    return made
