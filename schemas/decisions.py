"""``decisions``: one row for one decision of a person on the review page; the ledger's events vouch for all of them."""

import pyarrow as pa

from schemas.base import MOMENT, Column, Table

_BOX = pa.struct([(n, pa.float32()) for n in ("x0", "y0", "x1", "y1")])

ACTIONS = ("accept", "withhold", "keep", "restore", "add", "redraw", "harder", "undo")

DECISIONS = Table(
    name="decisions",
    comment="A person's decision about one version of one image; of an erased image all is null but number and leaf",
    key=("decision_seq",),
    statistics=("decision_seq",),
    constraints=(("action_known", f"action IS NULL OR action IN ({', '.join(map(repr, ACTIONS))})"),),
    columns=(
        Column("decision_seq", pa.int64(), "Number of the decision in the lake, from 1", nullable=False),
        Column("leaf", pa.string(), "SHA-256 of the other columns as canonical JSON, 64 hex digits", nullable=False),
        Column("decision_id", pa.string(), "Random, 32 hex digits: a decision that is sent twice counts once"),
        Column("image_id", pa.string(), "The image; null once it was erased"),
        Column("content_version", pa.string(), "The version of its source that it is about, and no other"),
        Column("output_sha256", pa.string(), "SHA-256 of the file that the person saw"),
        Column("policy", pa.string(), "Name of the policy by which that was made"),
        Column("policy_digest", pa.string(), "Digest of that policy, as images has it"),
        Column("action", pa.string(), f"One of {', '.join(ACTIONS)}"),
        Column("box", _BOX, "What is to be anonymized, in stored pixels, half-open: of add and redraw"),
        Column("region", _BOX, "Box of the region that it is about, as faces has it: of keep, restore and redraw"),
        Column("least", pa.int32(), "The method of the chain, from 0, that faces get at least: of harder"),
        Column("undoes", pa.string(), "decision_id of the decision that it takes back: of undo"),
        Column("asked", pa.string(), "What put the image before the person: review, or audit for a random draw"),
        Column("why", pa.string(), "What the person wrote about it; null: nothing"),
        Column("reviewer", pa.string(), "Who decided"),
        Column("session_id", pa.string(), "The sitting of the reviewer's server, as its events in runs name it"),
        Column("decided_at", MOMENT, "When"),
    ),
)
