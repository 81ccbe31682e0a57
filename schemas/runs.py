"""``runs``: one row for one event of a run of any job; the rows form a hash chain."""

import pyarrow as pa

from schemas.base import COUNTS, FIGURES, MOMENT, STRINGS, Column, Table

RUNS = Table(
    name="runs",
    comment="One event of a run of any job, append-only; event_seq counts over the whole lake and hash chains the rows",
    key=("run_id", "event_seq"),
    statistics=("run_id", "event_seq", "event", "at"),
    append_only=True,
    version=2,
    constraints=(("event_known", "event IN ('started', 'resumed', 'finished', 'failed', 'verdict', 'erased')"),),
    columns=(
        Column("run_id", pa.string(), "The run", nullable=False),
        Column(
            "event_seq", pa.int64(), "Number of the event in the lake, from 1; also the lease's epoch", nullable=False
        ),
        Column("event", pa.string(), "started, resumed, finished, failed, verdict or erased", nullable=False),
        Column("job", pa.string(), "The command, such as anonymize", nullable=False),
        Column("at", MOMENT, "When it happened", nullable=False),
        Column("source_id", pa.string(), "Keyed hash of the source's URI"),
        Column("policy", pa.string(), "Name of the policy"),
        Column("policy_digest", pa.string(), "Digest of policy, thresholds and models"),
        Column("key_id", pa.string(), "Which key"),
        Column("pipeline_version", pa.string(), "Version of faceveil"),
        Column("settings", pa.string(), "All settings as JSON, without credentials and without names"),
        Column("model_digests", STRINGS, "SHA-256 of each model used"),
        Column("library_versions", STRINGS, "Version of each library that can change a pixel or a row"),
        Column("table_versions", COUNTS, "Delta version of each table when it happened"),
        Column("counts", COUNTS, "Images by status, by reason, and faces"),
        Column("figures", FIGURES, "Seconds by step, images per second, sampled utility and re-identification"),
        Column("noise_key_id", pa.string(), "Which key the noise comes from; null: key_id's, or none was used"),
        Column("images_root", pa.string(), "Merkle root over the images that the run wrote, in a finished event"),
        Column("signed_by", pa.string(), "Ed25519 public key in base64 of whoever signed the event; null: unsigned"),
        Column("previous_hash", pa.string(), "hash of the event before, 64 zeros for the first", nullable=False),
        Column("hash", pa.string(), "SHA-256 of the other columns as canonical JSON; docs/ledger.md", nullable=False),
        Column("signature", pa.string(), "Ed25519 signature of the hash, in base64; null: unsigned"),
    ),
)
