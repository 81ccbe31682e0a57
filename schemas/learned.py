"""The table of models in the vault that were made from a lake; it is there from the first of them on."""

import pyarrow as pa

from schemas.base import ENTRY, MOMENT, Column, Table

MODELS = Table(
    name="models",
    comment="What was learned from a lake's own faces for methods that need it; the newest entry of a name counts",
    key=("entry",),
    statistics=("entry", "name"),
    append_only=True,
    columns=(
        ENTRY,
        Column("run_id", pa.string(), "The run that made it", nullable=False),
        Column("at", MOMENT, "When it was written", nullable=False),
        Column("name", pa.string(), "What methods call it", nullable=False),
        Column("people", pa.int64(), "How many people it was learned from", nullable=False),
        Column("sha256", pa.string(), "SHA-256 of the content; rows of the lake have it", nullable=False),
        Column("content", pa.binary(), "The model, one file", nullable=False),
    ),
)
