"""The gates that ship, one YAML file each, as typed values: what must be shown before a lake is called anonymous.

``jobs.gate`` compares figures with them; this package only finds, reads and checks them.
"""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from conf.nearest import hint
from conf.values import Count, Group

DEFAULT = "default"
SUFFIXES = (".yaml", ".yml")
FACE_TIERS = ("T0", "T1", "T2", "T3")
"""Attackers of faces; T4 attacks what is around a face, T5 replays the public code."""
TIERS = (*FACE_TIERS, "T4", "T5")
Share = Annotated[float, Field(gt=0, lt=1)]

_AT_MOST = ("named_over_chance", "matched_over_fmr", "visible_most", "linked_most")
_AT_LEAST = ("confidence", "eer_least", "people_least", "visible_least", "mated_least", "k_least", "group_least")
_THE_SAME = ("gallery", "fmr")
"""Of these neither more nor less is stricter by itself: a bound of one says nothing of another."""


class GateError(ValueError):
    """A gate that cannot be, told in one line: what was expected, what came, what to do."""


class Gate(Group):
    """What must be shown; frozen and valid. Rates are shares.

    Attributes:
        name: what verdicts call it.
        confidence: the least of each one-sided bound.
        attacks: who must have attacked, by tier.
        gallery: people among whom a person is looked for.
        named_over_chance: what rank-1 may be over ``1 / gallery``.
        fmr: the false match rate at which matches are counted.
        matched_over_fmr: what TAR may be over it.
        people_least: people who must have been attacked.
        visible_most: share of planted faces, or plates, left visible.
        visible_least: how many must have been planted.
        linked_most: D_sys over two keys, less what chance gives.
        eer_least: equal error rate over two keys.
        mated_least: scores of one person that both are measured on.
        k_least: people who share a face under ``k_same``.
        group_least: people of each group.
    """

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")
    confidence: Share
    attacks: dict[str, tuple[str, ...]]
    gallery: Count
    named_over_chance: Share
    fmr: Share
    matched_over_fmr: Share
    people_least: Count
    visible_most: Share
    visible_least: Count
    linked_most: Share
    eer_least: Annotated[float, Field(gt=0, le=0.5)]
    mated_least: Count
    k_least: Count
    group_least: Count

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.attacks) != set(TIERS):
            raise ValueError(f"attacks must have {', '.join(TIERS)}, got {', '.join(sorted(self.attacks)) or 'none'}")
        empty = [tier for tier in TIERS if not self.attacks[tier]]
        if empty:
            raise ValueError(f"attacks.{empty[0]} must name an attacker, got none")
        return self

    @property
    def named_most(self) -> float:
        """The largest rank-1 that passes: chance and its margin."""
        return 1 / self.gallery + self.named_over_chance

    @property
    def matched_most(self) -> float:
        """The largest TAR that passes: the false match rate and its margin."""
        return self.fmr + self.matched_over_fmr

    def milder(self, other: "Gate") -> list[str]:
        """Return in what this gate asks for less than another, by the names of its keys; nothing if in none."""
        found = [name for name in _AT_MOST if getattr(self, name) > getattr(other, name)]
        found += [name for name in _AT_LEAST if getattr(self, name) < getattr(other, name)]
        found += [name for name in _THE_SAME if getattr(self, name) != getattr(other, name)]
        return found + [f"attacks.{tier}" for tier in TIERS if set(other.attacks[tier]) - set(self.attacks[tier])]


def names() -> list[str]:
    """Return the names of the gates that ship, sorted."""
    return sorted(p.name.removesuffix(".yaml") for p in resources.files(__name__).iterdir() if p.name.endswith(".yaml"))


def load(name: str) -> Gate:
    """Return a gate.

    Runs on the driver; works from a zip as well.

    Args:
        name: one of :func:`names`, or the path of a ``.yaml`` file.

    Raises:
        GateError: there is no such gate, it cannot be, or it asks for less than ``default`` anywhere: the words that
            are earned must mean the same everywhere.
    """
    if name in names():
        return checked(
            _read(resources.files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"), name), name
        )
    if not (name.endswith(SUFFIXES) and Path(name).is_file()):
        known = f"{hint(name, names())}known: {', '.join(names())}"
        raise GateError(f"unknown gate {name!r}; {known}; or give a .yaml file of your own")
    return checked(_read(Path(name).read_text(encoding="utf-8"), Path(name).name), Path(name).name)


def checked(tree: Any, what: str) -> Gate:
    """Return a gate from plain values, such as a verdict's record has.

    Args:
        tree: the mapping.
        what: what messages call it.

    Raises:
        GateError: as :func:`load`.
    """
    try:
        gate = Gate.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise GateError(f"gate {what}: {path}: {said}" if path else f"gate {what}: {said}") from None
    less = gate.milder(_default())
    if less:
        raise GateError(
            f"gate {what} asks for less than {DEFAULT} in {', '.join(less)}; a gate may only ask for more, since the "
            "words that it gives must mean the same everywhere"
        )
    return gate


def _default() -> Gate:
    text = resources.files(__name__).joinpath(f"{DEFAULT}.yaml").read_text(encoding="utf-8")
    return Gate.model_validate(_read(text, DEFAULT))


def _read(text: str, what: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise GateError(f"gate {what} is no YAML: {' '.join(str(error).split())}") from None
