"""T2: the attacker trains on pairs that were made with this very pipeline."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import Chips, Scores, Side, Task
from anonymizer_udfs.attacks.network import Network
from anonymizer_udfs.attacks.ridge import Ridge

SIDE_PX = 32
SHARP = "sharp."
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """What is learned from: all templates there are, and the aligned face at 32x32 pixels, each of the same weight.

    Templates of the face with blurs undone (``sharp.NAME``) count as templates, where a side has them: an attacker who
    learns does not do without what one who restores has.

    Attributes:
        weights: what each part is divided by: its mean distance from its mean among what is learned from.
    """

    weights: tuple[float, ...]

    @classmethod
    def of(cls, side: Side) -> "Features":
        """Return the features that fit the faces that are learned from."""
        return cls(tuple(map(_spread, _parts(side))))

    def __call__(self, side: Side) -> Floats:
        """Return the features of faces, float32 ``(n, p)``."""
        parts = zip(_parts(side), self.weights, strict=True)
        return np.concatenate([part / weight for part, weight in parts], 1).astype(np.float32)


def _parts(side: Side) -> list[Floats]:
    sharp = [side.views[name] for name in sorted(side.views) if name.startswith(SHARP)]
    return [*(side.templates[name] for name in sorted(side.templates)), *sharp, small(side.chips)]


def small(chips: Chips) -> Floats:
    """Return aligned faces at 32x32 pixels, in [-1, 1], ``(n, 3072)``."""
    if not len(chips):
        return np.zeros((0, SIDE_PX * SIDE_PX * 3), np.float32)
    down = [cv2.resize(one, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA) for one in chips]
    return np.stack(down).reshape(len(chips), -1).astype(np.float32) / 127.5 - 1


def _spread(rows: Floats) -> float:
    return float(np.linalg.norm(rows - rows.mean(0), axis=1).mean()) or 1.0


@dataclass(frozen=True)
class LearnedLinear:
    """Predicts by a ridge regression how the clear template differs from the released one."""

    name: ClassVar[str] = "learned_linear"
    tier: ClassVar[str] = "T2"
    learns: ClassVar[bool] = True

    def scores(self, task: Task) -> Scores:
        """Return similarities of predicted templates; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        x, lost, probes = _pairs(task)
        return _compared(Ridge.chosen(x, lost, groups(task.learning.people))(probes), task)


@dataclass(frozen=True)
class LearnedNetwork:
    """Predicts the same by a small network."""

    name: ClassVar[str] = "learned_network"
    tier: ClassVar[str] = "T2"
    learns: ClassVar[bool] = True

    def scores(self, task: Task) -> Scores:
        """Return similarities of predicted templates; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        x, lost, probes = _pairs(task)
        return _compared(Network.learned(x, lost, groups(task.learning.people), task.seed)(probes), task)


def _pairs(task: Task) -> tuple[Floats, Floats, Floats]:
    """Return what is learned from, what was lost of each template, and the same features of the probes.

    What was lost is learned, and not the template: of 1,104 people too few are learned from to find out anew that a
    released template is already a little like the clear one.
    """
    name, learning = task.recognizer.name, task.learning
    seen = Features.of(learning.released)
    lost = learning.clear.templates[name] - learning.released.templates[name]
    return seen(learning.released), lost, seen(task.probes.released)


def _compared(lost: Floats, task: Task) -> Scores:
    """Return the cosines of predicted and clear templates about the mean of the clear ones.

    Predictions are nearer to the mean than templates are: by distance whoever is nearest to the mean would be named.
    """
    name = task.recognizer.name
    mean = task.learning.clear.templates[name].mean(0)
    told = task.probes.released.templates[name] + lost - mean
    held = task.gallery.clear.templates[name] - mean
    return np.asarray(_unit(told) @ _unit(held).T, np.float32)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)


def groups(people: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return a number for each person."""
    return np.unique(people, return_inverse=True)[1].astype(np.int64)
