"""Was this person among the donors? Faces that stand in for others are means of some: who has a photo may ask.

Donors are kept as canvases, their faces brought to one place. Who is asked about is brought there, too, so that both go
the same way: donors by their own canvas, which is the best photo that an attacker can have, and people of the archive,
who are no donors as far as the archive knows, by theirs. Executor; needs no Spark.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.donors import shape
from anonymizer_udfs.donors.aligned import donor, unfit
from anonymizer_udfs.donors.faces import Donors, read
from anonymizer_udfs.evaluation.gathered import Gathered
from anonymizer_udfs.evaluation.leftover import auc
from anonymizer_udfs.evaluation.sides import CLEAR, RELEASED, Side
from anonymizer_udfs.evaluation.views import Box, Lookers, Rgb, Shown, Views
from anonymizer_udfs.evidence import Figure
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.methods import StandIn
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.models.sessions import loaded
from anonymizer_udfs.recognition import Recognizer

if TYPE_CHECKING:
    from anonymizer_udfs.evaluation.attacking import Means

CANVAS = "donor"
"""The side of a face brought to a donor's canvas."""
METHOD = "method"
MARK = f"{METHOD}.{StandIn.name}"
"""A view that faces have which somebody stands in for."""
DETECTOR = "centerface"
LEAST_PEOPLE = 16
"""Of either kind: an attacker who is asked about fewer shows nothing."""
MOST_PHOTOS = 4
_FPR = 0.01
_EYES, _NOSE, _MOUTH = (slice(36, 42), slice(42, 48)), 30, (48, 54)


def _five() -> NDArray[np.float32]:
    """Return where a detector's five points lie on every canvas, ``(5, 2)`` in pixels."""
    xy = (shape.CANVAS - shape.CORNER) * shape.EYE_PX
    return np.array([*(xy[eye].mean(0) for eye in _EYES), xy[_NOSE], *(xy[i] for i in _MOUTH)], np.float32)


def templates(canvas: Rgb, lookers: Lookers) -> Views:
    """Return the templates of a canvas."""
    everything: Box = (0.0, 0.0, float(canvas.shape[1]), float(canvas.shape[0]))
    return lookers.templates(CANVAS, canvas, Shown(everything, everything, _five(), DETECTOR))


def seen(clear: Side, landmarker: Landmarker, lookers: Lookers) -> Views:
    """Return the templates of a clear face brought to a canvas; nothing of one that could be no donor's."""
    face = clear.face
    box = np.array([face.box], np.float32)
    (points,) = landmarker.locate(clear.rgb, box, face.points[None], face.detector, lookers.runtime)
    if not points.known or unfit(points) is not None:
        return {}
    return templates(donor(clear.rgb, points)[0], lookers)


@dataclass(frozen=True)
class AmongDonors:
    """An attack of an evaluation: who of the people asked about was among the donors.

    Attributes:
        recognizer: with whom.
        model: the donors' file.
    """

    recognizer: str
    model: ModelRef
    photos: int = MOST_PHOTOS
    sides: tuple[str, ...] = (CLEAR, RELEASED, CANVAS, METHOD)

    def figures(self, gathered: Gathered, means: "Means") -> Iterator[Figure]:
        """Yield how well donors are told from others; nothing where either are too few."""
        who = next(one for one in means.recognizers if one.name == self.recognizer)
        lookers = Lookers((who,), means.runtime)
        yield from told(gathered, who, _members(loaded(self.model, means.runtime, read), lookers))


def _members(donors: Donors, lookers: Lookers) -> NDArray[np.float32]:
    """Return the template of each donor, ``(n, d)``."""
    made = (next(iter(templates(canvas, lookers).values())) for canvas in donors.canvases)
    return np.stack([np.frombuffer(one, np.float32) for one in made])


def told(gathered: Gathered, who: Recognizer, members: NDArray[np.float32]) -> Iterator[Figure]:
    """Yield ``donor_auc``, ``donor_tpr`` [fpr] and ``donor_auc_null``.

    The score of a person is how alike the most alike face is that somebody stands in for. Donors' photos may be of
    another kind than the archive's, which tells them apart without any leak: the null asks the same of the faces as
    they were, in which no donor is.

    Args:
        gathered: the faces.
        who: the recognizer.
        members: templates of the donors, ``(n, d)``.
    """
    rows = np.array([i for i, one in enumerate(gathered.views) if MARK in one], np.int64)
    named = f"{CANVAS}.{who.name}"
    with_canvas = [i for i, one in enumerate(gathered.views) if named in one]
    _, first = np.unique(gathered.people[with_canvas], return_index=True)
    others = np.array(with_canvas, np.int64)[first] if with_canvas else np.zeros(0, np.int64)
    if not len(rows) or min(len(members), len(others)) < LEAST_PEOPLE:
        return
    own = gathered.people[others][:, None] == gathered.people[rows][None]
    outsiders = _stacked(gathered, others, named)

    def best(side: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        faces = _stacked(gathered, rows, f"{side}.{who.name}")
        apart = np.where(own, -np.inf, who.similarity(outsiders, faces))
        return who.similarity(members, faces).max(1), apart.max(1)

    dimensions = (("recognizer", who.name),)
    counts = {"cases": len(rows), "people": len(members) + len(others)}
    inside, outside = best(RELEASED)
    at = float(np.quantile(outside, 1 - _FPR, method="higher"))
    yield Figure("membership", "donor_auc", auc(inside, outside), dimensions, **counts)
    yield Figure("membership", "donor_tpr", float((inside > at).mean()), (*dimensions, ("fpr", f"{_FPR:g}")), **counts)
    yield Figure("membership", "donor_auc_null", auc(*best(CLEAR)), dimensions, **counts)


def _stacked(gathered: Gathered, rows: NDArray[np.int64], view: str) -> NDArray[np.float32]:
    return np.stack([np.frombuffer(gathered.views[i][view], np.float32) for i in rows.tolist()])
