"""``faceveil doctor``: what this machine has, what it lacks, and how to get it.

Starts no Spark and loads no model; runs in a second, and also where half of what is needed is missing: each check that
itself fails becomes a row.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from jobs import health
from jobs.health import Finding, State


def diagnose(s3: str | None = None) -> list[Finding]:
    """Return one finding for each check.

    Args:
        s3: An S3 endpoint to look at as well.
    """
    findings = []
    for name, check in health.checks(s3):
        try:
            findings.append(check())
        except Exception as error:  # noqa: BLE001 - whatever is broken here is what the command is asked to find
            what = f"could not be checked: {type(error).__name__}: {error}".splitlines()[0]
            findings.append(Finding(name, State.FAIL, what, "run: make setup"))
    return findings


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


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``faceveil doctor``; return 0, or 5 when a check failed (a warning does not count)."""
    parser = argparse.ArgumentParser(prog="faceveil doctor", description="Look whether jobs can run on this machine.")
    parser.add_argument("--json", action="store_true", help="write one JSON array instead of a table")
    parser.add_argument("--s3", metavar="ENDPOINT", help="also look whether an S3 server answers, as http://host:port")
    chosen = parser.parse_args(argv)
    findings = diagnose(chosen.s3)
    sys.stdout.write(
        (json.dumps([asdict(row) for row in findings], indent=1) if chosen.json else table(findings)) + "\n"
    )
    return 5 if any(finding.state is State.FAIL for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
