"""How commands read their command lines: argparse, whose refusals say what was expected, what came and what to do.

Needs the standard library alone, so that ``faceveil doctor`` runs where half of what jobs need is missing.
"""

import argparse
import difflib
import re
from collections.abc import Iterable
from typing import NoReturn

_BAD_ARGUMENTS = 2
_VALUE = re.compile(r"argument (\S+): invalid (\w+) value: (.*)")
_CHOICE = re.compile(r"argument (\S+): invalid choice: '([^']*)' \(choose from (.*)\)")
_KINDS = {"int": "a whole number", "float": "a number", "_seconds": "a number of seconds, 0 or more"}
"""What a person is told that an option takes, by the name of the function that reads it."""
_REQUIRED = "the following arguments are required: "
_UNKNOWN = "unrecognized arguments: "


def nearest(word: str, known: Iterable[str], *, alike: float = 0.6) -> str | None:
    """Return the known word that a misspelt one is nearest to, if any is; ``alike`` is the least likeness, 0 to 1.

    Examples:
        >>> nearest("cvs", ["table", "csv"]), nearest("zzz", ["table", "csv"])
        ('csv', None)
    """
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=alike)), None)


class Parser(argparse.ArgumentParser):
    """argparse, with the nearest right word where an option or a choice is misspelt."""

    def __init__(self, prog: str, description: str, examples: str) -> None:
        super().__init__(
            prog=f"faceveil {prog}".strip(),
            description=description,
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.command = prog

    def error(self, message: str) -> NoReturn:
        """Exit with 2 and one line that says what to do."""
        self.exit(_BAD_ARGUMENTS, f"{self.prog}: {self._told(message)}\nsee: {self.prog} --help\n")

    def _told(self, message: str) -> str:
        """Return argparse's message with what was expected in it."""
        if message.startswith(_REQUIRED):
            return self._missing(message.removeprefix(_REQUIRED).split(", "))
        if message.startswith(_UNKNOWN):
            return self._unknown(message.removeprefix(_UNKNOWN).split())
        if choice := _CHOICE.fullmatch(message):
            name, word, known = choice[1], choice[2], choice[3].replace("'", "").split(", ")
            near = nearest(word, known)
            hint = f"; did you mean {near}?" if near else ""
            return f"{name} takes one of {', '.join(known)}; got {word!r}{hint}"
        if value := _VALUE.fullmatch(message):
            return f"{value[1]} takes {_KINDS.get(value[2], 'another value')}, got {value[3]}"
        return message

    def _missing(self, names: list[str]) -> str:
        """Say what is missing; argparse counts words among it that may be left out."""
        optional = {str(one.metavar or one.dest) for one in self._actions if one.nargs == "*"}
        needed = [name for name in names if name not in optional]
        choices = [
            f"; {one.metavar or one.dest}: {', '.join(map(str, one.choices))}"
            for one in self._actions
            if one.choices and not one.option_strings and str(one.metavar or one.dest) in needed
        ]
        return f"{_REQUIRED}{', '.join(needed)}; expected: {self._form()}{''.join(choices)}"

    def _unknown(self, words: list[str]) -> str:
        """Say which options nobody knows; plain words, of which a shell makes many of a pattern, are only counted."""
        options = [word for word in words if word.startswith("-")]
        if not options:
            what = "1 more word" if len(words) == 1 else f"{len(words)} more words"
            return f"expected: {self._form()}; got {what}: put what has spaces, or a pattern such as *.jpg, in quotes"
        known = [text for action in self._actions for text in action.option_strings]
        near = nearest(options[0].split("=")[0], known)
        return f"{_UNKNOWN}{' '.join(options)}{f'; did you mean {near}?' if near else ''}"

    def _form(self) -> str:
        """Return the command with what it takes besides options, as it is typed."""
        words = [self.prog]
        for one in self._actions:
            name = str(one.metavar or one.dest)
            if one.option_strings:
                words += [f"{one.option_strings[0]} {name}"] if one.required else []
            else:
                words.append(f"[{name}]" if one.nargs in {"*", "?"} else name)
        return " ".join(words)
