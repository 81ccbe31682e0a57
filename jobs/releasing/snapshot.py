"""One version of a lake's images, read in the order of their ids in bounded memory. Driver, without Spark."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from jobs import stores
from jobs.errors import LakeError
from jobs.export import RELEASABLE, verify
from jobs.lake import Lake, ranges
from jobs.releasing.base import Member

RANGE_BYTES = 64 << 20
"""Images are read in ranges of ids that weigh about so much; one range is sorted, and held, at a time."""
_STREAMED = {"datafusion.execution.batch_size": "16", "datafusion.execution.target_partitions": "1"}
_COLUMNS = "image_id, format, width, height, status, policy, policy_digest, output_sha256, content"


@dataclass(frozen=True)
class Facts:
    """What is counted of a snapshot, of the images that go out unless it is said otherwise.

    Attributes:
        formats: images by format.
        policies: name, digest and images of each policy.
        methods: kind, method and regions.
        models: SHA-256 of each model that made them, by name.
        left_out: images that stay, by status.
        reencoded: images of which pixels outside of the regions may differ from the source's.
        faceless: images without any region.
    """

    formats: tuple[tuple[str, int], ...]
    policies: tuple[tuple[str | None, str, int], ...]
    methods: tuple[tuple[str, str, int], ...]
    models: dict[str, str]
    left_out: dict[str, int]
    reencoded: int
    faceless: int


@dataclass(frozen=True)
class Snapshot:
    """The images of a lake at one version, whatever is written meanwhile.

    Attributes:
        lake: whose.
        version: the Delta version of ``images``.
    """

    lake: Lake
    version: int
    _table: list[DeltaTable] = field(default_factory=list, repr=False)

    @classmethod
    def now(cls, lake: Lake) -> "Snapshot":
        """Return the images as they are."""
        return cls(lake, lake.tables.versions()["images"])

    def table(self) -> DeltaTable:
        """Return the table at this version."""
        if not self._table:
            uri = self.lake.tables.table_uri("images")
            options = stores.delta_options(uri, self.lake.tables.storage)
            self._table.append(DeltaTable(stores.delta_uri(uri), version=self.version, storage_options=options))
        return self._table[0]

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query over ``images``."""
        return list(pa.table(QueryBuilder().register("images", self.table()).execute(sql).read_all()).to_pylist())

    def facts(self) -> Facts:
        """Return what is counted; no image is read."""
        statuses = Counter({r["status"]: r["n"] for r in self.query(_BY_STATUS)})
        formats = self.query(f"SELECT format, COUNT(*) AS n FROM images WHERE {_OUT} GROUP BY format ORDER BY format")  # noqa: S608 - ours
        models = self.query(f"SELECT DISTINCT model_digests FROM images WHERE {_OUT}")  # noqa: S608 - ours
        other = self.query(_OTHER)[0]
        return Facts(
            formats=tuple((r["format"], r["n"]) for r in formats),
            policies=tuple((r["policy"], r["policy_digest"], r["n"]) for r in self.query(_BY_POLICY)),
            methods=tuple((r["kind"], r["method"], r["n"]) for r in self.query(_BY_METHOD)),
            models=dict(sorted(pair for r in models for pair in r["model_digests"] or ())),
            left_out={s: n for s, n in sorted(statuses.items()) if s not in RELEASABLE},
            reencoded=int(other["reencoded"] or 0),
            faceless=int(other["faceless"] or 0),
        )

    def members(self, range_bytes: int = RANGE_BYTES) -> Iterator[Member]:
        """Yield each image that may go out, in the order of ids, with its bytes compared with its row.

        Args:
            range_bytes: about so much is read, sorted and held at a time.

        Raises:
            LakeError: the bytes of one are not those of its row, or an id is there twice.
        """
        builder = QueryBuilder(_STREAMED).register("images", self.table())
        size = sum(pa.table(self.table().get_add_actions(flatten=True)).column("size_bytes").to_pylist())
        last = ""
        for within in ranges(max(1, -(-size // range_bytes))):
            for batch in builder.execute(f"SELECT {_COLUMNS} FROM images WHERE {_OUT} AND {within} ORDER BY image_id"):  # noqa: S608 - ours
                for row in pa.record_batch(batch).to_pylist():
                    if row["image_id"] <= last:
                        raise LakeError(f"image {row['image_id']} has two rows; run faceveil verify on the lake")
                    last = row["image_id"]
                    yield _member(row)


def _member(row: dict[str, Any]) -> Member:
    verify(row)
    return Member(
        image_id=row["image_id"],
        format=row["format"],
        size_wh=(row["width"], row["height"]),
        status=row["status"],
        policy=row["policy"],
        policy_digest=row["policy_digest"],
        sha256=row["output_sha256"],
        content=row["content"],
    )


_OUT = f"status IN ({', '.join(repr(one.value) for one in RELEASABLE)})"
_BY_STATUS = "SELECT status, COUNT(*) AS n FROM images GROUP BY status"
_BY_POLICY = (
    f"SELECT policy, policy_digest, COUNT(*) AS n FROM images WHERE {_OUT} "  # noqa: S608 - ours
    "GROUP BY policy, policy_digest ORDER BY policy_digest, policy"
)
_BY_METHOD = (
    "SELECT face['kind'] AS kind, face['method'] AS method, COUNT(*) AS n FROM "  # noqa: S608 - ours
    f"(SELECT unnest(faces) AS face FROM images WHERE {_OUT}) GROUP BY 1, 2 ORDER BY 1, 2"
)
_OTHER = (
    "SELECT SUM(CASE WHEN reencoded THEN 1 ELSE 0 END) AS reencoded, "  # noqa: S608 - ours
    f"SUM(CASE WHEN cardinality(faces) > 0 THEN 0 ELSE 1 END) AS faceless FROM images WHERE {_OUT}"
)
