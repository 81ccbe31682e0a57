"""Decisions for tests: one line each, with whatever a test cares for and plausible rest."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from jobs.decision import Decision
from jobs.decisions import Decisions
from tests.support.lakes import DIGEST, KEY

_ids = itertools.count(1)


def decision(action: str = "accept", image_id: str = "a" * 32, **said: Any) -> Decision:
    """Return a decision of anna's about an image."""
    plain: dict[str, Any] = {
        "decision_id": f"{next(_ids):032x}",
        "content_version": KEY.content_version(7, 0, ""),
        "output_sha256": "e" * 64,
        "policy": "public",
        "policy_digest": DIGEST,
        "reviewer": "anna",
        "session_id": "sitting-1",
        "decided_at": datetime.now(UTC),
    }
    return Decision(action=action, image_id=image_id, **plain | said)


def numbered(*some: Decision) -> list[Decision]:
    """Return decisions as they come back from a lake: each with its number."""
    return [Decision.from_row(one.row(number)) for number, one in enumerate(some, 1)]


def at_once(desks: Sequence[Decisions], made: Sequence[Sequence[Decision]]) -> None:
    """Write decisions one by one at several desks at the same time; whatever one of them fails by is raised."""

    def write(desk: Decisions, mine: Sequence[Decision]) -> None:
        for one in mine:
            desk.append([one])

    with ThreadPoolExecutor(len(desks)) as pool:
        for ended in [pool.submit(write, *pair) for pair in zip(desks, made, strict=True)]:
            ended.result()
