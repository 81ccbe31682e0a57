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

from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.detection.base import Detections, Rgb
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.spec import WorkerSpec
from tests.support.pictures import saved

COLOURS = {
    "segfault": (255, 0, 255),
    "loop": (0, 255, 255),
    "grow": (255, 255, 0),
    "raise": (0, 0, 255),
    "huge": (0, 255, 0),
    "slow": (130, 60, 200),
    "chatter": (200, 130, 60),
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


DEEDS = {
    "segfault": segfault,
    "loop": loop,
    "grow": grow,
    "raise": fail,
    "huge": huge,
    "slow": slow,
    "chatter": chatter,
}


@dataclass(frozen=True)
class Planted(CenterFace):
    """CenterFace, which first looks at the colour in the middle.

    Attributes:
        always: what it does whatever the colour; nothing by default.
    """

    always: str | None = None

    def detect(self, images: Sequence[Rgb], runtime: Runtime) -> list[Detections]:
        """Do what the colour says, then the work."""
        for image in images:
            centre = tuple(image[image.shape[0] // 2, image.shape[1] // 2].tolist())
            for what, colour in COLOURS.items():
                if self.always == what or centre == colour:
                    DEEDS[what]()
        return super().detect(images, runtime)


def planted(policy: Policy, always: str | None = None) -> Policy:
    """Return a policy whose CenterFace looks at colours first."""
    detectors = [
        Planted(**{f.name: getattr(one, f.name) for f in fields(CenterFace)}, always=always)
        if isinstance(one, CenterFace)
        else one
        for one in policy.detectors
    ]
    return replace(policy, detectors=tuple(detectors))


def planted_spec(spec: WorkerSpec, always: str | None = None) -> WorkerSpec:
    """Return a spec with such a policy."""
    return replace(spec, policy=planted(spec.policy, always))
