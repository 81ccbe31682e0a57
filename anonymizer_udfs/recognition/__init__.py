"""Recognizers: templates of faces and how alike they are; used to attack what was anonymized, never to name anybody.

To add one: a file with a frozen dataclass that has the methods of :class:`Recognizer`, a line in :data:`RECOGNIZERS`,
and target points for each detector in :mod:`~anonymizer_udfs.recognition.alignment`.
"""

from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.recognition.arcface import ArcFace
from anonymizer_udfs.recognition.base import Recognizer
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet

RECOGNIZERS: dict[str, type[Recognizer]] = {
    DlibResnet.name: DlibResnet,
    ArcFace.name: ArcFace,
}


def build(wish: str | Mapping[str, Any]) -> Recognizer:
    """Return the recognizer that a name, or a mapping with ``name`` and parameters, asks for.

    ``model`` may be a :class:`~anonymizer_udfs.models.base.ModelRef` or a mapping with its three fields.

    Raises:
        UnknownNameError: no recognizer, or no parameter of it, has that name.
        SpecError: a parameter is out of range or missing.
    """
    if isinstance(wish, Mapping) and isinstance(wish.get("model"), Mapping):
        wish = {**wish, "model": ModelRef(**wish["model"])}
    return family.build("recognizer", RECOGNIZERS, wish)


__all__ = ["RECOGNIZERS", "Recognizer", "build"]
