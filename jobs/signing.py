"""Signatures of the ledger's events: Ed25519 (RFC 8032), by the library ``cryptography``. Runs on the driver.

A signature is over the event's hash, and the hash covers the public key, so that neither can be taken from an event
without breaking the chain.
"""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jobs.errors import UsageError

SEED_BYTES = 32
_CONTEXT = b"faceveil/ledger/1/"
_SHOWN = 16


class Signer:
    """Signs events; never shows its seed.

    Args:
        seed: 32 random bytes.
    """

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> str:
        """The public key in base64, 44 characters."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, event_hash: str) -> str:
        """Return the signature of an event's hash, in base64."""
        return base64.b64encode(self._key.sign(_CONTEXT + event_hash.encode())).decode()


def holds(public: str, event_hash: str, signature: str) -> bool:
    """Return whether a signature is that of a public key over an event's hash; what is malformed does not hold."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), _CONTEXT + event_hash.encode())
    except (binascii.Error, ValueError, TypeError, InvalidSignature):
        return False
    return True


def public_key(text: str) -> str:
    """Return a public key as it was given, in base64.

    Raises:
        UsageError: it is none.
    """
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError) as error:
        raise UsageError("--public-key: expected 32 bytes in base64, as 'faceveil keys LAKE show' prints it") from error
    return text.strip()


def short(public: str) -> str:
    """Return so much of a public key that a person can tell it from others."""
    return public[:_SHOWN]
