"""Methods of other packages, by the entry point ``faceveil.methods``: name to a class as :class:`.base.Method` says.

Nothing of another package is imported until a policy names its method. Its package must be installed on the executors
as well: the policy travels, code that is not faceveil's does not.
"""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import contract
from anonymizer_udfs.methods.base import Method

GROUP = "faceveil.methods"


def offered() -> dict[str, importlib.metadata.EntryPoint]:
    """Return the entry points that installed packages offer, by name; two of one name: the first package found."""
    found = importlib.metadata.entry_points(group=GROUP)
    return {one.name: one for one in reversed(list(found))}


def load(name: str) -> type[Method]:
    """Return the class that a package offers under a name.

    Raises:
        SpecError: it cannot be imported, or is no class with that name.
    """
    point = offered()[name]
    package = point.dist.name if point.dist else "a package"
    try:
        made = point.load()
    except Exception as error:
        raise SpecError(f"method {name} of {package} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(made, type) or getattr(made, "name", None) != name:
        raise SpecError(f"method {name} of {package} must be a class whose name is {name!r}, got {made!r}")
    return made


def build(name: str, wish: str | Mapping[str, Any]) -> Method:
    """Return the member that a wish names, checked as ours are.

    Raises:
        SpecError: see :func:`load` and :func:`anonymizer_udfs.methods.contract.check`.
    """
    made = family.build("method", {name: load(name)}, wish)
    contract.check(made)
    return made
