"""Folders and globs: what is an image, what is left out, links, odd names."""

import os
from pathlib import Path

import pytest

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Reader, SourceSpec, Storage, canonical, list_source
from tests.unit.sources.cases import endings, listed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder to fill."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def fill(root: Path, *names: str) -> None:
    """Write small files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def names(source: Path | str, root: Path) -> list[str]:
    """Return a listing's names under the root."""
    return endings(listed(source), canonical(str(root)))


def test_a_missing_source(root: Path) -> None:
    """What does not exist is an error that says what was typed."""
    for typed in (f"{root}/none", f"{root}/none*", f"{root}/none/*.jpg", f"{root}/x\0y", f"{root}/{'n' * 5000}"):
        with pytest.raises(SourceError, match="does not exist"):
            listed(typed)
    with pytest.raises(SourceError, match="unknown scheme"):
        listed("nosuch://x/y")


def test_what_systems_drop_is_left_out(root: Path) -> None:
    """Hidden files, thumbnails and marks are no images; a file of any other name is one, also without bytes."""
    fill(root, "a.jpg", "b.HEIC", "c.pdf", "noext", "_d.jpg", "x.zip", "sub/e.mov", "sub/.f.jpg", "_delta_logs/g")
    fill(root, ".DS_Store", "._a.jpg", "Thumbs.db", "desktop.ini", "_SUCCESS", ".git/x.jpg", "__MACOSX/a.jpg")
    fill(root, "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "sub_$folder$")
    (root / "zero.jpg").touch()
    expected = ["_d.jpg", "_delta_logs/g", "a.jpg", "b.HEIC", "c.pdf", "noext", "sub/e.mov", "x.zip", "zero.jpg"]
    assert names(root, root) == expected


def test_hidden_when_named(root: Path) -> None:
    """A hidden file or folder that is named itself is read."""
    fill(root, ".hidden/a.jpg", ".b.jpg")
    assert names(root / ".hidden", root) == [".hidden/a.jpg"]
    assert names(root / ".b.jpg", root) == [".b.jpg"]
    assert names(f"{root}/.*.jpg", root) == [".b.jpg"]


def test_odd_local_names(root: Path) -> None:
    """Names that are no UTF-8, hold line breaks or are very long are listed and read."""
    deep = root / "/".join(["d" * 199] * 5)
    deep.mkdir(parents=True)
    (deep / "x.jpg").write_bytes(b"deep")
    for name in (b"\xff\xfe.jpg", b"a\nb.jpg", b"a\\b.jpg", b" lead.jpg", "\u202egpj.jpg".encode()):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(name)
    entries = listed(root)
    found = [content for _, content in Reader(Storage(), 100).read_ahead(entries, 2, 1000)]
    assert found == [b" lead.jpg", b"a\nb.jpg", b"a\\b.jpg", b"deep", "\u202egpj.jpg".encode(), b"\xff\xfe.jpg"]
    assert len({entry.uri for entry in entries}) == len(entries)


def test_links(root: Path, tmp_path: Path) -> None:
    """A linked file is a file, a linked folder outside is entered once, loops end, dangling links are unreadable."""
    fill(tmp_path / "outside", "o.jpg")
    fill(root, "a.jpg", "sub/b.jpg")
    (tmp_path / "outside/back").symlink_to(root)
    (root / "a-link.jpg").symlink_to(root / "a.jpg")
    (root / "dangling.jpg").symlink_to(root / "none.jpg")
    (root / "self").symlink_to("self")
    (root / "sub/up").symlink_to(root)
    (root / "sub/above").symlink_to(tmp_path)
    (root / "one").symlink_to(tmp_path / "outside")
    (root / "two").symlink_to(tmp_path / "outside")
    assert names(root, root) == ["a-link.jpg", "a.jpg", "dangling.jpg", "one/o.jpg", "self", "sub/b.jpg"]
    found = [result for _, result in Reader(Storage(), 100).read_ahead(listed(root), 1, 100)]
    assert found == [b"a.jpg", b"a.jpg", Reason.UNREADABLE, b"o.jpg", Reason.UNREADABLE, b"sub/b.jpg"]
    (tmp_path / "way").symlink_to(root)
    assert names(tmp_path / "way", tmp_path / "way")[:2] == ["a-link.jpg", "a.jpg"]


def test_pipes_do_not_hang(root: Path) -> None:
    """A named pipe is no image, and one put in a file's place since is unreadable at once."""
    fill(root, "a.jpg")
    entries = listed(root)
    (root / "a.jpg").unlink()
    os.mkfifo(root / "a.jpg")
    assert listed(root) == []
    assert Reader(Storage(), 100).outcome(entries[0]) == Reason.UNREADABLE


def test_excluded(root: Path, tmp_path: Path) -> None:
    """A lake inside the source is left out under any spelling, and under another name of its folder."""
    fill(root, "a.jpg", "lake/b.jpg", "lake.vault/c.jpg", "lakes/d.jpg", "e f.jpg")
    (tmp_path / "alias").symlink_to(root)
    for exclude in (f"{root}/lake/", f"file://{root}/lake", f"{tmp_path}/alias/lake", f"{root}/x/../lake"):
        spec = SourceSpec(str(root), exclude=(exclude, f"{root}/lake.vault", f"file://{root}/e%20f.jpg"))
        for found in (spec, SourceSpec(f"{root}/**", exclude=spec.exclude)):
            assert endings(list_source(found), canonical(str(root))) == ["a.jpg", "lakes/d.jpg"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("*.gif", None, id="nothing"),
        pytest.param("*.jpg", ["A.jpg", "b.jpg"], id="star"),
        pytest.param("?.jpg", ["A.jpg", "b.jpg"], id="question-mark"),
        pytest.param("[!b].jpg", ["A.jpg"], id="class"),
        pytest.param("*", ["A.jpg", "b.jpg", "x/c.jpg", "x/y/d.jpg", "x/y/e.png", "z[1]/f.jpg"], id="folders-too"),
        pytest.param("x/*", ["x/c.jpg", "x/y/d.jpg", "x/y/e.png"], id="within"),
        pytest.param("*/*.jpg", ["x/c.jpg", "z[1]/f.jpg"], id="one-level"),
        pytest.param("**/*.jpg", ["A.jpg", "b.jpg", "x/c.jpg", "x/y/d.jpg", "z[1]/f.jpg"], id="any-depth"),
        pytest.param("**/y", ["x/y/d.jpg", "x/y/e.png"], id="folder-at-any-depth"),
        pytest.param("x/**", ["x/c.jpg", "x/y/d.jpg", "x/y/e.png"], id="all-below"),
        pytest.param("**/**/y/*.p?g", ["x/y/e.png"], id="twice"),
        pytest.param("z[1]/*", ["z[1]/f.jpg"], id="escaped"),
        pytest.param("z[1]", ["z[1]/f.jpg"], id="a-name-that-looks-like-a-glob"),
    ],
)
def test_globs(root: Path, pattern: str, expected: list[str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A glob gives what a shell gives, a matching folder all that is in it, and each image once, in order."""
    fill(root, "A.jpg", "b.jpg", ".h.jpg", "x/c.jpg", "x/y/d.jpg", "x/y/e.png", "z[1]/f.jpg", "Thumbs.db")
    pattern = pattern.replace("z[1]/*", "z[[]1]/*")
    if expected is None:
        with pytest.raises(SourceError, match="matches nothing"):
            listed(f"{root}/{pattern}")
        return
    quoted = [name.replace("[", "%5B").replace("]", "%5D") for name in expected]
    assert names(f"{root}/{pattern}", root) == quoted
    assert names(f"file://{root}/{pattern}", root) == quoted
    assert names(f"file:{root}/{pattern}", root) == quoted
    monkeypatch.chdir(root)
    assert names(pattern, root) == quoted


def test_escapes_in_a_glob_are_literal(root: Path) -> None:
    """In a URI an encoded star is a star, not a pattern."""
    fill(root, "a*.jpg", "ab.jpg")
    assert names(f"file://{root}/a%2A.*", root) == ["a%2A.jpg"]


def test_listing_is_lazy(root: Path) -> None:
    """The first entries come before later folders are looked at."""
    fill(root, "a.jpg", "b/c.jpg")
    entries = list_source(SourceSpec(str(root)))
    assert next(entries).uri.endswith("/a.jpg")
    fill(root, "b/later.jpg")
    assert endings(entries, canonical(str(root))) == ["b/c.jpg", "b/later.jpg"]
