"""What cannot be patched is refused in words of ours; no file ends the process."""

import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest

from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import jpeg_parts, turbojpeg
from anonymizer_udfs.imaging.jpeg_patch import PatchError, patch
from anonymizer_udfs.imaging.turbojpeg import EditRow, Library, Origin
from tests.unit.imaging.cases import RGB, U8
from tests.unit.imaging.jpeg_files import assembled, decodes, make, ycc

BOX: IntBox = (20, 30, 50, 60)


def patched(data: bytes, pixels: U8, box: IntBox, library: Library) -> None:
    """Patch a file."""
    patch(jpeg_parts.take_apart(data), pixels, [box], library)


def test_steps_of_zero_and_odd_factors_are_refused(any_library: Library) -> None:
    """A file that has no well-defined coefficients is not patched."""
    data = make("444")
    zero = data.replace(b"\xff\xdb\0\x43\0" + data[data.index(b"\xff\xdb") + 5 :][:1], b"\xff\xdb\0\x43\0\0")
    with pytest.raises(PatchError, match="steps"):
        patched(zero, RGB, BOX, any_library)
    odd = assembled(ycc(RGB), ((3, 1), (2, 1), (1, 1)))
    with pytest.raises(PatchError, match="divide"):
        patched(odd, RGB, BOX, any_library)


@pytest.mark.parametrize(
    ("pixels", "box"),
    [
        (RGB[1:], (0, 0, 9, 9)),
        (RGB[..., :1], (0, 0, 9, 9)),
        (RGB.astype(np.uint16), (0, 0, 9, 9)),
        (RGB, (9, 9, 9, 20)),
        (RGB, (77, 0, 90, 9)),
    ],
    ids=["height", "channels", "depth", "empty-box", "box-outside"],
)
def test_what_does_not_fit_is_refused(any_library: Library, pixels: U8, box: IntBox) -> None:
    """Pixels of another shape and boxes that hold nothing are a programmer's error, and no file is written."""
    with pytest.raises(SpecError):
        patched(make("420"), pixels, box, any_library)


class Careless(Library):
    """A true library that is not told which kind to write."""

    def transform(
        self,
        data: bytes,
        edits: Mapping[tuple[int, int], EditRow],
        *,
        progressive: bool = False,
        arithmetic: bool = False,
    ) -> bytes:
        """Write a sequential file, whatever was asked for."""
        del progressive, arithmetic
        return super().transform(data, edits)


def test_another_kind_of_file_is_refused(library: Library) -> None:
    """A library that does not keep progression (as one that does not know of it) gives no file."""
    path = turbojpeg.in_wheel() if library.origin is Origin.WHEEL else "libturbojpeg.so.0"
    patched(make("420"), RGB, BOX, Careless(str(path)))
    with pytest.raises(PatchError, match="another kind"):
        patched(make("progressive"), RGB, BOX, Careless(str(path)))


MUTATE = """
import sys
import numpy as np
from anonymizer_udfs.imaging import jpeg_parts
from anonymizer_udfs.imaging.jpeg_patch import PatchError, patch
from anonymizer_udfs.imaging.turbojpeg import Library
from anonymizer_udfs.outcome import BadImageError
from tests.unit.imaging.jpeg_files import libraries, make

library, rng, ends = libraries()[sys.argv[1]], np.random.default_rng(5), {}
for kind in ("420", "progressive", "ycck-420", "restart", "grey"):
    good = make(kind)
    for number in range(120):
        bad = bytearray(good)
        if number % 3 == 0:
            bad = bad[: int(rng.integers(2, len(bad)))] + b"\\xff\\xd9"
        else:
            for at in rng.integers(0, len(bad), number % 9 + 1):
                bad[at] = rng.integers(0, 256)
        try:
            parts = jpeg_parts.take_apart(bytes(bad))
            frame = jpeg_parts.frame(bytes(bad))
            if frame.width * frame.height > 10**6:
                continue
            pixels = np.zeros((frame.height, frame.width, len(frame.components)), np.uint8)
            patch(parts, pixels, [(0, 0, 40, 40)], library)
            end = "patched"
        except (PatchError, BadImageError) as error:
            end = type(error).__name__
        ends[end] = ends.get(end, 0) + 1
print(ends.get("patched", 0), ends.get("PatchError", 0), ends.get("BadImageError", 0))
"""


def test_damaged_files_end_in_python(library: Library) -> None:
    """Hundreds of cut and mutated files end as errors of ours or as files; none ends the process."""
    done = subprocess.run(
        [sys.executable, "-c", MUTATE, library.origin], check=False, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    passed, refusals, quarantined = map(int, done.stdout.split())
    assert passed + refusals + quarantined > 500
    assert refusals > 200


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
@pytest.mark.parametrize("kind", ["420", "grey", "ycck", "restart"])
def test_a_cut_scan_is_refused(library: Library, kind: str, share: float) -> None:
    """A picture whose scan ends early is not patched, also with an end marker."""
    data = make(kind)
    scan = data.index(b"\xff\xda") + 20
    cut = data[: scan + int((len(data) - scan) * share)].rstrip(b"\xff") + b"\xff\xd9"
    with pytest.raises(PatchError, match=r"refused|a scan"):
        patched(cut, decodes(data)["pillow"], BOX, library)
