"""What a file holds beside its picture that may show it again: told for each format, and for what cannot be read."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from anonymizer_udfs.imaging import CODECS
from anonymizer_udfs.imaging.enclosed import ANYTHING, NOTHING, Enclosed, enclosed, of_exif
from tests.unit.imaging.cases import RGB, pillow
from tests.unit.imaging.planted import PLANTED, jfif_thumbnail

MADE = {name: make() for name, make in PLANTED.items()}
TRAILER, NOTE, THUMBNAIL = Enclosed(trailer=True), Enclosed(maker_note=True), Enclosed(thumbnail=True)


def with_thumbnail() -> bytes:
    """Return Exif whose second directory holds a small JPEG."""
    first = struct.pack("<HHHIIHHII", 2, 274, 3, 1, 1, 271, 2, 2, 0x4D)[:26]
    second = 8 + len(first) + 4
    entries = struct.pack("<HHHIIHHII", 2, 513, 4, 1, second + 30, 514, 4, 1, 4)[:26]
    return b"II*\0\x08\0\0\0" + first + struct.pack("<I", second) + entries + struct.pack("<I", 0) + b"\xff\xd8\xff\xd9"


@pytest.mark.parametrize("form", CODECS)
def test_a_bare_file_holds_nothing(form: str) -> None:
    """What an encoder writes is a picture and no more."""
    assert enclosed(pillow(RGB, form.upper())) == NOTHING


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize(
    ("tail", "says"), [(b"a second picture", TRAILER), (b"\0" * 9, NOTHING)], ids=["data", "zeros"]
)
def test_what_follows_the_end_is_told(form: str, tail: bytes, says: Enclosed) -> None:
    """Data behind the end is a trailer; zeros, with which disks are filled, are none."""
    assert enclosed(pillow(RGB, form) + tail) == says


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_thumbnail_in_exif_is_told(form: str) -> None:
    """It is in the second directory, in each format that carries Exif."""
    assert of_exif(with_thumbnail()) == THUMBNAIL
    assert enclosed(pillow(RGB, form, exif=b"Exif\0\0" + with_thumbnail())) == THUMBNAIL


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_makers_note_is_told(form: str) -> None:
    """Nobody reads it, so it is only said that there is one."""
    made = Image.Exif()
    made.get_ifd(34665)[37500] = b"camera 4711"
    assert enclosed(pillow(RGB, form, exif=made.tobytes())) == NOTE


def test_thumbnails_of_jfif_and_of_further_pages_are_told() -> None:
    """A JFIF segment with a size, and a TIFF's page that says it is a reduced copy."""
    assert enclosed(jfif_thumbnail()) == THUMBNAIL
    assert enclosed(PLANTED["tiff"]()).thumbnail


def test_a_jpeg_with_everything_is_told_so() -> None:
    """A list of further pictures, a maker's note and a trailer."""
    assert enclosed(PLANTED["jpeg"]()) == ANYTHING


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff", pillow(RGB, "PNG")[:60]], ids=len)
def test_what_cannot_be_read_may_hold_anything(data: bytes) -> None:
    """No file is taken for harmless because it is broken."""
    assert enclosed(data) == ANYTHING


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(MADE)), st.data())
def test_no_damage_makes_it_raise(name: str, data: st.DataObject) -> None:
    """Whatever a few bytes are changed to, and wherever a file is cut, it is told or taken for anything."""
    file = bytearray(MADE[name])
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(enclosed(bytes(file[: data.draw(st.integers(0, len(file)))])), Enclosed)
