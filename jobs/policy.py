"""``faceveil policy``: what there is to choose from, a policy written out to be copied, and whether one is valid.

Runs on the driver; needs no Spark.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from anonymizer_udfs import methods
from anonymizer_udfs.detection.passes import Pass
from anonymizer_udfs.detection.plans import PLANS, Plan
from anonymizer_udfs.errors import ModelError, SpecError, UnknownNameError
from anonymizer_udfs.methods import METHODS, Method, plugins
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
from jobs.written import load, mapping, written

DEFAULT = "public"
"""What ``faceveil anonymize`` takes unless told otherwise; a test holds the two equal."""
TAKES = {
    "show": (1, "the name of a policy, or a .yaml file"),
    "check": (1, "the name of a policy, or a .yaml file"),
    "map": (3, "LAKE PATTERN POLICY"),
    "unmap": (2, "LAKE PATTERN"),
    "mapped": (1, "LAKE"),
}
"""How many words come after the command, and what they are; the others take none."""
EXAMPLES = """  faceveil policy list
  faceveil policy plans                       the detection plans: which passes, who looks, when
  faceveil policy methods                     what can be done with a face: each method with its parameters
  faceveil policy show public > mine.yaml     everything written out: change what you like, the name too
  faceveil policy check mine.yaml
  faceveil anonymize ./photos ./lake --policy mine.yaml
  faceveil policy map ./lake './photos/hr/**' internal     a data set with a policy of its own, kept in the vault
  faceveil policy mapped ./lake               all of them, the nearest first
  faceveil policy unmap ./lake './photos/hr/**'

exit codes: 0 done, 1 failed, 2 bad arguments, or the policy is not valid"""


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
    head = ("name", "tier", "plan", "detectors", "bands", "region", "chain", "second look", "raises to")
    rows = tuple(
        (
            one.name,
            str(one.tier),
            one.plan.name,
            ", ".join(who.name for who in one.detectors),
            f"sure {one.bands.sure:g}, unsure {one.bands.unsure:g}",
            f"{one.face.region_ratio:g}x",
            spoken.chain(one.face),
            one.second_look.name if one.second_look else "none",
            f"{one.risk.to} at {one.risk.raise_at:g}" if one.risk else "",
        )
        for one in found
    )
    return Section(f"policies ({DEFAULT} is the default)", rows, head, right=(1, 5))


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
    for who in policy.panel:
        if "/" not in who and who not in RECOGNIZERS:
            raise UnknownNameError("recognizer", who, RECOGNIZERS)
    context.stronger(policy, settings, registry())
    notes = [
        _unasked(who, plan) for plan in filter(None, (policy.plan, policy.second_look)) for who in blind(policy, plan)
    ]
    notes += [
        f"its plan {plan.name} is not the one that ships under this name; give it another"
        for plan in filter(None, (policy.plan, policy.second_look))
        if plan != PLANS.get(plan.name, plan)
    ]
    if settings.models.recognizer is not None and policy.panel != (settings.models.recognizer,):
        notes.append(
            f"the setting models.recognizer, {settings.models.recognizer}, goes before its {', '.join(policy.panel)}"
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
    made = Parser(
        "policy", "List, show and check policies, map data sets to them, explain plans and methods.", EXAMPLES
    )
    made.add_argument("command", choices=sorted(_COMMANDS), help="what to do")
    words = "show, check: NAME or FILE; map: LAKE PATTERN POLICY; unmap: LAKE PATTERN; mapped: LAKE"
    made.add_argument("words", nargs="*", metavar="WORD", help=words)
    made.add_argument("--profile", default="local", metavar="NAME", help="settings: local, cluster, gpu, s3 or a file")
    made.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help="one setting")
    made.add_argument("--vault", metavar="URI", help="for map, unmap and mapped: where it lies (default LAKE.vault)")
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
    policy = load(args.words[0], _settings(args))
    sys.stdout.write(json.dumps(mapping(policy), indent=2) + "\n" if args.as_json else written(policy))


def _plans(args: argparse.Namespace) -> None:
    if args.as_json:
        options.answer([plan.to_mapping() for plan in PLANS.values()], (), as_json=True)
    else:
        screen.show(explained())


def _check(args: argparse.Namespace) -> None:
    policy, notes = check(args.words[0], _settings(args))
    lines = [f"{args.words[0]} is valid: policy {policy.name}", *(f"note: {note}" for note in notes)]
    options.answer({"valid": True, "name": policy.name, "notes": notes}, lines, as_json=args.as_json)


def _methods(args: argparse.Namespace) -> None:
    found = offered()
    if args.as_json:
        options.answer(found, (), as_json=True)
    else:
        screen.show([choice(found)])


def _mapping(args: argparse.Namespace) -> None:
    from jobs import mapping  # noqa: PLC0415 - it loads Spark's modules, and the others answer at once

    work = {"map": mapping.map_, "unmap": mapping.unmap, "mapped": mapping.mapped}
    work[args.command](args, _settings(args))


_COMMANDS = {"list": _list, "show": _show, "plans": _plans, "methods": _methods, "check": _check}
_COMMANDS |= dict.fromkeys(("map", "unmap", "mapped"), _mapping)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, look, print; return the exit code: 0 done, 1 failed, 2 bad arguments or a policy that is not valid."""
    made = parser()
    args = made.parse_args(argv)
    count, what = TAKES.get(args.command, (0, "nothing after it"))
    if len(args.words) != count:
        made.error(f"{args.command} takes {what}")

    def work() -> int:
        _COMMANDS[args.command](args)
        return options.DONE

    return options.guarded("policy", work)


if __name__ == "__main__":
    sys.exit(main())
