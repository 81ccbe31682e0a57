"""Lakes of several runs for ``faceveil monitor``, made without a JVM, with whatever a test wants to have drifted."""

from pathlib import Path
from typing import Any

import numpy as np
from deltalake import CommitProperties, Transaction

from jobs.lake import APP, Commit, Lake
from tests.support import lakes

SIDE_PX = 40.0


def face(confidence: float = 0.8, side_px: float = SIDE_PX, *, steps: int = 1, after: float = 0.2) -> dict[str, Any]:
    """Return a region, with the figures that are watched."""
    box = {"x0": 0.0, "y0": 0.0, "x1": side_px, "y1": side_px}
    attack = {"recognizer": "r", "before": 1.0, "after": after, "threshold": 0.5, "matched": False, "step": steps}
    return lakes.face() | {"confidence": confidence, "box": box, "steps": steps, "attacks": [attack]}


def usual(run: str, count: int, seed: int, **changes: Any) -> list[dict[str, Any]]:
    """Return rows of a run as all runs have them, with some columns changed; a value may be a function of the row."""
    draw = np.random.default_rng(seed)
    out = []
    for number in range(count):
        faces = [
            face(
                float(np.clip(draw.normal(0.8, 0.05), 0, 1)),
                float(2 ** draw.normal(5.5, 0.7)),
                after=draw.normal(0.2, 0.05),
            )
            for _ in range(1 + int(draw.integers(3)))
        ]
        row = lakes.row(f"file:///{run}/{number}.jpg", b"x", status="anonymized", faces=faces, run_id=run)
        row["duration_ms"] = float(2 ** draw.normal(7, 0.5))
        out.append(row | {k: v(row, number) if callable(v) else v for k, v in changes.items()})
    return out


def add(lake: Lake, run_id: str, rows: list[dict[str, Any]], **columns: Any) -> None:
    """Add a finished run to a lake, as the job does, but for its root: rows take the place of those of their ids."""
    began = lakes.event(run_id=run_id, table_versions=lake.tables.versions(), **columns)
    epoch = lake.ledger.append(began)
    mine = lakes.images([{**one, "run_id": run_id} for one in rows])
    commit = CommitProperties(app_transactions=[Transaction(APP, Commit(epoch, 1).version)])
    merge = lake.tables.open("images").merge(
        mine, "t.image_id = s.image_id", source_alias="s", target_alias="t", commit_properties=commit
    )
    merge.when_matched_update_all().when_not_matched_insert_all().execute()
    counts = lakes._counts(rows)
    lake.ledger.append(began.then("finished", counts=counts, table_versions=lake.tables.versions()))


def make(place: Path, *runs: list[dict[str, Any]]) -> Lake:
    """Return a new lake with runs ``run-1``, ``run-2``, ... of these rows."""
    lake = Lake(str(place))
    lake.create()
    for number, rows in enumerate(runs, 1):
        add(lake, f"run-{number}", rows)
    return lake
