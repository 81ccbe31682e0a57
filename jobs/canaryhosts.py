"""Which images of an archive take canaries, and whose: drawn at random by the lake's key, laid in by executors."""

import io
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.canaries import base, composing, files, hosts
from anonymizer_udfs.canaries.base import CanarySpec
from anonymizer_udfs.canaries.sizes import LEAST_PX
from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources import canonical
from anonymizer_udfs.udfs import CanaryPartition
from jobs import lakefaces
from jobs.errors import UsageError
from jobs.lake import SparkLake
from jobs.lakefaces import CORNERS
from jobs.vault import Vault

COPIES_MOST = 20
"""Of one image of the archive: copies of few images say little of an archive, however many canaries are in them."""
ROUNDS_MOST = 12
MANIFEST = "truth.parquet"
_SPARE, _GUESS = 1.15, 2.0
"""More images are tried than those before say are needed; before any, two canaries an image are expected."""


@dataclass(frozen=True)
class Hosting:
    """Lays heads into images of an archive.

    Attributes:
        spark: the session.
        lake, vault: the archive's.
        spec: what workers are told.
        digests: of the policies; images that were made by others take none.
        tasks: of each round.
        seed: of the order in which images are taken; ids are keyed, so it says nothing without the key.
        counts: what became of images, added to.
        seams: height and seam of the faces of the images that were taken, added to.
    """

    spark: SparkSession
    lake: SparkLake
    vault: Vault
    spec: CanarySpec
    digests: Sequence[str]
    tasks: int
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    seams: list[tuple[float, float]] = field(default_factory=list)

    def truth(self, heads: Sequence[dict[str, Any]], count: int, draw: np.random.Generator, own: Key) -> pa.Table:
        """Return rows of ``base.TRUTH``, at least ``count`` where the archive has room; they are in the vault, too.

        Args:
            heads: rows of ``base.LOOKED`` with heads.
            count: least canaries.
            draw: of who goes where.
            own: the key of the canaries' own lake.

        Raises:
            UsageError: no image of the archive takes any.
        """
        images = self._images().persist(StorageLevel.DISK_ONLY)
        try:
            made = self._made(images, _Queue(heads, draw), count)
        finally:
            images.unpersist()
        rows = [_numbered(one, own.image_id(canonical(one["file"]))) for one in made]
        if not rows:
            raise UsageError(
                "no image of the lake can take a canary: expected anonymized or clean stills, made by this policy with "
                f"these settings and models, that have room for a face of 20 pixels; tried: {dict(self.counts)}"
            )
        self.counts["hosts"] = len({one["host"] for one in rows})
        table, out = pa.Table.from_pylist(rows, base.TRUTH), io.BytesIO()
        pq.write_table(table, out)
        files.write(self.spec.uri(MANIFEST), out.getvalue(), self.spec.worker.storage)
        return table

    def _made(self, images: DataFrame, queue: "_Queue", count: int) -> list[dict[str, Any]]:
        """Return the canaries, made in rounds until there are enough: how many an image takes is seen in it alone."""
        order = F.xxhash64("image_id", F.lit(self.seed))
        # An image that takes none is the exception, so that twice as many are enough.
        ids = [row["image_id"] for row in images.select("image_id").orderBy(order).limit(2 * count).collect()]
        copies = itertools.product(range(COPIES_MOST), ids)
        made: list[dict[str, Any]] = []
        tried = 0
        for _ in range(ROUNDS_MOST):
            lacking = count - len(made)
            each = len(made) / tried if made else _GUESS
            chosen = list(itertools.islice(copies, max(1, round(lacking / each * _SPARE)))) if lacking > 0 else []
            if not chosen:
                break
            made += self._round(images, chosen, queue)
            tried += len(chosen)
        return made

    def _images(self) -> DataFrame:
        """Return what a worker needs of each image that can take canaries."""
        rows = lakefaces.stills(self.lake).where("status IN ('anonymized', 'clean')")
        mine = rows.where(F.col("policy_digest").isin(list(self.digests)))
        known = F.transform(
            "faces",
            lambda face: F.struct(
                face["kind"].alias("kind"), _corners(face["box"]).alias("box"), _corners(face["region"]).alias("region")
            ),
        )
        places = mine.select("image_id", "content_version", "source_digest", known.alias("known"))
        there = places.join(lakefaces.listed(self.spark, self.vault), ["image_id", "content_version"])
        return there.select("image_id", "content_version", "entry.*", "policy", "source_digest", "known")

    def _round(self, images: DataFrame, chosen: Sequence[tuple[int, str]], queue: "_Queue") -> list[dict[str, Any]]:
        """Lay heads into some images, and return the canaries."""
        rows = [{"image_id": name, "copy": copy, "wishes": queue.take(composing.MOST)} for copy, name in chosen]
        schema = pa.schema([base.HOST.field(name) for name in ("image_id", "copy", "wishes")])
        wishes = self.spark.createDataFrame(pa.Table.from_pylist(rows, schema))
        joined = images.join(wishes, "image_id").select(*base.HOST.names)
        spread = joined.repartition(self.tasks, "image_id", "copy").sortWithinPartitions("image_id", "copy")
        made = spread.mapInArrow(CanaryPartition(hosts.plant, self.spec), from_arrow_schema(base.HOSTED)).collect()
        out = []
        for row in sorted((one.asDict(recursive=True) for one in made), key=lambda one: (one["copy"], one["host"])):
            self.counts[f"hosts.{row['state']}"] += 1
            out += [one | {"host": row["host"], "file": row["file"]} for one in row["canaries"]]
            self.seams.extend((one["height_px"], one["seam"]) for one in row["seams"] if one["height_px"] >= LEAST_PX)
        queue.placed(one["person"] for one in out)
        return out


class _Queue:
    """Who is laid in next: always somebody who is in the fewest images so far, drawn among these."""

    def __init__(self, heads: Sequence[dict[str, Any]], draw: np.random.Generator) -> None:
        self._heads: dict[str, list[dict[str, Any]]] = {}
        for head in heads:
            wish = {name: head[name] for name in ("person", "box", "landmarks", "detector")}
            self._heads.setdefault(head["person"], []).append(wish | {"head_id": head["photo_id"]})
        self._draw = draw
        self._times = dict.fromkeys(sorted(self._heads), 0)
        self._asked = dict.fromkeys(self._heads, 0)
        self._line: list[str] = []

    def take(self, count: int) -> list[dict[str, Any]]:
        """Return so many heads, each of somebody else as long as there are as many people."""
        out = []
        for _ in range(count):
            if not self._line:
                order = self._draw.permutation(list(self._times)).tolist()
                self._line = sorted(order, key=lambda one: -self._times[one])  # the last one is next
            person = self._line.pop()
            own = self._heads[person]
            out.append(own[self._asked[person] % len(own)])
            self._asked[person] += 1
        return out

    def placed(self, people: Iterable[str]) -> None:
        """Count who found a place, and begin the line anew."""
        for person in people:
            self._times[person] += 1
        self._line = []


def _corners(box: Column) -> Column:
    return F.array(*(box[name].cast("float") for name in CORNERS))


def _numbered(one: dict[str, Any], image_id: str) -> dict[str, Any]:
    corner = "-".join(f"{value:.0f}" for value in one["box"][:2])
    return one | {"image_id": image_id, "canary_id": f"{image_id}-{corner}"}
