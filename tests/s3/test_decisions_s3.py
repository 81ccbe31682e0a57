"""People decide about a lake in a bucket: none of what several say at once is lost, and the ledger vouches for all."""

from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs import verify
from jobs.decisions import Decisions
from jobs.lake import Lake
from jobs.reviewing.desk import Desk
from jobs.reviewing.queue import Filter
from tests.support import lakes, reviewed
from tests.support.decided import at_once, decision
from tests.support.reviewed import Client
from tests.support.s3_server import S3Server


@pytest.fixture
def uri(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a lake in a bucket of its own, in which images wait for a person."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    bucket = server.bucket(f"decided-{len(server.client().list_buckets()['Buckets'])}")
    reviewed.placed(tmp_path)
    for file in sorted(path for path in (tmp_path / "lake").rglob("*") if path.is_file()):
        name = f"lake/{file.relative_to(tmp_path / 'lake')}"
        server.client().put_object(Bucket=bucket, Key=name, Body=file.read_bytes())
    return f"s3a://{bucket}/lake"


def opened(uri: str, server: S3Server) -> Lake:
    """Return the lake as one more process opens it."""
    return Lake(uri, Storage(server.endpoint, "us-east-1"), signer=lambda: lakes.SIGNER)


def test_several_reviewers_at_once_lose_nothing(uri: str, server: S3Server) -> None:
    """Each writes by itself, at the same time: every decision is there once, and the ledger vouches for it."""
    made = [[decision(reviewer=f"r{n}") for _ in range(3)] for n in range(3)]
    at_once([Decisions(opened(uri, server)) for _ in made], made)
    lake = opened(uri, server)
    found = Decisions(lake).all()
    assert sorted(one.decision_id for one in found) == sorted(one.decision_id for some in made for one in some)
    assert [one.decision_seq for one in found] == list(range(1, 10))
    assert verify.run(lake).findings == ()


def test_a_page_works_on_a_bucket(uri: str, server: S3Server) -> None:
    """What waits is listed and shown, and what is decided on the page is in the bucket."""
    desk = Desk(opened(uri, server), lambda _: 1, None)
    with reviewed.serving(desk) as guard:
        anna = Client(guard.port).enter(guard.links()["anna"])
        waits = anna.get("/api/queue")["items"]
        shown = anna.get(f"/api/images/{waits[0][0]}")
        assert anna.ask("GET", f"/pictures/{waits[0][0]}/result")[0] == 200
        said = {"decision_id": "ab" * 16, "image_id": waits[0][0], "sha256": shown["sha256"], "action": "withhold"}
        status, answer = anna.decide(said)
        assert (status, answer["refused"]) == (200, {})
        assert anna.ask("GET", "/dashboard")[0] == 200
    (one,) = Decisions(opened(uri, server)).all()
    assert (one.action, one.image_id, one.reviewer) == ("withhold", waits[0][0], "anna")
    later = Desk(opened(uri, server), lambda _: 1, None).listing(Filter())
    assert later.total == len(waits) - 1
