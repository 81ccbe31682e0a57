"""A verdict's words and numbers: what people read of it."""

import math
from dataclasses import replace

import pytest

from jobs.verdict import Check, Exposed, State, Verdict, Word, percent, worst_state

PASSED = Check("a", "a thing", State.PASSED, "a thing: is 0", 0.0, 0.0, 0.1, True, 0.95, 9, 9, "people")  # noqa: FBT003 - the field's own name is long
CONTEXT = replace(PASSED, name="c", context=True)


def verdict(*checks: Check, void: bool = False) -> Verdict:
    """Return a verdict of some checks."""
    return Verdict("default", {}, {}, 0.95, checks, void=void)


@pytest.mark.parametrize(
    ("checks", "void", "word", "code"),
    [
        pytest.param((), False, Word.OBFUSCATED, 4, id="no-checks"),
        pytest.param((PASSED,), False, Word.FACE_ANONYMIZED, 0, id="no-context-was-asked"),
        pytest.param((PASSED, CONTEXT), False, Word.ANONYMOUS, 0, id="all"),
        pytest.param(
            (PASSED, replace(CONTEXT, state=State.FAILED)), False, Word.FACE_ANONYMIZED, 0, id="context-failed"
        ),
        pytest.param((replace(PASSED, state=State.MISSING), CONTEXT), False, Word.OBFUSCATED, 4, id="missing"),
        pytest.param((PASSED, CONTEXT), True, Word.OBFUSCATED, 5, id="void"),
    ],
)
def test_the_word_and_the_exit_code(checks: tuple[Check, ...], void: bool, word: Word, code: int) -> None:
    """All checks but those of context make the middle word, all of them the strongest; void beats everything."""
    said = verdict(*checks, void=void)
    assert (said.word, said.exit_code) == (word, code)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (0.001, "0.100%"), (0.00599, "0.599%"), (0.48, "48.0%"), (1.0, "100.0%"), (math.nan, "no number")],
)
def test_shares_are_told_finely_where_limits_are_fine(share: float, text: str) -> None:
    """A bound of 0.599% is told from a limit of 0.6%."""
    assert percent(share) == text


def test_a_whole_is_as_bad_as_its_worst_part() -> None:
    """Failed goes before missing, and nothing at all is missing."""
    assert worst_state([State.PASSED, State.MISSING, State.FAILED]) is State.FAILED
    assert worst_state([State.PASSED, State.MISSING]) is State.MISSING
    assert worst_state([]) is State.MISSING


def test_a_bound_goes_to_its_own_end() -> None:
    """Of a smallest limit the lower bound was compared; what is no number is in no figure."""
    at_least = replace(PASSED, at_most=False, bound=0.49)
    assert (at_least.figure("g").low, at_least.figure("g").high) == (0.49, None)
    assert (PASSED.figure("g").low, PASSED.figure("g").high) == (None, 0.0)
    assert replace(PASSED, bound=math.nan).figure("g").high is None


def test_a_void_evaluation_counts_nobody() -> None:
    """What weak attackers did not reach says nothing of how many people are exposed."""
    said = replace(verdict(PASSED, void=True), exposed=Exposed(1000, 2.5, 6.0, 1.0))
    assert said.people() == ["How many people are exposed is not known: the evaluation is void."]
    assert "may be named" not in "".join(said.lines())


def test_people_are_counted_in_whole_sentences() -> None:
    """With and without an estimate beside the bound."""
    lines = Exposed(1000, 2.5, 6.0, 1.0, 400, None, 0.4).lines()
    people = "Of 1,000 people looked for by the best attacker of faces, at most 6.0 may be named; "
    assert lines[0] == f"{people}2.5 are expected to be, and a blind guess names 1.0."
    assert lines[1] == "Beside 400 treated faces, at most 0.4 may be visible."
    assert Exposed(1000, None, 6.0, 1.0).lines()[0] == f"{people}a blind guess names 1.0."
