"""deface and our policies before the same attackers: who is named of people whom they anonymized.

deface 1.5.0 is run as its user runs it, once with each of ``--replacewith blur``, ``mosaic`` and ``solid``, all else
by default. Beside it: our policies on the same photos, and our blur at deface's strength. Each release is attacked by
the code of ``faceveil evaluate``, at the points that our detectors found in the clear photos. The other tool has no
key, so its parrot is its own output: the attacker gets from it what its owner got.

Two photos of everybody who has two; the gate's gallery of 1,000 needs 1,049 people. Views are kept in build/attacked
until an entrant's figures are there: a run that was stopped goes on, until the code of attacks or treatment changes.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy's BLAS starts its threads

import cv2

from anonymizer_udfs import __version__, making, panel
from anonymizer_udfs.evaluation import attacking, examining
from anonymizer_udfs.evaluation.attacking import Attacking, Control, Means
from anonymizer_udfs.evaluation.examining import ExamineSpec
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from anonymizer_udfs.spec import Provenance, WorkerSpec
from benchmarks import results
from benchmarks.attacked import attack, deface_outputs, people
from benchmarks.attacked.entrants import Entrant, Ours, Peer, Untouched, fast, named
from benchmarks.attacked.people import Photo
from benchmarks.attacked.seeing import Remembering, Seeing
from benchmarks.frontiers.store import Store
from benchmarks.frontiers.treated import whole_key
from benchmarks.recalls.choice import ROOT, default_photos, say
from benchmarks.recalls.code import code_digest
from conf import gates
from conf.settings import load
from jobs import context
from jobs.evaluation import SEED

KEPT = ROOT / "build" / "attacked"
BLUR = str(Path(__file__).parent / "attacked" / "blur_as_deface.yaml")
POLICIES = {"public": "public", "partner": "partner", "internal": "internal", "blur": BLUR}
ALONE = ("blur",)
"""Policies of ours without a panel: what is measured is the first method, and not what it is replaced by."""
CONTROLS = "controls"
"""Attacks on photos as they were, of which the outcome is known; they are the same for all."""
NAMES = (*(f"deface:{way}" for way in deface_outputs.WAYS), *(f"faceveil:{name}" for name in POLICIES), CONTROLS)
LAKES, STRANGERS = 1, 2
PROVENANCE = Provenance("attacked", __version__, "attacked", (), "0" * 16)


def parser() -> argparse.ArgumentParser:
    """Return what is understood."""
    out = argparse.ArgumentParser(
        prog="python -m benchmarks.attacked_peer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = out.add_argument
    add("photos", type=Path, nargs="?", default=default_photos(), help="one folder a person (default: LFW)")
    add("--people", type=int, metavar="N", help="the first so many people alone, for a trial")
    add(
        "--peer-python",
        default=str(ROOT / "build" / "bench-venv" / "bin" / "python"),
        help="of an environment with deface",
    )
    add("--methods", default=",".join(NAMES), metavar="A,B", help="(default: %(default)s)")
    add("--kept", type=Path, default=KEPT, help="where outputs and views are kept (default: build/attacked)")
    add("--out", type=Path, default=KEPT, help="folder (default: build/attacked; benchmarks/results keeps)")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """See, attack, and write figures; return 0."""
    args = parser().parse_args(argv)
    names = args.methods.split(",")
    if strangers := sorted(set(names) - set(NAMES)):
        raise SystemExit(f"--methods must be some of {', '.join(NAMES)}; got {', '.join(strangers)}")
    cv2.setNumThreads(1)
    photos = people.chosen(args.photos, args.people)
    kept = args.kept / f"{len(photos) // people.PHOTOS_EACH}-{code_digest(examining, attacking, making, panel)[:12]}"
    store = Store(kept / "figures.jsonl")
    measured(names, photos, args.peer_python, kept, store)
    rows = [row for name in NAMES if name != CONTROLS and (row := store.get(name)) is not None]
    controls = (store.get(CONTROLS) or {}).get("controls", [])
    about = {"people": len(photos) // people.PHOTOS_EACH, "peer": {"deface": deface_outputs.version(args.peer_python)}}
    results.keep(
        args.out, "attacked", about | {"gate": gates.DEFAULT, "controls": controls, "entrants": rows}, photos_given=True
    )
    return 0


def measured(names: Sequence[str], photos: Sequence[Photo], python: str, kept: Path, store: Store) -> None:
    """See and attack each entrant that has no figures yet, and keep them; its views are removed then."""
    gate, means, seeing = gates.load(gates.DEFAULT), _means(), Seeing(spec(), kept)
    for name in names:
        if store.get(name) is not None:
            continue
        start, controls = time.monotonic(), name == CONTROLS
        one = entrant(name, photos, python, kept)
        seeing.see(photos, one, controls=controls)
        rows = list(seeing.attacked(one.name))
        found = list(attack.figures(rows, means, Control if controls else Attacking))
        tool, _, method = name.partition(":")
        about = {"tool": tool, "method": method, "photos": len(rows), "methods": seeing.methods(one.name)}
        store.put(name, {**about, **attack.kept(found, gate, means.names)})
        seeing.forget(one.name)
        say(f"{one.name}: attacked, {time.monotonic() - start:.0f} s in all")


def spec() -> ExamineSpec:
    """Return what looks at all releases: the attackers' recognizer, and the detectors of the policy ``public``."""
    worker = told("public")
    return ExamineSpec(worker, whole_key(STRANGERS), Remembering((DlibResnet(),), worker.runtime))


def told(name: str) -> WorkerSpec:
    """Return what a worker is told under one of :data:`POLICIES`."""
    made = context.treatment(POLICIES[name], load("local"))
    alone = None if name in ALONE else made.panel
    return fast(WorkerSpec(made.policy, whole_key(LAKES), made.runtime, PROVENANCE, panel=alone))


def entrant(name: str, photos: Sequence[Photo], python: str, kept: Path) -> Entrant:
    """Return who is called so in :data:`NAMES`; deface's outputs are made where they are not there."""
    tool, _, way = name.partition(":")
    if name == CONTROLS:
        return Untouched()
    worker = told(way if tool == Ours.tool else "public")
    if tool == Ours.tool:
        return Ours(worker)
    files = {named(one.path, worker): one.path for one in photos}
    return Peer(way, deface_outputs.outputs(python, files, way, kept.parent / f"outputs-{way}"))


def _means() -> Means:
    made, who, settings = context.treatment("public", load("local")), DlibResnet(), load("local")
    limits = context.thresholds(who, made.policy, settings, context.FMR)
    found = context.found_clear(who, settings)
    known = () if found is None else ((who.name, found),)
    return Means((who,), ((who.name, min(limits.values())),), known, made.runtime, SEED)


if __name__ == "__main__":
    sys.exit(main())
