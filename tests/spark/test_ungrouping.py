"""Erased images in the groups of k_same: their rows go, nobody else is named after them, and the ledger says so."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from anonymizer_udfs.sources.base import Storage
from jobs import ungrouping
from jobs.errors import VaultError
from jobs.groups import Entry, GroupStore
from jobs.vault import Vault
from schemas import GROUP_TABLES
from tests.support.lakes import arrow

GONE, KEPT, ELSE = "a" * 32, "b" * 32, "c" * 32


def member(image: str, person: str, group: str = "g") -> dict[str, object]:
    """Return a row of ``members`` for the one face of an image."""
    box = dict.fromkeys(("x0", "y0", "x1", "y1"), 1.0)
    names = {"face_id": f"{image}-0000", "image_id": image, "person": f"{person}-0000", "group_id": group}
    return {"content_version": "v", "run_id": "run-1", **names, **box}


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path) -> GroupStore:
    """Two people in a group, one of them on two images, named after the first."""
    made = GroupStore(Vault(str(tmp_path / "vault"), Storage()), Storage())
    made.prepare()
    rows = [member(GONE, GONE), member(KEPT, GONE), member(ELSE, ELSE)]
    made.tables.append("members", pa.Table.from_pylist(rows, arrow(GROUP_TABLES["members"])), "rows", 1)
    made.seal(spark, Entry("run-1", 2, "labels", 2, 1, 3))
    return made


def test_an_erased_image_leaves_its_group(spark: SparkSession, store: GroupStore) -> None:
    """Others of the person stay under another name; no head moves; what is changed by hand still shows."""
    head, ids = store.head(), spark.createDataFrame([(GONE,)], "image_id string")
    for _ in range(2):
        ungrouping.leave(spark, store, ids)
        left = store.frame(spark, "members").select("image_id", "person").collect()
        assert {(row[0], row[1]) for row in left} == {(KEPT, f"{KEPT}-0000"), (ELSE, f"{ELSE}-0000")}
        store.verify(spark)
        assert [row["linked_by"] for row in store.entries()] == ["labels", "erased"]
        assert store.head() == head
    spark.sql(f"DELETE FROM delta.`{store.tables.table_uri('members')}` WHERE image_id = '{ELSE}'")  # noqa: S608 - ours
    with pytest.raises(VaultError, match="changed by hand"):
        store.verify(spark)
