"""From findings to a treated picture: regions, methods, and the record of each face. Runs on an executor."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import family
from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.detection.findings import Finding, roll_degrees
from anonymizer_udfs.imaging import Picture, orientation, reach
from anonymizer_udfs.methods import Mask, Method
from anonymizer_udfs.methods.base import Promising, Target
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.records import Face
from anonymizer_udfs.regions import Region, region
from anonymizer_udfs.spec import WorkerSpec


@dataclass(frozen=True, eq=False)
class Treated:
    """A picture after treatment, not encoded yet.

    Attributes:
        picture: its pixels.
        findings: what was treated.
        faces: the record of each region, in the order of the findings.
        regions: where each was treated.
        blank: those of the regions in which no pixel depends on the picture.
    """

    picture: Picture
    findings: tuple[Finding, ...] = ()
    faces: tuple[Face, ...] = ()
    regions: tuple[Region, ...] = ()
    blank: tuple[Region, ...] = ()

    def covered(self) -> NDArray[np.bool_]:
        """Return which stored pixels belong to a region, ``(h, w)``."""
        return cover(self.regions, self.picture.pixels.shape[:2])


def cover(regions: Sequence[Region], shape_hw: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of a picture of a shape belong to one of the regions, ``(h, w)``."""
    out = np.zeros(shape_hw[:2], bool)
    for one in regions:
        x0, y0, x1, y1 = one.box
        mask = one.mask()
        out[y0:y1, x0:x1] |= True if mask is None else mask
    return out


def treat(
    picture: Picture, found: Sequence[Found], image_id: str, spec: WorkerSpec, *, animated: bool = False
) -> Treated:
    """Return the picture with every region treated, and what was done; ``picture`` itself is not changed.

    Args:
        picture: the decoded source, in the orientation of its stored pixels.
        found: what is treated, in the upright picture.
        image_id: what the noise of its regions is derived from. Frames share it: noise that is new in every frame is
            gone from their mean.
        spec: the policy and the key.
        animated: whether other frames have the same noise: what changes between them shows as it is, so the record
            states no promise.
    """
    if not found:
        return Treated(picture)
    h, w = picture.pixels.shape[:2]
    alpha = picture.channels.samples - 1 if picture.channels.has_alpha else None
    pixels, cell_wh = picture.pixels.copy(), reach.cells_wh(picture)
    faces, regions, blank = [], [], []
    for i, one in enumerate(found):
        placed, rule = _placed(one.finding, picture), spec.policy.rule(one.finding.kind)
        where, method = region(placed.box, rule.region_ratio, placed.roll, (w, h)), rule.chain[0]
        if isinstance(method, Mask):  # in every form the fill may end where the region does
            where = where.in_cells(cell_wh, (w, h))
            blank += [where] * method.opaque
        target = _target(where, alpha, placed.points)
        _apply(pixels, where, method, target, spec.key.generator(image_id, method.name, i))
        regions.append(where)
        said = _said(method, None if animated else _promise(method, target, where, pixels.shape[2]))
        faces.append(_face(one, placed, reach.touched(picture, where.box), method, said))
    findings = tuple(one.finding for one in found)
    return Treated(picture.with_pixels(pixels), findings, tuple(faces), tuple(regions), tuple(blank))


@dataclass(frozen=True, eq=False)
class _Placed:
    """Where a finding is in the stored pixels."""

    box: NDArray[np.float32]
    points: NDArray[np.float32] | None
    roll: float | None


def _placed(one: Finding, picture: Picture) -> _Placed:
    h, w = picture.pixels.shape[:2]
    box = orientation.boxes_to_stored(one.box[None], picture.orientation, (w, h))[0]
    if one.landmarks is None:
        return _Placed(box, None, None)
    points = orientation.points_to_stored(one.landmarks, picture.orientation, (w, h))
    return _Placed(box, points, roll_degrees(points))


def _target(where: Region, alpha: int | None, points: NDArray[np.float32] | None) -> Target:
    """Return where the face is in a region's pixels."""
    corner = np.array(where.box[:2], np.float32)
    local = np.array(where.detected, np.float32) - np.tile(corner, 2)
    landmarks = None if points is None else tuple((x, y) for x, y in (points - corner).tolist())
    return Target(tuple(local.tolist()), alpha=alpha, landmarks=landmarks)


def _apply(
    pixels: NDArray[np.uint8 | np.uint16], where: Region, method: Method, target: Target, rng: np.random.Generator
) -> None:
    """Treat one region of the pixels, in place."""
    x0, y0, x1, y1 = where.box
    patch = pixels[y0:y1, x0:x1]
    made = method.apply(patch, target, rng)
    mask = where.mask()
    pixels[y0:y1, x0:x1] = made if mask is None else np.where(mask[..., None], made, patch)


def _promise(method: Method, target: Target, where: Region, channels: int) -> dict[str, float] | None:
    """Return what a method promises for a region, or nothing."""
    if not isinstance(method, Promising):
        return None
    (x0, y0, x1, y1), mask = where.box, where.mask()
    pixels = (x1 - x0) * (y1 - y0) if mask is None else int(mask.sum())
    return method.promise(target, pixels, channels - (target.alpha is not None))


def _said(method: Method, promise: dict[str, float] | None) -> str:
    """Return the method's parameters, and what it promises, as JSON."""
    said = family.parameters(method) | ({} if promise is None else {"promise": promise})
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def _face(found: Found, placed: _Placed, changed: IntBox, method: Method, said: str) -> Face:
    one = found.finding
    x0, y0, x1, y1 = (float(v) for v in np.round(placed.box, 2))
    points = () if placed.points is None else placed.points
    return Face(
        kind=one.kind,
        box=(x0, y0, x1, y1),
        region=changed,
        landmarks=tuple((round(float(x), 2), round(float(y), 2)) for x, y in points),
        confidence=round(one.confidence, 4),
        sightings=one.sightings,
        method=method.name,
        parameters=said,
        roll_degrees=placed.roll,
        look=found.look,
        frame=found.frame,
    )
