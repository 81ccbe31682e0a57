"""File names for exported images: their ids, or where they lay below their source's common folder. Pure functions.

Names come from a source that nobody has checked: what would leave the folder, hide, or be no name is neutralised.
"""

import os
import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

EXTENSIONS = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png",),
    "webp": (".webp",),
    "tiff": (".tif", ".tiff"),
    "bmp": (".bmp", ".dib"),
    "gif": (".gif",),
}
"""Format to its usual file name extensions, the one that is given first."""
_ALL = tuple(extension for some in EXTENSIONS.values() for extension in some)
_MARK = re.compile(r"!|#")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")
_MOST_BYTES = 240
_APART = 12


def id_name(image_id: str, form: str) -> str:
    """Return the file name of an id; two digits spread the files over 256 folders.

    Examples:
        >>> id_name("abcdef", "jpeg")
        'ab/abcdef.jpg'
    """
    return f"{image_id[:2]}/{image_id}{EXTENSIONS[form][0]}"


def segments(uri: str) -> tuple[str, ...]:
    """Return the safe parts of a canonical URI: store, folders, archive or table, name.

    Examples:
        >>> segments("file:///data/a%20b/..%2F..%2Fetc.jpg")
        ('file', '', 'data', 'a b', '.._.._etc.jpg')
        >>> segments("s3a://bucket/x.zip!../in/1.jpg")
        ('s3a', 'bucket', 'x.zip', '_', 'in', '1.jpg')
    """
    scheme, _, rest = uri.partition("://")
    authority, _, path = rest.partition("/")
    parts = [part for piece in _MARK.split(path) for part in piece.split("/") if part]
    return scheme, _safe(authority, empty=""), *(_safe(os.fsdecode(unquote_to_bytes(part))) for part in parts)


def _safe(part: str, empty: str = "_") -> str:
    """Return one name without separators and control characters, that is not ``.`` or ``..``, and not too long."""
    clean = _UNSAFE.sub("_", part)
    if clean.strip(". ") == "":
        return empty
    raw = os.fsencode(clean)
    if len(raw) <= _MOST_BYTES:
        return clean
    stem, suffix = posixpath.splitext(clean)
    keep = _MOST_BYTES - len(os.fsencode(suffix)) if suffix.lower() in _ALL else _MOST_BYTES
    return os.fsencode(stem)[:keep].decode("utf-8", "ignore") + (suffix if suffix.lower() in _ALL else "")


def relative_names(uris: Mapping[str, str], formats: Mapping[str, str]) -> dict[str, str]:
    """Return image id to relative file name, below the folder that all images have in common; no two are the same.

    Names that differ only by case or by how accents are composed are the same file on some systems; they, and a file
    that has the name of a folder, get a piece of their id.

    Args:
        uris: image id to canonical URI; all of the lake, so that a name does not depend on what is exported.
        formats: image id to format, of those to name; ids without a URI get their id's name.

    Examples:
        >>> uris = {"a1": "file:///x/cats/1.jpg", "b2": "file:///x/dogs/1.jpg"}
        >>> relative_names(uris, {"a1": "jpeg", "b2": "jpeg"})
        {'a1': 'cats/1.jpg', 'b2': 'dogs/1.jpg'}
    """
    parts = {image_id: segments(uri) for image_id, uri in uris.items()}
    shared = _common(parts.values())
    names: dict[str, str] = {}
    for image_id, form in formats.items():
        mine = parts.get(image_id)
        names[image_id] = _with_extension("/".join(mine[shared:]), form) if mine else id_name(image_id, form)
    return _apart(names)


def _common(parts: Iterable[tuple[str, ...]]) -> int:
    """Return how many leading parts all have in common; the last one, the name, is never among them."""
    folders = [part[:-1] for part in parts]
    low, high = (min(folders), max(folders)) if folders else ((), ())
    return next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))


def _with_extension(name: str, form: str) -> str:
    """Return the name with an image's extension: as it is where it has one, else with its format's."""
    return name if name.lower().endswith(_ALL) else name + EXTENSIONS[form][0]


def _apart(names: Mapping[str, str]) -> dict[str, str]:
    keys = {image_id: _key(name) for image_id, name in names.items()}
    files = Counter(keys.values())
    folders = set(_folders(keys.values()))
    out = {}
    for image_id, name in names.items():
        stem, suffix = posixpath.splitext(name)
        alone = files[keys[image_id]] == 1 and keys[image_id] not in folders
        out[image_id] = name if alone else f"{stem}~{image_id[:_APART]}{suffix}"
    return out


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _folders(keys: Iterable[str]) -> Iterable[str]:
    for key in keys:
        folder = posixpath.dirname(key)
        while folder:
            yield folder
            folder = posixpath.dirname(folder)
