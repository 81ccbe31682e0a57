"""What dlib's points and the measures by them are worth on photos: ``python -m benchmarks.landmarks PHOTOS``.

``PHOTOS`` has one folder a person. Each photo is doubled, and the face nearest to its middle is taken. Prints how far
points, pose and expression move where nothing changed but the picture's size or side: what a measure of change says of
less is noise. With ``--fit`` it prints the mean face of :mod:`anonymizer_udfs.landmarks.pose` instead. Points are kept
in ``build/``; the models must have been fetched.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy's BLAS starts its threads

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.landmarks import Dlib68, Points
from anonymizer_udfs.landmarks.expression import eye_aspect_ratios, mouth_openness, mouth_width
from anonymizer_udfs.landmarks.gaze import gaze
from anonymizer_udfs.landmarks.pose import RIGID, fit, pose
from anonymizer_udfs.landmarks.schemes import LEFT_EYE, MIRRORED, RIGHT_EYE
from anonymizer_udfs.models.base import Runtime
from benchmarks.photos import ENLARGE, Rgb, enlarged, middlemost, read
from jobs.models import cache_dir, registry

ROOT = Path(__file__).resolve().parents[1]
LICENCE = "ibug-300-w-non-commercial"
FITTED = range(17, 68)
"""All points but the jaw's, which are not the same places of the bone at each yaw."""
ROUNDS, KEPT_RATIO = 60, 0.95
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shown:
    """A face in a picture: its pixels, and the detector's box and points."""

    rgb: Rgb
    box: NDArray[np.float32]
    five: NDArray[np.float32]


def detected(path: Path, runtime: Runtime) -> tuple[Shown, Shown] | None:
    """Return the face nearest to the middle of a photo, as it is and doubled."""
    rgb = read(path)
    face = middlemost(rgb, CenterFace(score_threshold=0.5), runtime)
    if face is None:
        return None
    return Shown(rgb, face.box, face.landmarks), Shown(enlarged(rgb), face.box * ENLARGE, face.landmarks * ENLARGE)


def mirrored(face: Shown) -> Shown:
    """Return the face in a mirror."""
    w = face.rgb.shape[1]
    x0, y0, x1, y1 = face.box
    five = (face.five * (-1, 1) + (w, 0))[[1, 0, 2, 4, 3]].astype(np.float32)
    return Shown(np.ascontiguousarray(face.rgb[:, ::-1]), np.array([w - x1, y0, w - x0, y1], np.float32), five)


def located(face: Shown, member: Dlib68, runtime: Runtime) -> Points:
    """Return dlib's points of a face."""
    return member.locate(face.rgb, face.box[None], face.five[None], CenterFace.name, runtime)[0]


def measured(rgb: Rgb, points: Points) -> Floats:
    """Return yaw, pitch, roll, the mean ratio of both eyes, openness and width of the mouth, and gaze."""
    turn = pose(points)
    eyes = float(np.mean(eye_aspect_ratios(points)))
    mouth = mouth_openness(points), mouth_width(points)
    return np.array([turn.yaw, turn.pitch, turn.roll, eyes, *mouth, gaze(rgb, points)])


def apart(one: Points, other: Points) -> Floats:
    """Return how far points are apart on average, in % of the eyes' distance, ``(1,)``."""
    eyes = float(np.linalg.norm(one.as_68[LEFT_EYE].mean(0) - one.as_68[RIGHT_EYE].mean(0)))
    return np.array([100 * np.linalg.norm(one.as_68 - other.as_68, axis=1).mean() / eyes])


def repeated(paths: Sequence[Path], member: Dlib68, runtime: Runtime) -> None:
    """Print how far all of it moves when a photo is halved, and when it is mirrored."""
    halves, mirrors, spent, faces = [], [], [], []
    for path in paths:
        found = detected(path, runtime)
        if found is None:
            continue
        as_it_is, face = found
        begun = time.perf_counter()
        points = located(face, member, runtime)
        spent.append(time.perf_counter() - begun)
        before, half = measured(face.rgb, points), located(as_it_is, member, runtime)
        faces.append((_laid(points), before))
        off = np.abs(measured(as_it_is.rgb, half) - before)
        halves.append(np.concatenate([apart(points, Points(half.xy * ENLARGE, "68")), off]))
        flipped = located(mirrored(face), member, runtime).xy * (-1, 1) + (face.rgb.shape[1], 0)
        back = Points(flipped[list(MIRRORED)].astype(np.float32), "68")
        mirrors.append(np.concatenate([apart(points, back), np.abs(measured(face.rgb, back) - before)]))
    print(f"{len(halves)} faces, {1000 * np.median(spent):.1f} ms each")
    print("                 points %     yaw   pitch    roll    eyes openness   width    gaze")
    for what, rows in (("halved", halves), ("mirrored", mirrors)):
        for name, figures in (("median", np.nanmedian(rows, 0)), ("95%", np.nanquantile(rows, 0.95, axis=0))):
            print(f"{what:9}{name:7}", *(f"{figure:8.3f}" for figure in figures))
    print(f"{'strangers':9}{' mean':7}", *(f"{figure:8.3f}" for figure in _strangers(faces)))


def _laid(points: Points) -> Floats:
    """Return the points with the eyes laid on those of every other face, in % of their distance."""
    eyes = points.as_68[LEFT_EYE].mean(0), points.as_68[RIGHT_EYE].mean(0)
    return np.asarray(100 * (points.as_68 - (eyes[0] + eyes[1]) / 2) / np.linalg.norm(eyes[1] - eyes[0]))


def _strangers(faces: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Return how far all of it differs on average between photos paired at random."""
    points, measures = (np.array(of) for of in zip(*faces, strict=True))
    order = np.random.default_rng(0).permutation(len(faces))
    off = np.nanmean(np.abs(measures - measures[order]), 0)
    return np.concatenate([[np.linalg.norm(points - points[order], axis=2).mean()], off])


def all_points(paths: Sequence[Path], member: Dlib68, runtime: Runtime) -> Floats:
    """Return dlib's points of every face, ``(n, 68, 2)``; kept in ``build/`` between runs."""
    kept = ROOT / "build" / f"points-{member.model.sha256[:12]}-{len(paths)}.npy"
    if not kept.is_file():
        faces = (detected(path, runtime) for path in paths)
        found = [located(face[1], member, runtime).as_68 for face in faces if face is not None]
        kept.parent.mkdir(exist_ok=True)
        np.save(kept, np.array(found))
    return np.asarray(np.load(kept), np.float64)


def mean_face(points: Floats) -> Floats:
    """Return the face in three dimensions, ``(51, 3)``, that suits all photos each at its own pose.

    By turns: the pose of each photo with the face as it is, and the face of least squares with the poses as they are,
    each photo and its mirror image alike. Photos that suit it worst are left out of each turn.
    """
    places = list(FITTED)
    across = np.array([places.index(MIRRORED[place]) for place in places])
    eyes = points[:, LEFT_EYE].mean(1) - points[:, RIGHT_EYE].mean(1)
    seen = points[:, places] / np.linalg.norm(eyes, axis=1)[:, None, None]
    seen = seen - seen.mean(1, keepdims=True)
    flat = np.median(seen, 0)
    flat = (flat + flat[across] * (-1, 1)) / 2
    face = np.concatenate([flat, 0.3 * np.abs(flat[:, :1])], 1)  # bent backward at the sides, to begin with
    for _ in range(ROUNDS):
        turns, scales = zip(*(fit(face, xy) for xy in seen), strict=True)
        rows, flipped = np.array(turns)[:, :2], np.array(turns)[:, :2] * (1, -1, -1) * np.array([[1], [-1]])
        scaled = seen / np.array(scales)[:, None, None]
        off = np.linalg.norm(scaled - face @ rows.transpose(0, 2, 1), axis=(1, 2))
        good = off <= np.quantile(off, KEPT_RATIO)
        both = np.concatenate([rows[good], flipped[good]])
        shown = np.concatenate([scaled[good], scaled[good][:, across] * (-1, 1)])
        sums, weights = np.einsum("nkd,npk->pd", both, shown), np.einsum("nkd,nke->de", both, both)
        face = np.linalg.solve(weights, sums.T).T
        face = (face + face[across] * (-1, 1, 1)) / 2
    return np.asarray(face)


def levelled(face: Floats, points: Floats) -> Floats:
    """Return the rigid points of a mean face, nodded so that photos have a pitch of 0 in the median, and scaled."""
    rigid = face[[place - FITTED.start for place in RIGID]]
    turns = np.array([fit(rigid, xy[list(RIGID)])[0] for xy in points])
    pitch = float(np.median(np.arctan2(turns[:, 2, 1], turns[:, 2, 2])))
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    rigid = (rigid - rigid.mean(0)) @ nod.T
    corners = [rigid[RIGID.index(place)] for place in (36, 39, 42, 45)]
    return np.asarray(rigid / np.linalg.norm(corners[0] + corners[1] - corners[2] - corners[3]) * 2)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--fit", action="store_true", help="print the mean face")
    parser.add_argument("--limit", type=int, default=400, help="photos to measure on, drawn from all")
    args = parser.parse_args(argv)
    cv2.setNumThreads(1)
    paths = sorted(args.photos.glob("*/*.jpg"))
    runtime, member = Runtime((str(cache_dir()),)), Dlib68(registry().resolve("dlib68", [LICENCE]))
    if args.fit:
        points = all_points(paths, member, runtime)
        print(levelled(mean_face(points), points).round(3).tolist())
    else:
        chosen = np.random.default_rng(0).permutation(len(paths))[: args.limit]
        repeated([paths[i] for i in chosen], member, runtime)
    return 0


if __name__ == "__main__":
    sys.exit(main())
