"""What each method protects and what it leaves: every method at five strengths, against attackers who recognise.

Photos of people (a folder with one folder a person) are anonymized by the job's own code: half of a person's photos are
attacked, the other half is the attacker's gallery. He tries with clear photos (naive), with photos that he treated by
the same method and parameters under a key of his own (parrot), and after restoring faces by what he learned on people
who are not attacked (restored). Beside that: what a detector still finds, where the points are, how alike structure and
colours are, and the time a face.

Written: one CSV, one JSON, and one plot of privacy against utility with a line for each method. Rows are kept in
build/frontier: a run that was stopped goes on, and a method's change measures that method alone.
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

from anonymizer_udfs import detection, recognition
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.registry import roots
from benchmarks.frontiers import people, report, rows
from benchmarks.frontiers.rows import Setup, Store, Worker
from benchmarks.frontiers.strengths import STRENGTHS, Strength
from benchmarks.recalls.choice import LICENCE, ROOT, default_packs, default_photos, say
from jobs.models import cache_dir, registry

KEPT = ROOT / "build" / "frontier"
ARCFACE = "fixture/w_mbf128.onnx"
EXAMPLES = """examples:
  python -m benchmarks.frontier                              every method on LFW; about two hours on two cores
  python -m benchmarks.frontier --methods mask,pixelate      two of them
  python -m benchmarks.frontier --photos PEOPLE --local-dir ~/.insightface --arcface buffalo_l/w600k_r50.onnx

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
    out.add_argument("--photos", type=Path, default=default_photos(), help="one folder a person (default: LFW)")
    out.add_argument("--learn-from", type=Path, help="more photos of other people, for the attacker who restores")
    out.add_argument("--all-photos", action="store_true", help="all photos of everybody (default: two a person)")
    out.add_argument("--methods", default=",".join(STRENGTHS), metavar="A,B", help="(default: %(default)s)")
    out.add_argument("--local-dir", default=default_packs(), help="InsightFace's root folder, or one of packs")
    out.add_argument("--arcface", default=ARCFACE, metavar="PACK/FILE", help="second recognizer (default: %(default)s)")
    out.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    out.add_argument(
        "--out", type=Path, default=KEPT, help="folder (default: build/frontier; benchmarks/results keeps)"
    )
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, and write CSV, JSON and plot; return 0."""
    args = parser().parse_args(argv)
    cv2.setNumThreads(1)
    chosen = strengths(args.methods)
    setup = prepare(args)
    known = setup.people
    photos = f"{len(known.probes)} photos attacked, {len(known.gallery)} held, {len(known.learning)} learned from"
    say(f"{known.count} people: {photos}")
    found = measured(setup, [None, *chosen], args.jobs)
    report.write(args.out, found)
    print(report.table(found))
    say(f"written: {args.out}/frontier.csv, .json, .png")
    return 0


def strengths(names: str) -> list[Strength]:
    """Return the strengths of the methods named.

    Raises:
        SystemExit: a name that no method has.
    """
    for name in names.split(","):
        if name not in STRENGTHS:
            raise SystemExit(f"no method is called {name!r}; known: {', '.join(STRENGTHS)}")
    return [one for name in names.split(",") for one in STRENGTHS[name]]


def prepare(args: argparse.Namespace) -> Setup:
    """Return people and recognizers; a pack that is not there is said and left out."""
    if not args.photos.is_dir():
        raise SystemExit(f"no photos in {args.photos}: give --photos FOLDER, or set FACEVEIL_TEST_PHOTOS")
    runtime = Runtime(roots(cache_dir(), [args.local_dir] if args.local_dir else []))
    detector = detection.build("centerface")
    who = [recognition.build("dlib_resnet")]
    if args.local_dir:
        ref = registry().resolve(args.arcface, [LICENCE], [args.local_dir])
        who.append(recognition.build({"name": "arcface", "model": ref}))
    else:
        say("left out: arcface: no InsightFace pack; give --local-dir and --arcface")
    known = people.load(args.photos, args.learn_from, detector, runtime, KEPT)
    return Setup(known if args.all_photos else people.pairs_alone(known), tuple(who), detector, runtime)


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
