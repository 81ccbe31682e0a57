"""A release as WebDataset: tar files in which what belongs to one image has one name and follows one another."""

import contextlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from jobs.naming import EXTENSIONS
from jobs.releasing.base import SHARD_BYTES, Member, line
from jobs.releasing.place import Place, Stored, scratch

_MODE = 0o644


class WebDataset:
    """Writes ``shards/000000.tar`` and so on: for each image ``ID.jpg`` and ``ID.json``.

    Tar files are USTAR, sorted by id, with no time, no owner and one mode, so that the same images give the same bytes.
    See :class:`jobs.releasing.base.Writer`.
    """

    name: ClassVar[str] = "webdataset"
    encoding: ClassVar[str | None] = "application/x-tar"
    pattern: ClassVar[str] = "shards/*.tar"

    def __init__(self, place: Place, shard_bytes: int = SHARD_BYTES) -> None:
        self._place, self._most = place, shard_bytes
        self._done: list[Stored] = []
        self._held = 0
        self._open: tarfile.TarFile | None = None
        self._file = Path()
        self._scratch = contextlib.ExitStack()

    @property
    def _name(self) -> str:
        return f"shards/{len(self._done):06d}.tar"

    def add(self, member: Member) -> dict[str, Any]:
        """Write an image and what is said of it, and return shard and name."""
        if self._held >= self._most:
            self._close()
        if self._open is None:
            self._file = self._scratch.enter_context(scratch(".tar"))
            self._open = tarfile.open(self._file, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed by _close
        name = f"{member.image_id}{EXTENSIONS[member.format][0]}"
        _put(self._open, name, member.content)
        _put(self._open, f"{member.image_id}.json", line(member.told()))
        self._held += len(member.content)
        return {"file": self._name, "member": name}

    def finish(self) -> Iterator[Stored]:
        """Write the last shard and yield all."""
        self._close()
        return iter(self._done)

    def _close(self) -> None:
        if self._open is None:
            return
        self._open.close()
        with self._scratch:
            self._done.append(self._place.put(self._name, self._file))
        self._open, self._held, self._scratch = None, 0, contextlib.ExitStack()


def _put(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    said = tarfile.TarInfo(name)
    said.size, said.mode, said.mtime = len(content), _MODE, 0
    tar.addfile(said, io.BytesIO(content))
