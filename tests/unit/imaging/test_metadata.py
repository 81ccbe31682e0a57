"""Nothing of the source but its picture is in the output."""

import io
import zlib
from typing import Any

import pytest
from PIL import Image

from anonymizer_udfs.imaging import decode, encode
from anonymizer_udfs.outcome import BadImageError, Reason
from tests.unit.imaging.cases import RGB, chunk, pillow, profile
from tests.unit.imaging.planted import PLANTED, SECRET, colours_kept, jpeg, png, tagged_profile, tiff, traces, webp

MOST = 1 << 20


def test_search_finds_nothing_in_nothing() -> None:
    """The search that the other tests rely on is quiet on no bytes, and loud on each planted file."""
    assert traces(b"") == []
    assert all(traces(make()) for make in PLANTED.values())


@pytest.mark.parametrize("name", PLANTED)
def test_no_trace_is_left(name: str) -> None:
    """No planted secret survives, neither in plain nor packed, and the pixels do."""
    picture = decode(PLANTED[name](), max_pixels=MOST)
    encoded = encode(picture)
    assert traces(encoded.data) == []
    assert decode(encoded.data, max_pixels=MOST).pixels.shape == picture.pixels.shape


@pytest.mark.parametrize("make", [jpeg, png, webp, tiff], ids=lambda make: make.__name__)
def test_only_our_orientation_is_left(make: object) -> None:
    """What remains of Exif is one tag, and of the profile its numbers."""
    assert callable(make)
    image = Image.open(io.BytesIO(encode(decode(make(), max_pixels=MOST)).data))
    exif = image.getexif()
    assert exif.get(274) == 6
    assert not exif.get_ifd(34853)
    if image.format != "TIFF":
        assert dict(exif) == {274: 6}
    assert colours_kept(tagged_profile(), image.info["icc_profile"])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_profile_that_cannot_be_read_is_dropped_and_said(form: str) -> None:
    """A profile of no numbers goes, and the output says that it is not what the source was."""
    broken = SECRET * 40
    options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    data = pillow(RGB, form, icc_profile=broken, **options)
    encoded = encode(decode(data, max_pixels=MOST))
    assert encoded.reencoded
    assert traces(encoded.data) == []
    assert "icc_profile" not in Image.open(io.BytesIO(encoded.data)).info


def test_profile_of_several_segments_is_kept() -> None:
    """A profile that is longer than one JPEG segment is put together and cut again."""
    padded = profile() + b"\0" * 200_000
    picture = decode(pillow(RGB, "JPEG", icc_profile=padded), max_pixels=MOST)
    assert picture.encoding.icc is not None
    assert len(picture.encoding.icc) < 4000


def test_profile_bomb_is_too_large() -> None:
    """A profile that unpacks to more than 16 MiB is not unpacked."""
    data = pillow(RGB, "PNG")
    bomb = chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(1 << 25)))
    with pytest.raises(BadImageError) as caught:
        decode(data[:33] + bomb + data[33:], max_pixels=MOST)
    assert caught.value.reason is Reason.TOO_LARGE


def test_density_and_shown_colours_stay() -> None:
    """Numbers that say how the picture is shown are kept."""
    image = Image.open(io.BytesIO(encode(decode(png(), max_pixels=MOST)).data))
    assert image.info["gamma"] == pytest.approx(0.45455)
    image = Image.open(io.BytesIO(encode(decode(pillow(RGB, "TIFF", dpi=(300, 150)), max_pixels=MOST)).data))
    assert image.info["dpi"] == (300, 150)


def test_words_of_an_error_say_nothing() -> None:
    """The error of a broken file carries its reason, and neither a cause nor a text."""
    data = png()
    at = data.index(b"IDAT")
    with pytest.raises(BadImageError) as caught:
        decode(data[:at] + b"IDAT" + SECRET + data[at + 14 :], max_pixels=MOST)
    assert caught.value.args == (Reason.CORRUPT.value,)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
