"""What a command says of a command line that it cannot follow: what was expected, what came, what to do."""

from pathlib import Path

import pytest

from jobs import anonymize, completion
from jobs.cli import COMMANDS
from jobs.parsing import Parser
from tests.unit.jobs.cases import Told


def refused(name: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a command says of words that it refuses."""
    with pytest.raises(SystemExit) as caught:
        completion.parser_of(name).parse_args(words)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.endswith(f"\nsee: faceveil {name} --help\n")
    return err


@pytest.mark.parametrize(
    ("command", "words", "expected"),
    [
        pytest.param(
            "anonymize", [], "required: SOURCE, LAKE; expected: faceveil anonymize SOURCE LAKE\n", id="nothing"
        ),
        pytest.param("completion", [], "expected: faceveil completion shell; shell: bash, zsh, fish\n", id="no-choice"),
        pytest.param("policy", [], "required: command; expected: faceveil policy command [WORD]; ", id="may-be-left"),
        pytest.param(
            "keys", ["l", "shw"], "takes one of show, rotate, destroy; got 'shw'; did you mean show?", id="choice"
        ),
        pytest.param("sql", ["l", "s", "--format", "cvs"], "got 'cvs'; did you mean csv?", id="value-of-an-option"),
        pytest.param("sql", ["l", "s", "--format", "zzz"], "got 'zzz'\n", id="nothing-near"),
        pytest.param(
            "anonymize", ["s", "l", "--limit", "few"], "--limit takes a whole number, got 'few'\n", id="number"
        ),
        pytest.param(
            "maintain", ["l", "--wait", "-1"], "--wait takes a number of seconds, 0 or more, got", id="seconds"
        ),
        pytest.param("doctor", ["--jsn"], "unrecognized arguments: --jsn; did you mean --json?\n", id="option"),
        pytest.param("models", ["list", "--js"], "unrecognized arguments: --js", id="no-abbreviations"),
    ],
)
def test_it_says_what_was_expected(
    command: str, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that says it, one that says where to read more, and exit code 2."""
    assert expected in refused(command, words, capsys)


def test_words_too_many_are_counted_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """A pattern that the shell filled in may be a folder of names: the answer says how to quote it, and no name."""
    names = [f"photos/jane-doe-{i}.jpg" for i in range(9)]
    said = refused("anonymize", [*names, "lake"], capsys)
    assert "expected: faceveil anonymize SOURCE LAKE; got 8 more words: put what" in said
    assert "jane-doe" not in said


def test_a_misspelt_reason_is_answered_with_the_nearest(tmp_path: Path, told: Told) -> None:
    """Of a list as long as that of the reasons most of all."""
    said = told(anonymize, tmp_path, tmp_path / "lake", "--retry", "unreadabel", code=2)
    assert said.endswith("; got 'unreadabel'; did you mean unreadable?\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_what_people_expect_of_each(name: str) -> None:
    """The same parser with examples and exit codes, and an answer as JSON."""
    made = completion.parser_of(name)
    assert isinstance(made, Parser)
    assert (made.epilog or "").startswith("examples:\n")
    assert "exit codes: 0 " in (made.epilog or "")
    words = [word for action in made._actions for word in action.option_strings]
    assert "--json" in words
