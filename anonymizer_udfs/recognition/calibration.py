"""Thresholds of a recognizer: at what similarity two faces count as one person, for a false match rate.

They hold for one model file and one detector's points, and were measured on labelled photos by ``faceveil calibrate``.
Runs on the driver.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anonymizer_udfs.errors import SpecError, UnknownNameError

FMR_LABELS = {"1e-3": 1e-3, "1e-4": 1e-4, "1e-6": 1e-6}


def content_digest(given: Mapping[str, Any]) -> str:
    """Return the SHA-256 of everything in a calibration but ``content_sha256``: a number edited by hand shows.

    Examples:
        >>> content_digest({"a": 1}) == content_digest({"a": 1, "content_sha256": "x"})
        True
    """
    rest = {key: value for key, value in given.items() if key != "content_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Calibration:
    """The thresholds of one recognizer with one model and the points of one detector.

    Attributes:
        recognizer: The recognizer's name.
        model_sha256: The digest of its model.
        detector: The name of the detector that gave the landmarks.
        thresholds: False match rate by its label (``1e-3``) to the similarity from which on two faces match.
        people: How many people it was measured on.
        digest: The digest of the file's content; it is part of the policy's digest.
    """

    recognizer: str
    model_sha256: str
    detector: str
    thresholds: Mapping[str, float]
    people: int
    digest: str

    def threshold(self, fmr: str = "1e-3") -> float:
        """Return the similarity from which on two faces match, at a false match rate.

        Raises:
            UnknownNameError: if that rate was not measured.
        """
        if fmr not in self.thresholds:
            raise UnknownNameError("false match rate", fmr, self.thresholds)
        return self.thresholds[fmr]


def parse(given: Mapping[str, Any]) -> list[Calibration]:
    """Return the calibrations of a mapping in the form of ``conf/calibration/*.yaml``.

    Raises:
        SpecError: if its content is not the one that its digest was taken of, or a field is missing.
    """
    came = content_digest(given)
    if given.get("content_sha256") != came:
        raise SpecError(
            f"calibration of {given.get('recognizer')}: expected content_sha256 {given.get('content_sha256')}, its "
            f"content has {came}; thresholds are measured, not edited: run faceveil calibrate again",
        )
    try:
        return [
            Calibration(
                str(given["recognizer"]),
                str(one["model_sha256"]),
                str(one["detector"]),
                {str(label): float(value) for label, value in one["thresholds"].items()},
                int(given["data"]["people"]),
                came,
            )
            for one in given["calibrations"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SpecError(f"calibration of {given.get('recognizer')}: a field is missing or wrong: {error}") from error


def find(calibrations: list[Calibration], recognizer: str, model_sha256: str, detector: str) -> Calibration:
    """Return the calibration that holds for a recognizer's model and a detector's points.

    Raises:
        SpecError: if there is none: a threshold of another model or detector must not stand in for it.
    """
    for one in calibrations:
        if (one.recognizer, one.model_sha256, one.detector) == (recognizer, model_sha256, detector):
            return one
    raise SpecError(
        f"no calibration of {recognizer} with model {model_sha256[:12]} for the landmarks of {detector}; measure one "
        "with faceveil calibrate",
    )
