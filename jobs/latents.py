"""``faceveil surrogates --latent``: a linear space of a lake's faces, for the method ``latent``. Runs on the driver.

Originals are read once more. Templates, shapes and textures stay on executors. The driver gets sums over all people,
and the vault the space: a mean, some hundred directions, and how far people differ along each.
"""

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.grouping import arrow
from anonymizer_udfs.grouping.reading import FaceSpec, State
from anonymizer_udfs.landmarks.base import Landmarker
from anonymizer_udfs.latent import reading
from anonymizer_udfs.latent.learning import LEAST_PEOPLE, Sums
from anonymizer_udfs.methods import Latent, space
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.udfs import FacePartition
from jobs.errors import JobError
from jobs.grouping import Grouping, group
from jobs.lake import SparkLake
from jobs.ledger import Event
from jobs.screen import counted
from jobs.vaultmodels import VaultModels

MOST_PHOTOS = 4
"""Of one person: who is photographed most would else be what the space is like."""


@dataclass(frozen=True)
class Learned:
    """What a run learned from.

    Attributes:
        run_id: of the run.
        states: faces of the lake by what became of them.
        people: whose faces the space is of.
        faces: of theirs.
        scheme: of the points.
        modes: of shape and of texture.
        model: the file in the vault.
    """

    run_id: str
    states: dict[str, int]
    people: int
    faces: int
    scheme: str
    modes: tuple[int, int]
    model: ModelRef

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        shape, texture = self.modes
        learned = {"people": self.people, "faces": self.faces, "points": self.scheme, "shape": shape}
        model = {"name": self.model.name, "sha256": self.model.sha256}
        return {"run_id": self.run_id, "faces": self.states, "learned": learned | {"texture": texture}, "model": model}

    def lines(self) -> list[str]:
        """Return what a person reads."""
        said = ", ".join(f"{n:,} {state}" for state, n in sorted(self.states.items())) or "none"
        return [
            f"faces of the lake: {said}",
            f"learned from {counted(self.faces, 'face')} of {self.people:,} people",
            f"the space has {self.modes[0]} modes of shape and {self.modes[1]} of texture",
            f"written: model {self.model.name} {self.model.sha256[:12]}, into the lake's vault",
        ]


@dataclass(frozen=True)
class Learning:
    """One run at work.

    Attributes:
        lake: the lake.
        started: its event, not written yet.
        models: of the vault, where the space goes.
        wanted: rows of ``reading.WANTED``.
        labels: ``face_id`` and ``label``, or none.
        how: who is one person; its k plays no part.
        spec: what workers are told.
        landmarker: who gives many points; none: the detectors' five.
        tasks: to read the faces in.
        least: fewer people are refused.
    """

    lake: SparkLake
    started: Event
    models: VaultModels
    wanted: DataFrame
    labels: DataFrame | None
    how: Grouping
    spec: FaceSpec
    landmarker: Landmarker | None
    tasks: int
    least: int = LEAST_PEOPLE

    def report(self) -> Learned:
        """Do all of it, and say in the lake's ledger that it began and how it ended."""
        self.lake.ledger.append(self.started)
        try:
            done = self._done()
        except BaseException:
            with contextlib.suppress(FaceveilError):  # what stopped the run is what has to be told
                self.lake.ledger.append(self.started.then("failed"))
            raise
        counts = {"people": done.people, "faces_learned": done.faces}
        self.lake.ledger.append(self.started.then("finished", counts=counts))
        return done

    def _done(self) -> Learned:
        """Do all of it; the frames that hold faces are given back whatever happens."""
        reader = FacePartition(partial(reading.read_faces, landmarker=self.landmarker), self.spec)
        made = self.wanted.repartition(self.tasks, "image_id").mapInArrow(reader, from_arrow_schema(reading.DRAWN))
        seen = made.persist(StorageLevel.DISK_ONLY)
        try:
            states = {row["state"]: int(row["count"]) for row in seen.groupBy("state").count().collect()}
            faces = self._of_people(seen).persist(StorageLevel.DISK_ONLY)
            try:
                counts = faces.agg(F.countDistinct("person"), F.count("*")).collect()[0]
                found = reading.learn(partial(_sums, faces), int(counts[0]), self._scheme, self.least)
            finally:
                faces.unpersist()
        finally:
            seen.unpersist()
        model = self.models.keep(Latent.vault_model, space.pack(found), int(counts[0]), self.started.run_id)
        modes = len(found.shape_modes), len(found.texture_modes)
        return Learned(self.started.run_id, states, int(counts[0]), int(counts[1]), self._scheme, modes, model)

    @property
    def _scheme(self) -> str:
        return "5" if self.landmarker is None else "68"

    def _of_people(self, seen: DataFrame) -> DataFrame:
        """Return rows of ``reading.OF_PEOPLE``, a few for each person, all of a person in one partition."""
        read = seen.where((F.col("state") == State.READ.value) & F.col("texels").isNotNull())
        people = group(read.select(*arrow.FACES.names), self.how, None, self.labels)
        try:
            whose = people.people.select("person", F.explode("faces").alias("face_id"))
            mine = read.select("face_id", "shape", "texels").join(whose, "face_id")
            number = F.row_number().over(Window.partitionBy("person").orderBy("face_id"))
            few = mine.withColumn("number", number).where(F.col("number") <= MOST_PHOTOS)
            placed = few.select(*reading.OF_PEOPLE.names).repartition("person")
            return placed.sortWithinPartitions("person", "face_id").localCheckpoint()
        finally:
            people.release()


def _sums(faces: DataFrame, step: reading.Summing) -> Sums:
    """Return the sums of a step over all faces; parts of them are added on an executor."""
    parts = faces.mapInArrow(step, from_arrow_schema(reading.SUMS))
    one = parts.repartition(1).sortWithinPartitions("part")
    rows = one.mapInArrow(reading.AddSums(), from_arrow_schema(reading.SUMS)).collect()
    if not rows:
        raise JobError("no face of the lake could be read: there is nothing to learn from")
    return reading.unpacked(bytes(rows[0]["sums"]))
