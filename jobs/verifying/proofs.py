"""A proof that one image is what a run vouched for: some hundred bytes, for someone who has only the run's root.

The file is a first line that names the format, a second line of JSON with the entry, its place and the size of the
tree, and then the hashes that lead from the entry to the root, 32 bytes each.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from anonymizer_udfs import merkle
from anonymizer_udfs.leaves import CONTENT, Entry
from anonymizer_udfs.merkle import HASH_BYTES
from jobs.errors import LakeError, UsageError
from jobs.lake import Lake
from jobs.placed import among
from jobs.verifying.trees import Root, Trees

HEAD = b"faceveil-proof-1\n"
MOST_BYTES = 16_384


@dataclass(frozen=True)
class Proof:
    """What is to be in a tree, and the way from there to its root.

    Attributes:
        entry: of the image.
        index: its place in the tree, from 0.
        size: how many images the tree has.
        path: hashes beside the way, from the leaf on.
    """

    entry: Entry
    index: int
    size: int
    path: tuple[bytes, ...]

    def written(self) -> bytes:
        """Return the proof as a file."""
        said = {"entry": json.loads(self.entry.written()), "index": self.index, "size": self.size}
        return HEAD + json.dumps(said, separators=(",", ":")).encode() + b"\n" + b"".join(self.path)

    @classmethod
    def parse(cls, content: bytes) -> "Proof":
        """Return the proof of a file.

        Raises:
            UsageError: it is none.
        """
        wrong = UsageError(
            "expected a proof as 'faceveil verify LAKE --image ID --proof FILE' writes it; give that file"
        )
        line, _, path = content.removeprefix(HEAD).partition(b"\n")
        if not content.startswith(HEAD) or len(content) > MOST_BYTES or len(path) % HASH_BYTES:
            raise wrong
        try:
            said = json.loads(line)
            entry = Entry.parse(json.dumps(said["entry"], separators=(",", ":")).encode())
            index, size = said["index"], said["size"]
        except (ValueError, TypeError, KeyError) as error:
            raise wrong from error
        if type(index) is not int or type(size) is not int:
            raise wrong
        steps = tuple(path[i : i + HASH_BYTES] for i in range(0, len(path), HASH_BYTES))
        return cls(entry, index, size, steps)

    def proves(self, root: str) -> bool:
        """Return whether the entry is in the tree of a root, given in hexadecimal."""
        found = merkle.proven(self.entry.written(), self.index, self.size, self.path)
        return found is not None and found.hex() == root.lower()

    def is_of(self, content: bytes) -> bool:
        """Return whether a file is the image's output."""
        return hashlib.sha256(content).hexdigest() == self.entry.output_sha256

    def as_dict(self) -> dict[str, Any]:
        """Return what the proof says of its image, for ``--json``."""
        return {**vars(self.entry), "index": self.index, "size": self.size}


def of(lake: Lake, trees: Trees, image_id: str) -> tuple[Proof, Root]:
    """Return the proof of one image, and the root that it leads to.

    Raises:
        UsageError: no run vouches for an image of this id.
        LakeError: its row is not what its run vouched for.
    """
    mine = np.flatnonzero(trees.ids == image_id.encode())
    if not len(mine):
        raise UsageError("--image: no run of this lake vouches for an image of that id; faceveil lookup finds ids")
    place = int(mine[np.argmax(trees.run[mine])])
    number = int(trees.run[place])
    tree = trees.of_run(number)
    index = int(np.searchsorted(tree, place))
    columns = ", ".join(name for name in lake.tables.columns("images") if name != CONTENT)
    rows = lake.tables.query(f"SELECT {columns} FROM images WHERE {among('image_id', [image_id])}").to_pylist()  # noqa: S608 - ours
    entries = [Entry.of(row) for row in rows]
    path = merkle.proof(trees.hashes(tree), index, len(tree))
    found = [Proof(entry, index, len(tree), path) for entry in entries]
    root = trees.roots[number]
    good = [one for one in found if one.proves(root.root)]
    if not good:
        raise LakeError("the row of this image is not what its run vouched for; faceveil verify LAKE says more")
    return good[0], root
