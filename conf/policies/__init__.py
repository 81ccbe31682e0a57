"""The policies that ship, one YAML file a risk tier, as plain mappings.

``anonymizer_udfs.policy.Policy.from_mapping`` validates them; this package only finds and reads them.
"""

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from conf.nearest import hint

SUFFIXES = (".yaml", ".yml")


class UnknownPolicyError(KeyError):
    """No policy has that name; carries ``name`` and the ``known`` ones."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.name, self.known = name, known
        super().__init__(name, known)

    def __str__(self) -> str:
        """Return one line for a person (a plain ``KeyError`` would quote it)."""
        known = f"{hint(self.name, self.known)}known: {', '.join(self.known)}"
        return f"unknown policy {self.name!r}; {known}; or give a .yaml file of your own"


def names() -> list[str]:
    """Return the names of the policies that ship, sorted."""
    return sorted(p.name.removesuffix(".yaml") for p in resources.files(__name__).iterdir() if p.name.endswith(".yaml"))


def load(name: str) -> dict[str, Any]:
    """Return a policy as it is written, not validated.

    Runs on the driver; works from a zip as well.

    Args:
        name: one of :func:`names`, or the path of a ``.yaml`` file.

    Raises:
        UnknownPolicyError: there is no such policy or file.
        ValueError: the file is no YAML mapping.
    """
    if name in names():
        text = resources.files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    elif name.endswith(SUFFIXES) and Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8")
    else:
        raise UnknownPolicyError(name, names())
    try:
        mapping = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"policy {name} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(mapping, dict):
        came = type(mapping).__name__
        # A file's content is a value, whatever Python type it has here.
        raise ValueError(f"policy {name} must be a YAML mapping with name, plan, face, ..., got {came}")  # noqa: TRY004 - see above
    return mapping
