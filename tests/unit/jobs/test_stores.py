"""Where lakes lie: one form for each URI, and small files that only one driver can write."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs import stores
from jobs.errors import UsageError

LOCAL = Storage()
HERE = Path.cwd()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param(".", str(HERE), id="here"),
        pytest.param("lake/", str(HERE / "lake"), id="relative"),
        pytest.param("/a/./b/../lake", "/a/lake", id="dots"),
        pytest.param("~/lake", str(Path.home() / "lake"), id="home"),
        pytest.param("file:///a%20b/lake", "/a b/lake", id="file-uri"),
        pytest.param("FILE:///lake", "/lake", id="file-capitals"),
        pytest.param("/a%20b", "/a%20b", id="a-path-is-literal"),
        pytest.param("s3://bucket/lake/", "s3a://bucket/lake", id="s3"),
        pytest.param("S3N://bucket/lake", "s3a://bucket/lake", id="s3n"),
        pytest.param("s3a://bucket", "s3a://bucket", id="bucket"),
    ],
)
def test_each_place_has_one_form(typed: str, expected: str) -> None:
    """Whatever the spelling, and twice is once."""
    assert stores.normalise(typed) == expected
    assert stores.normalise(expected) == expected


@pytest.mark.parametrize("typed", ["gs://bucket/lake", "http://host/lake", "abfss://c@a/lake"])
def test_a_scheme_without_conditional_puts_is_refused(typed: str) -> None:
    """A lake elsewhere could not be created safely."""
    with pytest.raises(UsageError, match="s3a"):
        stores.normalise(typed)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A lake keeps the name it was given."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert stores.normalise(str(tmp_path / "link")) == str(tmp_path / "link")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        pytest.param("/data/lake", {}, id="local"),
        pytest.param(
            "s3a://b/l",
            {
                "aws_region": "eu-x",
                "conditional_put": "etag",
                "aws_endpoint": "http://host:9000",
                "allow_http": "true",
            },
            id="s3",
        ),
    ],
)
def test_deltalake_is_told_how_to_reach_a_store(
    uri: str, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings and environment become options; a credential is in none of them."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    storage = Storage("http://host:9000", "eu-x")
    assert stores.delta_options(uri, storage) == expected
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://host:9000")
    monkeypatch.setenv("AWS_REGION", "eu-x")
    assert stores.delta_options(uri, LOCAL) == expected
    assert stores.delta_uri(uri).startswith(("/", "s3://"))


def test_what_is_not_there_is_none_and_is_not_made(tmp_path: Path) -> None:
    """Looking for a file leaves no folder behind."""
    assert stores.read(str(tmp_path / "none"), "key", LOCAL) is None
    assert stores.read(str(tmp_path), "key", LOCAL) is None
    assert list(tmp_path.iterdir()) == []


def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    """Eight threads write one name: one of them did, and its bytes are the ones that are there."""
    with ThreadPoolExecutor(8) as pool:
        wrote = list(pool.map(lambda i: stores.create_once(str(tmp_path), "f", bytes([i]), LOCAL), range(8)))
    assert sum(wrote) == 1
    assert stores.read(str(tmp_path), "f", LOCAL) == bytes([wrote.index(True)])
