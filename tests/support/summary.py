"""Say at the end of ``make test`` what failed and what was skipped and why, over all groups, in pytest's words."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

WIDTH = 100
OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}
"""From the report's element to the word for it."""


@dataclass(frozen=True)
class Case:
    """One test as a report tells it.

    Attributes:
        group: The report's name: ``unit``, ``spark``, ...
        test: Module and name.
        outcome: ``passed``, ``failed``, ``error`` or ``skipped``.
        reason: Why it was skipped; empty for the others.
        seconds: How long it took.
    """

    group: str
    test: str
    outcome: str
    reason: str
    seconds: float


def read(report: Path) -> Iterator[Case]:
    """Yield the cases of one JUnit report; a report that is no XML was cut short and counts as an error."""
    try:
        # These files are pytest's own, written a moment ago in this checkout.
        tree = ET.parse(report)  # noqa: S314 - not from outside
    except ET.ParseError:
        yield Case(report.stem, "the whole group", "error", "", 0.0)
        return
    for case in tree.iter("testcase"):
        found = {child.tag: child.get("message", "") for child in case}
        outcome = next((OUTCOMES[tag] for tag in OUTCOMES if tag in found), "passed")
        test = f"{case.get('classname', '')}::{case.get('name', '')}"
        yield Case(report.stem, test, outcome, found.get("skipped", ""), float(case.get("time", "0")))


def closing(cases: Sequence[Case], failed_groups: Sequence[str]) -> tuple[list[str], int]:
    """Return the lines to print, the last one as pytest closes a run, and the exit code.

    Args:
        cases: All tests of all groups.
        failed_groups: Names of the groups that ended with an error; one that has no failed case (a linter, a crash) is
            counted as one error.
    """
    blamed = {case.group for case in cases if case.outcome in {"failed", "error"}}
    crashed = [group for group in failed_groups if group not in blamed]
    count = Counter(case.outcome for case in cases)
    count["error"] += len(crashed)
    lines = [f"FAILED {case.group}: {case.test}" for case in cases if case.outcome in {"failed", "error"}]
    lines += [f"ERROR make {group}" for group in crashed]
    skipped: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.outcome == "skipped":
            skipped[case.reason].append(case)
    lines += [f"SKIPPED [{len(same)}] {same[0].group}: {reason}" for reason, same in sorted(skipped.items())]
    if not skipped:
        lines.append("nothing was skipped")
    words = {"failed": "failed", "passed": "passed", "skipped": "skipped", "error": "errors"}
    told = ", ".join(f"{count[outcome]} {word}" for outcome, word in words.items() if count[outcome]) or "no tests ran"
    lines.append(f" {told} in {sum(case.seconds for case in cases):.2f}s ".center(WIDTH, "="))
    return lines, 1 if count["failed"] or count["error"] else 0


def tell(reports: Path, failed_groups: Sequence[str]) -> int:
    """Print the summary of a folder of reports; return 1 when anything failed."""
    cases = [case for report in sorted(reports.glob("*.xml")) for case in read(report)]
    lines, code = closing(cases, failed_groups)
    sys.stdout.write("\n".join(["--- all groups", *lines, ""]))
    return code
