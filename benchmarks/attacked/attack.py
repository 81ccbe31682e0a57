"""The attackers of ``faceveil evaluate`` on one entrant's faces, and what the gate says of what they reach."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from anonymizer_udfs.attacks import ATTACKERS
from anonymizer_udfs.evaluation import attacking
from anonymizer_udfs.evaluation.attacking import Attacking, Control, Means, RunAttacks
from anonymizer_udfs.evidence import Figure
from conf.gates import Gate
from jobs import attackers
from jobs.verdict import Check, State, Word


def figures(
    rows: Sequence[pa.RecordBatch], means: Means, kind: type[Attacking | Control] = Attacking
) -> Iterator[Figure]:
    """Yield the figures of every attacker of one entrant, or of the controls.

    Links between releases and the like (``Leftover``) are not asked: the other tool has no key to make two.

    Args:
        rows: of ``gathered.ATTACKED``, all faces.
        means: what attacks have.
        kind: of the steps that are taken; controls need views of their own.
    """
    for step in attacking.steps(means.names, tuple(ATTACKERS), labelled=True):
        if isinstance(step, kind):
            for batch in RunAttacks((step,), means)(rows):
                yield from map(Figure.from_row, batch.to_pylist())


def kept(found: Sequence[Figure], gate: Gate, recognizers: Sequence[str]) -> dict[str, Any]:
    """Return what is kept of an entrant's figures: rank-1 and matches of each attacker, and the gate's checks of them.

    Args:
        found: of :func:`figures`.
        gate: by whom they are judged.
        recognizers: who had to compare.
    """
    checks = attackers.checks(gate, [one for one in found if one.scope == "attack"], recognizers)
    return {
        "attacks": [_attack(one, found, gate) for one in found if _is_rank(one, gate, found)],
        "controls": [
            {"name": one.name, "value": one.value, "asked": one.of("asked"), "passed": one.of("passed")}
            for one in found
            if one.scope == "control"
        ],
        "checks": {
            one.name: {"state": one.state.value, "bound": one.bound, "limit": one.limit, "people": one.had}
            for one in checks
        },
        "at_best": at_best(checks),
    }


def at_best(checks: Sequence[Check]) -> str | None:
    """Return the strongest word that attackers leave, whatever the rest of the gate says; none where some are missing.

    Faces left visible, metadata and links between two releases are not asked here, so the word is not earned by it.
    """
    faces = {one.state for one in checks if not one.context}
    if State.FAILED in faces:
        return Word.OBFUSCATED.value
    if State.MISSING in {one.state for one in checks}:
        return None
    return (Word.ANONYMOUS if all(one.passed for one in checks) else Word.FACE_ANONYMIZED).value


def _is_rank(one: Figure, gate: Gate, found: Sequence[Figure]) -> bool:
    """Return whether it is a rank-1 in the gate's gallery, or in the largest where people are too few for that."""
    if (one.scope, one.name) != ("attack", "rank1") or one.of("group") is not None:
        return False
    sizes = [int(f.of("gallery") or 0) for f in found if (f.scope, f.name) == ("attack", "rank1")]
    usable = [size for size in sizes if size <= gate.gallery] or [min(sizes)]
    return int(one.of("gallery") or 0) == max(usable)


def _attack(one: Figure, found: Sequence[Figure], gate: Gate) -> dict[str, Any]:
    """Return an attacker's rank-1, with the share that is matched at the gate's false match rate."""
    same = [
        other
        for other in found
        if (other.scope, other.name) == ("attack", "tar")
        and (other.of("attack"), other.of("recognizer")) == (one.of("attack"), one.of("recognizer"))
        and float(other.of("fmr") or 0) == gate.fmr
    ]
    matched = {"tar": same[0].value, "tar_high": same[0].high} if same else {}
    told = {key: one.of(key) for key in ("attack", "tier", "recognizer")}
    rank = {"rank1": one.value, "high": one.high, "gallery": int(one.of("gallery") or 0), "people": one.people}
    return {**told, **rank, **matched}
