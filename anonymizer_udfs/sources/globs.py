"""Globs over any store: ``*``, ``?`` and ``[...]`` within a name, ``**`` over any number of folders."""

import fnmatch
import glob
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.sources.folders import Excluded, is_ignored
from anonymizer_udfs.sources.stores import Info, children, find, is_lasting
from anonymizer_udfs.sources.uris import child, locations

_MAGIC = re.compile(r"[*?\[]")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_SCHEME = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/]*|file:(?=/))")
_ANY = "**"


def is_glob(typed: str) -> bool:
    """Tell whether what was typed has a glob's characters."""
    return bool(_MAGIC.search(typed))


def matches(spec: SourceSpec) -> Iterator[Info]:
    """Yield the files and folders that a glob matches, in sorted order; nothing below a folder that matched.

    As in a shell, ``*`` does not match a leading dot, and a folder that matches stands for all that is in it.

    Raises:
        OSError: the store failed.
    """
    scheme = _SCHEME.match(spec.uri)
    fixed = scheme[0] if scheme else "" if spec.uri.startswith("/") else "."
    parts = [part for part in spec.uri[scheme.end() if scheme else 0 :].split("/") if part]
    first = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    base = "/".join([fixed, *parts[:first]]) or "/"
    wanted = [_translated(part, encoded=bool(scheme)) for part in parts[first:]]
    left_out = Excluded(spec)
    for uri in locations(base):
        info = find(uri, spec.storage)
        if info is not None and info.is_folder:
            yield from _below(info, wanted, frozenset({0}), spec, left_out)
            return


def _translated(part: str, *, encoded: bool) -> re.Pattern[str] | None:
    """Return the expression for one part of a glob; ``None`` for ``**``. ``%XX`` in a URI is a literal character."""
    if part == _ANY:
        return None
    if encoded:
        part = _ENCODED.sub(lambda m: glob.escape(unquote_to_bytes(m[0]).decode("utf-8", "surrogateescape")), part)
    return re.compile(fnmatch.translate(part))


def _steps(name: str, wanted: list[re.Pattern[str] | None], states: frozenset[int]) -> frozenset[int]:
    """Return how many parts of the glob may be used up after one more name."""
    reached: set[int] = set()
    pending, done = list(states), set(states)
    while pending:
        state = pending.pop()
        if state == len(wanted):
            continue
        expression = wanted[state]
        if expression is not None:
            hidden = name.startswith(".") and not expression.pattern.removeprefix("(?s:").startswith(r"\.")
            if not hidden and expression.match(name):
                reached.add(state + 1)
            continue
        if not name.startswith("."):
            reached |= {state, state + 1} if state + 1 == len(wanted) else {state}
        if state + 1 not in done:
            done.add(state + 1)
            pending.append(state + 1)
    return frozenset(reached)


def _below(
    folder: Info, wanted: list[re.Pattern[str] | None], states: frozenset[int], spec: SourceSpec, left_out: Excluded
) -> Iterator[Info]:
    inside = children(folder, spec.storage)
    while True:
        try:
            info = next(inside, None)
        except OSError as error:
            if not is_lasting(error):
                raise
            yield Info(folder.uri, is_folder=False)
            return
        if info is None:
            return
        name = unquote_to_bytes(info.uri[len(child(folder.uri, "")) :]).decode("utf-8", "surrogateescape")
        after = _steps(name, wanted, states)
        dropped = is_ignored(name) and not name.startswith(".")
        if not after or dropped or info in left_out:
            continue
        if len(wanted) in after:
            yield info
        elif info.is_folder and not (info.is_link and None in wanted):
            yield from _below(info, wanted, after, spec, left_out)
