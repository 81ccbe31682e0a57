"""What methods leave of recognition on labelled photos: ``methods.py PHOTOS --method WISH``.

``PHOTOS`` is what ``recognition.py`` takes, and people, templates and rank-1 are those of it: the first two photos of
everybody who has two, aligned by CenterFace's points on the *clear* photos, which helps the attacker; dlib's
recognizer, or that of a pack. A ``WISH`` is a method as a policy gives it, in YAML: ``pixelate`` or
``{name: warp, amplitude: 0.2}``. Printed for each: the mean similarity of the two photos of a person, and rank-1 at a
gallery of 1,000, where the attacker's photos are as they were ("clear") and where he has treated them by the same
method under another key ("alike"). ``--parts`` prints the same of photos in which one part of the face is masked and
all else is clear.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy's BLAS starts its threads

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from anonymizer_udfs import detection, methods, recognition, regions
from anonymizer_udfs.detection.findings import roll_degrees
from anonymizer_udfs.methods import Mask, Method, Target, parts
from anonymizer_udfs.methods.base import Landmarks
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.registry import roots
from anonymizer_udfs.recognition import Recognizer
from benchmarks.recognition import ENLARGE, SEED, data_digest, evaluate, pack, pairs, read
from jobs.models import cache_dir, registry

DETECTOR = "centerface"
LICENCES = ("ibug-300-w-non-commercial",)
Rgb = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo and the face in it: its pixels, the detector's box, and its five points ``(5, 2)``."""

    rgb: Rgb
    box: NDArray[np.float32]
    points: NDArray[np.float32]

    def target(self, corner: tuple[int, int] = (0, 0), runtime: Runtime | None = None) -> Target:
        """Return where the face is in the part of the photo that begins at a corner, and where models lie."""
        x0, y0, x1, y1 = (float(v) for v in self.box - np.tile(np.array(corner, np.float32), 2))
        marks: Landmarks = tuple((float(x), float(y)) for x, y in self.points - np.array(corner, np.float32))
        return Target((x0, y0, x1, y1), landmarks=marks, detector=DETECTOR, runtime=runtime)


Treat = Callable[[Photo, np.random.Generator], Rgb]


def photos(paths: Sequence[Path], runtime: Runtime) -> list[Photo]:
    """Return the photos with the face nearest to the middle of each; people of whom one was missed are left out."""
    detector = detection.build(DETECTOR)
    out: list[list[Photo]] = []
    for path in paths:
        rgb = read(path)
        shown = np.asarray(cv2.resize(rgb, None, fx=ENLARGE, fy=ENLARGE, interpolation=cv2.INTER_LINEAR), np.uint8)
        found = detector.detect([shown], runtime)[0]
        centres = (found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2
        away = np.linalg.norm(centres - np.array(shown.shape[1::-1]) / 2, axis=1)
        nearest = away.argsort()[:1]
        faces = zip(found.boxes_xyxy[nearest] / ENLARGE, found.landmarks[nearest] / ENLARGE, strict=True)
        out.append([Photo(rgb, box, points) for box, points in faces])
    both = [first + second for first, second in zip(out[0::2], out[1::2], strict=True) if first and second]
    return [one for pair in both for one in pair]


def by_method(method: Method, ratio: float, runtime: Runtime | None = None) -> Treat:
    """Return what treats a photo's region of a size as the pipeline does."""

    def treat(photo: Photo, rng: np.random.Generator) -> Rgb:
        h, w = photo.rgb.shape[:2]
        where = regions.region(photo.box, ratio, roll_degrees(photo.points), (w, h))
        x0, y0, x1, y1 = where.box
        out, mask = photo.rgb.copy(), where.mask()
        made = method.apply(out[y0:y1, x0:x1], photo.target((x0, y0), runtime), rng)
        out[y0:y1, x0:x1] = made if mask is None else np.where(mask[..., None], made, out[y0:y1, x0:x1])
        return out

    return treat


def without(part: str) -> Treat:
    """Return what masks one part of a face, and nothing else."""

    def treat(photo: Photo, rng: np.random.Generator) -> Rgb:
        target = photo.target()
        inside = parts.share([part], photo.rgb.shape, target, 0.0)[..., None] > 0
        return np.where(inside, Mask().apply(photo.rgb, target, rng), photo.rgb)

    return treat


def templates(who: Recognizer, shown: Sequence[Photo], treat: Treat | None, runtime: Runtime) -> NDArray[np.float32]:
    """Return a template of each photo, treated; each by a generator of its own."""
    out = []
    for i, photo in enumerate(shown):
        rng = np.random.Generator(np.random.Philox([SEED, i]))
        rgb = photo.rgb if treat is None else treat(photo, rng)
        out.append(who.embed(rgb, photo.points[None], DETECTOR, runtime)[0])
    return np.array(out)


def line(who: Recognizer, first: NDArray[np.float32], second: NDArray[np.float32]) -> str:
    """Return the mean similarity of one person's photos and rank-1, in words of fixed width."""
    similarity = who.similarity(first, second)
    return f"{float(np.diag(similarity).mean()):10.3f} {evaluate(similarity)[0]:7.1%}"


def resolved(wish: object, local_dir: str) -> object:
    """Return a wish with the names of models resolved: each ``model`` that is one, at any depth."""
    if not isinstance(wish, dict):
        return wish
    inner = {key: resolved(value, local_dir) for key, value in wish.items()}
    if isinstance(inner.get("model"), str):
        inner["model"] = registry().resolve(inner["model"], LICENCES, [local_dir] if local_dir else [])
    return inner


def treatments(args: argparse.Namespace, runtime: Runtime) -> Iterator[tuple[str, Treat]]:
    """Yield what the arguments ask for, with its name."""
    yield from ((f"without {part}", without(part)) for part in (parts.DROPS if args.parts else ()))
    for wish in args.method:
        method = methods.build(resolved(yaml.safe_load(wish), args.local_dir))
        yield wish, by_method(method, args.region_ratio, runtime)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what methods leave of recognition.")
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder with one folder of .jpg files a person")
    parser.add_argument("--method", action="append", default=[], metavar="WISH", help="as a policy gives it; repeat it")
    parser.add_argument("--parts", action="store_true", help="also mask each part of the face alone")
    parser.add_argument("--region-ratio", type=float, default=1.6, help="the region's size, in detector's boxes")
    parser.add_argument("--local-dir", default="", help="a folder with InsightFace packs (non-commercial use)")
    parser.add_argument("--arcface", default="", metavar="PACK/FILE", help="this recognizer instead of dlib's")
    parser.add_argument("--people", type=int, default=None, help="the first so many people alone, for a trial")
    args = parser.parse_args(argv)
    cv2.setNumThreads(1)
    runtime = Runtime(roots(cache_dir(), [args.local_dir] if args.local_dir else []))
    wish = {"name": "arcface", "model": pack(args, args.arcface)} if args.arcface else "dlib_resnet"
    who = recognition.build(wish)
    paths = pairs(args.photos)[: args.people and 2 * args.people]
    shown = photos(paths, runtime)
    print(f"{who.name}, {len(shown) // 2} people, data {data_digest(paths)[:12]}, region {args.region_ratio:g}")
    clear = templates(who, shown, None, runtime)
    print(
        f"similarity  rank-1   alike:  rank-1\n{line(who, clear[0::2], clear[1::2])}                    clear",
        flush=True,
    )
    for name, treat in treatments(args, runtime):
        made = templates(who, shown, treat, runtime)
        print(f"{line(who, made[0::2], clear[1::2])} {line(who, made[0::2], made[1::2])}  {name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
