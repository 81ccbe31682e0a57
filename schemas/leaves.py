"""``leaves``: one row for one leaf of a run's Merkle tree, so that a verification can name what does not hold."""

import pyarrow as pa

from schemas.base import Column, Table

LEAVES = Table(
    name="leaves",
    comment="One leaf of the Merkle tree of a run, whose root is in the run's finished event; docs/ledger.md",
    key=("run_id", "epoch", "position"),
    statistics=("run_id", "epoch", "position", "image_id"),
    columns=(
        Column("run_id", pa.string(), "The run that wrote the image", nullable=False),
        Column("epoch", pa.int64(), "event_seq of the run's last started or resumed event", nullable=False),
        Column("position", pa.int64(), "Place in the tree, from 0: images in the order of their ids", nullable=False),
        Column("image_id", pa.string(), "The image; null once it was erased"),
        Column("leaf", pa.binary(), "RFC 6962 hash of the image's entry, 32 bytes", nullable=False),
    ),
)
