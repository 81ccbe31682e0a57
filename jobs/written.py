"""Policies as files: taken as a run would take them, and written out whole, to be copied. Needs no Spark."""

import textwrap
from dataclasses import fields
from typing import Any

import yaml

from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.policy import Policy
from conf.settings import Settings
from jobs import context, spoken
from jobs.errors import UsageError
from jobs.models import registry

_HEAD = """\
# A whole policy. In a file of yours, with names of its own for the policy and for a plan that you change, it is used by
# faceveil anonymize SOURCE LAKE --policy FILE.yaml; docs/detection.md and docs/policies.md say what the keys mean.
"""
_WIDTH = 110


def load(name: str, settings: Settings) -> Policy:
    """Return the policy of a name or a file, as a run under these settings would take it.

    Raises:
        UsageError: for an unknown name, and a file that cannot be read or is no YAML mapping.
        SpecError: for a policy that cannot be.
        ModelError: for a pack that is missing, or a model whose licence was not accepted.
    """
    try:
        return context.load_policy(name, settings, registry())
    except OSError as error:
        raise UsageError(f"policy {name} cannot be read: {error.strerror}") from error


def mapping(policy: Policy) -> dict[str, Any]:
    """Return a policy as plain values that load as an equal one; models that are no defaults are named."""
    said = policy.to_mapping()
    for wish, detector in zip(said["detectors"], policy.detectors, strict=True):
        _name_models(wish, detector)
    for kind, rule in (("face", policy.face), ("plate", policy.plate)):
        for wish, method in zip(said[kind]["chain"], rule.chain, strict=True) if rule else ():
            _name_models(wish, method)
    return said


def _name_models(wish: dict[str, Any], member: object) -> None:
    """Write into a member's mapping what its model is called, and the models of members within it."""
    for field in fields(member):  # type: ignore[arg-type]  # members are dataclasses
        value = getattr(member, field.name)
        if isinstance(value, ModelRef) and value != field.default:
            wish[field.name] = value.name
        elif isinstance(wish.get(field.name), dict):
            _name_models(wish[field.name], value)


def written(policy: Policy) -> str:
    """Return a policy as YAML that loads as an equal one, with what it does in words before it."""
    words = "".join(f"#   {line}\n" for said in spoken.policy(policy) for line in textwrap.wrap(said, _WIDTH))
    return f"{_HEAD}#\n# As it is here, in words:\n{words}" + yaml.safe_dump(
        mapping(policy), sort_keys=False, default_flow_style=None, width=_WIDTH
    )
