"""Make ``docs/images/drawn.png``: what is drawn over faces. Nobody but the public-domain astronaut is in it."""

import io
import math
import sys
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from anonymizer_udfs.keys import Key
from anonymizer_udfs.methods import Avatar, Mask, Method, Target
from anonymizer_udfs.methods.facing import NOSE_DEPTH, POINTS
from anonymizer_udfs.regions import region
from docs.tiles import TILE_WH, page

OUT = Path(__file__).parent / "images" / "drawn.png"
BOX = (182, 58, 270, 178)
MARKS = ((203, 102), (247, 105), (223, 125), (203, 142), (241, 144))
"""The astronaut's face, as CenterFace finds it."""
ROLL, RATIO = 28.0, 2.0
KEY = Key(bytes(32))
_CUT = (111, 0, 341, 276)
SCENES = (
    ((0.84, 0.64, 0.54), (0.55, 0.62, 0.7), (0.2, 0.25, 0.4), 0),
    ((0.45, 0.31, 0.24), (0.85, 0.8, 0.7), (0.7, 0.3, 0.2), 20),
    ((0.68, 0.5, 0.38), (0.3, 0.4, 0.3), (0.85, 0.85, 0.8), -32),
    ((0.92, 0.76, 0.68), (0.2, 0.2, 0.28), (0.45, 0.2, 0.3), 0),
    ((0.3, 0.2, 0.16), (0.62, 0.7, 0.75), (0.9, 0.75, 0.3), 33),
    ((0.78, 0.58, 0.46), (0.75, 0.6, 0.45), (0.25, 0.4, 0.35), -18),
    ((0.58, 0.42, 0.32), (0.4, 0.35, 0.5), (0.3, 0.3, 0.32), 45),
    ((0.7, 0.54, 0.46), (0.9, 0.9, 0.92), (0.3, 0.35, 0.6), 0),
)
"""Skin, surroundings and clothes that nobody has, and how far who is drawn in them looks to the right."""

Rgb = NDArray[np.uint8]
Marks = tuple[tuple[float, float], ...]


def treated(rgb: Rgb, box: tuple[float, ...], marks: Marks, method: Method, image_id: str) -> Rgb:
    """Return a picture with one face treated as the pipeline does it."""
    (ax, ay), (bx, by) = marks[:2]
    where = region(np.array(box, np.float32), RATIO, math.degrees(math.atan2(by - ay, bx - ax)), rgb.shape[1::-1])
    x0, y0, x1, y1 = where.box
    target = Target(
        (box[0] - x0, box[1] - y0, box[2] - x0, box[3] - y0), landmarks=tuple((x - x0, y - y0) for x, y in marks)
    )
    patch, mask = rgb[y0:y1, x0:x1], where.mask()
    made = method.apply(patch, target, KEY.generator(image_id, method.name, 0))
    out = rgb.copy()
    out[y0:y1, x0:x1] = made if mask is None else np.where(mask[..., None], made, patch)
    return out


def nobody(number: int) -> Rgb:
    """Return a drawn face in one of the scenes, in which nobody was."""
    skin, around, clothes, yaw = SCENES[number]
    w, h = TILE_WH
    scene = np.full((h, w, 3), around)
    width, (x, y) = 62.0, (75.0, 80.0)
    cv2.ellipse(scene, (75, 84), (26, 34), 0, 0, 360, skin, -1)
    scene[145:] = clothes
    turn = math.radians(yaw)
    points = np.array(POINTS) * [math.cos(turn), 1] + np.outer([0, 0, 1, 0, 0], [NOSE_DEPTH * math.sin(turn), 0])
    marks = tuple((float(px), float(py)) for px, py in points * width + [x, y])
    box = (x - width / 2, y - 0.66 * width, x + width / 2, y + 0.66 * width)
    made = Avatar(noise_ratio=0.0).apply(
        (scene * 255).astype(np.uint8), Target(box, landmarks=marks), KEY.generator(f"{number:032x}", "avatar", 0)
    )
    return np.asarray(made, np.uint8)


def astronaut(method: Method | None, *, roll: float = 0.0, grey: bool = False) -> Rgb:
    """Return the astronaut's head, treated, as a tile."""
    rgb, marks = np.asarray(skimage.data.astronaut(), np.uint8), np.array(MARKS, np.float64)
    box: tuple[float, ...] = BOX
    if grey:
        rgb = rgb.mean(2, keepdims=True).astype(np.uint8)
    if roll:
        centre = ((BOX[0] + BOX[2]) / 2, (BOX[1] + BOX[3]) / 2)
        matrix = cv2.getRotationMatrix2D(centre, -roll, 1)
        rgb = np.asarray(cv2.warpAffine(rgb, matrix, rgb.shape[1::-1], borderMode=cv2.BORDER_REFLECT), np.uint8)
        marks = marks @ matrix[:, :2].T + matrix[:, 2]
        wide, high = (BOX[2] - BOX[0]) / 2, (BOX[3] - BOX[1]) / 2
        c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
        half = math.hypot(wide * c, high * s), math.hypot(wide * s, high * c)
        box = (centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1])
    if method is not None:
        rgb = treated(rgb, box, tuple(map(tuple, marks.tolist())), method, 32 * "a")
    x0, y0, x1, y1 = _CUT
    tile = np.asarray(cv2.resize(rgb[y0:y1, x0:x1], TILE_WH, interpolation=cv2.INTER_AREA), np.uint8)
    return np.repeat(tile[..., None], 3, 2) if grey else tile


def sheet() -> bytes:
    """Return the PNG: a row of drawn faces, and a row of the astronaut under what is drawn."""
    faces = [("avatar", nobody(number)) for number in range(len(SCENES))]
    portraits = [
        ("before", astronaut(None)),
        ("avatar, face", astronaut(Avatar())),
        ("rolled", astronaut(Avatar(), roll=ROLL)),
        ("grey", astronaut(Avatar(), grey=True)),
        ("avatar, silhouette", astronaut(Avatar("silhouette"))),
        ("mask, silhouette", astronaut(Mask(form="silhouette"))),
        ("mask, ellipse", astronaut(Mask(form="ellipse"))),
        ("mask, icon", astronaut(Mask(form="icon"))),
    ]
    out = io.BytesIO()
    page((faces, portraits)).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Write the picture; return 0."""
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(sheet())
    return 0


if __name__ == "__main__":
    sys.exit(main())
