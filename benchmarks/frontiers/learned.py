"""What methods take from a lake's vault, made of the same photos: a space for ``latent``, donors for ``surrogate``.

The steps of ``faceveil surrogates --latent`` and ``--donors``, in one process. The space is learned on the archive that
is released: all photos of the half that is attacked. The attacker has the same one, as whoever got at the vault would.
Donors are people of whom there is one photo alone: they stand for those who consented, and nobody attacks them.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from anonymizer_udfs.donors.aligned import donor, unfit
from anonymizer_udfs.donors.faces import Donors
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.latent import reading
from anonymizer_udfs.latent.learning import Sums
from anonymizer_udfs.methods import Latent, StandIn, space
from anonymizer_udfs.methods.base import FromVault, Method, Target
from anonymizer_udfs.methods.stand_in import ARCHIVE
from anonymizer_udfs.models.base import ModelRef, Runtime
from benchmarks import photos
from benchmarks.frontiers.people import People, Photo
from benchmarks.frontiers.strengths import Strength
from jobs.donors import LEAST_PEOPLE

DONORS = 40
"""As many as an archive may have with some effort; a surrogate is the mean of eight of them."""
REGION = 1.6
DETECTOR = "centerface"
ENDING = ".safetensors"
BATCH = 64


@dataclass(frozen=True, eq=False)
class Made:
    """What is made of photos, each once, and kept as files.

    Attributes:
        people: all photos: those attacked are an archive's, those of people with one photo are donors'.
        landmarker: who gives 68 points; without one there are no donors.
        runtime: where its model lies, and where files go: into its last root.
    """

    people: People
    landmarker: Landmarker | None
    runtime: Runtime
    _made: dict[str, ModelRef] = field(default_factory=dict)

    def bound(self, method: Method) -> Method:
        """Return a method with the model that it would have of a vault, where it needs one that can be made here.

        Raises:
            SpecError: the people are too few for it.
        """
        if not isinstance(method, FromVault) or method.vault_model is None or method.model is not None:
            return method
        if isinstance(method, Latent):
            points = method.landmarker
            return replace(
                method, model=self._kept(f"latent{'' if points is None else 68}", partial(self._space, points))
            )
        if isinstance(method, StandIn) and self.landmarker is not None:
            return replace(method, model=self._kept("donors", partial(self._donors, self.landmarker)))
        return method

    def _kept(self, name: str, content: Callable[[], bytes]) -> ModelRef:
        """Return the file of a name, which is made when it is asked for the first time."""
        if name not in self._made:
            data = content()
            self._made[name] = ModelRef.fetched(name, hashlib.sha256(data).hexdigest(), ENDING)
            (Path(self.runtime.roots[-1]) / self._made[name].file).write_bytes(data)
        return self._made[name]

    def _space(self, landmarker: Landmarker | None) -> bytes:
        """Return the file of the space of the archive's faces."""
        rows = [row for one in self.people.probes if (row := self._row(one, landmarker)) is not None]
        rows.sort(key=lambda row: (row["person"], row["face_id"]))
        batches = pa.Table.from_pylist(rows, reading.OF_PEOPLE).to_batches(BATCH)

        def summed(step: reading.Summing) -> Sums:
            (total,) = reading.AddSums()(step(batches))
            return reading.unpacked(total.column("sums")[0].as_py())

        scheme = "5" if landmarker is None else "68"
        return space.pack(reading.learn(summed, len({row["person"] for row in rows}), scheme))

    def _row(self, one: Photo, landmarker: Landmarker | None) -> dict[str, object] | None:
        """Return a row of :data:`reading.OF_PEOPLE`; none of a face that is turned too far."""
        x0, y0, x1, y1 = one.box.tolist()
        points = tuple((x, y) for x, y in one.landmarks.tolist())
        target = Target((x0, y0, x1, y1), landmarks=points, detector=DETECTOR, runtime=self.runtime)
        found = reading.drawn(one.rgb, target, landmarker)
        return None if found is None else {"person": one.person, "face_id": str(one.path)} | found

    def _donors(self, landmarker: Landmarker) -> bytes:
        """Return the file of the first faces that can stand in."""
        faces = []
        for one in self._alone():
            rgb, scale = photos.enlarged(one.rgb), photos.ENLARGE
            box, five = one.box[None] * scale, one.landmarks[None] * scale
            (points,) = landmarker.locate(rgb, box, five, DETECTOR, self.runtime)
            if points.known and unfit(points) is None:
                faces.append(donor(rgb, points))
            if len(faces) == DONORS:
                break
        if len(faces) < LEAST_PEOPLE:
            raise SpecError(f"of the people with one photo {LEAST_PEOPLE} must be able to be donors, {len(faces)} can")
        canvases, neutral = zip(*faces, strict=True)
        return Donors(np.stack(canvases), np.stack(neutral)).pack()

    def _alone(self) -> Iterator[Photo]:
        seen = {one.person for one in self.people.gallery}
        yield from (one for one in self.people.learning if one.person not in seen)


def strengths(landmarker: Landmarker) -> dict[str, tuple[Strength, ...]]:
    """Return, beside the strengths by five points, methods with 68 points and those with donors of an archive."""
    latent = Latent(landmarker=landmarker)
    surrogates = StandIn(landmarker=landmarker), StandIn(donors=ARCHIVE), StandIn(donors=ARCHIVE, landmarker=landmarker)
    return {
        Latent.name: (Strength(latent, REGION),),
        StandIn.name: tuple(Strength(one, REGION) for one in surrogates),
    }
