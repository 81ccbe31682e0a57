"""Removing what must not come back: local files are overwritten first, objects of a store are deleted. Driver only.

What a disk may keep all the same is in ``docs/security.md``: flash memory, copy-on-write file systems, snapshots and
backups have copies that no program can reach; a bucket with versions keeps them until they are deleted as well.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import obstore

from anonymizer_udfs.sources.base import Storage
from jobs import stores
from jobs.errors import VaultError

_PIECE = 1 << 20


def file(uri: str, name: str, storage: Storage) -> None:
    """Remove one file below a normalised URI; one that is not there is removed already.

    Raises:
        VaultError: it is still there.
    """
    try:
        if stores.is_local(uri):
            local(Path(uri, name))
        else:
            obstore.delete(stores.open_store(uri, storage), name)
    except FileNotFoundError:
        return
    except stores.FAILURES as error:
        raise VaultError(f"what should be destroyed is still there: {stores.why(error)}") from error
    if stores.read(uri, name, storage) is not None:
        raise VaultError("what should be destroyed is still there; check what these credentials allow")


def local(path: Path) -> None:
    """Overwrite a local file with random bytes, force them to the disk, and remove it.

    A link is removed, and what it leads to stays.
    """
    if path.is_symlink():
        path.unlink()
        return
    with path.open("r+b", buffering=0) as opened:
        left = opened.seek(0, os.SEEK_END)
        opened.seek(0)
        while left > 0:
            left -= opened.write(secrets.token_bytes(min(left, _PIECE)))
        os.fsync(opened.fileno())
    path.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def below(uri: str, storage: Storage, wanted: Callable[[str], bool]) -> int:
    """Remove everything below a normalised URI but what is not wanted, and return how many files there were.

    Args:
        uri: a vault's.
        storage: how object stores are reached.
        wanted: says of the first part of a file's path whether it goes.

    Raises:
        VaultError: something is still there.
    """
    if stores.is_local(uri):
        found = [path.relative_to(uri) for path in Path(uri).rglob("*") if path.is_symlink() or not path.is_dir()]
        names = [path.as_posix() for path in found if wanted(path.parts[0])]
    else:
        listed = [one["path"] for some in obstore.list(stores.open_store(uri, storage)) for one in some]
        names = [path for path in listed if wanted(path.partition("/")[0])]
    for name in names:
        file(uri, name, storage)
    if stores.is_local(uri):
        folders = [path for path in Path(uri).rglob("*") if path.is_dir() and not path.is_symlink()]
        for one in sorted(folders, reverse=True):
            if wanted(one.relative_to(uri).parts[0]):
                one.rmdir()
    return len(names)
