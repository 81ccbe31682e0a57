"""Make ``docs/images/surrogate.png``: drawn donors, and the public-domain astronaut with their faces; nobody else."""

import io
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.donors import shape
from anonymizer_udfs.donors.drawn import EACH_TONE
from anonymizer_udfs.donors.faces import bundled
from anonymizer_udfs.keys import Key
from anonymizer_udfs.landmarks import Points
from anonymizer_udfs.landmarks import base as landmarking
from anonymizer_udfs.methods import Method, StandIn, Target
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.regions import region
from docs.drawn import BOX, MARKS
from docs.tiles import TILE_WH, page

OUT = Path(__file__).parent / "images" / "surrogate.png"
POINTS = (
    *((180.0, 105.4), (180.3, 117.0), (181.3, 128.4), (182.4, 139.8), (185.5, 151.1), (191.8, 161.1), (200.4, 169.3)),
    *((209.7, 176.4), (221.0, 178.8), (232.6, 177.4), (243.5, 171.7), (253.4, 164.4), (260.6, 155.0), (265.3, 144.1)),
    *((268.0, 132.1), (270.4, 120.6), (272.2, 108.6), (187.1, 94.4), (192.9, 88.6), (200.9, 87.4), (209.1, 89.2)),
    *((216.6, 92.9), (236.5, 94.1), (244.3, 91.3), (252.3, 90.9), (260.3, 92.7), (265.4, 99.0), (226.2, 103.1)),
    *((225.9, 111.4), (225.6, 119.3), (225.4, 127.6), (214.7, 131.7), (219.8, 133.1), (224.8, 134.9), (230.0, 133.6)),
    *((234.7, 132.4), (195.6, 101.6), (200.9, 98.2), (207.5, 99.0), (212.9, 104.6), (206.7, 104.9), (200.1, 104.4)),
    *((237.9, 105.7), (243.8, 100.7), (250.3, 100.8), (255.6, 104.7), (250.6, 107.0), (244.0, 106.8), (200.9, 139.9)),
    *((209.2, 139.5), (217.8, 139.8), (223.7, 141.2), (229.7, 140.2), (237.9, 140.5), (246.2, 141.5), (238.0, 151.7)),
    *((229.3, 155.7), (222.6, 156.3), (216.3, 155.3), (207.8, 150.3), (203.7, 141.0), (217.5, 143.4), (223.5, 144.6)),
    *((229.5, 144.0), (243.1, 142.6), (229.3, 150.3), (223.0, 151.0), (216.8, 150.0)),
)
"""The astronaut's, as dlib's predictor finds them."""
TIMES, RATIO, ROLL = 3, 1.6, 28.0
KEY = Key(bytes(32))
_CUT = (131, 10, 321, 238)

Rgb = NDArray[np.uint8]
Xy = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """A landmarker that was told the points.

    Attributes:
        model: none is run.
        xy: the 68 points.
    """

    model: ModelRef
    xy: tuple[tuple[float, float], ...]

    name: ClassVar[str] = "known"
    scheme: ClassVar[str] = "68"

    def locate(
        self, rgb: landmarking.Rgb, boxes_xyxy: Boxes, five: landmarking.Five, detector: str, runtime: Runtime
    ) -> list[Points]:
        """Return the points, for each face; they are told in the patch's pixels."""
        del rgb, five, detector, runtime
        return [Points(np.array(self.xy, np.float32), self.scheme)] * len(boxes_xyxy)


def astronaut(*, many: bool = True, roll: float = 0.0, grey: bool = False, method: StandIn | None = None) -> Rgb:
    """Return the astronaut with another face, as a tile.

    Args:
        many: whether 68 points are known, or five.
        roll: how far the picture is turned.
        grey: whether it is grey.
        method: what treats it; None: nothing does.
    """
    small = np.asarray(skimage.data.astronaut(), np.uint8)[:300, 60:400]
    rgb = np.asarray(cv2.resize(small, None, fx=TIMES, fy=TIMES, interpolation=cv2.INTER_CUBIC), np.uint8)
    if grey:
        rgb = rgb.mean(2, keepdims=True).astype(np.uint8)
    corner = np.array([60.0, 0.0])
    five, points = ((np.array(one) - corner) * TIMES for one in (MARKS, POINTS))
    centre = (np.array([BOX[0] + BOX[2], BOX[1] + BOX[3]]) / 2 - corner) * TIMES
    matrix = cv2.getRotationMatrix2D(tuple(centre.tolist()), -roll, 1)
    if roll:
        rgb = np.asarray(cv2.warpAffine(rgb, matrix, rgb.shape[1::-1], borderMode=cv2.BORDER_REFLECT), np.uint8)
        five, points = (one @ matrix[:, :2].T + matrix[:, 2] for one in (five, points))
    if method is not None:
        rgb = _treated(rgb.reshape(*rgb.shape[:2], -1), _box(centre, roll), (five, points if many else None), method)
    x0, y0, x1, y1 = (round(v * TIMES) for v in (_CUT[0] - 60, _CUT[1], _CUT[2] - 60, _CUT[3]))
    tile = np.asarray(cv2.resize(rgb[y0:y1, x0:x1], TILE_WH, interpolation=cv2.INTER_AREA), np.uint8)
    return np.repeat(tile[..., None], 3, 2) if grey else tile


def _box(centre: Xy, roll: float) -> Xy:
    """Return the upright box around the astronaut's turned face."""
    wide, high = (BOX[2] - BOX[0]) * TIMES / 2, (BOX[3] - BOX[1]) * TIMES / 2
    c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    half = np.array([math.hypot(wide * c, high * s), math.hypot(wide * s, high * c)])
    return np.concatenate([centre - half, centre + half])


def _treated(rgb: Rgb, box: Xy, marks: tuple[Xy, Xy | None], method: StandIn) -> Rgb:
    """Return a picture with its face treated as the pipeline does it."""
    five, points = marks
    roll = math.degrees(math.atan2(*(five[1] - five[0])[::-1]))
    where = region(box.astype(np.float32), RATIO, roll, rgb.shape[1::-1])
    x0, y0, x1, y1 = where.box
    corner = np.array([x0, y0])
    told: Method = method
    if points is not None:
        nothing = ModelRef.fetched("known", "0" * 64)
        told = StandIn(method.k, method.cells, Known(nothing, tuple(map(tuple, (points - corner).tolist()))))
    a, b, c, d = (box - np.tile(corner, 2)).tolist()
    at = tuple((float(x), float(y)) for x, y in five - corner)
    target = Target((a, b, c, d), landmarks=at, detector="centerface", runtime=Runtime(()))
    patch, mask = rgb[y0:y1, x0:x1], where.mask()
    made = told.apply(patch, target, KEY.generator(32 * "a", method.name, 0))
    out = rgb.copy()
    out[y0:y1, x0:x1] = made if mask is None else np.where(mask[..., None], made, patch)
    return out


def sheet() -> bytes:
    """Return the PNG: a row of drawn donors and of means of them, and a row of the astronaut with others' faces."""
    donors = bundled()
    first = [0, EACH_TONE + 1, 2 * EACH_TONE + 2, 3 * EACH_TONE + 3, 4, EACH_TONE + 5]
    faces = [("drawn", donors.canvases[i]) for i in first]
    for tone in (0.65, 0.4):
        mean = donors.mixed(8, tone, np.random.Generator(np.random.Philox(1))).canvas
        faces.append(("the mean of 8", np.rint(mean * 255).astype(np.uint8)))
    h, w = shape.SIZE_HW
    side = (w - round(h * TILE_WH[0] / TILE_WH[1])) // 2
    rows = (
        [(said, cv2.resize(one[:, side : w - side], TILE_WH, interpolation=cv2.INTER_AREA)) for said, one in faces],
        [
            ("before", astronaut()),
            ("68 points", astronaut(method=StandIn())),
            ("5 points", astronaut(many=False, method=StandIn())),
            ("rolled", astronaut(roll=ROLL, method=StandIn())),
            ("grey", astronaut(grey=True, method=StandIn())),
            ("cells: 8", astronaut(method=StandIn(cells=8))),
            ("cells: 1", astronaut(method=StandIn(cells=1))),
            ("k: 2", astronaut(method=StandIn(k=2))),
        ],
    )
    out = io.BytesIO()
    page(rows).quantize(255).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Write the picture; return 0."""
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(sheet())
    return 0


if __name__ == "__main__":
    sys.exit(main())
