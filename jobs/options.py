"""What all commands have in common: the options, how they become checked values, and how an error reaches a person."""

import argparse
import getpass
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.sources.base import Storage
from conf import gates
from conf.gates import Gate, GateError
from conf.settings import Settings, SettingsError
from conf.settings import load as load_settings
from jobs import logs, stores
from jobs.errors import JobError, UsageError
from jobs.keysource import KeySource
from jobs.parsing import Parser

__all__ = ["Common", "Parser", "add_common", "add_lake", "add_wait", "answer", "common", "guarded", "ran", "who"]

DONE, FAILED, BAD_ARGUMENTS, HELD_BACK, REFUSED, CHECK_FAILED = range(6)


@dataclass(frozen=True)
class Common:
    """What every command was told.

    Attributes:
        settings: profile and ``--set``, checked.
        vault: what ``--vault`` said.
        key: where the key of the ids comes from.
        as_json: whether the answer is JSON.
        noise_key, signing_key: where the keys of the noise and of the ledger's signatures come from.
    """

    settings: Settings
    vault: str | None = field(repr=False)
    key: KeySource = field(repr=False)
    as_json: bool = False
    noise_key: KeySource = field(default_factory=KeySource, repr=False)
    signing_key: KeySource = field(default_factory=KeySource, repr=False)

    @property
    def storage(self) -> Storage:
        """How object stores are reached; executors have another environment, so what ours says goes with it."""
        chosen = self.settings.storage
        typed = Storage(chosen.endpoint_url, chosen.region, chosen.anonymous)
        named = chosen.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        return replace(typed, endpoint_url=stores.endpoint(typed), region=named)


def add_lake(parser: argparse.ArgumentParser) -> None:
    """Add the lake, as most commands take it."""
    parser.add_argument("lake", metavar="LAKE", help="where the tables lie: a path, an s3a:// URI, or catalog.schema")


def add_wait(parser: argparse.ArgumentParser) -> None:
    """Add how long a command that writes waits for another one."""
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="wait so long for another run that has the lake (default: end at once)",
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError
    return value


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that all commands share."""
    group = parser.add_argument_group("common options")
    group.add_argument("--profile", default="local", metavar="NAME", help="settings: local, cluster, gpu, s3 or a file")
    group.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help="one setting")
    group.add_argument("--json", action="store_true", dest="as_json", help="print the answer as JSON")
    group.add_argument(
        "--vault", metavar="URI", help="where names and key lie (default LAKE.vault; 'none' for no vault)"
    )
    group.add_argument("--key-file", metavar="FILE", help="32 random bytes in base64 (default: made in the vault)")
    group.add_argument("--key-env", metavar="NAME", help="environment variable that holds the key")
    group.add_argument("--key-command", metavar="COMMAND", help="command that prints the key, such as a KMS client")
    for name, what in (("noise", "the noise"), ("signing", "the ledger's signatures")):
        text = f"the key of {what}, likewise from a file, a variable or a command (default: in the vault)"
        group.add_argument(f"--{name}-key-file", metavar="FILE", help=text)
        group.add_argument(f"--{name}-key-env", metavar="NAME", help=argparse.SUPPRESS)
        group.add_argument(f"--{name}-key-command", metavar="COMMAND", help=argparse.SUPPRESS)


def common(args: argparse.Namespace) -> Common:
    """Return the checked values of the common options.

    Raises:
        UsageError: for settings that cannot be.
    """
    try:
        settings = load_settings(args.profile, args.overrides)
    except SettingsError as error:
        raise UsageError(str(error)) from error
    key = KeySource(args.key_file, args.key_env, args.key_command)
    noise = KeySource(args.noise_key_file, args.noise_key_env, args.noise_key_command, "--noise-key")
    signing = KeySource(args.signing_key_file, args.signing_key_env, args.signing_key_command, "--signing-key")
    return Common(settings, args.vault, key, args.as_json, noise, signing)


def ran(parser: Parser, work: Callable[[argparse.Namespace, Common], int], argv: Sequence[str] | None) -> int:
    """Parse a command line that has the common options, do its work, and return the exit code, as :func:`guarded`."""
    args = parser.parse_args(argv)

    def told() -> int:
        given = common(args)
        logs.configure(given.settings.logs)
        clock = time.monotonic()
        logs.event("command", {"command": parser.command})
        code = work(args, given)
        seconds = round(time.monotonic() - clock, 3)
        logs.event("done", {"command": parser.command, "exit_code": code, "seconds": seconds})
        return code

    return guarded(parser.command, told)


def guarded(command: str, work: Callable[[], int]) -> int:
    """Run a command; print what went wrong as one line and return its exit code."""
    try:
        return work()
    except FaceveilError as error:
        sys.stderr.write(f"faceveil {command}: {error}\n")
        usual = BAD_ARGUMENTS if isinstance(error, ValueError) else FAILED
        code = error.exit_code if isinstance(error, JobError) else usual
        logs.failed(command, error, code)
        return code
    except KeyboardInterrupt:
        sys.stderr.write(f"faceveil {command}: interrupted; run it again to go on where it stopped\n")
        return FAILED


def who(given: str | None) -> str:
    """Return by whom something is done: as was typed, else the system's user.

    Raises:
        UsageError: nothing was typed, and the system knows no name.
    """
    try:
        name = getpass.getuser() if given is None else given.strip()
    except (KeyError, OSError) as error:
        raise UsageError("--by NAME is needed: this system has no name for who runs it") from error
    if not name:
        raise UsageError("--by: expected a name, got nothing")
    return name


def gate(word: str) -> Gate:
    """Return the gate that ``--gate`` names: one that ships, or a file.

    Raises:
        UsageError: there is none, or it cannot be.
    """
    try:
        return gates.load(word)
    except GateError as error:
        raise UsageError(f"--gate: {error}") from error


def answer(value: dict[str, Any] | list[Any], lines: Sequence[str], *, as_json: bool) -> None:
    """Print the answer of a command: JSON for programs, lines for people."""
    text = json.dumps(value, indent=2, default=str) if as_json else "\n".join(lines)
    sys.stdout.write(f"{text}\n")
