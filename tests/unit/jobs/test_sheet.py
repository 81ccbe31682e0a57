"""Sheets: right pictures at the right place, readable captions, and the same bytes each time."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.outcome import Status
from jobs import results, sheet
from jobs.sheet import CELL_WH, Tile

RED, GREEN = (220, 20, 20), (20, 160, 20)
LEFT, TOP = 36, 132
"""Where the first cell of a sheet begins."""


def halves(kind: str = "PNG", size: tuple[int, int] = (80, 60), **options: object) -> bytes:
    """Return a picture whose left half is red and whose right half is green."""
    image = Image.new("RGB", size, GREEN)
    image.paste(RED, (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pixels(png: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a sheet."""
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.info) == ("PNG", {})
    return np.asarray(image.convert("RGB"))


def cell(png: bytes, number: int = 0) -> NDArray[np.uint8]:
    """Return the inside of a panel of the first row of pairs, 0 the left one."""
    left = LEFT + number * (CELL_WH[0] + 6)
    return pixels(png)[TOP + 1 : TOP + CELL_WH[1] - 1, left + 1 : left + CELL_WH[0] - 1]


def share(area: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    """Return the share of an area that is about of a colour."""
    return float((np.abs(area.astype(int) - colour) < 24).all(axis=-1).mean())


@pytest.mark.parametrize("make", [sheet.contact_sheet, sheet.before_after])
def test_a_sheet_of_nothing_is_a_header_that_says_so(make: object) -> None:
    """No tiles give a small picture with some ink on it, not an error."""
    came = pixels(make([]))  # type: ignore[operator] - both take tiles
    assert came.shape[0] < 200
    assert (came < 128).any()


def test_the_same_tiles_give_the_same_bytes() -> None:
    """Nothing of a clock, the machine or its fonts is in a sheet."""
    tiles = [Tile("a", Status.CLEAN, halves()), Tile("b", Status.QUARANTINED, reason="corrupt")]
    assert sheet.contact_sheet(tiles, "t", "s") == sheet.contact_sheet(iter(tiles), "t", "s")


def test_before_is_left_and_after_is_right() -> None:
    """A pair shows the original and then the result."""
    red, green = halves(size=(2, 2)), io.BytesIO()
    Image.new("RGB", CELL_WH, GREEN).save(green, "PNG")
    came = sheet.before_after([Tile("a", Status.ANONYMIZED, green.getvalue(), original=red)])
    assert share(cell(came, 0), RED) > 0
    assert share(cell(came, 1), GREEN) > 0.9
    assert share(cell(came, 1), RED) == 0


def test_a_contact_sheet_without_originals_has_one_panel_a_tile() -> None:
    """Results alone are as wide as one cell."""
    came = pixels(sheet.contact_sheet([Tile("a", Status.CLEAN, halves())]))
    assert came.shape[1] == CELL_WH[0] + 2 * LEFT


def test_exif_orientation_is_honoured() -> None:
    """Pixels that lie on their side are shown upright: orientation 6 brings the left half to the top."""
    exif = Image.Exif()
    exif[0x0112] = 6
    came = cell(sheet.contact_sheet([Tile("a", Status.CLEAN, halves("JPEG", quality=95, exif=exif.tobytes()))]))
    half = len(came) // 2
    assert share(came[: half - 4], RED) > 0.3
    assert share(came[: half - 4], GREEN) == 0
    assert share(came[half + 4 :], GREEN) > 0.3


def test_what_is_transparent_shows_the_ground_behind_it() -> None:
    """Alpha 0 is not shown as black."""
    out = io.BytesIO()
    Image.new("RGBA", CELL_WH, (0, 0, 0, 0)).save(out, "PNG")
    assert cell(sheet.contact_sheet([Tile("a", Status.CLEAN, out.getvalue())]))[40:].min() > 200


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_shown(kind: str) -> None:
    """As that frame alone would be; pages of a TIFF are no animation and have a placeholder."""
    first, second = (Image.open(io.BytesIO(halves())), Image.new("RGB", (80, 60), (0, 0, 255)))
    out, pages = io.BytesIO(), io.BytesIO()
    first.save(out, kind, save_all=True, append_images=[second], **({"lossless": True} if kind == "WEBP" else {}))
    came = cell(sheet.contact_sheet([Tile("a", Status.ANONYMIZED, out.getvalue())]))
    still = cell(sheet.contact_sheet([Tile("a", Status.ANONYMIZED, halves())]))
    assert np.abs(came[40:].astype(int) - still[40:]).max() <= 4
    first.save(pages, "TIFF", save_all=True, append_images=[second])
    assert share(cell(sheet.contact_sheet([Tile("a", Status.CLEAN, pages.getvalue())])), RED) == 0


def test_a_quarantined_image_is_a_placeholder_in_its_colour() -> None:
    """What is held back has a cell with words in it, and a red mark."""
    came = pixels(sheet.contact_sheet([Tile("a", Status.QUARANTINED, reason="multiple_frames")]))
    assert share(came[TOP + CELL_WH[1] :, :60], (190, 52, 52)) > 0.01
    middle = came[TOP + CELL_WH[1] // 2 - 20 : TOP + CELL_WH[1] // 2 + 20]
    assert (middle.astype(int).max(axis=-1) - middle.min(axis=-1) > 100).any()


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", halves()[:60]], ids=["empty", "no picture", "cut"])
def test_an_original_that_cannot_be_decoded_is_a_placeholder(data: bytes) -> None:
    """A hostile original never stops a sheet."""
    came = sheet.before_after([Tile("a", Status.QUARANTINED, reason="corrupt", original=data)])
    assert cell(came, 0).std() > 0


def test_a_picture_of_too_many_pixels_is_not_decoded() -> None:
    """What would cost the driver its memory is a placeholder: a small file of 40 megapixels, all white."""
    out = io.BytesIO()
    Image.new("1", (8000, 5001), 1).save(out, "PNG")
    came = sheet.contact_sheet([Tile("a", Status.CLEAN, out.getvalue())])
    assert cell(came).min() < 128


def test_long_captions_are_cut_and_stay_in_their_cell() -> None:
    """Between two cells there is nothing but paper."""
    tiles = [Tile("name " * 40, Status.CLEAN, halves()) for _ in range(2)]
    came = pixels(sheet.contact_sheet(tiles, "title " * 60, "words " * 60))
    gap = LEFT + CELL_WH[0]
    assert came[TOP:, gap : gap + 24].min() == 255
    assert came[:, -LEFT:].min() == 255


@pytest.mark.parametrize(
    ("tile", "words"),
    [
        (Tile("a", Status.CLEAN, b"x"), "clean"),
        (Tile("a", Status.ANONYMIZED, b"x", 1, ("mask",)), "anonymized, 1 face, mask"),
        (Tile("a", Status.ANONYMIZED, b"x", 3, ("pixelate", "mask")), "anonymized, 3 faces, pixelate+mask"),
        (Tile("a", Status.QUARANTINED, reason="truncated"), "quarantined: truncated"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_caption_says_status_faces_and_method(tile: Tile, words: str) -> None:
    """The caption is what a person asks first."""
    assert tile.caption == words


def test_a_quarantined_tile_cannot_show_content() -> None:
    """What is held back is not shown, by type."""
    with pytest.raises(SpecError, match="no content to show"):
        Tile("a", Status.QUARANTINED, b"x")


def test_a_negative_count_of_faces_is_refused() -> None:
    """A count is 0 or more."""
    with pytest.raises(SpecError, match="got -1"):
        Tile("a", Status.CLEAN, b"x", -1)


@pytest.mark.parametrize("count", [1, 5, 13, 24, 400])
def test_a_sheet_has_room_for_all(count: int) -> None:
    """Any number of tiles has a cell each."""
    columns = sheet._columns(count, CELL_WH[0], CELL_WH[1] + 52)
    assert 1 <= columns <= min(count, 6)


def test_each_status_is_seen_on_a_full_sheet() -> None:
    """A sheet of many anonymized images still shows what was clean and what is held back."""
    many = {Status.ANONYMIZED: [f"a{i}" for i in range(99)], Status.CLEAN: ["c"], Status.QUARANTINED: ["q1", "q2"]}
    ids = results.chosen(many, 12)
    assert ids == [*(f"a{i}" for i in range(9)), "c", "q1", "q2"]


@pytest.mark.parametrize("most", [0, 1, 2, 3], ids=str)
def test_a_sheet_never_has_more_than_was_asked_for(most: int) -> None:
    """With more statuses than room, the first ones are shown."""
    assert len(results.chosen({status: [status.value] for status in Status}, most)) == most
