"""Bytes over HTTP into a file, checked while they come. Runs on the driver only."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit, urlunsplit

from anonymizer_udfs.errors import ModelDigestError, ModelMissingError
from anonymizer_udfs.models.sources import PackageSource

if TYPE_CHECKING:
    import requests

_CHUNK_BYTES = 1 << 18
_MOST_BYTES = 4 << 30
_HTTP_RETRY = (408, 425, 429, 500, 502, 503, 504)
_INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")
Got = TypeVar("Got")


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        tries: How often a transfer is tried, at least 1.
        wait_s: Seconds before the second try; doubled before each further one.
        timeout_s: Seconds without a byte after which a try has failed.
    """

    tries: int = 4
    wait_s: float = 1.0
    timeout_s: float = 60.0


class _TransferError(Exception):
    """One try failed in a way that the next may not; the text holds no address."""


def _retried(what: str, patience: Patience, attempt: Callable[[], Got]) -> Got:
    why = ""
    for number in range(patience.tries):
        if number:
            time.sleep(patience.wait_s * 2 ** (number - 1))
        try:
            return attempt()
        except _TransferError as error:
            why = str(error)
    raise ModelMissingError(
        f"{what} could not be downloaded in {patience.tries} tries: {why}; check the network and the proxy, or put the "
        "file into the model folder by hand",
    )


def _without_user(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return the address without a user and password, and those two."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, (parts.username, parts.password or "")


def _answer(response: "requests.Response", what: str) -> None:
    """Raise what a status other than success means."""
    if response.status_code in _HTTP_RETRY:
        raise _TransferError(f"the server answered {response.status_code}")
    if not response.ok:
        raise ModelMissingError(
            f"{what} is not to be had: the server answered {response.status_code}; check the address, or the right to "
            "read it",
        )


@dataclass(frozen=True)
class Remote:
    """A file somewhere else.

    Attributes:
        what: What to call it in messages.
        url: Where it is; a user and password in it are sent, and shown nowhere.
        sha256: The digest of its content.
        auth: A user and password for the address.
    """

    what: str
    url: str = field(repr=False)
    sha256: str
    auth: tuple[str, str] | None = field(default=None, repr=False)


def download(remote: Remote, to: Path, patience: Patience) -> None:
    """Write a remote file to ``to``, where what an earlier try left is overwritten.

    Raises:
        ModelDigestError: if all of it came and it is something else; that is not tried again.
        ModelMissingError: if it cannot be had.
    """
    _retried(remote.what, patience, lambda: _transfer(remote, to, patience.timeout_s))


def _transfer(remote: Remote, to: Path, timeout_s: float) -> None:
    import requests  # noqa: PLC0415 (lazily: executors have no use for it)

    bare, own = _without_user(remote.url)
    # As it is stored: a body that is decompressed on the way has no length to be checked against.
    headers = {"Accept-Encoding": "identity"}
    try:
        with requests.get(bare, stream=True, timeout=timeout_s, auth=remote.auth or own, headers=headers) as response:
            _answer(response, remote.what)
            size, digest = _store(response, to, remote.what)
            told = response.headers.get("Content-Length", "")
    except requests.RequestException as error:
        raise _TransferError(type(error).__name__) from None  # its text and its cause quote the address
    if told.isdigit() and size < int(told):
        raise _TransferError(f"the transfer ended after {size} of {told} bytes")
    if digest != remote.sha256:
        raise ModelDigestError(
            f"{remote.what}: expected SHA-256 {remote.sha256}, what came has {digest}; it was changed where it comes "
            "from, or on the way: do not use it, and change the registry only if you know why",
        )


def _store(response: "requests.Response", to: Path, what: str) -> tuple[int, str]:
    """Write the body to a file; return its size in bytes and its digest."""
    digest, size = hashlib.sha256(), 0
    with to.open("wb") as out:
        for piece in response.iter_content(_CHUNK_BYTES):
            size += len(piece)
            if size > _MOST_BYTES:
                raise ModelDigestError(f"{what} does not end after {_MOST_BYTES} bytes; it is not the file")
            digest.update(piece)
            out.write(piece)
    return size, digest.hexdigest()


def index_url() -> str | None:
    """Return the address of the Python package index that the environment names for pip or uv, if any."""
    return next((os.environ[name] for name in _INDEX_VARIABLES if os.environ.get(name)), None)


def download_package(source: PackageSource, to: Path, patience: Patience) -> None:
    """Write one file of a project in the Python package index to the file ``to``.

    Raises:
        ModelDigestError: if the index offers, or sends, another content.
        ModelMissingError: if the index has no such project or file, or cannot be reached.
    """
    what = f"{source.file} of the Python package index"
    bare, auth = _without_user(index_url() or "")
    url, offered = _retried(what, patience, lambda: _find(source, bare, auth, what, patience.timeout_s))
    if offered not in (None, source.sha256):
        raise ModelDigestError(
            f"{what}: expected SHA-256 {source.sha256}, the index offers {offered}; it was replaced there: do not "
            "use it",
        )
    same_server = urlsplit(url).netloc == urlsplit(bare).netloc
    download(Remote(what, url, source.sha256, auth if same_server else None), to, patience)


def _find(
    source: PackageSource, endpoint: str, auth: tuple[str, str] | None, what: str, timeout_s: float
) -> tuple[str, str | None]:
    """Return the file's address and the digest that the index states for it."""
    import requests  # noqa: PLC0415 (lazily)
    from pypi_simple import NoSuchProjectError, PyPISimple, UnsupportedContentTypeError  # noqa: PLC0415 (lazily)

    client = PyPISimple(endpoint, auth=auth) if endpoint else PyPISimple()
    try:
        with client:
            page = client.get_project_page(source.project, timeout=timeout_s)
    except NoSuchProjectError:
        raise ModelMissingError(
            f"{what}: the index has no project {source.project}; check {' or '.join(_INDEX_VARIABLES)}",
        ) from None
    except requests.HTTPError as error:
        if error.response is None:
            raise _TransferError("HTTPError") from None
        _answer(error.response, what)
        raise
    except (requests.RequestException, UnsupportedContentTypeError) as error:
        raise _TransferError(type(error).__name__) from None
    for package in page.packages:
        if package.filename == source.file:
            return package.url, package.digests.get("sha256")
    raise ModelMissingError(f"{what}: the index has the project {source.project}, but not that file")
