"""One evaluation of a lake: who it was made by, what is attacked, what is told. Runs on the driver."""

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anonymizer_udfs import __version__
from anonymizer_udfs.attacks import ATTACKERS
from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.evaluation import attacking
from anonymizer_udfs.evaluation.attacking import Means
from anonymizer_udfs.evaluation.examining import ExamineSpec
from anonymizer_udfs.evaluation.views import Lookers
from anonymizer_udfs.evidence import Figure
from anonymizer_udfs.keys import KEY_BYTES, Key
from anonymizer_udfs.recognition import Recognizer
from anonymizer_udfs.spec import Limits, Provenance, Tier, WorkerSpec
from jobs import context, labels, madeby, progress, session, sparkerrors, tracking, tracking_evaluation
from jobs.context import Treatment
from jobs.errors import UsageError
from jobs.evaluated import Report
from jobs.evaluating import MOST_PEOPLE, Beside, Seen, attacked, counted
from jobs.labels import Labels
from jobs.lake import SparkLake
from jobs.ledger import Event
from jobs.metrics import Metrics
from jobs.models import registry
from jobs.placed import Placed

JOB = "evaluate"
SEED = 20_240_501
"""Of all that an evaluation draws: galleries, folds, resamples. The same lake gives the same figures."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Asked:
    """What a command line asks for.

    Attributes:
        labels: a file that says who is on which photo; none: nobody knows.
        groups: its columns whose groups are told apart, by their values.
        policies: files of policies by which the lake was made.
        panel: recognizers beside those of the policies.
        attackers: names of the family.
        people: so many are attacked at most.
        content_column: the column of a table source that holds the images.
        confidence: of all bounds.
    """

    labels: Path | None = None
    groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    panel: tuple[str, ...] = ()
    attackers: tuple[str, ...] = tuple(ATTACKERS)
    people: int = MOST_PEOPLE
    content_column: str | None = None
    confidence: float = CONFIDENCE


def run(placed: Placed, asked: Asked) -> Report:
    """Attack a lake, write the figures, and return them.

    Raises:
        VaultError: there is no vault: nobody else knows where originals are.
        UsageError: the lake was made by a policy that is not there any more.
    """
    clock = time.monotonic()
    vault, key, common = placed.vault(), placed.key(), placed.common
    known = madeby.treatments(placed, asked.policies)
    people = _labels(placed, asked, key)
    tracking.prepare(common.settings)
    with progress.waiting("starting Spark"):
        spark = session.create(common.settings, common.storage)
    with sparkerrors.translated():
        files: dict[str, Path] = {}
        for one in known.values():
            files |= (one.files if common.settings.models.ship else {}) | one.learned
        session.ship(spark, files)
        lake = SparkLake(placed.lake.uri, spark, common.storage)
        who = _recognizers(known, asked, placed)
        started = _event(placed, lake, key, known, who)
        number = lake.ledger.append(started)
        try:
            told = None if people is None else people.rows
            spec = _spec(placed, asked, key, known, started.run_id, who, inside=people is None)
            means = _means(placed, asked, known, who, itself=people is None)
            seen = Seen.of(spark, Beside(lake, vault, told), spec, asked.people)
            try:
                figures = tuple(_figures(placed, seen, asked, means, labelled=people is not None))
            finally:
                seen.release()
            seconds = time.monotonic() - clock
            figures += (Figure("evaluation", "seconds", round(seconds, 1), cases=1),)
            Metrics(lake).append(figures, started.run_id, number)
        except BaseException:
            with contextlib.suppress(FaceveilError):  # what stopped the run is what has to be told
                lake.ledger.append(started.then("failed"))
            raise
        finished = started.then("finished", table_versions=lake.tables.versions(), **_told(figures))
        lake.ledger.append(finished)
    tracked = tracking_evaluation.track(common.settings, lake, finished, figures, {})
    return Report(started.run_id, lake.uri, figures, people, seconds, tracked)


def _figures(placed: Placed, seen: Seen, asked: Asked, means: Means, *, labelled: bool) -> Iterator[Figure]:
    with progress.waiting("seeing each image beside its original"):
        counts = seen.counts()
    quarantined = "SELECT COUNT(*) AS n FROM images WHERE status = 'quarantined'"
    yield from counted(counts, int(placed.lake.tables.query(quarantined).to_pylist()[0]["n"]))
    if counts["faces"]:
        with progress.waiting("attacking"):
            yield from attacked(seen.faces(), attacking.steps(means.names, asked.attackers, labelled=labelled), means)


def _told(figures: Sequence[Figure]) -> dict[str, Any]:
    """Return what the run's event says: the counts, and the highest rank-1 of any attack."""
    counts = {one.name: int(one.value or 0) for one in figures if one.scope in {"evaluation", "images"}}
    rates = [one for one in figures if (one.scope, one.name) == ("attack", "rank1") and one.value is not None]
    worst = max(rates, key=lambda one: one.high or 0.0, default=None)
    values = {} if worst is None else {"rank1_worst": float(worst.value or 0), "rank1_worst_high": worst.high or 0.0}
    return {"counts": counts, "figures": values}


def _labels(placed: Placed, asked: Asked, key: Key) -> Labels | None:
    if asked.labels is None:
        return None
    found = labels.read(asked.labels, key, placed.names().items(), asked.groups)
    if not found.rows:
        raise UsageError("--labels names no image of this lake; path is relative to the source, or give image_id")
    return found


def _recognizers(known: Mapping[str, Treatment], asked: Asked, placed: Placed) -> tuple[Recognizer, ...]:
    """Return all recognizers of the policies and those asked for, each of another name."""
    mine = {member.recognizer.name: member.recognizer for one in known.values() for member in one.panel.members}
    more = context.recognizers(asked.panel, placed.common.settings, registry()) if asked.panel else []
    return tuple((mine | {one.name: one for one in more}).values())


def _event(
    placed: Placed, lake: SparkLake, key: Key, known: Mapping[str, Treatment], who: Sequence[Recognizer]
) -> Event:
    digests = {name: value for one in known.values() for name, value in one.model_digests.items()}
    asked = {"limit": None, "retry": None}
    return Event(
        run_id=f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        event="started",
        job=JOB,
        policy=",".join(known),
        key_id=key.key_id,
        pipeline_version=__version__,
        settings=context.settings_json(placed.common.settings, asked, {}, {n: one.digest for n, one in known.items()}),
        model_digests=digests | {one.model.name: one.model.sha256 for one in who},
        library_versions=context.library_versions(),
        table_versions=lake.tables.versions(),
    )


def _spec(  # noqa: PLR0917 - what an evaluation is made of, once
    placed: Placed,
    asked: Asked,
    key: Key,
    known: Mapping[str, Treatment],
    run_id: str,
    who: tuple[Recognizer, ...],
    *,
    inside: bool,
) -> ExamineSpec:
    common, limits, every = placed.common, placed.common.settings.limits, list(known.values())
    if not every:
        raise UsageError("there is nothing to evaluate: no image of the lake is releasable")
    first, rest = every[0], every[1:]
    roots = dict.fromkeys(root for one in every for root in one.runtime.roots)
    runtime = replace(first.runtime, roots=tuple(roots))
    worker = WorkerSpec(
        policy=first.policy,
        key=key,
        runtime=runtime,
        provenance=Provenance(run_id, __version__, first.digest, (), key.key_id),
        limits=Limits(
            max_pixels=limits.max_pixels,
            max_bytes=limits.max_bytes,
            read_ahead_bytes=limits.read_ahead_bytes,
            read_threads=limits.read_threads,
        ),
        storage=common.storage,
        content_column=asked.content_column,
        tiers=tuple(Tier(one.policy, one.digest, ()) for one in rest),
    )
    stranger = Key(secrets.token_bytes(KEY_BYTES))
    return ExamineSpec(worker, stranger, Lookers(who, runtime), inside=inside, controls=not inside)


def _means(
    placed: Placed, asked: Asked, known: Mapping[str, Treatment], who: tuple[Recognizer, ...], *, itself: bool
) -> Means:
    first = next(iter(known.values()))
    settings = placed.common.settings
    limits = {one.name: context.thresholds(one, first.policy, settings, context.FMR) for one in who}
    thresholds = tuple((name, min(values.values())) for name, values in limits.items() if values)
    found = tuple((one.name, value) for one in who if (value := context.found_clear(one, settings)) is not None)
    return Means(who, thresholds, found, first.runtime, SEED, asked.confidence, itself=itself)
