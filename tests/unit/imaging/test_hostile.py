"""Cut, damaged, huge, animated and foreign files end with a reason, whatever they hold."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from anonymizer_udfs.imaging import decode, encode, probe
from anonymizer_udfs.outcome import BadImageError, Reason
from tests.unit.imaging import structures
from tests.unit.imaging.cases import CASES, RGB, chunk, pillow

MOST = 1 << 20


def reason(data: bytes, max_pixels: int = MOST) -> Reason | None:
    """Return why a file is refused; None if it is not."""
    try:
        decode(data, max_pixels=max_pixels)
    except BadImageError as error:
        return error.reason
    return None


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_cut_files_are_refused(name: str, share: float) -> None:
    """A file without its end is quarantined as truncated wherever it is cut; never shown in part."""
    data = CASES[name].make()
    assert reason(data[: int(len(data) * share)]) is Reason.TRUNCATED


@pytest.mark.parametrize("name", ["jpeg-420", "jpeg-progressive", "png-rgb", "webp-lossy", "gif-palette"])
def test_the_last_byte_counts(name: str) -> None:
    """One missing byte at the end is a missing end."""
    assert reason(CASES[name].make()[:-1]) is Reason.TRUNCATED


@pytest.mark.parametrize("name", ["jpeg-444", "jpeg-420", "jpeg-grey", "jpeg-cmyk"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_grey_half_with_an_end_marker_is_refused(name: str, share: float) -> None:
    """A scan that ends early is refused even if an end marker was put after it."""
    data = CASES[name].make()
    assert reason(data[: int(len(data) * share)].rstrip(b"\xff") + b"\xff\xd9") is Reason.TRUNCATED


def test_missing_pixels_are_not_filled_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that asked Pillow to fill missing pixels gets no filled picture here."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    image = chunk(b"IDAT", zlib.compress(bytes(9 * 4))[:-4])
    assert reason(b"\x89PNG\r\n\x1a\n" + head + image + chunk(b"IEND", b"")) is Reason.TRUNCATED


def test_grey_pictures_are_no_cut_ones() -> None:
    """A picture that is mid grey to its end passes."""
    for level in (127, 128):
        assert reason(pillow(np.full((40, 40, 3), level, np.uint8), "JPEG")) is None


FOREIGN = {
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0mif1avif",
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(20),
    "mp4": b"\0\0\0\x18ftypmp42" + bytes(20),
    "pdf": b"%PDF-1.7\n" + bytes(20),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "text": b"BMW is a text that starts as a bitmap does",
    "ico": b"\0\0\1\0\1\0" + bytes(20),
    "cr2": b"II*\0\x10\0\0\0CR\2\0" + bytes(60),
    "orf": b"IIRO\x08\0\0\0" + bytes(60),
    "rw2": b"IIU\0\x18\0\0\0" + bytes(60),
    "raf": b"FUJIFILMCCD-RAW 0201" + bytes(60),
    "bigtiff": b"II+\0\x08\0\0\0" + bytes(60),
    "psd": b"8BPS\0\1" + bytes(60),
    "zip": b"PK\3\4" + bytes(60),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_formats_are_told(name: str) -> None:
    """What is not written here is named so, not called corrupt."""
    assert reason(FOREIGN[name]) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("tag", [(50706, 1, b"\1\4\0\0"), (262, 3, 32803), (259, 3, 34713)], ids=["dng", "cfa", "nef"])
def test_raw_files_that_are_tiffs_are_told(tag: tuple[int, int, object]) -> None:
    """Raw files are held back although their preview could be read."""
    number, kind, value = tag
    word = value if isinstance(value, bytes) else struct.pack("<HH", value, 0)
    data = bytearray(pillow(RGB, "TIFF"))
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    entries = [bytes(data[at + 2 + 12 * i : at + 14 + 12 * i]) for i in range(count)]
    entries = [entry for entry in entries if entry[:2] != struct.pack("<H", number)]
    entries.append(struct.pack("<HHI", number, kind, 4 if kind == 1 else 1) + word)
    page = struct.pack("<H", len(entries)) + b"".join(sorted(entries)) + bytes(4)
    whole = bytes(data[:4]) + struct.pack("<I", len(data)) + bytes(data[8:]) + page
    assert reason(whole) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("late", [b"PLTE", b"tRNS"])
def test_a_palette_behind_the_pixels_is_told(late: bytes) -> None:
    """Other readers ignore it there, or refuse the file: what they show is not what was searched for faces."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 3, 0, 0, 0))
    chunks = {b"PLTE": bytes(range(12)), b"tRNS": b"\0\xff", b"IDAT": zlib.compress(bytes(4 * 5))}
    sound = [chunk(name, body) for name, body in chunks.items()]
    moved = [chunk(name, chunks[name]) for name in sorted(chunks, key=lambda name: (name == late, name != b"PLTE"))]
    start, end = b"\x89PNG\r\n\x1a\n" + head, chunk(b"IEND", b"")
    assert reason(start + b"".join(sound) + end) is None
    assert reason(start + b"".join(moved) + end) is Reason.CORRUPT


@pytest.mark.parametrize(("start", "expected"), [(0, Reason.CORRUPT), (7, Reason.CORRUPT), (8, None)])
def test_a_strip_in_the_header_is_told(start: int, expected: Reason | None) -> None:
    """The header is written anew for a decoder, so that its bytes cannot be pixels; behind it they can."""
    samples = np.random.default_rng(1).integers(0, 256, (20, 20, 3), np.uint8)
    data = bytearray(structures.tiff_file(samples, 2))
    at = data.index(struct.pack("<HHI", 273, 4, 1)) + 8
    assert struct.unpack_from("<I", data, at) == (8,)
    struct.pack_into("<I", data, at, start)
    if expected is None:
        assert np.array_equal(decode(bytes(data), max_pixels=MOST).pixels, samples)
    else:
        assert reason(bytes(data)) is expected


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_frames_are_not_lost(form: str) -> None:
    """A file of several pictures is held back, and counted."""
    frames = [Image.fromarray(np.roll(RGB, 9 * i, axis=0)) for i in range(3)]
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:])
    assert probe(file.getvalue()).frames == 3
    assert reason(file.getvalue()) is Reason.MULTIPLE_FRAMES


def test_mpo_is_its_first_picture() -> None:
    """A JPEG with further pictures after its end is one picture."""
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, "MPO", save_all=True, append_images=[Image.fromarray(RGB[::-1])])
    assert reason(file.getvalue()) is None
    assert probe(file.getvalue()).frames == 1


def jpeg_frame(head: bytes) -> bytes:
    """Return a JPEG whose frame segment starts with another marker or depth."""
    return pillow(RGB, "JPEG").replace(b"\xff\xc0\0\x11\x08", head)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: pillow(RGB[..., 0].astype(np.float32), "TIFF"), Reason.UNSUPPORTED_PIXELS),
        (lambda: pillow(RGB[..., 0].astype(np.int32), "TIFF"), Reason.UNSUPPORTED_PIXELS),
        (lambda: pillow(RGB, "TIFF", "LAB"), Reason.UNSUPPORTED_PIXELS),
        (lambda: jpeg_frame(b"\xff\xc1\0\x11\x0c"), Reason.UNSUPPORTED_PIXELS),
        (lambda: jpeg_frame(b"\xff\xc3\0\x11\x08"), Reason.UNSUPPORTED_PIXELS),
    ],
    ids=["float", "int32", "lab", "12-bit", "lossless-jpeg"],
)
def test_unsupported_pixels_are_told(make: object, expected: Reason) -> None:
    """Pixels that cannot be kept are held back for that reason."""
    assert callable(make)
    assert reason(make()) is expected


def test_sizes_are_checked_before_decoding() -> None:
    """The limit is on the header, and is inclusive."""
    for name, case in CASES.items():
        assert reason(case.make(), 77 * 101 - 1) is Reason.TOO_LARGE, name
        assert reason(case.make(), 77 * 101) is None, name


def huge(form: str) -> bytes:
    """Return a small file that claims 60,000 x 60,000 pixels."""
    side = 60_000
    if form == "png":
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    data = bytearray(pillow(RGB, form))
    if form == "jpeg":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", side, side)
    if form == "gif":
        data[6:10] = struct.pack("<HH", side, side)
    if form == "tiff":
        for tag in (256, 257):
            at = data.index(struct.pack("<HHI", tag, 4, 1)) + 8
            data[at : at + 4] = struct.pack("<I", side)
    if form == "bmp":
        data[18:26] = struct.pack("<ii", side, side)
    if form == "webp":
        body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (side - 1).to_bytes(3, "little") * 2 + bytes(data[12:])
        return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    return bytes(data)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "gif", "tiff", "bmp"])
def test_huge_claims_are_refused_without_memory(form: str) -> None:
    """A header that claims 3.6 gigapixels is refused as too large; no warning is shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reason(huge(form), 100_000_000) is Reason.TOO_LARGE


@pytest.mark.parametrize("sides_wh", [(2**31, 8), (8, 2**31), (2**32 - 1, 2**32 - 1)])
def test_sides_that_no_row_holds_are_too_large(sides_wh: tuple[int, int]) -> None:
    """One flipped bit makes a side of two billion pixels; the header is refused already, since a row has 32 bits."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *sides_wh, 8, 2, 0, 0, 0))
    image = chunk(b"IDAT", zlib.compress(bytes(8 * 25)))
    with pytest.raises(BadImageError, match="too_large"):
        probe(b"\x89PNG\r\n\x1a\n" + head + image + chunk(b"IEND", b""))


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(CASES)),
    spots=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damage_never_raises_anything_else(name: str, spots: list[tuple[float, int]]) -> None:
    """Any damaged file is either refused with a reason or decoded, and what is decoded can be written."""
    data = bytearray(CASES[name].make())
    for share, value in spots:
        data[int(share * len(data))] = value
    try:
        picture = decode(bytes(data), max_pixels=MOST)
    except BadImageError:
        return
    assert decode(encode(picture).data, max_pixels=MOST).size_wh == picture.size_wh


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(sorted(CASES)), tail=st.binary(max_size=60), keep=st.integers(0, 80))
def test_garbage_after_a_head_never_raises_anything_else(name: str, tail: bytes, keep: int) -> None:
    """A true beginning with garbage after it is refused with a reason."""
    assert reason(CASES[name].make()[:keep] + tail) is not None
