"""The mapping commands of ``faceveil policy``: which data sets have a policy of their own. On the driver, no Spark."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.sources.patterns import Pattern, normalised
from anonymizer_udfs.tiers import Rule, Tiers
from conf import policies
from conf.settings import Settings
from jobs import catalog, context, options, screen, stores
from jobs.errors import UsageError
from jobs.models import registry
from jobs.options import Common
from jobs.placed import open_lake
from jobs.screen import Section
from jobs.tiers import TierStore
from jobs.vault import KeySource, Vault, open_vault


def map_(args: argparse.Namespace, settings: Settings) -> None:
    """Give the images of a pattern a policy, from the next run on.

    Raises:
        FaceveilError: a pattern or a policy that cannot be, or no vault to keep it in.
    """
    lake, typed, name = args.words
    pattern, policy = Pattern(normalised(typed)), context.load_policy(name, settings, registry())
    vault = _vault(lake, args, settings)
    vault.prepare()
    kept = str(Path(name).absolute()) if name.endswith(policies.SUFFIXES) else name
    TierStore(vault, _common(args, settings).storage).decide(pattern.text, kept)
    lines = [
        f"{pattern.text} has the policy {policy.name} (tier {policy.tier}) from the next run on, whatever its --policy",
        f"all of them: faceveil policy mapped {lake}",
    ]
    said = {"pattern": pattern.text, "policy": kept, "name": policy.name, "tier": policy.tier}
    options.answer(said, lines, as_json=args.as_json)


def unmap(args: argparse.Namespace, settings: Settings) -> None:
    """Take a pattern back: its images have the run's policy again, or that of another pattern.

    Raises:
        UsageError: nothing was mapped by this pattern.
    """
    lake, typed = args.words
    pattern, store = normalised(typed), _store(lake, args, settings)
    if pattern not in store.mapped():
        raise UsageError(f"nothing is mapped by this pattern; to see what is: faceveil policy mapped {lake}")
    store.decide(pattern, None)
    lines = [f"{pattern} has no policy of its own any more, from the next run on"]
    options.answer({"pattern": pattern, "policy": None}, lines, as_json=args.as_json)


def mapped(args: argparse.Namespace, settings: Settings) -> None:
    """Show all patterns, the nearest first: of several that match an image, the first one counts."""
    (lake,) = args.words
    found = shown(_store(lake, args, settings).mapped(), settings)
    if args.as_json:
        options.answer(found, (), as_json=True)
    elif found:
        rows = tuple((one["pattern"], one["policy"], str(one["tier"]), one["note"]) for one in found)
        screen.show(
            [Section("data sets; the first that matches counts", rows, ("pattern", "policy", "tier", ""), (2,))]
        )
    else:
        options.answer([], ["nothing is mapped: all images have the policy of the run"], as_json=False)


def shown(found: Mapping[str, str], settings: Settings) -> list[dict[str, Any]]:
    """Return the patterns in the order in which they count, each with its policy's tier, and why a run would stop."""
    known = {name: _known(name, settings) for name in set(found.values())}
    tiers = Tiers(tuple(Rule(Pattern(pattern), name, known[name][0] or 0) for pattern, name in found.items()))
    return [
        {"pattern": one.pattern.text, "policy": one.policy, "tier": known[one.policy][0], "note": known[one.policy][1]}
        for one in tiers.rules
    ]


def _known(name: str, settings: Settings) -> tuple[int | None, str]:
    try:
        return context.load_policy(name, settings, registry()).tier, ""
    except (FaceveilError, OSError):
        return None, "cannot be used: the next run stops at it; see faceveil policy check"


def _common(args: argparse.Namespace, settings: Settings) -> Common:
    return Common(settings, args.vault, KeySource())


def _store(lake: str, args: argparse.Namespace, settings: Settings) -> TierStore:
    return TierStore(_vault(lake, args, settings), _common(args, settings).storage)


def _vault(lake: str, args: argparse.Namespace, settings: Settings) -> Vault:
    """Return the vault of a lake that may be yet to come; one that only a catalog places has to be there."""
    common = _common(args, settings)
    if catalog.is_catalog_name(lake) and args.vault is None:
        return open_lake(lake, common).vault()
    found = open_vault(lake if catalog.is_catalog_name(lake) else stores.normalise(lake), args.vault, common.storage)
    if found is None:
        raise UsageError("patterns are names, so they are kept in a vault alone: give --vault URI")
    return found
