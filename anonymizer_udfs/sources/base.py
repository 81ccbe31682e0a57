"""What a source is, what a listing says of one image in it, and what every member of the family can do.

A member reads one kind of container (``object``, ``tar``, ``zip``, ``parquet``). Ways of finding containers (a folder,
a glob, a manifest, a Delta table) are no members: they give entries of those kinds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

from anonymizer_udfs.errors import SourceError, SpecError

_SECRET_WORDS = ("key", "secret", "token", "password", "credential")


@dataclass(frozen=True)
class Storage:
    """How to reach object stores; never holds a credential: those come from the environment or the instance.

    Picklable; runs on the driver and, as part of the spec, on executors.

    Attributes:
        endpoint_url: ``http(s)://host[:port]`` of an S3 server; ``None``: ``AWS_ENDPOINT_URL_S3`` or
            ``AWS_ENDPOINT_URL``, else Amazon's own.
        region: ``None``: ``AWS_REGION``, ``AWS_DEFAULT_REGION``, else the bucket's own.
        anonymous: read without signing requests.
        options: further ``(name, value)`` pairs, for the file system that the scheme selects.
    """

    endpoint_url: str | None = None
    region: str | None = None
    anonymous: bool = False
    options: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse an endpoint of no use, and anything that looks like a credential, without repeating it."""
        if self.endpoint_url is not None:
            parts = urlsplit(self.endpoint_url)
            if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
                raise SpecError("endpoint_url must be http(s)://host[:port] without a user; got something else")
        for name, _ in self.options:
            if any(word in name.lower() for word in _SECRET_WORDS):
                raise SpecError(f"storage option {name!r} looks like a credential: give it in the environment instead")


@dataclass(frozen=True)
class SourceSpec:
    """What the command line said of a source; its ``repr`` names nothing.

    Attributes:
        uri: as typed: a path, a glob, or a URI.
        content_column: the binary column of a table (``a.b`` for a field of a struct); ``None``: its only one.
        id_column: the column that names a table's rows; ``None``: file and row number name them.
        storage: how to reach object stores.
        exclude: URIs (any spelling) of files or folders to leave out, such as a lake inside the source.
    """

    uri: str = field(repr=False)
    content_column: str | None = None
    id_column: str | None = None
    storage: Storage = Storage()
    exclude: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse a source without a name."""
        if not self.uri:
            raise SourceError("a source is a path, glob or URI; got an empty one")


@dataclass(frozen=True, slots=True)
class Entry:
    """One image in a source, from a listing alone; its ``repr`` names nothing.

    Attributes:
        uri: canonical name of the image, what ``image_id`` is computed from: percent-encoded and absolute;
            ``container!member`` in archives, ``table#id`` in tables.
        kind: the member of :data:`anonymizer_udfs.sources.SOURCES` that reads it.
        container: canonical URI of the object to open.
        size_bytes: size of the image; -1 where the listing does not say.
        modified_us: modification time in microseconds since 1970 UTC (a table's row: its file's); 0 where unknown.
        etag: what else tells versions apart (zip: CRC-32; table: the file's size); '' where the store gives nothing.
        start: tar: offset of the data; zip: offset of the local header; parquet: row group; -1: known to be unreadable.
        index: parquet: row in the row group; zip: compressed size in bytes; else 0.
    """

    uri: str = field(repr=False)
    kind: str
    container: str = field(repr=False)
    size_bytes: int = -1
    modified_us: int = 0
    etag: str = ""
    start: int = 0
    index: int = 0


class Source(Protocol):
    """One kind of container: names the images in it and reads one of them.

    Attributes:
        ordered: whether images must be read one after the other in stored order to be read well (tables).
    """

    ordered: ClassVar[bool]

    def __init__(self, storage: Storage, content_column: str | None = None) -> None:
        """Keep how to reach the container; opens nothing."""
        ...

    def entries(self, uri: str, spec: SourceSpec) -> Iterator[Entry]:
        """Yield the images of the container at canonical ``uri``, in stored order (driver or a listing task).

        Raises:
            SourceError: it is missing, or not of this kind; the message does not name it.
            OSError: the store failed.
        """
        ...

    def fetch(self, entry: Entry, max_bytes: int) -> bytes:
        """Return the bytes of one image (executor, once an image; any thread).

        Raises:
            BadImageError: ``CHANGED``, ``TOO_LARGE`` or ``UNREADABLE``.
            OSError: the store failed; worth another try unless the file is missing or forbidden.
        """
        ...

    def close(self) -> None:
        """Close what is open; it may be used again."""
        ...
