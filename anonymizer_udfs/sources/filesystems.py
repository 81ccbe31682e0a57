"""Which ``pyarrow`` file system a URI's scheme selects, made once a process."""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from pyarrow import ArrowException
from pyarrow.fs import (
    AwsStandardS3RetryStrategy,
    FileSystem,
    FSSpecHandler,
    LocalFileSystem,
    PyFileSystem,
    S3FileSystem,
)
from pyarrow.fs import resolve_s3_region as bucket_region

from anonymizer_udfs.errors import SourceError, SpecError
from anonymizer_udfs.sources.base import Storage
from anonymizer_udfs.sources.uris import split

_ARROW_SCHEMES = frozenset({"gs", "hdfs", "viewfs", "abfs", "abfss"})
_S3_RETRIES = 4
_S3_CONNECT_S = 10.0
_S3_REQUEST_S = 60.0
_KNOWN_FALSE = {"false", "0", "no"}


def _flag(text: str) -> bool:
    return text.lower() not in _KNOWN_FALSE


_S3_OPTIONS: dict[str, Callable[[str], Any]] = {
    "role_arn": str,
    "session_name": str,
    "external_id": str,
    "request_timeout": float,
    "connect_timeout": float,
    "force_virtual_addressing": _flag,
    "tls_ca_file_path": str,
}


def filesystem(uri: str, storage: Storage) -> tuple[FileSystem, str]:
    """Return the file system of a canonical URI and what it calls the object.

    Cached per process and thread-safe; made anew after a fork, which the S3 client does not survive. Local names that
    are no UTF-8 have no path that ``pyarrow`` takes: :mod:`anonymizer_udfs.sources.stores` opens local files itself.

    Raises:
        SourceError: no file system knows the scheme, or its package is not installed.
        SpecError: a storage option is unknown to the file system.
    """
    scheme, authority, path = split(uri)
    found, root = _made(scheme, authority, storage, os.getpid())
    if isinstance(found, PyFileSystem):
        return found, str(found.handler.fs._strip_protocol(uri if scheme in {"http", "https"} else unquote(uri)))  # noqa: SLF001  # fsspec's documented way
    return found, (root + unquote(path)).rstrip("/") or "/"


@lru_cache(maxsize=64)
def _made(scheme: str, authority: str, storage: Storage, _process: int) -> tuple[FileSystem, str]:
    """Return the file system and the prefix of its paths."""
    if scheme == "file":
        return LocalFileSystem(), "/"
    if scheme == "s3a":
        return _s3(authority, storage), authority + "/"
    if scheme in _ARROW_SCHEMES:
        try:
            made, root = FileSystem.from_uri(f"{scheme}://{authority}/")
        except (OSError, ArrowException, ImportError):
            raise SourceError(f"the file system for {scheme}:// cannot be reached or lacks its libraries") from None
        return made, root.rstrip("/") + "/"
    return _fsspec(scheme, storage), ""


def _s3(bucket: str, storage: Storage) -> S3FileSystem:
    """Return a client for one bucket; its credentials come from the environment or the instance."""
    endpoint = storage.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = storage.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    options: dict[str, Any] = {"request_timeout": _S3_REQUEST_S, "connect_timeout": _S3_CONNECT_S}
    for name, text in storage.options:
        if name not in _S3_OPTIONS:
            raise SpecError(f"unknown S3 option {name!r}; known: {', '.join(sorted(_S3_OPTIONS))}")
        options[name] = _S3_OPTIONS[name](text)
    if endpoint:
        parts = urlsplit(endpoint)
        options |= {"endpoint_override": parts.netloc or endpoint, "scheme": parts.scheme or "https"}
    elif not region:
        try:
            region = bucket_region(bucket)
        except (OSError, ArrowException):
            region = None
    retry = AwsStandardS3RetryStrategy(max_attempts=_S3_RETRIES)
    return S3FileSystem(
        anonymous=storage.anonymous,
        region=region or "us-east-1",
        retry_strategy=retry,
        background_writes=False,
        **options,
    )


def _fsspec(scheme: str, storage: Storage) -> PyFileSystem:
    """Return fsspec's file system for a scheme that ``pyarrow`` does not know."""
    try:
        import fsspec  # noqa: PLC0415  # only these schemes need it

        made = fsspec.filesystem(scheme, **dict(storage.options))
    except ImportError:
        raise SourceError(f"the file system for {scheme}:// needs fsspec and a package for that scheme") from None
    except ValueError:
        raise SourceError(f"unknown scheme {scheme}://; known: file, s3a, gs, hdfs, abfss, and fsspec's") from None
    except TypeError:
        raise SpecError(f"the file system for {scheme}:// does not take these storage options") from None
    return PyFileSystem(FSSpecHandler(made))
