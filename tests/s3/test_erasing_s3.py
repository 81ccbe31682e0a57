"""An erasure in buckets, on a server on loopback: what speaks to the store itself, and the command from end to end."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from anonymizer_udfs.sources.base import Storage
from jobs import anonymize, erase, release, verify
from jobs.erasures import Order, Orders
from jobs.lake import Lake
from jobs.releasing.members import Members
from jobs.suppression import Suppression
from jobs.sweep import Sweep
from jobs.tables import Tables
from jobs.vault import Vault
from schemas import SUPPRESSED_TABLES
from tests.support.anonymizing import DONE, ONE_LOOK
from tests.support.lakes import KEY
from tests.support.pictures import place, portrait
from tests.support.s3_server import S3Server
from tests.support.searching_bytes import holding, runs

ORDER = Order("erasure-1", "asked", ("0" * 32,), ("1" * 64,), 1)


def test_orders_list_and_sweep_work_in_a_bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order is kept and removed; the list holds what it is told; a swept table has its rows and one commit."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    bucket, storage = server.bucket("erasing"), Storage(server.endpoint, "us-east-1")
    vault = Vault(f"s3://{bucket}/vault", storage)
    vault.prepare()
    orders, told = Orders(vault, storage), Suppression(vault, storage)
    assert orders.open() == []
    orders.keep(ORDER)
    assert orders.open() == [ORDER]
    orders.done(ORDER)
    orders.done(ORDER)
    assert orders.open() == []
    for epoch in (1, 2, 3):
        told.add(KEY, "erasure-1", epoch, [f"{epoch:032x}"], [])
    tables = Tables(vault.uri, SUPPRESSED_TABLES, storage)
    Sweep.begin(tables, "suppressed", fenced=True).end(9)
    assert told.count() == 3
    found = server.client().list_objects_v2(Bucket=bucket, Prefix="vault/suppressed/")["Contents"]
    last = tables.open("suppressed").version()
    log = [one["Key"] for one in found if one["Key"].endswith(".json")]
    assert log == [f"vault/suppressed/_delta_log/{last:020d}.json"]


def test_what_was_erased_is_in_no_object_and_does_not_come_back(
    server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of lake and vault no object holds the image, by its bytes, id or name; `verify` holds before and after.

    The lake has gone out into a bucket before: that it holds an image that was erased stays known.
    """
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    raw, lake, vault = server.bucket("raw"), server.bucket("lake"), server.bucket("vault")
    files = {"ana.png": portrait(1), "bea.png": portrait(2), "sea.png": place()}
    for name, content in files.items():
        server.client().put_object(Bucket=raw, Key=f"in/{name}", Body=content)
    source, put = f"s3a://{raw}/in", (f"s3a://{lake}/l", "--vault", f"s3a://{vault}/v", "--profile", "s3")
    quick = ("--set", "tracking.enabled=false", "--set", "spark.driver_memory=1g", "--policy", str(ONE_LOOK))
    try:
        assert anonymize.main([source, *put, *quick]) == DONE
        stored = {name: row_of(f"{source}/{name}", put) for name in files}
        row, others = stored["ana.png"], [files[name] + stored[name]["content"] for name in ("bea.png", "sea.png")]
        hers = [*runs(row["content"]), *runs(files["ana.png"])]
        words = [
            row["image_id"].encode(),
            b"ana.png",
            *(word for word in hers if not any(word in one for one in others)),
        ]
        assert len(words) > 10
        assert holding([objects(server, (lake, vault), tmp_path / "before")], words)
        out = ("--name", "v1", "--override-by", "A", "--override-reason", "B", *put[1:])
        assert release.main([put[0], f"s3a://{server.bucket('open')}/v1", *out]) == DONE
        assert verify.main([*put]) == DONE
        assert erase.main([*put, "--source", f"{source}/ana.png", "--yes"]) == DONE
        assert holding([objects(server, (lake, vault), tmp_path / "after")], words) == []
        assert list(Members(Lake(put[0])).counts().values()) == [(len(files), 1)]
        assert anonymize.main([source, *put, *quick]) == DONE
        assert holding([objects(server, (lake, vault), tmp_path / "again")], words) == []
        assert verify.main([*put]) == DONE
        assert len(Lake(put[0]).tables.query("SELECT image_id FROM images").to_pylist()) == len(files) - 1
    finally:
        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()


def row_of(uri: str, put: tuple[str, ...]) -> dict[str, Any]:
    """Return the row of a source, by what the vault knows."""
    names = Vault(put[2], Storage()).tables.query("SELECT image_id, uri FROM sources").to_pylist()
    (image_id,) = [one["image_id"] for one in names if one["uri"] == uri]
    found = Lake(put[0]).tables.query(f"SELECT image_id, content FROM images WHERE image_id = '{image_id}'")  # noqa: S608
    return found.to_pylist()[0]  # type: ignore[no-any-return]


def objects(server: S3Server, buckets: tuple[str, ...], folder: Path) -> Path:
    """Put every object of some buckets into a folder, under its key, and return it."""
    client = server.client()
    for bucket in buckets:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", ()):
                file = folder / bucket / found["Key"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(client.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    return folder
