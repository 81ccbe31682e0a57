"""What tables share: which column is which, and the rows of a set of Parquet files."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.sources.base import Entry, SourceSpec
from anonymizer_udfs.sources.folders import unique, walk
from anonymizer_udfs.sources.stores import Info, children, open_object
from anonymizer_udfs.sources.uris import encode, is_inside

_ID_ROWS = 8192
_URI_COLUMNS = ("uri", "url", "path")
Path = tuple[str, ...]


def content_of(schema: Any, wanted: str | None) -> Path:
    """Return the path of the column that holds the images: the wanted one, else the only binary one.

    Raises:
        SourceError: there is none, more than one, or the wanted one is not binary; it names the columns.
    """
    binary = {".".join(p): p for p, kind in _leaves(schema) if _is_binary(kind)}
    if wanted is not None:
        if wanted in binary:
            return binary[wanted]
        raise SourceError(f"expected a binary column {wanted!r}; {_said(schema)}")
    if len(binary) != 1:
        raise SourceError(
            f"expected one binary column, got {len(binary)}: name it with --content-column; {_said(schema)}"
        )
    return next(iter(binary.values()))


def column_of(schema: Any, wanted: str) -> Path:
    """Return the path of the column that holds the ids.

    Raises:
        SourceError: there is none of that name; it names the columns.
    """
    paths = {".".join(path): path for path, _ in _leaves(schema)}
    if wanted not in paths:
        raise SourceError(f"expected a column {wanted!r}; {_said(schema)}")
    return paths[wanted]


def uri_column_of(schema: Any) -> str | None:
    """Return the column of a Parquet manifest that holds its URIs; ``None``: the file holds images, or neither."""
    if any(_is_binary(kind) for _, kind in _leaves(schema)):
        return None
    texts = {f.name.lower(): f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)}
    return next((texts[name] for name in _URI_COLUMNS if name in texts), None)


def values(batch: Any, path: Path) -> Any:
    """Return one column, or a field of a struct, of a record batch."""
    found = batch.column(path[0])
    for name in path[1:]:
        found = pc.struct_field(found, name)
    return found


def open_parquet(file: Any) -> Any:
    """Return the Parquet file for reading ids and footers.

    Raises:
        SourceError: it is none.
    """
    try:
        return pq.ParquetFile(file, pre_buffer=False)
    except (pa.ArrowException, OSError):
        raise SourceError("expected a Parquet file, found something else or one that is damaged") from None


def rows_of_table(table: str, files: Iterable[Info], spec: SourceSpec) -> Iterator[Entry]:
    """Yield one entry for each row of a table's files, from ids or row counts alone.

    A row is ``table#id``, and ``table#file:row`` without an id column or where the id is null; the second row of one id
    gets ``~2``. Memory grows with a digest for each row.

    Raises:
        SourceError: a column is missing, or a file is no Parquet.
    """
    names: set[bytes] = set()
    for file in files:
        label = file.uri[len(table) :].lstrip("/") if is_inside(file.uri, table) else ""
        label = label or file.uri.rpartition("/")[2]
        with open_object(file.uri, spec.storage) as opened:
            parquet = open_parquet(opened.file)
            content_of(parquet.schema_arrow, spec.content_column)
            for number, (group, index, found) in enumerate(_ids(parquet, spec.id_column)):
                name = (
                    f"{label}:{number}" if found is None else encode(found if isinstance(found, bytes) else str(found))
                )
                uri = f"{table}#{unique(name, names)}"
                etag = str(opened.size_bytes)
                yield Entry(uri, "parquet", file.uri, -1, file.modified_us, etag, group, index)


def _ids(parquet: Any, id_column: str | None) -> Iterator[tuple[int, int, Any]]:
    """Yield row group, row in the group, and id of each row."""
    path = None if id_column is None else column_of(parquet.schema_arrow, id_column)
    for group in range(parquet.num_row_groups):
        if path is None:
            for index in range(parquet.metadata.row_group(group).num_rows):
                yield group, index, None
            continue
        index = 0
        columns = [".".join(path)]
        for batch in parquet.iter_batches(_ID_ROWS, row_groups=[group], columns=columns, use_threads=False):
            for found in values(batch, path).to_pylist():
                yield group, index, found
                index += 1


def is_parquet(uri: str) -> bool:
    """Tell by its name whether an object is a Parquet file."""
    return uri.lower().endswith((".parquet", ".parq"))


def parquet_files(folder: Info, spec: SourceSpec) -> Iterator[Info]:
    """Yield the Parquet files under a folder; what else lies in a table is none of its rows."""
    return (info for info in walk(folder, spec) if is_parquet(info.uri))


def looks_like_table(folder: Info, spec: SourceSpec) -> bool:
    """Tell whether a folder holds Parquet files and nothing else but hidden names, as Spark writes it.

    One other file, or a folder, makes it a folder of images: a table beside photos must not hide them.
    """
    seen = False
    for info in children(folder, spec.storage):
        name = info.uri.rpartition("/")[2]
        if name.startswith((".", "_")):
            continue
        if info.is_folder or not is_parquet(name):
            return False
        seen = True
    return seen


def _leaves(schema: Any) -> Iterator[tuple[Path, Any]]:
    """Yield the columns, and the fields of structs one level down."""
    for field in schema:
        if pa.types.is_struct(field.type):
            yield from (((field.name, inner.name), inner.type) for inner in field.type)
        else:
            yield (field.name,), field.type


def _is_binary(kind: Any) -> bool:
    types = pa.types
    plain = types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)
    return bool(plain or types.is_fixed_size_binary(kind))


def _said(schema: Any) -> str:
    leaves = list(_leaves(schema))
    binary = [".".join(path) for path, kind in leaves if _is_binary(kind)]
    return f"columns: {', '.join('.'.join(path) for path, _ in leaves)} (binary: {', '.join(binary) or 'none'})"
