"""``faceveil completion``: each shell that is there runs its script; every command and option is in all of them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from jobs import completion
from jobs.cli import COMMANDS
from jobs.completion import Command

BASH, FISH, ZSH = (shutil.which(shell) for shell in ("bash", "fish", "zsh"))
TYPED = [
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
]
"""Words after ``faceveil``, the last one as far as it is typed, and what is offered; where nothing is, files are."""
TERMINAL = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT=; autoload -U compinit; compinit -D -u; source $1; bindkey '^I' complete-word; echo RE''ADY"
zpty -r -m shell line '*READY*'
zpty -w -n shell "$2"$'\\t'
zpty -r -m shell line "*$3*" && echo offered
"""
"""A terminal in which zsh is typed at: to what $1 defines, $2 and the tabulator; it says whether $3 appears."""


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

    @pytest.mark.parametrize(("words", "expected"), TYPED)
    def test_a_word_is_completed(self, words: list[str], expected: list[str], script: Path) -> None:
        """By what the command's own parser takes; where nothing is offered, bash offers files."""
        assert sorted(completed(script, *words)) == sorted(expected)

    def test_the_script_is_bash(self, script: Path) -> None:
        """Without a word of complaint."""
        assert BASH
        done = subprocess.run([BASH, "-n", str(script)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(FISH is None, reason="fish is not on this machine")
@pytest.mark.parametrize(("words", "expected"), TYPED)
def test_fish_completes_a_word(words: list[str], expected: list[str], found: list[Command], tmp_path: Path) -> None:
    """With what it means behind it; files are offered where the others do."""
    (tmp_path / "faceveil.fish").write_text(completion.fish(found), encoding="utf-8")
    (tmp_path / "photos").mkdir()
    asked = f"source faceveil.fish; complete -C 'faceveil {' '.join(words)}'"
    args = [str(FISH), "--no-config", "-c", asked]
    done = subprocess.run(args, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
    files = [] if expected or words[-1] else ["faceveil.fish", "photos/"]
    assert sorted(offered) == sorted([*expected, *files])
    assert not expected or all("\t" in line for line in done.stdout.splitlines()) or words[0] in {"completion", "jars"}


@pytest.mark.skipif(ZSH is None, reason="zsh is not on this machine")
@pytest.mark.parametrize(
    ("words", "appears"),
    [("eva", "evaluate"), ("jars f", "fetch"), ("sql lake --form", "--format"), ("keys --profile cl", "cluster")],
)
def test_zsh_completes_a_word(words: str, appears: str, found: list[Command], tmp_path: Path) -> None:
    """At its own tabulator, in a terminal."""
    (tmp_path / "_faceveil").write_text(completion.zsh(found), encoding="utf-8")
    (tmp_path / "type.zsh").write_text(TERMINAL, encoding="utf-8")
    args = [str(ZSH), "-f", "type.zsh", str(tmp_path / "_faceveil"), f"faceveil {words}", appears]
    env = {"HOME": str(tmp_path), "TERM": "xterm", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(args, capture_output=True, text=True, check=False, cwd=tmp_path, env=env, timeout=60)
    assert done.stdout == "offered\n", done.stderr


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


def test_a_program_gets_the_same_script(capsys: pytest.CaptureFixture[str]) -> None:
    """Byte for byte what a shell would read."""
    assert completion.main(["fish"]) == 0
    plain = capsys.readouterr().out
    assert completion.main(["fish", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"shell": "fish", "script": plain}
