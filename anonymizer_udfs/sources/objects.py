"""One object, one image: the bytes as they lie."""

from collections.abc import Iterator
from typing import ClassVar

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.sources.base import Entry, SourceSpec, Storage
from anonymizer_udfs.sources.stores import Info, find, open_object

_SECOND_US = 1_000_000


def object_entry(info: Info) -> Entry:
    """Return the entry of an object that is itself an image, whatever its name: the worker looks at its bytes."""
    return Entry(info.uri, "object", info.uri, info.size_bytes, info.modified_us, info.etag)


class ObjectSource:
    """A file or an object in a store."""

    ordered: ClassVar[bool] = False

    def __init__(self, storage: Storage, content_column: str | None = None) -> None:
        """Keep how to reach the store; an object has no columns."""
        del content_column
        self._storage = storage

    def entries(self, uri: str, spec: SourceSpec) -> Iterator[Entry]:
        """Yield the one image; see :class:`~anonymizer_udfs.sources.base.Source`."""
        info = find(uri, spec.storage)
        if info is None or info.is_folder:
            raise SourceError("expected a file, found none")
        yield object_entry(info)

    def fetch(self, entry: Entry, max_bytes: int) -> bytes:
        """Return the object's bytes; see :class:`~anonymizer_udfs.sources.base.Source`.

        Size and time are asked for again, so that a replaced object is not taken for the listed one: stores say them
        in whole seconds. A file's time is looked at once more when it is read: it may have been written meanwhile.
        """
        with open_object(entry.container, self._storage) as opened:
            if entry.size_bytes not in {-1, opened.size_bytes}:
                raise BadImageError(Reason.CHANGED)
            if opened.size_bytes > max_bytes:
                raise BadImageError(Reason.TOO_LARGE)
            before_us = opened.modified_us()
            if entry.modified_us and before_us and before_us // _SECOND_US != entry.modified_us // _SECOND_US:
                raise BadImageError(Reason.CHANGED)
            content = opened.read_at(0, opened.size_bytes)
            after_us = opened.modified_us()
        if len(content) != opened.size_bytes or after_us != before_us:
            raise BadImageError(Reason.CHANGED)
        return content

    def close(self) -> None:
        """Do nothing: no object stays open."""
