"""Which faces are of one person: faces joined by chains of templates that a recognizer calls alike.

Two errors there are. Merging two people is the safe one: a group then holds more people than are counted. Splitting one
is not: he may lie in two groups, or be counted twice in one. So the threshold is a low one; what it does on labelled
photos is in ``docs/k_same.md``.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError

BLOCK = 512
"""Templates compared with all others at a time: memory is as many rows, not the square of all."""

Templates = NDArray[np.float32]


class Likeness(Protocol):
    """How alike templates are; every :class:`anonymizer_udfs.recognition.Recognizer` is one."""

    def similarity(self, probes: Templates, gallery: Templates) -> NDArray[np.float32]:
        """Return how alike each probe and gallery template are, ``(n, m)``; higher is more alike."""
        ...


def linked(templates: Templates, who: Likeness, threshold: float) -> NDArray[np.intp]:
    """Return for each template the smallest index in its component; all pairs are compared, so the cost is a square.

    Args:
        templates: ``(n, d)``, finite.
        who: says how alike two are.
        threshold: the similarity from which on two are of one person.

    Raises:
        SpecError: a template is not finite: it is like nobody, so its person would be split.
    """
    if not np.isfinite(templates).all():
        raise SpecError("templates must be finite numbers")
    roots = np.arange(len(templates))
    for start in range(0, len(templates), BLOCK):
        rest = templates[start:]
        rows, columns = np.nonzero(who.similarity(rest[:BLOCK], rest) >= threshold)
        join(roots, rows + start, columns + start)
    return roots


def join(roots: NDArray[np.intp], some: NDArray[np.intp], others: NDArray[np.intp]) -> None:
    """Join the components of ``some[i]`` and ``others[i]``, in place.

    Args:
        roots: for each element the smallest one of its component.
        some: elements.
        others: as many.

    Examples:
        >>> roots = np.arange(5)
        >>> join(roots, np.array([4, 1]), np.array([1, 3]))
        >>> roots.tolist()
        [0, 1, 2, 1, 1]
    """
    while True:
        a, b = roots[some], roots[others]
        apart = a != b
        if not apart.any():
            return
        some, others, a, b = some[apart], others[apart], a[apart], b[apart]
        np.minimum.at(roots, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(roots[roots], roots):
            roots[:] = roots[roots]
