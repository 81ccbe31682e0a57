"""The live files of a Delta table, as its log names them."""

import os
from collections.abc import Iterator
from urllib.parse import unquote

import pyarrow as pa

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.sources.base import Entry, SourceSpec, Storage
from anonymizer_udfs.sources.stores import Info, children, find
from anonymizer_udfs.sources.tables import rows_of_table
from anonymizer_udfs.sources.uris import canonical, child, local_path

_LOG = "/_delta_log"


def is_delta(folder: Info, storage: Storage) -> bool:
    """Tell whether a folder is a Delta table."""
    return any(info.is_folder and info.uri.endswith(_LOG) for info in children(folder, storage))


def rows_of_delta(folder: Info, spec: SourceSpec) -> Iterator[Entry]:
    """Yield one entry for each row of the newest version of a Delta table (driver).

    Raises:
        SourceError: the log cannot be read, or rows or columns are kept in a way that the files alone do not show.
    """
    yield from rows_of_table(folder.uri, _live_files(folder, spec.storage), spec)


def _live_files(folder: Info, storage: Storage) -> Iterator[Info]:
    try:
        import deltalake  # noqa: PLC0415  # only the driver has it
    except ImportError:
        raise SourceError("a Delta table as a source needs the package deltalake") from None
    try:
        table = deltalake.DeltaTable(_name(folder.uri), storage_options=_options(storage))
        features = table.protocol().reader_features or []
        mapped = table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none"
        marked = "deletionVectors" in features and _has_vectors(table)
        paths: list[str] = pa.table(table.get_add_actions())["path"].to_pylist()
    except (deltalake.exceptions.DeltaError, OSError, ValueError):
        raise SourceError("the Delta table's log cannot be read") from None
    if mapped:
        raise SourceError(
            "the Delta table maps column names, which its files do not show: copy it to a plain table first"
        )
    if marked:
        raise SourceError("the Delta table has deletion vectors: run REORG TABLE ... APPLY (PURGE) on it first")
    for number, path in enumerate(sorted(paths)):
        uri = canonical(path) if "://" in path else child(folder.uri, os.fsencode(unquote(path)))
        info = find(uri, storage)
        if info is None:
            raise SourceError(f"live file {number} of the Delta table is missing")
        yield info


def _has_vectors(table: object) -> bool:
    """Tell whether any live file has rows that are only marked as deleted; one whose marks cannot be read has."""
    import deltalake  # noqa: PLC0415  # only the driver has it

    try:
        return any(batch.num_rows for batch in table.deletion_vectors())  # type: ignore[attr-defined]  # untyped package
    except deltalake.exceptions.DeltaError:
        return True


def _name(uri: str) -> str:
    return os.fsdecode(local_path(uri)) if uri.startswith("file://") else unquote(uri).replace("s3a://", "s3://", 1)


def _options(storage: Storage) -> dict[str, str]:
    """Return what ``deltalake`` needs besides the environment, which it reads itself."""
    endpoint = storage.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = storage.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    options = {"AWS_ENDPOINT_URL": endpoint or "", "AWS_REGION": region or ("us-east-1" if endpoint else "")}
    if endpoint and endpoint.startswith("http://"):
        options["AWS_ALLOW_HTTP"] = "true"
    if storage.anonymous:
        options["AWS_SKIP_SIGNATURE"] = "true"
    return {name: value for name, value in options.items() if value}
