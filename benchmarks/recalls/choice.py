"""From the command line to cells, finders and portraits; what is not there is said and left out."""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from anonymizer_udfs.detection import CenterFace, plans
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.registry import pack_roots, roots
from benchmarks.recalls import cells, portraits
from benchmarks.recalls.cells import Cell
from benchmarks.recalls.finders import Finder, SinglePass, of_policy
from benchmarks.recalls.peers import Deface, InsightFace
from benchmarks.recalls.portraits import Portraits
from benchmarks.recalls.witnesses import witnesses
from conf.settings import load
from jobs.context import load_policy
from jobs.models import cache_dir, registry

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "insightface-non-commercial"
FACES = 300
YARDSTICK = "pass-640"
AS_SHIPPED = {"fast": "internal", "balanced": "internal", "thorough": "public"}
"""By which policy each plan is used as faceveil ships: bands differ, since more looks are more chances to be fooled."""
PEERS = ("deface", "insightface")


def say(line: str) -> None:
    """Tell a person what goes on, on standard error."""
    sys.stderr.write(line + "\n")


def wanted(patterns: str, faces: int, random_faces: int) -> list[tuple[Cell, int]]:
    """Return the cells asked for, each with how many faces it takes (scenes, for one without faces).

    Args:
        patterns: factors or names of cells, with ``*`` for any part, separated by commas; nothing for all.
        faces: of a cell of the grid; face-free scenes are a third of it for each size.
        random_faces: of a random combination.

    Raises:
        SystemExit: a pattern that fits no cell.
    """
    fixed = [(cell, faces) for cell in cells.grid()] + [(cell, -(-faces // 3)) for cell in cells.empty()]
    more = [(cell, -(-count * faces // FACES)) for cell, count in cells.extra()]
    every = [*fixed, *more, *((cell, random_faces) for cell in cells.combinations())]
    if not patterns:
        return [(cell, count) for cell, count in every if count]
    chosen: dict[str, tuple[Cell, int]] = {}
    for pattern in patterns.split(","):
        fits = [(c, n) for c, n in every if pattern == c.factor or fnmatchcase(c.name, pattern)]
        if not fits:
            known = ", ".join(dict.fromkeys(cell.factor for cell, _ in every))
            raise SystemExit(f"no cell fits {pattern!r}; factors: {known}; or a cell's name, such as roll-090")
        chosen |= {cell.name: (cell, count) for cell, count in fits}
    return list(chosen.values())


def pack_folder(args: argparse.Namespace) -> Path | None:
    """Return the folder of the InsightFace pack, or none where it is missing."""
    if not args.local_dir:
        return None
    return next((root / args.pack for root in pack_roots([args.local_dir]) if (root / args.pack).is_dir()), None)


def runtime(args: argparse.Namespace) -> Runtime:
    """Return where models lie, on one thread."""
    return Runtime(roots(cache_dir(), [args.local_dir] if args.local_dir else []))


def yardstick(args: argparse.Namespace) -> SinglePass:
    """Return one pass of CenterFace at 640."""
    return SinglePass(YARDSTICK, CenterFace(), runtime(args))


def finders(args: argparse.Namespace) -> list[Finder]:
    """Return the finders asked for that are there.

    Raises:
        SystemExit: nobody is left, or nobody has that name.
    """
    names = args.finders.split(",")
    ours = [*_ours(args)]
    known = [*(one.name for one in ours), YARDSTICK, *PEERS]
    for name in names:
        if name not in known:
            raise SystemExit(f"no finder is called {name!r}; known: {', '.join(dict.fromkeys(known))}")
    there: dict[str, Finder] = {one.name: one for one in ours}
    there[YARDSTICK] = yardstick(args)
    if Path(args.peer_python).is_file():
        there["deface"] = Deface(args.peer_python)
    if pack := pack_folder(args):
        there["insightface"] = InsightFace(str(pack))
    reasons = {
        "deface": f"no {args.peer_python}; make bench makes it, or give --peer-python",
        "insightface": "no InsightFace pack; give --local-dir and --pack",
    }
    for name in names:
        if name not in there:
            say(f"left out: {name}: {reasons[name]}")
    chosen = [there[name] for name in names if name in there]
    if not chosen:
        raise SystemExit("no finder is left")
    return chosen


def _ours(args: argparse.Namespace) -> Iterator[Finder]:
    """Yield the plans: with the policy that was named, or each with one of those that ship and use it."""
    if args.policy:
        yield from of_policy(load_policy(args.policy, load("local"), registry()), tuple(plans.PLANS), runtime(args))
        return
    for plan, policy in AS_SHIPPED.items():
        yield from of_policy(load_policy(policy, load("local"), registry()), (plan,), runtime(args))


def people(args: argparse.Namespace, kept: Path) -> Portraits:
    """Return the portraits, found again only where photos or detectors have changed.

    Raises:
        SystemExit: there is no such folder.
    """
    if not args.photos.is_dir():
        raise SystemExit(f"no photos in {args.photos}: give --photos FOLDER, or set FACEVEIL_TEST_PHOTOS")
    found = portraits.survey(args.photos, witnesses(runtime(args), _scrfd(args)), kept)
    left = "; ".join(f"{count} since {why}" for why, count in found.left_out.items()) or "none"
    say(f"{len(found.usable)} portraits; left out: {left}")
    return found


def _scrfd(args: argparse.Namespace) -> ModelRef | None:
    pack = pack_folder(args)
    files = sorted(pack.glob("det_*.onnx")) if pack else []
    if not pack or not files:
        return None
    return registry().resolve(f"{pack.name}/{files[0].name}", [LICENCE], [args.local_dir])


def asks(cell: Cell) -> dict[str, Any]:
    """Return what a cell asks beyond the plain scene."""
    plain = Cell("", "")
    told = {f.name: getattr(cell, f.name) for f in fields(cell) if f.name not in ("name", "factor")}
    return {name: value for name, value in told.items() if value != getattr(plain, name)}


def default_photos() -> Path:
    """Return the folder of portraits: ``lfw``, or ``lfw_subset`` where that is not there, of FACEVEIL_TEST_PHOTOS."""
    base = Path(os.environ.get("FACEVEIL_TEST_PHOTOS", str(ROOT.parent / "shared" / "data")))
    return next((base / name for name in ("lfw", "lfw_subset") if (base / name).is_dir()), base)


def default_packs() -> str:
    """Return the root of InsightFace's packs in FACEVEIL_TEST_MODELS, or nothing."""
    folder = Path(os.environ.get("FACEVEIL_TEST_MODELS", str(ROOT.parent / "shared" / "models"))) / "insightface"
    return str(folder) if folder.is_dir() else ""
