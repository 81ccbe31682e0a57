"""An evaluation in MLflow: its figures, nested under the run whose images it attacked. Runs on the driver."""

from collections.abc import Mapping, Sequence

from anonymizer_udfs.evidence import Figure
from conf.settings import Settings
from jobs import tracking_nested
from jobs.lake import Lake
from jobs.ledger import Event
from jobs.tracking_nested import Nested, metrics


def track(
    settings: Settings, lake: Lake, event: Event, figures: Sequence[Figure], files: Mapping[str, str]
) -> str | None:
    """Log a finished evaluation and return where.

    Args:
        settings: of the run.
        lake: which was evaluated.
        event: the evaluation's ``finished`` event.
        figures: what it measured.
        files: further files by name, such as the report.

    Returns:
        A line for people; ``None`` if tracking is off or failed, which is told on stderr.
    """

    def told() -> Nested:
        events = [(one["job"], one["event"], one["run_id"]) for one in lake.ledger.events()]
        made = [run_id for job, kind, run_id in events if (job, kind) == ("anonymize", "finished")]
        note = f"evaluation of {int(_count(figures, 'faces')):,} faces"
        return Nested(note, made[::-1], list(metrics(figures)), _params(event), files)

    return tracking_nested.track(settings, lake, event, "this evaluation", told)


def _count(figures: Sequence[Figure], name: str) -> float:
    return next((one.value or 0.0 for one in figures if (one.scope, one.name) == ("evaluation", name)), 0.0)


def _params(event: Event) -> dict[str, str]:
    """Return what went into an evaluation."""
    said = {
        "key_id": event.key_id,
        "policy": event.policy,
        "pipeline_version": event.pipeline_version,
        **{f"model.{name}": value for name, value in event.model_digests.items()},
        **{f"library.{name}": value for name, value in event.library_versions.items()},
        **{f"table_version.{name}": str(value) for name, value in event.table_versions.items()},
    }
    return {name: str(value) for name, value in said.items() if value is not None}
