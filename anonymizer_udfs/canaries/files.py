"""Small files below a URI, on disk or in an object store: written by executors, removed by the driver."""

from pyarrow.fs import FileType, LocalFileSystem

from anonymizer_udfs.sources import canonical, filesystem
from anonymizer_udfs.sources.base import Storage


def write(uri: str, content: bytes, storage: Storage) -> None:
    """Write a whole file; one of that name is replaced, and the folders above it are made.

    Args:
        uri: as a person spells it, such as a path or an ``s3a://`` URI.
        content: all of it.
        storage: how to reach object stores.

    Raises:
        OSError: the store failed.
    """
    store, path = filesystem(canonical(uri), storage)
    if isinstance(store, LocalFileSystem):  # an object store has no folders
        store.create_dir(path.rpartition("/")[0], recursive=True)
    with store.open_output_stream(path) as stream:
        stream.write(content)


def remove(uri: str, storage: Storage) -> None:
    """Remove all that lies below a URI; nothing there is fine.

    Raises:
        OSError: the store failed: something may be left.
    """
    store, path = filesystem(canonical(uri), storage)
    if store.get_file_info(path).type == FileType.Directory:
        store.delete_dir(path)
