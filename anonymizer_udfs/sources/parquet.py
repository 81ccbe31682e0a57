"""Rows of Parquet files: listed by their ids or row numbers, read in stored order in batches of a few megabytes."""

import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.sources.base import Entry, SourceSpec, Storage
from anonymizer_udfs.sources.stores import Opened, find, open_object
from anonymizer_udfs.sources.tables import content_of, rows_of_table, values

_BUFFER_BYTES = 1024 * 1024
_BATCH_BYTES = 8 * 1024 * 1024
_MOST_ROWS = 256


class ParquetSource:
    """A Parquet file with a binary column.

    Keeps one file open and remembers where it stands, so that rows asked for in stored order are decoded once. One call
    at a time; others wait. Memory: batches of 8 MB or one image, and twice the largest page of the file. Writers that
    put a thousand values into a page (``pyarrow`` by default; one value a page with ``write_batch_size=1``) make pages
    of a thousand images: 60 images of 8 MB took 960 MB in one page, and 25 MB in pages of their own.
    """

    ordered: ClassVar[bool] = True

    def __init__(self, storage: Storage, content_column: str | None = None) -> None:
        """Keep how to reach the store, and the column; ``None``: the file's only binary one."""
        self._storage, self._column = storage, content_column
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._cursor: _Cursor | None = None

    def entries(self, uri: str, spec: SourceSpec) -> Iterator[Entry]:
        """Yield the rows of one file as a table of its own; see :class:`~anonymizer_udfs.sources.base.Source`."""
        info = find(uri, spec.storage)
        if info is None or info.is_folder:
            raise SourceError("expected a Parquet file, found none")
        yield from rows_of_table(uri, [info], spec)

    def fetch(self, entry: Entry, max_bytes: int) -> bytes:
        """Return one row's bytes, empty for a null; see :class:`~anonymizer_udfs.sources.base.Source`."""
        if entry.start < 0:
            raise BadImageError(Reason.UNREADABLE)
        with self._lock:
            try:
                cursor = self._at(entry)
                return cursor.value(entry.index, max_bytes)
            except (pa.ArrowException, SourceError, ValueError):
                self.close()
                raise BadImageError(Reason.UNREADABLE) from None
            except OSError:
                self.close()
                raise

    def close(self) -> None:
        """Close the open file."""
        self._cursor = None
        if self._opened is not None:
            self._opened.file.close()
            self._opened = None

    def _at(self, entry: Entry) -> "_Cursor":
        cursor = self._cursor
        if cursor is not None and cursor.container == entry.container:
            if cursor.group == entry.start and cursor.first <= entry.index:
                return cursor
            self._cursor = _Cursor(entry, cursor.file, self._column)
            return self._cursor
        self.close()
        self._opened = open_object(entry.container, self._storage)
        info = find(entry.container, self._storage)
        # A row has no size of its own to compare, so the file's time counts as well.
        if info is None or (str(info.size_bytes), info.modified_us) != (entry.etag, entry.modified_us):
            self.close()
            raise BadImageError(Reason.CHANGED)
        # Without a buffer a whole column chunk, which may be gigabytes of images, is read at once.
        file = pq.ParquetFile(self._opened.file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        self._cursor = _Cursor(entry, file, self._column)
        return self._cursor


class _Cursor:
    """A place in one row group, which only moves on."""

    def __init__(self, entry: Entry, file: Any, column: str | None) -> None:
        self.container, self.group, self.file = entry.container, entry.start, file
        if entry.start >= file.num_row_groups:
            raise BadImageError(Reason.CHANGED)
        self._path = content_of(file.schema_arrow, column)
        group = file.metadata.row_group(entry.start)
        self._rows = group.num_rows
        dotted = ".".join(self._path)
        chunks = [group.column(i) for i in range(group.num_columns)]
        stored = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema == dotted)
        rows = min(max(_BATCH_BYTES * max(self._rows, 1) // max(stored, 1), 1), _MOST_ROWS)
        self._batches = file.iter_batches(rows, row_groups=[entry.start], columns=[dotted], use_threads=False)
        self.first, self._values = 0, pa.array([], pa.binary())

    def value(self, index: int, max_bytes: int) -> bytes:
        """Return the bytes of one row of the group at or after the place."""
        if index >= self._rows:
            raise BadImageError(Reason.CHANGED)
        while index >= self.first + len(self._values):
            self.first += len(self._values)
            batch = next(self._batches, None)
            if batch is None:
                raise BadImageError(Reason.UNREADABLE)
            self._values = values(batch, self._path)
        found: bytes | None = self._values[index - self.first].as_py()
        if found is not None and len(found) > max_bytes:
            raise BadImageError(Reason.TOO_LARGE)
        return found or b""
