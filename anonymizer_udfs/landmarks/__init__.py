"""Landmarkers: many points of each face, to measure what is left of pose and expression; never to name anybody.

To add one: a file with a frozen dataclass that follows :class:`base.Landmarker`, its line in :data:`LANDMARKERS`, and a
case in ``tests/unit/landmarks/cases.py``; the contract suite then runs on it. What is measured by the points is in
:mod:`.expression` and :mod:`.pose`, which know the schemes of :mod:`.schemes` and no member.
"""

from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.landmarks.base import Landmarker
from anonymizer_udfs.landmarks.dlib68 import Dlib68
from anonymizer_udfs.landmarks.insight_2d106 import Insight2d106
from anonymizer_udfs.landmarks.insight_3d68 import Insight3d68
from anonymizer_udfs.landmarks.schemes import Points, five
from anonymizer_udfs.models.base import ModelRef

LANDMARKERS: dict[str, type[Landmarker]] = {
    "dlib68": Dlib68,
    "insight_2d106": Insight2d106,
    "insight_3d68": Insight3d68,
}


def build(wish: str | Mapping[str, Any]) -> Landmarker:
    """Return the landmarker that a name, or a mapping with ``name`` and parameters, asks for.

    ``model`` may be a :class:`~anonymizer_udfs.models.base.ModelRef` or a mapping with its three fields.

    Raises:
        UnknownNameError: no landmarker, or no parameter of it, has that name.
        SpecError: a parameter is out of range or missing.
    """
    if isinstance(wish, Mapping) and isinstance(wish.get("model"), Mapping):
        wish = {**wish, "model": ModelRef(**wish["model"])}
    return family.build("landmarker", LANDMARKERS, wish)


__all__ = ["LANDMARKERS", "Dlib68", "Insight2d106", "Insight3d68", "Landmarker", "Points", "build", "five"]
