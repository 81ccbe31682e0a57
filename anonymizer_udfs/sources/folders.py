"""Walk a folder: every file is an image until the worker has looked at it, but for what no person put there.

Left out: hidden names (a leading dot: ``.DS_Store``, ``._IMG.jpg``, ``.git``), the thumbnails and marks that systems
drop (``Thumbs.db``, ``ehthumbs.db``, ``desktop.ini``, ``@eaDir``, ``__MACOSX``, ``_SUCCESS``, ``*_$folder$``), folders'
own zero-byte objects, pipes and devices, and what the spec excludes. An empty file, a dangling link and a folder that
may not be listed are entries, so that they end as rows that say why.
"""

import os
from collections.abc import Iterator
from hashlib import blake2b

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.sources.stores import Info, children, find, is_lasting
from anonymizer_udfs.sources.uris import is_inside, local_path, spellings

_DROPPED = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "_success", "@eadir", "%40eadir", "__macosx"},
)
_MARKERS = ("_$folder$", "_%24folder%24")


def is_ignored(path: str) -> bool:
    """Tell whether any part of a relative path, encoded or not, is a name that no person gave to an image.

    Examples:
        >>> [is_ignored(p) for p in ("a/b.jpg", "a/.DS_Store", "__MACOSX/a/b.jpg", "../up.jpg")]
        [False, True, True, False]
    """
    parts = [part for part in path.lower().split("/") if part not in {"", ".", ".."}]
    return any(part.startswith(".") or part in _DROPPED or part.endswith(_MARKERS) for part in parts)


def unique(name: str, seen: set[bytes]) -> str:
    """Return the name, with ``~2``, ``~3``, ... where it was ``seen`` before; remembers a digest of 16 bytes."""
    wish, number = name, 1
    while (digest := blake2b(wish.encode(), digest_size=16).digest()) in seen:
        number += 1
        wish = f"{name}~{number}"
    seen.add(digest)
    return wish


class Excluded:
    """What a spec leaves out, under any spelling and, for local folders, under any of its names."""

    def __init__(self, spec: SourceSpec) -> None:
        self._uris = {spelling for uri in spec.exclude for spelling in spellings(uri)}
        found = [find(uri, spec.storage) for uri in self._uris if uri.startswith("file://")]
        self._identities = {info.identity for info in found if info and info.is_folder}

    def __contains__(self, info: Info) -> bool:
        """Tell whether a file or folder is excluded."""
        return info.identity in self._identities or any(is_inside(info.uri, uri) for uri in self._uris)


class Links:
    """Which links to folders are followed: those that lead out of the source, each place once, so that none loops."""

    def __init__(self, root: Info) -> None:
        self._local = root.uri.startswith("file://")
        self._roots = {root.identity}
        self._places = [os.path.realpath(local_path(root.uri))] if self._local else []

    def enter(self, folder: Info) -> bool:
        """Tell whether to list a folder below the root."""
        if not self._local:
            return True
        if folder.identity in self._roots:
            return False
        if not folder.is_link:
            return True
        place = os.path.realpath(local_path(folder.uri))
        if _within(self._places[0], place) or any(_within(place, known) for known in self._places):
            return False
        self._places.append(place)
        self._roots.add(folder.identity)
        return True


def _within(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def walk(root: Info, spec: SourceSpec) -> Iterator[Info]:
    """Yield the files under a folder, depth first, each folder sorted by name; lazily, one folder in memory a level.

    Raises:
        SourceError: the folder itself cannot be listed.
        OSError: the store failed.
    """
    left_out, links = Excluded(spec), Links(root)
    stack = [(root, children(root, spec.storage))]
    while stack:
        folder, inside = stack[-1]
        try:
            info = next(inside, None)
        except OSError as error:
            if not is_lasting(error):
                raise
            if folder is root:
                raise SourceError("the source is a folder that cannot be listed: missing, or forbidden") from None
            info = None
            yield Info(folder.uri, is_folder=False)
        if info is None:
            stack.pop()
        elif is_ignored(info.uri.rpartition("/")[2]) or info in left_out:
            continue
        elif not info.is_folder:
            yield info
        elif links.enter(info):
            stack.append((info, children(info, spec.storage)))
