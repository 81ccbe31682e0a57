"""Patterns over URIs: what a person typed means what a glob of a source means, and all that is inside."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.sources import list_source
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.sources.patterns import Pattern, normalised
from anonymizer_udfs.sources.uris import canonical

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=8).filter(
    lambda name: name not in {".", ".."}
)


def means(typed: str, uri: str) -> bool:
    """Return whether a pattern as typed means an image."""
    return Pattern(normalised(typed)).matches(uri)


@pytest.mark.parametrize(
    ("typed", "inside", "outside"),
    [
        pytest.param("/d/hr", ["hr", "hr/a.jpg", "hr/x/a.jpg"], ["hrx/a.jpg", "x/hr/a.jpg"], id="folder"),
        pytest.param("/d/hr/", ["hr/a.jpg"], ["hrx/a.jpg"], id="folder-with-a-slash"),
        pytest.param("/d/*.jpg", ["a.jpg", ".jpg"], ["a.png", "x/a.jpg"], id="star-stays-in-a-name"),
        pytest.param("/d/**/hr", ["hr/a", "x/hr/a", "x/y/hr/a", "a.zip!hr/a"], ["xhr/a"], id="any-depth"),
        pytest.param("/d/hr/**", ["hr/a", "hr/x/a"], ["hr", "hrx/a"], id="below"),
        pytest.param("/d/**/**/a", ["a", "x/a"], ["xa"], id="any-depth-twice"),
        pytest.param("/d/album.zip", ["album.zip!a.jpg", "album.zip!x/a.jpg"], ["album.zipx"], id="archive"),
        pytest.param("/d/album.zip!hr/*", ["album.zip!hr/a"], ["album.zip!x/hr/a", "hr/a"], id="members"),
        pytest.param("/d/scans.parquet", ["scans.parquet#12"], ["scans.parquet2#1"], id="table"),
        pytest.param("/d/202?", ["2024/a", "202%C3%A9/a"], ["20/a", "20245/a"], id="one-character"),
        pytest.param("/d/[a-cx]?", ["b1", "x1"], ["d1", "bb1"], id="some-characters"),
        pytest.param("/d/[!a-c]*", ["dog", "%C3%A9t"], ["cat"], id="other-characters"),
        pytest.param("/d/été [é]*", ["%C3%A9t%C3%A9%20%C3%A9.jpg"], ["%C3%A9t%C3%A9%20e.jpg"], id="not-ascii"),
        pytest.param("/d/100%*", ["100%25.jpg"], ["100.jpg"], id="percent-in-a-path"),
        pytest.param("file:///d/100%25*", ["100%25.jpg"], ["100.jpg"], id="percent-in-a-uri"),
        pytest.param("/d/wow!*", ["wow%21.jpg"], ["wow.jpg"], id="mark-in-a-name"),
        pytest.param("/d/a+b=c*", ["a%2Bb%3Dc.jpg"], ["aab=c.jpg"], id="letters-of-expressions"),
        pytest.param("/d/[ab", ["%5Bab"], ["a"], id="no-class"),
    ],
)
def test_a_pattern_means_what_lies_there(typed: str, inside: list[str], outside: list[str]) -> None:
    """Wildcards stay within a name, and what is matched stands for all that is in it."""
    assert [name for name in inside if not means(typed, f"file:///d/{name}")] == []
    assert [name for name in outside if means(typed, f"file:///d/{name}")] == []


@pytest.mark.parametrize(
    ("typed", "uri"),
    [
        pytest.param("s3://raw/hr", "s3a://raw/hr/a.jpg", id="s3"),
        pytest.param("S3A://raw/a%20b/*", "s3a://raw/a%20b/c.jpg", id="encoded"),
        pytest.param("https://h/a*", "https://h/a?x=1&y=2", id="web"),
        pytest.param("/", "file:///x/a.jpg", id="all-of-this-machine"),
        pytest.param("/**/a.jpg", "file:///a.jpg", id="any-depth-from-the-root"),
    ],
)
def test_a_uri_is_understood_as_a_source_is(typed: str, uri: str) -> None:
    """Aliases of stores and encoded bytes have one spelling."""
    assert means(typed, uri)
    assert not means(typed, "gs://other/a.jpg")


def test_a_relative_path_is_kept_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern means the same wherever the next command is run."""
    monkeypatch.chdir(tmp_path)
    kept = {normalised(typed) for typed in ("hr/*.jpg", "./hr/*.jpg", f"{tmp_path}/hr/*.jpg")}
    assert kept == {canonical(f"{tmp_path}/hr") + "/*.jpg"}
    assert normalised("*") == canonical(str(tmp_path)) + "/*"


@pytest.mark.parametrize(
    "typed", ["", "/d/*/../e", "s3://*/a", "/d/[z-a]", "s3://me:secret@raw/*"],
    ids=["empty", "up-after-a-wildcard", "any-bucket", "range", "password"],
)  # fmt: skip
def test_what_is_no_pattern_is_refused(typed: str) -> None:
    """Before anything is kept."""
    with pytest.raises(SourceError):
        Pattern(normalised(typed))


@given(st.lists(NAMES, min_size=1, max_size=3), NAMES)
def test_a_literal_name_means_itself(folders: list[str], name: str) -> None:
    """Whatever is in a name, a pattern of its folder with a star means what lies in it, and not what lies beside it."""
    if any(set(part) & set("*?[") for part in folders):
        return
    folder = "/" + "/".join(folders)
    uri = canonical(f"{folder}/x") if "!" in folder or "#" in folder else canonical(f"{folder}/{name}")
    assert Pattern(normalised(f"{folder}/*")).matches(uri)
    assert not Pattern(normalised(f"{folder}/*")).matches(canonical(f"{folder}x/{name}"))


def test_a_pattern_means_what_a_glob_lists(tmp_path: Path) -> None:
    """What a source lists for a glob, and what the glob as a pattern means of the whole folder, is the same."""
    for name in ("a/1.jpg", "a/b/2.jpg", "a/b/3.png", "ab/4.jpg", "c d/5.jpg", "é/6.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    every = [entry.uri for entry in list_source(SourceSpec(str(tmp_path)))]
    for glob in ("*", "a", "a/*.jpg", "**/*.jpg", "?/*", "[a-b]*/[0-9].jpg", "a/**", "c d/*"):
        listed = {entry.uri for entry in list_source(SourceSpec(f"{tmp_path}/{glob}"))}
        assert listed == {uri for uri in every if means(f"{tmp_path}/{glob}", uri)}, glob
