"""Animations: every frame is seen as viewers show it, or the file is refused."""

import io
import tracemalloc
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from anonymizer_udfs.imaging import Channels, Format, animation, probe
from anonymizer_udfs.outcome import BadImageError, Reason
from tests.unit.imaging.animated_cases import (
    PILLOW,
    SHOTS,
    SIZE,
    each,
    in_format,
    noise,
    read,
    same,
)
from tests.unit.imaging.animated_files import U8, Shot, apng, composed, gif, webp
from tests.unit.imaging.cases import RGB, pillow


def seen_by_others(name: str, data: bytes) -> list[U8]:
    """Return the frames as Pillow shows them, or OpenCV where Pillow is known to do otherwise than the formats say.

    It does not clear a GIF's canvas after a first frame that is to be restored, and pastes half clear pixels of a PNG.
    """
    if name in {"gif-restore", "png-alpha-over"}:
        frames = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))[1].frames
        out = [cv2.cvtColor(frame, cv2.COLOR_BGRA2RGBA) for frame in frames]
    else:
        out = [np.array(frame.convert("RGBA")) for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data)))]
    for frame in out:
        frame[frame[..., 3] == 0] = 0
    return out


@pytest.mark.parametrize("name", PILLOW)
def test_frames_are_what_other_readers_show(name: str) -> None:
    """Frames, durations and how often they play agree with another reader."""
    data = PILLOW[name]()
    shown = read(data)
    assert [float(ms) for ms in shown.durations_ms] == [40, 50, 60, 70]
    assert shown.plays == (3 if name.startswith("gif") else 2)
    assert {picture.channels for picture in shown.frames} == {Channels.RGBA}
    pairs = zip(shown.frames, seen_by_others(name, data), strict=True)
    assert all(np.array_equal(picture.pixels, expected) for picture, expected in pairs)


@each
@pytest.mark.parametrize("name", SHOTS)
def test_frames_are_composed_by_the_letter(make: Callable[..., bytes], name: str) -> None:
    """Disposal, blending, frames smaller than the canvas and tables of their own give what the formats say."""
    shots = in_format(name, make)
    shown = read(make(shots, SIZE))
    assert [float(ms) for ms in shown.durations_ms] == [10 * shot.delay for shot in shots]
    expected = composed(shots, SIZE)
    assert all(np.array_equal(one.pixels, want) for one, want in zip(shown.frames, expected, strict=True))


@each
def test_too_many_frames_are_refused_before_they_are_decoded(make: Callable[..., bytes]) -> None:
    """Thousands of small frames on a large canvas are too large, and take little memory to refuse."""
    dot = Shot(noise(1, 1, 1), over=True)
    first = Shot(noise(1, 1, 1)) if make is not apng else dot
    data = make([first, *[dot] * 2999], (4000, 3000), **({"still": noise(1, 1, 1)} if make is apng else {}))
    tracemalloc.start()
    try:
        with pytest.raises(BadImageError) as caught:
            animation.frames(data, max_pixels=100_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.reason is Reason.TOO_LARGE
    assert peak < 12_000_000


@each
def test_bound_is_canvas_times_frames(make: Callable[..., bytes]) -> None:
    """As many pixels as are allowed are read, one fewer is too few."""
    data = make([Shot(noise(*SIZE, 1)), Shot(noise(4, 4, 1), over=True)], SIZE)
    most = 2 * SIZE[0] * SIZE[1]
    assert len(animation.frames(data, max_pixels=most).frames) == 2
    with pytest.raises(BadImageError) as caught:
        animation.frames(data, max_pixels=most - 1)
    assert caught.value.reason is Reason.TOO_LARGE


def test_stored_frames_beyond_the_canvas_are_bounded() -> None:
    """A GIF of a small canvas whose second frame is large is too large."""
    data = gif([Shot(noise(4, 4, 1)), Shot(noise(60, 60, 2))], (4, 4))
    assert len(animation.frames(data, max_pixels=3616).frames) == 2
    with pytest.raises(BadImageError) as caught:
        animation.frames(data, max_pixels=3615)
    assert caught.value.reason is Reason.TOO_LARGE


@each
def test_truncated_files_are_refused(make: Callable[..., bytes]) -> None:
    """No beginning of a file is taken for one."""
    data = make([Shot(noise(*SIZE, seed)) for seed in range(2)], SIZE)
    for size in {*range(0, len(data) - 1, 31), len(data) - 1}:
        with pytest.raises(BadImageError) as caught:
            read(data[:size])
        assert caught.value.reason in {Reason.TRUNCATED, Reason.CORRUPT, Reason.EMPTY, Reason.UNSUPPORTED_FORMAT}


@each
def test_damaged_files_give_frames_or_a_reason(make: Callable[..., bytes]) -> None:
    """Bytes that are changed at random never raise anything else, and what is read can be written."""
    data, random = make([Shot(noise(*SIZE, seed), over=True) for seed in range(2)], SIZE), np.random.default_rng(3)
    refused = 0
    for _ in range(150):
        bad = bytearray(data)
        for spot in random.integers(8, min(len(data), 400), 2):
            bad[spot] = random.integers(256)
        try:
            shown = read(bytes(bad))
        except BadImageError:
            refused += 1
            continue
        assert animation.write(shown, shown).data
    assert refused


@pytest.mark.parametrize(("form", "count"), [("JPEG", 1), ("PNG", 1), ("WEBP", 1)])
def test_stills_are_no_animations(form: str, count: int) -> None:
    """Other formats, and PNG and WebP without frames, are for ``imaging.decode``."""
    data = pillow(RGB, form)
    assert probe(data).frames == count
    with pytest.raises(BadImageError) as caught:
        read(data)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_a_still_gif_is_an_animation_of_one_frame() -> None:
    """It has one frame, plays once, and comes back."""
    shown = read(pillow(RGB, "GIF", "P30"))
    assert (len(shown.frames), shown.plays, shown.format) == (1, 1, Format.GIF)
    assert same(read(animation.write(shown).data), shown)


def test_blending_in_webp_is_that_of_libwebp() -> None:
    """Half clear pixels over others give what libwebp's own decoder gives, to the level."""
    random = np.random.default_rng(1)
    shots = [Shot(random.integers(0, 256, (18, 22, 4), np.uint8), over=k > 0) for k in range(3)]
    data = webp(shots, SIZE)
    file = Image.open(io.BytesIO(data))
    for place, picture in enumerate(read(data).frames):
        file.seek(place)
        expected = np.asarray(file.convert("RGBA"))
        seen = expected[..., 3] > 0
        assert np.array_equal(picture.pixels[seen], expected[seen])
