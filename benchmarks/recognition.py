"""What the recognizers reach on labelled photos, and the thresholds that follow: ``recognition.py PHOTOS``.

``PHOTOS`` has one folder a person; the first two photos of everybody who has two are used, in each the detected face
nearest to the middle. Prints rank-1 at a gallery of 1,000 and TAR at FMR 1e-3 and 1e-4 for each recognizer and
detector, and, with ``--write``, puts the thresholds into ``conf/calibration``. Landmarks are kept in ``build/``. With
``--targets`` it prints the points that each detector's landmarks are to be aligned onto instead.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy's BLAS starts its threads

import numpy as np
import yaml
from numpy.typing import NDArray

from anonymizer_udfs import detection, recognition
from anonymizer_udfs.detection.base import Detector
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.registry import roots
from anonymizer_udfs.recognition import alignment, calibration
from anonymizer_udfs.recognition.calibrating import LEAST_FALSE
from benchmarks.photos import ENLARGE, middlemost, read
from jobs.models import cache_dir, registry

ROOT = Path(__file__).resolve().parents[1]
LICENCE = "insightface-non-commercial"
GALLERY, DRAWS, SEED = 1000, 10, 20261121
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Figures:
    """What one recognizer reaches with one detector's points; rates in [0, 1]."""

    recognizer: recognition.Recognizer
    detector: str
    detector_sha256: str
    faces_missed: int
    rank1: float
    tar: dict[str, float]
    thresholds: dict[str, float]
    seconds: float


def pairs(photos: Path) -> list[Path]:
    """Return the first two photos of everybody who has two, a person's photos next to each other."""
    chosen: list[Path] = []
    for person in sorted(p for p in photos.iterdir() if p.is_dir()):
        found = sorted(person.glob("*.jpg"))[:2]
        chosen += found if len(found) == 2 else []
    return chosen


def landmarks(paths: Sequence[Path], detector: Detector, runtime: Runtime, data_sha256: str) -> Floats:
    """Return five points a photo, ``(n, 5, 2)``, NaN where no face was found; kept in ``build/`` between runs."""
    made_of = json.dumps([data_sha256, detector.model.sha256, repr(detector), ENLARGE])
    kept = ROOT / "build" / f"landmarks-{detector.name}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.npy"
    if kept.is_file():
        return np.asarray(np.load(kept), np.float32)
    out = np.full((len(paths), 5, 2), np.nan, np.float32)
    for i, path in enumerate(paths):
        face = middlemost(read(path), detector, runtime)
        if face is not None:
            out[i] = face.landmarks
    kept.parent.mkdir(exist_ok=True)
    np.save(kept, out)
    return out


def targets(points: Floats, of_scrfd: Floats, onto: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where a detector's points fall, ``(5, 2)``: the medians, once each face is aligned by SCRFD's points.

    Args:
        points: the detector's landmarks, one face a photo.
        of_scrfd: SCRFD's of the same faces.
        onto: SCRFD's target points in the recognizer's chip.
    """
    seen = ~np.isnan(points).any(axis=(1, 2)) & ~np.isnan(of_scrfd).any(axis=(1, 2))
    fallen = []
    for face, reference in zip(points[seen], of_scrfd[seen], strict=True):
        matrix = alignment.similarity_transform(reference, onto)
        fallen.append(face @ matrix[:, :2].T + matrix[:, 2])
    return np.asarray(np.median(fallen, axis=0), np.float64)


def print_targets(detectors: Sequence[Detector], paths: Sequence[Path], runtime: Runtime, data_sha256: str) -> None:
    """Print the target points of each detector for each recognizer; SCRFD's own come back but for noise."""
    points = {one.name: landmarks(paths, one, runtime, data_sha256) for one in detectors}
    if "scrfd" not in points:
        raise SystemExit("--targets needs SCRFD's points: give --scrfd PACK/FILE and --local-dir")
    for chip, known in (("dlib", alignment.DLIB), ("arcface", alignment.ARCFACE)):
        for name, found in points.items():
            where = targets(found, points["scrfd"], alignment.target(known, "scrfd"))
            print(f"{chip:8} {name:11} {where.round(1).tolist()}")


def evaluate(similarity: Floats) -> tuple[float, dict[str, float], dict[str, float]]:
    """Return rank-1, TAR and threshold by FMR of the similarities of first photos (rows) to second ones (columns).

    A threshold is the lowest similarity at which no more than that share of the different people match. Rank-1 is the
    mean over galleries of 1,000 people drawn at random.
    """
    n = len(similarity)
    genuine = np.diag(similarity)
    impostor = np.sort(similarity[~np.eye(n, dtype=bool)])[::-1]
    thresholds = {
        k: float(np.nextafter(impostor[int(len(impostor) * f)], np.float32(2)))
        for k, f in calibration.FMR_LABELS.items()
        if len(impostor) * f >= LEAST_FALSE
    }
    tar = {k: float((genuine >= t).mean()) for k, t in thresholds.items()}
    draw, size, hits = np.random.default_rng(SEED), min(GALLERY, n), []
    for _ in range(DRAWS):
        people = draw.permutation(n)[:size]
        hits.append(float((similarity[np.ix_(people, people)].argmax(1) == np.arange(size)).mean()))
    return float(np.mean(hits)), tar, thresholds


def measure(
    recognizer: recognition.Recognizer, detector: Detector, paths: Sequence[Path], points: Floats, runtime: Runtime
) -> Figures:
    """Return what a recognizer reaches; people of whom a face was missed in either photo are left out."""
    seen = np.asarray(~np.isnan(points).any(axis=(1, 2)))
    both = np.repeat(seen[0::2] & seen[1::2], 2)
    start = time.perf_counter()
    chosen = [i for i in range(len(paths)) if both[i]]
    templates = np.concatenate(
        [recognizer.embed(read(paths[i]), points[i : i + 1], detector.name, runtime) for i in chosen]
    )
    seconds = time.perf_counter() - start
    rank1, tar, thresholds = evaluate(recognizer.similarity(templates[0::2], templates[1::2]))
    missed = int((~seen).sum())
    return Figures(recognizer, detector.name, detector.model.sha256, missed, rank1, tar, thresholds, seconds)


def data_digest(paths: Sequence[Path]) -> str:
    """Return one digest of the photos' content, in order."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def write(figures: Sequence[Figures], about: str, people: int, data_sha256: str) -> None:
    """Write the thresholds of one recognizer into ``conf/calibration``."""
    content: dict[str, Any] = {
        "recognizer": figures[0].recognizer.name,
        "data": {
            "about": about,
            "sha256": data_sha256,
            "people": people,
            "genuine_pairs": people,
            "impostor_pairs": people * (people - 1),
        },
        "calibrations": [
            {
                "model": one.recognizer.model.name,
                "model_sha256": one.recognizer.model.sha256,
                "detector": one.detector,
                "detector_sha256": one.detector_sha256,
                "faces_missed": one.faces_missed,
                "rank1_at_1000": round(one.rank1, 4),
                "tar": {k: round(v, 4) for k, v in one.tar.items()},
                "thresholds": {k: round(v, 6) for k, v in one.thresholds.items()},
            }
            for one in figures
        ],
    }
    content["content_sha256"] = calibration.content_digest(content)
    head = "# Measured by benchmarks/recognition.py; not edited by hand: content_sha256 would no longer match.\n"
    text = head + yaml.safe_dump(content, sort_keys=False, width=120)
    (ROOT / "conf" / "calibration" / f"{figures[0].recognizer.name}.yaml").write_text(text, encoding="utf-8")


def pack(args: argparse.Namespace, name: str) -> ModelRef:
    """Return a member of an InsightFace pack."""
    return registry().resolve(name, [LICENCE], [args.local_dir])


def chosen_detectors(args: argparse.Namespace) -> list[Detector]:
    """Return the detectors that the arguments give."""
    scrfd = [detection.build({"name": "scrfd", "model": pack(args, args.scrfd)})] if args.scrfd else []
    return [detection.build("centerface"), *scrfd, detection.build("yunet")]


def subjects(args: argparse.Namespace) -> Iterator[tuple[recognition.Recognizer, Detector]]:
    """Yield every recognizer with every detector that the arguments give."""
    recognizers = [recognition.build("dlib_resnet")]
    recognizers += [recognition.build({"name": "arcface", "model": pack(args, args.arcface)})] if args.arcface else []
    yield from ((recognizer, detector) for recognizer in recognizers for detector in chosen_detectors(args))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(description="Measure recognizers on labelled photos.")
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder with one folder of .jpg files a person")
    parser.add_argument("--about", default="labelled photos", help="the photos in words, for the calibration")
    parser.add_argument("--local-dir", default="", help="a folder with InsightFace packs (non-commercial use)")
    parser.add_argument("--scrfd", default="", metavar="PACK/FILE", help="also with the points of this detector")
    parser.add_argument("--arcface", default="", metavar="PACK/FILE", help="also this recognizer")
    parser.add_argument("--targets", action="store_true", help="print each detector's target points instead")
    parser.add_argument("--write", action="store_true", help="write conf/calibration/NAME.yaml")
    args = parser.parse_args(argv)
    paths, runtime = pairs(args.photos), Runtime(roots(cache_dir(), [args.local_dir] if args.local_dir else []))
    digest, people = data_digest(paths), len(paths) // 2
    if args.targets:
        print_targets(chosen_detectors(args), paths, runtime, digest)
        return 0
    print(f"{people} people, two photos each; gallery {min(GALLERY, people)}, mean of {DRAWS} draws; one thread")
    print("recognizer   detector    rank-1   TAR@1e-3  TAR@1e-4  threshold@1e-3  @1e-4    missed  ms a face")
    done: dict[str, list[Figures]] = {}
    for recognizer, detector in subjects(args):
        points = landmarks(paths, detector, runtime, digest)
        one = measure(recognizer, detector, paths, points, runtime)
        done.setdefault(recognizer.name, []).append(one)
        rates = f"{one.rank1:6.1%}   {one.tar['1e-3']:8.1%}  {one.tar['1e-4']:8.1%}"
        limits = f"{one.thresholds['1e-3']:14.4f}  {one.thresholds['1e-4']:.4f}"
        each_ms = one.seconds / len(paths) * 1000
        print(f"{recognizer.name:12} {detector.name:11} {rates}  {limits}  {one.faces_missed:6}  {each_ms:9.1f}")
    for figures in done.values() if args.write else ():
        write(figures, args.about, people, digest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
