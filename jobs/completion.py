"""``faceveil completion``: scripts by which bash, zsh and fish complete commands, options and their choices.

They are made from the commands' own parsers, and need nothing of faceveil when a key is pressed: no shell waits.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from conf import policies
from conf.settings import profiles
from jobs import options
from jobs.cli import COMMANDS
from jobs.options import Parser

EXAMPLES = """  faceveil completion bash > ~/.local/share/bash-completion/completions/faceveil
  faceveil completion zsh > ~/.zfunc/_faceveil                      a folder of fpath, before compinit
  faceveil completion fish > ~/.config/fish/completions/faceveil.fish
  eval "$(faceveil completion bash)"                                for this shell alone

exit codes: 0 done, 2 bad arguments"""


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes:
        names: as typed, such as ``--json``.
        about: its help in one line.
        takes: whether a value follows.
        choices: the values there are; none where any will do, of which a shell offers files.
    """

    names: tuple[str, ...]
    about: str
    takes: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """One command: its options, and the words that its first argument may be, where these are known."""

    name: str
    about: str
    options: tuple[Option, ...]
    words: tuple[str, ...] = ()


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return the parser of a command."""
    made: argparse.ArgumentParser = importlib.import_module(f"jobs.{name}").parser()
    return made


def commands() -> list[Command]:
    """Return all commands as their parsers have them; takes seconds, since every command is imported."""
    known = {"--profile": tuple(profiles()), "--policy": tuple(policies.names())}
    return [_command(name, about, parser_of(name), known) for name, about in COMMANDS.items()]


def _command(name: str, about: str, parser: argparse.ArgumentParser, known: dict[str, tuple[str, ...]]) -> Command:
    shown = [one for one in parser._actions if one.help != argparse.SUPPRESS]  # noqa: SLF001 - argparse has no other way
    made = tuple(_option(one, known) for one in shown if one.option_strings)
    first = next((one for one in shown if not one.option_strings), None)
    return Command(name, about, made, tuple(map(str, first.choices or ())) if first else ())


def _option(action: argparse.Action, known: dict[str, tuple[str, ...]]) -> Option:
    choices = tuple(map(str, action.choices or known.get(action.option_strings[0], ())))
    about = " ".join((action.help or "").replace("%%", "%").split())
    return Option(tuple(action.option_strings), about, action.nargs != 0, choices)


def bash(found: Sequence[Command]) -> str:
    """Return the script for bash; where nothing fits, it offers files."""
    values = [
        f'        {"|".join(f"{one.name}:{name}" for name in option.names)}) words="{" ".join(option.choices)}" ;;'
        for one in found
        for option in one.options
        if option.takes
    ]
    dashed = [f'        {c.name}) words="{" ".join(n for o in c.options for n in o.names)}" ;;' for c in found]
    bare = [f'        {one.name}:2) words="{" ".join(one.words)}" ;;' for one in found if one.words]
    lines = [
        "# Completion of faceveil for bash, by: faceveil completion bash",
        "_faceveil() {",
        '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" cmd="${COMP_WORDS[1]}" words="" ',
        '    if [ "$COMP_CWORD" -eq 1 ]; then',
        f'        words="{" ".join(one.name for one in found)} help --help --version"',
        '    else case "$cmd:$prev" in',
        *values,
        '    *) case "$cur" in',
        '    -*) case "$cmd" in',
        *dashed,
        "        esac ;;",
        '    *) case "$cmd:$COMP_CWORD" in',
        *bare,
        "        esac ;;",
        "    esac ;; esac; fi",
        '    COMPREPLY=($(compgen -W "$words" -- "$cur"))',
        "}",
        "complete -o bashdefault -o default -F _faceveil faceveil",
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def zsh(found: Sequence[Command]) -> str:
    """Return the script for zsh, which runs bash's by its own emulation."""
    return f"#compdef faceveil\nautoload -U +X bashcompinit && bashcompinit\n{bash(found)}"


def fish(found: Sequence[Command]) -> str:
    """Return the script for fish, which also shows what each word means."""
    lines = ["# Completion of faceveil for fish, by: faceveil completion fish"]
    lines += [f"complete -c faceveil -f -n __fish_use_subcommand -a {c.name} -d {_quoted(c.about)}" for c in found]
    for one in found:
        seen = f"complete -c faceveil -n '__fish_seen_subcommand_from {one.name}'"
        if one.words:
            first = f"'__fish_seen_subcommand_from {one.name}; and test (count (commandline -opc)) -eq 2'"
            lines.append(f"complete -c faceveil -f -n {first} -a {_quoted(' '.join(one.words))}")
        for option in one.options:
            named = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
            value = (f" -x -a {_quoted(' '.join(option.choices))}" if option.choices else " -r") if option.takes else ""
            lines.append(f"{seen} {named}{value} -d {_quoted(option.about)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("completion", "Print a script by which a shell completes faceveil's commands and options.", EXAMPLES)
    made.add_argument("shell", choices=tuple(SHELLS), help="which shell")
    made.add_argument("--json", action="store_true", dest="as_json", help="print the script within JSON")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, print; return the exit code."""
    args = parser().parse_args(argv)
    script = SHELLS[args.shell](commands())
    options.answer({"shell": args.shell, "script": script}, script.splitlines(), as_json=args.as_json)
    return options.DONE


if __name__ == "__main__":
    sys.exit(main())
