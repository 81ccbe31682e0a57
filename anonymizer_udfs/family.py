"""What all families share: from a name and parameters in a mapping to a member, and back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from anonymizer_udfs.errors import SpecError, UnknownNameError

Member = TypeVar("Member")


def build(kind: str, table: Mapping[str, type[Member]], wish: str | Mapping[str, Any]) -> Member:
    """Return the member that ``wish`` names, made with its parameters.

    Args:
        kind: what the family is called in messages, such as ``method``.
        table: the family's table from name to class.
        wish: a name, or a mapping with ``name`` and parameters.

    Raises:
        UnknownNameError: no member, or no parameter of the member, has that name.
        SpecError: a parameter is out of range, or ``name`` is missing.
    """
    if not isinstance(wish, str | Mapping):
        raise SpecError(f"a {kind} is given by its name, or a mapping with name and parameters, got {wish!r}")
    given: dict[str, Any] = {"name": wish} if isinstance(wish, str) else dict(wish)
    name = given.pop("name", None)
    if not isinstance(name, str):
        raise SpecError(f"a {kind} is given by its name, got {name!r}; known: {', '.join(sorted(table))}")
    if name not in table:
        raise UnknownNameError(kind, name, table)
    known = [f.name for f in fields(table[name])]  # type: ignore[arg-type]  # members are dataclasses
    for parameter in given:
        if parameter not in known:
            raise UnknownNameError(f"parameter of {kind} {name}", parameter, known)
    try:
        return table[name](**given)
    except TypeError as error:
        raise SpecError(f"{kind} {name}: a parameter has the wrong type: {error}") from error


def parameters(member: object) -> dict[str, Any]:
    """Return a member's parameters as plain values, without its name and its models.

    Lists stand for tuples, and for a member within it a mapping with its name and its parameters.
    """
    given = {field.name: getattr(member, field.name) for field in fields(member)}  # type: ignore[arg-type]  # dataclass
    return {name: _plain(value) for name, value in given.items() if name != "model"}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if is_dataclass(value):
        return {"name": getattr(value, "name", ""), **parameters(value)}
    return value
