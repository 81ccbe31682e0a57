"""One comparison of a figure with a limit, and how many of them make one check of a gate. Pure functions."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anonymizer_udfs.evidence.figure import Figure
from jobs.verdict import Check, State, percent, worst_state

_SLACK = 1e-9
"""Of confidences alone, which are written in decimals; no limit has any."""


@dataclass(frozen=True)
class Limit:
    """What a figure must keep.

    Attributes:
        name, title: of the check.
        value: the limit itself.
        needed: cases that there must be.
        unit: what cases are.
        confidence: the least of the bound; none where every case is counted, and the estimate is compared itself.
        at_most: whether the limit is the largest that passes.
        share: whether numbers are shares.
        context: whether it counts for the strongest word alone.
    """

    name: str
    title: str
    value: float
    needed: int
    unit: str
    confidence: float | None = None
    at_most: bool = True
    share: bool = True
    context: bool = False

    def over(self, value: float) -> bool:
        """Return whether a value is beyond the limit; what is no number is."""
        return not (value <= self.value if self.at_most else value >= self.value)

    def text(self, value: float) -> str:
        """Return a value as people read it."""
        return percent(value) if self.share else f"{value:.4g}"


@dataclass(frozen=True)
class Part:
    """How one figure compares.

    Attributes:
        about: whose figure it is, in words; may be empty.
        state: how it came out.
        why: in a few words.
        measured: the estimate.
        bound: what was compared.
        had: cases that there were.
    """

    about: str
    state: State
    why: str
    measured: float | None = None
    bound: float | None = None
    had: int = 0


def compared(figure: Figure | None, limit: Limit, had: int | None = None, about: str = "") -> Part:
    """Return how a figure compares with a limit; what is not there, or is too little, is missing.

    Args:
        figure: what was measured; none where nobody did.
        limit: what it must keep.
        had: cases that there were; the figure's own if nothing is said.
        about: whose figure it is.
    """
    if figure is None:
        return Part(about, State.MISSING, "was not measured")
    had = figure.cases if had is None else had
    value, given = figure.value, figure.high if limit.at_most else figure.low
    bound = value if limit.confidence is None else _bound(value, given, limit)
    state, why = _compared(figure, limit, had, given, bound)
    return Part(about, state, why, value, bound, had)


def _compared(figure: Figure, limit: Limit, had: int, given: float | None, bound: float | None) -> tuple[State, str]:
    """Return how a figure came out and why; see :func:`compared`."""
    value = figure.value
    if any(number is not None and not math.isfinite(number) for number in (value, given)):
        return State.FAILED, "is no number"
    if value is not None and limit.over(value):
        return State.FAILED, f"was measured at {limit.text(value)}"
    lack = _lack(figure, limit, had, given)
    if lack or bound is None:
        return State.MISSING, lack or "was not measured"
    if limit.over(bound):
        return State.FAILED, f"may be {limit.text(bound)}"
    return State.PASSED, f"is {'at most' if limit.at_most else 'at least'} {limit.text(bound)}"


def _lack(figure: Figure, limit: Limit, had: int, given: float | None) -> str:
    """Return what a figure lacks to be evidence; nothing where it lacks nothing."""
    if limit.confidence is not None and (given is None or not (figure.confidence or 0) >= limit.confidence - _SLACK):
        came = "no bound" if given is None or figure.confidence is None else f"a bound of {figure.confidence:.0%}"
        return f"has {came}, one of {limit.confidence:.0%} is asked"
    if had < limit.needed:
        return f"rests on {had:,} {limit.unit}, {limit.needed:,} are needed"
    return ""


def _bound(value: float | None, bound: float | None, limit: Limit) -> float | None:
    """Return the worse of an estimate and its bound: a bound on the wrong side of its estimate is none."""
    known = [number for number in (value, bound) if number is not None]
    return None if not known else max(known) if limit.at_most else min(known)


def check(limit: Limit, parts: Sequence[Part]) -> Check:
    """Return the check that parts make: all must pass, and the worst one is told."""
    state = worst_state([one.state for one in parts])
    worst = max(parts, key=lambda one: _badness(one, limit), default=Part("", State.MISSING, "was not measured"))
    return Check(
        name=limit.name,
        title=limit.title,
        state=state,
        sentence=_sentence(worst, limit, parts),
        measured=worst.measured,
        bound=worst.bound,
        limit=limit.value,
        at_most=limit.at_most,
        confidence=limit.confidence,
        had=min((one.had for one in parts), default=0),
        needed=limit.needed,
        unit=limit.unit,
        share=limit.share,
        context=limit.context,
    )


def _badness(part: Part, limit: Limit) -> tuple[int, float]:
    order = {State.PASSED: 0, State.MISSING: 1, State.FAILED: 2}[part.state]
    if part.bound is None or not math.isfinite(part.bound):
        return order, math.inf
    return order, part.bound if limit.at_most else -part.bound


def _sentence(worst: Part, limit: Limit, parts: Sequence[Part]) -> str:
    """Return why a check came out so: the worst part, and how many others fare no better."""
    same = sum(one.state is worst.state for one in parts) - 1
    about = f"{limit.title}: {f'{worst.about} ' if worst.about else ''}{worst.why}"
    if worst.state is not State.MISSING:
        about += f"; {limit.text(limit.value)} is {'allowed' if limit.at_most else 'asked'}"
    more = "" if worst.state is State.PASSED or not same else f", and likewise {same} more"
    return f"{about}{more}"


def number(text: str | None) -> float:
    """Return the number that a dimension says; no number where it says none.

    Examples:
        >>> number("1000"), number("1e-3"), number(None), number("x")
        (1000.0, 0.001, nan, nan)
    """
    try:
        return float(text) if text is not None else math.nan
    except ValueError:
        return math.nan


def only(figures: Iterable[Figure], scope: str, name: str) -> list[Figure]:
    """Return the figures of one scope and name that are of no group alone."""
    return [one for one in figures if (one.scope, one.name) == (scope, name) and one.of("group") is None]
