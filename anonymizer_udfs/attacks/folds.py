"""Every person is attacked, and none by what was learned from his own faces."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.base import Attacker, Scores, Task
from anonymizer_udfs.errors import SpecError

FOLDS = 5


def scores(attacker: Attacker, task: Task, folds: int = FOLDS) -> Scores:
    """Return how alike each probe and each face of the gallery are, ``(probes, gallery)``.

    People are put into folds at random. Those of one fold are attacked by what was learned from the people of the
    others; who does not learn attacks all at once.

    Args:
        attacker: who attacks.
        task: what he has before him; ``learning`` may hold faces of the probes' people, which are left out for them.
        folds: at least 2.

    Raises:
        SpecError: there are fewer people than folds.
    """
    if not attacker.learns:
        return attacker.scores(task)
    out = np.full((len(task.probes), len(task.gallery)), np.nan, np.float32)
    for mine, part in parts(task, folds):
        out[mine] = attacker.scores(part)
    return out


def parts(task: Task, folds: int = FOLDS) -> Iterator[tuple[NDArray[np.int64], Task]]:
    """Yield rows of the probes, and the task in which they are attacked by what is learned from the others' people."""
    fold = _folds(task.probes.people, folds, task.seed)
    for number in range(folds):
        mine = np.flatnonzero(fold == number)
        if not len(mine):
            continue
        theirs = np.flatnonzero(~np.isin(task.learning.people, np.unique(task.probes.people[mine])))
        yield mine, replace(task, probes=task.probes.taken(mine), learning=task.learning.taken(theirs))


def _folds(people: NDArray[np.str_], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each face; all faces of a person are in one."""
    names, which = np.unique(people, return_inverse=True)
    if len(names) < folds or folds < 2:  # noqa: PLR2004 - one fold would learn from whom it attacks
        raise SpecError(f"expected as many people as there are folds, and 2 folds at least; got {len(names)}, {folds}")
    return (np.random.default_rng(seed).permutation(len(names)) % folds)[which]
