"""The whole job with source, lake and vault on a real S3 server on loopback; one JVM serves all runs of this module."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from anonymizer_udfs.sources.base import Storage
from jobs import anonymize, assess, export, lookup, status
from jobs.errors import LakeError, VaultError
from jobs.lake import Lake
from jobs.vault import Vault
from tests.support import pictures, s3_server
from tests.support.anonymizing import ONE_LOOK
from tests.support.s3_server import S3Server

RAW, OPEN, SAFE = "raw", "open", "safe"
LAKE, VAULT = f"s3a://{OPEN}/lake", f"s3a://{SAFE}/lake"
PLACE = (LAKE, "--vault", VAULT, "--profile", "s3")
QUICK = ("--set", "tracking.enabled=false", "--set", "spark.driver_memory=1g", "--json")
PHOTOS = {
    "wedding/alice.jpg": pictures.portrait(1, "JPEG"),
    "wedding/guests.jpg": pictures.group(),
    "wedding/garden.png": pictures.place(1),
    "bob's scan.png": pictures.portrait(2),
    "broken.jpg": pictures.portrait(3, "JPEG")[:-300],
}
NAMES = (b"wedding", b"alice", b"guests", b"garden", b"bob", b"broken")
pytestmark = pytest.mark.skipif(bool(s3_server.unavailable()), reason=s3_server.unavailable() or "")


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Yield a server with the photos in it, found by what the environment says, as everything of AWS does."""
    folder = tmp_path_factory.mktemp("s3")
    with s3_server.running(folder) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        for bucket in (RAW, OPEN, SAFE):
            server.bucket(bucket)
        for name, content in PHOTOS.items():
            server.client().put_object(Bucket=RAW, Key=f"photos/{name}", Body=content)
        yield server
        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()


def said(main: Callable[[list[str]], int], *argv: str) -> tuple[int, Any]:
    """Run a command in this process and return its exit code and its answer."""
    out = io.StringIO()
    with redirect_stdout(out):
        code = main(list(argv))
    return code, json.loads(out.getvalue())


def everything(s3: S3Server) -> set[tuple[str, str]]:
    """Return bucket and key of all objects."""
    listed = ((bucket, s3.client().list_objects_v2(Bucket=bucket)) for bucket in (RAW, OPEN, SAFE))
    return {(bucket, one["Key"]) for bucket, page in listed for one in page.get("Contents", [])}


def anonymized(source: str) -> tuple[int, dict[str, Any]]:
    """Run the job from a source in the bucket into the one lake."""
    return said(anonymize.main, f"s3a://{RAW}/{source}", *PLACE, *QUICK)


@pytest.fixture(scope="module")
def first(s3: S3Server) -> tuple[int, dict[str, Any]]:
    """Return what the first run over the photos said."""
    assert s3.endpoint
    return anonymized("photos")


def test_an_archive_in_a_bucket_is_assessed_before_anything_is_written(s3: S3Server) -> None:
    """Faces and folders of all objects, and no object more in any bucket than before."""
    before = everything(s3)
    code, told = said(assess.main, f"s3a://{RAW}/photos", "--policy", str(ONE_LOOK), "--profile", "s3", *QUICK)
    assert (code, told["base"]["images"], told["with_faces"]["hits"]) == (0, 5, 3)
    assert {one["folder"]["name"] for one in told["folders"]} == {"", "wedding"}
    assert everything(s3) == before


def rows() -> dict[str, dict[str, Any]]:
    """Return the rows of the lake under the names that the vault knows, without the bucket."""
    names = Vault(VAULT, Storage()).tables.query("SELECT image_id, uri FROM sources").to_pylist()
    known = {row["image_id"]: row["uri"].removeprefix(f"s3a://{RAW}/") for row in names}
    found = Lake(LAKE).tables.query("SELECT * FROM images").to_pylist()
    assert len(found) == len({row["image_id"] for row in found})
    return {known[row["image_id"]]: row for row in found}


def objects(server: S3Server, bucket: str) -> dict[str, bytes]:
    """Return every object of a bucket."""
    client = server.client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
    return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_a_run_fills_the_lake(first: tuple[int, dict[str, Any]]) -> None:
    """All photos have a row, faces are found and changed, the broken one is held back and the exit code says so."""
    code, report = first
    assert (code, report["listed"], report["processed"]) == (3, 5, 5)
    ends = {name: (row["status"], len(row["faces"])) for name, row in rows().items()}
    assert ends == {
        "photos/wedding/alice.jpg": ("anonymized", 1),
        "photos/wedding/guests.jpg": ("anonymized", 6),
        "photos/wedding/garden.png": ("clean", 0),
        "photos/bob%27s%20scan.png": ("anonymized", 1),
        "photos/broken.jpg": ("quarantined", 0),
    }


@pytest.mark.usefixtures("first")
def test_key_and_names_are_in_the_vault_alone(s3: S3Server) -> None:
    """The key was made in the vault's bucket; no object of the lake's has a name of the source in its key or bytes."""
    safe, lake = objects(s3, SAFE), objects(s3, OPEN)
    key = safe.pop("lake/key")
    assert len(key.strip()) == 44
    assert lake
    assert not any(key.strip() in content for content in lake.values())
    text = repr(Lake(LAKE).tables.query("SELECT * FROM runs").to_pylist()).encode()
    for word in NAMES:
        assert word not in text
        assert not [name for name, content in lake.items() if word in name.encode() or word in content]


@pytest.mark.usefixtures("first")
def test_running_again_does_nothing() -> None:
    """The second run finds all done, also what was quarantined, and leaves every row as it is."""
    before = rows()
    code, report = anonymized("photos")
    assert (code, report["processed"], report["already_done"]) == (0, 0, 5)
    assert rows() == before


@pytest.mark.usefixtures("first")
def test_a_replaced_object_is_taken_again(s3: S3Server) -> None:
    """Another file under the same key, of whatever size, replaces its row and no other."""
    before = {name: row["output_sha256"] for name, row in rows().items()}
    s3.client().put_object(Bucket=RAW, Key="photos/bob's scan.png", Body=pictures.place(7))
    code, report = anonymized("photos")
    assert (code, report["processed"]) == (0, 1)
    after = rows()
    assert after["photos/bob%27s%20scan.png"]["status"] == "clean"
    changed = {name for name, row in after.items() if row["output_sha256"] != before.get(name)}
    assert changed == {"photos/bob%27s%20scan.png"}


@pytest.mark.usefixtures("first")
def test_a_tar_in_a_bucket(s3: S3Server) -> None:
    """Members of an archive are images like others, named after both."""
    album = io.BytesIO()
    with tarfile.open(fileobj=album, mode="w") as archive:
        for number in range(3):
            content = pictures.portrait(10 + number)
            member = tarfile.TarInfo(f"page {number}.png")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    s3.client().put_object(Bucket=RAW, Key="album.tar", Body=album.getvalue())
    code, report = anonymized("album.tar")
    assert (code, report["processed"]) == (0, 3)
    found = {name: row["status"] for name, row in rows().items() if name.startswith("album.tar!")}
    assert found == {f"album.tar!page%20{number}.png": "anonymized" for number in range(3)}


@pytest.mark.usefixtures("first")
def test_a_manifest_of_uris(s3: S3Server) -> None:
    """A list names images of another bucket; one that is not there ends as a row that says so."""
    other = s3.bucket("elsewhere")
    for number in (1, 2):
        s3.client().put_object(Bucket=other, Key=f"m{number}.png", Body=pictures.portrait(20 + number))
    lines = "".join(f"s3a://{other}/m{number}.png\n" for number in (1, 2, 3))
    s3.client().put_object(Bucket=RAW, Key="list.txt", Body=lines.encode())
    code, report = anonymized("list.txt")
    assert (code, report["processed"]) == (3, 3)
    found = {name: (row["status"], row["reason"]) for name, row in rows().items() if name.startswith(f"s3a://{other}")}
    assert found == {
        f"s3a://{other}/m1.png": ("anonymized", None),
        f"s3a://{other}/m2.png": ("anonymized", None),
        f"s3a://{other}/m3.png": ("quarantined", "unreadable"),
    }


@pytest.mark.usefixtures("first")
def test_status_of_a_lake_in_a_bucket() -> None:
    """What there is, from the tables alone."""
    code, answer = said(status.main, LAKE, "--profile", "s3", "--json")
    assert code == 0
    assert answer["images"] == len(rows())
    assert answer["ledger_problem"] is None


@pytest.mark.usefixtures("first")
def test_export_of_a_lake_in_a_bucket(tmp_path: Path) -> None:
    """Every releasable image becomes the file that its row describes, under its source's name."""
    out = tmp_path / "out"
    code, answer = said(export.main, LAKE, str(out), "--vault", VAULT, "--profile", "s3", "--names", "--json")
    good = [row["output_sha256"] for row in rows().values() if row["content"]]
    files = [path for path in out.rglob("*") if path.suffix in {".png", ".jpg"}]
    assert (code, answer["files"]) == (0, len(good))
    assert sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files) == sorted(good)
    assert [path.name for path in files if path.stem == "alice"] == ["alice.jpg"]


@pytest.mark.usefixtures("first")
def test_lookup_in_a_lake_in_a_bucket() -> None:
    """From an object to its row by the key in the vault, and from the row back to the object."""
    uri = f"s3a://{RAW}/photos/wedding/alice.jpg"
    common = ("--vault", VAULT, "--profile", "s3", "--json")
    code, found = said(lookup.main, LAKE, uri, *common)
    assert (code, found[0]["found_by"], found[0]["row"]["status"]) == (0, "name", "anonymized")
    code, back = said(lookup.main, LAKE, found[0]["row"]["image_id"], *common)
    assert (code, back[0]["uri"]) == (0, uri)


@pytest.mark.usefixtures("s3")
def test_of_many_drivers_one_makes_the_key() -> None:
    """Eight that find no key put one each, on condition that there is none; all get the same."""
    for turn in range(3):
        vault = Vault(f"s3a://{SAFE}/race-{turn}", Storage())
        assert vault.key() is None
        with ThreadPoolExecutor(8) as pool:
            ids = set(pool.map(lambda _, vault=vault: vault.make_key().key_id, range(8)))
        assert len(ids) == 1


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there() -> None:
    """Lake and vault say in one line what to make."""
    with pytest.raises(LakeError, match="no such bucket; make it"):
        Lake("s3a://nowhere-at-all/lake").create()
    with pytest.raises(VaultError, match="no such bucket; make it"):
        Vault("s3a://nowhere-at-all/vault", Storage()).prepare()


def command(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``faceveil`` in a process of its own, whose environment differs from ours."""
    line = [sys.executable, "-m", "jobs.cli", *words, "--profile", "s3", "--set", "tracking.enabled=false"]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **env})


@pytest.mark.usefixtures("s3")
def test_without_a_vault_nothing_is_started() -> None:
    """For a lake in a bucket somebody has to say where the names go; nothing is written before."""
    done = command("anonymize", f"s3a://{RAW}/photos", f"s3a://{OPEN}/other")
    assert done.returncode == 2
    assert "needs --vault URI" in done.stderr
    assert not Lake(f"s3a://{OPEN}/other").tables.exist()


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("status", LAKE), "these credentials are refused", id="status"),
        pytest.param(("export", LAKE, "out"), "these credentials are refused", id="export"),
        pytest.param(("lookup", LAKE, "a.jpg", "--vault", VAULT), "these credentials are refused", id="lookup"),
        pytest.param(("anonymize", f"s3a://{RAW}/photos", *PLACE[:3]), "may not be read", id="source"),
        pytest.param(("anonymize", "PICTURE", *PLACE[:3]), "these credentials are refused", id="lake"),
    ],
)
def test_wrong_credentials_end_in_one_line(words: tuple[str, ...], expected: str, s3: S3Server, tmp_path: Path) -> None:
    """No stack, no request and no secret: what is wrong and what to check."""
    if s3.kind == "moto":
        pytest.skip("moto takes any credentials; install Go 1.25 or newer for versitygw")
    picture = tmp_path / "a.png"
    picture.write_bytes(pictures.place())
    secret = "wrong-secret-of-somebody"
    done = command(*[str(picture) if word == "PICTURE" else word for word in words], AWS_SECRET_ACCESS_KEY=secret)
    assert done.returncode == 1
    assert done.stdout == ""
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not [word for word in (secret, "Signature", "Traceback", "http://") if word in done.stderr]


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("env", "expected"),
    [
        pytest.param({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "nobody answers", id="no-server"),
        pytest.param({"AWS_ENDPOINT_URL": "127.0.0.1:9"}, "http(s)://host", id="no-url"),
    ],
)
def test_a_wrong_endpoint_ends_in_one_line(env: dict[str, str], expected: str) -> None:
    """What is to be checked is named."""
    done = command("status", LAKE, **env)
    assert done.returncode in {1, 2}
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
