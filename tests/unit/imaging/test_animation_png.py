"""Animated PNGs of all colour types, and files that readers do not agree on."""

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs.imaging import Channels, animation, probe
from anonymizer_udfs.outcome import BadImageError, Reason
from tests.unit.imaging.animated_cases import (
    SHOTS,
    SIZE,
    noise,
    read,
    same,
    treat,
)
from tests.unit.imaging.animated_files import U8, Shot, apng, composed, webp
from tests.unit.imaging.cases import CLEAN, RGB, pillow
from tests.unit.imaging.planted import SECRET, traces
from tests.unit.imaging.structures import chunk


def test_a_still_before_the_animation_is_no_frame() -> None:
    """It is counted by the header, is not among the frames, and readers of stills see the first frame instead."""
    shots = [Shot(noise(10, 8, 1), (4, 4)), Shot(noise(*SIZE, 2))]
    data = apng(shots, SIZE, still=noise(*SIZE, 3))
    shown = read(data)
    assert probe(data).frames == 3
    assert len(shown.frames) == 2
    assert np.array_equal(shown.frames[0].pixels, composed(shots, SIZE)[0])
    back = animation.write(shown, shown).data
    assert probe(back).frames == 2
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(back)).convert("RGBA")), shown.frames[0].pixels)


def modes() -> dict[str, Callable[[], bytes]]:
    """Return makers of APNGs of other colour types, by way of their frames as still files."""

    def join(*stills: bytes) -> bytes:
        parts: list[bytes] = []
        for place, data in enumerate(stills):
            at, body = 8, b""
            head = b""
            while data[at + 4 : at + 8] != b"IEND":
                end = at + 12 + int.from_bytes(data[at : at + 4], "big")
                if data[at + 4 : at + 8] == b"IDAT":
                    body += data[at + 8 : end - 4]
                else:
                    head += data[at:end]
                at = end
            number = 2 * place - (place > 0)
            size = data[16:24]
            control = number.to_bytes(4, "big") + size + bytes(8) + b"\0\1\0\x1e\0\0"
            if not place:
                parts += [data[:8], head, chunk(b"acTL", len(stills).to_bytes(4, "big") + bytes(4))]
            image = chunk(b"fdAT", (number + 1).to_bytes(4, "big") + body) if place else chunk(b"IDAT", body)
            parts += [chunk(b"fcTL", control), image]
        return b"".join([*parts, chunk(b"IEND", b"")])

    grey16 = RGB[..., 0].astype(np.uint16) * 251
    few = np.asarray(Image.fromarray(RGB).quantize(30).convert("RGB"))

    def palette(pixels: U8, **options: Any) -> bytes:
        table = np.unique(few.reshape(-1, 3), axis=0)
        image = Image.fromarray(
            np.argmax((pixels[:, :, None] == table[None, None]).all(axis=3), axis=2).astype(np.uint8), "P"
        )
        image.putpalette(table.tobytes() + SECRET * 3)
        file = io.BytesIO()
        image.save(file, "PNG", bits=8, **options)
        return file.getvalue()

    return {
        "grey": lambda: join(pillow(RGB[..., 0], "PNG"), pillow(RGB[..., 1], "PNG")),
        "grey-1": lambda: join(pillow(RGB, "PNG", "1"), pillow(RGB[::-1].copy(), "PNG", "1")),
        "grey-key": lambda: join(*(pillow(RGB[..., k] // 8 * 8, "PNG", transparency=64) for k in (0, 1))),
        "grey-alpha": lambda: join(pillow(CLEAN, "PNG", "LA"), pillow(CLEAN[::-1].copy(), "PNG", "LA")),
        "grey-16": lambda: join(pillow(grey16, "PNG"), pillow(grey16[::-1].copy(), "PNG")),
        "palette": lambda: join(palette(few), palette(few[::-1])),
        "palette-clear": lambda: join(*(palette(one, transparency=b"\0\x40") for one in (few, few[::-1]))),
    }


MODES = modes()


@pytest.mark.parametrize("name", MODES)
def test_every_kind_of_png(name: str) -> None:
    """Grey, palettes, keys and 16 bits come back exactly, kept or treated, with a thirtieth of a second a frame."""
    source = read(MODES[name]())
    assert len(source.frames) == 2
    assert source.durations_ms == (Fraction(100, 3),) * 2
    assert source.frames[0].channels is (Channels.GREY_ALPHA if "grey" in name else Channels.RGBA)
    if "key" in name or "clear" in name:
        assert (source.frames[0].pixels[..., -1] == 0).any()
    treated = treat(source, (24, 10, 60, 50))
    for shown, original in ((source, source), (source, None), (treated, source)):
        written = animation.write(shown, original)
        back = read(written.data)
        assert same(back, shown)
        assert not written.reencoded
        assert traces(written.data) == []
        assert back.untouched == written.data
    kept = animation.write(source).data
    assert kept[25] == (3 if "palette" in name else {"grey-alpha": 4, "grey-key": 4}.get(name, 0))


BAD = {
    "count-too-low": lambda: apng(SHOTS["whole"], SIZE, count=2),
    "count-too-high": lambda: apng(SHOTS["whole"], SIZE, count=4),
    "out-of-order": lambda: apng(SHOTS["whole"], SIZE).replace(b"fcTL\0\0\0\1", b"fcTL\0\0\0\7"),
    "png-outside": lambda: apng([Shot(noise(*SIZE, 1)), Shot(noise(9, 9, 1), (20, 0))], SIZE),
    "png-first-small": lambda: apng([Shot(noise(9, 9, 1))], SIZE),
    "webp-outside": lambda: webp([Shot(noise(*SIZE, 1)), Shot(noise(9, 9, 1), (20, 0))], SIZE),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_readers_disagree_on_are_refused(name: str) -> None:
    """Wrong counts, numbers and places are corrupt."""
    with pytest.raises(BadImageError) as caught:
        read(BAD[name]())
    assert caught.value.reason is Reason.CORRUPT
