"""Make ``docs/images/around.png``: drawn people with marks near the face, and what ``around`` does with them."""

import io
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from anonymizer_udfs import policy
from anonymizer_udfs.around import PARTS, Around
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import decode
from anonymizer_udfs.keys import KEY_BYTES, Key
from anonymizer_udfs.methods import Pixelate
from anonymizer_udfs.methods.facing import HALF_HEIGHT, POINTS
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.spec import Provenance, WorkerSpec
from anonymizer_udfs.treatment import treat

OUT = Path(__file__).parent / "images" / "around.png"
SIZE_WH = (420, 400)
WIDTH_PX = 64
PEOPLE = (((120, 110), 0.0, 0), ((305, 150), -28.0, 1))
"""Middle of the face, roll in degrees, and who it is."""
SKIN = ((214, 168, 138), (140, 96, 72))
HAIR = ((74, 52, 40), (38, 30, 30))
CLOTH = ((62, 104, 150), (158, 82, 62))
Rgb = NDArray[np.uint8]
Colour = tuple[int, int, int]
_FINE = 4


def placed(points: NDArray[np.float64], centre: tuple[int, int], roll_degrees: float) -> NDArray[np.float64]:
    """Return where points of a face, in widths of its box, lie in the picture."""
    turn = np.radians(roll_degrees)
    matrix = WIDTH_PX * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(points @ matrix.T + centre)


def person(canvas: Rgb, centre: tuple[int, int], roll_degrees: float, who: int) -> None:
    """Draw somebody with a tattoo at the neck, a name tag on the chest, and a badge at the belt."""

    def fill(points: NDArray[np.float64], colour: Colour) -> None:
        fine = np.rint(placed(points, centre, roll_degrees) * (1 << _FINE)).astype(np.int32)
        cv2.fillPoly(canvas, [fine], colour, cv2.LINE_AA, _FINE)

    def oval(x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        turn = np.linspace(0, 2 * np.pi, 60)
        fill(np.column_stack([x + wide * np.cos(turn), y + high * np.sin(turn)]), colour)

    def box(x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        fill(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]), colour)

    trunk = [(-0.4, 0.98), (-1.35, 1.2), (-1.6, 1.7), (-1.45, 4.4), (1.45, 4.4), (1.6, 1.7), (1.35, 1.2), (0.4, 0.98)]
    oval(0, -0.3, 0.72, 0.85, HAIR[who])
    box(-0.3, 0.3, 0.3, 1.2, tuple(int(0.86 * v) for v in SKIN[who]))  # type: ignore[arg-type]  # three
    fill(np.array(trunk), CLOTH[who])
    for i in range(3):
        oval(-0.12 + 0.12 * i, 0.88, 0.05, 0.12, (40, 60, 70))
    oval(0, 0, 0.52, 0.68, SKIN[who])
    for side in (-1, 1):
        oval(side * 0.237, -0.158, 0.1, 0.055, (250, 250, 250))
        oval(side * 0.237, -0.158, 0.045, 0.05, (40, 30, 30))
    oval(0, 0.1, 0.06, 0.09, tuple(int(0.88 * v) for v in SKIN[who]))  # type: ignore[arg-type]  # three
    oval(0, 0.33, 0.2, 0.05, (160, 70, 70))
    box(0.25, 1.6, 1.05, 2.0, (245, 245, 240))
    box(0.35, 1.72, 0.95, 1.78, (60, 60, 60))
    box(0.35, 1.85, 0.8, 1.9, (60, 60, 60))
    box(-1.1, 3.75, -0.6, 4.15, (235, 200, 60))


def treated(drawn: Rgb) -> Rgb:
    """Return the picture as the job leaves it: masks on the heads, coarse cells around them."""
    file = io.BytesIO()
    Image.fromarray(drawn).save(file, "PNG")
    half, found = np.array([0.5, HALF_HEIGHT]) * WIDTH_PX, []
    for centre, roll, _ in PEOPLE:
        box = np.concatenate([np.array(centre) - half, np.array(centre) + half]).astype(np.float32)
        points = placed(np.array(POINTS), centre, roll).astype(np.float32)
        seen = (Sighting("centerface", "full", 1.0),)
        found.append(Found(Finding("face", box, 1.0, seen, landmarks=points), Look.PLAN))
    shipped = policy.public()
    rule = replace(shipped, face=replace(shipped.face, around=Around(tuple(PARTS), Pixelate(3, 0.0))))
    spec = WorkerSpec(rule, Key(bytes(KEY_BYTES)), Runtime(()), Provenance("docs", "0", "docs", (), "0" * 16))
    return treat(decode(file.getvalue(), max_pixels=10**7), found, "0" * 32, spec).picture.rgb()


def main() -> int:
    """Draw, treat, and write both side by side; return 0."""
    w, h = SIZE_WH
    drawn = np.full((h, w, 3), (206, 214, 206), np.uint8)
    drawn[int(h * 0.8) :] = (170, 158, 140)
    for centre, roll, who in PEOPLE:
        person(drawn, centre, roll, who)
    both = np.concatenate([drawn, np.full((h, 12, 3), 255, np.uint8), treated(drawn)], 1)
    OUT.parent.mkdir(exist_ok=True)
    Image.fromarray(both).save(OUT, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
