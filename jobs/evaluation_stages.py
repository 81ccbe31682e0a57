"""The stages of an evaluation: see each image beside its original, then attack its faces. Runs on the driver.

All of it is lazy until figures are asked for; faces stay on executors, and only figures come back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.window import Window

from anonymizer_udfs import keeping
from anonymizer_udfs.evaluation import examining
from anonymizer_udfs.evaluation.attacking import Means, RunAttacks, Step
from anonymizer_udfs.evaluation.blocks import ToFigures
from anonymizer_udfs.evaluation.examining import ExamineSpec
from anonymizer_udfs.evaluation.reached import GALLERIES
from anonymizer_udfs.evaluation.sides import CLEAR
from anonymizer_udfs.evaluation.training import TRAINED_ON, TrainPartition
from anonymizer_udfs.evaluation.views import CHIP
from anonymizer_udfs.evidence import FIGURES, Figure
from anonymizer_udfs.grouping.reading import State
from anonymizer_udfs.methods import KSame
from anonymizer_udfs.udfs import AttackPartition, ExaminePartition
from jobs import galleries, lakefaces, session
from jobs.groups import GroupStore
from jobs.labels import Labelled
from jobs.lake import Lake, SparkLake
from jobs.placed import Placed
from jobs.plan import TASKS_A_CORE
from jobs.vault import Vault

MOST_PEOPLE = 2_000
LARGEST_GALLERY = 10_000
MEASURED = 500
"""Images of which it is measured what is left of their use, where no models are trained."""
PEOPLE = "image_id string, person string, groups map<string, string>, answer string"
NAMED = "array<struct<face: int, person: string>>"


@dataclass(frozen=True)
class Most:
    """How much is looked at.

    Attributes:
        people: whose faces are attacked; where nobody is known, so many images are.
        gallery: people whose templates are compared; those beyond ``people`` are nothing but that.
        measured: images of which it is wanted what is left of their use.
    """

    people: int = MOST_PEOPLE
    gallery: int = LARGEST_GALLERY
    measured: int = MEASURED


@dataclass(frozen=True)
class Beside:
    """A lake and what is needed to see it beside its originals.

    Attributes:
        lake: the lake.
        vault: where its originals are.
        people: whom images show; none: nobody knows.
        named: ``image_id`` and ``named``, the people of some faces as ``examining.EXAMINED`` has them; then no other
            image is looked at.
    """

    lake: SparkLake
    vault: Vault
    people: Sequence[Labelled] | None = field(default=None, repr=False)
    named: DataFrame | None = field(default=None, repr=False)

    def images(self, spark: SparkSession, most: Most) -> DataFrame:
        """Return rows of ``examining.EXAMINED``, ``groups`` and ``answer``: all images that are not held back whole.

        Args:
            spark: the session.
            most: how many of them are attacked, compared and measured; chosen by their keyed ids, which are as good as
                drawn.
        """
        images = self.lake.frame("images").where("status <> 'quarantined'")
        steps = F.col("steps") if "steps" in images.columns else F.lit(None).cast("array<string>")
        rows = images.select(
            "image_id", "content_version", "source_digest", "content", "reencoded", "policy", "faces", "frames",
            steps.alias("steps"),
        )  # fmt: skip
        # An image that the vault does not know is looked at as well: what is counted of all must be of all.
        there = lakefaces.listed(spark, self.vault).drop("policy")
        known = rows.join(there, ["image_id", "content_version"], "left").select("*", "entry.*").drop("entry")
        some = known.where("frames = 1").select("image_id").orderBy(F.reverse("image_id")).limit(most.measured)
        chosen = some.withColumn("measured", F.lit(True))  # noqa: FBT003 - a value
        named = self._named(spark, known, most).join(chosen, "image_id", "left")
        return named.withColumn("measured", F.coalesce("measured", F.lit(False)))  # noqa: FBT003 - a value

    def _named(self, spark: SparkSession, known: DataFrame, most: Most) -> DataFrame:
        nobody, nothing = F.lit(None).cast("string"), F.lit(None).cast("map<string, string>")
        unknown = {"person": nobody, "groups": nothing, "answer": nobody, "brief": F.lit(False)}  # noqa: FBT003 - a value
        if self.named is not None:
            every = known.join(self.named, "image_id")
            return every.withColumns(unknown | {"attacked": F.lit(True)})  # noqa: FBT003 - a value
        known = known.withColumn("named", F.lit(None).cast(NAMED))
        if self.people is None:
            few = known.where(F.size("faces") > 0).select("image_id").orderBy("image_id").limit(most.people)
            chosen = few.withColumn("attacked", F.lit(True))  # noqa: FBT003 - a value
            named = known.join(chosen, "image_id", "left").withColumns(unknown)
        else:
            rows = [(one.image_id, one.person, dict(one.groups), one.answer) for one in self.people]
            said = spark.createDataFrame(rows, PEOPLE)
            ranked = said.withColumn("rank", F.dense_rank().over(Window.orderBy("person")))
            mine = ranked.where(F.col("rank") <= max(most.people, most.gallery))
            named = known.join(mine.withColumn("brief", F.col("rank") > most.people), "image_id", "left")
            named = named.withColumn("attacked", F.col("person").isNotNull())
            named = named.withColumn("brief", F.coalesce("brief", F.lit(False)))  # noqa: FBT003 - a value
        return named.withColumn("attacked", F.coalesce("attacked", F.lit(False)))  # noqa: FBT003 - a value


@dataclass(frozen=True)
class Seen:
    """Images as they were seen, kept on executors' disks until :meth:`release`.

    Attributes:
        rows: of ``examining.SEEN``, with ``groups``, and what models are asked of each image.
    """

    rows: DataFrame

    @classmethod
    def of(cls, spark: SparkSession, beside: Beside, spec: ExamineSpec, most: Most) -> "Seen":
        """Return what is seen of a lake; nothing is done until it is asked for."""
        images = beside.images(spark, most)
        tasks = TASKS_A_CORE * session.cores(spark)
        placed = images.select(*examining.EXAMINED.names).repartition(tasks, "image_id")
        seen = placed.mapInArrow(ExaminePartition(spec), from_arrow_schema(examining.SEEN))
        shown = F.size(F.filter("faces", lambda face: face["kind"] == F.lit("face")))
        known = ("groups", "answer", shown.alias("shown"), F.col("person").alias("belongs"))
        groups = images.select("image_id", *known)
        return cls(seen.join(groups, "image_id", "left").persist(StorageLevel.DISK_ONLY))

    def release(self) -> None:
        """Give back what is kept."""
        self.rows.unpersist()

    def counts(self) -> dict[str, int]:
        """Return how many images were read, gone or changed, and what was seen of all."""

        def count(what: Column) -> Column:
            return F.sum(F.when(what, 1).otherwise(0))

        states = {state.value: count(F.col("state") == state.value) for state in State if state is not State.UNALIGNED}
        more = {
            "images": F.count(F.lit(1)),
            "metadata_left": count(F.col("metadata_left")),
            "compared": count(F.col("outside_changed").isNotNull()),
            "outside_changed": count(F.col("outside_changed") & ~F.coalesce("reencoded", F.lit(False))),  # noqa: FBT003 - a value
            "reencoded": count(F.col("reencoded")),
            "faces": F.sum(F.size("faces")),
            "unaligned": F.sum("unaligned"),
        }
        several = self.faces().where(F.col("number") == 2).count()  # noqa: PLR2004 - people with a second photo
        row = self.rows.agg(*(what.alias(name) for name, what in (states | more).items())).collect()[0]
        return {name: int(row[name] or 0) for name in states | more} | {"people": several}

    def kept(self) -> list[Figure]:
        """Return what is left of the pictures' use: means over faces or images, as each measure counts."""
        every = self.rows.select(F.explode("kept").alias("name", "one")).select("name", "one.*")
        total = F.sum(F.col("value") * F.col("cases"))
        sums = every.groupBy("name").agg((total / F.sum("cases")).alias("value"), F.sum("cases").alias("cases"))
        return [Figure("utility", row["name"], row["value"], cases=int(row["cases"])) for row in sums.collect()]

    def trained(self, seed: int, column: str) -> list[Figure]:
        """Return how well models do that are trained on either: in one task, on one executor.

        Args:
            seed: of folds and trainings.
            column: the name of the column of answers; models are also asked whether a face is there.
        """
        images = self.rows.where(F.col("small").isNotNull()).select(*TRAINED_ON.names)
        made = images.repartition(1).mapInArrow(TrainPartition(seed, column), from_arrow_schema(FIGURES))
        return [Figure.from_row(row.asDict()) for row in made.collect()]

    def faces(self) -> DataFrame:
        """Return ``person, number, face_id, groups, views``: each person's photos numbered in a random order."""
        every = self.rows.select("groups", F.explode("faces").alias("face")).select("groups", "face.*")
        order = Window.partitionBy("person").orderBy(F.xxhash64("face_id"), "face_id")
        numbered = every.withColumn("number", F.row_number().over(order).cast("int"))
        return numbered.select("person", "number", "face_id", "groups", "views")


def attacked(faces: DataFrame, steps: Sequence[Step], means: Means) -> list[Figure]:
    """Run all attacks, each in a task of its own, and return their figures.

    Args:
        faces: of :meth:`Seen.faces`; read once for each attack.
        steps: the attacks.
        means: what they have.
    """
    if not steps:
        return []
    whole = faces.where(F.map_contains_key("views", f"{CLEAR}.{CHIP}"))
    rows = reduce(DataFrame.unionByName, (_for(whole, number, step) for number, step in enumerate(steps)))
    placed = rows.repartitionById(len(steps), F.col("attack"))
    made = placed.mapInArrow(AttackPartition(RunAttacks(tuple(steps), means)), from_arrow_schema(FIGURES))
    return [Figure.from_row(row.asDict()) for row in made.collect()]


def compared(faces: DataFrame, means: Means, attackers: Sequence[str], tasks: int) -> list[Figure]:
    """Return what attackers who only compare templates reach among all people, where these are more than are attacked.

    Args:
        faces: of :meth:`Seen.faces`.
        means: what attacks have.
        attackers: names of those that were asked for.
        tasks: blocks of probes.
    """
    beyond = faces.where(~F.map_contains_key("views", f"{CLEAR}.{CHIP}")).limit(1).count()
    if not beyond:
        return []
    least = max(GALLERIES[:-1]) + 1
    return [
        figure
        for who in means.recognizers
        for large in galleries.LARGE
        if large.attack in attackers
        for figure in galleries.ranked(
            faces,
            who,
            large,
            tasks,
            ToFigures(
                (("attack", large.attack), ("recognizer", who.name), ("tier", large.tier)),
                means.seed,
                means.confidence,
                least,
            ),
            itself=means.itself,
        )
    ]


def _for(faces: DataFrame, number: int, step: Step) -> DataFrame:
    """Return the faces as one attack needs them."""

    def needed(name: Column, _: Column) -> Column:
        return F.split_part(name, F.lit("."), F.lit(1)).isin(*step.sides)

    mine = faces.where(F.col("number") <= step.photos)
    return mine.select(
        F.lit(number).alias("attack"),
        "person",
        "number",
        "face_id",
        "groups",
        F.map_filter("views", needed).alias("views"),
    )


def counted(counts: dict[str, int], held_back: int) -> Iterator[Figure]:
    """Yield the figures of what was seen of all images."""
    for name in ("images", "faces", "people", "gone", "changed", "unaligned"):
        yield Figure("evaluation", name, counts[name], cases=counts["images"])
    yield Figure("images", "metadata_left", counts["metadata_left"], cases=counts["images"])
    yield Figure("images", "outside_changed", counts["outside_changed"], cases=counts["compared"])
    yield Figure("images", "reencoded", counts["reencoded"], cases=counts["images"])
    yield Figure("images", "held_back", held_back, cases=counts["images"] + held_back)


def visible_by_consent(lake: Lake) -> Figure:
    """Return how many faces of what may go out are visible since their people consented: nobody attacks them."""
    faces = "(SELECT unnest(faces) AS face FROM images WHERE status IN ('anonymized', 'clean', 'review'))"
    sql = (
        f"SELECT COUNT(*) AS n, SUM(CASE WHEN face['method'] = '{keeping.METHOD}' THEN 1 ELSE 0 END) AS k FROM {faces}"  # noqa: S608 - ours
    )
    row = lake.tables.query(sql).to_pylist()[0]
    return Figure("evaluation", "visible_by_consent", int(row["k"] or 0), cases=int(row["n"] or 0))


def kept_groups(spark: SparkSession, lake: SparkLake, placed: Placed) -> Iterator[Figure]:
    """Yield how many people share a face at least, where faces of the lake share any; 0 where that is not known."""
    faces = lake.frame("images").where("status <> 'quarantined'").select(F.explode("faces").alias("face"))
    mine = faces.where(F.col("face.method") == F.lit(KSame.name))
    said = mine.select(F.get_json_object("face.parameters", "$.surrogate_sha256").alias("sha256"))
    used = said.where(F.col("sha256").isNotNull()).groupBy("sha256").count()
    rows = {row["sha256"]: int(row["count"]) for row in used.collect()}
    if not rows:
        return
    store = GroupStore(placed.vault(), placed.common.storage)
    people = store.frame(spark, "surrogates").select("sha256", "people").collect()
    known = {row["sha256"]: int(row["people"]) for row in people}
    least = min(known.get(sha256, 0) for sha256 in rows)
    yield Figure("k_same", "least_people", least, cases=sum(rows.values()))
