"""What no frame of an animation shows, and what is no picture, is not in the file that is written."""

from collections.abc import Callable

import numpy as np
import pytest

from anonymizer_udfs.imaging import animation
from tests.unit.imaging.animated_cases import SIZE, noise, read, same, treat
from tests.unit.imaging.animated_files import U8, Shot, apng, gif, riff, webp
from tests.unit.imaging.planted import SECRET, exif, tagged_profile, traces
from tests.unit.imaging.structures import chunk

HIDDEN: dict[str, Callable[[U8], bytes]] = {
    "gif-outside": lambda face: gif([Shot(noise(*SIZE, 1)), Shot(face, (SIZE[0] - 3, 0))], SIZE),
    "gif-after-codes": lambda _: gif([Shot(noise(*SIZE, 1)), Shot(noise(*SIZE, 2))], SIZE, after_codes=SECRET),
    "png-still": lambda face: apng([Shot(noise(*SIZE, 1)), Shot(face)], SIZE, still=np.resize(face, (18, 22, 4))),
    "png-under-clear": lambda face: apng([Shot(noise(*SIZE, 1)), Shot(face * np.array([1, 1, 1, 0], np.uint8))], SIZE),
    "png-nearly-clear": lambda face: apng(
        [Shot(noise(*SIZE, 1)), Shot(face // np.array([1, 1, 1, 255], np.uint8), over=True)], SIZE
    ),
    "png-slack": lambda _: apng([Shot(noise(*SIZE, 1)), Shot(noise(*SIZE, 2))], SIZE, slack=SECRET),
    "webp-under-clear": lambda face: webp([Shot(noise(*SIZE, 1)), Shot(face * np.array([1, 1, 1, 0], np.uint8))], SIZE),
    "webp-nearly-clear": lambda face: webp(
        [Shot(noise(*SIZE, 1)), Shot(face // np.array([1, 1, 1, 255], np.uint8), over=True)], SIZE
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HIDDEN)
def test_pixels_that_are_not_shown_are_not_written(name: str) -> None:
    """What lies outside, under clear pixels, before the animation or after a stream goes, treated or not."""
    data = HIDDEN[name](noise(8, 8, 5))
    shown = read(data)
    written = animation.write(shown, shown)
    back = read(written.data)
    assert written.data != shown.untouched
    assert not written.reencoded
    assert same(back, shown)
    assert back.untouched == written.data
    assert traces(written.data) == []


def planted_gif() -> bytes:
    """Return a GIF with comments, application blocks, text, and text in unused colours."""
    block = bytes([len(SECRET)]) + SECRET + b"\0"
    extra = b"\x21\xfe" + block + b"\x21\xff\x0bXMP DataXMP" + block + b"\x21\x01\x0c" + b"\0" * 12 + block
    data = gif([Shot(noise(*SIZE, seed, 20), over=True) for seed in range(3)], SIZE, extra=extra)
    spare = data.index(b"\x87", 40) + 1 + 3 * 40
    return data[:spare] + SECRET * 3 + data[spare + 3 * len(SECRET) :] + SECRET


def planted_png() -> bytes:
    """Return an APNG with text, time, Exif, a named profile and unknown chunks between its frames."""
    extra = chunk(b"tEXt", b"Comment\0" + SECRET) + chunk(b"prVt", SECRET) + chunk(b"eXIf", exif()[6:])
    data = apng([Shot(noise(*SIZE, seed)) for seed in range(3)], SIZE, extra=extra + chunk(b"tRNS", SECRET))
    at = data.index(b"fdAT") - 4
    return data[:at] + chunk(b"tIME", SECRET) + data[at:] + SECRET


def planted_webp() -> bytes:
    """Return a WebP with Exif, XMP, a profile and chunks that nobody knows, inside of its frames, too."""
    extra = riff(b"EXIF", exif()) + riff(b"XMP ", SECRET) + riff(b"ICCP", tagged_profile()) + riff(b"prVt", SECRET)
    return webp([Shot(noise(*SIZE, k)) for k in range(3)], SIZE, extra=extra, inside=riff(b"XMP ", SECRET)) + SECRET


PLANTED = {"gif": planted_gif, "png": planted_png, "webp": planted_webp}


@pytest.mark.parametrize("name", PLANTED)
def test_metadata_is_gone(name: str) -> None:
    """No text is left, treated or not; orientation stays."""
    data = PLANTED[name]()
    assert traces(data)
    source = read(data)
    assert source.untouched is not None
    treated = treat(source, (2, 2, 9, 9))
    for written in (animation.write(source, source), animation.write(treated, source)):
        assert traces(written.data) == []
        assert not written.reencoded
        assert read(written.data).frames[0].orientation == source.frames[0].orientation == (1 if name == "gif" else 6)
    assert animation.write(source, source).data == source.untouched
    assert same(read(source.untouched), source)
