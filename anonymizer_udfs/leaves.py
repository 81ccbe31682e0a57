"""What a run vouches for of an image: one entry of its Merkle tree, made of the image's whole row.

An entry names the image, the digest of its output, the digest of its policy and its status, and has one digest over all
that the row says besides. So no column of a row can be changed without changing its leaf, and whoever is shown an entry
learns no more of the row than these four. Runs on executors, once a batch, and on the driver; about 0.1 ms a row.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from anonymizer_udfs.merkle import HASH_BYTES, leaf

CONTENT = "content"
"""The one column that is in no entry: the digest of the output stands for it."""
ID_DIGITS = 32
NAMED = ("image_id", "output_sha256", "policy_digest", "status")
HASHED = pa.schema([pa.field("image_id", pa.string()), pa.field("leaf", pa.binary())])
"""What :func:`hashed` gives: an id and its leaf."""
PACKED = pa.schema([pa.field("ids", pa.binary()), pa.field("leaves", pa.binary())])
"""Many ids and leaves in one row, in their order: 32 hex digits and 32 bytes each."""
_SIMPLE = frozenset({str, int, float, bool})
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Entry:
    """One entry of the tree.

    Attributes:
        image_id: whose.
        output_sha256: of what is stored; none where nothing is.
        policy_digest: by which policy.
        status: what became of it.
        rest: SHA-256, in hexadecimal, of canonical JSON of all other columns that are not null but the content.
    """

    image_id: str
    output_sha256: str | None
    policy_digest: str
    status: str
    rest: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Entry":
        """Return the entry of a row of ``images``, as any reader gives it; a column that is missing counts as null."""
        rest = {name: value for name, value in row.items() if name not in {*NAMED, CONTENT}}
        said: dict[str, Any] = {name: row.get(name) for name in NAMED}  # a row by hand may lack any
        return cls(**said, rest=hashlib.sha256(canonical(rest)).hexdigest())

    @classmethod
    def parse(cls, text: bytes) -> "Entry":
        """Return the entry that :meth:`written` wrote.

        Raises:
            ValueError: it is none.
        """
        said = json.loads(text)
        if not isinstance(said, list) or len(said) != len(NAMED) + 1 or cls(*said).written() != text:
            raise ValueError("expected an entry: a JSON list of id, output, policy, status and rest")
        return cls(*said)

    def written(self) -> bytes:
        """Return the entry as it is hashed: a JSON list without spaces."""
        fields = [self.image_id, self.output_sha256, self.policy_digest, self.status, self.rest]
        return json.dumps(fields, separators=(",", ":")).encode()


def canonical(value: dict[str, Any]) -> bytes:
    """Return values as JSON that is the same whatever reader they come from and whatever columns came later.

    What is null is left out, at any depth; keys are sorted, maps are objects, times are ISO 8601 in UTC, and bytes are
    hexadecimal. A time without a zone counts as UTC.

    Examples:
        >>> canonical({"b": None, "a": [{"x": 1.5, "y": None}], "m": [("k", 2)]}).decode()
        '{"a":[{"x":1.5}],"m":{"k":2}}'
    """
    return _JSON.encode(_plain(value)).encode(errors="surrogatepass")


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: one if type(one) in _SIMPLE else _plain(one) for name, one in value.items() if one is not None}
    if kind is list:
        if value and all(type(one) is tuple for one in value):
            return {str(name): _plain(one) for name, one in value if one is not None}
        return [one if type(one) in _SIMPLE else _plain(one) for one in value]
    if isinstance(value, datetime):
        # Spark's files say no zone: what they hold is UTC, and a reader that does not know the table gives it so.
        known = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return known.astimezone(UTC).isoformat(timespec="microseconds")
    return value.hex() if isinstance(value, bytes | bytearray | memoryview) else value


def hashed(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return ids and leaves of rows of ``images``, in their order; with or without their content."""
    plain = rows.to_pylist()
    found = [leaf(Entry.of(row).written()) for row in plain]
    return pa.record_batch([[row["image_id"] for row in plain], found], schema=HASHED)


class HashPartition:
    """Turns rows of ``images`` without their content into :data:`PACKED`, batch for batch and in order.

    Runs on executors: Arrow batches in, one row out for each.
    """

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield one row a batch."""
        for batch in batches:
            if batch.num_rows:
                made = hashed(batch).to_pydict()
                ids = "".join(made["image_id"]).encode()
                yield pa.record_batch([[ids], [b"".join(made["leaf"])]], schema=PACKED)


def unpacked(ids: bytes, leaves: bytes) -> pa.RecordBatch:
    """Return what one row of :data:`PACKED` holds, as :data:`HASHED`.

    Raises:
        ValueError: the two do not fit each other: some id is not of 32 digits.
    """
    count = len(leaves) // HASH_BYTES
    if len(ids) != count * ID_DIGITS or len(leaves) % HASH_BYTES:
        raise ValueError(f"expected ids of {ID_DIGITS} digits, got {len(ids)} characters for {count} images")
    names = [ids[i : i + ID_DIGITS].decode() for i in range(0, len(ids), ID_DIGITS)]
    return pa.record_batch(
        [names, [leaves[i : i + HASH_BYTES] for i in range(0, len(leaves), HASH_BYTES)]], schema=HASHED
    )
