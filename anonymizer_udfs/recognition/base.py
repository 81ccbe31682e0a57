"""What every recognizer does: a template for each face, and how alike two templates are."""

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.models.base import ModelRef, Runtime

Rgb = NDArray[np.uint8]
Landmarks = NDArray[np.float32]
Templates = NDArray[np.float32]


class Recognizer(Protocol):
    """A frozen dataclass of its own parameters; its thresholds are in ``conf/calibration``, not in it.

    Templates are biometric data: they stay in the worker's memory and are never logged.
    """

    name: ClassVar[str]

    @property
    def model(self) -> ModelRef:
        """The model that makes the templates."""
        ...

    def embed(self, rgb: Rgb, landmarks: Landmarks, detector: str, runtime: Runtime) -> Templates:
        """Return one template for each face, float32 ``(n, d)``.

        Runs on executors. On a CPU, a template is the same to the bit whatever other faces are asked for with it.

        Args:
            rgb: The picture, uint8 ``(h, w, 3)``, upright.
            landmarks: Five points a face, ``(n, 5, 2)`` as x, y in pixels: left eye, right eye, nose, left and right
                corner of the mouth (left and right of the picture).
            detector: The name of the detector that gave the points: each has its own idea of where they are.
            runtime: Where the model lies and what runs it.
        """
        ...

    def factors(self, probes: Templates, gallery: Templates) -> tuple[Templates, Templates]:
        """Return two matrices whose product orders each probe's gallery as :meth:`similarity` does.

        One product of single precision takes a third of the time that similarities do, and half the memory; for
        galleries of which only the order counts.

        Returns:
            float32 ``(n, k)`` and ``(m, k)``.
        """
        ...

    def from_product(self, products: NDArray[np.float32], probes: Templates) -> NDArray[np.float64]:
        """Return the similarity of each probe to whom it has a product of :meth:`factors` with, ``(n,)``."""
        ...

    def similarity(self, probes: Templates, gallery: Templates) -> NDArray[np.float32]:
        """Return how alike each probe and gallery template are, ``(n, m)``; higher is more alike, 1 is the same."""
        ...
