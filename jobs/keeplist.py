"""Who consented to be seen: kept in the vault, sealed, and given to workers of policies that allow it.

Runs on the driver, without Spark. The table is a log, as every table of decisions is. Templates are encrypted (AES-256
in GCM) under a key of each entry's own, and that key, encrypted under one that is derived from the lake's, is a small
file beside the table: whoever has the vault alone reads no template, and when a person is taken out the file is
destroyed, so that what the table's history still holds is noise.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.keeping import FMR, KeepList, Person
from anonymizer_udfs.keys import Key
from anonymizer_udfs.recognition.base import Templates
from anonymizer_udfs.recognition.calibrating import least_people
from anonymizer_udfs.recognition.panels import Member
from anonymizer_udfs.sources.base import Storage
from conf.settings import Settings
from jobs import context, shredding, stores
from jobs.context import Treatment
from jobs.errors import UsageError, VaultError
from jobs.placed import readable
from jobs.vault import Vault
from jobs.vaultlog import VaultLog
from schemas import KEEP

FOLDER = "keep-keys"
PURPOSE = "keep"
_KEY_BITS, _NONCE = 256, 12
Known = Mapping[tuple[str, str], Templates]
"""Templates ``(n, d)`` of one person by recognizer and detector."""


@dataclass(frozen=True)
class Told:
    """What somebody says who puts a person on the list: who it is, where the consent is on record, and who says so."""

    person: str
    consent: str
    by: str


@dataclass(frozen=True)
class Consent:
    """Somebody who consented: the entries that count."""

    person: str
    entries: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``; no template."""
        last = self.entries[-1]
        return {
            "person": self.person,
            "consent": [one["consent"] for one in self.entries],
            "photos": sum(one["photos"] for one in self.entries),
            "at": last["at"],
            "by": last["by"],
        }


class KeepStore:
    """The keep-list of a vault."""

    def __init__(self, vault: Vault, storage: Storage) -> None:
        self._log = VaultLog(vault, KEEP, storage)
        self._keys, self._storage = stores.child(vault.uri, FOLDER), storage

    def consents(self) -> list[Consent]:
        """Return who is on the list, by name.

        Raises:
            VaultError: the vault cannot be read.
        """
        live: dict[str, list[dict[str, Any]]] = {}
        for row in self._log.entries():
            if row["sealed"] is None:
                live.pop(row["person"], None)
            else:
                live.setdefault(row["person"], []).append(row)
        return [Consent(name, tuple(rows)) for name, rows in sorted(live.items())]

    def digest(self) -> str:
        """Return what changes with the list, and says nothing of it: sealed templates are random."""
        whole = hashlib.sha256()
        for row in sorted((row for one in self.consents() for row in one.entries), key=lambda row: row["entry"]):
            whole.update(hashlib.sha256(row["sealed"]).digest())
        return whole.hexdigest()[:32]

    def add(self, told: Told, found: Known, photos: int, key: Key) -> None:
        """Put a person on the list, or add photos of one who is on it.

        Raises:
            LakeBusyError: somebody else decided at the same time.
        """
        number = self._log.next_number()
        with readable():
            data_key = AESGCM.generate_key(_KEY_BITS)
            sealed = seal(data_key, _packed(found), _about(number, told.person))
            wrapped = seal(key.derived(PURPOSE).secret, data_key, _about(number, told.person))
            # The key comes first: a row without one could never be read.
            if not stores.create_once(self._keys, _file(number), wrapped, self._storage):
                raise VaultError(
                    "an entry of that number was cut off; run faceveil keep LAKE list, and then this again"
                )
            if stores.is_local(self._keys):
                Path(self._keys).chmod(0o700)
                Path(self._keys, _file(number)).chmod(0o600)
        self._log.add({**vars(told), "photos": photos, "sealed": sealed}, number)

    def remove(self, person: str, by: str) -> int:
        """Take a person off the list and destroy what reads the templates; return how many entries that ends.

        Raises:
            UsageError: nobody of that name is on it.
        """
        mine = [one for one in self.consents() if one.person == person]
        if not mine:
            raise UsageError("--person: nobody of that name is on the list; see faceveil keep LAKE list")
        self._log.add({"person": person, "consent": None, "by": by, "photos": 0, "sealed": None})
        self.sweep()
        return len(mine[0].entries)

    def sweep(self) -> None:
        """Destroy keys that no entry needs any more; also of a removal or an addition that was cut off."""
        needed = {_file(row["entry"]) for one in self.consents() for row in one.entries}
        with readable():
            there = stores.names(self._keys, self._storage)
        for name in sorted(set(there) - needed):
            shredding.file(self._keys, name, self._storage)

    def people(self, key: Key) -> tuple[Person, ...]:
        """Return the templates of who is on the list.

        Raises:
            VaultError: an entry cannot be opened: its key is gone, or the lake's key is another one.
        """
        return tuple(Person(_joined([self._opened(row, key) for row in one.entries])) for one in self.consents())

    def _opened(self, row: dict[str, Any], key: Key) -> dict[tuple[str, str], Templates]:
        about = _about(row["entry"], row["person"])
        with readable():
            wrapped = stores.read(self._keys, _file(row["entry"]), self._storage)
        try:
            data_key = unseal(key.derived(PURPOSE).secret, wrapped or b"", about)
            return _unpacked(unseal(data_key, row["sealed"], about))
        except (InvalidTag, ValueError) as error:
            raise VaultError(
                f"entry {row['entry']} of the keep-list cannot be opened: its key is gone, or the lake's key is "
                "another one; take the person off the list and add the photos again"
            ) from error


def seal(key: bytes, content: bytes, about: bytes) -> bytes:
    """Return content encrypted by AES-GCM, with its random nonce before it; ``about`` is bound to it."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        InvalidTag: by another key, about something else, or changed since.
        ValueError: it is too short to be anything.
    """
    if len(sealed) <= _NONCE:
        raise ValueError("expected a nonce and what was encrypted")
    return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about)


def bound(
    treatment: Treatment, vault: Vault | None, storage: Storage, settings: Settings, key: Key | None = None
) -> Treatment:
    """Return a treatment with the list of the vault, where its policy allows anybody to stay visible.

    Args:
        treatment: what a policy means.
        vault: where the list is; without one nobody is on it.
        storage: how to reach object stores.
        settings: where calibrations lie.
        key: of the lake; none: templates are not needed, only what images are known to be done by.

    Raises:
        UsageError: somebody is on the list, and no threshold is certified for a recognizer of the panel.
        VaultError: the list cannot be opened.
    """
    if not treatment.policy.keep:
        return treatment
    store = None if vault is None else KeepStore(vault, storage)
    if store is None or not store.consents():
        return replace(treatment, keep=KeepList("nobody"))
    members = certified(treatment, settings)
    return replace(treatment, keep=KeepList(store.digest(), members, store.people(key) if key else ()))


def certified(treatment: Treatment, settings: Settings) -> tuple[Member, ...]:
    """Return the panel of a policy with thresholds at :data:`FMR`.

    Raises:
        UsageError: no calibration certifies one: nobody is then taken for somebody who consented.
    """
    out = []
    for one in treatment.panel.members:
        who = one.recognizer
        try:
            out.append(Member(who, context.thresholds(who, treatment.policy, settings, FMR)))
        except (SpecError, UnknownNameError) as error:
            raise UsageError(
                f"recognizer {who.name} has no threshold that is certified at a false match rate of {FMR}, so "
                f"nobody can be taken for who consented: it needs two photos of each of {least_people(FMR):,} people; "
                "faceveil calibrate FOLDER --out DIR, then --set models.calibration_dir=DIR"
            ) from error
    return tuple(out)


def _joined(parts: Sequence[Known]) -> dict[tuple[str, str], Templates]:
    names = sorted({name for one in parts for name in one})
    return {name: np.concatenate([one[name] for one in parts if name in one]) for name in names}


def _packed(found: Known) -> bytes:
    return json.dumps(list(_rows(found)), sort_keys=True).encode()


def _rows(found: Known) -> Iterator[dict[str, Any]]:
    for (recognizer, detector), templates in sorted(found.items()):
        values = np.ascontiguousarray(templates, "<f4")
        text = base64.b64encode(values.tobytes()).decode()
        yield {"recognizer": recognizer, "detector": detector, "shape": list(values.shape), "templates": text}


def _unpacked(content: bytes) -> dict[tuple[str, str], Templates]:
    return {
        (one["recognizer"], one["detector"]): np.frombuffer(base64.b64decode(one["templates"]), "<f4")
        .reshape(one["shape"])
        .astype(np.float32)
        for one in json.loads(content)
    }


def _about(number: int, person: str) -> bytes:
    return f"faceveil/keep/1/{number}/{person}".encode()


def _file(number: int) -> str:
    return f"{number:08d}"
