"""libturbojpeg through ctypes: the one call that rewrites a JPEG file without decoding its coefficients to pixels.

Loaded is the system's library or the one inside the wheel ``turbojpeg``; that wheel's own module is never imported.
Two interfaces are known: that of 3.x (``tj3Transform``; the wheel is a beta of it) and that of 1.2 to 2.1
(``tjTransform``), which knows neither arithmetic coding nor chroma factors without a name. The declarations follow
libjpeg-turbo's ``turbojpeg.h``. Runs on executors; thread-safe, as each call has a handle of its own.
"""

import ctypes
import ctypes.util
import functools
import importlib.metadata
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

EditRow = Callable[[NDArray[np.int16]], None]
"""Changes, in place, a row's quantized coefficients: shape ``(blocks, 64)``, each block in natural (row-major) order.
The array is native memory: it dies with the call."""

_SONAMES = {
    "linux": ("libturbojpeg.so.0",),
    "darwin": ("libturbojpeg.0.dylib", "libturbojpeg.dylib"),
    "win32": ("turbojpeg.dll", "libturbojpeg.dll"),
}
_WHEEL = "turbojpeg"
_IN_WHEEL = re.compile(r"^libturbojpeg.*\.(so[.\d]*|dylib|dll)$")
_VERSION = re.compile(rb"libjpeg-turbo version (\d+(?:\.\d+)+)")

_INIT_TRANSFORM = 2  # TJINIT_TRANSFORM
_PROGRESSIVE, _COPY_NONE, _ARITHMETIC = 1 << 5, 1 << 6, 1 << 7  # TJXOPT_*; the operation stays 0, TJXOP_NONE
_SIDE = 8


class Origin(StrEnum):
    """Where a library comes from."""

    SYSTEM = "system"
    WHEEL = "wheel"
    PATH = "path"


class TransformError(Exception):
    """libturbojpeg did not rewrite a file.

    What it says itself is left out: that may tell of the source.
    """


class _Region(ctypes.Structure):
    _fields_ = (("x", ctypes.c_int), ("y", ctypes.c_int), ("w", ctypes.c_int), ("h", ctypes.c_int))


_Filter = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, _Region, _Region, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)


class _Transform(ctypes.Structure):
    _fields_ = (
        ("r", _Region),
        ("op", ctypes.c_int),
        ("options", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("customFilter", _Filter),
    )


class _Symbol(ctypes.Structure):
    """``Dl_info`` of dladdr(3)."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


class Library:
    """A loaded libturbojpeg; ``name`` is its file's name, ``version`` libjpeg-turbo's own or "unknown"."""

    def __init__(self, path: str, origin: Origin = Origin.PATH) -> None:
        """Load the library; ``path`` is a file, or a name that the system's loader knows.

        Raises:
            OSError: if there is no such library, or if it lacks the functions.
        """
        library = ctypes.CDLL(path)
        self.origin = origin
        self.modern = hasattr(library, "tj3Transform")
        """Whether it has the interface of 3.x: arithmetic coding and all chroma factors."""
        size = ctypes.c_size_t if self.modern else ctypes.c_ulong
        try:
            self._init = library.tj3Init if self.modern else library.tjInitTransform
            self._transform = library.tj3Transform if self.modern else library.tjTransform
            self._destroy = library.tj3Destroy if self.modern else library.tjDestroy
            self._free = library.tj3Free if self.modern else library.tjFree
        except AttributeError:
            raise OSError("expected libturbojpeg 1.2 or later, got a library without tjTransform") from None
        self._size = size
        self._init.restype = ctypes.c_void_p
        self._init.argtypes = [ctypes.c_int] if self.modern else []
        self._transform.restype = ctypes.c_int
        self._transform.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, size, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(size),
            ctypes.POINTER(_Transform), *([] if self.modern else [ctypes.c_int]),
        ]  # fmt: skip
        self._destroy.restype, self._destroy.argtypes = ctypes.c_int, [ctypes.c_void_p]
        self._free.restype, self._free.argtypes = None, [ctypes.c_void_p]
        file = _file_of(self._transform) or Path(path)
        self.name, self.version = file.name, _version_of(file)

    def __repr__(self) -> str:
        """Return name, version and origin, without a folder."""
        return f"Library({self.name}, {self.version}, {self.origin})"

    def transform(
        self,
        data: bytes,
        edits: Mapping[tuple[int, int], EditRow],
        *,
        progressive: bool = False,
        arithmetic: bool = False,
    ) -> bytes:
        """Return the file written again with the same coefficients, but for what the edits changed, and no markers.

        Quantization tables, chroma factors and component ids stay; restart intervals and the scan script do not. The
        Huffman tables of sequential files become the standard's. The interpreter is free while the library works.

        Args:
            data: a whole JPEG file, decoded before: this is native code.
            edits: what to do with a row of blocks, by the component's and the row's index.
            progressive: write several scans that refine each other.
            arithmetic: write arithmetic codes instead of Huffman's; only with ``modern``.

        Raises:
            TransformError: if the library refuses the file (a warning is enough), has no arithmetic coder, or left out
                a row that was to be edited.
            BaseException: whatever an edit raised; no file is returned then.
        """
        if arithmetic and not self.modern:
            raise TransformError("expected libturbojpeg 3 for arithmetic coding, got an older one")
        options = _COPY_NONE | _PROGRESSIVE * progressive | _ARITHMETIC * arithmetic
        on_row = _OnRow(edits)
        out = self._call(data, _Transform(options=options, customFilter=_Filter(on_row)))
        if on_row.raised:
            traceback.clear_frames(on_row.raised.__traceback__)  # they point into memory that is freed by now
            raise on_row.raised
        if out is None:
            raise TransformError("libturbojpeg refused the file: damaged, or of a kind that it cannot rewrite")
        if on_row.left:
            raise TransformError("expected to be asked for all rows to edit, libturbojpeg left some as they were")
        return out

    def _call(self, data: bytes, order: _Transform) -> bytes | None:
        handle = self._init(_INIT_TRANSFORM) if self.modern else self._init()
        if not handle:
            raise MemoryError("libturbojpeg gave no handle")
        buffer, size = ctypes.c_void_p(), self._size()
        flags = () if self.modern else (0,)
        try:
            code = self._transform(
                handle, data, len(data), 1, ctypes.byref(buffer), ctypes.byref(size), ctypes.byref(order), *flags
            )
            return ctypes.string_at(buffer, size.value) if code == 0 and buffer.value else None
        finally:
            self._destroy(handle)
            self._free(buffer)


class _OnRow:
    """What the library calls for each row of blocks; -1 makes it give up.

    An exception that left the call would be swallowed, and the library would go on and write the original.
    """

    def __init__(self, edits: Mapping[tuple[int, int], EditRow]) -> None:
        self.left = dict(edits)
        self.raised: BaseException | None = None

    def __call__(self, address: int, row: _Region, _plane: _Region, component: int, *_: object) -> int:
        try:
            at = component, row.y // _SIDE
            if edit := self.left.get(at):
                count = row.w // _SIDE * _SIDE * _SIDE
                blocks = np.frombuffer((ctypes.c_short * count).from_address(address), np.int16)
                edit(blocks.reshape(-1, _SIDE * _SIDE))
                del self.left[at]
        except BaseException as error:  # noqa: BLE001 - raised again by transform
            self.raised = self.raised or error
            return -1
        return 0


@functools.cache
def find() -> Library | None:
    """Return the library to use, None if there is none; looked for once a process.

    The first with the interface of 3.x is taken, the system's before the wheel's; else the system's older one.
    """
    known = [(name, Origin.SYSTEM) for name in _SONAMES.get(sys.platform, ())]
    wheel = in_wheel()
    candidates = [*known, (str(wheel), Origin.WHEEL)] if wheel else known
    libraries = [library for path, origin in candidates if (library := _load(path, origin))]
    modern = [library for library in libraries if library.modern]
    if libraries:
        return (modern or libraries)[0]
    name = ctypes.util.find_library("turbojpeg")  # last, as it may start compilers and linkers
    return _load(name, Origin.SYSTEM) if name else None


def _load(path: str, origin: Origin) -> Library | None:
    try:
        return Library(path, origin)
    except OSError:
        return None


def in_wheel() -> Path | None:
    """Return the library's file inside the installed wheel ``turbojpeg``, found by the wheel's list of files."""
    try:
        files = importlib.metadata.distribution(_WHEEL).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in files if _IN_WHEEL.match(file.name))
    return next((path for path in found if path.is_file()), None)


def _file_of(function: object) -> Path | None:
    """Return the file that a function was loaded from, None where the system cannot tell."""
    try:
        dladdr = ctypes.CDLL(None).dladdr
    except (AttributeError, OSError, TypeError):
        return None
    dladdr.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Symbol)]
    symbol = _Symbol()
    found = dladdr(ctypes.cast(function, ctypes.c_void_p), ctypes.byref(symbol))  # type: ignore[arg-type]
    return Path(symbol.file.decode(errors="replace")) if found and symbol.file else None


def _version_of(file: Path) -> str:
    """Return the version that the library's file names in its messages; it has no function for it."""
    try:
        found = _VERSION.search(file.read_bytes())
    except OSError:
        return "unknown"
    return found[1].decode() if found else "unknown"
