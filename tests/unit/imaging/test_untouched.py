"""A picture that nothing changed keeps its compressed pixels byte for byte, and nothing else of its file."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs.imaging import Picture, decode, encode, turbojpeg
from anonymizer_udfs.imaging.turbojpeg import Library
from anonymizer_udfs.outcome import BadImageError
from tests.unit.imaging.cases import CASES, RGB, pillow
from tests.unit.imaging.hidden import KEPT, REFUSED
from tests.unit.imaging.planted import PLANTED, SECRET, traces
from tests.unit.imaging.strategies import files

MOST = 1 << 20
ANEW = {
    "png-rgba", "png-grey-alpha", "png-grey-alpha-16", "png-rgba-16", "webp-lossy-alpha", "webp-lossless-alpha",
    "tiff-rgba", "tiff-grey-alpha", "tiff-rgba-16", "bmp-32-alpha", "tiff-jpeg", "tiff-fax", "tiff-tiled-deflate",
}  # fmt: skip
"""Kinds that are encoded anew: colours under alpha 0, and codes whose end is not looked for."""

SCATTERED = {
    "bmp-row-padding": lambda data: data[54 + 231 :: 232][: len(SECRET)],
    "bmp-fourth-byte": lambda data: data[54 + 3 :: 4][: len(SECRET)],
    "bmp-spare-colours": lambda data: data[78:81] + data[82:85] + data[86:89],
    "webp-reserved": lambda data: data[21:24],
}
"""Where hidden bytes are that do not stand side by side."""


def read(data: bytes) -> Picture:
    """Return the decoded file."""
    return decode(data, max_pixels=MOST)


def shown(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the pixels with nothing under alpha 0."""
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return pixels * (pixels[..., 3:] > 0)
    return pixels


def seen_by_pillow(data: bytes) -> tuple[str, NDArray[np.generic]]:
    """Return mode and pixels that an outside reader sees."""
    image = Image.open(io.BytesIO(data))
    return image.mode, shown(np.asarray(image.convert("RGBA") if image.mode in "PRGBALA" else image))


def seen_by_opencv(data: bytes) -> NDArray[np.generic] | None:
    """Return the pixels that another outside reader sees; None if it cannot read the file."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    return None if pixels is None else shown(pixels)


def same_everywhere(source: bytes, stored: bytes) -> None:
    """Check that our decoder, Pillow and OpenCV see the same in both files."""
    before, after = read(source), read(stored)
    assert np.array_equal(before.pixels, after.pixels)
    assert (before.channels, before.white, before.orientation) == (after.channels, after.white, after.orientation)
    (mode, old), (new_mode, new) = seen_by_pillow(source), seen_by_pillow(stored)
    assert mode == new_mode
    assert np.array_equal(old, new)
    seen, again = seen_by_opencv(source), seen_by_opencv(stored)
    assert (seen is None) == (again is None)
    if seen is not None:
        assert np.array_equal(seen, again)


def coded(data: bytes) -> bytes:
    """Return the compressed pixels of a PNG, JPEG, WebP or GIF, by a search of the tests' own."""
    if data.startswith(b"\x89PNG"):
        at, out = 8, b""
        while at < len(data):
            size, name = struct.unpack_from(">I4s", data, at)
            out += data[at : at + 12 + size] if name == b"IDAT" else b""
            at += 12 + size
        return out
    if data.startswith(b"\xff\xd8"):
        return data[data.index(b"\xff\xda") : data.rindex(b"\xff\xd9")]
    if data.startswith(b"RIFF"):
        at = data.index(b"VP8L" if b"VP8L" in data else b"VP8 ")
        return data[at : at + 8 + struct.unpack_from("<I", data, at + 4)[0]]
    at = data.index(b",", 13 + (3 << (data[10] & 7) + 1))
    return data[at + 10 + (3 << (data[at + 9] & 7) + 1 if data[at + 9] & 0x80 else 0) :]


@pytest.mark.parametrize("name", CASES)
def test_untouched_files_show_the_same_everywhere(name: str) -> None:
    """What is stored of a picture that nothing changed is, for three readers, the source."""
    data = CASES[name].make()
    picture = read(data)
    stored = picture.encoding.untouched
    assert (stored is None) == (name in ANEW)
    if stored is not None and (name != "jpeg-progressive" or turbojpeg.find()):
        assert encode(picture, picture) == type(encode(picture))(stored, reencoded=False)
        same_everywhere(data, stored)


@pytest.mark.parametrize("name", [n for n in CASES if n not in ANEW and n[:3] in {"png", "jpe", "web", "gif"}])
def test_compressed_pixels_stay_byte_for_byte(name: str) -> None:
    """Image chunks, scans, streams and blocks are the source's own bytes."""
    data = CASES[name].make()
    picture = read(data)
    stored = encode(picture, picture).data
    assert stored == picture.encoding.untouched
    assert len(coded(data)) > 300
    assert coded(stored) == coded(data)


@pytest.mark.parametrize("name", sorted(ANEW))
def test_others_are_encoded_anew(name: str) -> None:
    """Where the source's own pixels cannot be stored, they are encoded, and say so if that loses anything."""
    picture = read(CASES[name].make())
    assert encode(picture, picture) == encode(picture)
    assert encode(picture, picture).reencoded is not CASES[name].lossless


@pytest.mark.parametrize("name", [name for name in CASES if name not in ANEW])
def test_a_second_round_changes_nothing(name: str) -> None:
    """What was stored once is stored as it is when it comes again."""
    stored = read(CASES[name].make()).encoding.untouched
    assert stored is not None
    assert read(stored).encoding.untouched == stored


@pytest.mark.parametrize("name", ["png-rgb", "webp-lossy", "gif-palette", "bmp-24", "tiff-rgb"])
def test_changed_pixels_are_never_the_source(name: str) -> None:
    """Other pixels, even equal ones in another array, and a picture without its original, are encoded."""
    picture = read(CASES[name].make())
    changed = picture.pixels.copy()
    changed[20:60, 20:60] = 0
    encoded = encode(picture.with_pixels(changed), picture)
    assert encoded == encode(picture.with_pixels(changed))
    assert encoded.data != picture.encoding.untouched
    assert encode(picture.with_pixels(picture.pixels.copy()), picture) == encode(picture)


@pytest.mark.parametrize("name", [*PLANTED, *KEPT, *REFUSED])
def test_nothing_hides_in_what_is_stored(name: str) -> None:
    """No secret is left beside, between or inside of the compressed pixels, and the picture is the source's."""
    data = (PLANTED | KEPT | REFUSED)[name]()
    picture = read(data)
    encoded = encode(picture, picture)
    assert traces(encoded.data) == []
    if not encoded.reencoded:
        assert np.array_equal(read(encoded.data).pixels, picture.pixels)


@pytest.mark.parametrize(
    "name", sorted((KEPT | REFUSED).keys() - SCATTERED.keys() - {"bmp-padding-of-runs", "tiff-deflated-tile-edges"})
)
def test_the_search_finds_what_was_hidden(name: str) -> None:
    """The files hold what the test above looks for."""
    assert traces((KEPT | REFUSED)[name]())


@pytest.mark.parametrize("name", SCATTERED)
def test_scattered_bytes_are_zeroed(name: str) -> None:
    """Bytes of a secret that stand apart, where a search does not find them, are zero in what is stored."""
    data, where = KEPT[name](), SCATTERED[name]
    stored = read(data).encoding.untouched
    assert stored is not None
    assert where(data) in SECRET
    assert len(where(data)) > 2
    assert not any(where(stored))


@pytest.mark.parametrize("name", KEPT)
def test_what_is_beside_the_pixels_is_cut(name: str) -> None:
    """A secret beside the compressed pixels does not cost them their bytes."""
    data = KEPT[name]()
    stored = read(data).encoding.untouched
    assert stored is not None
    assert traces(stored) == []
    if name[:3] in {"png", "jpe", "web", "gif"}:
        assert coded(stored) == coded(data)
    assert np.array_equal(read(stored).pixels, read(data).pixels)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_inside_of_the_pixels_is_noticed(name: str) -> None:
    """A file with bytes that no pixel needs inside of its compressed pixels is not stored as it is."""
    picture = read(REFUSED[name]())
    assert encode(picture, picture) == encode(picture)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_profile_that_goes_is_said(form: str) -> None:
    """A picture that loses its profile says ``reencoded``, though its pixels are the source's."""
    picture = read(pillow(RGB, form, icc_profile=b"no profile" * 40))
    encoded = encode(picture, picture)
    assert encoded.reencoded
    assert encoded.data == picture.encoding.untouched


@settings(max_examples=250, deadline=None)
@given(files())
def test_any_file_is_stored_as_it_is(file: tuple[str, bytes]) -> None:
    """Whatever its picture and settings, a file that a common writer made is kept, and shows the same everywhere."""
    form, data = file
    picture = read(data)
    stored = encode(picture, picture).data
    assert stored == picture.encoding.untouched
    same_everywhere(data, stored)
    if form in {"JPEG", "PNG", "WEBP", "GIF"}:
        assert coded(stored) == coded(data)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted({name for name in CASES if name not in ANEW})),
    spots=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damage_is_stored_as_it_was_seen_or_not_at_all(name: str, spots: list[tuple[float, int]]) -> None:
    """Of a damaged file that can be decoded, the stored one decodes to the same pixels."""
    data = bytearray(CASES[name].make())
    for share, value in spots:
        data[int(share * len(data))] = value
    try:
        picture = read(bytes(data))
    except BadImageError:
        return
    if picture.encoding.untouched is not None:
        assert np.array_equal(read(picture.encoding.untouched).pixels, picture.pixels)


@pytest.mark.parametrize("side", [60, 900], ids=["small", "longer than a read"])
def test_arithmetic_jpegs_are_stored_as_they_are(side: int, any_library: Library) -> None:
    """Arithmetic coding is read in one piece, kept, and what hides after it is noticed."""
    if not any_library.modern:
        pytest.skip("no arithmetic coder in an older libturbojpeg")
    pixels = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    made = any_library.transform(pillow(pixels, "JPEG"), {}, arithmetic=True)
    assert (len(made) > 1 << 16) == (side == 900)
    picture = read(made)
    stored = encode(picture, picture)
    assert not stored.reencoded
    assert coded(stored.data) == coded(made)
    assert np.array_equal(read(stored.data).pixels, picture.pixels)
    hiding = read(made[:-2] + SECRET + made[-2:])
    assert encode(hiding, hiding) == encode(hiding)


def test_streams_in_many_chunks_stay_in_many() -> None:
    """The cut into image chunks is the source's."""
    data = CASES["png-laced-rgb"].make()
    stored = read(data).encoding.untouched
    assert stored is not None
    assert stored.count(b"IDAT") == data.count(b"IDAT") == 3
    assert zlib.crc32(stored) == zlib.crc32(read(stored).encoding.untouched or b"")
