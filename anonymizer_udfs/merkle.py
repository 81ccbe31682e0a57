"""Merkle trees as RFC 6962 builds them: one root over any number of entries, and short proofs that an entry is in it.

Pure functions over 32-byte hashes; runs anywhere. A leaf is hashed behind a zero byte and a node behind a one, so that
neither can be taken for the other. Nothing here holds more than one hash for each level of the tree.
"""

import hashlib
from collections.abc import Iterable, Iterator

HASH_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def leaf(entry: bytes) -> bytes:
    """Return the hash of an entry, as it stands in the tree."""
    return hashlib.sha256(_LEAF + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees beside each other."""
    return hashlib.sha256(_NODE + left + right).digest()


class Fold:
    """The root over leaves that come one after another; holds one hash for each level.

    Attributes:
        size: how many leaves came.

    Examples:
        >>> Fold().root().hex()[:8], Fold([leaf(b"")]).root().hex()[:8]
        ('e3b0c442', '6e340b9c')
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._full: list[bytes] = []
        for one in leaves:
            self.add(one)

    def add(self, one: bytes) -> None:
        """Take one more leaf: two full subtrees of a size become one of twice the size."""
        self.size += 1
        left = self.size
        while not left & 1:
            one = node(self._full.pop(), one)
            left >>= 1
        self._full.append(one)

    def root(self) -> bytes:
        """Return the root over what came so far; the hash of nothing where nothing did."""
        if not self._full:
            return hashlib.sha256().digest()
        out = self._full[-1]
        for one in reversed(self._full[:-1]):
            out = node(one, out)
        return out


def spans(index: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the runs of leaves, ``(start, end)``, whose roots prove one leaf, from the one beside it to the farthest.

    They and the leaf itself are all leaves, each once.

    Raises:
        IndexError: there is no such leaf.

    Examples:
        >>> list(spans(2, 5))
        [(3, 4), (0, 2), (4, 5)]
    """
    if not 0 <= index < size:
        raise IndexError(f"expected a leaf in [0, {size}), got {index}")
    found, start, end = [], 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    yield from reversed(found)


def proof(leaves: Iterable[bytes], index: int, size: int) -> tuple[bytes, ...]:
    """Return what proves that a leaf is in the tree: some 20 hashes for a million leaves, which pass by only once.

    Raises:
        IndexError: there is no such leaf.
        ValueError: not so many leaves came as was said.
    """
    wanted = list(spans(index, size))
    order = sorted(range(len(wanted)), key=lambda one: wanted[one][0])
    folds = [Fold() for _ in wanted]
    mine = iter(order)
    now = next(mine, None)
    came = 0
    for one in leaves:
        while now is not None and came >= wanted[now][1]:
            now = next(mine, None)
        if now is not None and came >= wanted[now][0]:
            folds[now].add(one)
        came += 1
    if came != size:
        raise ValueError(f"expected {size} leaves, got {came}")
    return tuple(fold.root() for fold in folds)


def proven(entry: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes | None:
    """Return the root that a proof leads to, to be compared with the one that is known; none for no proof at all.

    Args:
        entry: what is to be in the tree.
        index: its place, from 0.
        size: how many entries the tree has.
        path: what :func:`proof` gave.
    """
    if not 0 <= index < size:
        return None
    found, steps = leaf(entry), list(path)
    beside = list(spans(index, size))
    if len(beside) != len(steps) or any(len(one) != HASH_BYTES for one in steps):
        return None
    for (start, _), one in zip(beside, steps, strict=True):
        found = node(one, found) if start < index else node(found, one)
    return found
