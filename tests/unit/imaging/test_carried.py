"""What a source carries beside its pixels: told for each format, for what cannot be read, and never given on."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from anonymizer_udfs.imaging import CODECS
from anonymizer_udfs.imaging.carried import ANYTHING, NOTHING, Carried, carried, of_exif, of_iptc, of_xmp
from tests.unit.imaging.planted import PLANTED

PLACE, NAMES, DATES = Carried(place=True), Carried(names=True), Carried(dates=True)
XMP = b'<x:xmpmeta><rdf:Description exif:GPSLatitude="48,8.2N"/></x:xmpmeta>'


def exif(**tags: object) -> Image.Exif:
    """Return Exif with a date, an owner or a position."""
    made = Image.Exif()
    made[271] = "Maker"
    if "date" in tags:
        made.get_ifd(34665)[36867] = tags["date"]
    if "owner" in tags:
        made.get_ifd(34665)[42032] = tags["owner"]
    if "latitude" in tags:
        made.get_ifd(34853).update({1: "N", 2: (48.0, 8.0, 14.5)})
    if "altitude" in tags:
        made.get_ifd(34853).update({6: 120.0})
    return made


def placed(form: str, made: Image.Exif) -> dict[str, object]:
    """Return the option by which Pillow writes Exif with all of its directories."""
    if form != "TIFF":
        return {"exif": made}
    tags = ImageFileDirectory_v2()
    for pointer in (34665, 34853):
        if inner := made.get_ifd(pointer):
            tags[pointer] = inner
    return {"tiffinfo": tags}


def file(form: str, **options: object) -> bytes:
    """Return a small picture of a format."""
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize("form", CODECS)
def test_a_bare_file_carries_nothing(form: str) -> None:
    """What an encoder writes of itself is nothing of the picture's."""
    assert carried(file(form.upper())) == NOTHING


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("tags", "says"),
    [
        pytest.param({"date": "2024:05:06 07:08:09"}, DATES, id="date"),
        pytest.param({"date": "0000:00:00 00:00:00"}, NOTHING, id="blank-date"),
        pytest.param({"owner": "Jane Doe"}, NAMES, id="owner"),
        pytest.param({"owner": "   "}, NOTHING, id="blank-owner"),
        pytest.param({"latitude": 1}, PLACE, id="position"),
        pytest.param({"altitude": 1}, NOTHING, id="height-alone"),
        pytest.param({"latitude": 1, "owner": "J", "date": "2024"}, ANYTHING, id="all"),
    ],
)
def test_exif_is_told_by_its_kinds(form: str, tags: dict[str, object], says: Carried) -> None:
    """In each format that has it; what a camera writes where it knows nothing is nothing."""
    assert carried(file(form, **placed(form, exif(**tags)))) == says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(XMP, PLACE, id="position"),
        pytest.param(b"<photoshop:City>Bern</photoshop:City>", PLACE, id="city"),
        pytest.param(b"<dc:creator><rdf:Seq/></dc:creator>", NAMES, id="creator"),
        pytest.param(b'xmp:CreateDate="2024"', DATES, id="date"),
        pytest.param('xmp:CreateDate="2024"'.encode("utf-16-le"), DATES, id="utf-16"),
        pytest.param(b"<x:xmpmeta/>", NOTHING, id="empty"),
    ],
)
def test_xmp_is_told_by_the_names_of_its_properties(text: bytes, says: Carried) -> None:
    """Packed or not, and in TIFF's and GIF's places for it."""
    assert of_xmp(text) == says
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", text.decode("latin-1"), zip=True)
    assert carried(file("PNG", pnginfo=info)) == says
    tags = ImageFileDirectory_v2()
    tags.tagtype[700] = 7
    tags[700] = text
    assert carried(file("TIFF", tiffinfo=tags)) == says
    assert carried(file("WEBP", xmp=text)) == says
    block = b"!\xff\x0bXMP DataXMP" + bytes([len(text)]) + text + b"\0"
    assert carried(file("GIF")[:-1] + block + b";") == says


def test_iptc_is_told_by_its_records() -> None:
    """Places and dates have numbers of their own; whatever else there is may be a name."""
    assert of_iptc(b"") == NOTHING
    assert [of_iptc(b"\x1c\x02" + bytes([kind]) + b"\0\1x") for kind in (90, 55, 80, 120, 0)] == [
        PLACE, DATES, NAMES, NAMES, NOTHING,
    ]  # fmt: skip
    tags = ImageFileDirectory_v2()
    tags.tagtype[33723] = 7
    tags[33723] = b"\x1c\x02\x5a\0\4Bern"
    assert carried(file("TIFF", tiffinfo=tags)) == PLACE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(("Comment", "x"), NAMES, id="comment"),
        pytest.param(("Creation Time", "x"), DATES, id="creation-time"),
        pytest.param(("date:modify", "x"), DATES, id="file-date"),
        pytest.param(("Software", "x"), NOTHING, id="software"),
        pytest.param(("Raw profile type exif", "x"), ANYTHING, id="what-is-not-read"),
    ],
)
def test_png_text_is_told_by_its_keyword(text: tuple[str, str], says: Carried) -> None:
    """Free text counts as names, since it may be one."""
    info = PngImagePlugin.PngInfo()
    info.add_text(*text)
    assert carried(file("PNG", pnginfo=info)) == says


def test_comments_count_as_names() -> None:
    """In JPEG and GIF as well."""
    assert carried(file("JPEG", comment=b"holidays")) == NAMES
    assert carried(file("GIF", comment=b"holidays")) == NAMES


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no picture", id="no-picture"),
        pytest.param(file("JPEG")[:-20], id="cut-jpeg"),
        pytest.param(file("PNG")[:-9], id="cut-png"),
        pytest.param(b"II*\0\x08\0\0\0\xff\xff", id="no-tiff"),
        pytest.param(file("GIF")[:-1], id="no-end"),
    ],
)
def test_what_cannot_be_read_may_carry_anything(data: bytes) -> None:
    """Damage makes no image less of a risk."""
    assert carried(data) == ANYTHING
    assert of_exif(b"Exif\0\0II*\0\xff\xff\xff\x7f") == ANYTHING


def test_packed_text_stays_within_bounds() -> None:
    """A bomb in a PNG's text is unpacked as far as a mebibyte."""
    text = zlib.compress(b"\0" * (1 << 26))
    body = b"XML:com.adobe.xmp\0\1\0\0\0" + text
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    data = file("PNG")
    assert carried(data[:33] + chunk + data[33:]) == NOTHING


@pytest.mark.parametrize("kind", PLANTED)
def test_every_place_that_a_format_has_is_read_without_fail(kind: str) -> None:
    """Files with text wherever there is room for one."""
    expected = {
        "jpeg": PLACE | NAMES, "jpeg-progressive": PLACE | NAMES, "png": ANYTHING, "webp": PLACE | NAMES,
        "tiff": NAMES | DATES, "gif": NAMES,
    }  # fmt: skip
    assert carried(PLANTED[kind]()) == expected.get(kind, NOTHING)


@given(st.binary(max_size=200), st.sampled_from(sorted(CODECS)), st.integers(0, 400))
def test_no_bytes_make_it_fail(noise: bytes, form: str, at: int) -> None:
    """Whatever is written over a file, it is an answer."""
    data = bytearray(
        file(form.upper(), **({"exif": exif(owner="x")} if form in {"jpeg", "png", "webp", "tiff"} else {}))
    )
    data[at : at + len(noise)] = noise
    assert isinstance(carried(bytes(data)), Carried)


def test_a_file_s_own_words_are_not_kept() -> None:
    """What is told are three flags: no text of the source can leave by them."""
    said = repr(carried(file("JPEG", exif=exif(owner="Jane Doe"), comment=b"Jane Doe")))
    assert said == "Carried(place=False, names=True, dates=False)"
