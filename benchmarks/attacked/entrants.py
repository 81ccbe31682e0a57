"""Who is attacked: another tool's outputs, and what our own code makes under a policy. All of the same photos.

Faces are looked for once, in the clear photo, by our detectors under the plan ``fast``; attackers align by those points
whoever made the release. Our policies treat what was found so.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from anonymizer_udfs import imaging, making, panel, subject
from anonymizer_udfs.boxes import outward
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import FAST
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.records import Face, Look
from anonymizer_udfs.sources.uris import canonical
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.subject import Subject
from benchmarks.attacked import deface_outputs


@dataclass(frozen=True, eq=False)
class Clear:
    """A photo before anything is done to it.

    Attributes:
        name: its keyed id.
        data: the file.
        subject: what it shows.
        found: its faces, in the upright picture.
    """

    name: str
    data: bytes = field(repr=False)
    subject: Subject
    found: tuple[Finding, ...]

    @classmethod
    def of(cls, path: Path, spec: WorkerSpec, found: tuple[Finding, ...] | None = None) -> "Clear":
        """Return a photo with its faces.

        Args:
            path: the file.
            spec: whose plan and detectors look for faces, and whose key names the photo.
            found: what they find there, where that is known.
        """
        data = path.read_bytes()
        shown = subject.of(imaging.probe(data), data, spec.policy.plan, spec.limits.max_pixels)
        if found is None:
            (found,) = spec.policy.searcher.search(shown.sights, spec.policy.plan, spec.runtime)
        return cls(named(path, spec), data, shown, found)


@dataclass(frozen=True, eq=False)
class Release:
    """What became of a photo.

    Attributes:
        content: the file.
        faces: rows of ``records.FACE``.
        policy: the name of ours by which an attacker may treat photos of his own alike; none where he has the same
            outputs as everybody: the other tool has no key.
    """

    content: bytes = field(repr=False)
    faces: list[dict[str, Any]]
    policy: str | None


class Entrant(Protocol):
    """Somebody who makes releases.

    Attributes:
        name: what results call it.
    """

    @property
    def name(self) -> str:
        """Return the name."""
        ...

    def release(self, clear: Clear) -> Release:
        """Return what it makes of a photo."""
        ...


@dataclass(frozen=True, eq=False)
class Peer:
    """deface's own outputs.

    Attributes:
        way: what it was given as ``--replacewith``.
        made: its output of each photo, by the photo's name.
    """

    way: str
    made: Mapping[str, Path] = field(repr=False)
    tool: ClassVar[str] = "deface"

    @property
    def name(self) -> str:
        """Its name in results."""
        return f"{self.tool} {self.way}"

    def release(self, clear: Clear) -> Release:
        """Return the output, with our boxes and points and the place of its mask."""
        size_wh = clear.subject.pictures()[0].size_wh
        rows = [_face(one, deface_outputs.region(one, size_wh), self.way).row() for one in clear.found]
        return Release(self.made[clear.name].read_bytes(), rows, None)


@dataclass(frozen=True)
class Untouched:
    """Nobody: photos as they were, for the controls."""

    name: str = "untouched"

    def release(self, clear: Clear) -> Release:
        """Return the photo itself."""
        size_wh = clear.subject.pictures()[0].size_wh
        rows = [_face(one, outward(one.box, size_wh), "none").row() for one in clear.found]
        return Release(clear.data, rows, None)


@dataclass(frozen=True, eq=False)
class Ours:
    """What our code makes under a policy.

    Attributes:
        told: policy, key, and the panel by which faces that are still recognised get the next method; without one no
            face gets more than the first.
    """

    told: WorkerSpec
    tool: ClassVar[str] = "faceveil"

    @property
    def name(self) -> str:
        """Its name in results."""
        return f"{self.tool} {self.told.policy.name}"

    def release(self, clear: Clear) -> Release:
        """Return the file that a run would store, and its row's faces."""
        found = [Found(one, Look.PLAN) for one in clear.found]
        made = making.make(
            clear.subject, found, clear.name, self.told, lambda _: nullcontext(), judge=panel.judge(self.told)
        )
        rows = [face.row() for one in made.treated for face in one.faces]
        return Release(made.encoded.data, rows, self.told.policy.name)


def named(path: Path, spec: WorkerSpec) -> str:
    """Return a photo's keyed id."""
    return spec.key.image_id(canonical(str(path.resolve())))


def fast(spec: WorkerSpec) -> WorkerSpec:
    """Return what a worker is told, with the plan ``fast`` and no second look, and without a score that raises."""
    return replace(spec, policy=replace(spec.policy, plan=FAST, second_look=None, risk=None))


def _face(one: Finding, region: tuple[int, int, int, int], method: str) -> Face:
    x0, y0, x1, y1 = (float(v) for v in one.box)
    points = () if one.landmarks is None else tuple((float(x), float(y)) for x, y in one.landmarks)
    return Face(one.kind, (x0, y0, x1, y1), region, points, one.confidence, one.sightings, method, "{}")
