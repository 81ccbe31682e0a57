"""What people decided and no run has followed: no export takes it, and after a run every one does again."""

from pathlib import Path

from jobs.decisions import Decisions
from jobs.export import Order, run
from jobs.lake import Lake
from jobs.placed import Placed
from jobs.unfollowed import unfollowed
from tests.support import lakes, reviewed
from tests.support.decided import decision

NAMES = ("plain", "withheld", "drawn", "accepted", "mended", "replaced")


def test_what_somebody_saw_is_wrong_with_is_not_exported(tmp_path: Path) -> None:
    """An image with a miss that was found stays in the lake until a run has mended it; the export says how many."""
    rows = {name: lakes.row(f"file:///{name}.jpg", name.encode()) for name in NAMES}
    rows["mended"] |= {"decided": 4}
    lake = lakes.sealed(tmp_path / "lake", list(rows.values()))
    ids = {name: str(row["image_id"]) for name, row in rows.items()}
    assert unfollowed(lake) == frozenset()
    box = (1.0, 2.0, 30.0, 40.0)
    Decisions(lake).append(
        [
            decision("withhold", ids["withheld"]),
            decision("add", ids["drawn"], box=box),
            decision("accept", ids["accepted"]),
            decision("add", ids["mended"], box=box),
            decision("withhold", ids["replaced"], content_version="earlier"),
        ]
    )
    assert unfollowed(lake) == {ids["withheld"], ids["drawn"]}
    placed = Placed(Lake(lake.uri), reviewed.common())
    done = run(Order(placed, tmp_path / "out"))
    assert (done.files, done.left_out) == (4, {"decided, waiting for a run": 2})
    out = "".join(str(file) for file in (tmp_path / "out").rglob("*"))
    assert {name for name in NAMES if ids[name] in out} == set(NAMES) - {"withheld", "drawn"}
