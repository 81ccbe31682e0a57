"""Controls: attacks of which the outcome is known.

Attackers that fail one are too weak to say that a release is safe: the evaluation is void.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from anonymizer_udfs.attacks import Attacker, Task, folds
from anonymizer_udfs.attacks.learned import LearnedLinear
from anonymizer_udfs.attacks.static import Static
from anonymizer_udfs.evaluation.sides import CLEAR, MIDDLINGLY, WEAKLY
from anonymizer_udfs.evidence import Bounded, Figure, Standing, identified

GALLERY = 1_000
LEAST_PEOPLE = 20
LEAST_LEARNERS = 500
"""With two photos: who learns from fewer is not shown to be weak by what he does not reach."""
BELOW_CALIBRATION = 0.10
WEAK_BROKEN = 0.80
LEARNED_OVER_STATIC = 1.5
ALL = 0.95
"""Nobody can be told to reach more than this, however much half as much again would be."""


def figures(task: Callable[[str], Task], calibrated: float | None, seed: int, confidence: float) -> Iterator[Figure]:
    """Yield one figure for each control that can be run, with what was asked and whether it passed.

    Args:
        task: makes the task in which released faces are clear, or blurred by 2 or 5% of their width.
        calibrated: how often the recognizer's calibration found people in clear photos; none: nobody measured it.
        seed: of bounds and of strangers.
        confidence: of bounds.
    """
    clear = task(CLEAR)
    people = len(np.unique(clear.probes.people))
    if people < LEAST_PEOPLE:
        return
    named = clear.recognizer.name

    def rate(attacker: Attacker, of: Task) -> Bounded:
        same = of.probes.people[:, None] == of.gallery.people[None]
        standing = Standing.of(folds.scores(attacker, of), np.asarray(same))
        return identified(standing, of.probes.people, size=GALLERY, seed=seed, confidence=confidence).rank1

    def figure(name: str, found: Bounded, asked: float, *, passed: bool) -> Figure:
        told = (("recognizer", named), ("asked", f"{asked:.3g}"), ("passed", "yes" if passed else "no"))
        bounds = {"low": found.low, "high": found.high, "confidence": found.confidence}
        return Figure("control", name, found.value, told, **bounds, cases=found.trials, people=found.people)

    found = rate(Static(), clear)
    if calibrated is not None:
        least = calibrated - BELOW_CALIBRATION
        yield figure("clear_found", found, least, passed=found.value >= least)
    weak = task(WEAKLY)
    learns = people >= LEAST_LEARNERS
    tries = [rate(one, weak) for one in ((Static(), LearnedLinear()) if learns else (Static(),))]
    broken = max(tries, key=lambda one: one.value)
    yield figure("weak_blur_broken", broken, WEAK_BROKEN, passed=broken.value >= WEAK_BROKEN)
    if learns:
        middling = task(MIDDLINGLY)
        static, learned = rate(Static(), middling), rate(LearnedLinear(), middling)
        least = min(LEARNED_OVER_STATIC * static.value, ALL)
        yield figure("learned_over_static", learned, least, passed=learned.value >= least)
    stranger = rate(Static(), _strangers(clear, seed))
    chance = 1 / min(GALLERY, len(clear.gallery))
    yield figure("stranger_found", stranger, chance, passed=stranger.low <= chance)


def _strangers(task: Task, seed: int) -> Task:
    """Return a task in which each probe bears the name of somebody else, who must not be found by it."""
    names = task.probes.people
    order = np.random.default_rng(seed).permutation(len(names))
    other = np.empty_like(names)
    other[order] = names[np.roll(order, 1)]  # one cycle through all: nobody keeps a name
    return replace(task, probes=replace(task.probes, people=other))
