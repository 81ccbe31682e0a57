"""From labelled faces to thresholds: what a recognizer reaches on two photos of each of many people.

Runs on the driver. One photo of each person is compared with the other photo of everybody, as in
``conf/calibration``'s own figures: with n people there are n pairs of one person and n (n - 1) of two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evidence import Bounded, Standing, bounded, identified
from anonymizer_udfs.evidence.verification import threshold
from anonymizer_udfs.recognition.base import Recognizer, Templates
from anonymizer_udfs.recognition.calibration import FMR_LABELS, content_digest

LEAST_FALSE = 10
"""False matches that a threshold has to rest on: with fewer, one odd pair decides it."""
PEOPLE_MOST = 5000
"""More people make tables of similarities that do not fit; 25 million pairs are enough for any rate here."""
GALLERY, SEED = 1000, 20261121


@dataclass(frozen=True)
class Reached:
    """What one recognizer reaches with the points of one detector.

    Attributes:
        people: who has a face with points in both photos.
        rank1: how often a face is most like the right one of ``gallery`` people.
        gallery: people in it.
        tar: the share of pairs of one person that match, by the label of the false match rate.
        thresholds: the similarity from which on two faces match, by that label; rates for which there are fewer than
            :data:`LEAST_FALSE` false matches are left out.
    """

    people: int
    rank1: Bounded
    gallery: int
    tar: Mapping[str, Bounded]
    thresholds: Mapping[str, float]


def reached(recognizer: Recognizer, first: Templates, second: Templates) -> Reached:
    """Return what templates of two photos of each person reach, row by row of one person.

    Raises:
        SpecError: there are too few people for any threshold.
    """
    people, names = len(first), [str(i) for i in range(len(first))]
    check_people(people)
    alike = recognizer.similarity(first, second)
    same = np.eye(people, dtype=bool)
    impostor, genuine = alike[~same], alike[same]
    labels = [label for label, rate in FMR_LABELS.items() if len(impostor) * rate >= LEAST_FALSE]
    thresholds = {label: threshold(impostor, FMR_LABELS[label]) for label in labels}
    tar = {label: bounded(genuine >= at, names, SEED) for label, at in thresholds.items()}
    hits = identified(Standing.of(alike, same), names, size=GALLERY, seed=SEED)
    return Reached(people, hits.rank1, hits.size, tar, thresholds)


def least_people(label: str) -> int:
    """Return how many people the threshold of a false match rate needs.

    Examples:
        >>> least_people("1e-3"), least_people("1e-4"), least_people("1e-6")
        (101, 317, 3163)
    """
    pairs = LEAST_FALSE / FMR_LABELS[label]
    people = int(pairs**0.5)
    return next(n for n in range(people, people + 3) if n * (n - 1) >= pairs)


def check_people(count: int) -> None:
    """Raise :class:`SpecError` where there are too few people for any threshold."""
    least = min(map(least_people, FMR_LABELS))
    if count < least:
        raise SpecError(f"thresholds need at least {least} people with two photos with a face in each, got {count}")


def written(
    recognizer: Recognizer, found: Sequence[tuple[str, str, int, Reached]], about: str, data_sha256: str
) -> dict[str, Any]:
    """Return the content of a file of ``conf/calibration``, with its digest.

    Args:
        recognizer: whose thresholds they are.
        found: for each detector its name, its model's digest, in how many photos no face was found, and what was
            reached.
        about: the photos in words.
        data_sha256: one digest of the photos.
    """
    content: dict[str, Any] = {
        "recognizer": recognizer.name,
        "data": {"about": about, "sha256": data_sha256, "people": max((one.people for *_, one in found), default=0)},
        "calibrations": [
            {
                "model": recognizer.model.name,
                "model_sha256": recognizer.model.sha256,
                "detector": detector,
                "detector_sha256": digest,
                "people": one.people,
                "faces_missed": missed,
                f"rank1_at_{one.gallery}": round(one.rank1.value, 4),
                "tar": {label: round(value.value, 4) for label, value in one.tar.items()},
                "thresholds": {label: round(value, 6) for label, value in one.thresholds.items()},
            }
            for detector, digest, missed, one in found
        ],
    }
    return content | {"content_sha256": content_digest(content)}
