"""Run one group of tests, as ``make unit`` and its like do, and keep its report for the summary of ``make test``."""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NO_TESTS_COLLECTED = 5


def main() -> int:
    """Run pytest over ``tests/NAME`` for each name; return its exit code, or 0 where there is nothing to run.

    With ``COVERAGE`` in the environment lines and branches are counted, as ``make coverage`` asks.
    """
    parser = argparse.ArgumentParser(description="Run one group of tests; ARGS in the environment goes to pytest.")
    parser.add_argument("names", nargs="+", help="folders under tests/; the first names the report")
    parser.add_argument("--doctest-modules", nargs="*", default=[], help="packages whose docstrings are examples")
    parser.add_argument("--reports", type=Path, default=ROOT / "build" / "reports")
    chosen = parser.parse_args()
    chosen.reports.mkdir(parents=True, exist_ok=True)
    report = chosen.reports / f"{chosen.names[0]}.xml"
    folders = [f"tests/{name}" for name in chosen.names if (ROOT / "tests" / name).is_dir()]
    doctests = ["--doctest-modules", *chosen.doctest_modules] if chosen.doctest_modules else []
    if not folders and not doctests:
        return nothing(chosen.names[0], report)
    command = [
        sys.executable,
        *(["-m", "coverage", "run"] if os.environ.get("COVERAGE") else []),
        "-m",
        "pytest",
        "-q",
        "--continue-on-collection-errors",
        f"--junit-xml={report}",
        *folders,
        *doctests,
    ]
    code = subprocess.run([*command, *shlex.split(os.environ.get("ARGS", ""))], cwd=ROOT, check=False).returncode
    return nothing(chosen.names[0], report) if code == NO_TESTS_COLLECTED else code


def nothing(name: str, report: Path) -> int:
    """Say that a group has no tests, here and in its report."""
    reason = f"no tests under tests/{name}"
    report.write_text(
        f'<testsuites><testsuite name="{name}"><testcase classname="tests" name="{name}">'
        f'<skipped message="{reason}"/></testcase></testsuite></testsuites>\n',
        encoding="utf-8",
    )
    sys.stdout.write(f"{reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
