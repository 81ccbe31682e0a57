"""Promise 3: outside the regions every pixel is the source's, and the file stays what it was, but for its metadata."""

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs.imaging import decode, turbojpeg
from tests.support.anonymizing import DONE, HELD_BACK, anonymize, by_name
from tests.support.pictures import group, place, saved, write

MOST = 10**8
SCENE = np.ascontiguousarray(skimage.data.astronaut()[::2, ::2])
"""A portrait of 256 by 256 pixels, of which the head's region is about a sixth."""
DEEP = SCENE.astype(np.uint16) * 257 - (SCENE > 0)
ALPHA = np.dstack([SCENE, np.full(SCENE.shape[:2], 200, np.uint8)])
LAB = {6: cv2.ROTATE_90_COUNTERCLOCKWISE, 3: cv2.ROTATE_180, 8: cv2.ROTATE_90_CLOCKWISE}
"""Orientation to how the pixels of an upright picture lie when they are stored under it."""


def turned(orientation: int, form: str, **options: Any) -> bytes:
    """Return the portrait as a camera on its side stores it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(np.ascontiguousarray(cv2.rotate(SCENE, LAB[orientation])), form, exif=exif, **options)


def deep() -> bytes:
    """Return the portrait with 16 bits a sample."""
    done, data = cv2.imencode(".png", cv2.cvtColor(DEEP, cv2.COLOR_RGB2BGR))
    assert done
    return data.tobytes()


LOSSLESS = {
    "rgb.png": saved(SCENE, "PNG"),
    "rgba.png": saved(ALPHA, "PNG"),
    "grey.png": saved(Image.fromarray(SCENE).convert("L"), "PNG"),
    "deep.png": deep(),
    "turned3.png": turned(3, "PNG"),
    "turned6.png": turned(6, "PNG"),
    "turned8.png": turned(8, "PNG"),
    "rgb.tiff": saved(SCENE, "TIFF", compression="tiff_lzw"),
    "grey.tiff": saved(Image.fromarray(SCENE).convert("L"), "TIFF"),
    "rgb.bmp": saved(SCENE, "BMP"),
    "exact.webp": saved(SCENE, "WEBP", lossless=True, exact=True),
    "place.png": place(),
}
JPEG = {
    "444.jpg": saved(SCENE, "JPEG", quality=92, subsampling=0),
    "420.jpg": saved(SCENE, "JPEG", quality=80, subsampling=2),
    "progressive.jpg": saved(SCENE, "JPEG", quality=80, progressive=True),
    "grey.jpg": saved(Image.fromarray(SCENE).convert("L"), "JPEG", quality=90),
    "ink.jpg": saved(Image.fromarray(SCENE).convert("CMYK"), "JPEG", quality=90),
    "turned6.jpg": turned(6, "JPEG", quality=90),
    "group.jpg": group(),
    "large.jpg": saved(cv2.resize(SCENE, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC), "JPEG", quality=90),
    "place.jpg": place(0, "JPEG", quality=85),
    "large-place.jpg": saved(cv2.resize(SCENE[:64, :64], (1280, 1280)), "JPEG", quality=85),
}
"""Exact where libturbojpeg is there."""
LOSSY = {"lossy.webp": saved(SCENE, "WEBP", quality=85)} | ({} if turbojpeg.find() else JPEG)
EXACT = LOSSLESS | (JPEG if turbojpeg.find() else {})
ALL = EXACT | LOSSY
WITHOUT_FACE = {"place.png", "place.jpg", "large-place.jpg"}


@dataclass(frozen=True)
class Pair:
    """A source file and the row of its result."""

    source: bytes
    row: dict[str, Any]

    @property
    def pixels(self) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """The stored pixels of source and result, undecorated by orientation."""
        first, second = (decode(data, max_pixels=MOST).pixels for data in (self.source, self.row["content"]))
        return first, second

    def outside(self) -> NDArray[np.bool_]:
        """Return which pixels lie in no region, ``(h, w)``."""
        keep = np.ones(self.pixels[0].shape[:2], bool)
        for face in self.row["faces"]:
            box = face["region"]
            keep[box["y0"] : box["y1"], box["x0"] : box["x1"]] = False
        return keep


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """Each file and what the job made of it."""
    root = tmp_path_factory.mktemp("untouched")
    source = write(root / "photos", ALL)
    assert anonymize(source, root / "lake", "--policy", "public") in {
        DONE,
        HELD_BACK,
    }  # a doubtful face is in review, and stored
    return {name: Pair((source / name).read_bytes(), row) for name, row in by_name(root / "lake").items()}


@pytest.mark.parametrize("name", ALL)
def test_faces_are_changed(name: str, pairs: dict[str, Pair]) -> None:
    """Each portrait has its face found and its region filled, and has more outside of it: what other tests look at."""
    pair = pairs[name]
    assert bool(pair.row["faces"]) == (name not in WITHOUT_FACE)
    before, after = (pixels.astype(int) for pixels in pair.pixels)
    assert pair.outside().mean() > 0.5
    for face in pair.row["faces"]:
        box = face["region"]
        inside = (slice(box["y0"], box["y1"]), slice(box["x0"], box["x1"]))
        assert np.abs(before - after)[inside].mean() > before.max() / 16
        if name in LOSSLESS:
            assert np.ptp(after[inside][..., :3], axis=(0, 1)).max() == 0


@pytest.mark.parametrize("name", EXACT)
def test_pictures_are_bit_identical_outside_the_regions(name: str, pairs: dict[str, Pair]) -> None:
    """Every decoded pixel in no region is the source's, and the row says so."""
    pair = pairs[name]
    before, after = pair.pixels
    assert not pair.row["reencoded"]
    assert before.dtype == after.dtype
    np.testing.assert_array_equal(before[pair.outside()], after[pair.outside()])


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_pictures_say_that_they_were_encoded_again(name: str, pairs: dict[str, Pair]) -> None:
    """Where exactness was not kept the row says ``reencoded``, and the picture is near to what it was."""
    pair = pairs[name]
    before, after = (pixels.astype(int) for pixels in pair.pixels)
    assert pair.row["reencoded"]
    square = float(np.square((before - after)[pair.outside()]).mean())
    assert dict(pair.row["utility"])["psnr_outside"] == pytest.approx(10 * np.log10(255**2 / square), abs=1)


@pytest.mark.parametrize("name", WITHOUT_FACE)
def test_a_picture_without_a_face_keeps_its_compressed_pixels(name: str, pairs: dict[str, Pair]) -> None:
    """Byte for byte: the scan of a JPEG, the image data of a PNG."""
    source, stored = pairs[name].source, pairs[name].row["content"]
    start, end = (b"\xff\xda", b"\xff\xd9") if name.endswith("jpg") else (b"IDAT", b"IEND")
    assert source[source.index(start) : source.rindex(end)] in stored


@pytest.mark.parametrize("name", ALL)
def test_format_size_mode_and_orientation_stay(name: str, pairs: dict[str, Pair]) -> None:
    """The result is a file of the same format, size, mode and orientation; the row says which."""
    pair = pairs[name]
    before, after = (Image.open(io.BytesIO(data)) for data in (pair.source, pair.row["content"]))
    assert (after.format, after.size, after.mode) == (before.format, before.size, before.mode)
    assert after.getexif().get(0x0112, 1) == before.getexif().get(0x0112, 1)
    assert (pair.row["width"], pair.row["height"]) == before.size
    assert pair.row["format"] == str(before.format).lower()


@pytest.mark.parametrize("name", JPEG)
def test_jpegs_keep_tables_and_sampling(name: str, pairs: dict[str, Pair]) -> None:
    """A JPEG is written with the source's own quantization tables and chroma sampling."""
    before, after = (Image.open(io.BytesIO(data)) for data in (pairs[name].source, pairs[name].row["content"]))
    assert after.quantization == before.quantization  # type: ignore[attr-defined]  # Pillow's JPEG class has it
    assert [layer[1:3] for layer in after.layer] == [layer[1:3] for layer in before.layer]  # type: ignore[attr-defined]


@pytest.mark.parametrize("orientation", LAB)
def test_a_turned_picture_has_its_face_where_the_stored_pixels_show_it(
    orientation: int, pairs: dict[str, Pair]
) -> None:
    """The region of a picture on its side is that of the upright one, turned as its pixels are."""
    upright, stored = (pairs[name].outside() for name in ("rgb.png", f"turned{orientation}.png"))
    wanted = cv2.rotate(upright.astype(np.uint8), LAB[orientation]).astype(bool)
    assert float((wanted == stored).mean()) > 0.98
