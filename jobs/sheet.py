"""Sheets of pictures for people: what became of some images, or what they were before and after. Runs on the driver.

Pure functions from image files to one PNG: the same tiles give the same bytes. Pictures are turned upright; what cannot
be shown is a placeholder that says why. Each file is shrunk as soon as it is taken, so that a generator of tiles keeps
one large picture in memory at a time.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from anonymizer_udfs import imaging
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import Picture, animation, orientation
from anonymizer_udfs.outcome import BadImageError, Status

MAX_PIXELS = 40_000_000
"""Larger pictures are not shown: a sheet is a comfort, and must not cost the driver its memory."""

CELL_WH = (300, 225)
_MARGIN, _GAP, _PAIR_GAP, _CAPTION, _HEADER = 36, 24, 6, 52, 96
_WIDEST, _ASPECT = 2000, 1.5

_PAPER, _PLATE, _LINE = (255, 255, 255), (240, 242, 245), (221, 225, 231)
_INK, _MUTED = (27, 34, 44), (103, 114, 129)
_CHECK = ((255, 255, 255), (226, 230, 236))
_COLOURS = {
    Status.ANONYMIZED: (39, 98, 204),
    Status.CLEAN: (28, 135, 84),
    Status.REVIEW: (196, 124, 0),
    Status.QUARANTINED: (190, 52, 52),
}


@dataclass(frozen=True)
class Tile:
    """One image on a sheet.

    Attributes:
        name: what it is called there: a short id, or a case of the demo. Never a source's name on a contact sheet.
        status: what became of it.
        content: the anonymized file; ``None`` if there is none.
        faces: how many regions were treated.
        methods: names of the methods used.
        reason: why it is held back.
        original: the source's file; only where it may be seen.
    """

    name: str
    status: Status
    content: bytes | None = field(default=None, repr=False)
    faces: int = 0
    methods: tuple[str, ...] = ()
    reason: str | None = None
    original: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a count that is none, and a quarantined image with a picture."""
        if self.faces < 0:
            raise SpecError(f"faces must be 0 or more, got {self.faces}")
        if self.status is Status.QUARANTINED and self.content is not None:
            raise SpecError("a quarantined image has no content to show; leave content out")

    @property
    def caption(self) -> str:
        """What happened, in a few words."""
        if self.reason:
            return f"{self.status.value}: {self.reason}"
        if not self.faces:
            return self.status.value
        faces = f"{self.faces} face{'s' if self.faces > 1 else ''}"
        return ", ".join([self.status.value, faces, "+".join(self.methods)]).removesuffix(", ")


@dataclass(frozen=True)
class _Cell:
    """A tile made ready to be drawn: one panel, or two side by side."""

    tile: Tile
    panels: tuple[Image.Image, ...]


def contact_sheet(tiles: Iterable[Tile], title: str = "faceveil", subtitle: str = "") -> bytes:
    """Return a PNG of results in a grid; a tile that has its original shows it on the left.

    Args:
        tiles: taken one at a time.
        title: first line of the header.
        subtitle: second line, such as how many of how many.
    """
    return _sheet([_Cell(tile, _panels(tile, pair=tile.original is not None)) for tile in tiles], title, subtitle)


def before_after(tiles: Iterable[Tile], title: str = "faceveil", subtitle: str = "") -> bytes:
    """Return a PNG of pairs: each image as it was on the left, and what is in the lake on the right.

    Args:
        tiles: taken one at a time, each with its original.
        title: first line of the header.
        subtitle: second line.
    """
    return _sheet([_Cell(tile, _panels(tile, pair=True)) for tile in tiles], title, subtitle)


def _panels(tile: Tile, *, pair: bool) -> tuple[Image.Image, ...]:
    result = _result_panel(tile)
    if not pair:
        return (result,)
    return (_picture_panel(tile.original) if tile.original else _placeholder("empty file")), result


def _result_panel(tile: Tile) -> Image.Image:
    if tile.content is None:
        words = (tile.reason or "no picture").replace("_", " ")
        return _placeholder("held back", words, _COLOURS[tile.status])
    return _picture_panel(tile.content)


def _picture_panel(data: bytes) -> Image.Image:
    """Return a picture within a cell, upright; small ones are not blown up beyond three times."""
    try:
        picture = _picture(data)
    except BadImageError as error:
        return _placeholder("cannot be shown", error.reason.value.replace("_", " "))
    pixels = shown(picture)
    width, height = CELL_WH
    scale = min(width / pixels.shape[1], height / pixels.shape[0], 3.0)
    fitted = Image.fromarray(scaled(pixels, scale))
    panel = Image.new("RGB", CELL_WH, _PLATE)
    panel.paste(fitted, ((width - fitted.width) // 2, (height - fitted.height) // 2))
    return panel


def scaled(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Return pixels ``(h, w, 3)`` at another size, at least one by one: averaged where smaller, else repeated."""
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    found = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    return np.asarray(found, np.uint8)


def _picture(data: bytes) -> Picture:
    """Return a file's picture, the first one of an animation.

    Raises:
        BadImageError: it cannot be decoded.
    """
    header = imaging.probe(data)
    if header.frames > 1 and header.format in animation.FORMATS:
        return animation.frames(data, max_pixels=MAX_PIXELS).frames[0]
    return imaging.decode(data, max_pixels=MAX_PIXELS)


def shown(picture: Picture) -> NDArray[np.uint8]:
    """Return a picture as a person sees it: ``(h, w, 3)`` uint8 RGB, upright, transparency over a chequerboard."""
    rgb = picture.rgb()
    if picture.channels.has_alpha:
        alpha = picture.pixels[..., -1:].astype(np.float32) / np.iinfo(picture.pixels.dtype).max
        rgb = np.rint(rgb * alpha + _chequers(rgb.shape[:2]) * (1 - alpha)).astype(np.uint8)
    return orientation.upright(rgb, picture.orientation)


def _chequers(shape_hw: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a chequerboard of about 24 fields along the longer side."""
    side = max(1, max(shape_hw) // 24)
    rows, columns = (np.arange(n) // side for n in shape_hw)
    fields: NDArray[np.uint8] = np.array(_CHECK, np.uint8)[(rows[:, None] + columns[None, :]) % 2]
    return fields


def _placeholder(head: str, words: str = "", colour: tuple[int, int, int] = _MUTED) -> Image.Image:
    """Return a hatched cell with one or two lines in its middle."""
    width, height = CELL_WH
    panel = Image.new("RGB", CELL_WH, _PLATE)
    draw = ImageDraw.Draw(panel)
    for x in range(-height, width, 18):
        draw.line([(x, height), (x + height, 0)], fill=_LINE, width=2)
    middle = height / 2
    lines = [(head, 17, colour, middle - 12 if words else middle), (words, 15, _MUTED, middle + 14)]
    for text, size, ink, y in lines:
        if text:
            half = _width(text, size) / 2 + 12
            draw.rectangle([width / 2 - half, y - 14, width / 2 + half, y + 14], fill=_PLATE)
            draw.text((width / 2, y), text, fill=ink, font=_font(size), anchor="mm")
    return panel


def _sheet(cells: Sequence[_Cell], title: str, subtitle: str) -> bytes:
    """Return the PNG of a header and a grid of cells, all as wide as the widest."""
    panels = max((len(cell.panels) for cell in cells), default=1)
    cell_width = panels * CELL_WH[0] + (panels - 1) * _PAIR_GAP
    cell_height = CELL_WH[1] + _CAPTION
    columns = _columns(len(cells), cell_width, cell_height)
    rows = -(-len(cells) // columns)
    width = 2 * _MARGIN + columns * cell_width + (columns - 1) * _GAP
    height = _MARGIN + _HEADER + rows * (cell_height + _GAP) + (_MARGIN - _GAP)
    sheet = Image.new("RGB", (width, height), _PAPER)
    _header(sheet, title, subtitle if cells else subtitle or "no images")
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        x = _MARGIN + column * (cell_width + _GAP)
        _draw_cell(sheet, cell, (x, _MARGIN + _HEADER + row * (cell_height + _GAP)), cell_width)
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _columns(count: int, cell_width: int, cell_height: int) -> int:
    """Return the number of columns that brings the sheet near three to two, without a nearly empty last row."""
    most = min(max(1, _WIDEST // cell_width), count)

    def misfit(columns: int) -> float:
        rows = -(-count // columns)
        empty = (columns * rows - count) / columns
        return abs(columns * cell_width / (rows * cell_height) - _ASPECT) + empty

    return min(range(1, most + 1), key=misfit, default=2)


def _header(sheet: Image.Image, title: str, subtitle: str) -> None:
    draw = ImageDraw.Draw(sheet)
    room = sheet.width - 2 * _MARGIN
    draw.text((_MARGIN, _MARGIN), _fitted(title, 30, room), fill=_INK, font=_font(30), anchor="lt")
    draw.text((_MARGIN, _MARGIN + 44), _fitted(subtitle, 17, room), fill=_MUTED, font=_font(17), anchor="lt")


def _draw_cell(sheet: Image.Image, cell: _Cell, corner: tuple[int, int], width: int) -> None:
    """Draw a cell's panels, then a square in the status's colour, what happened, and the name."""
    draw = ImageDraw.Draw(sheet)
    x, y = corner
    for panel in cell.panels:
        sheet.paste(panel, (x, y))
        draw.rectangle([x, y, x + CELL_WH[0] - 1, y + CELL_WH[1] - 1], outline=_LINE)
        x += CELL_WH[0] + _PAIR_GAP
    if len(cell.panels) > 1:
        for left, word in ((corner[0], "before"), (corner[0] + CELL_WH[0] + _PAIR_GAP, "after")):
            _tag(draw, word, (left, y))
    x, y = corner[0], y + CELL_WH[1] + 10
    draw.rounded_rectangle([x, y + 2, x + 11, y + 13], radius=3, fill=_COLOURS[cell.tile.status])
    draw.text((x + 19, y), _fitted(cell.tile.caption, 16, width - 19), fill=_INK, font=_font(16), anchor="lt")
    draw.text((x + 19, y + 22), _fitted(cell.tile.name, 14, width - 19), fill=_MUTED, font=_font(14), anchor="lt")


def _tag(draw: ImageDraw.ImageDraw, word: str, corner: tuple[int, int]) -> None:
    x, y = corner
    draw.rectangle([x, y, x + _width(word, 13) + 14, y + 22], fill=_INK)
    draw.text((x + 7, y + 11), word, fill=_PAPER, font=_font(13), anchor="lm")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font inside Pillow: no font of the machine changes what a sheet looks like."""
    return ImageFont.load_default(size)


def _width(text: str, size: int) -> float:
    return float(_font(size).getlength(text))


def _fitted(text: str, size: int, room: float) -> str:
    """Return the text, cut with dots where it is wider than ``room`` pixels."""
    if _width(text, size) <= room:
        return text
    kept = len(text)
    while kept and _width(f"{text[:kept].rstrip()}...", size) > room:
        kept -= 1
    return f"{text[:kept].rstrip()}..."
