"""Animations come back as they were, treated or not, and say where they do not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import animation
from tests.unit.imaging.animated_cases import (
    MAKERS,
    PILLOW,
    SHOTS,
    SIZE,
    by_pillow,
    each,
    in_format,
    noise,
    read,
    same,
    treat,
)
from tests.unit.imaging.animated_files import CLEAR, KEEP, RESTORE, Shot, composed, gif


@pytest.mark.parametrize("name", PILLOW)
def test_what_is_not_treated_keeps_its_frames(name: str) -> None:
    """Whether as compressed bytes or anew, the frames are the same, and lossy frames are not encoded again."""
    data = PILLOW[name]()
    shown = read(data)
    written = animation.write(shown, shown)
    assert same(read(written.data), shown)
    assert not written.reencoded
    if shown.untouched is not None:
        assert written.data == shown.untouched


@pytest.mark.parametrize("name", PILLOW)
def test_treated_frames_are_written_exactly(name: str) -> None:
    """Outside of what was treated nothing changes, and lossless formats keep what was, too; lossy ones say so."""
    source = read(PILLOW[name]())
    treated = treat(source, (24, 30, 50, 55))
    written = animation.write(treated, source)
    back = read(written.data)
    assert back.durations_ms == source.durations_ms
    assert back.plays == source.plays
    assert written.reencoded == (name == "webp-lossy")
    for one, before, after in zip(treated.frames, source.frames, back.frames, strict=True):
        changed = (one.pixels != before.pixels).any(axis=2)
        assert changed.any()
        if name == "webp-lossy":
            assert np.abs(one.pixels.astype(int) - after.pixels)[~changed].mean() < 12
        elif not name.startswith("gif"):
            assert np.array_equal(one.pixels, after.pixels)
        else:
            assert np.array_equal(one.pixels[~changed], after.pixels[~changed])


@each
@pytest.mark.parametrize("name", SHOTS)
def test_odd_structures_are_kept_and_written_anew(make: Callable[..., bytes], name: str) -> None:
    """Without treatment all frames are exact in both ways of writing, with more colours than one table has, too."""
    shown = read(make(in_format(name, make), SIZE))
    assert shown.untouched is not None
    assert animation.write(shown, shown).data == shown.untouched
    for file in (shown.untouched, animation.write(shown).data):
        back = read(file)
        assert same(back, shown)
        assert back.untouched == file, "every stored pixel is shown"
    assert not animation.write(shown).reencoded


@st.composite
def stories(draw: st.DrawFn) -> list[Shot]:
    """Return shots with random boxes, disposals and clear pixels; the first is whole."""
    shots = [
        Shot(
            noise(*SIZE, draw(st.integers(0, 99)), clear=draw(st.sampled_from([0, 0.3]))),
            dispose=draw(st.sampled_from([KEEP, CLEAR])),
        )
    ]
    for _ in range(draw(st.integers(0, 5))):
        x, y = draw(st.integers(0, 9)) * 2, draw(st.integers(0, 7)) * 2
        w, h = draw(st.integers(1, SIZE[0] - x)), draw(st.integers(1, SIZE[1] - y))
        pixels = noise(w, h, draw(st.integers(0, 99)), clear=draw(st.sampled_from([0, 0.5])))
        dispose = draw(st.sampled_from([KEEP, CLEAR, RESTORE]))
        shots.append(Shot(pixels, (x, y), dispose, draw(st.booleans()), draw(st.integers(0, 50))))
    return shots


@settings(deadline=None, max_examples=60)
@given(shots=stories(), name=st.sampled_from(sorted(MAKERS)), of=st.none() | st.just(0), seed=st.integers(0, 9))
def test_any_story_comes_back(shots: list[Shot], name: str, of: int | None, seed: int) -> None:
    """Any frames are read by the letter; treated ones come back exactly, or GIF says so; nothing hidden is written."""
    if name == "gif":
        shots = [replace(shot, over=True) for shot in shots]
    if name == "webp":
        shots = [replace(shot, dispose=shot.dispose % 2) for shot in shots]
    source = read(MAKERS[name](shots, SIZE))
    expected = composed(shots, SIZE)
    assert all(np.array_equal(one.pixels, want) for one, want in zip(source.frames, expected, strict=True))
    treated = treat(source, (3, 2, 12, 10), of=of, seed=seed)
    written = animation.write(treated, source)
    back = read(written.data)
    assert back.untouched == written.data
    assert (back.durations_ms, back.plays) == (source.durations_ms, source.plays)
    if name != "gif":
        assert same(back, treated)
        assert not written.reencoded
        return
    for one, before, after in zip(treated.frames, source.frames, back.frames, strict=True):
        kept = (one.pixels == before.pixels).all(axis=2)
        assert written.reencoded or np.array_equal(one.pixels[kept], after.pixels[kept])
        assert np.array_equal(one.pixels[..., 3], after.pixels[..., 3])


def test_treated_gifs_keep_the_rest_with_tables_of_256_colours() -> None:
    """Two frames with tables of 256 colours each, and noise in a box of the second: only the noise loses colours."""
    shots = [Shot(noise(40, 40, seed, 256), over=True) for seed in range(2)]
    source = read(gif(shots, (40, 40)))
    assert all(len(np.unique(one.pixels.reshape(-1, 4), axis=0)) == 256 for one in source.frames)
    treated = treat(source, (5, 5, 20, 20), of=1)
    written = animation.write(treated, source)
    after = read(written.data).frames[1].pixels
    kept = (treated.frames[1].pixels == source.frames[1].pixels).all(axis=2)
    assert not written.reencoded
    assert np.array_equal(after[kept], source.frames[1].pixels[kept])
    assert (after[~kept] != source.frames[1].pixels[~kept]).any(axis=1).mean() > 0.9


def test_gifs_that_cannot_hold_their_colours_say_so() -> None:
    """What a box covered in the frame before needs colours that a frame with 256 others has no entries for."""
    shots = [Shot(noise(40, 40, 1, 256), over=True), Shot(noise(20, 40, 2, 256), (20, 0), over=True)]
    source = read(gif(shots, (40, 40)))
    treated = treat(source, (0, 0, 20, 40), of=0)
    written = animation.write(treated, source)
    assert written.reencoded
    assert len(read(written.data).frames) == 2


def test_fills_in_gifs_get_their_colour() -> None:
    """A colour that the table has no entry for is stored exactly where an entry is free."""
    source = read(gif([Shot(noise(*SIZE, 1, 100), over=True), Shot(noise(6, 6, 2, 30), (4, 4), over=True)], SIZE))
    frames = []
    for picture in source.frames:
        pixels = picture.pixels.copy()
        pixels[3:12, 2:14] = (12, 200, 77, 255)
        frames.append(picture.with_pixels(pixels))
    treated = source.with_frames(frames)
    written = animation.write(treated, source)
    assert same(read(written.data), treated)
    assert not written.reencoded


def test_lossy_frames_keep_about_their_quality() -> None:
    """A lossy file that is treated is not much smaller or larger than it was."""
    source = read(by_pillow("WEBP", quality=60, kmin=1, kmax=1))
    assert all(part.quality is not None and abs(part.quality - 60) <= 3 for part in source.parts)
    assert source.untouched is not None
    written = animation.write(treat(source, (0, 0, 4, 4)), source)
    assert written.reencoded
    assert 0.3 < len(written.data) / len(source.untouched) < 1.3


def test_animations_of_another_length_are_no_original() -> None:
    """Treated and original frames belong together."""
    one, other = read(gif(SHOTS["whole"], SIZE)), read(gif(SHOTS["one"], SIZE))
    with pytest.raises(SpecError):
        animation.write(one, other)
    with pytest.raises(SpecError):
        one.with_frames(other.frames)
    with pytest.raises(SpecError):
        animation.frames(b"GIF89a", max_pixels=0)
