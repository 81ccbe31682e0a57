"""What every kind of source promises."""

import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from anonymizer_udfs.errors import SourceError, SpecError, UnknownNameError
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.sources import (
    SOURCES,
    Entry,
    Reader,
    SourceSpec,
    Storage,
    canonical,
    is_sequential,
    list_source,
    spellings,
)
from tests.unit.sources.cases import IMAGES, KINDS, Images

Make = Callable[[Path, Images], SourceSpec]
EVERY = [pytest.param(make, id=name) for name, make in KINDS.items()]
MOST_BYTES = 1_000_000


def reader(spec: SourceSpec | None = None, max_bytes: int = MOST_BYTES) -> Reader:
    """Return a reader that does not wait between tries."""
    storage, column = (spec.storage, spec.content_column) if spec else (Storage(), None)
    return Reader(storage, max_bytes, column, delays_s=(0.0,))


@pytest.mark.parametrize("make", [p for p in EVERY if p.id not in {"glob", "delta", "parquet-manifest"}])
def test_nothing_in_nothing_out(tmp_path: Path, make: Make) -> None:
    """A source without an image lists none, and is no error."""
    assert list(list_source(make(tmp_path, {}))) == []


@pytest.mark.parametrize("make", EVERY)
def test_list_then_read_gives_the_bytes(tmp_path: Path, make: Make) -> None:
    """Every image is listed once and read as it was written, one by one and ahead."""
    spec = make(tmp_path, IMAGES)
    entries = list(list_source(spec))
    assert sorted(map(reader(spec).read, entries)) == sorted(IMAGES.values())
    ahead = dict(reader(spec).read_ahead(entries, 3, MOST_BYTES))
    assert sorted(ahead.values()) == sorted(IMAGES.values())
    assert {entry.kind for entry in entries} <= set(SOURCES)


@pytest.mark.parametrize("make", EVERY)
def test_listing_is_deterministic(tmp_path: Path, make: Make) -> None:
    """Two listings give equal entries in the same order, each with a name of its own that is canonical."""
    spec = make(tmp_path, IMAGES)
    entries = list(list_source(spec))
    assert entries == list(list_source(spec))
    assert len({entry.uri for entry in entries}) == len(IMAGES)
    for entry in entries:
        assert entry.uri == canonical(entry.uri) == spellings(entry.uri)[0]
        assert entry.uri.isascii()
        assert entry.container == canonical(entry.container)
        assert entry.size_bytes in {-1, *map(len, IMAGES.values())}


@pytest.mark.parametrize("make", EVERY)
def test_names_stay_out_of_representations(tmp_path: Path, make: Make) -> None:
    """What a log could print of a spec or an entry names nothing; both survive pickling."""
    spec = make(tmp_path, IMAGES)
    entries = list(list_source(spec))
    assert pickle.loads(pickle.dumps((spec, entries))) == (spec, entries)  # noqa: S301  # made in this line
    assert not [word for word in ("photos", "album", "table", "/") if word in repr((spec, entries))]


@pytest.mark.parametrize("make", EVERY)
def test_a_replaced_container_is_seen(tmp_path: Path, make: Make) -> None:
    """After new content under the old names, each image's version differs in the listing, and old entries never lie."""
    spec = make(tmp_path, IMAGES)
    before = {entry.uri: entry for entry in list_source(spec)}
    changed = {name: content + b"++" for name, content in IMAGES.items()}
    spec = make(tmp_path, changed)
    for entry in list_source(spec):
        old = before[entry.uri]
        assert (entry.size_bytes, entry.modified_us, entry.etag) != (old.size_bytes, old.modified_us, old.etag)
    if make is not KINDS["delta"]:  # which keeps the files of the version that was listed
        for _, found in reader(spec).read_ahead(before.values(), 2, MOST_BYTES):
            assert found == Reason.CHANGED


@pytest.mark.parametrize("make", [p for p in EVERY if p.id != "tar"])
def test_a_replacement_of_the_same_size_is_seen(tmp_path: Path, make: Make) -> None:
    """New content of the old size is told by its time or its checksum (a tar has the members' own times alone)."""
    before = {entry.uri: entry for entry in list_source(make(tmp_path, IMAGES))}
    time.sleep(0.01)
    for entry in list_source(make(tmp_path, {name: content[::-1] for name, content in IMAGES.items()})):
        old = before[entry.uri]
        assert (entry.size_bytes, entry.modified_us, entry.etag) != (old.size_bytes, old.modified_us, old.etag)


@pytest.mark.parametrize("make", EVERY)
def test_empty_and_too_large(tmp_path: Path, make: Make) -> None:
    """An image without bytes is ``empty``; one byte above the bound is ``too_large``, at the bound it is read."""
    spec = make(tmp_path, {"0": b"", "1": b"12345", "2": b"123456", "3": b"1"})
    found = [result for _, result in reader(spec, 5).read_ahead(list_source(spec), 2, MOST_BYTES)]
    assert sorted(map(str, found)) == sorted(map(str, [Reason.EMPTY, b"12345", Reason.TOO_LARGE, b"1"]))


@pytest.mark.parametrize("make", EVERY)
def test_a_missing_container_is_unreadable(tmp_path: Path, make: Make) -> None:
    """When the container is gone, reading fails for a reason alone: nothing of the name hangs on the exception."""
    spec = make(tmp_path, IMAGES)
    for entry in list_source(spec):
        gone = Entry(entry.uri, entry.kind, entry.container + "gone", entry.size_bytes, 0, entry.etag, entry.start)
        with pytest.raises(BadImageError) as caught:
            reader(spec).read(gone)
        assert caught.value.reason == Reason.UNREADABLE
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
        assert caught.value.args == ("unreadable",)


@pytest.mark.parametrize("make", EVERY)
def test_an_entry_that_lies_is_refused(tmp_path: Path, make: Make) -> None:
    """Offsets, groups and rows that lead elsewhere never give bytes of something else."""
    spec = make(tmp_path, IMAGES)
    wrong = []
    for e in list_source(spec):
        if e.kind != "object":
            wrong.append(Entry(e.uri, e.kind, e.container, e.size_bytes, 0, e.etag, e.start + 10**6, e.index))
        if e.kind == "parquet":
            wrong.append(Entry(e.uri, e.kind, e.container, e.size_bytes, 0, e.etag, e.start, 10**6))
        wrong.append(Entry(e.uri, e.kind, e.container, e.size_bytes, 0, e.etag, -1, e.index))
    for _, found in reader(spec).read_ahead(wrong, 2, MOST_BYTES):
        assert found in {Reason.CHANGED, Reason.UNREADABLE}


@pytest.mark.parametrize("kind", SOURCES)
def test_members_refuse_what_is_not_there(tmp_path: Path, kind: str) -> None:
    """A member asked for a container that is missing, or is a folder, says so and lists nothing."""
    member = SOURCES[kind](Storage())
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises((SourceError, FileNotFoundError, IsADirectoryError)):
            list(member.entries(canonical(str(path)), SourceSpec(str(path))))
    member.close()


@pytest.mark.parametrize(("kind", "make"), [("tar", "tar"), ("zip", "zip-stored"), ("parquet", "parquet-folder")])
def test_members_list_one_container(tmp_path: Path, kind: str, make: str) -> None:
    """A member lists one container as the whole family does."""
    spec = KINDS[make](tmp_path, IMAGES)
    uri = spec.uri if kind != "parquet" else f"{spec.uri}/part-0.parquet"
    entries = list(SOURCES[kind](Storage()).entries(canonical(uri), spec))
    assert entries == list(list_source(SourceSpec(uri)))
    assert reader().read(entries[0]) == IMAGES["a b.jpg"]


def test_useless_arguments_are_refused() -> None:
    """An unknown kind and bounds below one are errors of the caller, not reasons of an image."""
    with pytest.raises(UnknownNameError):
        reader().read(Entry("file:///x", "rar", "file:///x"))
    for threads, most_bytes in ((0, 1), (1, 0)):
        with pytest.raises(SpecError):
            next(reader().read_ahead([], threads, most_bytes))
    with pytest.raises(SpecError):
        Reader(Storage(), 0)


@pytest.mark.parametrize("name", KINDS)
def test_is_sequential(tmp_path: Path, name: str) -> None:
    """Tables alone are sequential."""
    expected = name.startswith("delta") or name in {"parquet-file", "parquet-folder", "parquet-struct"}
    assert is_sequential(KINDS[name](tmp_path, IMAGES)) is expected


def test_relative_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source named from the working directory has the same names as one named in full."""
    KINDS["folder"](tmp_path, IMAGES)
    monkeypatch.chdir(tmp_path)
    assert list(list_source(SourceSpec("photos"))) == list(
        list_source(SourceSpec(f"file://{tmp_path}/./photos{os.sep}"))
    )
