"""What canaries say, in figures of the scope ``canary``. Runs on the driver; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from anonymizer_udfs.canaries import alike
from anonymizer_udfs.canaries.judging import Verdict
from anonymizer_udfs.canaries.sizes import size_class
from anonymizer_udfs.evidence.bounds import lower, upper
from anonymizer_udfs.evidence.figure import Figure

SCOPE = "canary"
KIND = ("kind", "face")


@dataclass(frozen=True)
class Faces:
    """What canaries are compared with: the height of faces of the archive, and what was measured of each."""

    confidence: Sequence[tuple[float, float]]
    seams: Sequence[tuple[float, float]]


def figures(
    found: Sequence[dict[str, Any]],
    truth: Sequence[dict[str, Any]],
    faces: Faces,
    seed: int,
    confidence: float,
) -> tuple[Figure, ...]:
    """Return the figures of canaries that were judged.

    - ``missed`` [kind, and size]: the share that is left visible, with the bounds of Clopper and Pearson.
    - ``held_back`` [kind]: the share that counts as caught because its image waits for a person or is quarantined.
    - ``size_ks`` [kind]: how far the sizes that fitted are from those that were drawn (Kolmogorov and Smirnov).
    - ``confidence_ks`` and ``seam_ks`` [kind], each with ``_p``: see :mod:`anonymizer_udfs.canaries.alike`.

    Args:
        found: rows of ``base.VERDICTS``.
        truth: rows of ``base.TRUTH`` of the same canaries.
        faces: of the archive.
        seed: of who is compared.
        confidence: of each bound.
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
    )


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
