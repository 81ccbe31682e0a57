"""A release as Parquet: a row for each image, with its file in a binary column."""

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.releasing.base import SHARD_BYTES, Member
from jobs.releasing.place import Place, Stored, scratch

SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("format", pa.string(), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("policy", pa.string()),
        pa.field("policy_digest", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("content", pa.binary(), nullable=False),
    ]
)
GROUP_BYTES = 32 << 20
"""A row group is written when its images have so many bytes: so much is held at a time."""


class Parquet:
    """Writes ``data/000000.parquet`` and so on, with settings that are fixed; see :class:`jobs.releasing.base.Writer`.

    Images are compressed already, so columns are not. The same version of Arrow gives the same bytes.
    """

    name: ClassVar[str] = "parquet"
    encoding: ClassVar[str | None] = "application/vnd.apache.parquet"
    pattern: ClassVar[str] = "data/*.parquet"

    def __init__(self, place: Place, shard_bytes: int = SHARD_BYTES) -> None:
        self._place, self._most = place, shard_bytes
        self._done: list[Stored] = []
        self._rows: list[dict[str, Any]] = []
        self._row = self._written = self._held = 0
        self._scratch = contextlib.ExitStack()
        self._writer: pq.ParquetWriter | None = None

    @property
    def _name(self) -> str:
        return f"data/{len(self._done):06d}.parquet"

    def add(self, member: Member) -> dict[str, Any]:
        """Take an image and return file and row."""
        if self._written + self._held >= self._most:
            self._close()
        self._rows.append(member.told() | {"content": member.content})
        self._held += len(member.content)
        where = {"file": self._name, "row": self._row}
        self._row += 1
        if self._held >= GROUP_BYTES:
            self._flush()
        return where

    def finish(self) -> Iterator[Stored]:
        """Write the last file and yield all."""
        self._close()
        return iter(self._done)

    def _flush(self) -> None:
        if not self._rows:
            return
        if self._writer is None:
            self._file = self._scratch.enter_context(scratch(".parquet"))
            self._writer = pq.ParquetWriter(
                self._file,
                SCHEMA,
                version="2.6",
                compression="none",
                use_dictionary=False,
                write_statistics=["image_id"],
                store_schema=False,
            )
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
        self._written, self._held, self._rows = self._written + self._held, 0, []

    def _close(self) -> None:
        self._flush()
        if self._writer is None:
            return
        self._writer.close()
        with self._scratch:
            self._done.append(self._place.put(self._name, self._file))
        self._writer, self._scratch = None, contextlib.ExitStack()
        self._row = self._written = self._held = 0
