"""How many randomly drawn images people still have to look at before a miss rate is certified: a sequential test.

The hypothesis to refute is that more than :data:`RATE` of the images that may be released show somebody whom no region
covers. After each image a likelihood ratio is taken against it: half of the weight is on there being no miss at all,
half on a rate of a fifth. Under the hypothesis the ratio is a supermartingale that begins at 1, so it ever reaches
1/:data:`RISK` with a probability of at most :data:`RISK` (Ville 1939; Wald 1945): people may look at the count after
every image, and stop or go on as they like, which a fixed number of images would not allow. The price is 3,269 images
without a miss in place of 2,995, which hold for somebody who fixes that number beforehand and gives up at the first
miss.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.decision import Decision
from jobs.reviewing.deciding import AUDIT

RATE = 0.001
RISK = 0.05
_SHARE, _FIFTH = 0.5, 5.0
_MISSES = frozenset({"add", "redraw", "harder", "withhold"})
_MOST = 10_000_000


@dataclass(frozen=True)
class Audit:
    """How far the audit of a lake is.

    Attributes:
        population: images that may be released.
        looked: drawn images that people looked at, as they are now.
        misses: of them, those with somebody whom no region covers.
    """

    population: int
    looked: int
    misses: int

    @property
    def remaining(self) -> int:
        """How many more, if none of them has a miss: 0 where the rate is certified; never more than there are.

        Where people have looked at all there is, what they saw is the rate itself.
        """
        left = self.population - self.looked
        return min(needed(self.looked, self.misses) - self.looked, left) if left else 0

    @property
    def certified(self) -> bool:
        """Whether a miss rate of at most :data:`RATE` is certified, at a confidence of 1 - :data:`RISK`."""
        if not self.population:
            return False
        if self.looked >= self.population:
            return self.misses <= RATE * self.population
        return ratio(self.looked, self.misses) >= 1 / RISK

    def as_dict(self) -> dict[str, int | float | bool]:
        """Return plain values for the page."""
        told = {"rate": RATE, "confidence": 1 - RISK, "remaining": self.remaining, "certified": self.certified}
        return {**vars(self), **told}


def ratio(looked: int, misses: int) -> float:
    """Return how much likelier what was seen is under no miss, or a fifth of the rate, than under :data:`RATE`.

    Examples:
        >>> ratio(0, 0), ratio(3268, 0) < 20 <= ratio(3269, 0), ratio(3269, 1) < 2
        (1.0, True, True)
    """
    passes, low = looked - misses, RATE / _FIFTH
    none = math.exp(-passes * math.log1p(-RATE)) if not misses else 0.0
    some = math.exp(passes * (math.log1p(-low) - math.log1p(-RATE)) - misses * math.log(_FIFTH))
    return _SHARE * none + (1 - _SHARE) * some


def needed(looked: int, misses: int) -> int:
    """Return how many images there have to be in all, at least ``looked``, if no further one has a miss.

    Examples:
        >>> needed(0, 0), needed(100, 1)
        (3269, 6620)
    """
    low, high = looked, max(looked, 1)
    while ratio(high, misses) < 1 / RISK and high < _MOST:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ratio(middle, misses) >= 1 / RISK else (middle + 1, high)
    return low


def order(image_ids: Iterable[str], seed: str) -> list[str]:
    """Return images in the order in which they are drawn: random, the same for everybody, and of nobody's choosing.

    Args:
        image_ids: of all images that may be released.
        seed: what no other lake has: nobody can try seeds until the draw pleases.

    Examples:
        >>> order(["aa", "bb", "cc"], "x") == order(["cc", "bb", "aa"], "x")
        True
    """
    return sorted(image_ids, key=lambda one: hashlib.sha256(f"audit/1/{seed}/{one}".encode()).digest())


def drawn(order_: Sequence[str], looked: frozenset[str], most: int) -> list[str]:
    """Return the next images to look at: those that come first in the draw and were not looked at."""
    out: list[str] = []
    for one in order_:
        if len(out) >= most:
            break
        if one not in looked:
            out.append(one)
    return out


def looked(
    decisions: Sequence[Decision], rows: Mapping[str, Mapping[str, Any]]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the images of draws that people looked at, and those of them with a miss.

    One in which nothing was missed counts as long as it is the same file; a miss as long as the image has the same
    policy: that it was mended says nothing of the others.
    """
    undone = {one.undoes for one in decisions if one.action == "undo"}
    asked = [one for one in decisions if one.asked == AUDIT and one.decision_id not in undone and one.image_id in rows]
    missed = {
        one.image_id
        for one in asked
        if one.action in _MISSES and one.policy_digest == rows[one.image_id]["policy_digest"]
    }
    passed = {
        one.image_id
        for one in asked
        if one.action == "accept" and one.output_sha256 == rows[one.image_id]["output_sha256"]
    }
    return frozenset(missed | passed), frozenset(missed)
