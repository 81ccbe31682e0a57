"""What a learner is, and the small pictures that all of them are shown."""

import importlib.util
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError

SIDE_PX = 64
Images = NDArray[np.uint8]
"""Small pictures, uint8 ``(n, 64, 64, 3)``, RGB."""
Classes = NDArray[np.int64]
"""Which class each image has, ``(n,)``, from 0."""


class Model(Protocol):
    """What a learner has made of some images."""

    def predict(self, images: Images) -> Classes:
        """Return the class of each image, ``(n,)``."""
        ...


class Learner(Protocol):
    """A family member: a frozen dataclass of its own parameters.

    Attributes:
        name: the name by which settings call it.
        needs: the package that it trains with, by the name by which it is imported.
    """

    name: ClassVar[str]
    needs: ClassVar[str]

    def fit(self, images: Images, classes: Classes, seed: int) -> Model:
        """Return a model trained on images; the same ones, in the same order, with the same seed, give the same.

        Args:
            images: at least one of each class.
            classes: of each image, from 0 without gaps, at least two.
            seed: of all that is drawn.

        Raises:
            ImportError: its package is not installed.
        """
        ...


def missing(learner: Learner | type[Learner]) -> str | None:
    """Return what to install for a learner; none where all is there. Imports nothing."""
    package = learner.needs
    if importlib.util.find_spec(package) is not None:
        return None
    return f"the package {package} is not installed (requirements/dev.lock has it)"


def small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an upright picture as learners are shown it: 64x64, means of the pixels, its proportions not kept.

    Runs on an executor, once an image.

    Args:
        rgb: uint8 ``(h, w, 3)``, any size from 1x1.

    Raises:
        SpecError: it is of another shape or type.

    Examples:
        >>> small(np.full((200, 100, 3), 7, np.uint8)).shape
        (64, 64, 3)
    """
    if rgb.dtype != np.uint8 or rgb.ndim != len("hwc") or rgb.shape[2] != len("rgb") or not rgb.size:
        raise SpecError(f"a picture must be uint8 (h, w, 3) of 1x1 at least, got {rgb.dtype} {rgb.shape}")
    return np.asarray(cv2.resize(rgb, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def check(images: Images) -> None:
    """Raise :class:`SpecError` where images are not those that learners are shown."""
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE_PX, SIDE_PX, len("rgb")):
        raise SpecError(f"images must be uint8 (n, {SIDE_PX}, {SIDE_PX}, 3), got {images.dtype} {images.shape}")
