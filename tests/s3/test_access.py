"""The least rights of ``docs/security.md``, on a server that enforces them: enough for each, and nothing else."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from jobs import lookup, status
from tests.support import pictures, s3_server
from tests.support.anonymizing import ONE_LOOK
from tests.support.s3_server import S3Server

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
BUCKETS = ("raw", "open", "vault")
JOB, READER, REVIEWER, AUDITOR = (f"faceveil-{name}" for name in ("job", "reader", "reviewer", "auditor"))
LAKE, VAULT = "s3a://open/lake", "s3a://vault/lake"
QUICK = ("--profile", "s3", "--set", "tracking.enabled=false", "--set", "spark.driver_memory=1g", "--json")
ALLOWED = {
    (JOB, "raw"): "list get",
    (JOB, "open"): "list get put delete",
    (JOB, "vault"): "list get put delete",
    (READER, "open"): "list get",
    (AUDITOR, "open"): "list get",
    (REVIEWER, "raw"): "list get",
    (REVIEWER, "open"): "list get",
    (REVIEWER, "vault"): "list get",
}
"""What each may do; all else is refused."""
pytestmark = pytest.mark.skipif(
    s3_server.versitygw() is None, reason="no server that enforces rights: versitygw needs Go 1.25 or newer"
)


def policies() -> dict[str, str]:
    """Return the policy of each bucket as the page has it."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"<!-- policy: (\w+) -->\n```json\n(.*?)```", text, re.DOTALL)
    return {bucket: json.dumps(json.loads(policy)) for bucket, policy in found}


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, S3Server]]:
    """Yield the server as each of four users sees it, with two photos in it, and the page's policies."""
    with s3_server.running(tmp_path_factory.mktemp("access")) as root:
        client = root.client()
        seen = {}
        for name in (JOB, READER, REVIEWER, AUDITOR):
            root.add_user(name, f"{name}-secret")
            seen[name] = replace(root, access_key=name, secret_key=f"{name}-secret")
        for bucket in BUCKETS:
            client.create_bucket(Bucket=bucket)
        for bucket, policy in policies().items():
            client.put_bucket_policy(Bucket=bucket, Policy=policy)
        for number in range(2):
            content = pictures.portrait(number, "JPEG")
            client.put_object(Bucket="raw", Key=f"Smith family/{number}.jpg", Body=content)
        yield seen


@pytest.fixture(scope="module")
def run(users: Mapping[str, S3Server]) -> subprocess.CompletedProcess[str]:
    """Run the job as its user, in a process that has no other rights."""
    return command(users[JOB], "anonymize", "s3a://raw", LAKE, "--vault", VAULT, "--policy", str(ONE_LOOK), *QUICK)


def command(user: S3Server, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one command with one user's rights."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "jobs.cli", name, *words],
        capture_output=True,
        text=True,
        check=False,
        env=kept | user.environment(),
    )


def test_the_page_has_a_policy_for_each_bucket() -> None:
    """And no other."""
    assert set(policies()) == set(BUCKETS)


def test_the_job_runs_with_its_rights_alone(run: subprocess.CompletedProcess[str]) -> None:
    """From listing to the last commit."""
    assert run.returncode in {0, 3}, run.stderr
    assert json.loads(run.stdout)["processed"] == 2


@pytest.mark.usefixtures("run")
def test_each_may_do_what_the_page_says_and_nothing_else(users: Mapping[str, S3Server]) -> None:
    """Four users, three buckets, four deeds."""
    for name, user in users.items():
        for bucket in BUCKETS:
            wanted = set(ALLOWED.get((name, bucket), "").split())
            assert deeds(user, bucket, next(iter(users.values()))) == wanted, (name, bucket)


def deeds(user: S3Server, bucket: str, job: S3Server) -> set[str]:
    """Return what a user may do in a bucket."""
    client = user.client()
    key = next(one["Key"] for one in job.client().list_objects_v2(Bucket=bucket)["Contents"])
    tries = {
        "list": lambda: client.list_objects_v2(Bucket=bucket),
        "get": lambda: client.get_object(Bucket=bucket, Key=key),
        "put": lambda: client.put_object(Bucket=bucket, Key="lake/probe", Body=b""),
        "delete": lambda: client.delete_object(Bucket=bucket, Key="lake/probe"),
    }
    done = set()
    for name, deed in tries.items():
        try:
            deed()
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
        else:
            done.add(name)
    return done


@pytest.mark.usefixtures("run")
def test_a_reviewer_writes_decisions_and_no_image(users: Mapping[str, S3Server]) -> None:
    """Nor anything in the vault."""
    client = users[REVIEWER].client()
    client.put_object(Bucket="open", Key="lake/decisions/probe", Body=b"")
    for bucket, key in (("open", "lake/images/probe"), ("vault", "lake/probe"), ("raw", "probe")):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.put_object(Bucket=bucket, Key=key, Body=b"")


@pytest.mark.usefixtures("run")
def test_readers_read_and_learn_no_name(
    users: Mapping[str, S3Server], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lookup is refused to them, in words that say what to do, and given to a reviewer."""
    words = ("s3a://raw/Smith family/1.jpg", "--vault", VAULT, "--profile", "s3")
    for name in (READER, AUDITOR, REVIEWER):
        for variable, value in users[name].environment().items():
            monkeypatch.setenv(variable, value)
        capsys.readouterr()
        assert status.main([LAKE, "--profile", "s3", "--vault", VAULT, "--json"]) == 0
        assert "Smith" not in capsys.readouterr().out
        code, said = lookup.main([LAKE, *words]), capsys.readouterr()
        assert (code == 0) == (name == REVIEWER), said
        assert ("credentials are refused" in said.out) == (name != REVIEWER)


def test_a_reader_cannot_run_the_job(users: Mapping[str, S3Server]) -> None:
    """It ends before anything is written, and says which right lacks."""
    done = command(users[READER], "anonymize", "s3a://raw", LAKE, "--vault", VAULT, *QUICK)
    assert done.returncode != 0
    assert "may not be read" in done.stderr
    assert "Smith" not in done.stderr
