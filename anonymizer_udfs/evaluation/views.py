"""One face of one picture as attackers look at it: templates, the aligned face, the region's inside, what is around it.

A view is bytes under a name, so that attackers of all kinds share one row a face: ``SIDE.WHAT``, such as
``released.chip``. Runs on an executor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import CHIP_PX
from anonymizer_udfs.attacks.restored import SHARPENED, embedded, onto, wiener
from anonymizer_udfs.boxes import outward
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import Recognizer, alignment

CANVAS_PX = 32
"""The side to which a region's inside is resampled, so that neither its size nor its shape tells whose it is."""
EDGE_PX = 3
AROUND_PX = 12
HAIR, CLOTHING, BACKGROUND = "hair", "clothing", "background"
CONTEXT = (HAIR, CLOTHING, BACKGROUND)
CHIP, CANVAS = "chip", "canvas"
_BLANK = 127
_BINS = 4
Rgb = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Views = dict[str, bytes]


@dataclass(frozen=True, eq=False)
class Shown:
    """One face in an upright picture.

    Attributes:
        box: what was detected, ``x0 y0 x1 y1`` in pixels.
        region: the box that holds all that its treatment may have changed.
        points: five landmarks, float32 ``(5, 2)``.
        detector: who gave them.
    """

    box: Box
    region: Box
    points: NDArray[np.float32]
    detector: str


@dataclass(frozen=True)
class Lookers:
    """Who makes templates.

    Attributes:
        recognizers: each of another name.
        runtime: where their models lie.
    """

    recognizers: tuple[Recognizer, ...]
    runtime: Runtime

    def templates(self, side: str, rgb: Rgb, face: Shown) -> Views:
        """Return the template of a face by each recognizer, float32, at the face's points."""
        return {
            f"{side}.{one.name}": _packed(one.embed(rgb, face.points[None], face.detector, self.runtime)[0])
            for one in self.recognizers
            if face.detector in alignment.DLIB
        }

    def sharpened(self, side: str, chip: Rgb) -> Views:
        """Return the templates of a small face with blurs of several strengths undone, one after the other."""
        # Of one colour, as under a mask, there is nothing to undo.
        made = [chip[None]] if _flat(chip) else [wiener(chip[None], *how) for how in SHARPENED]
        said = {one.name: [embedded(each, one, self.runtime) for each in made] for one in self.recognizers}
        return {
            f"{side}.sharp.{name}": _packed(np.concatenate(given * (len(SHARPENED) // len(given))))
            for name, given in said.items()
        }


def _flat(chip: Rgb) -> bool:
    return bool((chip == chip[0, 0]).all())


def _packed(values: NDArray[np.float32]) -> bytes:
    """Return numbers as bytes; what is no number is nothing, so that nobody is told by it."""
    return np.nan_to_num(np.asarray(values, np.float32)).tobytes()


def chip(rgb: Rgb, face: Shown) -> Rgb:
    """Return the aligned face, uint8 ``(64, 64, 3)``."""
    return np.asarray(alignment.chips(rgb, face.points[None], onto(face.detector), CHIP_PX)[0])


def canvas(rgb: Rgb, face: Shown, inside: NDArray[np.bool_]) -> bytes:
    """Return what is inside of a face's region at 32x32 pixels.

    A turned region does not fill its box: what is not treated there is given the mean of what is, since it is the
    original by promise, and its outline is that of anybody's face at that angle. So is the edge of what is treated: a
    JPEG's colours are interpolated across it, from what lies outside.

    Args:
        rgb: the picture.
        face: whose region.
        inside: which pixels were treated, ``(h, w)``.
    """
    x0, y0, x1, y1 = outward(np.array(face.region, np.float32), (rgb.shape[1], rgb.shape[0]))
    if x1 <= x0 or y1 <= y0:
        return bytes(CANVAS_PX * CANVAS_PX * 3)
    kernel = np.ones((2 * EDGE_PX + 1, 2 * EDGE_PX + 1), np.uint8)
    within = cv2.erode(inside.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    part, mine = rgb[y0:y1, x0:x1].copy(), within[y0:y1, x0:x1].astype(bool)
    if not mine.any():
        return bytes(CANVAS_PX * CANVAS_PX * 3)
    part[~mine] = np.round(part[mine].mean(0))
    small = cv2.resize(part, (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).tobytes()


def around(side: str, rgb: Rgb, face: Shown, hidden: NDArray[np.bool_]) -> Views:
    """Return what is seen around a face: hair, clothing and background, each as colours on a grid and their shares.

    Args:
        side: whose picture it is.
        rgb: the picture.
        face: whose surroundings.
        hidden: which pixels lie in a region of any face, ``(h, w)``; nothing of them is used.
    """
    x0, y0, x1, y1 = face.box
    w, h, middle = x1 - x0, y1 - y0, (x0 + x1) / 2
    places: dict[str, Box] = {
        HAIR: (x0 - 0.8 * w, y0 - 0.9 * h, x1 + 0.8 * w, y1 + 0.3 * h),
        CLOTHING: (middle - 1.5 * w, y1 + 0.2 * h, middle + 1.5 * w, y1 + 2.2 * h),
        BACKGROUND: (0, 0, rgb.shape[1], rgb.shape[0]),
    }
    return {f"{side}.{name}": _packed(_described(rgb, hidden, place)) for name, place in places.items()}


def _described(rgb: Rgb, hidden: NDArray[np.bool_], place: Box) -> NDArray[np.float32]:
    """Return the mean colour in each cell of a grid, and how the colours are spread, of what is not hidden."""
    x0, y0, x1, y1 = outward(np.array(place, np.float32), (rgb.shape[1], rgb.shape[0]))
    if x1 - x0 < 1 or y1 - y0 < 1:
        return np.zeros(AROUND_PX**2 * 3 + _BINS**3, np.float32)
    part, free = rgb[y0:y1, x0:x1], (~hidden[y0:y1, x0:x1]).astype(np.float32)
    size = (AROUND_PX, AROUND_PX)
    share = cv2.resize(free, size, interpolation=cv2.INTER_AREA)[..., None]
    seen = cv2.resize(part.astype(np.float32) * free[..., None], size, interpolation=cv2.INTER_AREA)
    grid = np.divide(seen, share, out=np.full_like(seen, _BLANK), where=share > 0.05) / 255 - 0.5  # noqa: PLR2004 - a sliver
    levels = (part[free > 0] // (256 // _BINS)).astype(np.int64)
    counts = np.bincount(levels @ np.array([_BINS**2, _BINS, 1]), minlength=_BINS**3)
    return np.concatenate([grid.ravel(), np.sqrt(counts / max(1, counts.sum()))]).astype(np.float32)


def blanked(rgb: Rgb, shown: NDArray[np.bool_]) -> Rgb:
    """Return a picture of which only some pixels are seen; the others are grey."""
    return np.where(shown[..., None], rgb, np.uint8(_BLANK))


def covered(boxes: Sequence[Box], shape_hw: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels lie in one of the boxes, ``(h, w)``."""
    out = np.zeros(shape_hw[:2], bool)
    for one in boxes:
        x0, y0, x1, y1 = outward(np.array(one, np.float32), (out.shape[1], out.shape[0]))
        out[y0:y1, x0:x1] = True
    return out


def blurred(rgb: Rgb, face: Shown, sigma_ratio: float) -> Rgb:
    """Return a picture with one face blurred, by a share of its width: what the controls attack.

    The blur is plain, on decoded pixels; the method of the same name has a floor that makes it stronger.
    """
    x0, y0, x1, y1 = face.box
    w, h = x1 - x0, y1 - y0
    a, b, c, d = outward(np.array([x0 - w, y0 - h, x1 + w, y1 + h], np.float32), (rgb.shape[1], rgb.shape[0]))
    out = rgb.copy()
    sigma = max(sigma_ratio * w, 1e-3)
    out[b:d, a:c] = cv2.GaussianBlur(rgb[b:d, a:c], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return out
