"""Logistic regression on HOG: what edges and outlines alone tell, by a model that cannot learn much by heart."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.downstream.base import Classes, Images, Model, check
from anonymizer_udfs.downstream.features import hog
from anonymizer_udfs.downstream.sklearn_model import SklearnModel
from anonymizer_udfs.errors import SpecError

_ROUNDS = 300


@dataclass(frozen=True)
class Linear:
    """Logistic regression with a ridge on standardised HOG.

    Attributes:
        strength: the inverse of the ridge's weight, above 0: the smaller, the smoother.
    """

    strength: float = 0.01

    name: ClassVar[str] = "linear"
    needs: ClassVar[str] = "sklearn"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        if not self.strength > 0:
            raise SpecError(f"strength must be above 0, got {self.strength}")

    def fit(self, images: Images, classes: Classes, seed: int) -> Model:
        """Return the model; see :class:`anonymizer_udfs.downstream.base.Learner`. It draws nothing."""
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - loaded only where something is trained
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - as above

        check(images)
        made = make_pipeline(StandardScaler(), LogisticRegression(C=self.strength, max_iter=_ROUNDS, random_state=seed))
        return SklearnModel(made.fit(hog(images), classes), hog)
