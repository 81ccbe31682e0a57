"""What people decided and no run has followed yet: images that must not leave the lake as they are. Without Spark."""

from jobs.decisions import Decisions
from jobs.lake import Lake
from jobs.reviewing.deciding import standings

STRICT = 2
"""As if two had to agree: then whoever withholds is heeded, whatever somebody else said after."""


def unfollowed(lake: Lake) -> frozenset[str]:
    """Return the images that somebody withheld, or asked more protection for, and that are still as they were.

    Raises:
        LakeError: decisions were changed or dropped by hand.
    """
    found = Decisions(lake).all()
    if not found:
        return frozenset()
    stand = standings(found, lambda _: STRICT)
    followed = ", decided" if "decided" in lake.tables.columns("images") else ""
    rows = lake.tables.query(f"SELECT image_id, content_version{followed} FROM images").to_pylist()  # noqa: S608 - ours
    out = set()
    for row in rows:
        mine = stand.get((row["image_id"], row["content_version"]))
        asks = mine is not None and bool(mine.decided.withheld or mine.decided.added or mine.decided.least)
        if mine is not None and asks and row.get("decided") != mine.decided.upto:
            out.add(str(row["image_id"]))
    return frozenset(out)
