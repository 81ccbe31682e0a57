"""Who looks at pictures for figures alone, and changes nothing: landmarkers, and detectors of people. Driver only."""

from pathlib import Path

from anonymizer_udfs import landmarks
from anonymizer_udfs.ageing import Ages
from anonymizer_udfs.detection import Detector, Yolo, yolo
from anonymizer_udfs.landmarks.base import Landmarker
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.cache import cache_dir
from anonymizer_udfs.models.registry import roots
from anonymizer_udfs.models.sessions import locate
from conf.settings import Settings
from jobs import context
from jobs.errors import UsageError
from jobs.models import registry

COUNTED_FROM = 0.5
"""Confidence from which somebody is counted, that of the demonstrations of YOLOX in OpenCV's model zoo."""


def landmarker(name: str, settings: Settings) -> tuple[Landmarker, dict[str, Path]]:
    """Return the landmarker of a name with the model that is called like it, and the model's file, by name.

    Raises:
        UnknownNameError: there is none of that name.
        ModelError: its model is missing, or its licence was not accepted.
    """
    ref = context.resolve(name, settings, registry())
    return landmarks.build({"name": name, "model": ref}), _files(ref, settings)


def person_detector(wish: str, settings: Settings) -> tuple[Detector, dict[str, Path]]:
    """Return who counts people, a YOLO head over the model ``NAME`` or ``NAME:CLASS``, and the model's file, by name.

    Without a class people are class 0, as in all models of COCO's classes.

    Raises:
        UsageError: the class is no number, or the model has no such class.
        UnknownNameError: there is no model of that name.
        ModelError: it is missing, is no YOLO head, or its licence was not accepted.
    """
    name, _, number = wish.partition(":")
    if number and not number.isdecimal():
        raise UsageError(f"--person-detector takes NAME or NAME:CLASS, such as yolox_s:0, got {wish!r}")
    ref, class_number = context.resolve(name, settings, registry()), int(number or 0)
    found = _files(ref, settings)
    head = yolo.inspect(ref, _runtime(settings)).layout
    if head.classes is not None and class_number >= head.classes:
        raise UsageError(f"--person-detector: {name} has classes 0 to {head.classes - 1}, got {class_number}")
    return Yolo(ref, score_threshold=COUNTED_FROM, classes=(class_number,), kind="person"), found


def ages(wish: str, settings: Settings) -> Ages:
    """Return who guesses ages, by the model ``PACK/FILE``.

    Raises:
        ModelError: it is missing, or its licence was not accepted.
    """
    ref = context.resolve(wish, settings, registry())
    _files(ref, settings)
    return Ages(ref)


def _files(ref: ModelRef, settings: Settings) -> dict[str, Path]:
    return {ref.name: locate(ref, _runtime(settings))}


def _runtime(settings: Settings) -> Runtime:
    return Runtime(roots(cache_dir(), settings.models.local_dirs), tuple(settings.models.providers))
