"""Whether canaries are like the archive's own faces: if not, what is true of them says less.

Two questions: whether detectors are as sure of them, and whether straight seams lie around them, as around a photo that
was pasted as a rectangle. Of a large clear face detectors are as sure in a rectangle as in a picture: a seam tells.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from anonymizer_udfs.boxes import clip, grow, outward
from anonymizer_udfs.evidence.figure import Figure

STEPS = 4
"""Sizes are compared with their like: so many classes for each doubling of the height."""
UNLIKE = 0.3
"""From here on the distributions differ by so much that canaries are no stand-ins for the archive's faces."""

WINDOW, INNER = 2.2, 1.1
"""Seams are looked for around a face: from the second of these on, over its box, to the first."""
FACE_PX = 64
"""The height to which a face is brought before that."""
LENGTH = 1.2
"""A seam runs along the box for at least this, over its side: hair and shoulders do not run straight for so long."""

Floats = NDArray[np.floating]


def seam(luma: NDArray[np.uint8], box: NDArray[np.float32]) -> float:
    """Return how strong the strongest straight edge is around a face, along its box, in levels; at least 0.

    Of each column and row beside the face: the mean difference to the next one, by how much it exceeds that of its
    neighbours, which a soft edge or texture share with it.

    Args:
        luma: the upright picture, ``(h, w)``.
        box: of the face in it.

    Examples:
        >>> flat = np.full((200, 200), 90, np.uint8)
        >>> pasted = flat.copy()
        >>> pasted[50:150, 60:140] = 130
        >>> face = np.array([78, 72, 122, 128], np.float32)
        >>> seam(flat, face), seam(pasted, face) > 10
        (0.0, True)
    """
    size = luma.shape[1], luma.shape[0]
    x0, y0, x1, y1 = outward(clip(grow(box, WINDOW)[None], size)[0], size)
    scale = FACE_PX / max(1.0, float((box[2:] - box[:2]).max()))
    shape = max(4, round((x1 - x0) * scale)), max(4, round((y1 - y0) * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    part = cv2.resize(np.ascontiguousarray(luma[y0:y1, x0:x1]), shape, interpolation=how).astype(np.float32)
    to = np.array([shape[0] / max(1, x1 - x0), shape[1] / max(1, y1 - y0)])
    centre = ((box[:2] + box[2:]) / 2 - (x0, y0)) * to
    half = (box[2:] - box[:2]) / 2 * to
    return max(_straight(part, centre, half), _straight(part.T, centre[::-1], half[::-1]))


def _straight(part: Floats, centre: Floats, half: Floats) -> float:
    """Return the strongest straight upright edge."""
    rows = slice(max(0, round(centre[1] - LENGTH * half[1])), round(centre[1] + LENGTH * half[1]))
    edges = np.abs(np.diff(part[rows], axis=1))
    if edges.shape[0] < FACE_PX // 4 or edges.shape[1] < 16:  # noqa: PLR2004 - too little of a picture to tell
        return 0.0
    mean = edges.mean(0)
    beside = np.pad(mean, 4, mode="edge")
    n = len(mean)
    # The edge itself may be spread over three columns by scaling.
    near = np.stack([beside[4 + k : 4 + k + n] for k in (-4, -3, 3, 4)]).max(0)
    away = np.abs(np.arange(n) + 1 - centre[0]) / max(1.0, float(half[0]))
    outside = away >= INNER
    return float(np.maximum(mean - near, 0)[outside].max(initial=0.0))


def paired(heights: Sequence[float], others: Sequence[float], seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which of two samples to compare, so that both have the same sizes: as many of each class, at random.

    Examples:
        >>> mine, theirs = paired([20, 21, 80], [80, 300, 20, 81], 0)
        >>> len(mine), len(theirs), 1 in theirs
        (2, 2, False)
    """
    draw = np.random.default_rng(seed)
    first, second = (np.floor(np.log2(np.maximum(np.asarray(one, float), 1)) * STEPS) for one in (heights, others))
    mine: list[int] = []
    theirs: list[int] = []
    for size in np.intersect1d(first, second):
        a, b = np.flatnonzero(first == size), np.flatnonzero(second == size)
        count = min(len(a), len(b))
        mine += draw.choice(a, count, replace=False).tolist()
        theirs += draw.choice(b, count, replace=False).tolist()
    return np.array(mine, np.intp), np.array(theirs, np.intp)


def compared(
    name: str, canaries: Sequence[tuple[float, float]], faces: Sequence[tuple[float, float]], seed: int
) -> tuple[Figure, Figure]:
    """Return how far what was measured of canaries differs from the same of real faces of the same sizes.

    ``NAME_ks`` is the statistic of Kolmogorov and Smirnov in [0, 1], and ``NAME_ks_p`` how likely one as large is where
    both are alike; ``cases`` is how many of each were compared. Both are none where no sizes can be compared. With some
    thousand of each even a difference that does not matter is significant, so the statistic is judged: see
    :data:`UNLIKE`.

    Args:
        name: what was measured.
        canaries: height and measure of each.
        faces: the same of faces of the archive.
        seed: of who is compared.
    """
    mine, theirs = paired([h for h, _ in canaries], [h for h, _ in faces], seed)
    statistic: float | None = None
    p: float | None = None
    if len(mine):
        found = stats.ks_2samp([canaries[i][1] for i in mine], [faces[i][1] for i in theirs])
        statistic, p = float(found.statistic), float(found.pvalue)
    kind = (("kind", "face"),)
    return (
        Figure("canary", f"{name}_ks", statistic, kind, cases=len(mine)),
        Figure("canary", f"{name}_ks_p", p, kind, cases=len(mine)),
    )
