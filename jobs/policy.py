"""``faceveil policy``: what there is to choose from, a policy written out to be copied, and whether one is valid.

Runs on the driver; needs no Spark.
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import yaml

from anonymizer_udfs import methods
from anonymizer_udfs.detection.passes import Pass
from anonymizer_udfs.detection.plans import PLANS, Plan
from anonymizer_udfs.errors import ModelError, SpecError, UnknownNameError
from anonymizer_udfs.methods import METHODS, Method, plugins
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.recognition import RECOGNIZERS
from conf import policies
from conf.settings import Settings, SettingsError
from conf.settings import load as load_settings
from jobs import context, options, screen, spoken
from jobs.errors import UsageError
from jobs.models import registry
from jobs.options import Parser
from jobs.screen import Section

DEFAULT = "public"
"""What ``faceveil anonymize`` takes unless told otherwise; a test holds the two equal."""
TAKES_A_POLICY = ("show", "check")
EXAMPLES = """  faceveil policy list
  faceveil policy plans                       the detection plans: which passes, who looks, when
  faceveil policy methods                     what can be done with a face: each method with its parameters
  faceveil policy show public > mine.yaml     everything written out: change what you like, the name too
  faceveil policy check mine.yaml
  faceveil anonymize ./photos ./lake --policy mine.yaml

exit codes: 0 done, 1 failed, 2 bad arguments, or the policy is not valid"""
_HEAD = """\
# A whole policy. In a file of yours, with names of its own for the policy and for a plan that you change, it is used by
# faceveil anonymize SOURCE LAKE --policy FILE.yaml; docs/detection.md says what the keys mean.
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


def listed(settings: Settings) -> list[Policy]:
    """Return the policies that ship, the default first."""
    return [load(name, settings) for name in sorted(policies.names(), key=lambda name: (name != DEFAULT, name))]


def summary(policy: Policy) -> dict[str, Any]:
    """Return what a list says of a policy, for programs; plans by their names."""
    said = mapping(policy)
    named = {key: plan["name"] if (plan := said[key]) else None for key in ("plan", "second_look")}
    return said | named | {"default": policy.name == DEFAULT}


def overview(found: Sequence[Policy]) -> Section:
    """Return one line a policy."""
    head = ("name", "plan", "detectors", "bands", "region", "chain", "second look")
    rows = tuple(
        (
            one.name,
            one.plan.name,
            ", ".join(who.name for who in one.detectors),
            f"sure {one.bands.sure:g}, unsure {one.bands.unsure:g}",
            f"{one.face.region_ratio:g}x",
            spoken.chain(one.face),
            one.second_look.name if one.second_look else "none",
        )
        for one in found
    )
    return Section(f"policies ({DEFAULT} is the default)", rows, head, right=(4,))


def explained() -> list[Section]:
    """Return the plans that ship, each pass in words."""
    return [
        Section(f"{plan.name}: {spoken.PURPOSES[plan.name]}", spoken.rows(plan), spoken.HEAD) for plan in PLANS.values()
    ]


def offered() -> list[dict[str, Any]]:
    """Return all methods that a policy may name, ours and those of other packages; one that is broken says so."""
    out = [_told(name, cls, "faceveil") for name, cls in METHODS.items()]
    for name, point in sorted(plugins.offered().items()):
        package = point.dist.name if point.dist else ""
        try:
            out.append(_told(name, plugins.load(name), package))
        except SpecError as error:
            out.append({"name": name, "what": str(error), "parameters": {}, "from": package})
    return out


def _told(name: str, cls: type[Method], package: str) -> dict[str, Any]:
    try:
        defaults = methods.parameters(cls())
    except TypeError:  # one of another package that needs a parameter
        defaults = {one.name: "to be given" for one in fields(cls)}  # type: ignore[arg-type]  # members are dataclasses
    what = (cls.__doc__ or "").strip().partition("\n")[0]
    return {"name": name, "what": what, "parameters": defaults, "from": package}


def choice(found: Sequence[Mapping[str, Any]]) -> Section:
    """Return one line a method."""
    rows = tuple(
        (
            one["name"],
            one["what"],
            ", ".join(f"{key} {spoken.value(said)}" for key, said in one["parameters"].items()),
            one["from"],
        )
        for one in found
    )
    return Section("methods (docs/methods.md)", rows, ("name", "what it does", "parameters and defaults", "from"))


def check(name: str, settings: Settings) -> tuple[Policy, list[str]]:
    """Return a valid policy and what a person should know of it before a run.

    Raises:
        FaceveilError: for everything that a run would refuse, save models that only this machine lacks.
    """
    try:
        policy = load(name, settings)
    except ModelError as error:  # a name in the policy that cannot be used under these settings
        raise UsageError(str(error)) from error
    if policy.recognizer not in RECOGNIZERS:
        raise UnknownNameError("recognizer", policy.recognizer, RECOGNIZERS)
    notes = [
        _unasked(who, plan) for plan in filter(None, (policy.plan, policy.second_look)) for who in blind(policy, plan)
    ]
    notes += [
        f"its plan {plan.name} is not the one that ships under this name; give it another"
        for plan in filter(None, (policy.plan, policy.second_look))
        if plan != PLANS.get(plan.name, plan)
    ]
    if settings.models.recognizer not in {None, policy.recognizer}:
        notes.append(
            f"the setting models.recognizer, {settings.models.recognizer}, goes before its {policy.recognizer}"
        )
    try:
        context.treatment(name, settings)
    except ModelError as error:
        notes.append(f"it cannot run on this machine yet: {error}")
    return policy, notes


def blind(policy: Policy, plan: Plan) -> list[str]:
    """Return the policy's detectors whom no pass that is always made shows the whole picture."""
    passes = [one for one in plan.passes if isinstance(one, Pass) and not one.when]
    looking = {who.name for one in passes for who in policy.searcher.lookers(plan, one)}
    return [who.name for who in policy.detectors if who.name not in looking]


def _unasked(who: str, plan: Plan) -> str:
    return f"{who} may never see a whole picture in plan {plan.name}: its passes name others; add {who} to one of them"


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("policy", "List, show and check policies, and explain detection plans and methods.", EXAMPLES)
    made.add_argument("command", choices=sorted(_COMMANDS), help="what to do")
    made.add_argument("policy", nargs="?", metavar="NAME|FILE", help="for show and check: a policy, or a .yaml file")
    made.add_argument("--profile", default="local", metavar="NAME", help="settings: local, cluster, gpu, s3 or a file")
    made.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help="one setting")
    made.add_argument("--json", action="store_true", dest="as_json", help="print the answer as JSON")
    return made


def _settings(args: argparse.Namespace) -> Settings:
    try:
        return load_settings(args.profile, args.overrides)
    except SettingsError as error:
        raise UsageError(str(error)) from error


def _list(args: argparse.Namespace) -> None:
    found = listed(_settings(args))
    if args.as_json:
        options.answer([summary(one) for one in found], (), as_json=True)
    else:
        screen.show([overview(found)])


def _show(args: argparse.Namespace) -> None:
    policy = load(args.policy, _settings(args))
    sys.stdout.write(json.dumps(mapping(policy), indent=2) + "\n" if args.as_json else written(policy))


def _plans(args: argparse.Namespace) -> None:
    if args.as_json:
        options.answer([plan.to_mapping() for plan in PLANS.values()], (), as_json=True)
    else:
        screen.show(explained())


def _check(args: argparse.Namespace) -> None:
    policy, notes = check(args.policy, _settings(args))
    lines = [f"{args.policy} is valid: policy {policy.name}", *(f"note: {note}" for note in notes)]
    options.answer({"valid": True, "name": policy.name, "notes": notes}, lines, as_json=args.as_json)


def _methods(args: argparse.Namespace) -> None:
    found = offered()
    if args.as_json:
        options.answer(found, (), as_json=True)
    else:
        screen.show([choice(found)])


_COMMANDS = {"list": _list, "show": _show, "plans": _plans, "methods": _methods, "check": _check}


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, look, print; return the exit code: 0 done, 1 failed, 2 bad arguments or a policy that is not valid."""
    made = parser()
    args = made.parse_args(argv)
    if (args.policy is None) == (args.command in TAKES_A_POLICY):
        wish = "takes the name of a policy, or a .yaml file" if args.policy is None else "takes no policy"
        made.error(f"{args.command} {wish}")

    def work() -> int:
        _COMMANDS[args.command](args)
        return options.DONE

    return options.guarded("policy", work)


if __name__ == "__main__":
    sys.exit(main())
