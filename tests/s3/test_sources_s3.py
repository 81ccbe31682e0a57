"""Sources on an S3 server on loopback that keeps keys as they are (moto): odd keys, archives, tables and failures."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Entry, Reader, SourceSpec, Storage, list_source

ODD = ["a b.jpg", "100%.jpg", "a%20b.jpg", "wow!.jpg", "#1.jpg", "ü/é.jpg", "a+b&c=d.jpg", "q?x.jpg", "foo", "foo/bar"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the endpoint of a server that lives as long as this module's tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        started.start()
        host, port = started.get_host_and_port()
        yield f"http://{host}:{port}"
        started.stop()


@pytest.fixture
def bucket(server: str) -> "Bucket":
    """Return a bucket of the test's own."""
    return Bucket(server)


class Bucket:
    """A bucket and how to reach it."""

    def __init__(self, endpoint: str) -> None:
        self.storage = Storage(endpoint_url=endpoint, region="us-east-1")
        self.name = f"b{uuid4().hex}"
        self._client: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        self._client.create_bucket(Bucket=self.name)

    def put(self, key: str, content: bytes) -> None:
        """Write an object."""
        self._client.put_object(Bucket=self.name, Key=key, Body=content)

    def listed(self, path: str, **more: str) -> list[Entry]:
        """Return the listing of a path in the bucket, typed as people do."""
        return list(list_source(SourceSpec(f"s3://{self.name}{path}", storage=self.storage, **more)))  # type: ignore[arg-type]  # only column names are given

    def read(self, entries: list[Entry], max_bytes: int = 10**6) -> list[bytes | Reason]:
        """Return what reading gives."""
        reader = Reader(self.storage, max_bytes, delays_s=())
        return [found for _, found in reader.read_ahead(entries, 4, 10**6)]


def test_a_missing_bucket_is_no_source(bucket: Bucket) -> None:
    """A bucket or a prefix that does not exist is an error, not an empty listing."""
    for path in ("-nowhere", "/nothing", "/nothing/*.jpg"):
        with pytest.raises(SourceError, match="does not exist"):
            bucket.listed(path)


def test_odd_keys_stay_distinct(bucket: Bucket) -> None:
    """Every key is listed under a name of its own and read as what it is; folder markers are no images."""
    for key in ODD:
        bucket.put(f"in/{key}", key.encode())
    bucket.put("in/marker/", b"")
    bucket.put("in/empty.jpg", b"")
    entries = bucket.listed("/in/")
    assert sorted(map(str, bucket.read(entries))) == sorted(map(str, [key.encode() for key in ODD] + [Reason.EMPTY]))
    assert len({entry.uri for entry in entries}) == len(ODD) + 1
    assert all(entry.uri.startswith(f"s3a://{bucket.name}/in/") and entry.modified_us for entry in entries)


@pytest.mark.parametrize("key", ODD)
def test_one_object_as_typed(bucket: Bucket, key: str) -> None:
    """An object is found by its key as it is, whatever the key has in it."""
    bucket.put(f"in/{key}", b"1")
    assert bucket.read(bucket.listed(f"/in/{key}")) == [b"1"]


def test_keys_that_no_client_opens(bucket: Bucket) -> None:
    """A key with an empty part is listed and ends as unreadable: it is not lost, and listing ends."""
    bucket.put("in/a.jpg", b"1")
    bucket.put("in//b.jpg", b"2")
    entries = bucket.listed("/in")
    assert [entry.uri.rpartition("/in")[2] for entry in entries] == ["/a.jpg", "//b.jpg"]
    assert bucket.read(entries) == [b"1", Reason.UNREADABLE]


def test_changed_gone_and_too_large(bucket: Bucket) -> None:
    """What another size says, what is gone and what is too large end as rows of their own."""
    for key in ("a", "b", "c", "d"):
        bucket.put(f"in/{key}", b"123")
    bucket.put("in/c", b"123456")
    entries = bucket.listed("/in")
    bucket.put("in/a", b"12345")
    bucket._client.delete_object(Bucket=bucket.name, Key="in/b")
    assert bucket.read(entries, 5) == [Reason.CHANGED, Reason.UNREADABLE, Reason.TOO_LARGE, b"123"]


def test_a_dead_server_is_unreadable() -> None:
    """When nobody answers, reading ends after its tries; the reason is the image's, the message nobody's."""
    storage = Storage(endpoint_url="http://127.0.0.1:9", region="us-east-1", options=(("connect_timeout", "1"),))
    entry = Entry("s3a://bucket/a.jpg", "object", "s3a://bucket/a.jpg", 3)
    assert Reader(storage, 10, delays_s=(0.0,)).outcome(entry) == Reason.UNREADABLE


def test_archives_are_read_by_range(bucket: Bucket) -> None:
    """Members of archives on the server are listed and read."""
    images = {f"{i}.jpg": bytes([i]) * 3000 for i in range(30)}
    tar, zipped = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive, zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as other:
        for name, content in images.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            other.writestr(name, content)
    bucket.put("in/a.tar", tar.getvalue())
    bucket.put("in/b.zip", zipped.getvalue())
    entries = bucket.listed("/in/*")
    assert bucket.read(entries) == list(images.values()) * 2
    assert entries[0].uri == f"s3a://{bucket.name}/in/a.tar!0.jpg"


def test_tables_and_manifests(bucket: Bucket, tmp_path: Path) -> None:
    """A Parquet table, a manifest with relative names and one with URIs are read from the server."""
    pq.write_table(pa.table({"id": ["x", "y"], "image": [b"1", b"2"]}), tmp_path / "t")
    bucket.put("t/part-0.parquet", (tmp_path / "t").read_bytes())
    entries = bucket.listed("/t", content_column="image", id_column="id")
    assert [entry.uri.rpartition("/")[2] for entry in entries] == ["t#x", "t#y"]
    assert bucket.read(entries) == [b"1", b"2"]
    bucket.put("in/a b.jpg", b"3")
    bucket.put("in/list.txt", f"a b.jpg\ns3://{bucket.name}/t/part-0.parquet\n../in/./a b.jpg\ngone.jpg\n".encode())
    entries = bucket.listed("/in/list.txt")
    assert bucket.read(entries) == [b"3", (tmp_path / "t").read_bytes(), Reason.UNREADABLE]


def test_a_delta_table(bucket: Bucket, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live files of a Delta table on the server are read."""
    import deltalake  # noqa: PLC0415  # only this test needs it

    options = {"AWS_ENDPOINT_URL": server, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
    for rows, mode in (({"id": ["old"], "image": [b"0"]}, "append"), ({"id": ["x"], "image": [b"1"]}, "overwrite")):
        deltalake.write_deltalake(f"s3://{bucket.name}/a b", pa.table(rows), mode=mode, storage_options=options)
    entries = bucket.listed("/a b", id_column="id")
    assert [entry.uri for entry in entries] == [f"s3a://{bucket.name}/a%20b#x"]
    assert bucket.read(entries) == [b"1"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert list(list_source(SourceSpec(f"s3a://{bucket.name}/a b"))) == bucket.listed("/a b")
