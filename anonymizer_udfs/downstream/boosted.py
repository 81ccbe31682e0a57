"""Gradient boosting on colours and HOG: what many small rules tell, of where colours lie and how edges run."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from anonymizer_udfs.downstream.base import Classes, Images, Model, check
from anonymizer_udfs.downstream.features import Features, colours, hog
from anonymizer_udfs.downstream.sklearn_model import SklearnModel
from anonymizer_udfs.errors import SpecError

_EDGES_EVERY = 4
"""Of the 1,764 numbers of HOG every fourth is shown: neighbouring blocks share their cells, and trees look at each."""


@dataclass(frozen=True)
class Boosted:
    """Trees on histograms of features, each mending what those before got wrong (Friedman 2001).

    Attributes:
        rounds: trees for each class, in [1, 1000].
        leaves: most leaves of a tree, in [2, 255].
    """

    rounds: int = 60
    leaves: int = 15

    name: ClassVar[str] = "boosted"
    needs: ClassVar[str] = "sklearn"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("rounds", 1, 1000), ("leaves", 2, 255)):
            if not low <= getattr(self, name) <= high:
                raise SpecError(f"{name} must be from {low} to {high}, got {getattr(self, name)}")

    def fit(self, images: Images, classes: Classes, seed: int) -> Model:
        """Return the model; see :class:`anonymizer_udfs.downstream.base.Learner`."""
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - loaded only where it is trained

        check(images)
        made = HistGradientBoostingClassifier(
            max_iter=self.rounds, max_leaf_nodes=self.leaves, early_stopping=False, random_state=seed
        )
        return SklearnModel(made.fit(shown(images), classes), shown)


def shown(images: Images) -> Features:
    """Return what trees are shown, ``(n, 681)``."""
    return np.concatenate([colours(images), hog(images)[:, ::_EDGES_EVERY]], 1)
