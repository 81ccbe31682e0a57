"""The dispatcher: what it lists, what it starts, how fast it is and what it says of words that it does not know."""

import subprocess
import sys

import pytest

from anonymizer_udfs import __version__
from jobs import cli

HEAVY = ("numpy", "pyarrow", "pyspark", "deltalake", "mlflow", "pydantic", "rich", "cv2")


def test_no_word_prints_the_help_and_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is nothing to do: the help is printed and the exit code is 2."""
    assert cli.main([]) == 2
    assert capsys.readouterr().out == cli.help_text()


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]], ids=" ".join)
def test_help_lists_every_command_in_one_line_each(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help is an answer: it goes to stdout, has each command once with what it does, examples and exit codes."""
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    listing = [
        line.split()[0] for line in out.splitlines() if line.startswith("  ") and line.split()[0] in cli.COMMANDS
    ]
    assert listing == list(cli.COMMANDS)
    assert "exit codes:" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """One number, from one place."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"faceveil {__version__}\n"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("anonymise", "'anonymize'", id="spelling"),
        pytest.param("statsu", "'status'", id="typo"),
        pytest.param("--verison", "'--version'", id="option"),
        pytest.param("xyzzy", "known: anonymize", id="nothing-near"),
        pytest.param("plans", "'policy plans'", id="it-is-elsewhere"),
    ],
)
def test_an_unknown_word_is_answered_with_the_nearest(
    word: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped command does nothing, exits with 2 and names what was probably meant."""
    assert cli.main([word]) == 2
    told = capsys.readouterr()
    assert expected in told.err
    assert not told.out


def test_the_help_of_a_command_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """``faceveil help status`` is ``faceveil status --help``, and neither leaves by an exception."""
    assert cli.main(["help", "status"]) == 0
    told = capsys.readouterr().out
    assert cli.main(["status", "--help"]) == 0
    assert capsys.readouterr().out == told
    assert told.startswith("usage: faceveil status")


def test_bad_arguments_of_a_command_are_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """What argparse raises becomes a code."""
    assert cli.main(["status"]) == 2
    assert "LAKE" in capsys.readouterr().err


@pytest.mark.parametrize("name", [n for n in cli.COMMANDS if n != "demo"])
def test_every_command_is_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each listed command has a module that can say what it takes."""
    assert cli.main([name, "--help"]) == 0
    assert f"faceveil {name}" in capsys.readouterr().out


def test_what_is_elsewhere_is_there() -> None:
    """What is named for a word that is no command is a command."""
    assert {text.split()[0] for text in cli.ELSEWHERE.values()} <= cli.COMMANDS.keys()
    assert not cli.ELSEWHERE.keys() & cli.COMMANDS.keys()


def test_help_imports_nothing_heavy() -> None:
    """Help, version and a mistyped command are there at once: no library is loaded for them."""
    code = f"import sys; from jobs import cli; cli.main(['--help']); print([m for m in {HEAVY} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """``faceveil --help | head -1`` ends without a complaint."""
    code = "import sys; from jobs import cli; cli.help_text = lambda: 'x\\n' * 200_000; sys.exit(cli.main(['--help']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.readline()
        started.stdout.close()
        assert started.stderr.read() == b""
    assert started.returncode == 0
