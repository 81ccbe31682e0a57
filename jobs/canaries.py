"""Canaries of an evaluation: known people in copies of an archive's images, sent through the unchanged job, and judged.

Runs on the driver; ``anonymizer_udfs/canaries`` has what workers do. All of it lies in one folder of the vault,
``canaries/RUN_ID``: a lake of its own with a vault of its own, under a key of its own. Nothing of it is in the lake of
the archive, and it is removed in the end, whatever happens. What it came to is in :class:`Planted`.
"""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.canaries import base, files, hosts, photos, verdicts
from anonymizer_udfs.canaries.base import CanarySpec
from anonymizer_udfs.canaries.sizes import LEAST_PX, SPREAD, Sizes
from anonymizer_udfs.evidence.bounds import CONFIDENCE
from anonymizer_udfs.sources import canonical
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.sources.patterns import Pattern
from anonymizer_udfs.tiers import Rule, Tiers
from anonymizer_udfs.udfs import CanaryPartition
from jobs import context, groups, orders, run, session, stores, tiers, vaultmodels
from jobs.canaryfigures import Clear, Faces, Label, Planted, figures, last_scores
from jobs.canaryhosts import Hosting
from jobs.canaryscores import recorded
from jobs.errors import UsageError, VaultError
from jobs.lake import SparkLake
from jobs.options import Common
from jobs.placed import Placed, open_lake
from jobs.plan import TASKS_A_CORE
from jobs.request import Request
from jobs.vault import KeySource, Vault

__all__ = ["Asked", "Clear", "Label", "Planted", "planted"]

FOLDER = "canaries"
COUNT = 3000
"""2,995 of which none is missed show that at most 0.1% are, at a confidence of 95%."""
FACES_MOST = 20_000
"""Faces of the archive with whose confidence that of canaries is compared."""


@dataclass(frozen=True)
class Asked:
    """What an evaluation asks for.

    Attributes:
        folder: photos of known people, one folder a person, local or in a store.
        policy: by which the lake was made, as ``faceveil anonymize`` was told it: a name or a file.
        count: least canaries, as long as the archive has images for them.
        seed: of who goes where, beside the lake's key: the same seed makes the same canaries of the same archive.
        keep: whether all of it stays in the vault.
        confidence: of each bound.
        spread: the share of canaries whose size is drawn without regard to how often it is in the archive.
        content_column: the column of a table source that holds the images.
    """

    folder: str = field(repr=False)
    policy: str = "public"
    count: int = COUNT
    seed: int = 0
    keep: bool = False
    confidence: float = CONFIDENCE
    spread: float = SPREAD
    content_column: str | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        if self.count < 1:
            raise UsageError(f"canaries must be at least 1, got {self.count}")
        if not 0 < self.confidence < 1:
            raise UsageError(f"confidence must be in (0, 1), got {self.confidence}")


@contextmanager
def planted(placed: Placed, spark: SparkSession, asked: Asked, run_id: str) -> Iterator[Planted]:
    """Make, send and judge canaries; yield what they came to, and remove all of it when the caller is done.

    Args:
        placed: the archive's lake; its vault and its key are needed.
        spark: the session.
        asked: what is asked for.
        run_id: of the evaluation; names the folder in the vault.

    Raises:
        UsageError: the folder has no photos that can be used, or the lake was made by another policy.
        VaultError: there is no vault, or what was written there could not be removed.
    """
    folder = stores.child(stores.child(placed.vault().uri, FOLDER), run_id)
    try:
        yield _Making(placed, spark, asked, folder).planted()
    except BaseException:
        if not asked.keep:
            with contextlib.suppress(OSError, VaultError):  # what went wrong is what has to be told
                _removed(folder, placed.common)
        raise
    if asked.keep:
        sys.stderr.write("faceveil: the canaries are still in the vault, under canaries/: photos of known people\n")
    else:
        _removed(folder, placed.common)


def _removed(folder: str, common: Common) -> None:
    try:
        files.remove(folder, common.storage)
    except OSError as error:
        raise VaultError(
            f"the canaries could not be removed from the vault ({stores.why(error)}); remove its folder canaries/"
        ) from error


class _Making:
    """One run at work."""

    def __init__(self, placed: Placed, spark: SparkSession, asked: Asked, folder: str) -> None:
        self.placed, self.spark, self.asked, self.folder = placed, spark, asked, folder
        self.vault, self.key = placed.vault(), placed.key()
        self.lake = SparkLake(placed.lake.uri, spark, placed.common.storage, placed.signer)
        self.draw = self.key.generator("", FOLDER, asked.seed)
        self._own = self.key.derived(f"{FOLDER}/{folder.rpartition('/')[2]}")
        self.counts: Counter[str] = Counter()

    def planted(self) -> Planted:
        """Do all of it."""
        request = self._request()
        self._ship(request)
        sizes = Sizes.measured(self._heights(), self.asked.spread)
        worker = replace(
            orders.worker_spec(request, self.key, "canaries", 0),
            content_column=self.asked.content_column,
            storage=self.placed.common.storage,
        )
        spec = CanarySpec(worker, self.folder, sizes, self.asked.seed)
        looked = self._looked(spec)
        known = (self.spark, self.lake, self.vault, spec, self._digests, self._tasks, self.asked.seed)
        hosting = Hosting(*known, self.counts)
        heads = [one for one in looked if one["state"] == photos.State.HEAD]
        truth = hosting.truth(heads, self.asked.count, self.draw, self._own).to_pylist()
        done = run.run(request)
        self.counts.update({f"images.{status}": n for status, n in done.figures.counts.items() if "." not in status})
        found = self._judged(spec, truth)
        self.counts.update(f"verdict.{one['verdict']}" for one in found)
        labels = [Label(one["face_id"], one["image_id"], one["person"]) for one in found if one["face_id"]]
        clear = tuple(_clear(one) for one in looked if one["state"] == photos.State.CLEAR)
        self.counts.update(canaries=len(truth), people=len({one["person"] for one in truth}), clear=len(clear))
        own = open_lake(request.lake, request.common)
        there = SparkLake(own.lake.uri, self.spark, self.placed.common.storage)
        names = {one["face_id"] for one in found if one["face_id"]}
        mine = [face for face in recorded(there, FACES_MOST, self.asked.seed) if face.face_id in names]
        theirs = recorded(self.lake, FACES_MOST, self.asked.seed)
        scores = [last_scores((face.height_px, face.scores) for face in some) for some in (mine, theirs)]
        faces = Faces(self._faces(), hosting.seams, scores[1])
        said = figures(found, truth, faces, self.asked.seed, self.asked.confidence, scores[0])
        usual = Counter((face.policy, face.steps) for face in mine).most_common(1)
        how = usual[0][0] if usual else (request.treatment.policy.name, 1)
        return Planted(said, dict(self.counts), own, _single(labels), clear, sizes.assumed, how)

    def _request(self) -> Request:
        """Return the request of the job's run over canaries: the lake's own policies, in a lake of its own.

        Methods that need what was learned from the archive have it from the archive's vault.
        """
        common, lake, storage = self.placed.common, stores.child(self.folder, "lake"), self.placed.common.storage
        source = SourceSpec(stores.child(self.folder, base.PHOTOS), storage=storage)
        told = context.treatment(self.asked.policy, common.settings)
        request = tiers.resolved(Request(common, source, lake, told), self.vault)
        if request.shares:
            head = groups.checked_head(self.vault, storage, self.spark)
            request = request.each(lambda one: replace(one, groups=head) if one.shares else one)
        request = request.each(lambda one: vaultmodels.bound(one, self.vault, storage))
        self._digests = [one.digest for one in request.treatments]
        mapped = {one.policy: one.tier for one in (request.tiers or Tiers()).rules}
        at = canonical(stores.child(source.uri, hosts.TIERS))
        rules = tuple(Rule(Pattern(f"{at}/{name}"), name, tier) for name, tier in mapped.items())
        quiet = common.settings.tracking.model_copy(update={"enabled": False})
        settings = common.settings.model_copy(update={"tracking": quiet})
        vault = Vault(f"{lake}.vault", storage)
        vault.prepare()
        vault.make_key(self._own)
        none = KeySource()
        own = replace(common, settings=settings, vault=vault.uri, key=none, noise_key=none, signing_key=none)
        return replace(request, common=own, tiers=Tiers(rules))

    def _ship(self, request: Request) -> None:
        wanted: dict[str, Path] = {}
        for one in request.treatments:
            wanted |= {**(one.files if self.placed.common.settings.models.ship else {}), **one.learned}
        session.ship(self.spark, wanted)

    @property
    def _tasks(self) -> int:
        return TASKS_A_CORE * session.cores(self.spark)

    def _heights(self) -> dict[int, int]:
        """Return how many faces of the archive are of each height, in whole pixels."""
        height = F.floor(F.col("height")).cast("int")
        rows = self._measured().groupBy(height.alias("px")).count().collect()
        return {int(row["px"]): int(row["count"]) for row in rows}

    def _measured(self) -> DataFrame:
        """Return ``image_id``, ``height`` and ``confidence`` of all faces of the archive that are large enough."""
        faces = self.lake.frame("images").select("image_id", F.explode("faces").alias("face"))
        box = F.col("face.box")
        height = F.greatest(box["x1"] - box["x0"], box["y1"] - box["y0"]).alias("height")
        mine = faces.where("face.kind = 'face'").select(
            "image_id", height, F.col("face.confidence").alias("confidence")
        )
        return mine.where(F.col("height") >= F.lit(LEAST_PX))

    def _faces(self) -> list[tuple[float, float]]:
        """Return height and confidence of faces of the archive, of all or of a random sample."""
        some = self._measured().orderBy(F.xxhash64("image_id", F.lit(self.asked.seed)), "height").limit(FACES_MOST)
        return [(float(row["height"]), float(row["confidence"])) for row in some.collect()]

    def _looked(self, spec: CanarySpec) -> list[dict[str, Any]]:
        """Return what became of each photo, in an order that the key alone decides."""
        source = SourceSpec(self.asked.folder, storage=self.placed.common.storage, exclude=(self.vault.uri,))
        lister = photos.ListPeople(source, self.key)
        listed = self.spark.range(1, numPartitions=1).mapInArrow(lister, from_arrow_schema(base.FOLDER))
        sorted_ = listed.repartition(self._tasks, "person").sortWithinPartitions("person", "number")
        looked = sorted_.mapInArrow(CanaryPartition(photos.look, spec), from_arrow_schema(base.LOOKED))
        rows = sorted((row.asDict(recursive=True) for row in looked.collect()), key=lambda row: row["photo_id"])
        self.counts.update(f"photos.{row['state']}" for row in rows)
        if not any(row["state"] == photos.State.HEAD for row in rows):
            raise UsageError(
                f"--canaries: of {len(rows)} photos none shows one whole face; expected a folder for each person with "
                "photos of that person alone"
            )
        return rows

    def _judged(self, spec: CanarySpec, truth: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what became of each canary; one without a row in its lake has a verdict, too."""
        frame = self.spark.createDataFrame(pa.Table.from_pylist(list(truth), base.TRUTH))
        canaries = frame.groupBy("image_id", "file").agg(F.collect_list(F.struct(*base.TRUTH.names)).alias("canaries"))
        images = SparkLake(stores.child(self.folder, "lake"), self.spark, self.placed.common.storage).frame("images")
        both = canaries.join(images.select("image_id", *verdicts.ROW), "image_id", "left").repartition(self._tasks)
        found = both.mapInArrow(CanaryPartition(verdicts.judge, spec), from_arrow_schema(base.VERDICTS)).collect()
        return sorted((row.asDict() for row in found), key=lambda row: row["canary_id"])


def _single(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Return the labels of faces that are one person's: one face may lie in the place of two small ones."""
    times = Counter(one.face_id for one in labels)
    return tuple(one for one in labels if times[one.face_id] == 1)


def _clear(row: dict[str, Any]) -> Clear:
    points = None if row["landmarks"] is None else tuple(row["landmarks"])
    return Clear(row["person"], row["file"], tuple(row["box"]), points, row["detector"])
