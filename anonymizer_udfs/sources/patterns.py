"""Patterns over canonical URIs: which images of whatever source a person means by a path, a URI or a glob.

``*``, ``?`` and ``[...]`` stay within one name, ``**`` stands for any number of folders, and what matches stands for
all that is in it: a folder, an archive (``album.zip``) and a table, too. Nothing is listed and no store is asked.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.sources.uris import canonical

_MAGIC = re.compile(r"[*?\[]")
_SCHEME = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/]*|file:(?=/))")
_PIECE = re.compile(r"/\*\*(?=/|$)|\*+|\?|\[!?\]?[^\]/]*\]|%[0-9A-Fa-f]{2}|.", re.DOTALL)
_CLASS = re.compile(r"(\[!?\]?[^\]/]*\])")
_WITHIN = "[^/!#]*"
_ONE = "(?:%[C-F][0-9A-F](?:%[89AB][0-9A-F])+|%[0-9A-F]{2}|[^/!#%])"
"""One character: percent-encoded UTF-8, one byte of a name that is none, or one that stands as it is."""
_MARKS = {"!": "(?:!|%21)", "#": "(?:#|%23)"}
"""Of an archive's member and a table's row; names may hold them as well, and are then encoded."""
_ANY = "**"
_FOLDERS = "/(?:.*[/!#])?"
_INSIDE = "(?:[/!#].*)?"
_MOST_OF_A_CLASS = 1024


@dataclass(frozen=True)
class Pattern:
    """Which images are meant.

    Attributes:
        text: as :func:`normalised` gives it: a canonical URI in which wildcards stand as they are.
    """

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be read, before any image is looked at."""
        _compiled(self.text)

    @property
    def letters(self) -> int:
        """How many characters are no wildcard: of two patterns that match, the one with more is the nearer one."""
        return _compiled(self.text)[1]

    def matches(self, uri: str) -> bool:
        """Tell whether an image's canonical URI is meant.

        Examples:
            >>> hr = Pattern(normalised("s3://raw/photos/*/hr"))
            >>> [hr.matches(f"s3a://raw/photos/{name}") for name in ("2024/hr/a.jpg", "2024/hr.zip!a.jpg", "hr/a.jpg")]
            [True, False, False]
        """
        return _compiled(self.text)[0].fullmatch(uri) is not None


def normalised(typed: str) -> str:
    """Return what a person typed as the text of a :class:`Pattern`: one spelling for a pattern, whatever the folder.

    A path without a scheme is literal but for its wildcards; in a URI ``%XX`` is an encoded byte, as in a source.

    Examples:
        >>> normalised("/data/été/*.jpg"), normalised("s3://raw/a%20b/**")
        ('file:///data/%C3%A9t%C3%A9/*.jpg', 's3a://raw/a%20b/**')

    Raises:
        SourceError: it is empty, names another machine, carries a password, or goes up after a wildcard.
    """
    scheme = _SCHEME.match(typed)
    head = scheme[0] if scheme else ""
    parts = typed[len(head) :].split("/")
    first = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    if _MAGIC.search(head):
        raise SourceError("a pattern names its store and bucket; wildcards come after them")
    fixed, rest = "/".join(parts[:first]), [part for part in parts[first:] if part]
    rest = [part for i, part in enumerate(rest) if part != _ANY or rest[i - 1 : i] != [_ANY]]
    if {".", ".."} & set(rest):
        raise SourceError("a pattern has no . or .. after a wildcard: write the path as it is")
    if not rest:
        return canonical(typed)
    base = canonical(head + fixed if head or fixed else "/" if typed.startswith("/") else ".")
    return "/".join([base.removesuffix("/"), *(_encoded(part, typed=not head) for part in rest)])


def _encoded(part: str, *, typed: bool) -> str:
    """Return a part with all but wildcards, marks and the insides of ``[...]`` percent-encoded."""
    safe = "*?!#" if typed else "*?!#%"
    pieces = _CLASS.split(part)
    return "".join(one if i % 2 else quote(one, safe=safe) for i, one in enumerate(pieces))


@lru_cache(maxsize=4096)
def _compiled(text: str) -> tuple[re.Pattern[str], int]:
    """Return the expression of a pattern, and how many characters in it are no wildcard."""
    out, letters = [], 0
    for piece in _PIECE.findall(text):
        if piece.startswith("/**"):
            out.append(_FOLDERS)
        elif piece[0] == "*":
            out.append(_WITHIN)
        elif piece == "?":
            out.append(_ONE)
        elif piece[0] == "[" and len(piece) > 1:
            out.append(_class(piece[1:-1]))
        else:
            out.append(_literal(piece))
            letters += 1
    expression = "".join(out).replace(f"{_FOLDERS}/", _FOLDERS)
    if text.endswith("/**"):
        expression = f"{expression.removesuffix(_FOLDERS)}/.+"
    else:
        expression += ".*" if text.endswith("/") else _INSIDE
    return re.compile(expression, re.DOTALL), letters


def _literal(piece: str) -> str:
    """Return the expression for one character as canonical URIs have it; web addresses leave more of them as is."""
    if len(piece) > 1:
        piece = piece.upper()
        return {"%21": _MARKS["!"], "%23": _MARKS["#"]}.get(piece, re.escape(piece))
    coded = quote(piece.encode("utf-8", "surrogateescape"), safe="/")
    if piece in _MARKS or coded == piece:
        return _MARKS.get(piece, re.escape(piece))
    return f"(?:{re.escape(piece)}|{re.escape(coded)})"


def _class(inside: str) -> str:
    """Return the expression for one of some characters, or for any other than these."""
    negated, members = inside.startswith("!"), inside.removeprefix("!")
    found, at = list[str](), 0
    while at < len(members):
        if members[at + 1 : at + 2] == "-" and at + 2 < len(members):
            first, last = ord(members[at]), ord(members[at + 2])
            if not 0 <= last - first < _MOST_OF_A_CLASS:
                raise SourceError("a range in a pattern's [...] runs from a lower to a higher character, 1024 at most")
            found += [chr(code) for code in range(first, last + 1)]
            at += 3
        else:
            found.append(members[at])
            at += 1
    either = "|".join(_literal(one) for one in found)
    return f"(?:(?!{either}){_ONE})" if negated else f"(?:{either})"
