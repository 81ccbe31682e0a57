"""What a run of ``anonymize`` tells those who watch machines: the log for programs, and Prometheus. Driver only."""

from collections.abc import Mapping
from typing import Self

from anonymizer_udfs.outcome import Status
from conf.groups import Prometheus
from jobs import logs
from jobs.figures import Figures
from jobs.ledger import Event
from jobs.meters import Meters
from jobs.plan import Batch

_REASON = "reason."


class Telling:
    """Tells of one run, from its beginning to its end.

    Args:
        wanted: where figures for Prometheus go.
        policy: the run's.
    """

    def __init__(self, wanted: Prometheus, policy: str) -> None:
        self._meters, self._run_id = Meters(wanted, policy), ""

    def started(self, event: Event, epoch: int) -> None:
        """Tell that it is in the ledger."""
        self._run_id = event.run_id
        ids = {"run_id": event.run_id, "policy_digest": event.policy_digest, "key_id": event.key_id}
        logs.event(event.event, {**ids, "epoch": epoch})

    def planned(self, listed: int, todo: int, batches: int) -> None:
        """Tell how much there is to do."""
        logs.event("planned", {"run_id": self._run_id, "listed": listed, "todo": todo, "batches": batches})
        self._meters.planned(listed, todo)

    def committed(self, batch: Batch, faces: int, seconds: Mapping[str, float]) -> None:
        """Tell of a commit; ``seconds`` is work by step, over all cores."""
        said: dict[str, logs.Field] = {"batch": batch.number, "images": batch.images, "faces": faces}
        said |= {f"seconds_{step}": round(value, 3) for step, value in seconds.items()}
        logs.event("committed", {"run_id": self._run_id, "operation": batch.operation} | said)
        self._meters.committed(faces, seconds)

    def finished(self, figures: Figures, seconds: float) -> None:
        """Tell what became of the images."""
        counts = figures.counts
        statuses: dict[str, int] = {one.value: counts.get(one.value, 0) for one in Status}
        reasons = {name.removeprefix(_REASON): n for name, n in counts.items() if name.startswith(_REASON)}
        said: dict[str, logs.Field] = {"run_id": self._run_id, "seconds": round(seconds, 3), **statuses}
        logs.event("finished", said | {f"reason_{name}": n for name, n in reasons.items()})
        self._meters.finished(statuses, reasons)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Tell of a run that ended with an error; which one, the command's own line says."""
        if kind is not None:
            self._meters.failed()
