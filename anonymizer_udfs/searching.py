"""Which faces and plates images show: by the plan of each one's policy first, and again in what would be stored.

Runs on an executor, once a group of images: on an accelerator those of one policy share detector calls.
"""

import itertools
import time
from collections.abc import Callable, Sequence

from anonymizer_udfs import keeping, subject, verification
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import THOROUGH, Plan
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.detection.sights import Sight
from anonymizer_udfs.imaging.carried import carried
from anonymizer_udfs.looks import covers
from anonymizer_udfs.neighbours import Found, same
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.records import Look, Quarantined
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.work import Work, by_policy

SECOND_LOOKS = 3
"""How often an anonymized picture is searched for what is left before it is held back."""


def search(works: Sequence[Work]) -> None:
    """Run each policy's plan, then the thorough one where no face was found and the policy asks for it.

    Images whose risk raises them are then searched as the stronger policy says, before anything is treated.
    """
    for spec, mine in by_policy(works):
        _run_plan(mine, spec)
        _run_thorough(mine, spec)
    for work in works:
        work.found += work.heeded.added
    rise(works)


def rise(works: Sequence[Work]) -> None:
    """Raise images to the stronger policy that their risk asks for, and search them as it says; until none rises.

    What was found before stays: where the stronger policy's plan does not see it again, it is treated all the same.
    """
    rising = [work for work in works if _rises(work)]
    while rising:
        for spec, mine in by_policy(rising):
            _run_plan([work for work in mine if not _searched(work, spec)], spec)
            _run_thorough(mine, spec)
        rising = [work for work in rising if _rises(work)]


def _rises(work: Work) -> bool:
    """Weigh an image; return whether it now has a stronger policy."""
    spec = work.told()
    risk, data = spec.policy.risk, work.data
    if risk is None or not isinstance(data, bytes):
        return False
    shown = work.shown()
    size_wh = shown.header.width, shown.header.height
    work.risk = risk.score(work.found, size_wh, spec.policy.face.region_ratio, carried(data))
    if work.risk < risk.raise_at:
        return False
    work.spec = spec.raised()
    return True


def _searched(work: Work, spec: WorkerSpec) -> bool:
    """Return whether the plan of a policy would see what was seen already."""
    return (spec.policy.plan, spec.policy.searcher) in work.searches


def _run_plan(works: Sequence[Work], spec: WorkerSpec) -> None:
    """Run a policy's plan; what was found before and is not seen again is kept."""
    plan = spec.policy.plan
    looks = [work.shown().sights for work in works]
    for work, found in zip(works, _timed_search(works, looks, plan, "detect", spec), strict=True):
        fresh = _kept(work, [Found(one, Look.PLAN, i) for i, ones in enumerate(found) for one in ones])
        work.found = fresh + [one for one in work.found if _stays(one, fresh)]
        work.plans += (plan.name,)
        work.searches += ((plan, spec.policy.searcher),)


def _kept(work: Work, found: list[Found]) -> list[Found]:
    """Return what was found without what a person said is none."""
    return [one for one in found if not work.heeded.restores(one)]


def _stays(one: Found, fresh: Sequence[Found]) -> bool:
    """Return whether what was found before is treated beside what was found now; what a person drew always is."""
    return one.look is Look.PERSON or not any(_same(one, other) for other in fresh)


def _same(one: Found, other: Found) -> bool:
    return one.frame == other.frame and same(one.finding, other.finding)


def _run_thorough(works: Sequence[Work], spec: WorkerSpec) -> None:
    faceless = [w for w in works if not any(one.finding.kind == FACE for one in w.found)]
    again = [w for w in faceless if spec.policy.searches_again(w.planned.image_id)]
    again = [w for w in again if (THOROUGH, spec.policy.searcher) not in w.searches]
    looks = [work.shown().sights for work in again]
    for work, found in zip(again, _timed_search(again, looks, THOROUGH, "detect", spec), strict=True):
        more = _kept(work, [Found(one, Look.THOROUGH, i) for i, ones in enumerate(found) for one in ones])
        work.found += [one for one in more if one.finding.kind == FACE or not work.found]
        work.plans += (THOROUGH.name,)
        work.searches += ((THOROUGH, spec.policy.searcher),)


def _timed_search(
    works: Sequence[Work], looks: Sequence[Sequence[Sight]], plan: Plan, step: str, spec: WorkerSpec
) -> list[list[tuple[Finding, ...]]]:
    """Return what is found in each sight of each image; one that stands for several frames is searched once."""
    start = time.perf_counter()
    sights = list(dict.fromkeys(itertools.chain.from_iterable(looks)))
    found = dict(zip(sights, spec.policy.searcher.search(sights, plan, spec.runtime), strict=True))
    spent = (time.perf_counter() - start) * 1000 / max(1, len(sights))
    for work, mine in zip(works, looks, strict=True):
        work.timings_ms[step] = work.timings_ms.get(step, 0.0) + spent * len(set(mine))
    return [[found[sight] for sight in mine] for mine in looks]


def look_again(works: Sequence[Work], treat: Callable[[Work], None]) -> None:
    """Search the pictures that would be stored for what no region covers, and treat that too, until nothing is left.

    Where nothing was treated and the plan saw at least as much, there is nothing new to see. An image in which the last
    of :data:`SECOND_LOOKS` still sees something is held back.

    Args:
        works: images that were treated.
        treat: treats one anew; where that fails, it is given its outcome.
    """
    left = [work for work in works if _needs_a_look(work)]
    for last in (False,) * (SECOND_LOOKS - 1) + (True,):
        looking, left = left, []
        for spec, mine in by_policy(looking):
            left += _look(mine, spec, None if last else treat)


def _needs_a_look(work: Work) -> bool:
    policy = work.told().policy
    plan = policy.second_look
    return plan is not None and (bool(work.found) or not covers(policy.plan, plan))


def _look(works: list[Work], spec: WorkerSpec, treat: Callable[[Work], None] | None) -> list[Work]:
    """Look once at what would be stored; return those that were treated anew and have to be looked at once more."""
    plan, again = spec.policy.second_look, list[Work]()
    if plan is None:
        return []
    shown = [_stored_sights(work) for work in works]
    for work, found in zip(works, _timed_search(works, shown, plan, "second_look", spec), strict=True):
        work.left = tuple(found)
        treated = work.made.treated if work.made else ()
        rest = map(verification.uncovered, found, treated) if treated else found
        seen = [Found(one, Look.SECOND, i) for i, ones in enumerate(rest) for one in ones]
        seen = [one for one in seen if not keeping.is_kept(one, work.kept)]
        more = _kept(work, list(map(work.base().back, seen)))
        if more and treat is None:
            work.outcome = Quarantined(Reason.RESIDUAL)
        elif more and treat is not None:
            work.found = [*work.found, *more]
            rise([work])
            treat(work)
            again.append(work)
    return [work for work in again if work.outcome is None]


def _stored_sights(work: Work) -> tuple[Sight, ...]:
    """Return what detectors look at of the file that would be stored."""
    stored = work.made.stored if work.made else ()
    return subject.sights_of(stored) if stored else work.base().subject.sights
