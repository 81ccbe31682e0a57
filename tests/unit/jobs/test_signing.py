"""Signatures: RFC 8032's own figures, and nothing that is not one of ours holds."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jobs import signing
from jobs.errors import UsageError
from jobs.signing import Signer

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
HASH = "ab" * 32


def test_the_public_key_is_that_of_the_standard() -> None:
    """The first test vector of RFC 8032."""
    assert base64.b64decode(Signer(SEED).public) == PUBLIC


def test_a_signature_holds_for_its_key_and_hash_alone() -> None:
    """By our check, and by the library's on what the documentation says is signed."""
    signer = Signer(SEED)
    made = signer.sign(HASH)
    assert signing.holds(signer.public, HASH, made)
    assert not signing.holds(signer.public, "ba" * 32, made)
    assert not signing.holds(Signer(bytes(32)).public, HASH, made)
    Ed25519PublicKey.from_public_bytes(PUBLIC).verify(base64.b64decode(made), b"faceveil/ledger/1/" + HASH.encode())


@pytest.mark.parametrize("wrong", ["", "None", "!!", "AAAA", base64.b64encode(bytes(64)).decode()])
def test_what_is_malformed_does_not_hold(wrong: str) -> None:
    """Neither as a signature nor as a key; nothing is raised."""
    assert not signing.holds(Signer(SEED).public, HASH, wrong)
    assert not signing.holds(wrong, HASH, Signer(SEED).sign(HASH))


def test_the_seed_is_never_shown() -> None:
    """Neither by repr nor by str."""
    shown = f"{Signer(SEED)!r} {vars(Signer(SEED))}"
    assert SEED.hex()[:8] not in shown
    assert base64.b64encode(SEED).decode()[:8] not in shown


def test_a_public_key_is_checked() -> None:
    """As it is printed, with blanks around it or without; else one line says what is expected."""
    public = Signer(SEED).public
    assert signing.public_key(f" {public}\n") == public
    for wrong in ("", "short", base64.b64encode(bytes(31)).decode()):
        with pytest.raises(UsageError, match="--public-key: expected 32 bytes in base64"):
            signing.public_key(wrong)
