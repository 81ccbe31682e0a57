"""A lake in a bucket answers questions: tables, views, an earlier version and the change feed, without Spark."""

import json

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs import sql
from jobs.lake import APP, Commit, Lake
from tests.support import lakes
from tests.support.s3_server import S3Server


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["SELECT COUNT(*) AS n FROM faces"], 2, id="view"),
        pytest.param(["SELECT COUNT(*) AS n FROM images", "--at", "1"], 1, id="version"),
        pytest.param(["SELECT COUNT(*) AS n FROM changes", "--since", "2"], 1, id="changes"),
    ],
)
def test_a_bucket_is_asked_like_a_disk(
    words: list[str],
    expected: int,
    server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the rights and the endpoint that the environment names."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    bucket = server.bucket(f"asked-{len(server.client().list_buckets()['Buckets'])}")
    lake = Lake(f"s3a://{bucket}/lake", Storage(server.endpoint, "us-east-1"))
    lake.create()
    lake.ledger.append(lakes.event())
    for batch in (1, 2):
        rows = lakes.images([lakes.row(str(batch), status="anonymized", faces=[lakes.face()])])
        lake.tables.append("images", rows, APP, Commit(1, batch).version)
    assert sql.main([lake.uri, *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"n": expected}]
