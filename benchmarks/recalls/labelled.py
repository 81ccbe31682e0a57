"""Measuring on photos that somebody labelled: WIDER FACE's text files and COCO's JSON.

Boxes are taken to be in the picture as it is seen. What a data set marks as invalid (WIDER FACE), as a crowd or to be
ignored (COCO), and boxes without an area, count neither as missed nor as false. Results are told by the height of the
box; false regions belong to pictures, not to heights, and are told for all together.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anonymizer_udfs import boxes
from benchmarks.recalls.matching import match
from benchmarks.recalls.measure import Looked, Setup
from benchmarks.recalls.results import Result
from benchmarks.recalls.scenes import Scene

BANDS_PX = (0, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024)
WIDER_FIELDS, WIDER_INVALID = 10, 7
"""``x y w h blur expression illumination invalid occlusion pose``, one line a face."""
_WHOLE = "all"


@dataclass(frozen=True, eq=False)
class Photo:
    """One labelled photo; also a piece of work for ``measure``.

    Attributes:
        file: the photo.
        index: its place in the annotations.
        truth: faces, float32 ``(n, 4)``.
        ignored: what counts neither way, float32 ``(k, 4)``.
    """

    file: Path
    index: int
    truth: boxes.Boxes
    ignored: boxes.Boxes

    @property
    def cell(self) -> str:
        """Return the one cell of all photos."""
        return _WHOLE

    def scene(self, setup: Setup) -> Scene:  # noqa: ARG002 - composed scenes need it
        """Return the file and its faces."""
        return Scene(self.file.read_bytes(), self.truth, (0, 0), self.index, self.ignored)


def read(form: str, folder: Path, annotations: Path) -> list[Photo]:
    """Return the labelled photos of a folder.

    Args:
        form: ``wider`` or ``coco``.
        folder: where the names in the annotations begin.
        annotations: ``wider_face_*_bbx_gt.txt``, or a JSON file.

    Raises:
        SystemExit: the annotations are not in that form, which the message says with the line or the entry; or a photo
            is missing.
    """
    photos = list(FORMATS[form](folder, annotations))
    missing = [photo.file.name for photo in photos if not photo.file.is_file()]
    if missing:
        raise SystemExit(f"{len(missing)} of {len(photos)} photos are not in {folder}, such as {missing[0]}")
    if not photos:
        raise SystemExit(f"{annotations} names no photo")
    return photos


def _photo(file: Path, index: int, faces: Sequence[tuple[Sequence[float], bool]]) -> Photo:
    """Return a photo from ``x y w h`` boxes, each with whether it counts."""
    rows = np.array([row for row, _ in faces], np.float32).reshape(-1, 4)
    counts = np.array([counts for _, counts in faces], np.bool_) & (rows[:, 2:] > 0).all(1)
    corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], 1).astype(np.float32)
    return Photo(file, index, corners[counts], corners[~counts])


def wider(folder: Path, annotations: Path) -> Iterator[Photo]:
    """Yield the photos of a ``wider_face_*_bbx_gt.txt``: a name, a number of faces, a line for each.

    A photo with 0 faces has one line of zeros, as the data set's files have it.
    """
    lines = annotations.read_text(encoding="utf-8").splitlines()
    at = index = 0

    def wrong(line: int, expected: str) -> SystemExit:
        came = repr(lines[line]) if line < len(lines) else "the end of the file"
        return SystemExit(f"{annotations.name}, line {line + 1}: expected {expected}, got {came}")

    while at < len(lines):
        name = lines[at].strip()
        if not name.lower().endswith((".jpg", ".jpeg", ".png")):
            raise wrong(at, "the name of a photo")
        if at + 1 >= len(lines) or not lines[at + 1].strip().isdecimal():
            raise wrong(at + 1, "the number of its faces")
        count = int(lines[at + 1])
        faces = []
        for line in range(at + 2, at + 2 + max(1, count)):
            words = lines[line].split() if line < len(lines) else []
            if len(words) != WIDER_FIELDS or not all(word.lstrip("-").isdecimal() for word in words):
                raise wrong(line, f"{WIDER_FIELDS} whole numbers")
            numbers = [int(word) for word in words]
            faces.append((numbers[:4], not numbers[WIDER_INVALID]))
        yield _photo(folder / name, index, faces[:count])
        at, index = at + 2 + max(1, count), index + 1


def coco(folder: Path, annotations: Path) -> Iterator[Photo]:
    """Yield the photos of a COCO file; where a category's name has "face" in it, only those count as faces."""
    try:
        given = json.loads(annotations.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise SystemExit(f"{annotations.name}, line {error.lineno}: no JSON: {error.msg}") from error
    if not isinstance(given, dict) or not all(isinstance(given.get(k), list) for k in ("images", "annotations")):
        raise SystemExit(f"{annotations.name}: expected an object with the lists images and annotations")
    named = {c.get("id") for c in given.get("categories", ()) if "face" in str(c.get("name", "")).lower()}
    faces: dict[Any, list[tuple[Sequence[float], bool]]] = {}
    known = {_of(image, "id", annotations, f"images[{i}]"): image for i, image in enumerate(given["images"])}
    for i, one in enumerate(given["annotations"]):
        where = f"annotations[{i}]"
        box, image = _of(one, "bbox", annotations, where), _of(one, "image_id", annotations, where)
        if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
            raise SystemExit(f"{annotations.name}, {where}: bbox must be x, y, width and height, got {box!r}")
        if image not in known:
            raise SystemExit(f"{annotations.name}, {where}: there is no image with the id {image!r}")
        if not named or one.get("category_id") in named:
            faces.setdefault(image, []).append((box, not (one.get("iscrowd") or one.get("ignore"))))
    for index, (key, image) in enumerate(known.items()):
        name = _of(image, "file_name", annotations, f"images[{index}]")
        yield _photo(folder / str(name), index, faces.get(key, []))


def _of(entry: object, key: str, annotations: Path, where: str) -> Any:
    if not isinstance(entry, Mapping) or key not in entry:
        raise SystemExit(f"{annotations.name}, {where}: there is no {key}")
    return entry[key]


FORMATS: Mapping[str, Callable[[Path, Path], Iterator[Photo]]] = {"wider": wider, "coco": coco}


def judge(looked: Sequence[Looked], finders: Sequence[str], min_iou: float) -> list[Result]:
    """Return one result for each band of heights that has faces, and one for all photos with the false regions."""
    verdicts = {f: [match(one.truth, one.given[f], one.ignored, min_iou) for one in looked] for f in finders}
    heights = np.concatenate([one.truth[:, 3] - one.truth[:, 1] for one in looked])
    found = {f: np.concatenate([v.found for v in verdicts[f]]) for f in finders}
    out = []
    for low, high in zip(BANDS_PX, (*BANDS_PX[1:], np.inf), strict=True):
        mine = (heights >= low) & (heights < high)
        if mine.any():
            name = f"{low} px and more" if np.isinf(high) else f"{low} to {high} px"
            out.append(Result(name, "height", 0, {f: found[f][mine] for f in finders}, dict.fromkeys(finders, 0)))
    false = {f: sum(v.false for v in verdicts[f]) for f in finders}
    return [*out, Result("all photos", "all", len(looked), found, false)]
