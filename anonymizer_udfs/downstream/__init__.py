"""Does a model that is trained on the anonymized archive do as well? Small models, trained alike on both, say.

``compare`` trains each learner of :data:`LEARNERS` on clear and on anonymized copies of the same images with the same
seeds, asks it about clear images that neither has seen, and tells the paired difference with its interval. Needs no
Spark and no lake; scikit-learn, and JAX for one learner, are imported only where something is trained.

To add a learner: a file with a frozen dataclass that follows :class:`base.Learner`, and a line in :data:`LEARNERS`; the
contract suite does the rest.
"""

from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.downstream.base import SIDE_PX, Learner, Model, small
from anonymizer_udfs.downstream.boosted import Boosted
from anonymizer_udfs.downstream.convolutional import Convolutional
from anonymizer_udfs.downstream.linear import Linear
from anonymizer_udfs.downstream.tasks import FACE, Task, of_faces, of_labels

__all__ = [
    "FACE",
    "LEARNERS",
    "SIDE_PX",
    "Boosted",
    "Convolutional",
    "Learner",
    "Linear",
    "Model",
    "Task",
    "build",
    "of_faces",
    "of_labels",
    "small",
]

LEARNERS: dict[str, type[Learner]] = {
    "linear": Linear,
    "boosted": Boosted,
    "convolutional": Convolutional,
}


def build(wish: str | Mapping[str, Any]) -> Learner:
    """Return the learner that ``wish`` names, with its parameters; see :func:`anonymizer_udfs.family.build`.

    Examples:
        >>> build("linear")
        Linear(strength=0.01)
    """
    return family.build("learner", LEARNERS, wish)
