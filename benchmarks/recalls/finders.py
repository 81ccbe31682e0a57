"""What looks for faces: a file's bytes in, boxes in the picture as it is seen out. Ours are here, others in ``peers``.

A finder is a frozen dataclass, so that it travels to worker processes, and it describes all that its answers depend
on, so that answers can be kept between runs.
"""

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import version
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import boxes, family, imaging
from anonymizer_udfs.detection import plans, search
from anonymizer_udfs.detection.base import Detector
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.detection.search import Searcher
from anonymizer_udfs.imaging import orientation
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.sight import FileSight
from benchmarks.recalls.code import code_digest
from benchmarks.recalls.portraits import Rgb

MAX_PIXELS = 100_000_000
LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime", "pillow")


@dataclass(frozen=True, eq=False)
class Found:
    """What a finder gives for one picture: all that it would hide.

    Attributes:
        boxes_xyxy: float32 ``(n, 4)`` in the picture as it is seen, turned as its orientation says.
        scores: float32 ``(n,)``.
    """

    boxes_xyxy: NDArray[np.float32] = field(default_factory=boxes.empty)
    scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


class Finder(Protocol):
    """One way of looking for faces.

    Attributes:
        name: short, for the table's head; unique.
    """

    @property
    def name(self) -> str:
        """Return the column's head."""
        ...

    @property
    def description(self) -> Mapping[str, Any]:
        """Return all that the answers depend on, as JSON takes it: models by digest, settings, versions."""
        ...

    def find(self, data: bytes) -> Found:
        """Return what is found in a file."""
        ...


class Ours(Finder, Protocol):
    """A finder that can be timed without its reading of files."""

    def look(self, rgb: Rgb) -> Found:
        """Return what is found in a picture as it is seen, ``(h, w, 3)`` RGB."""
        ...


def seen(data: bytes) -> Rgb:
    """Return a file's picture as the job sees it: decoded by our own codecs, turned upright."""
    picture = imaging.decode(data, max_pixels=MAX_PIXELS)
    return orientation.upright(picture.rgb(), picture.orientation)


@functools.cache
def versions() -> Mapping[str, str]:
    """Return the versions of what can change an answer of ours."""
    return {name: version(name) for name in LIBRARIES}


def described(detector: Detector) -> dict[str, Any]:
    """Return a detector's model, settings and code."""
    code = code_digest(sys.modules[type(detector).__module__])
    settings = family.parameters(detector)
    return {"name": detector.name, "model": detector.model.sha256, "parameters": settings, "code": code[:16]}


@dataclass(frozen=True)
class SinglePass:
    """One pass of one detector over the picture, shrunk so that its longer side is ``long_side_px``; never enlarged.

    The yardstick of cost: "one pass at 640" is this with CenterFace and 640.
    """

    name: str
    detector: Detector
    runtime: Runtime
    long_side_px: int = 640

    @property
    def description(self) -> Mapping[str, Any]:
        """Return the detector and the size."""
        return {"detector": described(self.detector), "long_side_px": self.long_side_px, "versions": versions()}

    def find(self, data: bytes) -> Found:
        """Return what is found in a file."""
        return self.look(seen(data))

    def look(self, rgb: Rgb) -> Found:
        """Return what is found in a picture."""
        h, w = rgb.shape[:2]
        scale = min(1.0, self.long_side_px / max(h, w))
        size = (max(1, round(w * scale)), max(1, round(h * scale)))
        small = rgb if scale == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        found = self.detector.detect([np.asarray(small, np.uint8)], self.runtime)[0]
        back = np.array([w / size[0], h / size[1]] * 2, np.float32)
        return Found(found.boxes_xyxy * back, found.scores)


@dataclass(frozen=True)
class PlanFinder:
    """A detection plan with a policy's detectors, fusion and bands: what is at least unsure is hidden, so it counts."""

    plan: Plan
    searcher: Searcher
    runtime: Runtime

    @property
    def name(self) -> str:
        """Return the plan's name."""
        return self.plan.name

    @property
    def description(self) -> Mapping[str, Any]:
        """Return plan, detectors, fusion, all else that the searcher has, and a digest of the code of all that."""
        who = self.searcher
        given = {f.name: getattr(who, f.name) for f in fields(who)}
        given["detectors"] = [described(one) for one in who.detectors]
        given["fusion"] = {"name": who.fusion.name, **family.parameters(who.fusion)}
        return {"plan": self.plan.to_mapping(), **given, "code": code_digest(search)[:16], "versions": versions()}

    def find(self, data: bytes) -> Found:
        """Return what is found in a file."""
        sight = FileSight(data, MAX_PIXELS)
        sight.prepare(self.plan.scale(sight.stored_wh))
        return self.look(sight)

    def look(self, rgb: Rgb | FileSight) -> Found:
        """Return what is found in a picture."""
        faces = [one for one in self.searcher.search([rgb], self.plan, self.runtime)[0] if one.kind == "face"]
        if not faces:
            return Found()
        return Found(np.stack([one.box for one in faces]), np.array([one.confidence for one in faces], np.float32))


def of_policy(policy: Policy, names: tuple[str, ...], runtime: Runtime) -> list[PlanFinder]:
    """Return a finder for each plan named, and for the policy's own where it is none of those that ship."""
    chosen = [plans.PLANS[name] for name in names]
    if policy.plan.name not in plans.PLANS:
        chosen.append(policy.plan)
    searcher = replace(policy.searcher, detectors=tuple(d for d in policy.detectors if d.kind == "face"))
    return [PlanFinder(plan, searcher, runtime) for plan in chosen]
