"""libturbojpeg through ctypes: what is found, and that no failure ever gives back the original."""

import ctypes
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from anonymizer_udfs.imaging import jpeg_parts, turbojpeg
from anonymizer_udfs.imaging.turbojpeg import Library, Origin, TransformError
from tests.unit.imaging.cases import RGB, pillow
from tests.unit.imaging.jpeg_files import coefficients_of, libraries

Blocks = NDArray[np.int16]


def source() -> bytes:
    """Return a 4:2:0 JPEG of 77 x 101 pixels: 7 rows of MCUs."""
    return pillow(RGB, "JPEG")


def nothing(_: Blocks) -> None:
    """Change nothing."""


def test_what_is_found_is_told(library: Library) -> None:
    """Name, version and origin are there for ``faceveil doctor``, and no folder."""
    assert library.origin in {Origin.SYSTEM, Origin.WHEEL}
    assert "turbojpeg" in library.name
    assert Path(library.name).name == library.name
    version = tuple(int(number) for number in library.version.split("."))
    assert version >= (1, 2)
    assert library.modern is (version >= (2, 1, 90))  # the betas of 3.0
    assert repr(library) == f"Library({library.name}, {library.version}, {library.origin})"


def test_find_prefers_the_newer_interface() -> None:
    """One library is found once a process; if any here has the interface of 3.x, it has."""
    found = turbojpeg.find()
    known = libraries()
    assert (found is not None) >= bool(known)
    if found is None:
        pytest.skip("no libturbojpeg here")
    assert turbojpeg.find() is found
    assert found.modern is any(each.modern for each in known.values())


def test_the_wheels_module_is_not_imported() -> None:
    """The wheel's own extension module is never run."""
    code = (
        "import sys; from anonymizer_udfs.imaging import turbojpeg as t; t.find(); sys.exit('turbojpeg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", ["libnothing-of-this-name.so.9", ctypes.util.find_library("c") or "kernel32"])
def test_other_libraries_are_refused(path: str) -> None:
    """A library that is missing, or is another one, is an OSError at once."""
    with pytest.raises(OSError, match=r"libturbojpeg|nothing|not"):
        Library(path)


def test_library_of_a_path(library: Library) -> None:
    """A library is also made from a file alone."""
    path = turbojpeg.in_wheel() if library.origin is Origin.WHEEL else "libturbojpeg.so.0"
    again = Library(str(path))
    assert (again.origin, again.version) == (Origin.PATH, library.version)
    assert again.transform(source(), {}) == library.transform(source(), {})


def test_coefficients_are_kept(library: Library) -> None:
    """Without edits all coefficients are those of the source, and markers of the source are gone."""
    data = pillow(RGB, "JPEG", comment=b"a comment")
    out = library.transform(data, {})
    assert b"a comment" not in out
    for before, after in zip(coefficients_of(data, library), coefficients_of(out, library), strict=True):
        assert np.array_equal(before, after)


def test_both_libraries_write_the_same_bytes() -> None:
    """Which of the libraries is at hand does not show in the output."""
    known = list(libraries().values())
    if len(known) < 2:
        pytest.skip("fewer than two libraries here")
    for progressive in (False, True):
        outs = {
            each.transform(source(), {(0, 1): partial(np.copyto, src=0)}, progressive=progressive) for each in known
        }
        assert len(outs) == 1


def test_one_row_is_edited(library: Library) -> None:
    """An edit gets the row it is for, as wide as the picture, and only that row changes."""
    seen = list[tuple[int, ...]]()

    def edit(blocks: Blocks) -> None:
        seen.append(blocks.shape)
        blocks[:] = 0

    out = library.transform(source(), {(1, 3): edit})
    assert seen == [(5, 64)]
    before, after = coefficients_of(source(), library), coefficients_of(out, library)
    assert before[1][3].any()
    before[1][3] = 0
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


@pytest.mark.parametrize("at", [(0, 0), (0, 12), (1, 0), (2, 6)], ids=str)
@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, KeyboardInterrupt, SystemExit])
def test_an_exception_never_yields_the_original(
    library: Library, error: type[BaseException], at: tuple[int, int]
) -> None:
    """Whatever an edit raises, in the first row or the last, comes out, and no file does."""

    def edit(_: Blocks) -> None:
        raise error

    with pytest.raises(error):
        library.transform(source(), {at: edit})


def test_nothing_is_edited_after_an_exception(library: Library) -> None:
    """The library gives up at the first exception."""
    edited = list[int]()

    def edit(blocks: Blocks) -> None:
        edited.append(len(blocks))
        raise LookupError

    with pytest.raises(LookupError):
        library.transform(source(), {(0, row): edit for row in range(9)})
    assert edited == [10]


def test_an_exception_holds_no_freed_memory(library: Library) -> None:
    """The frames of an exception, which a debugger may look into, do not keep the library's memory."""

    def edit(blocks: Blocks) -> None:
        blocks[10**6] = 0

    with pytest.raises(IndexError) as caught:
        library.transform(source(), {(0, 0): edit})
    frames = [frame.frame.f_locals for frame in caught.traceback]
    assert not [name for names in frames for name in names if name == "blocks"]


@pytest.mark.parametrize("at", [(0, 14), (1, 7), (3, 0), (0, -1)], ids=str)
def test_a_row_that_is_left_out_is_an_error(library: Library, at: tuple[int, int]) -> None:
    """A row that the library does not ask for would keep the original: no file comes out."""
    with pytest.raises(TransformError, match="all rows"):
        library.transform(source(), {(0, 0): nothing, at: nothing})


def test_arithmetic_needs_the_newer_interface(library: Library) -> None:
    """Arithmetic codes are written, or refused by the older library, which would write Huffman's."""
    if library.modern:
        out = library.transform(source(), {}, arithmetic=True, progressive=True)
        assert jpeg_parts.frame(out).marker == 0xCA
    else:
        with pytest.raises(TransformError, match="arithmetic"):
            library.transform(source(), {}, arithmetic=True)


BROKEN: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "no-jpeg": lambda: b"GIF89a" * 20,
    "head-only": lambda: source()[:2],
    "half": lambda: source()[: len(source()) // 2],
    "half-with-end": lambda: source()[: len(source()) // 2] + b"\xff\xd9",
    "junk-in-scan": lambda: source()[:-400] + b"\xff\xc4" + source()[-400:],
    "no-frame": lambda: source().replace(b"\xff\xc0", b"\xff\xfe"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused(library: Library, name: str) -> None:
    """What is cut or damaged gives no file, and the message tells nothing of it."""
    with pytest.raises(TransformError) as caught:
        library.transform(BROKEN[name](), {})
    assert str(caught.value) == "libturbojpeg refused the file: damaged, or of a kind that it cannot rewrite"


def test_threads_share_a_library(library: Library) -> None:
    """Calls at the same time give what calls one by one give."""
    gate = threading.Barrier(4)

    def edit(level: int, blocks: Blocks) -> None:
        if level < 4:
            gate.wait(20)
        blocks[:] = level

    def one(level: int) -> bytes:
        return library.transform(source(), {(0, 2): partial(edit, level)})

    with ThreadPoolExecutor(4) as pool:
        outs = list(pool.map(one, range(16)))
    assert len(set(outs)) == 16
    for level in range(4, 16):
        assert outs[level] == one(level)
        assert (coefficients_of(outs[level], library)[0][2] == level).all()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_given_back(library: Library) -> None:
    """Neither calls that end well nor ones that fail keep memory."""
    large, small = pillow(np.tile(RGB, (8, 8, 1)), "JPEG", quality=95), pillow(RGB[:8, :8], "JPEG")

    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def calls(data: bytes, count: int) -> int:
        before = resident_bytes()
        for _ in range(count):
            library.transform(data, {(0, 0): nothing})
            for broken, edit in ((data[:-90], nothing), (data, partial(np.copyto, src=np.zeros(3, np.int16)))):
                with pytest.raises((TransformError, ValueError)):
                    library.transform(broken, {(0, 0): edit})
        return resident_bytes() - before

    calls(large, 5)
    assert calls(large, 40) < 20 * len(large)
    assert calls(small, 3000) < 9000 * 500
