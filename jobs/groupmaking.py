"""One run of ``faceveil surrogates`` at work: who is new comes into groups, and each new group gets its surrogate.

Runs on the driver. Templates and heads stay on executors; the vault gets who is in which group and the means.
"""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs import __version__
from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.grouping import arrow, reading
from anonymizer_udfs.grouping.reading import FaceSpec, MakeSurrogates, State
from anonymizer_udfs.keys import Key
from anonymizer_udfs.landmarks.base import Landmarker
from anonymizer_udfs.latent.learning import LEAST_PEOPLE
from anonymizer_udfs.recognition import Recognizer
from anonymizer_udfs.records import LISTED
from anonymizer_udfs.udfs import FacePartition
from jobs import context, groups, labels, lakefaces, session
from jobs.grouping import Counts, Grouping, Groups, group
from jobs.groups import GroupStore
from jobs.lake import SparkLake
from jobs.lakefaces import CORNERS
from jobs.latents import Learned, Learning
from jobs.ledger import Event, new_run_id
from jobs.placed import Placed
from jobs.plan import TASKS_A_CORE
from jobs.screen import counted
from jobs.vaultmodels import VaultModels

JOB = "surrogates"
LINKED = "1e-3"
"""Of strangers, so many may be taken for one person: two faces of one person in two groups are worse than that."""


@dataclass(frozen=True)
class Asked:
    """What a command line asks for.

    Attributes:
        k: least people of a group.
        threshold: the similarity from which on two faces are of one person; none: the calibrated one.
        labels: a file that says who is who (:mod:`jobs.labels`); then no recognizer is asked.
        content_column: the column of a table source that holds the images.
        latent: learn a space of faces instead of making groups.
        least: the least people that such a space is learned from.
        landmarker: who gives the points of that space; none: the detectors' five.
    """

    k: int = 20
    threshold: float | None = None
    labels: Path | None = None
    content_column: str | None = None
    latent: bool = False
    least: int = LEAST_PEOPLE
    landmarker: str | None = None


@dataclass(frozen=True)
class Report:
    """What a run did."""

    run_id: str
    states: dict[str, int]
    counts: Counts
    groups: int
    faces: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        found = {"groups": self.groups, "faces_added": self.faces}
        return {"run_id": self.run_id, "faces": self.states, "people": vars(self.counts), "written": found}

    def lines(self) -> list[str]:
        """Return what a person reads."""
        said = ", ".join(f"{n:,} {state}" for state, n in sorted(self.states.items())) or "none"
        counts = self.counts
        ungrouped = counts.people - counts.kept - counts.torn - counts.grouped
        return [
            f"faces of the lake: {said}",
            f"people: {counts.people:,} found, of whom {counts.kept:,} were in a group",
            f"  {counts.grouped:,} are in a new one, {ungrouped:,} are too few for one",
            f"  {counts.torn:,} would be in two and are in none",
            f"written: {counted(self.groups, 'group')}, {counted(self.faces, 'face')}"
            if self.faces
            else "written: nothing, all is as it was",
        ]


@dataclass(frozen=True)
class Making:
    """One run at work."""

    spark: SparkSession
    placed: Placed
    store: GroupStore
    key: Key
    asked: Asked
    told: context.Treatment

    def report(self) -> Report:
        """Do all of it, and say in the lake's ledger that it began and how it ended."""
        lake = self._lake()
        started = self._event(lake)
        lake.ledger.append(started)
        try:
            done = self._done(lake, started.run_id)
        except BaseException:
            with contextlib.suppress(FaceveilError):  # what stopped the run is what has to be told
                lake.ledger.append(started.then("failed"))
            raise
        counts = {**vars(done.counts), "groups_written": done.groups, "faces_written": done.faces}
        lake.ledger.append(started.then("finished", counts={name: int(value) for name, value in counts.items()}))
        return done

    def _lake(self) -> SparkLake:
        return SparkLake(self.placed.lake.uri, self.spark, self.placed.common.storage, self.placed.signer)

    def learned(self, landmarker: Landmarker | None) -> Learned:
        """Learn a space of faces instead."""
        common, lake = self.placed.common, self._lake()
        wanted = lakefaces.wanted(self.spark, lake, self.placed.vault())
        started, models = self._event(lake), [] if landmarker is None else [landmarker.model]
        digests = {**started.model_digests, **{ref.name: ref.sha256 for ref in models}}
        started, kept = replace(started, model_digests=digests), VaultModels(self.placed.vault(), common.storage)
        told = (self._labels(wanted), self._how(), self._spec(), landmarker, self._tasks, self.asked.least)
        return Learning(lake, started, kept, wanted, *told).report()

    def _done(self, lake: SparkLake, run_id: str) -> Report:
        """Do all of it; the frames that hold templates are given back whatever happens."""
        wanted = lakefaces.wanted(self.spark, lake, self.placed.vault())
        spec = self._spec()
        # A few tasks for each core, whatever the files: reading and recognizing is the work, not the bytes of its rows.
        embedded = wanted.repartition(self._tasks, "image_id").mapInArrow(
            FacePartition(reading.embed, spec), from_arrow_schema(reading.SEEN)
        )
        seen = embedded.persist(StorageLevel.DISK_ONLY)
        try:
            states = {row["state"]: int(row["count"]) for row in seen.groupBy("state").count().collect()}
            faces = seen.where(F.col("state") == State.READ.value).select(*arrow.FACES.names)
            earlier = lakefaces.earlier(self.spark, wanted, self.store).persist(StorageLevel.DISK_ONLY)
            found = group(faces, self._how(), earlier, self._labels(wanted))
            made, added = self._written(run_id, wanted, found, earlier, spec)
            found.release()
            earlier.unpersist()
        finally:
            seen.unpersist()
        return Report(run_id, states, found.counts, made, added)

    @property
    def _tasks(self) -> int:
        return TASKS_A_CORE * session.cores(self.spark)

    def _event(self, lake: SparkLake) -> Event:
        return Event(
            run_id=new_run_id(),
            event="started",
            job=JOB,
            key_id=self.key.key_id,
            pipeline_version=__version__,
            settings=context.settings_json(self.placed.common.settings, {"limit": None, "retry": None}, {}, {}),
            model_digests={self.who.model.name: self.who.model.sha256},
            library_versions=context.library_versions(),
            table_versions=lake.tables.versions(),
        )

    def _how(self) -> Grouping:
        threshold = self.asked.threshold
        if threshold is None:
            settings = self.placed.common.settings
            threshold = min(context.thresholds(self.who, self.told.policy, settings, LINKED).values())
        return Grouping(self.asked.k, self.who, threshold)

    @property
    def who(self) -> Recognizer:
        """Who says whether two faces are of one person."""
        return self.told.panel.members[0].recognizer

    def _spec(self) -> FaceSpec:
        common = self.placed.common
        return FaceSpec(
            key=self.key,
            recognizer=self.who,
            runtime=self.told.runtime,
            limits=context.limits(common.settings),
            storage=common.storage,
            content_column=self.asked.content_column,
        )

    def _labels(self, wanted: DataFrame) -> DataFrame | None:
        """Return ``face_id`` and ``label`` of images with one face whose source has a label; none without a file."""
        if self.asked.labels is None:
            return None
        found = labels.read(self.asked.labels, self.key, self.placed.names)
        rows = [(one.image_id, one.person) for one in found.rows]
        said = self.spark.createDataFrame(rows, "image_id string, label string")
        alone = wanted.where(F.size("faces") == 1).select("image_id", F.col("faces")[0]["face_id"].alias("face_id"))
        return alone.join(said, "image_id").select("face_id", "label")

    def _written(
        self, run_id: str, wanted: DataFrame, found: Groups, earlier: DataFrame, spec: FaceSpec
    ) -> tuple[int, int]:
        """Write surrogates, members, and last their entry; return how many groups and faces there are new."""
        put = found.new.select("person", "group_id", F.explode("faces").alias("face_id"))
        listed = wanted.select("*", F.explode("faces").alias("face")).drop("faces")
        mine = listed.withColumn("face_id", F.col("face.face_id")).join(put, "face_id")
        face = F.col("face").withField("person", F.col("person")).withField("group_id", F.col("group_id"))
        again = mine.groupBy(*LISTED.names, "source_digest").agg(F.collect_list(face).alias("faces"))
        heads = again.repartition(self._tasks, "image_id").mapInArrow(
            FacePartition(reading.take_heads, spec), from_arrow_schema(reading.HEADS)
        )
        together = heads.repartition("group_id").sortWithinPartitions("group_id", "person", "face_id")
        made = together.mapInArrow(MakeSurrogates(self.asked.k), from_arrow_schema(reading.SURROGATES))
        if found.counts.groups:
            self.store.write("surrogates", made, run_id)
        written = self.spark.read.format("delta").load(self.store.tables.table_uri("surrogates"))
        whole = written.where(F.col("run_id") == F.lit(run_id)).select("group_id")
        new = put.join(whole, "group_id")
        places = listed.select("face.face_id", "image_id", "content_version", *(f"face.box.{n}" for n in CORNERS))
        rows = lakefaces.added(self.spark, self.store, found, earlier, new).join(places, "face_id")
        rows = rows.persist(StorageLevel.DISK_ONLY)
        faces, count = rows.count(), whole.count()
        if faces:
            self.store.write("members", rows, run_id)
            people = new.select("person").distinct().count()
            linked = "labels" if self.asked.labels else f"{spec.recognizer.name} from {self._how().threshold:g}"
            self.store.seal(self.spark, groups.Entry(run_id, self.asked.k, linked, people, count, faces))
        rows.unpersist()
        return count, faces
