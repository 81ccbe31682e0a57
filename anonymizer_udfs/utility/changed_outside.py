"""How many pixels outside the regions are not what they were: none, where a picture was patched in place."""

from dataclasses import dataclass
from typing import ClassVar

from anonymizer_udfs.utility.base import Figure, Figures, Pair, colour, outside, strips


@dataclass(frozen=True)
class ChangedOutside:
    """Share of the pixels outside all regions of which any colour changed by any amount, in [0, 1]; 0 is best.

    Figures:
        changed_outside: pixels that differ by pixels outside. Cases are images.
    """

    name: ClassVar[str] = "changed_outside"

    def measure(self, pair: Pair) -> Figures:
        """Return the figure, as far as it is defined; see :class:`anonymizer_udfs.utility.base.Measure`."""
        free = outside((pair.before.shape[0], pair.before.shape[1]), pair.regions.tolist())
        if not free.any():
            return {}
        changed = 0
        for rows in strips(len(free)):
            a, b = (colour(one[rows], pair.alpha) for one in (pair.before, pair.after))
            changed += int(((a != b).any(2) & free[rows]).sum())
        return {"changed_outside": Figure(changed / int(free.sum()), 1)}
