"""Whether a second look could see more than the first one did."""

from anonymizer_udfs.detection.passes import Pass
from anonymizer_udfs.detection.plans import Plan


def covers(first: Plan, second: Plan) -> bool:
    """Return whether a plan shows every picture at least as well as another one.

    A picture in which nothing was found and nothing was changed is then not looked at again: each pass of the second
    plan would show what a pass of the first one showed larger. Close-ups do not count: there is nothing to be near to.

    Examples:
        >>> from anonymizer_udfs.detection.plans import BALANCED, FAST, THOROUGH
        >>> covers(BALANCED, FAST), covers(FAST, BALANCED), covers(THOROUGH, FAST)
        (True, False, True)
    """
    shown = [one for one in first.passes if isinstance(one, Pass) and not one.when]
    return all(any(_shows(one, other) for one in shown) for other in second.passes if isinstance(other, Pass))


def _shows(one: Pass, other: Pass) -> bool:
    """Return whether a pass shows all that another one does, no smaller, to the same detectors."""
    larger = all(mine >= theirs for mine, theirs in zip(one.long_side_px, other.long_side_px, strict=True))
    same = (one.mirrored, one.equalized, one.margin_ratio) == (other.mirrored, other.equalized, other.margin_ratio)
    who = set(one.detectors) == set(other.detectors)
    return larger and same and who and one.enlarge_max >= other.enlarge_max and set(other.turns) <= set(one.turns)
