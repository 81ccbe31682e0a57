"""``faceveil completion``: bash itself runs its script; every command and option is in all of them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from jobs import completion
from jobs.cli import COMMANDS
from jobs.completion import Command

BASH = shutil.which("bash")


@pytest.fixture(scope="module")
def found() -> list[Command]:
    """Return all commands, asked once: each of them is imported."""
    return completion.commands()


@pytest.fixture(scope="module")
def script(found: list[Command], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return bash's script as a file."""
    file = tmp_path_factory.mktemp("completion") / "faceveil"
    file.write_text(completion.bash(found), encoding="utf-8")
    return file


def completed(script: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of some words, after ``faceveil``."""
    assert BASH, "bash is not there"
    run = 'source "$1"; shift; COMP_WORDS=(faceveil "$@"); COMP_CWORD=$#; _faceveil; printf "%s\\n" "${COMPREPLY[@]}"'
    args = [BASH, "--norc", "-c", run, "bash", str(script), *words]
    return subprocess.run(args, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.skipif(BASH is None, reason="bash is not on this machine")
class TestBash:
    """What a person gets at the tabulator."""

    def test_nothing_typed_offers_every_command(self, script: Path) -> None:
        """And help."""
        assert completed(script, "") == [*COMMANDS, "help", "--help", "--version"]

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            pytest.param(["ev"], ["evaluate"], id="command"),
            pytest.param(["xyz"], [], id="unknown"),
            pytest.param(["sql", "lake", "--form"], ["--format"], id="option"),
            pytest.param(["sql", "lake", "--format", "j"], ["json", "jsonl"], id="choice"),
            pytest.param(["anonymize", "a", "b", "--policy", "p"], ["partner", "public"], id="policy"),
            pytest.param(["status", "lake", "--profile", ""], ["cluster", "gpu", "local", "s3"], id="profile"),
            pytest.param(["completion", ""], ["bash", "zsh", "fish"], id="words"),
            pytest.param(["jars", "f"], ["fetch"], id="subcommand"),
            pytest.param(["sql", ""], [], id="files"),
            pytest.param(["sql", "lake", "--out", ""], [], id="file-of-an-option"),
        ],
    )
    def test_a_word_is_completed(self, words: list[str], expected: list[str], script: Path) -> None:
        """By what the command's own parser takes; where nothing is offered, bash offers files."""
        assert sorted(completed(script, *words)) == sorted(expected)

    def test_the_script_is_bash(self, script: Path) -> None:
        """Without a word of complaint."""
        assert BASH
        done = subprocess.run([BASH, "-n", str(script)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_every_command_and_option_is_in_each_script(shell: str, found: list[Command]) -> None:
    """As the parsers have them today."""
    text = completion.SHELLS[shell](found)
    for one in found:
        assert one.name in text
        for option in one.options:
            assert all((name if shell != "fish" else name.lstrip("-")) in text for name in option.names)


def test_every_command_has_options_to_complete(found: list[Command]) -> None:
    """No command is without a parser of its own."""
    assert [one.name for one in found] == list(COMMANDS)
    assert all(any("--help" in option.names for option in one.options) for one in found)


def test_a_quote_in_a_help_text_ends_no_word(found: list[Command]) -> None:
    """Fish's lines have as many marks as they begin."""
    lines = completion.fish(found).splitlines()
    assert all(line.replace("\\'", "").count("'") % 2 == 0 for line in lines)
