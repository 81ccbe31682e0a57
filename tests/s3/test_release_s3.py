"""A release into a bucket, on a server on loopback: whole, moved out of its part, and never over another one."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import release
from tests.support import evaluated_lakes
from tests.support.s3_server import S3Server, running, unavailable

DONE, BAD = 0, 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Yield a server in a process of its own."""
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("s3")) as started:
        yield started


def test_a_release_lies_in_a_bucket_as_it_does_on_a_disk(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same bytes under the same names, nothing beside them; a prefix with anything below it is left alone."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    bucket, lake = server.bucket("released"), tmp_path / "lake"
    evaluated_lakes.make(lake, evaluated_lakes.good())
    reach = ("--set", f"storage.endpoint_url={server.endpoint}", "--set", "storage.region=us-east-1")
    for layout in ("files", "webdataset"):
        words = ("--name", f"v1-{layout}", "--format", layout, *reach)
        assert release.main([str(lake), f"s3a://{bucket}/{layout}", *words]) == DONE
        client = server.client()
        found = {
            one["Key"].removeprefix(f"{layout}/"): client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            for one in client.list_objects_v2(Bucket=bucket, Prefix=f"{layout}/")["Contents"]
        }
        said = json.loads(found["manifest.json"])
        for one in said["files"]:
            assert hashlib.sha256(found[one["file"]]).hexdigest() == one["sha256"]
        lines = [json.loads(line) for line in found["members.jsonl"].splitlines()]
        assert set(found) == {one["file"] for one in (*lines, *said["files"])} | {"manifest.json"}
        if layout == "files":
            assert all(hashlib.sha256(found[one["file"]]).hexdigest() == one["sha256"] for one in lines)
    assert release.main([str(lake), f"s3a://{bucket}/files", "--name", "v2", *reach]) == BAD
    assert "none is ever written over" in capsys.readouterr().err
