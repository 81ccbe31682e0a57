"""What a run says: to workers what to do, to the ledger what it set out to do. Runs on the driver."""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from anonymizer_udfs import __version__
from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources import canonical
from anonymizer_udfs.spec import Measure, Provenance, Tier, WorkerSpec
from anonymizer_udfs.tiers import Tiers
from jobs import context, tiers
from jobs.context import Treatment
from jobs.lake import Lake
from jobs.ledger import Event, new_run_id
from jobs.request import Request

JOB = "anonymize"


def worker_spec(
    request: Request, key: Key, run_id: str, listed: int, suppressed: frozenset[str] = frozenset()
) -> WorkerSpec:
    """Return what workers are told; the sample is a share of the listing, so that a resumed run takes the same one.

    Args:
        request: what is asked for.
        key: of the lake.
        run_id: the run.
        listed: how many images the listing has.
        suppressed: what was erased, as ``jobs.suppression`` has it.
    """
    request = tiers.resolved(request, None)  # of a run it was, from its vault
    settings, treatment = request.common.settings, request.treatment
    roots = itertools.chain.from_iterable(one.runtime.roots for one in request.treatments)
    share = min(1.0, settings.tracking.sample_size / listed) if listed else 0.0
    return WorkerSpec(
        policy=treatment.policy,
        key=key,
        runtime=replace(treatment.runtime, roots=tuple(dict.fromkeys(roots))),
        provenance=Provenance(run_id, __version__, treatment.digest, _digests(treatment), key.key_id, key.noise_key_id),
        limits=context.limits(settings),
        storage=request.common.storage,
        panel=treatment.panel,
        keep=treatment.keep,
        measure=_measure(share),
        content_column=request.source.content_column,
        tiers=tuple(
            Tier(one.policy, one.digest, _digests(one), one.panel, _measure(share), one.keep)
            for one in request.others.values()
        ),
        suppressed=suppressed,
    )


def _digests(treatment: Treatment) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(treatment.model_digests.items()))


def _measure(share: float) -> Measure | None:
    return Measure(share) if share else None


def event(request: Request, lake: Lake, key: Key) -> Event:
    """Return the event that begins the run: ``resumed`` where the last one of the same kind was cut off."""
    treatment, source_id = request.treatment, key.source_id(canonical(request.source.uri))
    settings = _settings(request, key)
    same = [
        e
        for e in lake.ledger.events()
        if (e["job"], e["source_id"], e["policy_digest"]) == (JOB, source_id, treatment.digest)
        and _mapping(e["settings"]) == _mapping(settings)
        and e.get("noise_key_id") == key.noise_key_id
    ]
    cut_off = bool(same) and same[-1]["event"] in {"started", "resumed"}
    return Event(
        run_id=same[-1]["run_id"] if cut_off else new_run_id(),
        event="resumed" if cut_off else "started",
        job=JOB,
        source_id=source_id,
        policy=treatment.policy.name,
        policy_digest=treatment.digest,
        key_id=key.key_id,
        noise_key_id=key.noise_key_id,
        pipeline_version=__version__,
        settings=settings,
        model_digests=_all(one.model_digests for one in request.treatments),
        library_versions=context.library_versions(),
        table_versions=lake.tables.versions(),
    )


def _mapping(settings: str | None) -> tuple[str | None, dict[str, str]]:
    """Return which mapping a run had, and what its policies were: a run is only taken up under the same."""
    return json.loads(settings or "{}").get("mapping"), context.tiers_of(settings)


def _settings(request: Request, key: Key) -> str:
    rules = request.tiers or Tiers()
    mapping = key.mapping_id(tiers.canonical(rules)) if rules.rules else None
    watched = request.treatment.policy.monitor.to_mapping()
    asked = {"limit": request.limit, "retry": request.retry, "mapping": mapping, "monitor": watched}
    batching = _all(one.batching for one in request.treatments)
    return context.settings_json(request.common.settings, asked, batching, tiers.digests(request.others))


def _all(many: Iterable[Mapping[str, str]]) -> dict[str, str]:
    out: dict[str, str] = {}
    for one in many:
        out |= one
    return out
