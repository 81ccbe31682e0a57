"""The faces of one frame on each side: as they were, as they are, and as an attacker makes them. Executor; no Spark.

Steps of a policy may have changed a whole image before its faces were treated. A mirror is undone: it needs no key, and
whoever compares two faces turns one of them round. A smaller picture stays as small as it is; where its faces lie in
the original follows from the two sizes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import imaging, subject
from anonymizer_udfs.evaluation import places, views
from anonymizer_udfs.evaluation.parroting import Alike
from anonymizer_udfs.evaluation.views import Lookers, Shown, Views
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.keeping import METHOD
from anonymizer_udfs.steps import Mirror, Moved

WEAK, MIDDLING = 0.02, 0.05
"""Blurs of these shares of a face's width: one that must be broken, and one by which those who learn must gain."""
CLEAR, RELEASED, PARROT, WEAKLY, MIDDLINGLY = "clear", "released", "parrot", "weak", "middling"
WHOLE = "whole"
"""The clear face with all that is around it, where of the clear side only what is inside of regions is seen."""
Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Pixels = TypeVar("Pixels", Rgb, Mask)


@dataclass(frozen=True)
class Seeing:
    """What is looked at of each face.

    Attributes:
        lookers: who makes templates.
        inside: of the sides only what lies inside of regions is seen.
        controls: blurred faces are seen, too.
        whole: templates of the clear face are made without ``inside`` as well.
    """

    lookers: Lookers
    inside: bool = False
    controls: bool = True
    whole: bool = False


@dataclass(frozen=True, eq=False)
class Side:
    """A picture, upright, and a face in it.

    Attributes:
        rgb: uint8 ``(h, w, 3)``.
        face: where it is.
        hidden: which pixels lie in a region of any face, ``(h, w)``.
    """

    rgb: Rgb
    face: Shown
    hidden: Mask

    def seen(self, *, inside: bool) -> Rgb:
        """Return the picture, or what of it lies in regions."""
        return views.blanked(self.rgb, self.hidden) if inside else self.rgb


class Frame:
    """One frame of an image beside its original, and where places of the release are in either."""

    def __init__(self, before: Picture, after: Picture, steps: Sequence[str], parrot: Alike | None = None) -> None:
        """Take both pictures.

        Args:
            before: of the original.
            after: of the release.
            steps: as the image's row tells them.
            parrot: what a stranger made of the original.
        """
        mirrored = sum(one.partition("(")[0] == Mirror.name for one in steps) % 2 == 1
        self._after, self._parrot = after, parrot
        self._unmirrored = Moved.between(after, after, mirrored=True) if mirrored else None
        way = Moved.between(before, after, mirrored=mirrored)
        self._original = None if way.scale_xy == (1.0, 1.0) and not mirrored else way.back()
        self.clear, self.released = subject.upright(before), self._turned(subject.upright(after))

    def sides(self, face: Shown, regions: Sequence[dict[str, float]]) -> dict[str, Side]:
        """Return the sides of a face.

        Args:
            face: where it is in the release.
            regions: of all faces of the frame, as the row has them.
        """
        boxes = places.upright_boxes([places.corners(one) for one in regions], self._after)
        is_, was = places.moved(face, self._unmirrored), places.moved(face, self._original)
        hidden = views.covered(places.boxes_moved(boxes, self._unmirrored), self.released.shape)
        hid = hidden
        if self._original is not None:
            hid = views.covered(places.boxes_moved(boxes, self._original), self.clear.shape)
        out = {CLEAR: Side(self.clear, was, hid), RELEASED: Side(self.released, is_, hidden)}
        if self._parrot is not None:
            out[PARROT] = Side(self._turned(self._parrot.rgb), is_, hidden)
        return out

    def canvases(self, sides: Mapping[str, Side]) -> Views:
        """Return the inside of a face's region on each side, where a stranger's work tells what was treated."""
        if self._parrot is None:
            return {}
        inside = self._turned(self._parrot.inside)
        out: Views = {}
        for side, one in sides.items():
            mine = inside if one.rgb.shape[:2] == inside.shape else _resized(inside, one.rgb)
            out[f"{side}.{views.CANVAS}"] = views.canvas(one.rgb, one.face, mine)
        return out

    def _turned(self, pixels: Pixels) -> Pixels:
        return pixels if self._unmirrored is None else np.ascontiguousarray(pixels[:, ::-1])


def _resized(inside: Mask, rgb: Rgb) -> Mask:
    size_wh = (rgb.shape[1], rgb.shape[0])
    return np.asarray(cv2.resize(inside.astype(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST), bool)


def templates(sides: Mapping[str, Side], seeing: Seeing) -> Views:
    """Return the templates of one face alone, for galleries of more people than anybody learns from."""
    out: Views = {}
    for side, one in sides.items():
        out |= seeing.lookers.templates(side, one.seen(inside=seeing.inside), one.face)
    return out


def every(sides: Mapping[str, Side], seeing: Seeing) -> Views:
    """Return all views of one face that do not need its file."""
    out: Views = {}
    for side, one in sides.items():
        if side in {CLEAR, RELEASED}:
            out |= views.around(side, one.rgb, one.face, one.hidden)
        out |= _face(side, one.seen(inside=seeing.inside), one.face, seeing.lookers)
    clear = sides[CLEAR]
    if seeing.controls:
        for side, ratio in ((WEAKLY, WEAK), (MIDDLINGLY, MIDDLING)):
            out |= _face(side, views.blurred(clear.rgb, clear.face, ratio), clear.face, seeing.lookers)
    if seeing.whole:
        out |= seeing.lookers.templates(WHOLE, clear.rgb, clear.face)
    return out


def _face(side: str, rgb: Rgb, face: Shown, lookers: Lookers) -> Views:
    small = views.chip(rgb, face)
    out = {f"{side}.{views.CHIP}": small.tobytes()} | lookers.templates(side, rgb, face)
    return out | (lookers.sharpened(side, small) if side in {RELEASED, MIDDLINGLY} else {})


def facts(content: bytes, picture: Picture) -> bytes:
    """Return what a file tells without its picture: sides, bytes a pixel, format; of the release, as anybody has it."""
    w, h = picture.size_wh
    kinds = [float(picture.format is one) for one in imaging.Format]
    return np.array([np.log(w), np.log(h), np.log(len(content) / (w * h)), *kinds], np.float32).tobytes()


def wanted(row: Mapping[str, Any], kind: str) -> list[tuple[int, dict[str, Any], str]]:
    """Return which faces of a row are attacked: their numbers, what the row says of them, and who they are.

    Where faces are named those are; where the image is, its largest. Else each is somebody of its own, in an animation
    those of the frame with the largest: others show the same people, and nobody would be found first among himself.

    Faces of people who consented to be seen are nobody's to attack: they are counted apart. Where the largest of an
    image is one, it is taken for that of whom the image is said to show.
    """
    mine = [(i, face) for i, face in enumerate(row["faces"]) if face["kind"] == kind]
    if row["named"]:
        who = {one["face"]: one["person"] for one in row["named"]}
        return [(i, face, who[i]) for i, face in mine if i in who and face["method"] != METHOD]
    if not mine:
        return []
    number, largest = max(mine, key=lambda one: places.area(one[1]["box"]))
    if row["person"] is not None:
        return [] if largest["method"] == METHOD else [(number, largest, row["person"])]
    here = [(i, face) for i, face in mine if face["frame"] == largest["frame"] and face["method"] != METHOD]
    return [(i, face, face_id(row["image_id"], i)) for i, face in here]


def face_id(image_id: str, number: int) -> str:
    """Return the name of a face of a row, by its place there."""
    return f"{image_id}-{number:04d}"
