"""What writers of a release's images have in common: the image they are given, and what they say of where it went."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from jobs.releasing.place import Place, Stored

SHARD_BYTES = 256 << 20
"""A shard is closed when it holds so many bytes of images."""


@dataclass(frozen=True)
class Member:
    """One image of a release.

    Attributes:
        image_id: its id in the lake.
        format: such as ``jpeg``.
        size_wh: stored width and height in pixels.
        status: ``anonymized`` or ``clean``.
        policy: by whose name it was treated; none where an older faceveil did not say.
        policy_digest: of that policy.
        sha256: of the content, in hexadecimal.
        content: the file.
    """

    image_id: str
    format: str
    size_wh: tuple[int | None, int | None]
    status: str
    policy: str | None
    policy_digest: str
    sha256: str
    content: bytes = field(repr=False)

    def told(self) -> dict[str, Any]:
        """Return what is said of it beside where it lies."""
        return {
            "image_id": self.image_id,
            "format": self.format,
            "width": self.size_wh[0],
            "height": self.size_wh[1],
            "status": self.status,
            "policy": self.policy,
            "policy_digest": self.policy_digest,
            "sha256": self.sha256,
            "size_bytes": len(self.content),
        }


class Writer(Protocol):
    """Writes the images of a release, which come in the order of their ids; the same images give the same bytes.

    Attributes:
        name: what ``--format`` calls it.
        encoding: media type of a file that holds many images; none where each image is a file.
        pattern: which files hold images, as a glob below the release.
    """

    name: ClassVar[str]
    encoding: ClassVar[str | None]
    pattern: ClassVar[str]

    def __init__(self, place: Place, shard_bytes: int = SHARD_BYTES) -> None:
        """Begin a release at a place."""
        ...

    def add(self, member: Member) -> dict[str, Any]:
        """Write an image and return where it lies: ``file``, and within it ``member`` or ``row`` where it has many."""
        ...

    def finish(self) -> Iterator[Stored]:
        """Write what is held and yield the files that hold many images; nothing where each image is a file."""
        ...


def line(said: dict[str, Any]) -> bytes:
    """Return a line of ``members.jsonl`` without its end: JSON with sorted keys, no spaces, within ASCII."""
    return json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
