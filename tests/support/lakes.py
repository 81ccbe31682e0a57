"""Lakes for tests, made without a JVM: rows of ``images`` with whatever a test cares for, and plausible rest."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, Transaction

from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import Storage
from jobs import sealing
from jobs.lake import APP, Commit, Lake
from jobs.ledger import Event
from jobs.signing import Signer
from jobs.vault import Vault
from schemas import IMAGES, RUNS, SOURCES

KEY = Key(bytes(range(32)))
DIGEST = "d" * 32
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def arrow(table: Any) -> pa.Schema:
    """Return a declared table's Arrow schema without comments."""
    return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in table.columns])


def face(method: str = "mask", kind: str = "face") -> dict[str, Any]:
    """Return one element of ``faces``."""
    return {
        "kind": kind,
        "box": {"x0": 1.5, "y0": 2.0, "x1": 9.0, "y1": 9.5},
        "region": {"x0": 0, "y0": 0, "x1": 16, "y1": 16},
        "roll_degrees": -3.5,
        "landmarks": [{"x": 3.0, "y": 4.0}],
        "confidence": 0.9,
        "detectors": ["centerface"],
        "sightings": [{"detector": "centerface", "seen_in": "full", "confidence": 0.9}],
        "look": "plan",
        "method": method,
        "parameters": "{}",
        "steps": 1,
        "region_hash": 7,
        "attacks": [{"recognizer": "r", "before": 1.0, "after": 0.25, "threshold": 0.5, "matched": False}],
        "utility": [("ssim_inside", 0.5)],
    }


def row(uri: str, content: bytes | None = b"picture", **columns: Any) -> dict[str, Any]:
    """Return one row of ``images`` for a source URI; ``content=None`` is a quarantined one."""
    plain = {
        "image_id": KEY.image_id(uri),
        "content_version": KEY.content_version(7, 0, ""),
        "source_digest": None,
        "status": "clean" if content is not None else "quarantined",
        "reason": None if content is not None else "truncated",
        "format": "jpeg",
        "width": 64,
        "height": 48,
        "content": content,
        "output_sha256": None if content is None else hashlib.sha256(content).hexdigest(),
        "reencoded": None if content is None else False,
        "faces": [],
        "plans": ["thorough"],
        "residual": 0,
        "utility": [],
        "run_id": "run-1",
        "pipeline_version": "0.1.0",
        "policy_digest": DIGEST,
        "model_digests": [("centerface", "0" * 64)],
        "key_id": KEY.key_id,
        "processed_at": AT,
        "duration_ms": 12.5,
    }
    return plain | columns


def images(rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows of ``images`` as they are written."""
    return pa.Table.from_pylist(rows, schema=arrow(IMAGES))


def event(kind: str = "started", run_id: str = "run-1", **columns: Any) -> Event:
    """Return an event of an ``anonymize`` run."""
    plain = {"policy": "public", "policy_digest": DIGEST, "key_id": KEY.key_id, "job": "anonymize"}
    return Event(run_id=run_id, event=kind, **{**plain, **columns})


SIGNER = Signer(bytes(range(32, 64)))


def sealed(place: Path, *runs: list[dict[str, Any]], signer: Signer | None = SIGNER) -> Lake:
    """Return a new lake at ``place`` with a run for each list of rows, each of which committed to what it wrote.

    Later runs put their rows in place of those that have their ids, as the job does.
    """
    lake = Lake(str(place), signer=lambda: signer)
    lake.create()
    for number, rows in enumerate(runs, 1):
        add_run(lake, f"run-{number}", rows)
    return lake


def add_run(lake: Lake, run_id: str, rows: list[dict[str, Any]], *, finished: bool = True) -> int:
    """Add a run that writes rows, and return its epoch; one that is not finished commits to nothing."""
    began = event(run_id=run_id)
    epoch = lake.ledger.append(began)
    mine = images([{**one, "run_id": run_id} for one in rows])
    commit = CommitProperties(app_transactions=[Transaction(APP, Commit(epoch, 1).version)])
    merge = lake.tables.open("images").merge(
        mine, "t.image_id = s.image_id", source_alias="s", target_alias="t", commit_properties=commit
    )
    merge.when_matched_update_all().when_not_matched_insert_all().execute()
    if finished:
        root = sealing.seal(lake, run_id, epoch).root
        lake.ledger.append(began.then("finished", counts=_counts(rows), images_root=root))
    return epoch


def make(place: Path | str, rows: list[dict[str, Any]], *, finished: bool = True) -> Lake:
    """Return a new lake at ``place`` with one run that wrote ``rows``."""
    lake = Lake(str(place))
    lake.create()
    began = event()
    epoch = lake.ledger.append(began)
    if rows:
        lake.tables.append("images", images(rows), APP, Commit(epoch, 1).version)
    if finished:
        lake.ledger.append(began.then("finished", counts=_counts(rows)))
    return lake


def _counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {s: sum(r["status"] == s for r in rows) for s in ("anonymized", "clean", "review", "quarantined")}


def ledger_rows(rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows of ``runs`` as they are written, whatever their hashes say."""
    return pa.Table.from_pylist(rows, schema=arrow(RUNS))


def make_vault(place: Path, uris: list[str]) -> Vault:
    """Return a new vault at ``place`` that holds the key and the names of some images."""
    Vault(str(place), Storage()).prepare()
    place.joinpath("key").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", encoding="ascii")
    return name_sources(place, uris)


def name_sources(place: Path, uris: list[str]) -> Vault:
    """Write the names of images into a vault."""
    vault = Vault(str(place), Storage())
    base = {"content_version": KEY.content_version(7, 0, ""), "size_bytes": 7, "etag": "", "modified_us": 0}
    rows = [{"image_id": KEY.image_id(uri), "uri": uri, "listed_at": AT, **base} for uri in uris]
    if rows:
        version = vault.tables.transaction("sources", "names") + 1
        vault.tables.append("sources", pa.Table.from_pylist(rows, schema=arrow(SOURCES)), "names", version)
    return vault
