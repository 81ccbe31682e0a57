"""The sources family: from what a person typed to a listing of images, and from an entry of it to bytes.

:func:`list_source` runs on the driver (or in the one task that lists) and looks at metadata alone; :class:`Reader` runs
on executors, one a task. Nothing here logs, and no error of a read carries a name.

To add a kind of container: a file with a class that keeps to :class:`anonymizer_udfs.sources.base.Source`, a line in
``SOURCES``, the suffix in ``listing.py``, and a case in ``tests/unit/sources/cases.py``; the contract suite does the
rest.
"""

from anonymizer_udfs.sources.base import Entry, Source, SourceSpec, Storage
from anonymizer_udfs.sources.filesystems import filesystem
from anonymizer_udfs.sources.listing import is_sequential, list_source
from anonymizer_udfs.sources.objects import ObjectSource
from anonymizer_udfs.sources.parquet import ParquetSource
from anonymizer_udfs.sources.reader import Reader
from anonymizer_udfs.sources.tars import TarSource
from anonymizer_udfs.sources.uris import canonical, spellings
from anonymizer_udfs.sources.zips import ZipSource

__all__ = [
    "SOURCES",
    "Entry",
    "Reader",
    "Source",
    "SourceSpec",
    "Storage",
    "canonical",
    "filesystem",
    "is_sequential",
    "list_source",
    "spellings",
]

SOURCES: dict[str, type[Source]] = {
    "object": ObjectSource,
    "tar": TarSource,
    "zip": ZipSource,
    "parquet": ParquetSource,
}
