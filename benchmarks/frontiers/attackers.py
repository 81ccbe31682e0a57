"""Who tries to recognise, and how far he gets.

All attackers are given the landmarks of the clear photo, which helps them: none has to find the face in what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.evidence import Standing, identified, verification
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import Recognizer
from benchmarks.frontiers.people import People, Photo
from benchmarks.photos import Rgb

FMR = 0.01
SEED = 20261122
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Success:
    """What an attacker reaches.

    Attributes:
        rank1: how often his first guess among a gallery is right, in [0, 1]; of equal ones each is as likely the first.
        rank1_high: its upper bound, one-sided, 95%.
        tar: how often he says "the same" of the same person, at a threshold where 1% of strangers match at most; none
            where there are fewer than a hundred pairs of strangers.
        similarity: what he compares by, the mean over photos of the same person; on a scale of its own.
    """

    rank1: float
    rank1_high: float
    tar: float | None
    similarity: float


def templates(recognizer: Recognizer, photos: Sequence[Photo], pictures: Sequence[Rgb], runtime: Runtime) -> Floats:
    """Return one template a photo, at the points of its clear face, ``(n, d)``."""
    made = [
        recognizer.embed(rgb, one.landmarks[None], "centerface", runtime)
        for rgb, one in zip(pictures, photos, strict=True)
    ]
    return np.concatenate(made)


def judge(similarity: Floats, known: People, gallery: int) -> Success:
    """Return what an attacker reaches who has these similarities, as ``faceveil`` itself counts it (``evidence``).

    Args:
        similarity: higher is more alike, ``(probes, gallery)``.
        known: whom probes and gallery show.
        gallery: people in a gallery, drawn anew for each probe; all where there are no more.
    """
    same = known.same
    hits = identified(Standing.of(similarity, same), [one.person for one in known.probes], size=gallery, seed=SEED)
    pairs = verification(similarity[same], similarity[~same], (FMR,))
    mine = float(similarity[same].mean())
    return Success(hits.rank1.value, hits.rank1.high, pairs.tar.get(FMR), mine)
