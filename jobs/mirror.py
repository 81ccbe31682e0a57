"""``anonymize --mirror``: rows whose source is gone are erased, so that the lake follows the archive. On the driver.

Only rows that a run over this very source wrote are asked about: a lake may hold several. What comes back to the source
is taken again, so nothing is suppressed. A listing that is empty or has lost more than half is refused: a share that is
not mounted, or a filter that is wrong, looks like that, and must not empty a lake.
"""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses

from jobs import targets
from jobs.erasing import Erased, Eraser
from jobs.erasures import MIRROR, Order
from jobs.errors import UsageError
from jobs.ledger import new_run_id
from jobs.placed import Placed

FORCE = "--mirror-lost"


@dataclass(frozen=True)
class Lost:
    """How many rows of a source there are, and which of them it no longer has."""

    known: int
    image_ids: tuple[str, ...]

    def check(self, listed: int, source: str, forced: str | None) -> None:
        """Refuse what looks like a source that is not there.

        Args:
            listed: images of the listing.
            source: as typed.
            forced: the source once more, where this is meant.

        Raises:
            UsageError: the listing is empty, or more than half of the rows would go.
        """
        many = not listed or 2 * len(self.image_ids) > self.known
        if self.image_ids and many and forced != source:
            raise UsageError(
                f"--mirror would erase {len(self.image_ids)} of {self.known} images of this source, and it lists "
                f"{listed} now: is it mounted, and complete? Nothing was done. If this is meant, repeat its name: "
                f"{FORCE} SOURCE"
            )


def lost(images: DataFrame, listed: DataFrame, runs: list[str]) -> Lost:
    """Return which rows of some runs are not in a listing.

    Args:
        images: the table.
        listed: the whole listing of the source.
        runs: all runs over this source.
    """
    mine = images.where(F.col("run_id").isin(runs)).select("image_id")
    gone = mine.join(listed.select("image_id"), "image_id", "left_anti").collect()
    return Lost(mine.count(), tuple(sorted(row["image_id"] for row in gone)))


def follow(placed: Placed, eraser: Eraser, found: Lost) -> Erased | None:
    """Erase what a source no longer has; none where nothing is gone."""
    if not found.image_ids:
        return None
    return eraser.erase(order(placed, found))


def order(placed: Placed, found: Lost) -> Order:
    """Return the order for it."""
    return targets.order(placed, new_run_id(), found.image_ids, MIRROR)
