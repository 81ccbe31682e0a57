"""SCRFD of InsightFace's packs with batch, height and width left open, proven equal to the pack's own graph.

The packs' graphs take one picture a call, some of them at one size only. Freed by :mod:`.free_scrfd`, they take any
batch of any size; a graph that resists is run by ``insightface`` as it is, one picture a call.
"""

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.free_scrfd import ResistsError, free
from anonymizer_udfs.models.sessions import pack_model, session

if TYPE_CHECKING:
    import onnxruntime

Floats = NDArray[np.float32]
TOLERANCE = 1e-4
"""Largest difference of an output from the pack's own graph, as a ratio of that output's largest value."""
_PROVEN_BATCH = 2


@dataclass(frozen=True)
class Pack:
    """A loaded SCRFD, what insightface knows of it, and its freed graph.

    Attributes:
        network: ``insightface.model_zoo.SCRFD``.
        freed: the session that takes batches of any size, or none where the graph resists.
        batching: ``dynamic``, or ``one: `` and why.
    """

    network: Any
    freed: "onnxruntime.InferenceSession | None"
    batching: str

    @property
    def strides(self) -> list[int]:
        """Return the pixels between the anchors of each level, the finest first."""
        return list(self.network._feat_stride_fpn)  # noqa: SLF001 - insightface has no other name for it

    @property
    def anchors(self) -> int:
        """Return the anchors of one cell."""
        return int(self.network._num_anchors)  # noqa: SLF001 - insightface has no other name for it

    @property
    def landmarks(self) -> bool:
        """Return whether it gives five landmarks."""
        return bool(self.network.use_kps)

    def normalized(self, stack: NDArray[np.uint8]) -> Floats:
        """Return pictures ``(n, h, w, 3)`` RGB 0-255 as the network takes them: ``(n, 3, h, w)``, (x - 127.5) / 128."""
        planes = np.ascontiguousarray(stack.transpose(0, 3, 1, 2), dtype=np.float32)
        planes -= np.float32(self.network.input_mean)
        planes /= np.float32(self.network.input_std)
        return planes

    def run(self, planes: Floats) -> list[Floats]:
        """Return the freed graph's scores, boxes and, where there are any, landmarks: ``(n, anchors, c)`` each.

        The levels follow each other, the finest first; boxes and landmarks are in strides, as the graph gives them.
        """
        if self.freed is None:
            raise ModelFormatError(f"this pack takes one picture a call ({self.batching})")
        outputs = self.freed.run(self.network.output_names, {self.network.input_name: planes})
        levels = len(self.strides)
        return [np.concatenate(outputs[at : at + levels], 1) for at in range(0, len(outputs), levels)]


def load(model: ModelRef, runtime: Runtime) -> Pack:
    """Return the pack's SCRFD, its graph freed and proven once a process. Runs on executors.

    Raises:
        ModelFormatError: if the file is no SCRFD.
        ModelMissingError: if it is not there.
        ModelDigestError: if its content is another one.
        SpecError: if a provider is not available or does not start.
    """
    return _load(model, runtime, os.getpid())


def batching(model: ModelRef, runtime: Runtime) -> str:
    """Return how the pack is run: ``dynamic``, or ``one: `` and why its graph takes one picture a call."""
    return load(model, runtime).batching


@functools.lru_cache(maxsize=8)
def _load(model: ModelRef, runtime: Runtime, pid: int) -> Pack:
    del pid  # in the key: a session inherited through fork has no threads any more
    network = pack_model(model, runtime)
    if not hasattr(network, "fmc"):
        raise ModelFormatError(f"model {model.name}: expected SCRFD with 6, 9, 10 or 15 outputs, got another model")
    try:
        freed = session(model, runtime, prepare=free)
    except ModelFormatError as error:
        cause = error.__cause__
        return Pack(network, None, f"one: {cause if isinstance(cause, ResistsError) else type(cause).__name__}")
    pack = Pack(network, freed, "dynamic")
    try:
        prove(pack)
    except ResistsError as error:
        return Pack(network, None, f"one: {error}")
    return pack


def prove(pack: Pack) -> None:
    """Raise :class:`ResistsError` unless the freed graph gives for a batch what the pack's own gives for each picture.

    Compared on seeded noise, at the pack's own size where it has one; the number of anchors is checked at another one
    too. Half a second for a fixed 640x640 on one core, less otherwise.
    """
    network, largest = pack.network, max(pack.strides)
    fixed = network.static_input_size
    shape_hw = (fixed[1], fixed[0]) if fixed else (2 * largest, 3 * largest)
    draw = np.random.default_rng(0)
    noise = draw.integers(0, 256, (_PROVEN_BATCH, *shape_hw, 3), dtype=np.uint8)
    other = draw.integers(0, 256, (_PROVEN_BATCH, 3 * largest, largest, 3), dtype=np.uint8)
    try:
        planes = pack.normalized(noise)
        together = pack.run(planes)
        alone = [_own(pack, planes[i : i + 1]) for i in range(_PROVEN_BATCH)]
        shapes = [out.shape for out in pack.run(pack.normalized(other))]
    except Exception as error:  # ONNX Runtime's errors share no base class but Exception
        raise ResistsError(f"the freed graph does not run ({type(error).__name__})") from error
    cells = sum(other.shape[1] * other.shape[2] // stride**2 for stride in pack.strides)
    if any(shape[:2] != (_PROVEN_BATCH, cells * pack.anchors) for shape in shapes):
        raise ResistsError(f"the freed graph gives {shapes} for a batch of {other.shape[:3]}")
    for i, outputs in enumerate(alone):
        for whole, one in zip(together, outputs, strict=True):
            off = float(np.abs(whole[i] - one).max() / max(float(np.abs(one).max()), np.finfo(np.float32).tiny))
            if not off <= TOLERANCE:
                raise ResistsError(f"a batch differs from one picture by {off:.1e} of the output's scale")


def _own(pack: Pack, planes: Floats) -> list[Floats]:
    """Return what the pack's own graph gives for one picture, in the form of :meth:`Pack.run`, without the batch."""
    network, levels = pack.network, len(pack.strides)
    outputs = network.session.run(network.output_names, {network.input_name: planes})
    flat = [out.reshape(-1, out.shape[-1]) for out in outputs]
    return [np.concatenate(flat[at : at + levels]) for at in range(0, len(flat), levels)]
