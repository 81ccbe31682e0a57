"""Who tries to recognise, and how far he gets.

All attackers are given the landmarks of the clear photo, which helps them: none has to find the face in what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import Recognizer
from benchmarks.frontiers.people import Photo
from benchmarks.photos import Rgb

FMR = 0.01
DRAWS = 20
SEED = 20261122
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Success:
    """What an attacker reaches.

    Attributes:
        rank1: how often his first guess among a gallery is right, in [0, 1]; the mean over galleries drawn at random.
        tar: how often he says "the same" of the same person, at a threshold where 1% of strangers match at most.
        similarity: what he compares by, the mean over photos of the same person; on a scale of its own.
    """

    rank1: float
    tar: float
    similarity: float = 0.0


def templates(recognizer: Recognizer, photos: Sequence[Photo], pictures: Sequence[Rgb], runtime: Runtime) -> Floats:
    """Return one template a photo, at the points of its clear face, ``(n, d)``."""
    made = [
        recognizer.embed(rgb, one.landmarks[None], "centerface", runtime)
        for rgb, one in zip(pictures, photos, strict=True)
    ]
    return np.concatenate(made)


def judge(similarity: Floats, same: NDArray[np.bool_], gallery: int) -> Success:
    """Return what an attacker reaches who has these similarities, ``(probes, gallery)``.

    Of equal similarities, as masks have them, each is guessed as often as the others.

    Args:
        similarity: higher is more alike.
        same: which are of one person.
        gallery: photos in a gallery; all where there are no more. Probes of people who are not in it are not asked.

    Examples:
        >>> two = np.eye(2, dtype=bool)
        >>> judge(np.array([[0.9, 0.1], [0.2, 0.2]], np.float32), two, 1000)
        Success(rank1=0.75, tar=0.5, similarity=0.6)
    """
    draw, hits, n = np.random.default_rng(SEED), [], similarity.shape[1]
    for _ in range(DRAWS if n > gallery else 1):
        held = np.sort(draw.permutation(n)[:gallery])
        alike, right = similarity[:, held], same[:, held]
        asked = right.any(1)
        best = alike[asked] == alike[asked].max(1, keepdims=True)
        hits.append(float(((best & right[asked]).sum(1) / best.sum(1)).mean()))
    strangers = np.sort(similarity[~same])[::-1]
    threshold = strangers[int(len(strangers) * FMR)]
    mine = similarity[same]
    return Success(float(np.mean(hits)), float((mine > threshold).mean()), float(mine.mean()))
