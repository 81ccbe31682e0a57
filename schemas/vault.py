"""The tables of the vault, which hold names: which URI an id stands for, and what a run set out to do."""

import pyarrow as pa

from schemas.base import ENTRY, MOMENT, Column, Table

_DECIDED = Column("at", MOMENT, "When it was decided", nullable=False)

_NAMES = (
    Column("image_id", pa.string(), "The id in the lake", nullable=False),
    Column("content_version", pa.string(), "The version in the lake", nullable=False),
    Column("uri", pa.string(), "Canonical URI of the source image", nullable=False),
    Column("size_bytes", pa.int64(), "Size in the listing; -1 if unknown", nullable=False),
    Column("etag", pa.string(), "Entity tag in the listing, if any", nullable=False),
    Column("modified_us", pa.int64(), "Modification time in the listing, microseconds since 1970", nullable=False),
)

SOURCES = Table(
    name="sources",
    comment="One version of one source image, as listed; maps ids back to URIs",
    key=("image_id", "content_version"),
    columns=(*_NAMES, Column("listed_at", MOMENT, "When it was first listed so", nullable=False)),
)

WORK = Table(
    name="work",
    comment="The frozen work list of each run: what it set out to process, in which batch and task",
    key=("run_id", "epoch", "image_id"),
    version=2,
    statistics=("run_id", "epoch", "batch"),
    columns=(
        *_NAMES,
        Column("kind", pa.string(), "Which reader opens it", nullable=False),
        Column("container", pa.string(), "URI of the object to open", nullable=False),
        Column("start", pa.int64(), "Where in the container", nullable=False),
        Column("index", pa.int64(), "Where in the container", nullable=False),
        Column("policy", pa.string(), "The policy of its data set; null: the run's"),
        Column("run_id", pa.string(), "The run", nullable=False),
        Column("epoch", pa.int64(), "The run's epoch: event_seq of its started or resumed event", nullable=False),
        Column("operation", pa.string(), "new or replace", nullable=False),
        Column("batch", pa.int32(), "Number of the commit, from 1", nullable=False),
        Column("task", pa.int32(), "Number of the task in its batch, from 0", nullable=False),
    ),
)

SUPPRESSED = Table(
    name="suppressed",
    comment="What is never taken again since it was erased: neither ids nor digests, but keyed hashes of them",
    key=("kind", "word"),
    statistics=("run_id",),
    columns=(
        Column("kind", pa.string(), "image: of an image's id; content: of a source's digest", nullable=False),
        Column("word", pa.string(), "Keyed hash, 32 hex digits", nullable=False),
        Column("run_id", pa.string(), "The erasure", nullable=False),
        _DECIDED,
    ),
)

KEEP = Table(
    name="keep",
    comment="Who consented to be seen: one entry a decision; one that takes a person out ends all before it",
    key=("entry",),
    append_only=True,
    columns=(
        ENTRY,
        _DECIDED,
        Column("by", pa.string(), "Who decided", nullable=False),
        Column("person", pa.string(), "Who consented, as the list calls the person", nullable=False),
        Column("consent", pa.string(), "Where the consent is on record; null: the person was taken out"),
        Column("photos", pa.int32(), "From how many photos; 0: the person was taken out", nullable=False),
        Column("sealed", pa.binary(), "The templates, encrypted under a key of their own; null: taken out"),
    ),
)

TIERS = Table(
    name="tiers",
    comment="Which policy the images of a pattern have: one entry a decision, of which the newest of a pattern counts",
    key=("entry",),
    append_only=True,
    columns=(
        ENTRY,
        _DECIDED,
        Column("pattern", pa.string(), "Pattern over canonical URIs of source images", nullable=False),
        Column("policy", pa.string(), "Name or file of the policy; null: the pattern was taken back"),
    ),
)
