"""A detector that does to its process what a broken library would, for pictures of one colour; else the real one.

Nothing is pretended: the process is really ended by the kernel, really loops in C with Python's lock held, and really
takes memory until somebody stops it.
"""

import ctypes
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from anonymizer_udfs import imaging
from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.detection.base import Detections, Rgb
from anonymizer_udfs.imaging.png import PngCodec
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.spec import WorkerSpec
from tests.support import graphs
from tests.support.pictures import saved

COLOURS = {
    "segfault": (255, 0, 255),
    "loop": (0, 255, 255),
    "grow": (255, 255, 0),
    "raise": (0, 0, 255),
    "huge": (0, 255, 0),
    "slow": (130, 60, 200),
    "chatter": (200, 130, 60),
    "abort": (10, 200, 90),
    "spin": (90, 10, 200),
    "swell": (200, 90, 10),
}
SECRET = "a person's name"
"""What the text of an exception holds, as a decoder's may quote its source."""
_STEP_BYTES = 32 << 20
SLOW_SECONDS = 0.5


def marked(what: str) -> bytes:
    """Return a PNG of the colour for which the detector does that."""
    return saved(Image.new("RGB", (80, 60), COLOURS[what]), "PNG")


def segfault() -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


def loop() -> None:
    """Never come back, and let no other thread of Python run: a pattern that backtracks for ages."""
    re.match(r"(a+)+$", "a" * 100 + "b")


def grow() -> None:
    """Take memory, and use it, without end."""
    held = []
    while True:
        held.append(np.ones(_STEP_BYTES, np.uint8))


def huge() -> None:
    """Ask once for more than any machine has."""
    np.ones(1 << 46, np.uint8)


def fail() -> None:
    """Raise what nobody foresaw."""
    raise LookupError(SECRET)


def slow() -> None:
    """Take a while, and go on."""
    time.sleep(SLOW_SECONDS)


def chatter() -> None:
    """Write to both streams past Python, as native libraries do."""
    for stream in (1, 2):
        os.write(stream, SECRET.encode())


def abort() -> None:
    """End the process as a library does whose own check has failed."""
    ctypes.CDLL(None).abort()


def spin() -> None:
    """Run a model that never comes back: a loop within ONNX Runtime, which holds no lock of Python's."""
    graphs.endless_model().run(None, {"x": np.array([3e18], np.float32)})


def swell() -> None:
    """Take memory that Python does not know of, and use it, without end."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    while held := libc.malloc(ctypes.c_size_t(_STEP_BYTES)):
        ctypes.memset(held, 1, _STEP_BYTES)


DEEDS = {
    "segfault": segfault,
    "loop": loop,
    "grow": grow,
    "raise": fail,
    "huge": huge,
    "slow": slow,
    "chatter": chatter,
    "abort": abort,
    "spin": spin,
    "swell": swell,
}


@dataclass(frozen=True)
class Planted(CenterFace):
    """CenterFace, which first looks at the colour in the middle.

    Attributes:
        always: what it does whatever the colour; nothing by default.
        decoding: whether the decoder of PNG does what a file's text says, in each process that the detector is sent to.
    """

    always: str | None = None
    decoding: bool = False

    def __setstate__(self, state: dict[str, object]) -> None:
        """Arrive in a process, and bring the decoder along."""
        self.__dict__.update(state)
        if self.decoding:
            imaging.CODECS[imaging.Format.PNG] = BrokenPng()

    def detect(self, images: Sequence[Rgb], runtime: Runtime) -> list[Detections]:
        """Do what the colour says, then the work."""
        for image in images:
            centre = tuple(image[image.shape[0] // 2, image.shape[1] // 2].tolist())
            for what, colour in COLOURS.items():
                if self.always == what or centre == colour:
                    DEEDS[what]()
        return super().detect(images, runtime)


class BrokenPng(PngCodec):
    """The decoder of PNG, which first does what the file's text says."""

    def decode(self, data: bytes, header: imaging.Header) -> imaging.Picture:
        """Do the deed, then the work."""
        for what, deed in DEEDS.items():
            if b"deed: " + what.encode() in data:
                deed()
        return super().decode(data, header)


def told(what: str) -> bytes:
    """Return a PNG whose text says what its decoder does."""
    info = PngInfo()
    info.add_text("deed", f"deed: {what}")
    return saved(Image.new("RGB", (80, 60), (90, 90, 90)), "PNG", pnginfo=info)


def planted(policy: Policy, always: str | None = None, *, decoding: bool = False) -> Policy:
    """Return a policy whose CenterFace looks at colours first."""
    detectors = [
        Planted(**{f.name: getattr(one, f.name) for f in fields(CenterFace)}, always=always, decoding=decoding)
        if isinstance(one, CenterFace)
        else one
        for one in policy.detectors
    ]
    return replace(policy, detectors=tuple(detectors))


def planted_spec(spec: WorkerSpec, always: str | None = None) -> WorkerSpec:
    """Return a spec with such a policy."""
    return replace(spec, policy=planted(spec.policy, always))
