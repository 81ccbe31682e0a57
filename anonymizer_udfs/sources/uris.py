"""One canonical name for each image, whatever the spelling: percent-encoded, absolute, no trailing slash.

Grammar: ``scheme://authority/path``, then ``!member`` (archives) or ``#id`` (tables). Everything in a name but letters,
digits, ``-._~`` and ``/`` is percent-encoded, so a raw ``!`` or ``#`` in a canonical URI is one of the two
marks. Bytes that are no UTF-8 (local names, members of archives) are encoded byte by byte and survive.
"""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from anonymizer_udfs.errors import SourceError

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)|^(file):(?=/)", re.IGNORECASE)
_BANG = re.compile(r"(?<=\.tar|\.zip)!", re.IGNORECASE)
_MARK = re.compile(rf"#|{_BANG.pattern}", re.IGNORECASE)
_ALIASES = {"s3": "s3a", "s3n": "s3a", "gcs": "gs"}
_S3 = "s3a"
_WEB = ("http", "https")
_WEB_SAFE = "/%?&=:@+,;$*()'"


def encode(name: str | bytes) -> str:
    """Return a name or path percent-encoded; ``/`` stays.

    Examples:
        >>> encode("été !.jpg")
        '%C3%A9t%C3%A9%20%21.jpg'
    """
    return quote(name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape"), safe="/")


def child(folder: str, name: str | bytes) -> str:
    """Return the canonical URI of ``name`` in the folder of canonical URI ``folder``."""
    return folder + encode(name) if folder.endswith("/") else f"{folder}/{encode(name)}"


def parent(uri: str) -> str:
    """Return the canonical URI of the folder that holds the object at canonical ``uri``."""
    head = uri.rpartition("/")[0]
    return head + "/" if head.endswith("//") else head


def is_inside(uri: str, folder: str) -> bool:
    """Tell whether canonical ``uri`` is ``folder`` or lies under it."""
    return uri == folder or uri.startswith(folder if folder.endswith("/") else folder + "/")


def split(uri: str) -> tuple[str, str, str]:
    """Return scheme, authority and still encoded path (without its first slash) of a canonical URI."""
    scheme, _, rest = uri.partition("://")
    authority, _, path = rest.partition("/")
    return scheme, authority, path


def local_path(uri: str) -> bytes:
    """Return the path of a canonical ``file://`` URI as the operating system's bytes."""
    return unquote_to_bytes(uri.removeprefix("file://"))


def canonical(uri: str) -> str:
    """Return the canonical URI of what a person typed: the likeliest of :func:`spellings`.

    Examples:
        >>> canonical("s3://bucket/a b//")
        's3a://bucket/a%20b'
        >>> canonical("/data/../x/100%.jpg"), canonical("file:///x/100%25.jpg")
        ('file:///x/100%25.jpg', 'file:///x/100%25.jpg')
        >>> canonical("/x/album.zip!a b.jpg")
        'file:///x/album.zip!a%20b.jpg'

    Raises:
        SourceError: it is empty, names another machine, or carries a password.
    """
    return spellings(uri)[0]


def spellings(uri: str) -> tuple[str, ...]:
    """Return all canonical URIs that a typed one may mean, likeliest first; who looks up a name tries each.

    A path without a scheme is literal. In a URI, ``%XX`` is an encoded byte and ``#`` starts a table's id; since object
    keys may hold both as they are, the literal reading comes second. ``!`` after ``.tar`` or ``.zip`` starts a member,
    or is part of the name.

    Raises:
        SourceError: it is empty, names another machine, or carries a password.
    """
    if not uri:
        raise SourceError("a source is a path, glob or URI; got an empty one")
    found = _SCHEME.match(uri)
    if found is None:
        name = uri if uri.startswith("/") else f"{Path.cwd()}/{uri}"
        readings = (_read(name, encode, _BANG), _read(name, encode, None), _read(name, encode, _MARK))
        return tuple(dict.fromkeys("file://" + _tidy(r) for r in readings))
    scheme = (found[1] or found[3]).lower()
    scheme = _ALIASES.get(scheme, scheme)
    base, rest = f"{scheme}://{_authority(scheme, found[2] or '')}", uri[found.end() :]
    if scheme in _WEB:
        return (base + _read(rest, lambda text: quote(text, safe=_WEB_SAFE), _MARK),)
    readings = (_read(rest, _recode, _MARK), _read(rest, _recode, None), _read(rest, encode, None))
    clean = _tidy if scheme == "file" else lambda path: path
    return tuple(dict.fromkeys(base + clean(r) for r in readings))


def join(folder: str, name: str) -> str:
    """Return the canonical URI of a relative path, taken literally; ``.`` and ``..`` are resolved within the store."""
    scheme, authority, path = split(folder)
    parts = [] if scheme in _WEB else encode(name).split("/")
    if not {".", ".."} & set(parts):
        return child(folder, name)
    return f"{scheme}://{authority}{_tidy(posixpath.join('/', path, *parts))}"


def locations(uri: str) -> tuple[str, ...]:
    """Return those of :func:`spellings` that name a whole object or folder, no member and no row."""
    return tuple(s for s in spellings(uri) if not set("!#") & set(s))


def _authority(scheme: str, typed: str) -> str:
    """Return the part after ``//``; a user there is allowed only where it means a container (``abfss``)."""
    if scheme == "file" and typed not in {"", "localhost"}:
        raise SourceError("a file URI has three slashes (file:///data/photos); got one that names a machine")
    if scheme == _S3 and not typed:
        raise SourceError("an S3 URI is s3a://bucket/key; got one without a bucket")
    if "@" in typed and (scheme in {_S3, "gs", *_WEB} or ":" in typed.partition("@")[0]):
        raise SourceError("a URI carries no user or password: give credentials in the environment")
    return "" if scheme == "file" else typed


def _recode(text: str) -> str:
    """Return the text with ``%XX`` understood and everything encoded anew, so that one name has one spelling."""
    return encode(unquote_to_bytes(text.encode("utf-8", "surrogateescape")))


def _read(text: str, code: Callable[[str], str], mark: re.Pattern[str] | None) -> str:
    """Return the path, without trailing slashes, and what follows its first mark, both encoded."""
    found = mark.search(text) if mark else None
    if found is None:
        return code(text.rstrip("/"))
    tail = text[found.end() :]
    # Rows without an id are named file:row, so a colon stays as it is behind the mark.
    return code(text[: found.start()].rstrip("/")) + found[0] + ":".join(map(code, tail.split(":")))


def _tidy(path: str) -> str:
    """Return an encoded local path without empty, ``.`` and ``..`` parts; what follows a mark stays as it is."""
    at = min((i for i in map(path.find, "!#") if i >= 0), default=len(path))
    return "/" + posixpath.normpath("/" + path[:at]).lstrip("/") + path[at:]
