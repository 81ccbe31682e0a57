"""The keys that lie in a vault: of ids, of noise, of signatures; which one is in use, which was destroyed. Driver only.

Each is a small file of one line of base64. ``key`` is the one of the ids; ``noise-key-1``, ``noise-key-2``, ... are
those of the noise and ``signing-key-1``, ... those of the ledger's signatures, of which the last one counts. A vault
that has no noise key is of an older faceveil: noise then comes from ``key``. Where a key was destroyed lies
``NAME.destroyed``, which tells its id and when, so that no other one silently takes its place.
"""

import base64
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anonymizer_udfs.keys import KEY_BYTES, Key
from anonymizer_udfs.sources.base import Storage
from jobs import shredding, stores
from jobs.errors import VaultError
from jobs.keysource import parse_key
from jobs.signing import Signer

IDS, NOISE, SIGNING = "ids", "noise", "signing"
KINDS = (IDS, NOISE, SIGNING)
FILES = {IDS: "key", NOISE: "noise-key", SIGNING: "signing-key"}
GONE = ".destroyed"


def is_key(name: str) -> bool:
    """Return whether a file of a vault is a key, or word of one that was destroyed.

    Examples:
        >>> is_key("noise-key-2"), is_key("key.destroyed"), is_key("sources")
        (True, True, False)
    """
    return name.removesuffix(GONE).rstrip("0123456789").removesuffix("-") in FILES.values()


@dataclass(frozen=True)
class Slot:
    """One key of a vault, there or gone.

    Attributes:
        kind: one of :data:`KINDS`.
        name: of its file.
        key_id: by which it is known; of a signing key its public key.
        destroyed_at: when it was destroyed, ISO 8601; none while it is there.
    """

    kind: str
    name: str
    key_id: str
    destroyed_at: str | None = None


class Keyring:
    """The keys of the vault at a normalised URI."""

    def __init__(self, uri: str, storage: Storage) -> None:
        self.uri, self._storage = uri, storage

    def slots(self, kind: str) -> Iterator[Slot]:
        """Yield the keys of a kind, the oldest first."""
        for name in self._names(kind):
            gone = stores.read(self.uri, name + GONE, self._storage)
            if gone is not None:
                said = json.loads(gone)
                yield Slot(kind, name, str(said["key_id"]), str(said["destroyed_at"]))
            elif (secret := self._secret(name)) is not None:
                yield Slot(kind, name, identity(kind, secret))
            else:
                return

    def newest(self, kind: str) -> Slot | None:
        """Return the last key of a kind, there or gone; none where there never was one."""
        return next(reversed(list(self.slots(kind))), None)

    def secret(self, kind: str) -> bytes | None:
        """Return the last key of a kind; none where there never was one.

        Raises:
            VaultError: it was destroyed.
        """
        last = self.newest(kind)
        if last is None:
            return None
        if last.destroyed_at is not None:
            raise VaultError(f"the key of the {kind} was destroyed on {last.destroyed_at}; {_AFTER[kind]}")
        return self._secret(last.name)

    def key(self) -> Key | None:
        """Return the key of the ids with that of the noise; a noise key that was destroyed is left out.

        Raises:
            VaultError: the key of the ids was destroyed.
        """
        ids = self.secret(IDS)
        if ids is None:
            return None
        last = self.newest(NOISE)
        return Key(ids, None if last is None or last.destroyed_at else self._secret(last.name))

    def ensure(self, kind: str, secret: bytes | None = None) -> bytes:
        """Return the last key of a kind, made now where there is none; of two drivers at once, both get the same.

        Args:
            kind: of noise and signatures a destroyed one counts as none; in place of a destroyed key of the ids none is
                made.
            secret: what is kept where there is none; none: random bytes.

        Raises:
            VaultError: it was not kept, or the key of the ids was destroyed.
        """
        there = list(self.slots(kind))  # looked at once: who made one meanwhile has taken the name that is next
        if there and (kind == IDS or there[-1].destroyed_at is None):
            found = self.secret(kind) if kind == IDS else self._secret(there[-1].name)
            if found is not None:
                return found
        return self._made(_next(kind, there), secret)

    def rotate(self, kind: str, secret: bytes | None = None) -> bytes:
        """Return a new last key of the noise or the signatures, in place of the one before, which stays.

        Raises:
            VaultError: it was not kept.
        """
        return self._made(_next(kind, list(self.slots(kind))), secret)

    def _made(self, name: str, secret: bytes | None) -> bytes:
        text = base64.b64encode(secret or secrets.token_bytes(KEY_BYTES)) + b"\n"
        if stores.create_once(self.uri, name, text, self._storage) and stores.is_local(self.uri):
            Path(self.uri, name).chmod(0o600)
        found = self._secret(name)
        if found is None:
            raise VaultError("the vault did not keep the key that was written to it; check its access")
        return found

    def destroy(self, slot: Slot) -> None:
        """Destroy one key, and leave word of it; a local file is overwritten before it is removed."""
        said: dict[str, Any] = {"key_id": slot.key_id, "destroyed_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        stores.create_once(self.uri, slot.name + GONE, json.dumps(said).encode() + b"\n", self._storage)
        shredding.file(self.uri, slot.name, self._storage)

    def signer(self) -> Signer | None:
        """Return who signs; none where there never was a signing key.

        Raises:
            VaultError: it was destroyed.
        """
        seed = self.secret(SIGNING)
        return None if seed is None else Signer(seed)

    def _names(self, kind: str) -> Iterator[str]:
        if kind == IDS:
            yield FILES[IDS]
            return
        number = 1
        while True:
            yield f"{FILES[kind]}-{number}"
            number += 1

    def _secret(self, name: str) -> bytes | None:
        text = stores.read(self.uri, name, self._storage)
        return None if text is None else parse_key(text, f"the vault's file {name!r}").secret


_AFTER = {
    IDS: "this lake takes no image any more: give another lake, which gets a vault and a key of its own",
    NOISE: "the next run makes a new one",
    SIGNING: "make a new one: faceveil keys LAKE rotate signing",
}


def _next(kind: str, there: Sequence[Slot]) -> str:
    return FILES[kind] if kind == IDS else f"{FILES[kind]}-{len(there) + 1}"


def identity(kind: str, secret: bytes) -> str:
    """Return by what a key is known: the public key of a signing key, else 16 digits that say nothing of it."""
    return Signer(secret).public if kind == SIGNING else Key(secret).key_id
