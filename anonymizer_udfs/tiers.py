"""Tiers: which policy an image's data set has, by patterns over source URIs that its owner laid down.

The patterns are names, so they travel as keys do: inside the pickled function that lists a source, never in a plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from anonymizer_udfs.sources.patterns import Pattern


@dataclass(frozen=True)
class Rule:
    """The images of a pattern have a policy.

    Attributes:
        pattern: which images.
        policy: the name of their policy.
        tier: the policy's rank; see ``Policy.tier``.
    """

    pattern: Pattern
    policy: str
    tier: int = 0


@dataclass(frozen=True)
class Tiers:
    """All rules of an owner; the order in which they were laid down says nothing.

    Attributes:
        rules: the nearest first: the pattern with the most characters that are no wildcard. Of equals the policy of
            the higher tier comes first, so that a tie makes nothing milder.
    """

    rules: Sequence[Rule] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Sort the rules."""
        nearest = sorted(self.rules, key=lambda one: (-one.pattern.letters, -one.tier, one.policy, one.pattern.text))
        object.__setattr__(self, "rules", tuple(nearest))

    def policy_of(self, uri: str) -> str | None:
        """Return the name of an image's policy, ``None`` where no pattern means it: then it has the run's.

        Examples:
            >>> mine = Tiers((Rule(Pattern("file:///a"), "partner"), Rule(Pattern("file:///a/b"), "internal")))
            >>> [mine.policy_of(f"file:///{name}") for name in ("a/b/1.jpg", "a/2.jpg", "c/3.jpg")]
            ['internal', 'partner', None]
        """
        return next((one.policy for one in self.rules if one.pattern.matches(uri)), None)
