"""A trained estimator of scikit-learn behind the face that all models have here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from anonymizer_udfs.downstream.base import Classes, Images, check
from anonymizer_udfs.downstream.features import Features


@dataclass(frozen=True, eq=False)
class SklearnModel:
    """An estimator, and what it is shown of images."""

    estimator: Any
    features: Callable[[Images], Features]

    def predict(self, images: Images) -> Classes:
        """Return the class of each image; see :class:`anonymizer_udfs.downstream.base.Model`."""
        check(images)
        if not len(images):
            return np.zeros(0, np.int64)
        return np.asarray(self.estimator.predict(self.features(images)), np.int64)
