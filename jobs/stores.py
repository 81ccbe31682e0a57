"""Where lakes and vaults lie: their URIs, and small files in them, on disk or in an object store.

Runs on the driver. Conditional puts go through ``obstore``, since ``pyarrow.fs`` overwrites whatever is there.
"""

import contextlib
import os
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, S3Store

from anonymizer_udfs.sources.base import Storage
from jobs.errors import UsageError

if TYPE_CHECKING:
    from obstore.store import S3Config

_REMOTE = re.compile(r"^[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_S3 = {"s3", "s3a", "s3n"}

CONNECT_S, PATIENCE_S, RETRIES = 10.0, 60.0, 8
WAITS_S = (0.2, 1.0)
"""How long a small file in an object store is waited for, and how often it is asked for again."""

FAILURES = (OSError, BaseError)
"""What ``obstore`` and ``deltalake`` raise when a store fails; :func:`why` says the rest."""

_CREDENTIALS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role"
_CAUSES = (
    ("169.254.169.254", f"no credentials were found; give {_CREDENTIALS}"),
    ("NoSuchBucket", "there is no such bucket; make it, or check the URI"),
    ("privileges", f"these credentials are refused; check {_CREDENTIALS}, and what they allow there"),
    ("403 Forbidden", f"these credentials are refused; check {_CREDENTIALS}, and what they allow there"),
    ("401 Unauthorized", f"these credentials are refused; check {_CREDENTIALS}, and what they allow there"),
    ("No space left", "the disk is full; free some space and run the same command again"),
    ("ExpiredToken", f"these credentials have expired; renew {_CREDENTIALS}"),
    ("(Connect)", "nobody answers; check storage.endpoint_url or AWS_ENDPOINT_URL, and the network"),
)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def normalise(uri: str) -> str:
    """Return a lake's or vault's URI in one form: an absolute path for a local one, ``s3a://bucket/prefix`` for S3.

    Raises:
        UsageError: for a scheme that Delta tables are not written to here.

    Examples:
        >>> normalise("s3://bucket/lake/")
        's3a://bucket/lake'
        >>> normalise("file:///data/a%20b")
        '/data/a b'
    """
    if not _REMOTE.match(uri):
        return os.path.abspath(Path(uri).expanduser())  # noqa: PTH100 - Path.resolve would follow links
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    if scheme == "file":
        return os.path.abspath(unquote(parts.path))  # noqa: PTH100 - the same
    if scheme in _S3:
        return f"s3a://{parts.netloc}{parts.path}".rstrip("/")
    raise UsageError(f"a lake or vault is a local path or an s3a:// URI, got scheme {scheme!r}")


def is_local(uri: str) -> bool:
    """Return whether a normalised URI is a path of this machine."""
    return not _REMOTE.match(uri)


def within(uri: str, home: str) -> bool:
    """Return whether a normalised URI is a place or lies below it; links of this machine are followed.

    Examples:
        >>> within("s3a://b/lake/images", "s3a://b/lake"), within("s3a://b/lake2", "s3a://b/lake"), within("/a", "s3a://a")
        (True, False, False)
    """
    if is_local(uri) and is_local(home):
        return Path(uri).resolve().is_relative_to(Path(home).resolve())
    return f"{uri}/".startswith(f"{home}/")


def child(uri: str, name: str) -> str:
    """Return the URI of something below a normalised URI."""
    return f"{uri.rstrip('/')}/{name}"


def why(error: Exception) -> str:
    """Return in a few words what made a store fail; its own text quotes whole requests with their signatures.

    Examples:
        >>> why(PermissionError(13, "Permission denied", "/secret"))
        'Permission denied'
        >>> why(OSError("GET http://host/b - 404: <Code>NoSuchBucket</Code>"))
        'there is no such bucket; make it, or check the URI'
    """
    strerror = getattr(error, "strerror", None)
    said = str(error)
    return strerror or next((text for word, text in _CAUSES if word in said), type(error).__name__)


def endpoint(storage: Storage) -> str | None:
    """Return the S3 endpoint that settings or the environment name."""
    return storage.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def region(storage: Storage) -> str:
    """Return the S3 region that settings or the environment name."""
    return storage.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def delta_options(uri: str, storage: Storage) -> dict[str, str]:
    """Return the storage options with which ``deltalake`` reaches a table; credentials come from the environment."""
    if is_local(uri):
        return {}
    options = {"aws_region": region(storage), "conditional_put": "etag"}
    url = endpoint(storage)
    if url:
        options |= {"aws_endpoint": url, "allow_http": str(url.startswith("http://")).lower()}
    return options


def delta_uri(uri: str) -> str:
    """Return the URI as ``deltalake`` spells it: ``s3://`` for ``s3a://``.

    Raises:
        UsageError: for a path that ``deltalake`` would take for another one.
    """
    if is_local(uri) and _ESCAPE.search(uri):
        raise UsageError(
            "a lake or vault cannot lie below a name such as 'a%20b': deltalake reads %20 as a space; rename it"
        )
    return re.sub(r"^s3a://", "s3://", uri)


def open_store(uri: str, storage: Storage, patience_s: float = PATIENCE_S) -> Any:
    """Return the object store rooted at a normalised URI; a local folder is made, readable by its owner alone.

    Args:
        uri: normalised.
        storage: how to reach object stores.
        patience_s: for so many seconds a request that failed is sent again, after waits that grow.
    """
    if is_local(uri):
        Path(uri).mkdir(parents=True, exist_ok=True)
        return LocalStore(uri)
    parts = urlsplit(uri)
    url = endpoint(storage)
    config: S3Config = {"region": region(storage)}
    if url:
        config["endpoint"] = url
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=config,
        client_options={
            "allow_http": bool(url and url.startswith("http://")),
            "connect_timeout": timedelta(seconds=min(CONNECT_S, patience_s)),
            "timeout": timedelta(seconds=patience_s),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=patience_s)},
    )


def create_once(uri: str, name: str, content: bytes, storage: Storage) -> bool:
    """Write a small file unless it is there; return whether this call wrote it. Atomic, also among many drivers."""
    store = open_store(uri, storage)
    for wait_s in (*WAITS_S, None):
        try:
            obstore.put(store, name, content, mode="create")
        except AlreadyExistsError:
            return read(uri, name, storage) == content  # ours, where the answer to an earlier put was lost
        except BaseError:
            # The client itself tries no conditional put again that broke off: it may have been heard.
            if wait_s is None:
                raise
            time.sleep(wait_s)
        else:
            return True
    return False


def read(uri: str, name: str, storage: Storage) -> bytes | None:
    """Return a small file's content, or ``None`` where there is none."""
    if is_local(uri) and not Path(uri).is_dir():
        return None
    try:
        return bytes(obstore.get(open_store(uri, storage), name).bytes())
    except FileNotFoundError:
        return None


def names(uri: str, storage: Storage) -> list[str]:
    """Return the names of the small files directly at a URI; none where there is nothing."""
    if is_local(uri) and not Path(uri).is_dir():
        return []
    found = obstore.list_with_delimiter(open_store(uri, storage))["objects"]
    return [one["path"].rpartition("/")[2] for one in found]


def names_after(uri: str, name: str, storage: Storage) -> list[str]:
    """Return the names of the small files directly at a URI that sort after a name; none where there is nothing."""
    if is_local(uri) and not Path(uri).is_dir():
        return []
    found = (one["path"] for some in obstore.list(open_store(uri, storage), offset=name or None) for one in some)
    return [path for path in found if "/" not in path]


def remove(uri: str, name: str, storage: Storage) -> None:
    """Remove a small file; nothing happens where there is none."""
    with contextlib.suppress(FileNotFoundError):
        obstore.delete(open_store(uri, storage), name)
