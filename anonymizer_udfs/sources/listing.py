"""What a source is, and all images in it, from metadata alone (driver, or the one task that lists)."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.sources.base import Entry, SourceSpec
from anonymizer_udfs.sources.delta import is_delta, rows_of_delta
from anonymizer_udfs.sources.folders import Excluded, walk
from anonymizer_udfs.sources.globs import is_glob, matches
from anonymizer_udfs.sources.manifests import is_text_manifest, named
from anonymizer_udfs.sources.objects import object_entry
from anonymizer_udfs.sources.stores import Info, find, open_object
from anonymizer_udfs.sources.tables import is_parquet, looks_like_table, open_parquet, parquet_files, rows_of_table
from anonymizer_udfs.sources.tables import uri_column_of as manifest_column
from anonymizer_udfs.sources.tars import TarSource
from anonymizer_udfs.sources.uris import locations
from anonymizer_udfs.sources.zips import ZipSource

_COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lz4")
_ARCHIVES: dict[str, type[TarSource] | type[ZipSource]] = {".tar": TarSource, ".zip": ZipSource}


@dataclass(frozen=True)
class _Found:
    """What a source turned out to be: one of the forms below, and where."""

    form: str
    info: Info


def list_source(spec: SourceSpec) -> Iterator[Entry]:
    """Yield every image of a source, lazily, in an order that is the same for the same source.

    Memory is bounded by the names of one folder, or a digest of 16 bytes for each member, row or manifest line.

    Raises:
        SourceError: the source does not exist or is of no known kind; the message has no more than what was typed, and
            the names of columns.
        OSError: the store failed while listing.
    """
    found = _resolve(spec)
    match found.form:
        case "glob":
            yield from _from_glob(spec)
        case "manifest":
            yield from _from_manifest(found.info, spec)
        case "delta":
            yield from rows_of_delta(found.info, spec)
        case "table":
            files = parquet_files(found.info, spec) if found.info.is_folder else iter([found.info])
            yield from rows_of_table(found.info.uri, files, spec)
        case "folder":
            yield from map(object_entry, walk(found.info, spec))
        case "archive":
            yield from _members(found.info, spec)
        case _:
            yield object_entry(found.info)


def is_sequential(spec: SourceSpec) -> bool:
    """Tell whether images are best read in stored order, one task a run of neighbours: rows of tables.

    Raises:
        SourceError: as :func:`list_source`.
    """
    form = _resolve(spec).form
    return form in {"table", "delta"} or (spec.content_column is not None and form in {"glob", "manifest"})


def _resolve(spec: SourceSpec) -> _Found:
    """Return what the spec's URI is; looks at names, and at a Parquet file's columns."""
    for uri in locations(spec.uri):
        info = find(uri, spec.storage)
        if info is not None:
            return _Found(_form(info, spec), info)
    if is_glob(spec.uri):
        return _Found("glob", Info(spec.uri, is_folder=False))
    raise SourceError(f"the source {spec.uri!r} does not exist, or may not be read")


def _form(info: Info, spec: SourceSpec) -> str:
    if info.is_folder:
        return _folder_form(info, spec)
    name = info.uri.lower()
    if name.endswith(_COMPRESSED):
        raise SourceError(f"{spec.uri!r} is a compressed tar, which has no random access: decompress it to .tar first")
    if _archive(info):
        return "archive"
    if is_text_manifest(name):
        return "manifest"
    if is_parquet(name) or spec.content_column is not None:
        return _table_or_manifest(info, spec)
    return "object"


def _folder_form(info: Info, spec: SourceSpec) -> str:
    if is_delta(info, spec.storage):
        return "delta"
    if spec.content_column is None and not looks_like_table(info, spec):
        return "folder"
    first = next(parquet_files(info, spec), None)
    if first is None:
        raise SourceError(f"{spec.uri!r} was named with a column, but no Parquet file is in it")
    return _table_or_manifest(first, spec)


def _table_or_manifest(info: Info, spec: SourceSpec) -> str:
    """Tell a Parquet file of images from one of URIs."""
    if spec.content_column is not None:
        return "table"
    with open_object(info.uri, spec.storage) as opened:
        return "table" if manifest_column(open_parquet(opened.file).schema_arrow) is None else "manifest"


def _archive(info: Info) -> type[TarSource] | type[ZipSource] | None:
    return next((member for suffix, member in _ARCHIVES.items() if info.uri.lower().endswith(suffix)), None)


def _members(info: Info, spec: SourceSpec) -> Iterator[Entry]:
    member = _archive(info)
    if member is not None:
        yield from member(spec.storage).entries(info.uri, spec)


def _expanded(info: Info, spec: SourceSpec) -> Iterator[Entry]:
    """Yield the images of one match or line: a folder's files, an archive's members, a Parquet file's rows, or itself.

    An archive that is damaged gives what could be listed, then an entry of its own that ends as ``unreadable``: one bad
    archive among many must not stop the others.
    """
    if info.is_folder:
        yield from map(object_entry, walk(info, spec))
    elif _archive(info):
        try:
            yield from _members(info, spec)
        except (SourceError, OSError):
            yield Entry(info.uri, "object", info.uri, modified_us=info.modified_us, start=-1)
    elif is_parquet(info.uri) and spec.content_column is not None and info.size_bytes >= 0:
        yield from rows_of_table(info.uri, [info], spec)
    else:
        yield object_entry(info)


def _from_glob(spec: SourceSpec) -> Iterator[Entry]:
    nothing = True
    for info in matches(spec):
        nothing = False
        yield from _expanded(info, spec)
    if nothing:
        raise SourceError(f"the source {spec.uri!r} does not exist, and as a glob it matches nothing")


def _from_manifest(manifest: Info, spec: SourceSpec) -> Iterator[Entry]:
    left_out = Excluded(spec)
    seen: set[bytes] = set()
    for info in named(parquet_files(manifest, spec) if manifest.is_folder else iter([manifest]), spec):
        if info in left_out:
            continue
        for entry in _expanded(info, spec):
            digest = blake2b(entry.uri.encode(), digest_size=16).digest()
            if digest not in seen:
                seen.add(digest)
                yield entry
