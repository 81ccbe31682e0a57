"""Canaries' files on an S3 server on loopback: written, read back, listed as a source, and removed."""

import io
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from anonymizer_udfs.canaries import files
from anonymizer_udfs.sources import SourceSpec, Storage, list_source
from anonymizer_udfs.sources.stores import open_object
from anonymizer_udfs.sources.uris import canonical

VAULT = "s3a://vault/lake.vault/canaries"


@pytest.fixture
def storage() -> Iterator[Storage]:
    """Yield how to reach a server with one bucket."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        started.start()
        host, port = started.get_host_and_port()
        made = Storage(endpoint_url=f"http://{host}:{port}", region="us-east-1")
        boto3.client("s3", endpoint_url=made.endpoint_url, region_name="us-east-1").create_bucket(Bucket="vault")
        yield made
        started.stop()


def listed(storage: Storage) -> list[str]:
    """Return the keys of the bucket."""
    client = boto3.client("s3", endpoint_url=storage.endpoint_url, region_name="us-east-1")
    return sorted(one["Key"] for one in client.list_objects_v2(Bucket="vault").get("Contents", []))


def test_a_file_is_written_whole_and_read_back(storage: Storage) -> None:
    """Larger than one part of an upload; a second write replaces the first."""
    content = io.BytesIO(bytes(range(256)) * (12 << 12)).getvalue()
    for one in (b"first", content):
        files.write(f"{VAULT}/run/photos/own/a.png", one, storage)
    with open_object(canonical(f"{VAULT}/run/photos/own/a.png"), storage) as opened:
        assert opened.read_at(0, opened.size_bytes) == content


def test_the_job_lists_what_was_written(storage: Storage) -> None:
    """As any other source, data sets' folders included."""
    for name in ("own/a.png", "tiers/partner/b.png"):
        files.write(f"{VAULT}/run/photos/{name}", b"x", storage)
    uris = [entry.uri for entry in list_source(SourceSpec(f"{VAULT}/run/photos", storage=storage))]
    assert uris == [f"{VAULT}/run/photos/own/a.png", f"{VAULT}/run/photos/tiers/partner/b.png"]


def test_a_run_is_removed_and_nothing_beside_it(storage: Storage) -> None:
    """All keys below its folder; a run whose name begins alike stays, and a second removal is fine."""
    for name in ("run/a.png", "run/lake/_delta_log/0.json", "run-2/b.png"):
        files.write(f"{VAULT}/{name}", b"x", storage)
    files.remove(f"{VAULT}/run", storage)
    files.remove(f"{VAULT}/run", storage)
    assert [key for key in listed(storage) if not key.endswith("/")] == ["lake.vault/canaries/run-2/b.png"]
