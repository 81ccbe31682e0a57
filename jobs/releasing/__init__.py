"""What a release is made of: a snapshot of the lake, the verdict over it, writers of its formats, and its papers."""

from jobs.errors import UsageError
from jobs.releasing.base import Writer
from jobs.releasing.files import Files
from jobs.releasing.parquet import Parquet
from jobs.releasing.webdataset import WebDataset

FORMATS: dict[str, type[Writer]] = {one.name: one for one in (Files, WebDataset, Parquet)}
"""How a release's images lie: name to writer."""


def writer(name: str) -> type[Writer]:
    """Return the writer of a format.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in FORMATS:
        raise UsageError(f"--format takes one of {', '.join(FORMATS)}, got {name!r}")
    return FORMATS[name]
