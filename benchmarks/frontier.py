"""What each method protects and what it leaves: every method at five strengths, against attackers who recognise.

Photos of people (a folder with one folder a person) are anonymized by the job's own code: half of a person's photos are
attacked, the other half is the attacker's gallery. He tries with clear photos (naive), with photos that he treated by
the same method and parameters under a key of his own (parrot), after restoring faces by what he learned on people who
are not attacked (restored), and by coarse colours of the whole picture, without any face (colours). Beside that: what a
detector still finds, where the points are, which way head and eyes look, what eyes and mouth do, how alike structure
and colours are, and the time a face. ``k_same`` is given groups, ``latent`` a space and ``surrogate`` donors, made of
the same photos; ``swap`` needs a network (``--method '{name: swap, model: PACK/FILE}'``).

Written: one CSV, one JSON, and one plot of privacy against utility with a line for each method. Rows are kept in
build/frontier: a run that was stopped goes on, and a method's change measures that method alone. ``--method`` measures
any method as a policy gives it, and ``--parts`` what each part of a face tells: all else is clear then.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy's BLAS starts its threads

import cv2

from benchmarks.frontiers import choice, report, rows
from benchmarks.frontiers.rows import Setup, Worker
from benchmarks.frontiers.store import Store
from benchmarks.frontiers.strengths import STRENGTHS, Strength
from benchmarks.recalls.choice import ROOT, default_packs, default_photos, say

KEPT = ROOT / "build" / "frontier"
ARCFACE = "fixture/w_mbf128.onnx"
EXAMPLES = """examples:
  python -m benchmarks.frontier                              every method on LFW; two hours on one core
  python -m benchmarks.frontier --methods mask,pixelate      two of them
  python -m benchmarks.frontier PHOTOS --method '{name: warp, amplitude: 0.1}' --region-ratio 1.6
  python -m benchmarks.frontier PEOPLE --local-dir ~/.insightface --arcface buffalo_l/w600k_r50.onnx
  python -m benchmarks.frontier --landmarker '{name: insight_3d68, model: buffalo_l/1k3d68.onnx}' --local-dir DIR

Photos of people stay out of the repository; the CSV and the plot hold figures alone.
"""


def parser() -> argparse.ArgumentParser:
    """Return what is understood."""
    out = argparse.ArgumentParser(
        prog="python -m benchmarks.frontier",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = out.add_argument
    add("photos", type=Path, nargs="?", default=default_photos(), help="one folder a person (default: LFW)")
    add("--learn-from", type=Path, metavar="PHOTOS", help="more photos, for the attacker who restores")
    add("--all-photos", action="store_true", help="all photos of everybody (default: two a person)")
    add("--people", type=int, metavar="N", help="the first so many people alone, for a trial")
    add("--methods", metavar="A,B", help=f"(default: all, {','.join(STRENGTHS)})")
    add("--method", action="append", default=[], metavar="WISH", help="one as a policy gives it, in YAML; repeat it")
    add("--region-ratio", type=float, default=1.6, help="the region of --method, in detector's boxes (%(default)s)")
    add("--parts", action="store_true", help="mask each part of the face alone")
    add("--local-dir", default=default_packs(), help="InsightFace's root folder, or one of packs")
    add("--arcface", default=ARCFACE, metavar="PACK/FILE", help="second recognizer (default: %(default)s)")
    add("--landmarker", default="dlib68", metavar="WISH", help="who finds 68 points, or none (default: %(default)s)")
    add("--accept-licence", action="append", default=[], metavar="NAME", help="of a model that a method names")
    add("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    add("--out", type=Path, default=KEPT, help="folder (default: build/frontier; benchmarks/results keeps)")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and write CSV, JSON and plot; return 0."""
    args = parser().parse_args(argv)
    cv2.setNumThreads(1)
    setup, made = choice.setup(args, KEPT)
    chosen = choice.strengths(args, made)
    known = setup.people
    photos = f"{len(known.probes)} photos attacked, {len(known.gallery)} held, {len(known.learning)} learned from"
    say(f"{known.count} people: {photos}")
    found = measured(setup, [None, *chosen], args.jobs)
    report.write(args.out, found)
    print(report.table(found))
    say(f"written: {args.out}/frontier.csv, .json, .png")
    return 0


def measured(setup: Setup, wanted: Sequence[Strength | None], processes: int) -> list[dict[str, Any]]:
    """Return a row for each strength, in order; says how far it is."""
    store, digest = Store(KEPT / "rows.jsonl"), setup.digest()
    keys = {rows.key_of(one, digest): one for one in wanted}
    missing = [key for key in keys if store.get(key) is None]
    spawn, start = multiprocessing.get_context("spawn"), time.monotonic()
    if missing:
        with ProcessPoolExecutor(max(1, processes), spawn, _start, (setup,)) as pool:
            waiting = {pool.submit(_row, keys[key]): key for key in missing}
            for done, future in enumerate(as_completed(waiting), 1):
                store.put(waiting[future], future.result())
                spent = time.monotonic() - start
                say(f"{done} of {len(missing)} rows, {spent / done * (len(missing) - done) / 60:.0f} min left")
    return [row for key in keys if (row := store.get(key)) is not None]


_worker: list[Worker] = []


def _start(setup: Setup) -> None:
    cv2.setNumThreads(1)
    _worker[:] = [Worker(setup)]


def _row(strength: Strength | None) -> dict[str, Any]:
    return _worker[0].row(strength)


if __name__ == "__main__":
    sys.exit(main())
