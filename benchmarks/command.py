"""The whole command ``faceveil anonymize`` as a user runs it: a process of its own, and what it said and took."""

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.watch import Watch
from conf.settings import load
from jobs.options import DONE, HELD_BACK, Common
from jobs.vault import KeySource

ROOT = Path(__file__).resolve().parents[1]
QUIET = ("tracking.enabled=false", "tracking.sample_size=0", "tracking.contact_sheet_images=0")
"""No MLflow, and none of the sampled measurements that only it is for."""


@dataclass(frozen=True)
class Done:
    """A command that has ended.

    Attributes:
        seconds: from its start to its end.
        report: what it said with ``--json``.
        peak_mib: most resident memory of the largest process of each kind.
        cpu_seconds: processor time of each kind.
    """

    seconds: float
    report: dict[str, Any] = field(repr=False)
    peak_mib: dict[str, int]
    cpu_seconds: dict[str, float]

    @property
    def images_per_second(self) -> float:
        """Its steady speed: from the first batch's start to the last commit."""
        return float(self.report["figures"]["images_per_second"])


def key_file(folder: Path) -> Path:
    """Return a key file in a folder, made where it is not there."""
    path = folder / "key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(base64.b64encode(secrets.token_bytes(32)).decode() + "\n", encoding="utf-8")
    return path


def common(profile: str, key: Path, vault: str | None = None, overrides: tuple[str, ...] = QUIET) -> Common:
    """Return the options that a run in this process takes."""
    return Common(load(profile, overrides), vault, KeySource(file=str(key)))


def anonymize(
    source: Path, lake: Path, *options: str, quiet: tuple[str, ...] = QUIET, env: Mapping[str, str] | None = None
) -> Done:
    """Run the command to its end."""
    program = [sys.executable, "-m", "jobs.anonymize", str(source), str(lake)]
    return run([*program, *sets(quiet), *options], {"PYTHONPATH": str(ROOT), **(env or {})}, ROOT)


def sets(quiet: Sequence[str] = QUIET) -> list[str]:
    """Return settings as the words of a command line."""
    return [word for one in quiet for word in ("--set", one)]


def faceveil(job: str, *words: str) -> tuple[int, str]:
    """Run another command of faceveil to its end; return its exit code and what it said."""
    program = [sys.executable, "-m", "jobs.cli", job, *words]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT, check=False)
    return done.returncode, done.stdout


def run(line: list[str], env: Mapping[str, str], cwd: Path) -> Done:
    """Run a command line that ends in a run of the job, with ``--json`` added.

    Raises:
        SystemExit: it failed; says so with the end of what it wrote.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        [*line, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | dict(env), cwd=cwd
    )
    with Watch(process.pid) as watch:
        out, complaints = process.communicate()
    spent = time.perf_counter() - start
    if process.returncode not in (DONE, HELD_BACK):
        tail = (out + complaints).decode("utf-8", "replace")[-2000:]
        raise SystemExit(f"faceveil anonymize ended with {process.returncode}:\n{tail}")
    return Done(spent, answer(out.decode("utf-8")), watch.peaks(), watch.cpu())


def answer(text: str) -> dict[str, Any]:
    r"""Return the JSON that a command has printed last.

    ``spark-submit`` mixes what a driver in Python says on both of its streams.

    Examples:
        >>> answer('progress: {1}\n{\n  "a": 1\n}\nbye\n')
        {'a': 1}
    """
    start = text.rfind("\n{\n") + 1
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text, start)[0]
    return found
