"""One evaluation of a lake: who it was made by, what is attacked, what is told. Runs on the driver."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import SparkSession

from anonymizer_udfs import __version__
from anonymizer_udfs.comparing import Comparer
from anonymizer_udfs.detection import Detector
from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.evaluation import attacking
from anonymizer_udfs.evaluation.attacking import Means
from anonymizer_udfs.evaluation.examining import ExamineSpec
from anonymizer_udfs.evaluation.guessing import LEAST_RECOGNIZERS
from anonymizer_udfs.evaluation.views import Lookers
from anonymizer_udfs.evidence import Figure
from anonymizer_udfs.keys import Key
from anonymizer_udfs.landmarks.base import Landmarker
from anonymizer_udfs.recognition import Recognizer
from anonymizer_udfs.spec import Provenance, Tier, WorkerSpec
from jobs import (
    canaries,
    context,
    donating,
    erasures,
    gate,
    labels,
    madeby,
    measurers,
    orders,
    progress,
    session,
    sparkerrors,
    tracking,
    tracking_evaluation,
)
from jobs.context import Treatment
from jobs.errors import UsageError
from jobs.evaluation_asked import Asked
from jobs.evaluation_report import Report
from jobs.evaluation_stages import (
    MEASURED,
    Beside,
    Most,
    Seen,
    attacked,
    compared,
    counted,
    kept_groups,
    visible_by_consent,
)
from jobs.labels import Labels
from jobs.lake import SparkLake
from jobs.ledger import Event, new_run_id
from jobs.metrics import Metrics
from jobs.models import registry
from jobs.placed import Placed
from jobs.plan import TASKS_A_CORE
from jobs.reporting import pages, told
from jobs.standins import StandIns

JOB = "evaluate"
STRANGER = "evaluate/stranger"
"""The purpose for which an attacker's own key is made of the lake's: another one, and the same each time."""
SEED = 20_240_501
"""Of all that an evaluation draws: galleries, folds, resamples. The same lake gives the same figures."""
TRAINED = 1_500
"""Images that models are trained on and asked about, at most."""


def run(placed: Placed, asked: Asked) -> Report:
    """Attack a lake, write the figures and the verdict, and return them.

    Raises:
        VaultError: there is no vault: nobody else knows where originals are.
        UsageError: the lake was made by a policy that is not there any more.
    """
    clock = time.monotonic()
    key, common = placed.key(), placed.common
    erasures.refuse_half(placed.lake, placed.lake.uri)
    known = madeby.treatments(placed, asked.policies)
    people = _labels(placed, asked, key)
    points, files = measurers.landmarker(asked.landmarker, common.settings) if asked.landmarker else (None, {})
    wish = asked.person_detector
    counts, counting = measurers.person_detector(wish, common.settings) if wish else (None, {})
    asking, more = donating.asked(known, common.settings) if people is not None else (None, {})
    files |= more | counting
    tracking.prepare(common.settings)
    with progress.waiting("starting Spark"):
        spark = session.create(common.settings, common.storage)
    with sparkerrors.translated():
        for one in known.values():
            files = {**files, **(one.files if common.settings.models.ship else {}), **one.learned}
        session.ship(spark, files)
        lake = SparkLake(placed.lake.uri, spark, common.storage, placed.signer)
        made = _Evaluating(
            placed, asked, key, known, _recognizers(known, asked, placed), people, points, counts, asking
        )
        return made.report(spark, lake, clock)


@dataclass(frozen=True)
class _Evaluating:
    """One evaluation at work."""

    placed: Placed
    asked: Asked
    key: Key
    known: Mapping[str, Treatment]
    who: tuple[Recognizer, ...]
    people: Labels | None
    landmarker: Landmarker | None
    person_detector: Detector | None
    asking: donating.Asking | None = None

    def report(self, spark: SparkSession, lake: SparkLake, clock: float) -> Report:
        """Do all of it, and say in the lake's ledger that it began, how it ended, and what came of it."""
        started = self._event(lake)
        number = lake.ledger.append(started)
        try:
            figures = tuple(self._figures(spark, lake, started.run_id))
            seconds = time.monotonic() - clock
            figures += (Figure("evaluation", "seconds", round(seconds, 1), cases=1),)
            verdict = gate.judge(self.asked.gate, figures, self._expected(figures))
            Metrics(lake).append((*figures, *verdict.figures()), started.run_id, number)
        except BaseException:
            with contextlib.suppress(FaceveilError):  # what stopped the run is what has to be told
                lake.ledger.append(started.then("failed"))
            raise
        finished = started.then("finished", table_versions=lake.tables.versions(), **_told(figures))
        lake.ledger.append(finished)
        lake.ledger.append(finished.then("verdict", **verdict.recorded()))
        document, _, _ = told.document(lake, self.placed.common.settings, started.run_id)
        pages_made = {"report.html": pages.html(document), "report.md": pages.markdown(document)}
        tracked = tracking_evaluation.track(self.placed.common.settings, lake, finished, figures, pages_made)
        return Report(started.run_id, lake.uri, figures, verdict, self.people, seconds, tracked)

    def _figures(self, spark: SparkSession, lake: SparkLake, run_id: str) -> Iterator[Figure]:
        rows = None if self.people is None else self.people.rows
        beside = Beside(lake, self.placed.vault(), rows)
        most = Most(self.asked.people, self.asked.gallery, TRAINED if self.asked.downstream else MEASURED)
        spec = self._spec(run_id)
        others = StandIns(spark, spec, self._means(), self.asked.attackers, most)
        seen = Seen.of(spark, beside, spec, most)
        try:
            yield from self._of(seen, TASKS_A_CORE * session.cores(spark))
            if spec.whole:
                with progress.waiting("guessing who is who"):
                    yield from others.guessed(seen, beside)
        finally:
            seen.release()
        yield from kept_groups(spark, lake, self.placed)
        if self.asked.planted is not None:
            with canaries.planted(self.placed, spark, self._canaries(), run_id) as planted:
                yield from planted.figures
                with progress.waiting("attacking canaries"):
                    yield from others.canaries(planted)

    def _canaries(self) -> canaries.Asked:
        """Return what is planted: through the policy that the lake's images have where no data set has another."""
        asked = self.asked
        own = [e["policy"] for e in self.placed.lake.ledger.events() if e["job"] == orders.JOB]
        return canaries.Asked(
            folder=str(asked.planted),
            policy=asked.policies[0] if asked.policies else own[-1],
            count=asked.canary_count,
            seed=SEED,
            keep=asked.keep_canaries,
            confidence=asked.gate.confidence,
            content_column=asked.content_column,
        )

    def _of(self, seen: Seen, tasks: int) -> Iterator[Figure]:
        with progress.waiting("seeing each image beside its original"):
            counts = seen.counts()
        quarantined = "SELECT COUNT(*) AS n FROM images WHERE status = 'quarantined'"
        yield from counted(counts, int(self.placed.lake.tables.query(quarantined).to_pylist()[0]["n"]))
        yield visible_by_consent(self.placed.lake)
        yield from seen.kept()
        means = self._means()
        if counts["faces"]:
            steps = attacking.steps(means.names, self.asked.attackers, labelled=self.people is not None)
            steps += [] if self.asking is None else self.asking.steps(means.names)
            with progress.waiting("attacking"):
                yield from attacked(seen.faces(), steps, means)
                yield from compared(seen.faces(), means, self.asked.attackers, tasks)
        if self.asked.downstream:
            with progress.waiting("training models on both"):
                yield from seen.trained(SEED, self.asked.downstream)

    def _expected(self, figures: Sequence[Figure]) -> gate.Expected:
        """Return what had to be measured, by the lake and the command line."""
        policies = [one.policy for one in self.known.values()]
        return gate.Expected(
            recognizers=tuple(one.name for one in self.who),
            plates=any(one.plate is not None for one in policies),
            k_same=any(one.scope == "k_same" for one in figures),
            groups=self.asked.groups,
        )

    def _event(self, lake: SparkLake) -> Event:
        digests = {name: value for one in self.known.values() for name, value in one.model_digests.items()}
        policies = {name: one.digest for name, one in self.known.items()}
        asked = {"limit": None, "retry": None}
        return Event(
            run_id=new_run_id(),
            event="started",
            job=JOB,
            policy=",".join(self.known),
            key_id=self.key.key_id,
            pipeline_version=__version__,
            settings=context.settings_json(self.placed.common.settings, asked, {}, policies),
            model_digests=digests | {one.model.name: one.model.sha256 for one in self.who},
            library_versions=context.library_versions(),
            table_versions=lake.tables.versions(),
        )

    def _spec(self, run_id: str) -> ExamineSpec:
        """Return what workers are told who see images beside their originals."""
        common, every = self.placed.common, list(self.known.values())
        if not every:
            raise UsageError("there is nothing to evaluate: no image of the lake is releasable")
        first, rest = every[0], every[1:]
        roots = dict.fromkeys(root for one in every for root in one.runtime.roots)
        runtime = replace(first.runtime, roots=tuple(roots))
        worker = WorkerSpec(
            policy=first.policy,
            key=self.key,
            runtime=runtime,
            provenance=Provenance(run_id, __version__, first.digest, (), self.key.key_id),
            limits=context.limits(common.settings),
            storage=common.storage,
            content_column=self.asked.content_column,
            tiers=tuple(Tier(one.policy, one.digest, ()) for one in rest),
        )
        unknown = self.people is None
        return ExamineSpec(
            worker,
            self.key.derived(STRANGER),
            Lookers(self.who, runtime),
            inside=unknown,
            controls=not unknown,
            comparer=Comparer(first.policy.searcher, runtime, landmarker=self.landmarker, people=self.person_detector),
            small=self.asked.downstream is not None,
            donating=None if self.asking is None else self.asking.landmarker,
            whole=unknown and len(self._means().thresholds) >= LEAST_RECOGNIZERS,
        )

    def _means(self) -> Means:
        """Return what all attacks have."""
        first, settings = next(iter(self.known.values())), self.placed.common.settings
        limits = {one.name: context.thresholds(one, first.policy, settings, context.FMR) for one in self.who}
        thresholds = tuple((name, min(values.values())) for name, values in limits.items() if values)
        found = tuple(
            (one.name, value) for one in self.who if (value := context.found_clear(one, settings)) is not None
        )
        confidence = self.asked.gate.confidence
        return Means(self.who, thresholds, found, first.runtime, SEED, confidence, itself=self.people is None)


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
    found = labels.read(asked.labels, key, placed.names, asked.groups, asked.downstream)
    if not found.rows:
        raise UsageError("--labels names no image of this lake; path is relative to the source, or give image_id")
    return found


def _recognizers(known: Mapping[str, Treatment], asked: Asked, placed: Placed) -> tuple[Recognizer, ...]:
    """Return all recognizers of the policies and those asked for, each of another name."""
    mine = {member.recognizer.name: member.recognizer for one in known.values() for member in one.panel.members}
    more = context.recognizers(asked.panel, placed.common.settings, registry()) if asked.panel else []
    return tuple((mine | {one.name: one for one in more}).values())
