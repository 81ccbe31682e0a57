"""What canaries come to: figures of the scope ``canary``, and labels for attackers. Runs on the driver; pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scipy import stats

from anonymizer_udfs.canaries import alike
from anonymizer_udfs.canaries.alike import UNLIKE
from anonymizer_udfs.canaries.judging import Verdict
from anonymizer_udfs.canaries.sizes import size_class
from anonymizer_udfs.evidence.bounds import lower, upper
from anonymizer_udfs.evidence.figure import Figure
from jobs.placed import Placed

SCOPE = "canary"
KIND = ("kind", "face")


@dataclass(frozen=True)
class Label:
    """A face that the job found in the place of a canary, named as :func:`jobs.lakefaces.wanted` does, and whose."""

    face_id: str
    image_id: str
    person: str


@dataclass(frozen=True)
class Clear:
    """The clear photo of a person that attackers have.

    Attributes:
        person: keyed.
        file: its URI in the run's folder: the photo's own bytes.
        box: of the face in the upright photo, ``x0 y0 x1 y1``.
        landmarks: five points, ``x`` and ``y`` in turn; none where no detector gave any.
        detector: whose landmarks they are.
    """

    person: str
    file: str = field(repr=False)
    box: tuple[float, ...]
    landmarks: tuple[float, ...] | None
    detector: str | None


@dataclass(frozen=True)
class Planted:
    """What canaries came to, and where they lie until :func:`jobs.canaries.planted` is left.

    Attributes:
        figures: of the scope ``canary``.
        counts: photos, hosts, people, canaries and verdicts, by name.
        placed: the canaries' own lake with its vault and its key, to be read as the archive's is.
        labels: whose the faces in it are.
        clear: what attackers have of these people.
        assumed: whether the sizes are assumed, since the job had found no face in the archive.
        usual: how most of these faces were treated: the policy's name, and how many methods of its chain were tried.
    """

    figures: tuple[Figure, ...]
    counts: dict[str, int]
    placed: Placed
    labels: tuple[Label, ...]
    clear: tuple[Clear, ...]
    assumed: bool = False
    usual: tuple[str, int] = ("", 1)

    def chosen(self, most: int) -> tuple[tuple[Label, ...], tuple[Clear, ...]]:
        """Return whom attackers look for and what they hold: a face and a clear photo of each person who has both.

        Of several faces the one with the smallest id is taken; ids are keyed, so it is as good as drawn. Further clear
        photos are of people whom nobody finds.

        Args:
            most: people.
        """
        people = sorted({one.person for one in self.clear})[:most]
        first: dict[str, Label] = {}
        for one in sorted(self.labels, key=lambda label: label.face_id, reverse=True):
            first[one.person] = one
        return (
            tuple(first[person] for person in people if person in first),
            tuple(one for one in self.clear if one.person in set(people)),
        )

    @property
    def unlike(self) -> tuple[str, ...]:
        """The figures by which canaries are so unlike the archive's faces that they say little of these."""
        judged = (one for one in self.figures if one.name in {"confidence_ks", "seam_ks", "size_ks", "score_ks"})
        return tuple(one.name for one in judged if one.value is not None and one.value >= UNLIKE)


Measured = Sequence[tuple[float, float]]
"""The height of faces, and what was measured of each."""


@dataclass(frozen=True)
class Faces:
    """What canaries are compared with, of faces of the archive.

    Attributes:
        confidence: how sure the detectors were.
        seams: see :func:`anonymizer_udfs.canaries.alike.seam`.
        scores: by recognizer, how alike anonymized faces are to their own originals, of those that the job measured.
    """

    confidence: Measured
    seams: Measured
    scores: Mapping[str, Measured] = field(default_factory=dict)


def figures(  # noqa: PLR0917 - the tables that there are, and how they are judged
    found: Sequence[dict[str, Any]],
    truth: Sequence[dict[str, Any]],
    faces: Faces,
    seed: int,
    confidence: float,
    scores: Mapping[str, Measured] | None = None,
) -> tuple[Figure, ...]:
    """Return the figures of canaries that were judged.

    - ``missed`` [kind, and size]: the share that is left visible, with the bounds of Clopper and Pearson.
    - ``held_back`` [kind]: the share that counts as caught because its image waits for a person or is quarantined.
    - ``size_ks`` [kind]: how far the sizes that fitted are from those that were drawn (Kolmogorov and Smirnov).
    - ``confidence_ks`` and ``seam_ks`` [kind], each with ``_p``: see :mod:`anonymizer_udfs.canaries.alike`.
    - ``score_ks`` [kind, recognizer], with ``_p``: the same of how alike anonymized faces are to their originals.

    Args:
        found: rows of ``base.VERDICTS``.
        truth: rows of ``base.TRUTH`` of the same canaries.
        faces: of the archive.
        seed: of who is compared.
        confidence: of each bound.
        scores: of canaries, as ``faces`` has them.
    """
    classes = sorted(
        {size_class(one["height_px"]) for one in found}, key=lambda name: int(name.split("-")[0].strip("+"))
    )
    of = {name: [one for one in found if size_class(one["height_px"]) == name] for name in classes}
    missed = [missed_of(found, confidence)]
    missed += [missed_of(some, confidence, ("size", name)) for name, some in of.items()]
    held = sum(one["verdict"] == Verdict.HELD_BACK for one in found)
    sizes = stats.ks_2samp([one["drawn_px"] for one in truth], [one["height_px"] for one in truth]) if truth else None
    sure = [(one["height_px"], one["confidence"]) for one in found if one["confidence"] is not None]
    return (
        *missed,
        Figure(SCOPE, "held_back", held / len(found) if found else None, (KIND,), cases=len(found)),
        Figure(SCOPE, "size_ks", None if sizes is None else float(sizes.statistic), (KIND,), cases=len(truth)),
        *alike.compared("confidence", sure, faces.confidence, seed),
        *alike.compared("seam", [(one["height_px"], one["seam"]) for one in truth], faces.seams, seed),
        *_scored(scores or {}, faces.scores, seed),
    )


def _scored(canaries: Mapping[str, Measured], faces: Mapping[str, Measured], seed: int) -> Iterator[Figure]:
    """Yield how far scores of canaries are from those of faces, by each recognizer that looked at either."""
    for name in sorted({*canaries, *faces}):
        for one in alike.compared("score", canaries.get(name, ()), faces.get(name, ()), seed):
            yield replace(one, dimensions=(*one.dimensions, ("recognizer", name)))


def last_scores(rows: Iterable[tuple[float, Iterable[tuple[str, float]]]]) -> dict[str, list[tuple[float, float]]]:
    """Return by recognizer the heights and last scores of faces, from heights and all scores of each in order.

    Examples:
        >>> last_scores([(40.0, [("dlib", 0.8), ("dlib", 0.3)]), (20.0, [])])
        {'dlib': [(40.0, 0.3)]}
    """
    out: dict[str, list[tuple[float, float]]] = {}
    for height, scores in rows:
        for name, score in dict(scores).items():
            out.setdefault(name, []).append((height, score))
    return out


def missed_of(found: Sequence[dict[str, Any]], confidence: float, *dimensions: tuple[str, str]) -> Figure:
    """Return the share of canaries that is left visible, with one-sided bounds; without any, all may be."""
    count, seen = len(found), sum(not Verdict(one["verdict"]).caught for one in found)
    return Figure(
        SCOPE,
        "missed",
        seen / count if count else None,
        (KIND, *dimensions),
        lower(seen, count, confidence),
        upper(seen, count, confidence),
        confidence,
        count,
        len({one["person"] for one in found}),
    )
