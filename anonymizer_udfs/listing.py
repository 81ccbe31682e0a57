"""From a source to planned rows: what a listing says of each image, under its keyed ids. Runs on an executor."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import islice

import pyarrow as pa

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.records import PLAN
from anonymizer_udfs.sources import list_source
from anonymizer_udfs.sources.base import Entry, SourceSpec
from anonymizer_udfs.tiers import Tiers

ROWS = 5000
_COLUMNS = tuple(f.name for f in fields(Entry))


@dataclass(frozen=True)
class ListPartition:
    """Lists a source inside one task; names, patterns and key travel in the pickled function, never in a plan.

    Attributes:
        source: what to list.
        key: what ids are derived from.
        tiers: which images have another policy than the run's.
        suppressed: what :meth:`Key.suppressed` makes of erased images' ids; these are left out.
    """

    source: SourceSpec
    key: Key = field(repr=False)
    tiers: Tiers = field(default_factory=Tiers, repr=False)
    suppressed: frozenset[str] = field(default=frozenset(), repr=False)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield rows of :data:`records.PLAN` in bounded batches; the input only says that this task is to list.

        Raises:
            SourceError: the source is of no known kind, or the store failed while listing.
        """
        try:
            for batch in batches:
                if batch.num_rows:
                    yield from self._rows()
        except OSError as error:
            # What a store says may hold names of images, and what a task raises is written into Spark's log.
            raise SourceError(f"the store failed while the source was listed ({type(error).__name__})") from None

    def _rows(self) -> Iterator[pa.RecordBatch]:
        entries = list_source(self.source)
        while some := list(islice(entries, ROWS)):
            rows = [self._row(entry) for entry in some]
            yield pa.RecordBatch.from_pylist([row for row in rows if not self._erased(row)], schema=PLAN)

    def _erased(self, row: Mapping[str, str | int | None]) -> bool:
        return bool(self.suppressed) and self.key.suppressed("image", str(row["image_id"])) in self.suppressed

    def _row(self, entry: Entry) -> dict[str, str | int | None]:
        return {
            "image_id": self.key.image_id(entry.uri),
            "content_version": self.key.content_version(entry.size_bytes, entry.modified_us, entry.etag),
            **{name: getattr(entry, name) for name in _COLUMNS},
            "policy": self.tiers.policy_of(entry.uri),
        }
