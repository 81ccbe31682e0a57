"""Originals of images by their ids, through the vault: only for sheets of a policy that lets originals be seen.

Runs on the driver, one image in memory at a time.
"""

from contextlib import closing
from dataclasses import dataclass, field, fields

from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Reader
from anonymizer_udfs.sources.base import Entry, Storage
from jobs.placed import among
from jobs.vault import Vault


@dataclass(frozen=True)
class Originals:
    """Reads the originals of a run's images.

    Attributes:
        vault: knows where they are.
        storage: how to reach object stores.
        max_bytes: larger ones are not read.
        content_column: the column of a table source that holds the images.
    """

    vault: Vault = field(repr=False)
    storage: Storage
    max_bytes: int
    content_column: str | None = None

    def read(self, image_id: str) -> bytes | None:
        """Return an image's bytes; ``None`` where the vault does not know it or it cannot be read any more."""
        entry = self._entry(image_id)
        if entry is None:
            return None
        with closing(Reader(self.storage, self.max_bytes, self.content_column)) as reader:
            found = reader.outcome(entry)
        return None if isinstance(found, Reason) else found

    def _entry(self, image_id: str) -> Entry | None:
        """Return where the vault's newest work list says that the image is."""
        columns = ", ".join(f'"{f.name}"' for f in fields(Entry))
        where = among("image_id", [image_id])
        rows = self.vault.tables.query(f"SELECT {columns} FROM work WHERE {where} ORDER BY epoch DESC LIMIT 1")  # noqa: S608 - checked digits
        return next((Entry(**row) for row in rows.to_pylist()), None)
