"""Lists of images in a file: text, CSV or Parquet; each name is looked up, in order.

Relative names start at the manifest's folder and are literal. A name that leads nowhere is still listed, so that it
ends as a row that says ``unreadable``.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, cast

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.sources.base import SourceSpec, Storage
from anonymizer_udfs.sources.stores import Info, find, open_object
from anonymizer_udfs.sources.tables import is_parquet, open_parquet, uri_column_of
from anonymizer_udfs.sources.uris import child, join, locations, parent

_SUFFIXES = (".txt", ".lst", ".csv")
_COLUMNS = ("uri", "url", "path")
_AHEAD_BYTES = 1024 * 1024
_ROWS = 4096
_LOOKUPS = 16
_WINDOW = 512
_FIELD_BYTES = 2**24
_LINE_CHARACTERS = 2**24


def is_text_manifest(uri: str) -> bool:
    """Tell by its name whether a file is a text or CSV manifest."""
    return uri.lower().endswith(_SUFFIXES)


def named(manifests: Iterable[Info], spec: SourceSpec) -> Iterator[Info]:
    """Yield what the manifests name, in order, looked up by 16 threads in windows of 512 names.

    Raises:
        SourceError: a manifest cannot be read.
    """
    with ThreadPoolExecutor(_LOOKUPS) as pool:
        for manifest in manifests:
            names = _names(manifest, spec.storage)
            look_up = partial(_looked_up, parent(manifest.uri), spec.storage)
            while window := list(islice(names, _WINDOW)):
                yield from pool.map(look_up, window)


def _looked_up(folder: str, storage: Storage, name: str) -> Info:
    """Return what a name leads to; one of unknown size where it leads nowhere or the store does not answer."""
    try:
        wishes = locations(name) if "://" in name or name.startswith(("/", "file:/")) else (join(folder, name),)
        for uri in wishes:
            info = find(uri, storage)
            if info is not None:
                return info
        return Info(wishes[0], is_folder=False)
    except OSError:
        return Info(wishes[0], is_folder=False)
    except SourceError:
        return Info(child(folder, name), is_folder=False)


def _names(manifest: Info, storage: Storage) -> Iterator[str]:
    with open_object(manifest.uri, storage) as opened:
        if is_parquet(manifest.uri):
            yield from _column(opened.file)
            return
        buffered = io.BufferedReader(cast("Any", opened.file), _AHEAD_BYTES)
        is_csv = manifest.uri.lower().endswith(".csv")
        lines = io.TextIOWrapper(buffered, "utf-8-sig", errors="surrogateescape", newline="" if is_csv else "\n")
        yield from _cells(_bounded(lines)) if is_csv else _lines(_bounded(lines))


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines, and refuse one that never ends before it fills the memory."""
    while line := text.readline(_LINE_CHARACTERS + 1):
        if len(line) > _LINE_CHARACTERS:
            raise SourceError("the manifest is damaged: a line is above 16 million characters")
        yield line


def _lines(text: Iterable[str]) -> Iterator[str]:
    """Yield one name a line, but for blank lines and those that start with ``#`` (for such a name: ``./#1.jpg``)."""
    for line in text:
        name = line.strip()
        if name and not name.startswith("#"):
            yield name


def _cells(text: Iterable[str]) -> Iterator[str]:
    """Yield the column ``uri``, ``url`` or ``path``, else the first.

    Without such a header the first row is a name if it looks like one (a slash or a dot in its first cell).
    """
    csv.field_size_limit(max(csv.field_size_limit(), _FIELD_BYTES))
    try:
        rows = (row for row in csv.reader(text) if row)
        head = next(rows, [])
        known = [cell.strip().lower() for cell in head]
        at = next((known.index(name) for name in _COLUMNS if name in known), None)
        if at is None and head and {"/", "."} & set(head[0]):
            yield head[0].strip()
        for row in rows:
            if len(row) > (at or 0) and (name := row[at or 0].strip()):
                yield name
    except csv.Error:
        raise SourceError("the CSV manifest is damaged: a field has no end, or is above 16 MiB") from None


def _column(file: Any) -> Iterator[str]:
    parquet = open_parquet(file)
    column = uri_column_of(parquet.schema_arrow)
    if column is None:
        raise SourceError("expected a Parquet manifest with a text column uri, url or path")
    for batch in parquet.iter_batches(_ROWS, columns=[column], use_threads=False):
        yield from (name for name in batch.column(0).to_pylist() if name)
