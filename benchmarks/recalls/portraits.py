"""Where the face is in photos of one person each: what several detectors agree on, looking at the clean photo enlarged.

Photos are left out, and counted, where the detectors do not agree, and where another face would be cut out with the
head. The first rule could favour the detectors asked, so every report says how many photos it left out.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes
from anonymizer_udfs.detection.base import Detections

Rgb = NDArray[np.uint8]
Look = Callable[[Rgb], Detections]
"""One detector on one picture, at the size given."""

ENLARGED = 2
"""Faces of the photos of LFW are 65 to 90 pixels high; at twice that every detector asked is at its best."""
AGREE_IOU = 0.5
CUT_RATIO = 1.8
"""How much of a photo goes with the face, over its box; see ``heads``."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


@dataclass(frozen=True)
class Portrait:
    """A photo and the face in it.

    Attributes:
        file: the photo.
        box: ``x0 y0 x1 y1`` of the face in pixels of the photo enlarged ``ENLARGED`` times.
        landmarks: ten numbers, five points ``x y`` in the same pixels, in the order of ``Detections``.
    """

    file: str
    box: tuple[float, ...]
    landmarks: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a box that holds nothing, and points that are not five."""
        x0, y0, x1, y1 = self.box
        if not (x0 < x1 and y0 < y1):
            raise ValueError(f"a face's box must have an area, got {self.box}")
        if len(self.landmarks) != 10:
            raise ValueError(f"landmarks must be five points, got {len(self.landmarks)} numbers")


@dataclass(frozen=True)
class Portraits:
    """The photos that can be used, in the order of their names, and why others cannot."""

    usable: tuple[Portrait, ...]
    left_out: Mapping[str, int]
    sha256: str
    """Of the photos' content, the detectors' names and the rules here: what the truth depends on."""


def read(file: str | Path) -> Rgb:
    """Return a photo as RGB, ``ENLARGED`` times its size."""
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SystemExit(f"{file} cannot be decoded")
    h, w = bgr.shape[:2]
    large = cv2.resize(bgr, (w * ENLARGED, h * ENLARGED), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(large[..., ::-1], np.uint8)


def survey(folder: Path, looks: Mapping[str, Look], kept: Path) -> Portraits:
    """Return the usable photos of a folder, subfolders included.

    Args:
        folder: photos with the face in the middle.
        looks: the detectors that have to agree; the first one gives the landmarks.
        kept: a folder in which the result is kept for the next run.

    Raises:
        SystemExit: there is no usable photo.
    """
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES)
    sha256 = _digest(files, sorted(looks))
    memory = kept / f"portraits-{sha256[:12]}.json"
    if memory.is_file():
        given = json.loads(memory.read_text(encoding="utf-8"))
        found = [Portrait(str(folder / p["file"]), tuple(p["box"]), tuple(p["landmarks"])) for p in given["usable"]]
        return Portraits(tuple(found), given["left_out"], sha256)
    usable, left_out = [], Counter[str]()
    for file in files:
        rgb = read(file)
        one = agree(str(file), rgb.shape[1::-1], [look(rgb) for look in looks.values()])
        if isinstance(one, str):
            left_out[one] += 1
        else:
            usable.append(one)
    if not usable:
        raise SystemExit(f"no usable photo in {folder}: {len(files)} files, {dict(left_out)}")
    kept.mkdir(parents=True, exist_ok=True)
    named = [asdict(p) | {"file": Path(p.file).relative_to(folder).as_posix()} for p in usable]
    memory.write_text(json.dumps({"usable": named, "left_out": left_out}), encoding="utf-8")
    return Portraits(tuple(usable), dict(left_out), sha256)


def agree(file: str, size_wh: tuple[int, ...], found: Sequence[Detections]) -> Portrait | str:
    """Return the face nearest to the middle, or why the photo cannot be used.

    The box is the mean of the detectors' boxes: each draws forehead and chin its own way, and none is to be the norm.
    """
    if not all(len(one) for one in found):
        return "a detector found no face"
    middle = np.array(size_wh, np.float32) / 2
    chosen = [int(np.abs(_centres(one) - middle).max(1).argmin()) for one in found]
    own = np.stack([one.boxes_xyxy[i] for one, i in zip(found, chosen, strict=True)])
    if boxes.iou(own[:1], own).min() <= AGREE_IOU:
        return "the detectors disagree"
    box = own.mean(0)
    cut = boxes.grow(box, CUT_RATIO)
    for one, i in zip(found, chosen, strict=True):
        others = np.delete(_centres(one), i, axis=0)
        if ((others > cut[:2]) & (others < cut[2:])).all(1).any():
            return "another face beside it"
    return Portrait(file, tuple(map(float, box)), tuple(map(float, found[0].landmarks[chosen[0]].ravel())))


def _centres(found: Detections) -> NDArray[np.float32]:
    return np.asarray((found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2, np.float32)


def _digest(files: Sequence[Path], names: Sequence[str]) -> str:
    whole = hashlib.sha256(json.dumps([list(names), ENLARGED, AGREE_IOU, CUT_RATIO]).encode())
    for file in files:
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
