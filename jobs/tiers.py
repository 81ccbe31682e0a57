"""Which data sets have a policy of their own: kept in the vault, since patterns are names, and read before a run.

Runs on the driver, without Spark. The table is a log: a decision is added, none is ever changed, so it also says who
was treated how from when on.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.sources.base import Storage
from anonymizer_udfs.sources.patterns import Pattern
from anonymizer_udfs.tiers import Rule, Tiers
from conf.settings import Settings
from jobs import catalog, context, stores
from jobs.context import Treatment
from jobs.errors import UsageError
from jobs.request import Request
from jobs.vault import Vault, open_vault
from jobs.vaultlog import VaultLog
from schemas import TIERS


class TierStore:
    """The patterns of a vault and their policies."""

    def __init__(self, vault: Vault, storage: Storage) -> None:
        self._log = VaultLog(vault, TIERS, storage)

    def entries(self) -> list[dict[str, Any]]:
        """Return all decisions in order; none where nothing was ever mapped.

        Raises:
            VaultError: the vault cannot be read.
        """
        return self._log.entries()

    def mapped(self) -> dict[str, str]:
        """Return pattern to policy, as the newest decision on each pattern has it."""
        newest = {row["pattern"]: row["policy"] for row in self.entries()}
        return {pattern: policy for pattern, policy in sorted(newest.items()) if policy is not None}

    def decide(self, pattern: str, policy: str | None) -> None:
        """Add a decision.

        Args:
            pattern: normalised.
            policy: a name, or the absolute path of a file; ``None`` takes the pattern back.

        Raises:
            LakeBusyError: if somebody else decided at the same time.
        """
        self._log.add({"pattern": pattern, "policy": policy})


def early(request: Request) -> Request:
    """Return :func:`resolved` where it is known before Spark starts where the vault lies: not for a catalog's lake."""
    if catalog.is_catalog_name(request.lake):
        return request
    common = request.common
    return resolved(request, open_vault(stores.normalise(request.lake), common.vault, common.storage))


def resolved(request: Request, vault: Vault | None) -> Request:
    """Return the request with what the vault says of data sets; one that says so already is returned as it is.

    Raises:
        UsageError: a policy that is mapped cannot be used; nothing is treated by another one in its place.
    """
    if request.tiers is not None:
        return request
    mapped = {} if vault is None else TierStore(vault, request.common.storage).mapped()
    wanted = {name: _treatment(name, request.common.settings) for name in sorted(set(mapped.values()))}
    every: dict[str, Treatment] = {}
    for one in _with_raised((request.treatment, *wanted.values())):
        if every.setdefault(one.policy.name, one).digest != one.digest:
            raise UsageError(
                f"two different policies are both named {one.policy.name!r}: give one of them another name in its file"
            )
    rules = (Rule(Pattern(text), wanted[name].policy.name, wanted[name].policy.tier) for text, name in mapped.items())
    others = {name: one for name, one in sorted(every.items()) if name != request.treatment.policy.name}
    return replace(request, tiers=Tiers(tuple(rules)), others=others)


def _with_raised(treatments: Iterable[Treatment]) -> Iterator[Treatment]:
    """Yield treatments, and after each what its images may be raised to."""
    for one in treatments:
        at: Treatment | None = one
        while at is not None:
            yield at
            at = at.raised


def _treatment(name: str, settings: Settings) -> Treatment:
    try:
        return context.treatment(name, settings)
    except (FaceveilError, OSError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"a data set has the policy {name}, which cannot be used: {told}; see faceveil policy mapped LAKE"
        ) from error


def canonical(tiers: Tiers) -> str:
    """Return all rules as JSON with one spelling: what a run's record keeps a keyed id of."""
    rows = sorted((one.pattern.text, one.policy) for one in tiers.rules)
    return json.dumps(rows, separators=(",", ":"))


def digests(others: Mapping[str, Treatment]) -> dict[str, str]:
    """Return the digest of each policy, by its name."""
    return {name: one.digest for name, one in others.items()}
