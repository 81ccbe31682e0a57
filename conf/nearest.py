"""What somebody may have meant who wrote a name that nobody has."""

import difflib
from collections.abc import Sequence


def hint(name: str, known: Sequence[str]) -> str:
    """Return a question to begin a list of known names with; nothing where none of them is near.

    Examples:
        >>> hint("pubilc", ["internal", "public"]), hint("?", ["public"])
        ("did you mean 'public'? ", '')
    """
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}? " if near else ""
