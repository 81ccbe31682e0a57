"""Regions of a JPEG are replaced, and nothing else changes."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.imaging import jpeg_parts, turbojpeg
from anonymizer_udfs.imaging.jpeg_blocks import _DCT, factors, largest, planes
from anonymizer_udfs.imaging.jpeg_parts import Frame
from anonymizer_udfs.imaging.jpeg_patch import PatchError, blocks_wh, grown, patch, touched
from anonymizer_udfs.imaging.turbojpeg import Library
from tests.unit.imaging.cases import RGB, U8
from tests.unit.imaging.jpeg_files import (
    KINDS,
    MODERN,
    can_make,
    coefficients_of,
    decodes,
    make,
    stored,
)  # fmt: skip

NONE_HERE = "no libturbojpeg here; install the wheel turbojpeg or the system's library"
INK = np.array([200, 30, 90, 60], np.uint8)
BOXES: dict[str, list[IntBox]] = {
    "inside": [(20, 30, 50, 60)],
    "one-pixel": [(40, 40, 41, 41)],
    "corner": [(70, 95, 77, 101)],
    "over-the-edge": [(-5, -9, 3, 4), (60, 60, 999, 70)],
    "overlapping": [(8, 8, 40, 40), (30, 20, 60, 50), (33, 33, 35, 35)],
    "whole": [(0, 0, 77, 101)],
}


def patched(data: bytes, pixels: U8, boxes: Sequence[IntBox], library: Library) -> bytes:
    """Return the whole patched file."""
    return stored(patch(jpeg_parts.take_apart(data), pixels, boxes, library))


def mask(boxes: Sequence[IntBox], frame: Frame, margin_px: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.bool]]:
    """Return where boxes are, each cut by a margin on all sides that are not the picture's border."""
    found = np.zeros((frame.height, frame.width), bool)
    for x0, y0, x1, y1 in boxes:
        left, top = x0 + margin_px * (x0 > 0), y0 + margin_px * (y0 > 0)
        right, bottom = x1 - margin_px * (x1 < frame.width), y1 - margin_px * (y1 < frame.height)
        found[top:bottom, left:right] = True
    return found


def changed(before: bytes, after: bytes) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.bool]]]:
    """Return where each reader sees another pixel."""
    seen = decodes(after)
    return {name: (picture != seen[name]).any(axis=2) for name, picture in decodes(before).items()}


def filled(data: bytes, boxes: Sequence[IntBox]) -> U8:
    """Return the picture with boxes, grown to MCUs, in one colour."""
    frame = jpeg_parts.frame(data)
    pixels = decodes(data)["pillow"].copy()
    pixels[mask([grown(box, frame) for box in boxes], frame)] = INK[: pixels.shape[2]]
    return pixels


def refused(kind: str, library: Library) -> bool:
    """Whether the library is too old for the kind, after a look that it says so."""
    if not can_make(kind):
        pytest.skip("only libturbojpeg 3 can write the case")
    if library.modern or kind not in MODERN:
        return False
    data = make(kind)
    with pytest.raises(PatchError, match="libturbojpeg"):
        patched(data, decodes(data)["pillow"], [(0, 0, 9, 9)], library)
    return True


def test_no_boxes_change_nothing(any_library: Library) -> None:
    """Without a box the parts are the source's own."""
    parts = jpeg_parts.take_apart(make("420"))
    assert patch(parts, RGB, [], any_library) is parts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("boxes", BOXES.values(), ids=BOXES)
def test_nothing_else_changes(library: Library, kind: str, boxes: list[IntBox]) -> None:
    """Outside of ``touched`` two readers see the same pixels, and outside of the MCUs the coefficients are the same."""
    if refused(kind, library):
        return
    data = make(kind)
    frame = jpeg_parts.frame(data)
    out = patched(data, filled(data, boxes), boxes, library)
    allowed = mask([touched(box, frame) for box in boxes], frame)
    for seen in changed(data, out).values():
        assert seen.any()
        assert not (seen & ~allowed).any()
    across, down = largest(frame)
    pairs = zip(coefficients_of(data, library), coefficients_of(out, library), factors(frame), strict=True)
    for before, after, (h, v) in pairs:
        wanted = mask([grown(box, frame) for box in boxes], frame)[:: 8 * down, :: 8 * across]
        blocks = wanted.repeat(v, 0).repeat(h, 1)[: before.shape[0], : before.shape[1]]
        assert np.array_equal(before[~blocks], after[~blocks])
        assert not after[blocks][:, 1:].any()  # one colour: in no plane is a trace of what was there
        assert len(np.unique(after[blocks][:, 0])) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quality", [30, 75, 95, 100])
def test_a_solid_fill_is_solid(library: Library, kind: str, quality: int) -> None:
    """A colour that fills whole MCUs is decoded as that colour within 3 levels, and 1 for quality 75 and more."""
    if refused(kind, library):
        return
    data = make(kind, quality=quality)
    frame = jpeg_parts.frame(data)
    box = grown((20, 20, 76, 100), frame)
    seen = decodes(patched(data, filled(data, [box]), [box], library))["pillow"]
    inside = seen[mask([box], frame, margin_px=2)].astype(int)
    assert len(inside) > 500
    assert np.abs(inside - INK[: seen.shape[2]]).max() <= (3 if quality < 75 else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_wanted_picture_is_stored(library: Library, kind: str) -> None:
    """At full quality a slope of colours is decoded as it was wanted, channel by channel; the face is gone."""
    if refused(kind, library):
        return
    data = make(kind, quality=100)
    frame = jpeg_parts.frame(data)
    box = grown((10, 10, 76, 100), frame)
    wanted = decodes(data)["pillow"].copy()
    y, x = np.mgrid[: frame.height, : frame.width]
    slopes = np.dstack([60 + x, 220 - y, 90 + (x + y) // 2, 160 - x])[..., : wanted.shape[2]].astype(np.uint8)
    where = mask([box], frame)
    wanted[where] = slopes[where]
    seen = decodes(patched(data, wanted, [box], library))["pillow"]
    inside = mask([box], frame, margin_px=2)
    assert np.abs(seen[inside].astype(int) - wanted[inside]).max() <= 5


@pytest.mark.parametrize("quality", [40, 75, 92])
@pytest.mark.parametrize("kind", ["grey", "444", "422", "420", "440", "411", "rgb", "progressive", "cmyk", "ycck"])
def test_coefficients_are_an_encoders(any_library: Library, kind: str, quality: int) -> None:
    """A whole picture put into another one's file has the coefficients that an encoder gives it, up to its rounding."""
    upside_down = np.ascontiguousarray(RGB[::-1])
    wanted = upside_down
    if kind == "grey":
        wanted = np.asarray(Image.fromarray(upside_down).convert("L"))[..., None]
    elif kind in {"cmyk", "ycck"}:
        wanted = decodes(make(kind, upside_down, 100))["pillow"]
    ours = patched(make(kind, RGB, quality), wanted, BOXES["whole"], any_library)
    theirs = make(kind, upside_down, quality)
    for one, other in zip(coefficients_of(ours, any_library), coefficients_of(theirs, any_library), strict=True):
        off = np.abs(one.astype(int) - other)
        assert off.max() <= 1
        assert (off > 0).mean() < (0.02 if quality < 92 else 0.08)


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_file_is_kept(library: Library, kind: str) -> None:
    """Frame, tables, components, colours and density are the source's; the output is its own source again."""
    if refused(kind, library):
        return
    data = make(kind)
    source = jpeg_parts.take_apart(data)
    parts = patch(source, filled(data, BOXES["inside"]), BOXES["inside"], library)
    before, after = jpeg_parts.frame(data), jpeg_parts.frame(stored(parts))
    assert (after.width, after.height, factors(after)) == (before.width, before.height, factors(before))
    assert [(part[0], part[3]) for part in after.components] == [(part[0], part[3]) for part in before.components]
    assert {before.marker, after.marker} <= {0xC0, 0xC1} or before.marker == after.marker
    assert (parts.density, parts.adobe_transform) == (source.density, source.adobe_transform)
    for old, new in zip(planes(source, before), planes(parts, after), strict=True):
        assert np.array_equal(old.table, new.table)
    assert not [segment for segment in parts.segments if segment[1] >= 0xE0]
    again = patch(parts, filled(data, BOXES["inside"]), BOXES["inside"], library)
    assert again.segments == parts.segments


@pytest.mark.parametrize("kind", ["422", "420", "440", "mixed", "ycck-420"])
def test_the_margin_is_needed(any_library: Library, kind: str) -> None:
    """Where chroma is halved the pixel beside the MCUs does change: ``grown`` alone would not be the truth."""
    if refused(kind, any_library):
        return
    data = make(kind)
    frame = jpeg_parts.frame(data)
    box = grown((20, 30, 50, 60), frame)
    for seen in changed(data, patched(data, filled(data, [box]), [box], any_library)).values():
        found = np.argwhere(seen)
        (y0, x0), (y1, x1) = found.min(axis=0), found.max(axis=0) + 1
        assert (x0, y0, x1, y1) == touched(box, frame)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (17, 1), (8, 8), (17, 23), (33, 31)], ids=str)
@pytest.mark.parametrize("kind", ["420", "411", "410", "grey", "progressive", "ycck-420"])
def test_small_and_odd_sizes(any_library: Library, kind: str, size: tuple[int, int]) -> None:
    """What is hidden behind the border of a small picture is replaced as well."""
    if refused(kind, any_library):
        return
    data = make(kind, RGB[20 : 20 + size[0], 20 : 20 + size[1]])
    box = 0, 0, size[1], size[0]
    out = patched(data, filled(data, [box]), [box], any_library)
    assert decodes(out)["pillow"].shape[:2] == size
    for plane in coefficients_of(out, any_library):
        assert not plane[..., 1:].any()
        assert len(np.unique(plane[..., 0])) == 1


def test_tables_of_the_first_scan_count(any_library: Library) -> None:
    """A component is quantized with the table that is in force at its scan, whatever came before under its number."""
    data = make("444", quality=60)
    stale = b"\xff\xdb\0\x43\0" + bytes([99] * 64)
    twice = data[:2] + stale + data[2:]
    progressive = make("progressive-444", quality=60)
    last = progressive.rindex(b"\xff\xda")
    assert progressive.count(b"\xff\xda") > 3
    frame = jpeg_parts.frame(data)
    known = planes(jpeg_parts.take_apart(data), frame)
    for other in (twice, progressive[:last] + stale + progressive[last:]):
        for one, two in zip(known, planes(jpeg_parts.take_apart(other), frame), strict=True):
            assert np.array_equal(one.table, two.table)
    pixels = filled(data, BOXES["inside"])
    assert patched(twice, pixels, BOXES["inside"], any_library) == patched(data, pixels, BOXES["inside"], any_library)


def test_sums_are_exact() -> None:
    """The transform's products are integers that float64 holds, so no order of adding them changes a byte."""
    extreme = np.where(np.sign(_DCT) < 0, 128 * 256, -128 * 256)
    random = np.random.default_rng(3).integers(-128 * 256, 128 * 256, (100, 64))
    blocks = np.concatenate([extreme, random])
    whole = blocks.astype(np.int64) @ _DCT.T.astype(np.int64)
    assert np.array_equal(_DCT, _DCT.astype(np.int64))
    assert 2**51 < np.abs(whole).max() < 2**53
    assert np.array_equal(blocks.astype(np.float64) @ _DCT.T, whole)


def test_mcus_of_a_single_component_are_blocks() -> None:
    """A lone component's factors mean nothing."""
    assert blocks_wh(jpeg_parts.frame(make("grey-2x2"))) == (8, 8)
    assert blocks_wh(jpeg_parts.frame(make("410"))) == (32, 16)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    quality=st.integers(30, 100),
    kind=st.sampled_from([kind for kind in KINDS if kind not in MODERN]),
    data=st.data(),
)
def test_any_picture_any_boxes(seed: int, size: tuple[int, int], quality: int, kind: str, data: st.DataObject) -> None:
    """Outside of ``touched`` all pixels are identical, whatever is wanted inside and in which order."""
    library = turbojpeg.find()
    if library is None:
        pytest.skip(NONE_HERE)
    rng = np.random.default_rng(seed)
    height, width = size
    noise = rng.integers(0, 256, (height // 5 + 1, width // 5 + 1, 3), np.uint8)
    source = make(kind, np.ascontiguousarray(noise.repeat(5, 0).repeat(5, 1)[:height, :width]), quality)
    frame = jpeg_parts.frame(source)
    starts = st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))
    sides = st.tuples(st.integers(1, 40), st.integers(1, 40))
    drawn = data.draw(st.lists(st.tuples(starts, sides), min_size=1, max_size=4))
    boxes = [(x, y, x + w, y + h) for (x, y), (w, h) in drawn]
    wanted = rng.integers(0, 256, decodes(source)["pillow"].shape, np.uint8)
    out = patched(source, wanted, boxes, library)
    allowed = mask([touched(box, frame) for box in boxes], frame)
    for seen in changed(source, out).values():
        assert not (seen & ~allowed).any()
    assert out == patched(source, wanted, boxes[::-1], library)
