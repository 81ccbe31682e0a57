"""Which faces and plates images show: by the plan of each one's policy first, and again in what would be stored.

Runs on an executor, once a group of images: on an accelerator those of one policy share detector calls.
"""

import itertools
import time
from collections.abc import Callable, Sequence

from anonymizer_udfs import subject, verification
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import THOROUGH, Plan
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.detection.sights import Sight
from anonymizer_udfs.looks import covers
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.records import Look, Quarantined
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.work import Work, by_policy

SECOND_LOOKS = 3
"""How often an anonymized picture is searched for what is left before it is held back."""


def search(works: Sequence[Work]) -> None:
    """Run the policy's plan, then the thorough one where no face was found and the policy asks for it."""
    for spec, mine in by_policy(works):
        _search(mine, spec)


def _search(works: Sequence[Work], spec: WorkerSpec) -> None:
    plan = spec.policy.plan
    looks = [work.shown().sights for work in works]
    for work, found in zip(works, _timed_search(works, looks, plan, "detect", spec), strict=True):
        work.found = [Found(one, Look.PLAN, i) for i, ones in enumerate(found) for one in ones]
        work.plans += (plan.name,)
    faceless = [w for w in works if not any(one.finding.kind == FACE for one in w.found)]
    again = [w for w in faceless if spec.policy.searches_again(w.planned.image_id)]
    looks = [work.shown().sights for work in again]
    for work, found in zip(again, _timed_search(again, looks, THOROUGH, "detect", spec), strict=True):
        more = [Found(one, Look.THOROUGH, i) for i, ones in enumerate(found) for one in ones]
        work.found += [one for one in more if one.finding.kind == FACE or not work.found]
        work.plans += (THOROUGH.name,)


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
    for spec, mine in by_policy(works):
        plan = spec.policy.second_look
        if plan is not None:
            left = [work for work in mine if work.found or not covers(spec.policy.plan, plan)]
            for last in (False,) * (SECOND_LOOKS - 1) + (True,):
                left = _look(left, plan, spec, None if last else treat)


def _look(works: list[Work], plan: Plan, spec: WorkerSpec, treat: Callable[[Work], None] | None) -> list[Work]:
    """Look once at what would be stored; return those that were treated anew and have to be looked at once more."""
    if not works:
        return []
    again: list[Work] = []
    shown = [_stored_sights(work) for work in works]
    for work, found in zip(works, _timed_search(works, shown, plan, "second_look", spec), strict=True):
        work.left = tuple(found)
        treated = work.made.treated if work.made else ()
        rest = map(verification.uncovered, found, treated) if treated else found
        more = [Found(one, Look.SECOND, i) for i, ones in enumerate(rest) for one in ones]
        if more and treat is None:
            work.outcome = Quarantined(Reason.RESIDUAL)
        elif more and treat is not None:
            work.found = [*work.found, *more]
            treat(work)
            again.append(work)
    return [work for work in again if work.outcome is None]


def _stored_sights(work: Work) -> tuple[Sight, ...]:
    """Return what detectors look at of the file that would be stored."""
    stored = work.made.stored if work.made else ()
    return subject.sights_of(stored) if stored else work.shown().sights
