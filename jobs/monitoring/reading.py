"""What runs measured, as histograms over their rows: counted inside the query engine, without any image.

What is held is one count for each combination of bins, some ten thousand at most, whatever the number of rows.

A run's rows are read at the version of the table in which it finished, and those of its baseline at the version in
which the last of that finished: a later run takes the place of rows, and would leave of the baseline what nobody
treated again. Where that version is no longer kept, the rows of today are read, and that is said.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from jobs import stores
from jobs.lake import Lake
from jobs.monitoring.distances import Share
from jobs.monitoring.runs import Compared, Run

FACES_MOST = 64
CONFIDENCES = 100
SIZES_A_DOUBLING = 12
WORK_A_DOUBLING = 4
SCORES = 100
_Counts = dict[int, int]


@dataclass
class Measured:
    """What the rows of one side say.

    Attributes:
        images: how many rows, those in quarantine as well.
        distributions: a histogram by name, of :data:`jobs.monitoring.judging.DISTRIBUTIONS`; scores by ``score.NAME``.
        shares: how many of how many, by name.
        current: whether rows of today had to be read in place of those of then.
    """

    images: int = 0
    distributions: dict[str, _Counts] = field(default_factory=dict)
    shares: dict[str, Share] = field(default_factory=dict)
    current: bool = False


def measured(lake: Lake, pair: Compared) -> tuple[Measured, Measured]:
    """Return what the baseline's rows say, and what the run's do."""
    return _side(lake, pair.baseline), _side(lake, [pair.run])


def _side(lake: Lake, some: Sequence[Run]) -> Measured:
    if not some:
        return Measured()
    runs, version = [one.run_id for one in some], some[-1].version
    if version is not None:
        try:
            return _counted(_at(lake, version), runs)
        except Exception:  # noqa: BLE001 - a version or a file of it is gone, and the engine says so in no narrower way
            return _today(lake, runs)
    return _today(lake, runs)


def _today(lake: Lake, runs: Sequence[str]) -> Measured:
    found = _counted(lake.tables.open("images"), runs)
    found.current = True
    return found


def _at(lake: Lake, version: int) -> DeltaTable:
    uri = lake.tables.table_uri("images")
    options = stores.delta_options(uri, lake.tables.storage)
    return DeltaTable(stores.delta_uri(uri), version=version, storage_options=options)


def _counted(table: DeltaTable, runs: Sequence[str]) -> Measured:
    mine = ", ".join("'" + run.replace("'", "''") + "'" for run in runs)
    builder = QueryBuilder().register("images", table)

    def ask(sql: str) -> Iterable[Mapping[str, Any]]:
        for batch in builder.execute(sql.format(mine=f"run_id IN ({mine})")):
            yield from pa.record_batch(batch).to_pylist()

    return _summed(ask)


def _summed(ask: Callable[[str], Iterable[Mapping[str, Any]]]) -> Measured:
    out = Measured()
    faces: _Counts = {}
    work: _Counts = {}
    held: dict[str, int] = {}
    found = residual = 0
    for row in ask(_IMAGES):
        n = int(row["n"])
        out.images += n
        held[row["status"]] = held.get(row["status"], 0) + n
        found, residual = found + int(row["found"] or 0), residual + int(row["residual"] or 0)
        if row["status"] != "quarantined":
            _add(faces, row["faces"], n)
            _add(work, row["work"], n)
    confidences: _Counts = {}
    sizes: _Counts = {}
    escalated = treated = 0
    for row in ask(_FACES):
        n = int(row["n"])
        treated, escalated = treated + n, escalated + n * int(row["escalated"])
        _add(confidences, row["confidence"], n)
        _add(sizes, row["size"], n)
    scores: dict[str, _Counts] = {}
    for row in ask(_SCORES):
        _add(scores.setdefault(f"score.{row['recognizer']}", {}), row["score"], int(row["n"]))
    out.distributions = {"faces": faces, "confidence": confidences, "size": sizes, **scores, "cost": work}
    out.shares = {
        "residual": Share(min(residual, found), found),
        "escalated": Share(escalated, treated),
        "review": Share(held.get("review", 0), out.images),
        "failed": Share(held.get("quarantined", 0), out.images),
    }
    return out


def _add(counts: _Counts, place: Any, n: int) -> None:
    if place is not None:
        counts[int(place)] = counts.get(int(place), 0) + n


_IMAGES = (
    f"SELECT status, LEAST(cardinality(faces), {FACES_MOST}) AS faces, "  # noqa: S608 - numbers of ours
    f"CASE WHEN duration_ms > 0 THEN CAST(floor(log2(duration_ms) * {WORK_A_DOUBLING}) AS BIGINT) END AS work, "
    "COUNT(*) AS n, SUM(cardinality(faces)) AS found, SUM(residual) AS residual "
    "FROM images WHERE {mine} GROUP BY 1, 2, 3"
)
_AREA = "(face['box']['x1'] - face['box']['x0']) * (face['box']['y1'] - face['box']['y0'])"
_FACES = (
    f"SELECT CAST(floor(face['confidence'] * {CONFIDENCES}) AS BIGINT) AS confidence, "  # noqa: S608 - numbers of ours
    f"CASE WHEN {_AREA} > 0 THEN CAST(floor(log2({_AREA}) * {SIZES_A_DOUBLING / 2:g}) AS BIGINT) END AS size, "
    "CASE WHEN face['steps'] > 1 THEN 1 ELSE 0 END AS escalated, COUNT(*) AS n "
    "FROM (SELECT unnest(faces) AS face FROM images WHERE {mine}) GROUP BY 1, 2, 3"
)
_SCORES = (
    f"SELECT attack['recognizer'] AS recognizer, CAST(floor(attack['after'] * {SCORES}) AS BIGINT) AS score, "  # noqa: S608
    "COUNT(*) AS n FROM (SELECT face['steps'] AS steps, unnest(face['attacks']) AS attack "
    "FROM (SELECT unnest(faces) AS face FROM images WHERE {mine})) "
    "WHERE attack['after'] IS NOT NULL AND (attack['step'] IS NULL OR attack['step'] = steps) GROUP BY 1, 2"
)
