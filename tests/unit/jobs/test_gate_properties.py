"""Properties of the gate: worse evidence never earns a better word, whatever was measured."""

import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anonymizer_udfs.evidence.figure import Figure
from conf import gates
from conf.gates import Gate
from jobs.gate import Expected, judge
from jobs.verdict import Verdict, Word
from tests.support import evidence
from tests.support.evidence import RECOGNIZERS

DEFAULT, STRICT = gates.load("default"), gates.load("strict")
WORDS = list(Word)


def verdict(figures: list[Figure], gate: Gate = DEFAULT) -> Verdict:
    """Return what a gate says where both recognizers had to compare."""
    return judge(gate, figures, Expected(recognizers=RECOGNIZERS))


_SPOIL = ("nothing", "gone", "beyond", "few", "unsure", "no number", "no", "no bound")


def spoiled(one: Figure, how: str) -> Figure | None:
    """Return a figure made worse in one way; none where it is taken away."""
    if how == "gone":
        return None
    if how == "beyond":
        worse = -1.0 if one.name in {"eer", "least_people"} else 1.0
        low, high = (None if end is None else end + worse for end in (one.low, one.high))
        counts = one.scope == "evaluation"  # of these none is better or worse
        return one if counts else replace(one, value=(one.value or 0) + worse, low=low, high=high)
    if how == "no":
        of = {k: "no" if k == "passed" else v for k, v in one.dimensions}
        return replace(one, dimensions=tuple(of.items()))
    few = replace(one, cases=one.cases // 4, people=None if one.people is None else one.people // 4)
    made = {
        "few": few,
        "unsure": replace(one, confidence=0.8),
        "no number": replace(one, value=math.nan, high=math.nan),
    }
    return made.get(how, replace(one, low=None, high=None) if how == "no bound" else one)


WHOLE = evidence.whole(STRICT)
SOME = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.sampled_from(_SPOIL)), max_size=3)


def made(ways: list[tuple[int, str]]) -> list[Figure]:
    """Return the whole evidence with some figures spoiled."""
    out: list[Figure | None] = list(WHOLE)
    for at, how in ways:
        one = out[at]
        out[at] = None if one is None else spoiled(one, how)
    return [one for one in out if one is not None]


@given(before=SOME, more=SOME)
def test_worse_evidence_never_earns_a_better_word(before: list[tuple[int, str]], more: list[tuple[int, str]]) -> None:
    """Whatever was measured, and whatever of it is then made worse or taken away."""
    for gate in (DEFAULT, STRICT):
        first, second = verdict(made(before), gate).word, verdict(made(before + more), gate).word
        assert WORDS.index(second) <= WORDS.index(first)


@example(ways=[(38, "gone")], at=39)  # a recognizer that is left out of a whole tier
@given(ways=SOME, at=st.integers(0, len(WHOLE) - 1))
def test_no_figure_can_be_taken_away_to_pass(ways: list[tuple[int, str]], at: int) -> None:
    """A gate that refused goes on refusing when any figure of the evaluation is removed."""
    figures = made(ways)
    fewer = figures[: at % max(len(figures), 1)] + figures[at % max(len(figures), 1) + 1 :]
    assert WORDS.index(verdict(fewer).word) <= WORDS.index(verdict(figures).word)


@pytest.mark.parametrize("at", range(len(WHOLE)), ids=lambda at: f"{WHOLE[at].scope}-{WHOLE[at].name}-{at}")
def test_every_figure_that_is_asked_for_is_missed(at: int) -> None:
    """Taken from whole evidence, each one costs the word, but those that no check reads."""
    unread = {"people", "faces", "changed", "reencoded", "held_back"} | (
        {"tar"} if WHOLE[at].of("tier") in {"T4", "T5"} else set()
    )
    said = verdict(WHOLE[:at] + WHOLE[at + 1 :])
    assert (said.word is Word.ANONYMOUS) == (WHOLE[at].name in unread)


@given(ways=SOME)
def test_strict_is_never_milder_than_default(ways: list[tuple[int, str]]) -> None:
    """Whatever strict lets through, default does."""
    figures = made(ways)
    assert WORDS.index(verdict(figures, STRICT).word) <= WORDS.index(verdict(figures, DEFAULT).word)
