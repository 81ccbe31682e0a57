"""What every format keeps: size, mode, depth, alpha, and, where it can, every sample."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling
from PIL.TiffImagePlugin import TiffImageFile

from anonymizer_udfs.imaging import CODECS, Channels, Format, Picture, decode, encode, probe
from anonymizer_udfs.outcome import BadImageError, Reason
from tests.unit.imaging.cases import CASES, RGB, RGBA, pillow

MOST = 1 << 20
NAMES = pytest.mark.parametrize("name", CASES)
LOSSLESS = pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.lossless])


def opened(data: bytes) -> Image.Image:
    """Return what an outside reader sees, untouched by the code under test."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_no_bytes_are_empty() -> None:
    """No bytes at all are quarantined as empty, in each entry point."""
    with pytest.raises(BadImageError) as caught:
        probe(b"")
    assert caught.value.reason is Reason.EMPTY
    with pytest.raises(BadImageError) as caught:
        decode(b"", max_pixels=MOST)
    assert caught.value.reason is Reason.EMPTY


def test_all_formats_have_cases() -> None:
    """A format that is added without a case here is noticed."""
    assert set(CODECS) == set(Format) == {case.format for case in CASES.values()}


@NAMES
def test_probe_tells_format_and_size(name: str) -> None:
    """The header is right without decoding."""
    header = probe(CASES[name].make())
    assert (header.format, header.width, header.height, header.frames) == (CASES[name].format, 77, 101, 1)


@NAMES
def test_decode_gives_what_pillow_sees(name: str) -> None:
    """Shape, type and channels are as stated, and the 8-bit view agrees with an outside reader's."""
    case = CASES[name]
    picture = decode(case.make(), max_pixels=MOST)
    assert (picture.channels, picture.pixels.dtype) == (case.channels, np.dtype(case.dtype))
    assert picture.pixels.shape == (101, 77, case.channels.samples)
    if case.dtype is np.uint8:
        seen = np.asarray(opened(case.make()).convert("RGBA" if case.channels.has_alpha else "RGB"))
        shown = seen[..., 3] > 0 if case.channels.has_alpha else np.ones((101, 77), bool)
        assert np.array_equal(picture.rgb()[shown], seen[..., :3][shown])


@NAMES
def test_round_trip_keeps_the_kind_of_file(name: str) -> None:
    """The output is of the same format, mode, size and kind, and says ``reencoded`` exactly when it is lossy."""
    case = CASES[name]
    picture = decode(case.make(), max_pixels=MOST)
    encoded = encode(picture)
    assert encoded.reencoded is not case.lossless
    source, again = opened(case.make()), opened(encoded.data)
    assert (again.format, again.mode, again.size) == (source.format, source.mode, source.size)
    back = decode(encoded.data, max_pixels=MOST)
    assert (back.channels, back.pixels.dtype, back.white) == (picture.channels, picture.pixels.dtype, picture.white)


@LOSSLESS
def test_lossless_formats_keep_every_sample(name: str) -> None:
    """What is decoded from the output is what was decoded from the source, and a second round gives the same bytes."""
    picture = decode(CASES[name].make(), max_pixels=MOST)
    first = encode(picture).data
    back = decode(first, max_pixels=MOST)
    assert np.array_equal(back.pixels, picture.pixels)
    assert encode(back).data == first


@LOSSLESS
def test_changed_pixels_are_stored_and_others_kept(name: str) -> None:
    """A black box is stored (in palettes: as the nearest colour) and no pixel outside of it changes."""
    picture = decode(CASES[name].make(), max_pixels=MOST)
    before = picture.pixels.copy()
    pixels = picture.pixels.copy()
    pixels[10:40, 30:60] = 0
    if picture.channels.has_alpha:
        pixels[10:40, 30:60, -1] = np.iinfo(pixels.dtype).max
    back = decode(encode(picture.with_pixels(pixels), picture).data, max_pixels=MOST).pixels
    assert np.array_equal(picture.pixels, before)
    inside = np.zeros(back.shape[:2], bool)
    inside[10:40, 30:60] = True
    assert np.array_equal(back[~inside], before[~inside])
    assert len(np.unique(back[inside], axis=0)) == 1
    if CASES[name].mode == "P":
        palette = picture.encoding.palette  # type: ignore[attr-defined]
        assert back[inside][0].tolist() in palette.table().tolist()
    else:
        assert back[inside][0].tolist() == pixels[inside][0].tolist()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.lossless])
def test_lossy_formats_stay_close(name: str) -> None:
    """Encoding again moves the picture by little, and CMYK is not inverted."""
    picture = decode(CASES[name].make(), max_pixels=MOST)
    back = decode(encode(picture).data, max_pixels=MOST)
    assert np.abs(back.rgb().astype(int) - picture.rgb()).mean() < 3


@NAMES
def test_encode_is_deterministic(name: str) -> None:
    """The same picture gives the same bytes."""
    picture = decode(CASES[name].make(), max_pixels=MOST)
    assert encode(picture) == encode(picture)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.format is Format.JPEG])
def test_jpeg_keeps_tables_factors_and_density(name: str) -> None:
    """Quantization tables, chroma factors, progression, colour mark and density are the source's own."""
    data = CASES[name].make()
    source = JpegImageFile(io.BytesIO(data))
    again = JpegImageFile(io.BytesIO(encode(decode(data, max_pixels=MOST)).data))
    assert [again.quantization[part[3]] for part in again.layer] == [
        source.quantization[part[3]] for part in source.layer
    ]
    assert get_sampling(again) == get_sampling(source)
    assert again.layer == source.layer
    for fact in ("progressive", "jfif_density", "jfif_unit", "adobe_transform"):
        assert again.info.get(fact) == source.info.get(fact)


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (17, 1), (3, 5)], ids=str)
def test_small_and_odd_sizes(form: Format, size: tuple[int, int]) -> None:
    """Pictures of one pixel, one row or one column survive."""
    height, width = size
    picture = decode(pillow(RGB[:height, :width], form.value), max_pixels=MOST)
    back = decode(encode(picture).data, max_pixels=MOST)
    assert back.pixels.shape == picture.pixels.shape == (height, width, 3)


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.channels.has_alpha and "opacity" not in n])
def test_colours_under_alpha_0_are_zero(name: str) -> None:
    """What alpha 0 hides is zeroed, and that is what is stored."""
    picture = decode(CASES[name].make(), max_pixels=MOST)
    clear = picture.pixels[..., -1] == 0
    assert clear.any()
    assert not picture.pixels[clear].any()
    if CASES[name].lossless:
        stored = np.asarray(opened(encode(picture).data).convert("RGBA"))
        assert not stored[..., :3][clear].any()


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_kept_and_pixels_are_not_turned(form: str, orientation: int) -> None:
    """The one tag survives, as an outside reader sees it, and the stored pixels stay as they lie."""
    exif = Image.Exif()
    exif[274] = orientation
    data = pillow(RGB, form, exif=exif)
    picture = decode(data, max_pixels=MOST)
    assert picture.orientation == orientation
    assert picture.size_wh == (77, 101)
    encoded = encode(picture).data
    assert decode(encoded, max_pixels=MOST).orientation == orientation
    assert Image.open(io.BytesIO(encoded)).getexif().get(274, 1) == orientation


def test_12_bits_in_16_are_seen() -> None:
    """A dark 16-bit picture is brightened for detection, and its samples stay."""
    dark = RGB.astype(np.uint16) * 16
    picture = decode(pillow(dark[..., 0], "PNG"), max_pixels=MOST)
    assert picture.white == 4095
    assert np.abs(picture.rgb()[..., 0].astype(int) - RGB[..., 0]).max() <= 1
    assert np.array_equal(picture.pixels[..., 0], dark[..., 0])


def test_premultiplied_tiff_keeps_its_samples() -> None:
    """Premultiplied samples are neither divided nor declared plain."""
    data = pillow(RGBA, "TIFF").replace(b"\x52\x01\x03\0\x01\0\0\0\x02\0", b"\x52\x01\x03\0\x01\0\0\0\x01\0")
    picture = decode(data, max_pixels=MOST)
    shown = RGBA[..., 3] > 0
    assert np.array_equal(picture.pixels[shown], RGBA[shown])
    stored = TiffImageFile(io.BytesIO(encode(picture).data))
    assert stored.tag_v2[338] == (1,)


def test_picture_refuses_other_pixels() -> None:
    """A method cannot change shape or type by mistake."""
    picture = decode(pillow(RGB, "PNG"), max_pixels=MOST)
    with pytest.raises(ValueError, match="uint8"):
        picture.with_pixels(picture.pixels.astype(np.uint16))
    with pytest.raises(ValueError, match="grey"):
        Picture(picture.pixels, Channels.GREY, Format.PNG, 1, picture.encoding)
