"""The tables of k_same in the vault: who is in which group, what each group's faces become, and the ledger of both.

They are made by the first ``faceveil surrogates``. Rows count only where the ledger has an entry for their run, which
is written last.
"""

import pyarrow as pa

from schemas.base import ENTRY, MOMENT, Column, Table

_RUN = Column("run_id", pa.string(), "The run that wrote it", nullable=False)

GROUPS = Table(
    name="groups",
    comment="One entry for each run that put people into groups; hash chains the entries, so groups stay frozen",
    key=("entry",),
    append_only=True,
    columns=(
        ENTRY,
        _RUN,
        Column("at", MOMENT, "When it was written", nullable=False),
        Column("k", pa.int32(), "Least people of a group made by this run", nullable=False),
        Column(
            "linked_by",
            pa.string(),
            "labels, or the recognizer and its threshold; erased: what is left of a run's rows",
            nullable=False,
        ),
        Column("people", pa.int64(), "People put into new groups", nullable=False),
        Column("groups", pa.int64(), "New groups", nullable=False),
        Column("faces", pa.int64(), "Rows of members that this run wrote", nullable=False),
        Column("digest", pa.string(), "SHA-256 over this run's rows of members and surrogates", nullable=False),
        Column("previous_hash", pa.string(), "hash of the entry before, 64 zeros for the first", nullable=False),
        Column("hash", pa.string(), "SHA-256 of the other columns as canonical JSON", nullable=False),
    ),
)

MEMBERS = Table(
    name="members",
    comment="One face in one group; or, where group_id is empty, a face that lost its group: its person was in two",
    key=("run_id", "face_id"),
    statistics=("run_id", "image_id"),
    version=2,
    columns=(
        _RUN,
        Column("face_id", pa.string(), "Id of the image and number of the face in its row", nullable=False),
        Column("image_id", pa.string(), "The id in the lake", nullable=False),
        Column("content_version", pa.string(), "The version in the lake", nullable=False),
        *(Column(n, pa.float32(), "The face's box in stored pixels", nullable=False) for n in ("x0", "y0", "x1", "y1")),
        Column("person", pa.string(), "Smallest face_id of the person when this was written", nullable=False),
        Column("group_id", pa.string(), "The group; empty for none any more", nullable=False),
    ),
)

SURROGATES = Table(
    name="surrogates",
    comment="What every face of one group becomes",
    key=("group_id",),
    statistics=("run_id", "group_id"),
    append_only=True,
    columns=(
        _RUN,
        Column("group_id", pa.string(), "The group", nullable=False),
        Column("people", pa.int32(), "People whose heads it is the mean of", nullable=False),
        Column("sha256", pa.string(), "SHA-256 of the canvas's pixels; faces' parameters have it", nullable=False),
        Column("canvas", pa.binary(), "The canvas, PNG", nullable=False),
    ),
)
