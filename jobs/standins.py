"""People who stand in for those whom nobody named: canaries, and people whom two recognizers guess. Runs on the driver.

Both are attacked as labelled people are, by who attacks faces. What comes out has a scope of its own: it may speak
against a lake, and never for it (``docs/evaluation.md`` says why).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.window import Window

from anonymizer_udfs.evaluation import attacking, held
from anonymizer_udfs.evaluation.attacking import Control, Means
from anonymizer_udfs.evaluation.examining import ExamineSpec
from anonymizer_udfs.evaluation.guessing import GUESSED, LEAST_RECOGNIZERS, TEMPLATES, GuessPeople
from anonymizer_udfs.evaluation.sides import WHOLE
from anonymizer_udfs.evidence import Figure
from anonymizer_udfs.udfs import ExaminePartition
from jobs import session
from jobs.against import SCOPE
from jobs.canaries import Clear, Planted
from jobs.evaluation_stages import Beside, Most, Seen, attacked
from jobs.lake import SparkLake
from jobs.plan import TASKS_A_CORE

CANARIES, GUESSED_PEOPLE = "canaries", "guessed"
MOST_GUESSED = 20_000
"""Faces that are compared with each other, each with each, in one task."""
_UNTOLD = frozenset({"worst"})
"""Scopes that point at images of which nobody who reads the figures has any."""
HELD = "person string, file string, box array<float>, landmarks array<float>, detector string, policy string, steps int"
FACES = "image_id string, face int, person string"


@dataclass(frozen=True)
class StandIns:
    """Attacks people who stand in for others.

    Attributes:
        spark: the session.
        spec: what workers are told of the lake's policies.
        means: what attacks have.
        attackers: names of those who attack; those who ignore faces do not here.
        most: how many people at most.
    """

    spark: SparkSession
    spec: ExamineSpec = field(repr=False)
    means: Means
    attackers: tuple[str, ...]
    most: Most

    def canaries(self, planted: Planted) -> Iterator[Figure]:
        """Yield what attackers reach on canaries, by the clear photos of these people: one canary of each.

        Those are probes that the job has a face of; who has no clear photo is in nobody's gallery but by the canary.
        """
        labels, clear = planted.chosen(self.most.people)
        yield _told(Figure("", "people", len(labels), cases=len(planted.labels)), CANARIES)
        if len(labels) < attacking.LEAST_PEOPLE:
            return
        own = SparkLake(planted.placed.lake.uri, self.spark, planted.placed.common.storage)
        worker = replace(self.spec.worker, key=planted.placed.key(), content_column=None)
        spec = replace(self.spec, worker=worker, inside=False, controls=True, comparer=None, small=False, whole=False)
        rows = [(one.image_id, int(one.face_id.rpartition("-")[2]), one.person) for one in labels]
        named = _named(self.spark.createDataFrame(rows, FACES))
        seen = Seen.of(
            self.spark, Beside(own, planted.placed.vault(), named=named), spec, replace(self.most, measured=0)
        )
        try:
            mine = seen.faces().where(F.col("number") == F.lit(1))
            theirs = self._held(clear, planted.usual, spec).persist(StorageLevel.DISK_ONLY)
            yield from self._attacked(mine.unionByName(theirs), CANARIES)
            theirs.unpersist()
        finally:
            seen.release()

    def _held(self, clear: Sequence[Clear], usual: tuple[str, int], spec: ExamineSpec) -> DataFrame:
        """Return the clear photos as faces are that attacks get: the second photo of each person."""
        rows = [(one.person, one.file, list(one.box), list(one.landmarks or ()), one.detector, *usual) for one in clear]
        photos = self.spark.createDataFrame(rows, HELD).repartition(TASKS_A_CORE * session.cores(self.spark), "person")
        seen = photos.mapInArrow(ExaminePartition(spec, held.held), from_arrow_schema(held.SHOWN))
        nothing = F.lit(None).cast("map<string, string>").alias("groups")
        return seen.select("person", F.lit(2).alias("number"), "face_id", nothing, "views")

    def guessed(self, seen: Seen, beside: Beside) -> Iterator[Figure]:
        """Yield what attackers reach on people whom recognizers guess in the originals; nothing with one of them.

        Args:
            seen: images of the lake whose clear faces were seen whole (``ExamineSpec.whole``).
            beside: the lake.
        """
        limits = dict(self.means.thresholds)
        who = tuple(one for one in self.means.recognizers if one.name in limits)
        if len(who) < LEAST_RECOGNIZERS:
            return
        guesses = self._guesses(seen, GuessPeople(who, tuple(limits[one.name] for one in who)))
        guesses = guesses.persist(StorageLevel.DISK_ONLY)
        try:
            several = guesses.where(F.col("faces") > 1)
            counts = {
                "people": several.select("person").distinct().count(),
                "alone": guesses.where(F.col("faces") == 1).count(),
                "doubted": guesses.where(F.col("person").isNull()).count(),
            }
            faces = guesses.count()
            for name, count in counts.items():
                yield _told(Figure("", name, count, cases=faces), GUESSED_PEOPLE)
            if counts["people"] >= attacking.LEAST_PEOPLE:
                spec = replace(self.spec, inside=False, controls=True, comparer=None, small=False, whole=False)
                named = replace(beside, people=None, named=_named(self._chosen(guesses)))
                again = Seen.of(self.spark, named, spec, replace(self.most, measured=0))
                try:
                    yield from self._attacked(again.faces(), GUESSED_PEOPLE)
                finally:
                    again.release()
        finally:
            guesses.unpersist()

    def _guesses(self, seen: Seen, guess: GuessPeople) -> DataFrame:
        """Return rows of ``guessing.GUESSED``, made in one task: templates of some thousand faces."""
        views = [F.element_at("views", F.lit(f"{WHOLE}.{one.name}")) for one in guess.recognizers]
        faces = seen.faces().select("face_id", F.array(*views).alias("templates"))
        image = F.substring_index("face_id", "-", 1).alias("image_id")
        known = faces.where(~F.exists("templates", lambda one: one.isNull())).select("face_id", image, "templates")
        some = known.orderBy(F.xxhash64("face_id"), "face_id").limit(MOST_GUESSED).select(*TEMPLATES.names)
        return some.repartition(1).mapInArrow(guess, from_arrow_schema(GUESSED))

    def _chosen(self, guesses: DataFrame) -> DataFrame:
        """Return two faces of each person at most, those of people with several first."""
        within = Window.partitionBy("person").orderBy(F.xxhash64("face_id"), "face_id")
        numbered = guesses.where(F.col("person").isNotNull()).withColumn("number", F.row_number().over(within))
        order = Window.orderBy((F.col("faces") > 1).desc(), F.xxhash64("person"), "person")
        ranked = numbered.where("number <= 2").withColumn("rank", F.dense_rank().over(order))
        place = F.substring_index("face_id", "-", -1).cast("int").alias("face")
        image = F.substring_index("face_id", "-", 1).alias("image_id")
        return ranked.where(F.col("rank") <= F.lit(self.most.people)).select(image, place, "person")

    def _attacked(self, faces: DataFrame, people: str) -> Iterator[Figure]:
        names = self.means.names
        steps = attacking.steps(names, self.attackers, labelled=False) + [Control(one) for one in names]
        means = replace(self.means, itself=False)
        yield from (_told(one, people) for one in attacked(faces, steps, means) if one.scope not in _UNTOLD)


def _named(faces: DataFrame) -> DataFrame:
    """Return ``image_id`` and ``named`` as images have them that are asked for by faces."""
    return faces.groupBy("image_id").agg(F.collect_list(F.struct("face", "person")).alias("named"))


def _told(figure: Figure, people: str) -> Figure:
    """Return a figure as one of stand-ins, with who they are."""
    return replace(figure, scope=SCOPE, dimensions=(("people", people), *figure.dimensions))
