"""A release into a bucket, on a server on loopback: whole, moved out of its part, and never over another one."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from jobs import release, releases, verify
from tests.support import evaluated_lakes, lakes
from tests.support.s3_server import S3Server

DONE, BAD, REFUSED = 0, 2, 4


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


def test_a_lake_in_a_bucket_goes_out_into_a_bucket_and_says_who_holds_what(
    server: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From end to end, no disk but for scratch: refused, let out, asked by id and digest, taken back, verified."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    held, open_ = server.bucket("held"), server.bucket("open")
    lake = evaluated_lakes.make(f"s3a://{held}/lake", evaluated_lakes.refused())
    reach = ("--vault", "none", "--set", f"storage.endpoint_url={server.endpoint}", "--set", "storage.region=us-east-1")

    def told(*words: str, code: int = DONE) -> Any:
        assert releases.main([lake.uri, *words, *reach, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    assert release.main([lake.uri, f"s3a://{open_}/v1", "--name", "v1", *reach]) == REFUSED
    assert "refused" in capsys.readouterr().err
    assert "Contents" not in server.client().list_objects_v2(Bucket=open_)
    evaluated_lakes.evaluate(lake, evaluated_lakes.good(), "run-good")
    for name, layout in (("v1", "files"), ("v2", "parquet")):
        words = ("--name", name, "--format", layout)
        assert release.main([lake.uri, f"s3a://{open_}/{name}", *words, *reach]) == DONE
        capsys.readouterr()
    one = lakes.KEY.image_id(f"{evaluated_lakes.HOME}/4.png")
    first, second = told("--holds", one)["held_by"]
    assert [(row["name"], row["uri"]) for row in (first, second)] == [
        ("v1", f"s3a://{open_}/v1"),
        ("v2", f"s3a://{open_}/v2"),
    ]
    found = server.client().get_object(Bucket=open_, Key=f"v1/{first['file']}")["Body"].read()
    digest = hashlib.sha256(found).hexdigest()
    assert digest == first["output_sha256"] == second["output_sha256"]
    assert (second["file"], second["file_row"] is not None) == ("data/000000.parquet", True)
    assert {row["image_id"] for row in told("--holds", digest)["held_by"]} == {one}
    evaluated_lakes.evaluate(lake, evaluated_lakes.refused(), "run-newer")
    assert told("--recheck", code=REFUSED)["newly_recalled"] == ["v1", "v2"]
    assert all(row["recalled_at"] for row in told("--holds", one)["held_by"])
    kinds = {one.kind.value for one in verify.run(lake).findings}
    assert "release" not in kinds
