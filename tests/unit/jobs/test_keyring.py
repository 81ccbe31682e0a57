"""The keys in a vault: made once, told apart, rotated, and gone without a trace where they are destroyed."""

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import Storage
from jobs import shredding
from jobs.errors import VaultError
from jobs.keyring import IDS, KINDS, NOISE, SIGNING, Keyring, is_key
from jobs.signing import Signer

LOCAL = Storage()


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    """Return the keys of a new vault."""
    (tmp_path / "v").mkdir(mode=0o700)
    return Keyring(str(tmp_path / "v"), LOCAL)


def test_a_vault_without_keys_has_none(ring: Keyring) -> None:
    """Nothing is made by looking."""
    assert ring.key() is None
    assert ring.signer() is None
    assert [ring.newest(kind) for kind in KINDS] == [None] * 3
    assert list(Path(ring.uri).iterdir()) == []


def test_a_vault_of_an_older_faceveil_gives_the_same_ids_and_noise(ring: Keyring) -> None:
    """One file, ``key``: ids and noise both come from it, bit for bit."""
    secret = bytes(range(32))
    Path(ring.uri, "key").write_bytes(base64.b64encode(secret) + b"\n")
    found, before = ring.key(), Key(secret)
    assert found == before
    assert found is not None
    assert found.noise_key_id is None
    assert (
        found.generator("a", "b", 0).integers(0, 99, 8).tolist()
        == before.generator("a", "b", 0).integers(0, 99, 8).tolist()
    )


def test_a_noise_key_changes_the_noise_and_no_id(ring: Keyring) -> None:
    """Ids, digests and versions are the key's; the noise is the other one's, and it says nothing of the first."""
    ids, noise = ring.ensure(IDS), ring.ensure(NOISE)
    both, alone = ring.key(), Key(ids)
    assert both == Key(ids, noise)
    assert both is not None
    assert (both.key_id, both.image_id("a"), both.source_digest(b"a")) == (
        alone.key_id, alone.image_id("a"), alone.source_digest(b"a"),
    )  # fmt: skip
    assert both.noise_key_id == Key(noise).key_id
    drawn = [one.generator("a", "b", 0).integers(0, 2**62, 4).tolist() for one in (both, alone, Key(noise))]
    assert drawn[0] == drawn[2] != drawn[1]


@pytest.mark.parametrize("kind", KINDS)
def test_of_many_drivers_each_gets_the_same_key(kind: str, ring: Keyring) -> None:
    """One is made; whoever comes later gets it, too; nobody else may read it."""
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: ring.ensure(kind), range(8)))) == 1
    (slot,) = ring.slots(kind)
    assert ring.ensure(kind) == ring.secret(kind)
    assert stat.S_IMODE(Path(ring.uri, slot.name).stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", [NOISE, SIGNING])
def test_the_last_one_counts_and_the_earlier_ones_stay(kind: str, ring: Keyring) -> None:
    """A rotation adds a key; what was made with the earlier one can still be made again."""
    first, second = ring.ensure(kind), ring.rotate(kind)
    assert first != second
    assert ring.secret(kind) == ring.ensure(kind) == second
    assert [slot.name[-2:] for slot in ring.slots(kind)] == ["-1", "-2"]


def test_a_destroyed_key_leaves_word_and_no_byte(ring: Keyring) -> None:
    """Its id and when; it is in no file, raw or in base64, and no other key silently takes its place."""
    secret = ring.ensure(IDS)
    (slot,) = ring.slots(IDS)
    ring.destroy(slot)
    files = b"".join(path.read_bytes() for path in Path(ring.uri).iterdir())
    assert secret not in files
    assert base64.b64encode(secret)[:12] not in files
    assert ring.newest(IDS) == slot.__class__(IDS, "key", slot.key_id, ring.newest(IDS).destroyed_at)  # type: ignore[union-attr]  # it is one
    for look in (ring.key, lambda: ring.ensure(IDS), lambda: ring.secret(IDS)):
        with pytest.raises(VaultError, match="the key of the ids was destroyed on 20"):
            look()


def test_after_a_noise_key_a_new_one_is_made_and_never_an_older_one_taken(ring: Keyring) -> None:
    """To fall back to the first one would give noise that somebody may know."""
    ids = ring.ensure(IDS)
    first, _ = ring.ensure(NOISE), ring.rotate(NOISE)
    ring.destroy(list(ring.slots(NOISE))[1])
    assert ring.key() == Key(ids)
    with pytest.raises(VaultError, match="the key of the noise was destroyed"):
        ring.secret(NOISE)
    third = ring.ensure(NOISE)
    assert third not in {first, ids}
    assert [bool(slot.destroyed_at) for slot in ring.slots(NOISE)] == [False, True, False]
    assert ring.key() == Key(ids, third)


def test_a_signing_key_is_known_by_its_public_key(ring: Keyring) -> None:
    """That is what a verifier needs, and no secret."""
    seed = ring.ensure(SIGNING)
    (slot,) = ring.slots(SIGNING)
    signer = ring.signer()
    assert signer is not None
    assert slot.key_id == signer.public == Signer(seed).public


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("key", True), ("noise-key-1", True), ("signing-key-12", True), ("key.destroyed", True),
        ("noise-key-3.destroyed", True), ("sources", False), ("keys", False), ("canaries", False), ("work", False),
    ],
)  # fmt: skip
def test_keys_are_told_from_all_else_in_a_vault(name: str, *, expected: bool) -> None:
    """What is no key goes with the key of the ids."""
    assert is_key(name) is expected


class TestShredding:
    """What is removed was overwritten first."""

    def test_the_bytes_on_the_disk_are_overwritten(self, tmp_path: Path) -> None:
        """Seen through a second name of the same file: as long as before, and not a byte run of it left."""
        secret = os.urandom(1 << 16)
        path, second = tmp_path / "secret", tmp_path / "second"
        path.write_bytes(secret)
        second.hardlink_to(path)
        shredding.local(path)
        left = second.read_bytes()
        assert not path.exists()
        assert len(left) == len(secret)
        assert not any(secret[i : i + 8] in left for i in range(0, len(secret), 8))

    def test_a_link_is_removed_and_what_it_leads_to_stays(self, tmp_path: Path) -> None:
        """Else a link in a vault would destroy a file elsewhere."""
        (tmp_path / "target").write_bytes(b"theirs")
        (tmp_path / "link").symlink_to(tmp_path / "target")
        shredding.local(tmp_path / "link")
        assert (tmp_path / "target").read_bytes() == b"theirs"
        assert not (tmp_path / "link").is_symlink()

    def test_what_is_gone_is_gone(self, tmp_path: Path) -> None:
        """To remove it again is no error; what cannot be removed is told."""
        shredding.file(str(tmp_path), "nothing", LOCAL)
        (tmp_path / "folder").mkdir()
        with pytest.raises(VaultError, match="still there"):
            shredding.file(str(tmp_path), "folder", LOCAL)

    def test_all_but_what_is_kept_goes(self, tmp_path: Path) -> None:
        """With folders and links in them."""
        for name in ("key", "sources/_delta_log/0.json", "sources/a.parquet", "work/.hidden"):
            path = tmp_path / "v" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        assert shredding.below(str(tmp_path / "v"), LOCAL, lambda name: name != "key") == 3
        assert [path.name for path in (tmp_path / "v").iterdir()] == ["key"]
