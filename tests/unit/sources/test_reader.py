"""Reading ahead, trying again, and which file system a URI selects."""

import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from pyarrow.fs import LocalFileSystem, PyFileSystem, S3FileSystem

from anonymizer_udfs.errors import SourceError, SpecError, UnknownNameError
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Entry, Reader, SourceSpec, Storage, filesystem, list_source


class Watched(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A file system in memory that counts what is opened, is slow and fails as it is told."""

    protocol = "watched"
    store: ClassVar[dict[str, Any]] = {}
    opened: ClassVar[list[str]] = []
    failures: ClassVar[dict[str, list[Exception]]] = {}
    slow_s: ClassVar[float] = 0.0
    forbidden: ClassVar[set[str]] = set()
    _guard: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("watched://").strip("/")

    def ls(self, path: str, *args: Any, **more: Any) -> Any:
        """Refuse what is forbidden."""
        if self._strip_protocol(path) in self.forbidden:
            raise PermissionError(path)
        return super().ls(path, *args, **more)

    def _open(self, path: str, *args: Any, **more: Any) -> Any:
        with self._guard:
            self.opened.append(path)
            failure = self.failures.get(path, [])
            error = failure.pop(0) if failure else None
        time.sleep(self.slow_s)
        if error:
            raise error
        return super()._open(path, *args, **more)


@pytest.fixture
def store() -> Iterator[type[Watched]]:
    """Yield the file system, empty and fast."""
    fsspec.register_implementation("watched", Watched, clobber=True)
    yield Watched
    for kept in (Watched.store, Watched.opened, Watched.failures, Watched.forbidden):
        kept.clear()
    Watched.slow_s = 0.0


def put(store: type[Watched], *contents: bytes) -> list[Entry]:
    """Write objects and return their entries."""
    entries = []
    for i, content in enumerate(contents):
        store().pipe(f"/{i:03}", content)
        entries.append(Entry(f"watched:///{i:03}", "object", f"watched:///{i:03}", len(content)))
    store.opened.clear()
    return entries


def test_nothing_to_read() -> None:
    """No entries give no results."""
    assert list(Reader(Storage(), 1).read_ahead([], 4, 1)) == []


def test_order_is_kept(store: type[Watched]) -> None:
    """Whatever ends first, results come in the order of the entries, one each, whatever the threads and the bound."""
    store.slow_s = 0.001
    entries = put(store, *(bytes([i]) * (1 + i % 50) for i in range(120)))
    for threads, most_bytes in ((1, 1), (8, 60), (16, 10**6)):
        found = list(Reader(Storage(), 1000).read_ahead(iter(entries), threads, most_bytes))
        assert [entry for entry, _ in found] == entries
        assert [result for _, result in found] == [bytes([i]) * (1 + i % 50) for i in range(120)]


def test_bytes_in_flight_are_bounded(store: type[Watched]) -> None:
    """With the image in use, no more than the bound is ever read, and entries are taken lazily."""
    entries = put(store, *(b"x" * 100 for _ in range(60)))
    taken: list[Entry] = []

    def upcoming() -> Iterator[Entry]:
        for entry in entries:
            taken.append(entry)
            yield entry

    for used, _ in enumerate(Reader(Storage(), 1000).read_ahead(upcoming(), 4, 350)):
        time.sleep(0.002)
        assert len(store.opened) <= used + 3
        assert len(taken) <= used + 4
    assert len(store.opened) == 60


def test_images_larger_than_the_bound(store: type[Watched]) -> None:
    """An image above the bound is read alone; what the listing says is too large is not opened at all."""
    entries = put(store, b"x" * 100, b"y" * 900, b"z" * 2000, b"w" * 100)
    found = [result for _, result in Reader(Storage(), 1000).read_ahead(entries, 4, 10)]
    assert found == [b"x" * 100, b"y" * 900, Reason.TOO_LARGE, b"w" * 100]
    assert "/002" not in store.opened


def test_reading_goes_on_while_one_is_in_use(store: type[Watched]) -> None:
    """While the caller works on one image, the next are read by several threads; also where sizes are unknown."""
    entries = put(store, *(b"x" * 10 for _ in range(8)))
    ahead = Reader(Storage(), 1000).read_ahead(entries, 4, 10**6)
    next(ahead)
    time.sleep(0.1)
    assert len(store.opened) == 8
    ahead.close()  # type: ignore[attr-defined]  # a generator
    store.opened.clear()
    unknown = [Entry(e.uri, e.kind, e.container) for e in entries]
    ahead = Reader(Storage(), 1000).read_ahead(unknown, 4, 10**6)
    next(ahead)
    time.sleep(0.1)
    assert len(store.opened) == 2


def test_closing_early(store: type[Watched]) -> None:
    """A caller that stops leaves no thread and no queue behind."""
    entries = put(store, *(b"x" for _ in range(200)))
    store.slow_s = 0.01
    ahead = Reader(Storage(), 1000).read_ahead(entries, 2, 10**6)
    next(ahead)
    ahead.close()  # type: ignore[attr-defined]  # a generator
    assert len(store.opened) < 20
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


@pytest.mark.parametrize(
    ("failures", "expected", "tries"),
    [
        pytest.param([], b"image", 1, id="none"),
        pytest.param([OSError("reset"), TimeoutError()], b"image", 3, id="passing"),
        pytest.param([OSError("reset")] * 9, Reason.UNREADABLE, 3, id="lasting"),
        pytest.param([FileNotFoundError("/000")], Reason.UNREADABLE, 1, id="missing"),
        pytest.param([PermissionError("/000")], Reason.UNREADABLE, 1, id="forbidden"),
    ],
)
def test_tries(store: type[Watched], failures: list[Exception], expected: bytes | Reason, tries: int) -> None:
    """Failures that may pass are tried again a few times; what is missing or forbidden is not."""
    entry = put(store, b"image")[0]
    store.failures["/000"] = list(failures)
    assert Reader(Storage(), 100, delays_s=(0.0, 0.0)).outcome(entry) == expected
    assert len(store.opened) == tries


def test_folders_that_may_not_be_listed(store: type[Watched]) -> None:
    """A forbidden folder is one entry that ends as unreadable, in a folder and in a glob; as the source, an error."""
    for name in ("/in/a.jpg", "/in/b/secret.jpg", "/in/c.jpg"):
        store().pipe(name, b"1")
    store.forbidden.add("/in/b")
    for typed in ("watched:///in", "watched:///in/**/*.jpg"):
        entries = list(list_source(SourceSpec(typed)))
        assert [entry.uri for entry in entries] == [f"watched:///in/{name}" for name in ("a.jpg", "b", "c.jpg")]
        assert Reader(Storage(), 10).outcome(entries[1]) == Reason.UNREADABLE
    with pytest.raises((SourceError, PermissionError)):
        list(list_source(SourceSpec("watched:///in/b")))


def test_errors_of_the_caller_come_through(store: type[Watched]) -> None:
    """A failing iterator of entries and an unknown kind end the reading with their own error."""
    entries = put(store, b"1")

    def failing() -> Iterator[Entry]:
        yield from entries
        raise KeyError

    with pytest.raises(KeyError):
        list(Reader(Storage(), 10).read_ahead(failing(), 2, 10))
    with pytest.raises(UnknownNameError):
        list(Reader(Storage(), 10).read_ahead([Entry("x://y", "rar", "x://y")], 2, 10))


def test_file_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheme selects the file system, the environment or the spec the endpoint; one is made once a process."""
    local, path = filesystem("file:///a%20b", Storage())
    assert isinstance(local, LocalFileSystem)
    assert path == "/a b"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    store, path = filesystem("s3a://bucket/x/%C3%A9%20%25", Storage())
    assert isinstance(store, S3FileSystem)
    assert (path, store.region) == ("bucket/x/é %", "eu-north-1")
    assert filesystem("s3a://bucket/y", Storage())[0] is store
    named = filesystem("s3a://bucket", Storage(endpoint_url="https://host", region="us-west-2"))
    assert (named[0].region, named[1]) == ("us-west-2", "bucket")
    memory, path = filesystem("memory://x/y%20z", Storage())
    assert isinstance(memory, PyFileSystem)
    assert path == "/x/y z"


def test_file_systems_that_cannot_be_had() -> None:
    """Unknown schemes and options are answered with what is known."""
    with pytest.raises(SourceError, match="unknown scheme"):
        filesystem("nosuch://x", Storage())
    with pytest.raises(SpecError, match="role_arn"):
        filesystem("s3a://b", Storage(endpoint_url="http://h", region="r", options=(("rolearn", "x"),)))
