"""Releases as attackers see them: by ``evaluation.examining``, which a job's executors run, photo by photo.

Views are kept in a folder in parts of some photos each, so that a run that was stopped goes on. They are templates of
people: they stay under ``build/``, and those of an entrant are removed once its figures are there.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anonymizer_udfs import imaging, subject
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.evaluation import examining
from anonymizer_udfs.evaluation.examining import EXAMINED, SEEN, ExamineSpec
from anonymizer_udfs.evaluation.gathered import ATTACKED
from anonymizer_udfs.evaluation.sides import CLEAR, PARROT, RELEASED
from anonymizer_udfs.evaluation.views import CANVAS, CHIP, Lookers, Rgb, Shown, Views, canvas, covered
from anonymizer_udfs.sources.base import SourceSpec, Storage
from anonymizer_udfs.sources.objects import ObjectSource
from anonymizer_udfs.sources.uris import canonical
from benchmarks.attacked.entrants import Clear, Entrant, Ours, Release
from benchmarks.attacked.people import Photo
from benchmarks.frontiers.treated import MOST_PIXELS
from benchmarks.recalls.choice import say

PART = 50
"""Photos whose views are kept together."""


@dataclass(frozen=True)
class Remembering(Lookers):
    """Makes the template of a clear face once, however many entrants are seen beside it; in memory alone.

    Attributes:
        known: templates by a digest of the picture and the face's points.
    """

    known: dict[bytes, Views] = field(default_factory=dict, repr=False, compare=False)

    def templates(self, side: str, rgb: Rgb, face: Shown) -> Views:
        """Return the templates of a face; see :class:`Lookers`."""
        if side != CLEAR:
            return super().templates(side, rgb, face)
        of = hashlib.sha256(rgb.tobytes() + face.points.tobytes() + face.detector.encode()).digest()
        if of not in self.known:
            self.known[of] = super().templates(side, rgb, face)
        return self.known[of]


@dataclass(frozen=True, eq=False)
class Seeing:
    """Makes the views of one entrant after the other.

    Attributes:
        spec: what a worker is told; its policy's detectors look for the faces.
        kept: the folder of views.
        found: the faces of each photo that were looked for already.
    """

    spec: ExamineSpec
    kept: Path
    found: dict[Path, tuple[Finding, ...]] = field(default_factory=dict, repr=False)

    def see(self, photos: Sequence[Photo], entrant: Entrant, *, controls: bool) -> None:
        """Make and keep the views of all photos under an entrant, where they are not there.

        Args:
            photos: all of them.
            entrant: whose releases.
            controls: whether there are views for the controls, too; they are the same under every entrant.
        """
        for at in range(0, len(photos), PART):
            file = self._file(entrant.name, at)
            if file.is_file():
                continue
            pairs = []
            for photo in photos[at : at + PART]:
                clear = self._clear(photo)
                release = entrant.release(clear)
                pairs.append((_row(photo, clear, release, self.spec), release))
            self._keep(file, list(self._seen(pairs, entrant, controls=controls)))
            say(f"{entrant.name}: seen {min(at + PART, len(photos)):,} of {len(photos):,} photos")

    def _clear(self, photo: Photo) -> Clear:
        """Return a photo with its faces, which are looked for once."""
        clear = Clear.of(photo.path, self.spec.worker, self.found.get(photo.path))
        self.found[photo.path] = clear.found
        return clear

    def _seen(
        self, pairs: Sequence[tuple[dict[str, Any], Release]], entrant: Entrant, *, controls: bool
    ) -> Iterator[dict[str, Any]]:
        """Yield rows of ``examining.SEEN``."""
        worker = entrant.told if isinstance(entrant, Ours) else self.spec.worker
        spec = replace(self.spec, worker=worker, controls=controls)
        given = pa.RecordBatch.from_pylist([row for row, _ in pairs], EXAMINED)
        seen = (row for batch in examining.examine([given], spec) for row in batch.to_pylist())
        for row, (_, release) in zip(seen, pairs, strict=True):
            alike = [face if release.policy else _copied(face, release) for face in row["faces"]]
            yield {**row, "faces": alike}

    def attacked(self, name: str) -> Iterator[pa.RecordBatch]:
        """Yield rows of ``gathered.ATTACKED`` of an entrant; each person's photos are numbered by their ids."""
        numbers: dict[str, int] = {}
        tables = pa.concat_tables(pq.read_table(one, columns=["faces"]) for one in self._parts(name))
        faces = sorted((f for row in tables.to_pylist() for f in row["faces"]), key=lambda f: str(f["face_id"]))
        for face in faces:
            number = numbers[face["person"]] = numbers.get(face["person"], 0) + 1
            told = {key: face[key] for key in ("person", "face_id", "views")}
            yield pa.RecordBatch.from_pylist([{"attack": 0, "number": number, "groups": [], **told}], ATTACKED)

    def methods(self, name: str) -> dict[str, int]:
        """Return by which methods the faces attacked were treated, and how many by each."""
        tables = [pq.read_table(one, columns=["faces"]) for one in self._parts(name)]
        return dict(Counter(face["method"] for one in tables for row in one.to_pylist() for face in row["faces"]))

    def forget(self, name: str) -> None:
        """Remove the views of an entrant."""
        shutil.rmtree(self._file(name, 0).parent, ignore_errors=True)

    def _file(self, name: str, at: int) -> Path:
        return self.kept / name.replace(" ", "-") / f"{at:06d}.parquet"

    def _parts(self, name: str) -> list[Path]:
        return sorted(self._file(name, 0).parent.glob("*.parquet"))

    @staticmethod
    def _keep(file: Path, rows: list[dict[str, Any]]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        pq.write_table(pa.Table.from_pylist(rows, SEEN), half)
        half.rename(file)


KEYLESS = "no-key"
"""Stands for a policy that nobody knows, so that no parrot is made by ours."""


def _row(photo: Photo, clear: Clear, release: Release, spec: ExamineSpec) -> dict[str, Any]:
    """Return the row of ``examining.EXAMINED``; ``person`` is whoever the photo is filed under."""
    uri, key = canonical(str(photo.path)), spec.worker.key
    (entry,) = ObjectSource(Storage()).entries(uri, SourceSpec(uri))
    return {
        **{name: getattr(entry, name) for name in ("uri", "kind", "container", "size_bytes", "modified_us", "etag")},
        "start": entry.start,
        "index": entry.index,
        "image_id": clear.name,
        "content_version": key.content_version(entry.size_bytes, entry.modified_us, entry.etag),
        "source_digest": key.source_digest(clear.data),
        "content": release.content,
        "reencoded": release.policy is None,
        "steps": [],
        "named": None,
        "policy": release.policy or KEYLESS,
        "faces": release.faces,
        "person": photo.person,
        "attacked": True,
        "measured": False,
    }


def _copied(face: dict[str, Any], release: Release) -> dict[str, Any]:
    """Return a face whose parrot is the release itself: who runs a tool without a key gets what its owner got."""
    views = dict(face["views"]) | {f"{RELEASED}.{CANVAS}": _canvas(face["face_id"], release)}
    wanted = {CHIP, CANVAS, *_recognizers(views)}
    made = {f"{PARROT}.{name}": views[f"{RELEASED}.{name}"] for name in wanted}
    return {**face, "views": list((views | made).items())}


def _canvas(face_id: str, release: Release) -> bytes:
    """Return what is inside of the place of the tool's mask, as a replay compares it."""
    placed = release.faces[int(face_id.rpartition("-")[2])]
    box, region = ((one["x0"], one["y0"], one["x1"], one["y1"]) for one in (placed["box"], placed["region"]))
    rgb = subject.upright(imaging.decode(release.content, max_pixels=MOST_PIXELS))
    shown = Shown(box, region, np.zeros((5, 2), np.float32), placed["detectors"][0])
    return canvas(rgb, shown, covered([region], rgb.shape))


def _recognizers(views: dict[str, bytes]) -> set[str]:
    """Return the names under which the release has templates."""
    sharp = {name.split(".")[-1] for name in views if name.startswith(f"{RELEASED}.sharp.")}
    return {name for name in sharp if f"{RELEASED}.{name}" in views}
