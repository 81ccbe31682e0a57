"""The table ``metrics``: what evaluations measured. Runs on the driver, without Spark.

It is in a lake from its first evaluation on, so that a lake that nobody evaluated can be read by all other commands.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from anonymizer_udfs.evidence.figure import Figure
from jobs.lake import Lake
from jobs.tables import Tables
from schemas import METRIC_TABLES, METRICS

APP = "metrics"
MONITOR_APP = "metrics/monitor"
"""Of what ``faceveil monitor`` writes, which may be while an evaluation goes on."""


class Metrics:
    """Figures of the evaluations of a lake.

    Args:
        lake: the lake.
    """

    def __init__(self, lake: Lake) -> None:
        self.tables = Tables(lake.uri, METRIC_TABLES, lake.tables.storage)

    def append(self, figures: Iterable[Figure], run_id: str, number: int, app: str = APP) -> None:
        """Add the figures of a run, in one commit.

        Args:
            figures: what was measured.
            run_id: by whom.
            number: of the ledger's event that began the run, so that two runs cannot take one another's place.
            app: whose numbers these are; what may be written while an evaluation goes on has another one.
        """
        self.tables.create()
        now = datetime.now(UTC)
        rows = [{**one.row(), "run_id": run_id, "measured_at": now} for one in figures]
        self.tables.append_rows(METRICS.name, rows, app, number)

    def of(self, run_id: str) -> list[Figure]:
        """Return the figures of a run; none where there are none."""
        if not self.tables.exist():
            return []
        # One run at a time, and read whole: it is some hundred rows.
        rows = self.tables.query("SELECT * FROM metrics").to_pylist()
        return [Figure.from_row(row) for row in rows if row["run_id"] == run_id]

    def by_run(self, scope: str) -> dict[str, list[Figure]]:
        """Return all figures of a scope, by the run that measured them; none where there are none."""
        if not self.tables.exist():
            return {}
        out: dict[str, list[Figure]] = {}
        for batch in self.tables.batches(f"SELECT * FROM metrics WHERE scope = '{word(scope)}'"):  # noqa: S608 - a word
            for row in batch.to_pylist():
                out.setdefault(row["run_id"], []).append(Figure.from_row(row))
        return out


def word(scope: str) -> str:
    """Return a scope if it is a word, which has no quote in it.

    Raises:
        ValueError: for anything else.
    """
    if not scope.isidentifier():
        raise ValueError("expected a scope such as monitor")
    return scope
