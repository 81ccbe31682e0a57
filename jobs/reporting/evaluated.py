"""What was said of a lake: its newest evaluation, judged again from the figures, and whether it is still of this lake.

Runs on the driver, without Spark.
"""

import json
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError

from anonymizer_udfs.evidence.figure import Figure
from conf import gates
from conf.gates import GateError
from jobs import due, stores
from jobs.errors import LakeError, UsageError
from jobs.gate import Expected, judge
from jobs.lake import Lake
from jobs.metrics import Metrics
from jobs.verdict import Verdict, Word

JOB = "evaluate"


@dataclass(frozen=True)
class Evaluation:
    """An evaluation as the lake has it.

    Attributes:
        run_id: whose.
        events: of the run, in order.
        figures: all that it measured.
        verdict: what the gate says of them, judged now.
        alarms: why the verdict's word cannot be kept, if so; one is enough for ``obfuscated``.
        notes: what else a reader should know.
        disagrees: whether the ledger's word is another one than the figures earn.
    """

    run_id: str
    events: tuple[dict[str, Any], ...]
    figures: tuple[Figure, ...]
    verdict: Verdict
    alarms: tuple[str, ...]
    notes: tuple[str, ...] = ()
    disagrees: bool = False

    @property
    def word(self) -> Word:
        """The word that the lake may be called by today."""
        return Word.OBFUSCATED if self.alarms else self.verdict.word


def evaluations(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the events of each evaluation by its run, the oldest first."""
    out: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event["job"] == JOB:
            out.setdefault(event["run_id"], []).append(event)
    return out


def word_of(lake: Lake) -> Word:
    """Return the word that a lake may be called by today: that of its newest verdict, if nothing speaks against it."""
    try:
        lake.ledger.verify()
    except LakeError:
        return Word.OBFUSCATED
    found = evaluation(lake)
    return Word.OBFUSCATED if found is None else found.word


def evaluation(lake: Lake, run_id: str | None = None) -> Evaluation | None:
    """Return an evaluation of a lake; none where there is none.

    Args:
        lake: the lake.
        run_id: which one; without it the newest that has a verdict, else the newest.

    Raises:
        UsageError: there is no evaluation of that run.
    """
    ledger = lake.ledger.events()
    known = evaluations(ledger)
    if run_id is not None and run_id not in known:
        newest = ", ".join(list(known)[-5:]) or "none"
        raise UsageError(f"--run takes the id of an evaluation of this lake; there is none of that id, known: {newest}")
    if not known:
        return None
    judged = [one for one, events in known.items() if _said(events) is not None]
    chosen = run_id or (judged or list(known))[-1]
    events = known[chosen]
    figures = Metrics(lake).of(chosen)
    said = _said(events)
    verdict, alarms = _judged(figures, said)
    later = list(known)[list(known).index(chosen) + 1 :]
    notes = [f"A later evaluation ({later[-1]}) has been begun."] if later else []
    alarms += _changed(lake, events)
    drifted = due.evaluation_due(ledger)
    alarms += [drifted.sentence] if drifted else []
    recorded = (said or {}).get("word", verdict.word.value)
    return Evaluation(
        chosen,
        tuple(events),
        tuple(figures),
        verdict,
        tuple(alarms),
        tuple(notes),
        disagrees=recorded != verdict.word.value,
    )


def history(lake: Lake, most: int) -> list[Evaluation]:
    """Return the newest evaluations that have a verdict, the oldest first; whether images changed is not asked."""
    metrics, out = Metrics(lake), []
    judged = {run: events for run, events in evaluations(lake.ledger.events()).items() if _said(events) is not None}
    for run_id, events in list(judged.items())[-most:]:
        figures = metrics.of(run_id)
        verdict, alarms = _judged(figures, _said(events))
        out.append(Evaluation(run_id, tuple(events), tuple(figures), verdict, tuple(alarms)))
    return out


def _said(events: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what the ledger's verdict says; none without one."""
    found = [event for event in events if event["event"] == "verdict"]
    if not found:
        return None
    try:
        tree = json.loads(found[-1]["settings"] or "{}")
    except ValueError:
        return {}
    return tree if isinstance(tree, dict) else {}


def _judged(figures: list[Figure], said: dict[str, Any] | None) -> tuple[Verdict, list[str]]:
    """Return the verdict on figures by the gate of the record, and why it cannot be kept, if so."""
    alarms = [] if said is not None else ["This evaluation has no verdict: it was cut off, or is still running."]
    said = said or {}
    try:
        gate = gates.checked(said["gate"], "of the verdict") if "gate" in said else gates.load(gates.DEFAULT)
    except GateError as error:
        gate = gates.load(gates.DEFAULT)
        alarms.append(f"It was judged by a gate that is none today: {error}.")
    expected = said.get("expected")
    verdict = judge(gate, figures, Expected.recalled(expected if isinstance(expected, dict) else {}))
    recorded = said.get("word")
    if recorded is not None and recorded != verdict.word.value:
        alarms.append(
            f"The ledger says {recorded!r}, and the figures in the lake earn {verdict.word.value!r}: "
            "one of the two was changed, or another faceveil judged."
        )
    return verdict, alarms


def _changed(lake: Lake, events: list[dict[str, Any]]) -> list[str]:
    """Return why the verdict is not of the images of today, if so."""
    versions = [dict(event["table_versions"] or {}).get("images") for event in events]
    known = [one for one in versions if one is not None]
    if not known:
        return ["It is not recorded of which version of the images this evaluation is."]
    then, now = known[0], lake.tables.versions()["images"]
    if then == now:
        return []
    try:
        changed = _differing(lake, then)
    except (DeltaError, LakeError, *stores.FAILURES):
        return [f"The images were evaluated at version {then} and are at {now} now; the old version is gone."]
    if not changed:
        return []
    return [f"{changed:,} images are not as they were evaluated (version {then}, now {now}): evaluate again."]


def _differing(lake: Lake, then: int) -> int:
    """Return how many images were added, removed or replaced since a version."""
    uri = lake.tables.table_uri("images")
    old = DeltaTable(
        stores.delta_uri(uri), version=then, storage_options=stores.delta_options(uri, lake.tables.storage)
    )
    both = QueryBuilder().register("now", lake.tables.open("images")).register("old", old)
    sql = (
        "SELECT COUNT(*) AS n FROM now FULL OUTER JOIN old ON now.image_id = old.image_id "
        "WHERE now.image_id IS NULL OR old.image_id IS NULL OR now.status <> old.status "
        "OR COALESCE(now.output_sha256, '') <> COALESCE(old.output_sha256, '')"
    )
    rows = both.execute(sql).read_all()
    return int(rows.column("n")[0].as_py())
