"""T3: the attacker restores first, then recognizes.

What he restores is the aligned face at 64x64 pixels, in which dlib's crop lies the same way for every detector.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import CHIP_PX, Chips, Scores, Task
from anonymizer_udfs.attacks.learned import groups
from anonymizer_udfs.attacks.ridge import Ridge
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods.base import check_count
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import alignment
from anonymizer_udfs.recognition.alignment import DLIB, DLIB_SIDE_PX
from anonymizer_udfs.recognition.base import Recognizer, Templates

Floats = NDArray[np.float32]
SIGMAS_PX = (0.7, 1.0, 1.5, 2.2, 3.2, 4.6)
"""Of the blurs that are undone, in pixels of the small face, which is about 3 of its widths in 200."""
SHARPENED = ((1.0, 1e-2), (1.5, 1e-2), (2.2, 1e-2), (3.2, 1e-2))
"""Blurs that are undone for those who learn: sigma in pixels of the small face, and noise."""
NOISES = (1e-3, 1e-2)
TRIED = 30
"""Faces on which the best of them is chosen."""
WAYS = ("wiener", "richardson_lucy", "smoothed")
CELLS = (8, 12, 16, 24)
"""Of a mosaic that is smoothed, along a side of the small face, whose half the face's box is wide."""
_REFERENCE = "centerface"


def onto(detector: str) -> NDArray[np.float64]:
    """Return where a detector's points lie in the small face; a pixel's centre is at a whole number on both scales."""
    return (alignment.target(DLIB, detector) + 0.5) * (CHIP_PX / DLIB_SIDE_PX) - 0.5


def embedded(chips: Chips, recognizer: Recognizer, runtime: Runtime) -> Templates:
    """Return the template of each small face, ``(n, d)``."""
    points = onto(_REFERENCE).astype(np.float32)[None]
    made: dict[bytes, Templates] = {}  # under one mask all are one
    keys = [one.tobytes() for one in chips]
    for key, one in zip(keys, chips, strict=True):
        if key not in made:
            made[key] = recognizer.embed(one, points, _REFERENCE, runtime)
    return np.asarray(np.concatenate([made[key] for key in keys]), np.float32)


def linear_restorer(released: Chips, clear: Chips, people: NDArray[np.int64]) -> Ridge:
    """Return the map from released to clear small faces, learned from pairs, each mirrored as well.

    Args:
        released: uint8 ``(n, 64, 64, 3)``.
        clear: the same faces as they were.
        people: a number for each one's person; faces of a person are held out together.
    """
    return Ridge.chosen(_mirrored(released), _mirrored(clear), np.tile(people, 2))


def restored(learned: Ridge, chips: Chips) -> Chips:
    """Return what a map of :func:`linear_restorer` makes of small faces, uint8 ``(n, 64, 64, 3)``."""
    made = learned(_flat(chips))
    return np.clip(made, 0, 255).round().astype(np.uint8).reshape(-1, CHIP_PX, CHIP_PX, 3)


@dataclass(frozen=True)
class RestoredLinear:
    """Restores by a ridge regression from released to clear faces: what a linear map can give back.

    Attributes:
        learning: how many faces it learns from at most, each mirrored as well; the time grows with its cube.
    """

    learning: int = 400

    name: ClassVar[str] = "restored_linear"
    tier: ClassVar[str] = "T3"
    learns: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse too few to learn from."""
        check_count("learning", self.learning, 10, 100_000)

    def scores(self, task: Task) -> Scores:
        """Return similarities of restored faces; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        return _compared(self.faces(task), task)

    def faces(self, task: Task) -> Chips:
        """Return the restored probes, uint8 ``(n, 64, 64, 3)``."""
        chosen = task.learning.taken(_some(len(task.learning), self.learning, task.seed))
        learned = linear_restorer(chosen.released.chips, chosen.clear.chips, groups(chosen.people))
        return restored(learned, task.probes.released.chips)


@dataclass(frozen=True)
class Deconvolved:
    """Undoes a Gaussian blur or a mosaic, in the way and of the strength that serve best on people he learns from.

    Attributes:
        ways: some of ``wiener`` (Wiener 1949), ``richardson_lucy`` (Richardson 1972, Lucy 1974) and ``smoothed``: a
            mosaic averaged to its cells and enlarged by a cubic spline, the plainest super-resolution.
        rounds: of Richardson and Lucy's.
    """

    ways: tuple[str, ...] = WAYS
    rounds: int = 15

    name: ClassVar[str] = "deconvolved"
    tier: ClassVar[str] = "T3"
    learns: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse a way that is none."""
        check_count("rounds", self.rounds, 1, 200)
        for way in self.ways:
            if way not in WAYS:
                raise UnknownNameError("way", way, WAYS)
        if not self.ways:
            raise SpecError(f"ways must be some of {', '.join(WAYS)}, got none")

    def scores(self, task: Task) -> Scores:
        """Return similarities of sharpened faces; see :class:`anonymizer_udfs.attacks.base.Attacker`."""
        few = task.learning.taken(_some(len(task.learning), TRIED, task.seed))
        wanted = few.clear.templates[task.recognizer.name]
        best: tuple[float, Callable[[Chips], Chips]] | None = None
        for undo in self._ways():
            made = embedded(undo(few.released.chips), task.recognizer, task.runtime)
            alike = float(np.diag(task.recognizer.similarity(made, wanted)).mean())
            best = (alike, undo) if best is None or alike > best[0] else best
        if best is None:
            raise RuntimeError("there are always ways")
        return _compared(best[1](task.probes.released.chips), task)

    def _ways(self) -> list[Callable[[Chips], Chips]]:
        every: dict[str, list[Callable[[Chips], Chips]]] = {
            "wiener": [partial(wiener, sigma_px=sigma, noise=noise) for sigma in SIGMAS_PX for noise in NOISES],
            "richardson_lucy": [partial(richardson_lucy, sigma_px=sigma, rounds=self.rounds) for sigma in SIGMAS_PX],
            "smoothed": [partial(smoothed, cells=cells) for cells in CELLS],
        }
        return [undo for way in self.ways for undo in every[way]]


def smoothed(chips: Chips, cells: int) -> Chips:
    """Return faces averaged to so many cells a side and enlarged again by a cubic spline, uint8 of the same shape."""
    size = (chips.shape[2], chips.shape[1])
    small = [cv2.resize(one, (cells, cells), interpolation=cv2.INTER_AREA) for one in chips]
    made = [cv2.resize(one, size, interpolation=cv2.INTER_CUBIC) for one in small]
    return np.asarray(np.stack(made), np.uint8) if made else chips


def wiener(chips: Chips, sigma_px: float, noise: float) -> Chips:
    """Return faces with a Gaussian blur undone as far as noise of that power, relative to the picture's, allows."""
    h, w = chips.shape[1:3]
    # Mirrored at the edges, so that what is beyond them is like what is within.
    wide = np.pad(chips.astype(np.float32), ((0, 0), (0, h), (0, w), (0, 0)), mode="symmetric")
    fy, fx = np.fft.fftfreq(2 * h)[:, None], np.fft.rfftfreq(2 * w)[None]
    blur = np.exp(-2 * (np.pi * sigma_px) ** 2 * (fy**2 + fx**2))[None, :, :, None]
    out = np.fft.irfft2(np.fft.rfft2(wide, axes=(1, 2)) * blur / (blur**2 + noise), s=(2 * h, 2 * w), axes=(1, 2))
    return np.clip(out[:, :h, :w], 0, 255).round().astype(np.uint8)


def richardson_lucy(chips: Chips, sigma_px: float, rounds: int) -> Chips:
    """Return faces with a Gaussian blur undone by so many rounds of Richardson and Lucy's."""
    return np.stack([_lucy(one.astype(np.float32) + 1, sigma_px, rounds) for one in chips]) if len(chips) else chips


def _lucy(seen: Floats, sigma_px: float, rounds: int) -> NDArray[np.uint8]:
    def blurred(picture: Any) -> Any:
        return cv2.GaussianBlur(picture, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT)

    guess: Any = seen.copy()
    for _ in range(rounds):
        guess = guess * blurred(seen / np.maximum(blurred(guess), np.float32(1e-3)))
    return np.asarray(np.clip(guess - 1, 0, 255).round(), np.uint8)


def _compared(chips: Chips, task: Task) -> Scores:
    made = embedded(chips, task.recognizer, task.runtime)
    return task.recognizer.similarity(made, task.gallery.clear.templates[task.recognizer.name])


def _some(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Return which of so many are taken, in order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def _flat(chips: Chips) -> Floats:
    return chips.reshape(len(chips), -1).astype(np.float32)


def _mirrored(chips: Chips) -> Floats:
    return _flat(np.concatenate([chips, chips[:, :, ::-1]]))
