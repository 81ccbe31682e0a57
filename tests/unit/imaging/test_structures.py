"""Where pixels changed, a file keeps how it is built, and what decoders are not asked to read is counted exactly."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from anonymizer_udfs.imaging import decode, encode, webp_parts, webp_quality
from anonymizer_udfs.imaging.streams import deflate_is_exact, lzw_is_exact, packbits_is_exact, runs_end
from tests.unit.imaging.cases import CASES, FEW, RGB, pillow
from tests.unit.imaging.structures import chunk, interlaced_png, run_coded, tiff_file

MOST = 1 << 20


def changed(name: str) -> tuple[bytes, bytes]:
    """Return a file and what is stored after a box of it was filled."""
    data = CASES[name].make()
    picture = decode(data, max_pixels=MOST)
    pixels = picture.pixels.copy()
    pixels[30:60, 20:50] = pixels[0, 0]
    return data, encode(picture.with_pixels(pixels), picture).data


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("png")])
def test_png_keeps_depth_colour_and_interlace(name: str) -> None:
    """The header chunk is the source's own."""
    before, after = changed(name)
    assert before[12:33] == after[12:33]
    assert before[28] == ("laced" in name)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("tiff") and name != "tiff-jpeg"])
def test_tiff_keeps_its_structure(name: str) -> None:
    """Byte order, compression, differences, planes, tiles, strips and the meaning of zero are the source's own."""
    before, after = (TiffImageFile(io.BytesIO(data)) for data in changed(name))
    assert before.tag_v2.prefix == after.tag_v2.prefix
    for tag, default in {
        258: (1,),
        259: 1,
        262: None,
        277: 1,
        278: 101,
        284: 1,
        317: 1,
        322: 0,
        323: 0,
        338: (),
    }.items():
        old, new = (image.tag_v2.get(tag, default) for image in (before, after))
        assert min(old, 101) == min(new, 101) if tag == 278 else old == new


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("bmp")])
def test_bmp_keeps_bits_and_order_of_rows(name: str) -> None:
    """Bits a pixel and the sign of the height are the source's own."""
    before, after = changed(name)
    assert before[18:26] == after[18:26]
    assert before[28:30] == after[28:30]


@pytest.mark.parametrize("interlace", [0, 1])
def test_gif_keeps_its_interlace(interlace: int) -> None:
    """An interlaced frame stays one, and one that is not stays so."""
    picture = decode(pillow(RGB, "GIF", "P50", interlace=interlace), max_pixels=MOST)
    again = Image.open(io.BytesIO(encode(picture).data))
    assert again.tile[0].args[1] == interlace  # type: ignore[index]  # the codec's bits, and its interlace


@settings(max_examples=80, deadline=None)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    kind=st.sampled_from([(1, 0, 1), (2, 0, 1), (4, 3, 1), (8, 0, 1), (8, 2, 3), (8, 4, 2), (16, 2, 3), (16, 4, 2)]),
    seed=st.integers(0, 9),
)
def test_interlaced_pngs_of_any_size_come_back(width: int, height: int, kind: tuple[int, int, int], seed: int) -> None:
    """Interlaced pictures, smaller than the grid too, are read by Pillow as the same ones written plain."""
    depth, colour, channels = kind
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 1 << depth, (height, width, channels)).astype(np.uint16)
    table = [chunk(b"PLTE", rng.bytes(3 << depth))] if colour == 3 else []
    data = interlaced_png(samples, depth, colour, *table)
    picture = decode(data, max_pixels=MOST)
    again = encode(picture).data
    assert again[28] == 1
    assert np.array_equal(decode(again, max_pixels=MOST).pixels, picture.pixels)
    old, new = (Image.open(io.BytesIO(one)).convert("RGBA") for one in (data, again))
    assert not channels % 2 or np.array_equal(np.asarray(old), np.asarray(new))


@settings(max_examples=80, deadline=None)
@given(
    size=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    deep=st.booleans(),
    order=st.sampled_from("<>"),
    tile=st.sampled_from([None, (16, 16), (48, 32)]),
    rows=st.integers(1, 60),
    planar=st.booleans(),
    deflate=st.booleans(),
    seed=st.integers(0, 9),
)
def test_tiffs_of_any_structure_come_back(
    size: tuple[int, int], *, deep: bool, order: str, tile: tuple[int, int] | None, rows: int, planar: bool,
    deflate: bool, seed: int,
) -> None:  # fmt: skip
    """Encoded anew, and untouched where that can be, the samples are the source's."""
    planar = planar and not deep  # what no decoder here reads is held back
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 65536 if deep else 256, (*size, 3)).astype(np.uint16 if deep else np.uint8)
    data = tiff_file(samples, 2, order=order, tile=tile, rows=rows, planar=planar, deflate=deflate)
    picture = decode(data, max_pixels=MOST)
    assert np.array_equal(picture.pixels, samples)
    for stored in (encode(picture).data, picture.encoding.untouched):
        if stored is not None:
            assert np.array_equal(decode(stored, max_pixels=MOST).pixels, samples)
            if not deep:
                assert np.array_equal(np.asarray(Image.open(io.BytesIO(stored))), samples)
    if not deflate or tile is None:
        assert encode(picture, picture).data == picture.encoding.untouched


@pytest.mark.parametrize("quality", [*range(0, 101, 10), 75, 85, 95])
@pytest.mark.parametrize("kind", ["portrait", "noise", "flat"])
def test_quality_of_webp_is_estimated(quality: int, kind: str) -> None:
    """The quality that a file was written with is told to within 2.5."""
    rng = np.random.default_rng(3)
    pixels = {"portrait": RGB, "noise": rng.integers(0, 256, (90, 120, 3), np.uint8), "flat": np.full_like(RGB, 90)}
    data = pillow(pixels[kind], "WEBP", quality=quality)
    still = webp_parts.still(data, list(webp_parts.walk(data)))
    assert abs(webp_quality.estimate(still.stream) - quality) <= 2.5


@pytest.mark.parametrize("quality", [20, 60, 90])
def test_quality_does_not_drift(quality: int) -> None:
    """Encoded three times, a picture is not written at ever lower or higher quality."""
    data = pillow(RGB, "WEBP", quality=quality)
    for _ in range(3):
        data = encode(decode(data, max_pixels=MOST)).data
    still = webp_parts.still(data, list(webp_parts.walk(data)))
    assert abs(webp_quality.estimate(still.stream) - quality) <= 4


def test_no_stream_has_no_quality() -> None:
    """What is no key frame is refused, and a head of nothing but zeros is read to its end."""
    with pytest.raises(ValueError, match="key frame"):
        webp_quality.estimate(b"")
    with pytest.raises(ValueError, match="key frame"):
        webp_quality.estimate(b"\1" * 40)
    assert 0 <= webp_quality.estimate(bytes(40)) <= 100


@given(st.binary(max_size=3000), st.binary(min_size=1, max_size=9), st.integers(1, 5))
def test_deflate_is_counted(data: bytes, more: bytes, pieces: int) -> None:
    """A stream of the right size is exact in any cut; with bytes after it, or of another size, it is not."""
    packed = zlib.compress(data)
    cut = [packed[len(packed) * i // pieces : len(packed) * (i + 1) // pieces] for i in range(pieces)]
    assert deflate_is_exact(cut, len(data))
    assert not deflate_is_exact([*cut, more], len(data))
    assert not deflate_is_exact(cut, len(data) + 1)
    assert not deflate_is_exact([packed[:-1]], len(data))
    assert not deflate_is_exact([zlib.compress(data + more)], len(data))


@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    colours=st.integers(1, 256),
    seed=st.integers(0, 9),
    more=st.binary(min_size=1, max_size=9),
)
def test_lzw_and_packbits_are_counted(size: tuple[int, int], colours: int, seed: int, more: bytes) -> None:
    """What libtiff writes is exact, and neither more nor less is."""
    grey = np.random.default_rng(seed).integers(0, colours, size).astype(np.uint8)
    for name, count in {
        "tiff_lzw": lambda d, n: lzw_is_exact(d, 8, n, tiff=True),
        "packbits": packbits_is_exact,
    }.items():
        data = pillow(grey, "TIFF", compression=name, tiffinfo={278: size[0]})
        tags = TiffImageFile(io.BytesIO(data)).tag_v2
        codes = data[tags[273][0] : tags[273][0] + tags[279][0]]
        assert count(codes, grey.size)
        assert not count(codes, grey.size + 1)
        assert not count(codes, grey.size - 1)
        assert not count(codes + more, grey.size)


@given(st.binary(max_size=200), st.integers(0, 300), st.integers(2, 8), st.booleans())
def test_garbage_is_counted_without_an_error(data: bytes, size: int, bits: int, tiff: bool) -> None:
    """Any bytes are answered; only empty codes give nothing."""
    assert isinstance(lzw_is_exact(data, bits, size, tiff=tiff), bool)
    assert isinstance(packbits_is_exact(data, size), bool)
    assert not deflate_is_exact([data], 300)


def test_a_deep_string_is_counted() -> None:
    """A picture of one colour, whose strings are as long as strings can be, is counted exactly."""
    codes = pillow(np.zeros((3000, 3000), np.uint8), "TIFF", compression="tiff_lzw", tiffinfo={278: 3000})
    tags = TiffImageFile(io.BytesIO(codes)).tag_v2
    strip = codes[tags[273][0] : tags[273][0] + tags[279][0]]
    assert lzw_is_exact(strip, 8, 9_000_000, tiff=True)
    assert not lzw_is_exact(strip, 8, 8_999_999, tiff=True)


@pytest.mark.parametrize("bits", [4, 8])
def test_runs_end_where_they_end(bits: int) -> None:
    """The end code ends the runs; without it, or past a row or the last row, there is no end."""
    runs = run_coded(FEW, bits)
    assert runs_end(b"xx" + runs + b"more", 2, (77, 101), bits) == 2 + len(runs)
    assert runs_end(runs[:-2], 0, (77, 101), bits) is None
    assert runs_end(runs, 0, (76, 101), bits) is None
    assert runs_end(runs, 0, (77, 100), bits) is None
    assert runs_end(b"", 0, (77, 101), bits) is None
