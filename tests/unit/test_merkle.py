"""Merkle trees: RFC 6962's own figures, proofs that lead to the root, and none that leads there for something else."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.merkle import HASH_BYTES, Fold, leaf, node, proof, proven, spans

ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The test vectors that implementations of Certificate Transparency share."""
TREE = st.lists(st.binary(max_size=4), min_size=1, max_size=70)


def plain(leaves: list[bytes]) -> bytes:
    """Return the root as section 2.1 of the RFC defines it, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node(plain(leaves[:k]), plain(leaves[k:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    """The same entries give the roots that other implementations give."""
    assert Fold(map(leaf, ENTRIES[:size])).root().hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    """An empty tree has a root, too."""
    assert Fold().root() == hashlib.sha256(b"").digest()


@given(TREE)
def test_the_fold_gives_the_root_of_the_definition(entries: list[bytes]) -> None:
    """One pass that holds a hash a level comes to what the recursion comes to; and it holds no more than that."""
    leaves = [leaf(one) for one in entries]
    fold = Fold(leaves)
    assert fold.root() == plain(leaves)
    assert len(fold._full) <= len(leaves).bit_length()


@given(TREE, st.data())
def test_a_proof_leads_to_the_root(entries: list[bytes], data: st.DataObject) -> None:
    """Each entry is proven by as many hashes as the tree has levels, at most."""
    index = data.draw(st.integers(0, len(entries) - 1))
    leaves = [leaf(one) for one in entries]
    path = proof(iter(leaves), index, len(leaves))
    assert len(path) <= (len(leaves) - 1).bit_length()
    assert proven(entries[index], index, len(leaves), path) == Fold(leaves).root()


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=40, unique=True), st.data())
def test_a_proof_of_one_entry_is_none_of_another(entries: list[bytes], data: st.DataObject) -> None:
    """Whatever place is claimed, another entry does not come to the root by the first one's proof."""
    index, other = data.draw(st.lists(st.integers(0, len(entries) - 1), min_size=2, max_size=2, unique=True))
    place = data.draw(st.integers(0, len(entries) - 1))
    leaves = [leaf(one) for one in entries]
    path = proof(iter(leaves), index, len(leaves))
    root = Fold(leaves).root()
    assert proven(entries[other], place, len(entries), path) != root
    assert (proven(entries[index], place, len(entries), path) == root) == (place == index)


@given(TREE, st.data())
def test_a_proof_that_was_changed_proves_nothing(entries: list[bytes], data: st.DataObject) -> None:
    """One bit of one hash, a hash less or one more: the root is not reached."""
    index = data.draw(st.integers(0, len(entries) - 1))
    leaves = [leaf(one) for one in entries]
    path = proof(iter(leaves), index, len(leaves))
    root = Fold(leaves).root()
    assert proven(entries[index], index, len(leaves), (*path, bytes(HASH_BYTES))) is None
    if path:
        step, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, HASH_BYTES * 8 - 1))
        wrong = (int.from_bytes(path[step], "big") ^ 1 << bit).to_bytes(HASH_BYTES, "big")
        assert proven(entries[index], index, len(leaves), (*path[:step], wrong, *path[step + 1 :])) != root
        assert proven(entries[index], index, len(leaves), path[:-1]) is None
        assert proven(entries[index], index, len(leaves), (*path[:-1], b"short")) is None


def test_a_node_is_no_leaf() -> None:
    """Two hashes beside each other, given as an entry, do not hash to their node (domain separation)."""
    left, right = leaf(b"a"), leaf(b"b")
    assert leaf(left + right) != node(left, right)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_place_outside_of_the_tree_proves_nothing(index: int, size: int) -> None:
    """There is no such proof, and no such path."""
    assert proven(b"", index, size, ()) is None
    with pytest.raises(IndexError, match="expected a leaf"):
        list(spans(index, size))


@pytest.mark.parametrize("came", [2, 4])
def test_leaves_that_are_too_few_or_too_many_are_told(came: int) -> None:
    """A proof of a tree of another size would be of no use."""
    with pytest.raises(ValueError, match=f"expected 3 leaves, got {came}"):
        proof([leaf(b"")] * came, 1, 3)
