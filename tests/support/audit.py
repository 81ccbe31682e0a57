"""Known vulnerabilities of locked packages: pip-audit's answer, read so that a package nobody knows is no clean one.

``python -m tests.support.audit`` asks the Python index's own database for all of a driver's packages; 1: one is
vulnerable, or could not be asked for.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path(__file__).parents[2] / "requirements"


@dataclass(frozen=True)
class Audit:
    """What a database says of packages.

    Attributes:
        clean: those without a known vulnerability.
        vulnerable: the others, with the ids of what is known of them.
        unknown: those that could not be asked for.
    """

    clean: tuple[str, ...]
    vulnerable: dict[str, tuple[str, ...]]
    unknown: tuple[str, ...]


class AuditError(RuntimeError):
    """The audit itself failed."""


def audited(lock: Path, *options: str) -> Audit:
    """Return what a database says of the packages of a lock.

    Args:
        lock: with hashes; nothing is downloaded or installed.
        *options: further ones of ``pip-audit``, such as another database.

    Raises:
        AuditError: it gave no answer that can be read.
    """
    words = ["-m", "pip_audit", "--progress-spinner", "off", "--disable-pip", "--require-hashes"]
    done = subprocess.run(
        [sys.executable, *words, "-r", str(lock), "-f", "json", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    try:
        said = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        raise AuditError((done.stderr.strip().splitlines() or ["no answer"])[-1]) from error
    unknown = tuple(one["name"] for one in said if "skip_reason" in one)
    asked = {one["name"]: tuple(known["id"] for known in one["vulns"]) for one in said if "vulns" in one}
    bad = {name: ids for name, ids in asked.items() if ids}
    return Audit(tuple(name for name, ids in asked.items() if not ids), bad, unknown)


def main(argv: Sequence[str] | None = None) -> int:
    """Audit, print, and return 0 if every package is known and clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.audit", description=__doc__)
    parser.add_argument("--lock", default="driver", help="a list of requirements/ (default: %(default)s)")
    args, more = parser.parse_known_args(argv)
    try:
        found = audited(LOCKS / f"{args.lock}.lock", *more)
    except AuditError as error:
        sys.stderr.write(f"audit: no answer: {error}\n")
        return 1
    for name, ids in sorted(found.vulnerable.items()):
        sys.stdout.write(f"{name}: {', '.join(ids)}\n")
    told = f"{len(found.clean)} clean, {len(found.vulnerable)} vulnerable, {len(found.unknown)} could not be asked for"
    sys.stdout.write(f"{told}\n")
    return int(bool(found.vulnerable or found.unknown))


if __name__ == "__main__":
    sys.exit(main())
