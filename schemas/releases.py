"""``releases``: one row for one release of a lake, with the verdict that it went out under."""

import pyarrow as pa

from schemas.base import MOMENT, STRINGS, Column, Table

RELEASES = Table(
    name="releases",
    comment="One release of a lake: what went out, where to, under which verdict, and whether it was recalled since",
    key=("name",),
    statistics=("name", "at", "word", "recalled_at"),
    constraints=(
        ("word_known", "word IN ('obfuscated', 'face-anonymized', 'anonymous under test')"),
        ("override_is_whole", "(override_by IS NULL) = (override_reason IS NULL)"),
        ("weakest_word_is_overridden", "word != 'obfuscated' OR override_by IS NOT NULL"),
        ("recall_is_whole", "(recalled_at IS NULL) = (recalled_why IS NULL)"),
    ),
    columns=(
        Column("name", pa.string(), "What the release is called; one of a name in a lake", nullable=False),
        Column("run_id", pa.string(), "The run of the ledger that wrote it", nullable=False),
        Column("uri", pa.string(), "Where it was written to", nullable=False),
        Column("format", pa.string(), "files, webdataset or parquet", nullable=False),
        Column("at", MOMENT, "When", nullable=False),
        Column("by", pa.string(), "Who", nullable=False),
        Column("images_version", pa.int64(), "Delta version of images that it is a copy of", nullable=False),
        Column("policy_digests", pa.list_(pa.string()), "Of the policies of its images", nullable=False),
        Column("model_digests", STRINGS, "SHA-256 of each model that made its images", nullable=False),
        Column("word", pa.string(), "What it may be called", nullable=False),
        Column("gate", pa.string(), "The gate that judged; null where nobody did"),
        Column("verdict_run_id", pa.string(), "The evaluation that was judged; null where there was none"),
        Column("verdict_hash", pa.string(), "Hash of the verdict's event in runs; null where there was none"),
        Column("override_by", pa.string(), "Who let it out though the gate did not; null: the gate did"),
        Column("override_reason", pa.string(), "Why"),
        Column("images", pa.int64(), "How many went out", nullable=False),
        Column("size_bytes", pa.int64(), "Of these images", nullable=False),
        Column("merkle_root", pa.string(), "RFC 6962 root over its lines of members.jsonl", nullable=False),
        Column("manifest_sha256", pa.string(), "SHA-256 of its manifest.json", nullable=False),
        Column("licence", pa.string(), "Under which it was given; null: none was named"),
        Column("recalled_at", MOMENT, "When a newer verdict refused what made it; null: none did"),
        Column("recalled_by", pa.string(), "The evaluation that refused it"),
        Column("recalled_why", pa.string(), "Which checks failed"),
    ),
)
