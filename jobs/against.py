"""The check of a gate on people who stand in for others: canaries, and people whom recognizers guess. Pure.

They may speak against a lake and never for it. Canaries are other people than those of the archive, at its sizes and
under its policy; guessed people are those whom recognizers tell apart best, and wrong guesses hide exposure. So neither
replaces a name that somebody knows, and where one shows that people are found the lake is refused. To show it, the
bound from below must be above the limit: of some ten people one is found first now and then by chance.
"""

import math
from collections.abc import Sequence

from anonymizer_udfs.evidence.figure import Figure
from conf.gates import FACE_TIERS, Gate
from jobs.parts import Limit, Part, check, number, only
from jobs.verdict import Check, State

NAME, TITLE, SCOPE = "stand_ins", "people found among canaries or guessed people", "stand_in"
_REPLAY = "T5"
_SAME = 1e-9


def checks(gate: Gate, known: Sequence[Figure]) -> list[Check]:
    """Return the check; none where nobody stood in for others in a gallery, or at a rate, that the gate asks about."""
    limit = Limit(NAME, TITLE, gate.named_most, 1, "people", gate.confidence)
    parts = [
        *(_part(one, gate.named_most) for one in only(known, SCOPE, "rank1") if _ranked(gate, one)),
        *(_part(one, gate.matched_most) for one in only(known, SCOPE, "tar") if _matched(gate, one)),
    ]
    return [check(limit, parts)] if parts else []


def _ranked(gate: Gate, one: Figure) -> bool:
    return one.of("tier") in {*FACE_TIERS, _REPLAY} and number(one.of("gallery")) == gate.gallery


def _matched(gate: Gate, one: Figure) -> bool:
    return one.of("tier") in FACE_TIERS and abs(number(one.of("fmr")) - gate.fmr) <= _SAME


def _part(figure: Figure, most: float) -> Part:
    """Return how one figure speaks; one without a bound from below by its estimate, since nothing excuses it."""
    who = f" by {figure.of('recognizer')}" if figure.of("recognizer") else ""
    about = f"{figure.of('people') or 'others'}, {figure.of('attack') or '?'}{who},"
    least = figure.value if figure.low is None else figure.low
    had = figure.people or 0
    if least is None or not math.isfinite(least) or figure.value is None or not math.isfinite(figure.value):
        return Part(about, State.FAILED, "is no number", had=had)
    state = State.FAILED if least > most else State.PASSED
    return Part(about, state, f"is at least {least:.2%}", figure.value, least, had)
