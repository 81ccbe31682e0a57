"""``faceveil models quantize``: the SCRFD of a pack in 8 bits, in a pack of its own, if it is faster and as good.

Runs at set-up; needs no Spark. Photos with faces are read from a folder: half of them tell the ranges of the network's
tensors, on the other half both models are compared. Nothing of them is kept.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from anonymizer_udfs import boxes, imaging, subject
from anonymizer_udfs.detection import Scrfd
from anonymizer_udfs.detection.base import Rgb
from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.models import dynamic_scrfd
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.quantize_scrfd import quantized, scenes
from anonymizer_udfs.models.sessions import file_digest, locate
from anonymizer_udfs.outcome import BadImageError

LEAST_PHOTOS, MOST_PHOTOS = 24, 80
LEAST_SHARE = 0.99
"""Of as many faces as the pack's own model finds. Fast is no use where more are missed."""
FOUND = 0.5
_MOST_PIXELS = 50_000_000


@dataclass(frozen=True)
class Found:
    """What a model finds in pictures whose faces are known.

    Attributes:
        faces: how many there are.
        found: how many of them have a box of :data:`FOUND` and more, whose centre lies in the photo of the face.
        false: how many such boxes lie elsewhere.
        seconds: the processor's time for a picture, the median.
    """

    faces: int
    found: int
    false: int
    seconds: float


@dataclass(frozen=True)
class Quantized:
    """What was written, and how it compares: ``eight`` is the model in 8 bits, ``own`` the pack's."""

    file: Path
    eight: Found
    own: Found

    def __str__(self) -> str:
        """Return it in words."""
        both = " and ".join(f"{one.found} ({one.false} false)" for one in (self.eight, self.own))
        ratio, faces = self.own.seconds / self.eight.seconds, self.own.faces
        name = f"{self.file.parent.name}/{self.file.name}"
        return f"{name} and the original find {both} of {faces} faces; it is {ratio:.2f} times as fast here"


def quantize(model: ModelRef, runtime: Runtime, photos: Path) -> Quantized:
    """Write the model in 8 bits, if it is faster and as good: ``PACK-int8/NAME.onnx`` beside the pack's folder.

    In the pack's own folder InsightFace would take it for the pack's.

    20 s for a pack of 2.5 GFLOPs and 80 photos on one core.

    Args:
        model: the SCRFD of a pack.
        runtime: where it lies.
        photos: a folder, searched whole, of at least :data:`LEAST_PHOTOS` pictures with one face, near enough to fill
            half of them or so; :data:`MOST_PHOTOS` are used.

    Raises:
        SpecError: if there are too few photos.
        ModelError: if the model cannot be used, cannot be quantized, would miss more faces or is
            not faster; nothing is written then.
    """
    own = locate(model, runtime)
    seen = pictures(photos)
    pack = dynamic_scrfd.load(model, runtime)
    try:
        made = quantized(own.read_bytes(), (pack.normalized(one[None]) for one, _ in scenes(seen[::2])))
    except Exception as error:  # onnx's and ONNX Runtime's errors share no base class but Exception
        raise ModelFormatError(f"model {model.name} cannot be quantized ({type(error).__name__})") from error
    out = own.parent.with_name(f"{own.parent.name}-int8") / own.name
    with tempfile.TemporaryDirectory(dir=out.parent.parent, prefix=".int8-") as folder:
        file = Path(folder) / out.name
        file.write_bytes(made)
        ours = ModelRef(f"{model.name} in 8 bits", file.name, file_digest(file))
        shown = list(scenes(seen[1::2]))
        here = replace(runtime, roots=(folder, *runtime.roots))
        eight, whole = compared((ours, model), shown, here)
        if eight.found < LEAST_SHARE * whole.found:
            raise ModelFormatError(
                f"model {model.name}: in 8 bits it finds {eight.found} of {eight.faces} faces, as it is {whole.found}; "
                "nothing was written; try other photos, with faces of many people, or keep the model"
            )
        if eight.seconds >= whole.seconds:
            raise ModelFormatError(
                f"model {model.name}: in 8 bits it takes {eight.seconds / whole.seconds:.2f} times as long here; "
                "nothing was written"
            )
        out.parent.mkdir(exist_ok=True)
        file.replace(out)
    return Quantized(out, eight, whole)


def pictures(folder: Path) -> list[Rgb]:
    """Return up to :data:`MOST_PHOTOS` pictures of a folder, evenly taken, as people see them.

    Raises:
        SpecError: if there are fewer than :data:`LEAST_PHOTOS`.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    found = list(_readable(files[:: max(1, len(files) // MOST_PHOTOS)]))[:MOST_PHOTOS]
    if len(found) < LEAST_PHOTOS:
        raise SpecError(f"--photos must be a folder with {LEAST_PHOTOS} pictures of faces at least, got {len(found)}")
    return found


def _readable(files: Sequence[Path]) -> Iterator[Rgb]:
    for file in files:
        try:
            yield subject.upright(imaging.decode(file.read_bytes(), max_pixels=_MOST_PIXELS))
        except (BadImageError, OSError):
            continue


def compared(models: Sequence[ModelRef], shown: Sequence[tuple[Rgb, boxes.Boxes]], runtime: Runtime) -> list[Found]:
    """Return what each model finds; all look at every picture in turn, after one for practice."""
    cv2.setNumThreads(runtime.threads)
    looks = [Scrfd(model) for model in models]
    spent: list[list[float]] = [[] for _ in looks]
    counts = np.zeros((len(looks), 2), int)
    for who in looks:
        who.detect([shown[0][0]], runtime)
    for picture, places in shown:
        for i, who in enumerate(looks):
            start = time.process_time()
            (one,) = who.detect([picture], runtime)
            spent[i].append(time.process_time() - start)
            sure = one.boxes_xyxy[one.scores >= FOUND]
            centres = (sure[:, :2] + sure[:, 2:]) / 2
            inside = ((centres[:, None] > places[:, :2]) & (centres[:, None] < places[:, 2:])).all(2)
            counts[i] += np.any(inside, axis=0).sum(), (~np.any(inside, axis=1)).sum()
    faces = sum(len(places) for _, places in shown)
    return [
        Found(faces, int(found), int(false), float(np.median(seconds)))
        for (found, false), seconds in zip(counts, spent, strict=True)
    ]
