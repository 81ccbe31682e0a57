"""``faceveil``: one command for all jobs; each is imported only when it is called, so that help is there at once."""

import importlib
import os
import sys
from collections.abc import Sequence

from anonymizer_udfs import __version__
from jobs.parsing import nearest

DONE, FAILED, BAD_ARGUMENTS = 0, 1, 2

GROUPS: dict[str, dict[str, str]] = {
    "work": {
        "anonymize": "anonymize every new or changed image of SOURCE into LAKE",
        "assess": "what is in SOURCE and how risky it is; nothing is written",
        "status": "what a lake holds, what is held back and why, and what to do next",
        "sql": "ask a lake in SQL, now or as it was",
        "lookup": "from a source file, an exported file or an id to its row, and back",
        "review": "a page on which people decide about images that wait for them",
        "export": "write the releasable images as plain files with a manifest",
        "evaluate": "attack what a lake holds, and measure who is found again",
        "release": "let a lake's images go out, if the gate allows it, with all papers",
        "releases": "what went out, and whether a newer verdict takes it back",
        "report": "what a lake may be called and why, as one page for people",
        "monitor": "whether a run's figures drifted from those before it",
        "verify": "whether a lake is what its runs made, and proof of one image",
        "keys": "show, rotate and destroy a lake's keys",
        "surrogates": "what k_same, latent and surrogate need, made in the vault",
        "keep": "whose faces stay visible, since they consented",
        "erase": "erase images for good: by source, id, or a photo of a person",
        "maintain": "put a lake's files together, and drop what is past its time",
        "demo": "anonymize a few real photos and show what came of it",
    },
    "machine": {
        "doctor": "what this machine has, what it lacks, and how to get it",
        "models": "list, fetch and check the models",
        "calibrate": "measure when two faces count as one person",
        "policy": "list, show and check policies, map data sets to them",
        "jars": "fetch and check the jars that Spark is lent",
        "completion": "print a script by which a shell completes all of this",
    },
}
COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}
"""Command to its line; the module of the same name in ``jobs`` has its ``main(argv)``."""

ELSEWHERE = {
    "plans": "policy plans",
    "methods": "policy methods",
    "policies": "policy list",
    "dashboard": "monitor LAKE --out dashboard.html",
    "query": "sql LAKE",
    "run": "anonymize SOURCE LAKE",
}
"""What people look for under a name of its own, and where it is."""

_END = """examples:
  faceveil demo
  faceveil assess ./photos
  faceveil anonymize ./photos ./lake
  faceveil status ./lake
  faceveil sql ./lake "SELECT method, COUNT(*) FROM faces GROUP BY method"
  faceveil review ./lake
  faceveil export ./lake ./anonymized
  faceveil evaluate ./lake --labels who.csv --gate default
  faceveil report ./lake --out report.html
  faceveil release ./lake ./v1 --name v1
  faceveil verify ./lake
  faceveil monitor ./lake --baseline last:7
  faceveil erase ./lake --source ./photos/one.jpg --dry-run
  faceveil lookup ./lake ./photos/one.jpg

exit codes:
  0  done
  1  failed, or another run has the lake
  2  bad arguments or settings
  3  done, and this run wrote review or quarantined rows
  4  a gate refused
  5  a check failed

see: faceveil COMMAND --help"""


def help_text() -> str:
    """Return what ``faceveil --help`` prints."""
    width = max(map(len, COMMANDS))
    lines = ["usage: faceveil [--version] [--help] COMMAND ...", "", "Anonymize archives of images, and prove it.", ""]
    for title, commands in GROUPS.items():
        lines += [f"{title}:", *(f"  {name:<{width}}  {text}" for name, text in commands.items()), ""]
    return "\n".join([*lines, _END]) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(words)
        sys.stdout.flush()
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else DONE if stop.code is None else FAILED
    except BrokenPipeError:
        # Whoever read our answer (head, less) has seen enough; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def _run(words: list[str]) -> int:
    if not words:
        sys.stdout.write(help_text())
        return BAD_ARGUMENTS
    if words[0] == "help":
        words = [*words[1:2], "--help"]
    if words[0] in COMMANDS:
        return _command(words[0], words[1:])
    if words[0] in {"-h", "--help"}:
        sys.stdout.write(help_text())
        return DONE
    if words[0] in {"-V", "--version"}:
        sys.stdout.write(f"faceveil {__version__}\n")
        return DONE
    return _unknown(words[0])


def _unknown(word: str) -> int:
    kind, known = ("option", ("--help", "--version")) if word.startswith("-") else ("command", tuple(COMMANDS))
    near = ELSEWHERE.get(word) or nearest(word, known)
    hint = f"did you mean {near!r}? " if near else ""
    sys.stderr.write(f"faceveil: unknown {kind} {word!r}; {hint}known: {', '.join(known)}\nsee: faceveil --help\n")
    return BAD_ARGUMENTS


def _command(name: str, rest: list[str]) -> int:
    try:
        module = importlib.import_module(f"jobs.{name}")
    except ModuleNotFoundError as error:
        missing = error.name or ""
        what = f"this build has no {name}" if missing == f"jobs.{name}" else f"the package {missing} is not installed"
        sys.stderr.write(f"faceveil {name}: {what}; to install all that jobs need: pip install 'faceveil[driver]'\n")
        return FAILED
    return int(module.main(rest))


if __name__ == "__main__":
    sys.exit(main())
