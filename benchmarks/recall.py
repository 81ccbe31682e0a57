"""Recall of face finding, with ground truth by construction, for our plans and two peers.

Faces of portraits are cut out, given drawn bodies, and put into drawn and textured scenes at known places: one factor
at a time from a plain scene (height, roll, EXIF orientation, border cuts, occlusion, darkness, blur, JPEG quality,
monochrome, crowds, frames filled by a face, size of the scene) and 200 random combinations. Each scene is encoded, and
every finder reads the file: our plans through our own codecs, deface 1.5.0 and InsightFace's FaceAnalysis at 640 as
their users run them.

Printed for each cell: recall with its 95% interval, and false regions an image; then the figures that have to hold,
in how many cells ours is ahead of, equal to or behind each peer, and what a plan costs. What was found is kept in
build/recall: a run that was stopped goes on, and a plan's change measures that plan alone.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy's BLAS starts its threads

import cv2

from benchmarks.recalls import choice, cost, headline, labelled, measure, report, results, scenes, sheet
from benchmarks.recalls.cells import Cell
from benchmarks.recalls.choice import FACES, ROOT, say
from benchmarks.recalls.finders import Finder, PlanFinder
from benchmarks.recalls.matching import MIN_IOU
from benchmarks.recalls.results import Comparison, Result

KEPT = ROOT / "build" / "recall"
PAIRS = (
    ("balanced", "deface"),
    ("balanced", "insightface"),
    ("thorough", "deface"),
    ("thorough", "insightface"),
    ("thorough", "balanced"),
)
"""Who should be worse than whom in no cell."""
EXAMPLES = """examples:
  python -m benchmarks.recall                          everything; hours on two cores, and it goes on where it stopped
  python -m benchmarks.recall --random-faces 0         without the random combinations
  python -m benchmarks.recall --cells height,roll --faces-a-cell 60 --cost-scenes 0 --finders balanced,deface
  python -m benchmarks.recall --cells 'random-01*,crowd' --show build/recall/sheet.jpg
  python -m benchmarks.recall --labelled WIDER_val/images --format wider --annotations wider_face_val_bbx_gt.txt

Photos of people, scenes made of them and sheets that show them stay out of the repository.
"""


def parser() -> argparse.ArgumentParser:
    """Return what is understood."""
    out = argparse.ArgumentParser(
        prog="python -m benchmarks.recall",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = out.add_argument_group("what is measured")
    what.add_argument("--cells", default="", metavar="A,B", help="factors or cells, * for any part (default: all)")
    what.add_argument(
        "--faces-a-cell", type=_count, default=FACES, metavar="N", help="at least so many faces a cell (default: 300)"
    )
    what.add_argument(
        "--random-faces", type=_count, metavar="N", help="the same for a random combination (default: --faces-a-cell)"
    )
    what.add_argument("--photos", type=Path, default=choice.default_photos(), help="folder of portraits (default: LFW)")
    what.add_argument("--seed", type=_count, default=scenes.SEED, help="of all scenes")
    what.add_argument("--iou", type=float, default=MIN_IOU, help="overlap that finds a face (default: %(default)s)")
    what.add_argument("--show", type=Path, metavar="FILE", help="only write a sheet of one scene a cell, .jpg or .png")
    who = out.add_argument_group("who is measured")
    who.add_argument(
        "--finders",
        default="fast,balanced,thorough,deface,insightface",
        metavar="A,B",
        help="plans, deface, insightface, pass-640 (default: %(default)s)",
    )
    who.add_argument(
        "--policy",
        help="whose detectors, bands and fusion: a name or a .yaml file (default: each plan's own, as shipped)",
    )
    who.add_argument(
        "--peer-python",
        default=str(ROOT / "build" / "bench-venv" / "bin" / "python"),
        help="Python of an environment with deface 1.5.0 (default: the one that make bench makes)",
    )
    who.add_argument("--local-dir", default=choice.default_packs(), help="InsightFace's root folder, or one of packs")
    who.add_argument("--pack", default="fixture", help="the InsightFace pack (default: %(default)s)")
    how = out.add_argument_group("how")
    how.add_argument("--jobs", type=_count, default=2, help="processes (default: %(default)s)")
    how.add_argument(
        "--cost-scenes", type=_count, default=120, metavar="N", help="scenes for the cost; 0: none (default: 120)"
    )
    how.add_argument("--out", type=Path, default=KEPT / "recall.json", help="JSON (default: build/recall/recall.json)")
    photos = out.add_argument_group("labelled photos instead of scenes")
    photos.add_argument("--labelled", type=Path, metavar="FOLDER", help="the folder of photos")
    photos.add_argument("--format", choices=sorted(labelled.FORMATS), help="of the annotations")
    photos.add_argument("--annotations", type=Path, metavar="FILE", help="wider_face_*_bbx_gt.txt or COCO's JSON")
    return out


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print it and keep it; return 0."""
    args = parser().parse_args(argv)
    cv2.setNumThreads(1)
    if args.labelled:
        if not args.format or not args.annotations:
            parser().error("--labelled needs --format and --annotations")
        figures = on_labelled(args)
    else:
        chosen = choice.wanted(
            args.cells, args.faces_a_cell, args.faces_a_cell if args.random_faces is None else args.random_faces
        )
        if args.show:
            return show(args, [cell for cell, _ in chosen])
        figures = on_scenes(args, chosen)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(report.text(figures), encoding="utf-8")
    say(f"written: {args.out}")
    return 0


def show(args: argparse.Namespace, cells: Sequence[Cell]) -> int:
    """Write a sheet with the first scene of each cell; return 0."""
    usable = choice.people(args, KEPT).usable
    first = ((cell.name, next(scenes.scenes(cell, usable, 1, args.seed))) for cell in cells)
    say(f"{sheet.write(args.show, first)} scenes in {args.show}")
    return 0


def on_scenes(args: argparse.Namespace, chosen: Sequence[tuple[Cell, int]]) -> dict[str, Any]:
    """Measure on composed scenes, print, and return the figures."""
    portraits, finders = choice.people(args, KEPT), choice.finders(args)
    names = [one.name for one in finders]
    setup = measure.Setup(portraits.usable, tuple(finders), KEPT, args.seed)
    work = [one for cell, faces in chosen for one in measure.composed(cell, setup, faces)]
    start = time.monotonic()
    looked = measure.measure(work, setup, max(1, args.jobs))
    cells = results.judge(looked, names, {cell.name: cell.factor for cell, _ in chosen}, args.iou)
    comparisons = [
        one
        for ours, theirs in PAIRS
        if {ours, theirs} <= set(names)
        for one in results.compare([cell for cell in cells if cell.factor != "extra"], ours, theirs)
    ]
    spent = _cost(args, setup, work)
    rows = [*headline.recall_rows(cells, names), *headline.false_rows(cells, names)]
    rows += headline.cost_rows(spent.ratios, spent.total) if spent else []
    _print(cells, names, comparisons, rows, spent)
    return about(args, finders, time.monotonic() - start) | {
        "portraits": {"used": len(portraits.usable), "left_out": portraits.left_out, "sha256": portraits.sha256},
        "seed": args.seed,
        "headline": [asdict(row) | {"met": row.met, "enough": row.enough} for row in rows],
        "worse": [asdict(one) for one in comparisons if one.worse],
        "compared": report.ahead_json(comparisons),
        "cost": asdict(spent) if spent else None,
        "asks": {cell.name: choice.asks(cell) for cell, _ in chosen},
        "cells": report.as_json(cells, names),
    }


def _cost(args: argparse.Namespace, setup: measure.Setup, work: Sequence[measure.Composed]) -> cost.Cost | None:
    """Return the cost over a mix: the first scene of each cell, evenly thinned out; all cells count alike."""
    mine = [one for one in setup.finders if isinstance(one, PlanFinder)]
    firsts = [one for one in work if one.layout.index == 0]
    if not mine or not args.cost_scenes:
        return None
    step = max(1, len(firsts) / args.cost_scenes)
    mix = [firsts[int(i * step)] for i in range(int(len(firsts) / step))]
    say(f"measuring the cost on {len(mix)} scenes")
    groups = ("random" if one.of.factor == "random" else "empty" if not one.of.faces else "grid" for one in mix)
    files = [(group, one.scene(setup).data) for group, one in zip(groups, mix, strict=True)]
    return cost.measure(choice.yardstick(args), mine, files)


def _print(
    cells: Sequence[Result],
    names: Sequence[str],
    comparisons: Sequence[Comparison],
    rows: Sequence[headline.Row],
    spent: cost.Cost | None,
) -> None:
    def lines() -> Iterator[str]:
        yield from report.table(cells, names, comparisons)
        if "balanced" in names:
            yield from report.worst(cells, "balanced", names)
            yield ""
        yield from report.headline(rows)
        yield ""
        yield from report.ahead(comparisons)
        if spent:
            yield ""
            yield from report.costs(spent)

    print("\n".join(lines()))


def on_labelled(args: argparse.Namespace) -> dict[str, Any]:
    """Measure on labelled photos, print, and return the figures."""
    finders = choice.finders(args)
    names = [one.name for one in finders]
    photos = labelled.read(args.format, args.labelled, args.annotations)
    start = time.monotonic()
    looked = measure.measure(photos, measure.Setup((), tuple(finders), KEPT), max(1, args.jobs))
    bands = labelled.judge(looked, names, args.iou)
    comparisons = [
        one for ours, theirs in PAIRS if {ours, theirs} <= set(names) for one in results.compare(bands, ours, theirs)
    ]
    print("\n".join([*report.table(bands, names, comparisons), *report.ahead(comparisons)]))
    return about(args, finders, time.monotonic() - start) | {
        "format": args.format,
        "compared": report.ahead_json(comparisons),
        "bands": report.as_json(bands, names),
    }


def about(args: argparse.Namespace, finders: Sequence[Finder], seconds: float) -> dict[str, Any]:
    """Return what the figures were measured with; no path."""
    return {
        "machine": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "jobs": args.jobs,
        "seconds": round(seconds),
        "min_iou": args.iou,
        "policy": choice.AS_SHIPPED if not args.policy else args.policy if args.policy.isidentifier() else "own",
        "finders": {one.name: dict(one.description) for one in finders},
    }


if __name__ == "__main__":
    sys.exit(main())
