"""``released``: one row for one image of one release, as its line of ``members.jsonl`` says it."""

import pyarrow as pa

from schemas.base import Column, Table

RELEASED = Table(
    name="released",
    comment=(
        "One image of one release, as its members.jsonl has it. Rows count where releases has their run_id: others are "
        "of a release that was cut off. Of an erased image all is null but name, run_id, position and leaf"
    ),
    key=("run_id", "position"),
    statistics=("run_id", "position", "image_id", "output_sha256"),
    columns=(
        Column("name", pa.string(), "What the release is called", nullable=False),
        Column("run_id", pa.string(), "The run of the ledger that wrote it", nullable=False),
        Column("position", pa.int64(), "Its line of members.jsonl, from 0: in the order of ids", nullable=False),
        Column(
            "leaf",
            pa.binary(),
            "RFC 6962 hash of that line; releases.merkle_root is over these",
            nullable=False,
        ),
        Column("image_id", pa.string(), "The image; null once it was erased"),
        Column("output_sha256", pa.string(), "SHA-256 of what went out, as images had it then"),
        Column("size_bytes", pa.int64(), "Of what went out"),
        Column("format", pa.string(), "jpeg, png, webp, tiff, bmp or gif"),
        Column("width", pa.int32(), "Stored width in pixels"),
        Column("height", pa.int32(), "Stored height in pixels"),
        Column("status", pa.string(), "anonymized or clean"),
        Column("policy", pa.string(), "By whose name it was treated; null where an older faceveil did not say"),
        Column("policy_digest", pa.string(), "Digest of that policy, as images has it"),
        Column("file", pa.string(), "Where it lies below the release's URI"),
        Column("file_member", pa.string(), "Which member of that file, where it is a tar file"),
        Column("file_row", pa.int64(), "Which row of that file from 0, where it is a Parquet file"),
    ),
)
