"""Which policy an archive asks for, by who will see it and by what was measured of a sample of it.

Who will see an archive is the first question, and nobody can read the answer off its pictures. So the advice has one
line for each audience that a policy that ships is made for, and numbers only ever make it stronger. The limits below
are judgement, as the weights of the score are.
"""

from dataclasses import dataclass

from anonymizer_udfs.assessing.estimates import Share

ANYBODY, PARTNER, COLLEAGUES = "anybody", "a partner under contract", "colleagues alone"
LEAST_IMAGES = 30
"""A sample of fewer pictures says too little for anything but the strongest policy."""
MANY, MOST = 0.1, 0.5
"""From these shares of images at stake on, their upper bound that is, ``internal`` and ``partner`` are too mild."""


@dataclass(frozen=True)
class Advice:
    """Which policy for which audience, and why, in words with numbers."""

    audience: str
    policy: str
    why: str


def advised(at_stake: Share, raise_at: float) -> tuple[Advice, ...]:
    """Return the advice for each audience, the widest first.

    Args:
        at_stake: the share of images whose score is at least ``raise_at``.
        raise_at: the score from which on ``internal`` raises an image to ``partner``.
    """
    if at_stake.cases < LEAST_IMAGES and at_stake.low < at_stake.high:
        few = f"only {at_stake.cases} pictures could be looked at, fewer than {LEAST_IMAGES}: too few for a milder one"
        return tuple(Advice(audience, "public", few) for audience in (ANYBODY, PARTNER, COLLEAGUES))
    for_ever = "what is published is attacked with what will be invented, and a mask leaves nothing of a face"
    milder = "partner" if at_stake.high <= MOST else "public"
    own = "internal" if at_stake.high <= MANY else milder
    return (
        Advice(ANYBODY, "public", f"{for_ever}; no number of this page changes that"),
        Advice(PARTNER, milder, _why(at_stake, raise_at, MOST, milder)),
        Advice(COLLEAGUES, own, _why(at_stake, raise_at, MANY, own)),
    )


def _why(at_stake: Share, raise_at: float, limit: float, policy: str) -> str:
    bound = f"at most {at_stake.high:.1%} of the images score {raise_at:g} or more"
    if at_stake.high > limit:
        return f"{bound} (upper bound), above the {limit:.0%} up to which a milder policy is advised"
    more = "; those are raised to partner one by one" if policy == "internal" else ""
    return f"{bound} (upper bound), which is within {limit:.0%}{more}"
