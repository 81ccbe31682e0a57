"""``faceveil doctor``: what this machine has, what it lacks, and how to get it.

Starts no Spark and loads no model; runs in a second, and also where half of what is needed is missing: each check that
itself fails becomes a row.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from anonymizer_udfs.errors import FaceveilError
from jobs import health
from jobs.finding import Finding, State
from jobs.parsing import Parser

EXAMPLES = """  faceveil doctor
  faceveil doctor --source ./photos --lake ./lake                 may this job read and write what it has to?
  faceveil doctor --source s3a://raw/photos --lake s3a://open/lake --vault s3a://vault/lake --profile s3
  faceveil doctor --set tracking.uri=http://mlflow:5000           does MLflow answer?

exit codes: 0 all is well or only warned of, 2 bad arguments, 5 a check failed"""


def diagnose(s3: str | None = None, places: argparse.Namespace | None = None) -> list[Finding]:
    """Return one finding for each check.

    Args:
        s3: An S3 endpoint to look at as well.
        places: What the command line says of source, lake, vault, key and settings, to be tried as well.
    """
    findings = []
    for name, check in itertools.chain(health.checks(s3), _places(places)):
        try:
            findings.append(check())
        except Exception as error:  # noqa: BLE001 - whatever is broken here is what the command is asked to find
            what = f"could not be checked: {type(error).__name__}: {error}".splitlines()[0]
            findings.append(Finding(name, State.FAIL, what, "run: make setup"))
    return findings


def _places(told: argparse.Namespace | None) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """Yield the checks of a job's own places; what cannot even be asked for is a finding, too."""
    if told is None:
        return
    try:
        from jobs import permissions  # noqa: PLC0415 - needs packages whose lack is a finding of its own

        yield from permissions.checks(told)
    except (ImportError, FaceveilError) as error:
        message = f"{error}"
        yield "places", lambda: Finding("places", State.FAIL, message, "see: faceveil doctor --help")


def table(findings: Sequence[Finding]) -> str:
    """Return the findings as lines of plain text: state, name and detail in columns, the remedy below its row."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<4}  {finding.name:<{width}}  {finding.detail}")
        if finding.remedy:
            lines.append(f"{'':<4}  {'':<{width}}  -> {finding.remedy}")
    count = {state: sum(finding.state is state for finding in findings) for state in State}
    told = ", ".join(f"{number} {state}" for state, number in count.items() if number)
    return "\n".join([*lines, "", told])


def parser() -> Parser:
    """Return the command's parser; it needs nothing that a half-installed machine may lack."""
    made = Parser(
        "doctor", "Look whether jobs can run on this machine, and whether one may do what it has to.", EXAMPLES
    )
    add = made.add_argument
    add("--json", action="store_true", dest="as_json", help="write one JSON array instead of a table")
    add("--s3", metavar="ENDPOINT", help="also look whether an S3 server answers, as http://host:port")
    add("--source", metavar="SOURCE", help="also list it and read its first image")
    add(
        "--lake",
        metavar="LAKE",
        help="also write and remove a small file in lake and vault, and try the key",
    )
    add("--vault", metavar="URI", help="the lake's vault (default LAKE.vault)")
    add("--profile", default="local", metavar="NAME", help="settings, as for the job itself")
    add("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help="one setting")
    for kind in ("", "noise-", "signing-"):
        for name in ("file", "env", "command"):
            add(f"--{kind}key-{name}", metavar=name.upper(), help="as for the job itself")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``faceveil doctor``; return 0, or 5 when a check failed (a warning does not count)."""
    chosen = parser().parse_args(argv)
    findings = diagnose(chosen.s3, chosen if chosen.source or chosen.lake or chosen.overrides else None)
    sys.stdout.write(
        (json.dumps([asdict(row) for row in findings], indent=1) if chosen.as_json else table(findings)) + "\n"
    )
    return 5 if any(finding.state is State.FAIL for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
