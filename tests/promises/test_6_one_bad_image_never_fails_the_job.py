"""Promise 6: what is truncated, hostile, huge, animated or no image ends as a row that says why; the others go on."""

import io
import os
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.anonymizing import DONE, HELD_BACK, anonymize, by_name, ends, events, rows
from tests.support.pictures import PORTRAIT, place, portrait, saved, write
from tests.unit.imaging.cases import chunk

BOMB = 60_000
LARGEST = 300_000


def frames(form: str) -> bytes:
    """Return a file of three pictures."""
    pictures = [Image.fromarray(np.roll(PORTRAIT, 20 * n, 1)).resize((64, 64)) for n in range(3)]
    out = io.BytesIO()
    pictures[0].save(out, form, save_all=True, append_images=pictures[1:])
    return out.getvalue()


def png_bomb() -> bytes:
    """Return a PNG whose header promises 3.6 gigapixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", BOMB, BOMB, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")


def jpeg_bomb() -> bytes:
    """Return a JPEG whose frame header promises 3.6 gigapixels."""
    data = bytearray(saved(PORTRAIT, "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", BOMB, BOMB)
    return bytes(data)


def gif_bomb() -> bytes:
    """Return a GIF whose screen and picture are of 3.6 gigapixels."""
    data = bytearray(saved(Image.fromarray(PORTRAIT).quantize(8), "GIF"))
    data[6:10] = struct.pack("<HH", BOMB, BOMB)
    at = data.index(b"\x2c", 13)
    data[at + 5 : at + 9] = struct.pack("<HH", BOMB, BOMB)
    return bytes(data)


def flipped_png() -> bytes:
    """Return a PNG with the highest bit of its width flipped: two billion pixels more than a row's number holds."""
    data = bytearray(saved(PORTRAIT, "PNG"))
    data[16] ^= 0x80
    return bytes(data)


def damaged_png() -> bytes:
    """Return a PNG with some of its compressed bytes changed."""
    data = bytearray(saved(PORTRAIT, "PNG"))
    middle = len(data) // 2
    data[middle : middle + 64] = random.Random(7).randbytes(64)  # noqa: S311 - the same damage each time
    return bytes(data)


BAD = {
    "empty.jpg": (b"", "empty"),
    "cut.jpg": (saved(PORTRAIT, "JPEG")[:-2000], "truncated"),
    "cut.png": (saved(PORTRAIT, "PNG")[:-500], "truncated"),
    "cut.webp": (saved(PORTRAIT, "WEBP")[:-100], "truncated"),
    "damaged.png": (damaged_png(), "corrupt"),
    "bomb.png": (png_bomb(), "too_large"),
    "flipped.png": (flipped_png(), "too_large"),
    "bomb.jpg": (jpeg_bomb(), "too_large"),
    "bomb.gif": (gif_bomb(), "too_large"),
    "heavy.bmp": (saved(Image.new("RGB", (400, 300)), "BMP"), "too_large"),
    "cut.gif": (frames("GIF")[:-600], "truncated"),
    "pages.tiff": (frames("TIFF"), "multiple_frames"),
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), "unsupported_format"),
    "new.avif": (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif" + bytes(200), "unsupported_format"),
    "letter.pdf": (b"%PDF-1.7\n" + bytes(200), "unsupported_format"),
    "film.mp4": (b"\0\0\0\x18ftypmp42" + bytes(200), "unsupported_format"),
    "camera.cr2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(60), "unsupported_format"),
    "notes.jpg": (b"these are no pixels", "unsupported_format"),
    "deep.tiff": (saved(Image.fromarray(PORTRAIT[..., 0].astype(np.float32)), "TIFF"), "unsupported_pixels"),
}
GOOD = {"portrait.png": portrait(1), "place.jpg": place(1, "JPEG")}
MOVING = {f"moving.{form}": frames(form) for form in ("gif", "png", "webp")}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All bad images, two good ones, a link to nowhere and a pipe, in one task; whatever comes, a run does not hang."""
    root = tmp_path_factory.mktemp("bad")
    source = write(root / "photos", {name: data for name, (data, _) in BAD.items()} | GOOD | MOVING)
    (source / "gone.jpg").symlink_to(source / "nowhere.jpg")
    os.mkfifo(source / "pipe.jpg")
    assert anonymize(source, root / "lake", "--set", f"limits.max_bytes={LARGEST}") == HELD_BACK
    return root / "lake"


@pytest.mark.parametrize("name", BAD)
def test_each_bad_image_is_a_row_that_says_why(name: str, lake: Path) -> None:
    """It is quarantined for the right reason of the closed list, and has no bytes."""
    row = by_name(lake)[name]
    assert (row["status"], row["reason"]) == ("quarantined", BAD[name][1])
    assert row["content"] is None
    assert row["faces"] == []


def test_the_others_go_on(lake: Path) -> None:
    """Good images in the same task are done, what cannot be read is said so, and a pipe is nobody's image."""
    told = ends(lake)
    assert told["portrait.png"] == ("anonymized", None)
    assert told["place.jpg"] == ("clean", None)
    assert told["gone.jpg"] == ("quarantined", "unreadable")
    assert set(told) == {*BAD, *GOOD, *MOVING, "gone.jpg"}


@pytest.mark.parametrize("name", MOVING)
def test_an_animation_is_one_row_with_all_its_frames(name: str, lake: Path) -> None:
    """It is released with as many frames, and every face says in which of them it was treated."""
    row = by_name(lake)[name]
    assert row["status"] in {"anonymized", "review"}
    assert row["frames"] == 3
    assert {face["frame"] for face in row["faces"]} == {0, 1, 2}


def test_the_run_counts_what_it_held_back(lake: Path) -> None:
    """The run is finished, not failed, and its event has the number of each reason."""
    last = events(lake)[-1]
    assert last["event"] == "finished"
    counts = dict(last["counts"])
    assert counts["quarantined"] == len(BAD) + 1
    assert counts["reason.multiple_frames"] == 1


def test_random_damage_never_stops_a_run(tmp_path: Path) -> None:
    """Files with bytes changed anywhere each end as a row, whichever way; and no half picture is released."""
    draw = random.Random(5)  # noqa: S311 - the same damage each time
    forms = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tiff", "GIF": "gif", "BMP": "bmp"}
    files = {}
    for form, end in forms.items():
        whole = portrait(3, form)
        for number in range(8):
            data = bytearray(whole)
            for _ in range(1 + number * 3):
                data[draw.randrange(len(data))] = draw.randrange(256)
            files[f"{number}.{end}"] = bytes(data)
    assert anonymize(write(tmp_path / "photos", files), tmp_path / "lake") in {DONE, HELD_BACK}
    assert len(rows(tmp_path / "lake")) == len(files)
    for row in rows(tmp_path / "lake"):
        if row["content"] is not None:
            with Image.open(io.BytesIO(row["content"])) as image:
                image.load()
                assert image.size == (row["width"], row["height"])
