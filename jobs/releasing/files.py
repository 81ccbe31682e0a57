"""A release as plain files, each under its id."""

from collections.abc import Iterator
from typing import Any, ClassVar

from jobs import naming
from jobs.releasing.base import SHARD_BYTES, Member
from jobs.releasing.place import Place, Stored


class Files:
    """Writes ``images/ab/abcdef....jpg``; see :class:`jobs.releasing.base.Writer`."""

    name: ClassVar[str] = "files"
    encoding: ClassVar[str | None] = None
    pattern: ClassVar[str] = "images/*/*"

    def __init__(self, place: Place, shard_bytes: int = SHARD_BYTES) -> None:
        del shard_bytes  # each image is a file
        self._place = place

    def add(self, member: Member) -> dict[str, Any]:
        """Write an image as a file and return its name."""
        name = f"images/{naming.id_name(member.image_id, member.format)}"
        self._place.put(name, member.content)
        return {"file": name}

    def finish(self) -> Iterator[Stored]:
        """Yield nothing: each file is in the list of members."""
        return iter(())
