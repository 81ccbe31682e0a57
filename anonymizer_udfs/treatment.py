"""From findings to a treated picture: regions, methods, and the record of each face. Runs on an executor."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import family
from anonymizer_udfs.around import Around
from anonymizer_udfs.boxes import IntBox
from anonymizer_udfs.detection.findings import Finding, roll_degrees
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.imaging import Picture, orientation, reach
from anonymizer_udfs.methods import KSame, Mask, Method
from anonymizer_udfs.methods.base import Noting, Promising, Target
from anonymizer_udfs.methods.surrogate import Surrogate
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.records import Face, Look
from anonymizer_udfs.regions import Region, region
from anonymizer_udfs.shares import Shares
from anonymizer_udfs.spec import WorkerSpec

SOLID = (Mask.name, KSame.name)
"""Methods whose regions are grown to whole JPEG cells, so that none holds a pixel of the face beside theirs."""
NOBODY = Shares()


@dataclass(frozen=True, eq=False)
class Treated:
    """A picture after treatment, not encoded yet.

    Attributes:
        picture: its pixels.
        findings: what was treated.
        faces: the record of each region, in the order of the findings.
        regions: where each was treated.
        around: where hair, neck and clothing were treated, by a milder method; they count as no face's cover.
        blank: those of the regions in which no pixel depends on the picture.
    """

    picture: Picture
    findings: tuple[Finding, ...] = ()
    faces: tuple[Face, ...] = ()
    regions: tuple[Region, ...] = ()
    around: tuple[Region, ...] = ()
    blank: tuple[Region, ...] = ()

    def covered(self) -> NDArray[np.bool_]:
        """Return which stored pixels belong to the region of a face or plate, ``(h, w)``."""
        return cover(self.regions, self.picture.pixels.shape[:2])

    def changed(self) -> NDArray[np.bool_]:
        """Return which stored pixels were treated at all, ``(h, w)``."""
        return cover((*self.regions, *self.around), self.picture.pixels.shape[:2])


def cover(regions: Sequence[Region], shape_hw: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of a picture of a shape belong to one of the regions, ``(h, w)``."""
    out = np.zeros(shape_hw[:2], bool)
    for one in regions:
        x0, y0, x1, y1 = one.box
        mask = one.mask()
        out[y0:y1, x0:x1] |= True if mask is None else mask
    return out


def treat(
    picture: Picture,
    found: Sequence[Found],
    image_id: str,
    spec: WorkerSpec,
    *,
    animated: bool = False,
    shares: Shares = NOBODY,
    least: int = 0,
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
        shares: which surrogates its faces share with others. Where one of them has none, or the picture moves, no face
            of it gets one: all take the next method of the chain.
        least: which method of their chain, from 0, faces get at least.
    """
    if not found:
        return Treated(picture)
    places = [_placed(one, picture) for one in found]
    shared = _shared(found, places, NOBODY if animated else shares)
    work = _Work(picture, picture.pixels.copy(), image_id, spec, shared)
    steps = work.steps(found, places, animated=animated, least=least)
    # All that is mild comes first: what lies around one face may hold another one.
    around = [work.surround(i, one.finding, placed) for i, (one, placed) in enumerate(zip(found, places, strict=True))]
    faces, regions, blank = [], [], []
    for i, (one, placed) in enumerate(zip(found, places, strict=True)):
        step = steps[one.finding.kind]
        where, said = work.treat(i, one.finding, placed, step, animated=animated)
        changed = [reach.touched(picture, region.box) for region in (where, *around[i])]
        regions.append(where)
        method = spec.policy.rule(one.finding.kind).chain[step]
        blank += [where] * (isinstance(method, Mask) and method.opaque)
        faces.append(_face(one, placed, _hull(changed), method, said, steps=step + 1))
    findings, more = tuple(one.finding for one in found), tuple(itertools.chain.from_iterable(around))
    return Treated(picture.with_pixels(work.pixels), findings, tuple(faces), tuple(regions), more, tuple(blank))


def _shared(found: Sequence[Found], places: Sequence["_Placed"], shares: Shares) -> dict[int, Surrogate | None]:
    """Return the surrogate of each face, by its place among what was found; plates have none and are left out."""
    mine = [i for i, one in enumerate(found) if one.finding.kind == FACE]
    return dict(zip(mine, shares.of([places[i].box for i in mine]), strict=True))


def _hull(boxes: Sequence[IntBox]) -> IntBox:
    """Return the smallest box that holds all of some."""
    corners = np.array(boxes)
    x0, y0 = corners[:, :2].min(0).tolist()
    x1, y1 = corners[:, 2:].max(0).tolist()
    return x0, y0, x1, y1


@dataclass(frozen=True, eq=False)
class _Placed:
    """Where a finding is in the stored pixels."""

    box: NDArray[np.float32]
    points: NDArray[np.float32] | None
    roll: float | None
    drawn: bool = False
    """Whether a person drew it: then it is itself the region, and nothing around it is treated."""


def _placed(found: Found, picture: Picture) -> _Placed:
    one, (h, w) = found.finding, picture.pixels.shape[:2]
    box = orientation.boxes_to_stored(one.box[None], picture.orientation, (w, h))[0]
    if one.landmarks is None:
        return _Placed(box, None, None, found.look is Look.PERSON)
    points = orientation.points_to_stored(one.landmarks, picture.orientation, (w, h))
    return _Placed(box, points, roll_degrees(points))


@dataclass(frozen=True, eq=False)
class _Work:
    """A picture on which regions are treated, one after another.

    Attributes:
        picture: the source.
        pixels: a copy of its pixels, which is changed.
        image_id: what the noise is derived from.
        spec: the policy and the key.
        shared: the surrogate of each face, by its number; none for one that has none.
    """

    picture: Picture
    pixels: NDArray[np.uint8 | np.uint16]
    image_id: str
    spec: WorkerSpec
    shared: Mapping[int, Surrogate | None]

    def steps(
        self, found: Sequence[Found], places: Sequence["_Placed"], *, animated: bool, least: int
    ) -> dict[str, int]:
        """Return which method of its kind's chain all regions of a kind take."""
        kinds: dict[str, list[Target]] = {}
        for i, (one, placed) in enumerate(zip(found, places, strict=True)):
            kinds.setdefault(one.finding.kind, []).append(self._target((0, 0), one.finding, placed, self.shared.get(i)))
        rules = {kind: self.spec.policy.rule(kind) for kind in kinds}
        from_on = {FACE: least}
        return {
            kind: rules[kind].step(targets, animated=animated, least=from_on.get(kind, 0))
            for kind, targets in kinds.items()
        }

    def treat(self, number: int, one: Finding, placed: "_Placed", step: int, *, animated: bool) -> tuple[Region, str]:
        """Treat one finding's region by one method of its chain; return where, and what the record says of it."""
        rule = self.spec.policy.rule(one.kind)
        method = rule.chain[step]
        ratio = 1.0 if placed.drawn else rule.region_ratio
        where = self._whole(region(placed.box, ratio, placed.roll, self.picture.size_wh), method)
        target = self._target(where.box[:2], one, placed, self.shared.get(number))
        self._apply(where, method, target, self.spec.key.generator(self.image_id, method.name, number))
        promise = None if animated else _promise(method, target, where, self.pixels.shape[2])
        return where, _said(method, target, promise, rule.around)

    def surround(self, number: int, one: Finding, placed: "_Placed") -> tuple[Region, ...]:
        """Treat what is around one finding, where the policy says so; return where."""
        around = self.spec.policy.rule(one.kind).around
        if around is None or placed.drawn:
            return ()
        parts = around.regions(placed.box, placed.roll, self.picture.size_wh)
        found = tuple(self._whole(part, around.method) for part in parts)
        for part, where in enumerate(found):
            rng = self.spec.key.generator(self.image_id, f"around/{around.method.name}/{part}", number)
            self._apply(where, around.method, self._target(where.box[:2], one, placed, None), rng)
        return found

    def _whole(self, where: Region, method: Method) -> Region:
        """Return a region that ends where a solid fill of the format may end."""
        if method.name not in SOLID:
            return where
        return where.in_cells(reach.cells_wh(self.picture), self.picture.size_wh)

    def _target(
        self, corner_xy: tuple[int, int], one: Finding, placed: "_Placed", surrogate: Surrogate | None
    ) -> Target:
        """Return where the face is in the pixels from a corner on."""
        corner = np.array(corner_xy, np.float32)
        box = placed.box - np.tile(corner, 2)
        points = None if placed.points is None else tuple((x, y) for x, y in (placed.points - corner).tolist())
        alpha = self.picture.channels.samples - 1 if self.picture.channels.has_alpha else None
        return Target(
            tuple(box.tolist()),
            alpha=alpha,
            landmarks=points,
            surrogate=surrogate,
            detector=one.landmarks_by,
            runtime=self.spec.runtime,
        )

    def _apply(self, where: Region, method: Method, target: Target, rng: np.random.Generator) -> None:
        """Treat one region of the pixels, in place."""
        x0, y0, x1, y1 = where.box
        patch = self.pixels[y0:y1, x0:x1]
        made = method.apply(patch, target, rng)
        mask = where.mask()
        self.pixels[y0:y1, x0:x1] = made if mask is None else np.where(mask[..., None], made, patch)


def _promise(method: Method, target: Target, where: Region, channels: int) -> dict[str, float] | None:
    """Return what a method promises for a region, or nothing."""
    if not isinstance(method, Promising):
        return None
    (x0, y0, x1, y1), mask = where.box, where.mask()
    pixels = (x1 - x0) * (y1 - y0) if mask is None else int(mask.sum())
    return method.promise(target, pixels, channels - (target.alpha is not None))


def _said(method: Method, target: Target, promise: dict[str, float] | None, around: Around | None) -> str:
    """Return the method's parameters, what else it notes, what it promises, and what was done around it, as JSON."""
    said = family.parameters(method) | (method.noted(target) if isinstance(method, Noting) else {})
    said |= {} if promise is None else {"promise": promise}
    said |= {} if around is None else {"around": around.to_mapping()}
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def _face(found: Found, placed: _Placed, changed: IntBox, method: Method, said: str, *, steps: int) -> Face:
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
        steps=steps,
    )
