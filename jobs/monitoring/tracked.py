"""A run's drift in MLflow: figures of scope ``monitor``, nested under the run that they are of. Runs on the driver."""

from collections.abc import Sequence

from anonymizer_udfs.evidence.figure import Figure
from conf.settings import Settings
from jobs import tracking_nested
from jobs.lake import Lake
from jobs.ledger import Event
from jobs.tracking_nested import Nested, metrics


def track(settings: Settings, lake: Lake, event: Event, figures: Sequence[Figure], of: str) -> str | None:
    """Log what a monitor found and return where.

    Args:
        settings: of the command.
        lake: where it was found.
        event: the monitor's event in the ledger.
        figures: what it measured.
        of: id of the run that it looked at.

    Returns:
        A line for people; ``None`` if tracking is off or failed, which is told on stderr.
    """

    def told() -> Nested:
        # The run is what these are nested under, so its id is in no name: a chart then has a line over many runs.
        rows = [(_bare(name, of), value, step) for name, value, step in metrics(figures)]
        return Nested(f"run {of} beside those before it", [of], rows)

    return tracking_nested.track(settings, lake, event, "what was found", told)


def _bare(name: str, of: str) -> str:
    """Return a figure's name without the run and the state that it had there.

    Examples:
        >>> _bare("monitor/psi.confidence.r1.drifted", "r1"), _bare("monitor/share.failed.r1.baseline", "r1")
        ('monitor/psi.confidence', 'monitor/share.failed.baseline')
    """
    before, _, after = name.partition(f".{of}")
    side = after.removeprefix(".")
    return f"{before}.{side}" if side.startswith(("run", "baseline")) else before
