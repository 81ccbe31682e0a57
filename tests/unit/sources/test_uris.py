"""One image, one name: how typed names become canonical URIs."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.errors import SourceError, SpecError
from anonymizer_udfs.sources import SourceSpec, Storage, canonical, spellings
from anonymizer_udfs.sources.uris import child, is_inside, join, local_path, locations, parent


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("/", "file:///", id="root"),
        pytest.param("/data//photos/./x/../", "file:///data/photos", id="local-path"),
        pytest.param("/data/100%25 #1!.jpg", "file:///data/100%2525%20%231%21.jpg", id="a-path-is-literal"),
        pytest.param("file:/data/a%20b", "file:///data/a%20b", id="file-one-slash"),
        pytest.param("FILE://localhost/data", "file:///data", id="file-localhost"),
        pytest.param("s3://bucket", "s3a://bucket", id="bucket"),
        pytest.param("s3n://bucket/a b/é/", "s3a://bucket/a%20b/%C3%A9", id="s3n"),
        pytest.param("s3a://bucket/a//b/../c", "s3a://bucket/a//b/../c", id="keys-are-not-paths"),
        pytest.param("s3a://bucket/%c3%a9%2Fx", "s3a://bucket/%C3%A9/x", id="one-spelling-of-escapes"),
        pytest.param("/x/a.ZIP!b c.jpg", "file:///x/a.ZIP!b%20c.jpg", id="member"),
        pytest.param("/x/a.tar!../../etc/p!w", "file:///x/a.tar!../../etc/p%21w", id="member-names-are-no-paths"),
        pytest.param("s3a://b/t#part-0.parquet:17", "s3a://b/t#part-0.parquet:17", id="row"),
        pytest.param("https://h/a b.jpg?id=1%20", "https://h/a%20b.jpg?id=1%20", id="web"),
        pytest.param("gcs://b/x", "gs://b/x", id="google"),
        pytest.param("abfss://box@account.dfs.core/x", "abfss://box@account.dfs.core/x", id="azure"),
    ],
)
def test_canonical(typed: str, expected: str) -> None:
    """Each way of typing has one canonical URI, which is its own."""
    assert canonical(typed) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "typed", ["", "s3://", "file://host/x", "s3://me:secret@bucket/x", "https://me@host/x", "ftp://me:secret@h/x"]
)
def test_refused(typed: str) -> None:
    """Nothing, another machine and passwords are refused; the message repeats no password."""
    with pytest.raises(SourceError) as caught:
        canonical(typed)
    assert "secret" not in str(caught.value)


def test_spellings_of_one_typed_name() -> None:
    """What may mean more than one object gives all of them, the likeliest first."""
    assert spellings("s3://b/#1 50%25") == ("s3a://b#1%2050%25", "s3a://b/%231%2050%25", "s3a://b/%231%2050%2525")
    assert locations("s3://b/#1") == ("s3a://b/%231",)
    assert spellings("/t#7") == ("file:///t%237", "file:///t#7")
    assert spellings("/a.zip!b") == ("file:///a.zip!b", "file:///a.zip%21b")


@given(st.binary(min_size=1, max_size=40).filter(lambda b: b"\0" not in b and b"/" not in b and b not in {b".", b".."}))
def test_any_local_name_survives(name: bytes) -> None:
    """Whatever bytes a local name has, its URI is ASCII, its own canonical form, and leads back to them."""
    uri = child("file:///photos", name)
    assert uri.isascii()
    assert local_path(uri) == b"/photos/" + name
    assert canonical(uri) == uri
    assert canonical(os.fsdecode(b"/photos/" + name)) in {uri, uri.replace("%21", "!", 1)}


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_different_names_stay_different(one: str, other: str) -> None:
    """Two object keys have one URI only if they are one key."""
    assert (child("s3a://b", one) == child("s3a://b", other)) == (one == other)


def test_families_of_uris() -> None:
    """Parent, join and inside work at roots, buckets and folders."""
    assert parent("file:///a") == "file:///"
    assert parent("s3a://b/x/y") == "s3a://b/x"
    assert join("s3a://b/x", "../y/./z 1") == "s3a://b/y/z%201"
    assert join("s3a://b", "y%20") == "s3a://b/y%2520"
    assert join("file:///", "../y") == "file:///y"
    assert is_inside("s3a://b/x/y", "s3a://b/x")
    assert is_inside("file:///x", "file:///")
    assert not is_inside("s3a://b/xy", "s3a://b/x")


@pytest.mark.parametrize("url", ["", "127.0.0.1:9000", "http://me:secret@host", "s3://bucket"])
def test_endpoints_are_urls(url: str) -> None:
    """An endpoint that is no plain web address is refused, and not repeated."""
    with pytest.raises(SpecError) as caught:
        Storage(endpoint_url=url)
    assert "secret@" not in str(caught.value)


def test_credentials_are_refused() -> None:
    """Nothing that looks like a credential gets into a value that is pickled and sent."""
    with pytest.raises(SpecError, match="environment"):
        Storage(options=(("aws_secret_access_key", "hunter2"),))
    with pytest.raises(SourceError):
        SourceSpec("")
