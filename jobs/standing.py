"""What a lake holds: counted from its tables, without any image. Runs on the driver, without Spark."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import pyarrow as pa

from anonymizer_udfs.outcome import Status
from conf.settings import Settings
from jobs import mlflow_store
from jobs.context import tiers_of
from jobs.due import Due, evaluation_due
from jobs.errors import LakeError
from jobs.lake import Lake

STARTS = ("started", "resumed")
_RUN_EVENTS = (*STARTS, "finished", "failed", "erased")


@dataclass(frozen=True)
class Share:
    """Images of one status and reason."""

    status: str
    reason: str | None
    images: int
    faces: int


@dataclass(frozen=True)
class Method:
    """Regions of one kind that one method changed."""

    kind: str
    method: str
    regions: int


@dataclass(frozen=True)
class PolicyUse:
    """Images that one policy digest treated; ``current`` where the newest run has that digest, for some data set."""

    policy: str | None
    policy_digest: str
    images: int
    current: bool


@dataclass(frozen=True)
class Run:
    """One run, from its events.

    Attributes:
        state: ``finished``, ``failed``, ``erased``, or ``unfinished``: it runs now, or was cut off.
        sittings: how often it was started or resumed.
        seconds: what its last sitting took; null where it is unfinished.
        images: what it had done when it finished; null before.
    """

    run_id: str
    job: str
    policy: str | None
    state: str
    began: datetime
    sittings: int
    seconds: float | None
    images: int | None


@dataclass(frozen=True)
class Standing:
    """All that ``faceveil status`` says.

    Attributes:
        shares: images by status and reason.
        size_bytes: of the files that the tables' newest versions consist of.
        ledger_events: how many events form an unbroken chain.
        ledger_problem: where the chain is broken, if it is.
        mlflow: where the runs' figures are, or ``None`` where tracking is off.
        erased: how many images were ever erased, by the tombstones in the ledger.
        due: why nothing may be released before an evaluation; none where nothing speaks against it.
    """

    lake: str
    shares: tuple[Share, ...]
    methods: tuple[Method, ...]
    policies: tuple[PolicyUse, ...]
    runs: tuple[Run, ...]
    size_bytes: int
    files: int
    table_versions: dict[str, int]
    ledger_events: int
    ledger_problem: str | None
    mlflow: str | None
    erased: int = 0
    due: Due | None = None

    @property
    def images(self) -> int:
        """All images."""
        return sum(share.images for share in self.shares)

    @property
    def faces(self) -> int:
        """All regions."""
        return sum(share.faces for share in self.shares)

    def count(self, *statuses: Status) -> int:
        """Return the images of some statuses."""
        return sum(share.images for share in self.shares if share.status in set(statuses))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {"images": self.images, "faces": self.faces} | asdict(self)


def standing(lake: Lake, settings: Settings) -> Standing:
    """Return how a lake stands."""
    events = lake.ledger.events()
    size_bytes, files = _size(lake)
    known, problem = _ledger(lake)
    return Standing(
        lake=lake.uri,
        shares=tuple(Share(**row) for row in _rows(lake, _SHARES)),
        methods=tuple(Method(**row) for row in _rows(lake, _METHODS)),
        policies=tuple(_policies(lake, events)),
        runs=tuple(_runs(events)),
        size_bytes=size_bytes,
        files=files,
        table_versions=lake.tables.versions(),
        ledger_events=known,
        ledger_problem=problem,
        mlflow=mlflow_store.place(settings, lake.uri).shown() if settings.tracking.enabled else None,
        erased=sum(dict(e["counts"] or {}).get("images", 0) for e in events if e["event"] == "erased"),
        due=evaluation_due(events),
    )


_SHARES = (
    "SELECT status, reason, COUNT(*) AS images, CAST(COALESCE(SUM(cardinality(faces)), 0) AS BIGINT) AS faces "
    "FROM images GROUP BY status, reason ORDER BY status, reason"
)
_METHODS = (
    "SELECT kind, method, COUNT(*) AS regions FROM (SELECT face.kind AS kind, face.method AS method FROM "
    "(SELECT unnest(faces) AS face FROM images)) GROUP BY kind, method ORDER BY regions DESC, kind, method"
)
_POLICIES = "SELECT policy_digest, COUNT(*) AS images FROM images GROUP BY policy_digest ORDER BY images DESC"


def _rows(lake: Lake, sql: str) -> list[dict[str, Any]]:
    return list(lake.tables.query(sql).to_pylist())


def _policies(lake: Lake, events: list[dict[str, Any]]) -> Iterator[PolicyUse]:
    runs = [_digests(e) for e in events if e["policy_digest"]]
    said = {digest: name for one in runs for digest, name in one.items()}
    newest = runs[-1] if runs else {}
    for row in _rows(lake, _POLICIES):
        digest = row["policy_digest"]
        yield PolicyUse(said.get(digest), digest, row["images"], digest in newest)


def _digests(event: dict[str, Any]) -> dict[str, str]:
    """Return the digest of each policy of a run, and its name: the run's own, and those of data sets."""
    tiers = {digest: name for name, digest in tiers_of(event["settings"]).items()}
    return tiers | {event["policy_digest"]: event["policy"]}


def _runs(events: list[dict[str, Any]]) -> Iterator[Run]:
    """Yield the runs, newest first."""
    mine = sorted((e for e in events if e["event"] in _RUN_EVENTS), key=lambda e: (e["run_id"], e["event_seq"]))
    runs = [_run(list(group)) for _, group in groupby(mine, key=lambda e: e["run_id"])]
    yield from sorted(runs, key=lambda run: run.began, reverse=True)


def _run(events: list[dict[str, Any]]) -> Run:
    starts = [e["at"] for e in events if e["event"] in STARTS]
    last = events[-1]
    done = last["event"] not in STARTS
    counts = dict(last["counts"] or {})
    return Run(
        run_id=last["run_id"],
        job=last["job"],
        policy=last["policy"],
        state=last["event"] if done else "unfinished",
        began=events[0]["at"],
        sittings=len(starts),
        seconds=(last["at"] - starts[-1]).total_seconds() if done and starts else None,
        images=sum(counts.get(s.value, 0) for s in Status) if last["event"] == "finished" else None,
    )


def _ledger(lake: Lake) -> tuple[int, str | None]:
    try:
        return lake.ledger.verify(), None
    except LakeError as error:
        return 0, str(error)


def _size(lake: Lake) -> tuple[int, int]:
    adds = [pa.table(lake.tables.open(name).get_add_actions(flatten=True)) for name in lake.tables.declared]
    return sum(sum(add.column("size_bytes").to_pylist()) for add in adds), sum(add.num_rows for add in adds)
