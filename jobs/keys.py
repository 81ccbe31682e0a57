"""``faceveil keys``: which keys a lake has, a new one in place of an old one, and destruction. Needs no Spark.

No key is ever printed or taken as an argument; the ids by which keys are known say nothing of them.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anonymizer_udfs import __version__
from anonymizer_udfs.keys import KEY_BYTES, Key
from jobs import options, runkeys, screen, shredding
from jobs.errors import UsageError, VaultError
from jobs.keyring import IDS, KINDS, NOISE, SIGNING, Keyring, Slot, identity
from jobs.keysource import KeySource
from jobs.ledger import Event, new_run_id
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake, readable
from jobs.screen import Section, counted
from jobs.signing import Signer
from jobs.vault import Vault, open_vault

SHOW, ROTATE, DESTROY = "show", runkeys.ROTATE, runkeys.DESTROY
EXAMPLES = """  faceveil keys ./lake                                   which keys there are
  faceveil keys ./lake rotate noise                      new images get noise from a new key; ids stay
  faceveil keys ./lake rotate signing                    the old key signs the new one in
  faceveil keys ./lake destroy noise --confirm KEY_ID    nothing made with it can be made again
  faceveil keys ./lake destroy ids --confirm KEY_ID      and nothing leads from an id back to a source

exit codes: 0 done, 1 failed, 2 bad arguments"""


@dataclass(frozen=True)
class Done:
    """What was done.

    Attributes:
        action: rotate or destroy.
        kind: of key.
        key_id: the key before, or the one that is gone.
        next_id: the key from now on, of a rotation.
        removed: files of the vault that named sources and went with the key of the ids.
    """

    action: str
    kind: str
    key_id: str | None
    next_id: str | None = None
    removed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: what the ledger's event says, too."""
        said = {"action": self.action, "kind": self.kind, "key_id": self.key_id, "next": self.next_id}
        return {name: value for name, value in said.items() if value is not None}

    def lines(self) -> list[str]:
        """Return what a person reads."""
        if self.action == ROTATE:
            return [f"the {self.kind} key is now {self.next_id}, before {self.key_id or 'there was none'}"]
        rest = [f"{counted(self.removed, 'file')} of the vault that named sources went with it"] if self.removed else []
        kept = "what else holds copies: backups, snapshots, versions of a bucket, the disk itself (docs/security.md)"
        return [f"the {self.kind} key {self.key_id} is destroyed", *rest, kept]


class Keys:
    """The keys of one lake."""

    def __init__(self, placed: Placed) -> None:
        self._lake, self._common = placed.lake, placed.common
        self._vault: Vault | None = open_vault(placed.lake.uri, placed.common.vault, placed.common.storage)

    def slots(self) -> list[Slot]:
        """Return all keys of the vault, there or gone, the oldest of a kind first."""
        if self._vault is None:
            return []
        with readable():
            return [slot for kind in KINDS for slot in self._vault.keyring.slots(kind)]

    def rotate(self, kind: str) -> Done:
        """Put a new key in place of a kind's last one, and say so in the ledger.

        Raises:
            UsageError: it is the key of the ids: under another one every image would be new.
            VaultError: there is no vault to keep it.
        """
        if kind == IDS:
            raise UsageError(
                "the key of the ids cannot be rotated: every image would be new; make another lake for that"
            )
        return self._rotate_noise() if kind == NOISE else self._rotate_signing()

    def _rotate_noise(self) -> Done:
        known, last = runkeys.noise_of(self._lake.ledger.events())
        given = self._common.noise_key.read()
        if given is not None:
            found: str | None = given.key_id
        else:
            ring = self._ring()
            newest = ring.newest(NOISE)
            found = newest.key_id if newest and not newest.destroyed_at else None
            if found is None or not known or found == last:  # else a rotation was cut off before it was told
                found = Key(ring.rotate(NOISE)).key_id
        return self._told(Done(ROTATE, NOISE, last, found))

    def _rotate_signing(self) -> Done:
        given = self._common.signing_key
        before = runkeys.signer(self._common, None if given else self._vault)
        if given:
            raise UsageError("--signing-key: rotate where that key is kept, and let the old one sign the new one in")
        seed = secrets.token_bytes(KEY_BYTES)
        done = Done(ROTATE, SIGNING, before.public if before else None, Signer(seed).public)
        if before is not None:
            self._told(done)  # by the old key, which names the new one
            self._ring().rotate(SIGNING, seed)
            return done
        self._ring().ensure(SIGNING, seed)
        return self._told(done)

    def destroy(self, kind: str, key_id: str) -> Done:
        """Destroy one key, and say so in the ledger.

        Args:
            kind: of key.
            key_id: as ``show`` gives it, so that nobody destroys another one than he means.

        Raises:
            UsageError: there is no such key, it is kept elsewhere, or it is the one that signs.
            VaultError: something of it could not be removed.
        """
        source = {IDS: self._common.key, NOISE: self._common.noise_key, SIGNING: self._common.signing_key}[kind]
        done = self._given(kind, key_id, source) if source else self._own(kind, key_id)
        if kind == IDS and self._vault is not None:
            done = replace(done, removed=self._vault.forget())
        return self._told(done)

    def _own(self, kind: str, key_id: str) -> Done:
        ring = self._ring()
        mine = [slot for slot in ring.slots(kind) if slot.key_id == key_id]
        if not mine:
            raise UsageError(f"--confirm: the vault has no {kind} key of that id; faceveil keys LAKE shows them")
        if kind == SIGNING and mine[-1] == ring.newest(SIGNING):
            raise UsageError("this key signs the ledger: rotate first, so that it can sign the next one in")
        if kind == NOISE and mine[-1].destroyed_at is None and self._is_ids(ring, key_id):
            raise UsageError("this key is the one of the ids as well: rotate the noise first")
        for slot in mine:
            ring.destroy(slot)
        return Done(DESTROY, kind, key_id)

    def _is_ids(self, ring: Keyring, key_id: str) -> bool:
        return any(slot.key_id == key_id for slot in ring.slots(IDS))

    def _given(self, kind: str, key_id: str, source: KeySource) -> Done:
        """Destroy a key that lies in a local file."""
        if source.file is None:
            raise UsageError(f"{source.option}: this key is not kept here; destroy it where it is kept")
        found = source.read()
        if found is None or identity(kind, found.secret) != key_id:
            raise UsageError(
                f"--confirm: the key in {source.option}-file has another id; faceveil keys LAKE shows them"
            )
        try:
            shredding.local(Path(source.file).expanduser())
        except OSError as error:
            raise VaultError(f"{source.option}-file cannot be removed: {error.strerror}; it is still there") from error
        return Done(DESTROY, kind, key_id)

    def _ring(self) -> Keyring:
        if self._vault is None:
            raise VaultError("--vault none was given: there is no key here; give the vault's URI")
        return self._vault.keyring

    def _told(self, done: Done) -> Done:
        self._lake.ledger.append(
            Event(
                run_id=new_run_id(),
                event="finished",
                job=runkeys.JOB,
                pipeline_version=__version__,
                settings=json.dumps(done.as_dict(), sort_keys=True),
            )
        )
        return done


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("keys", "Show, rotate and destroy the keys of a lake; none is ever printed.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("action", nargs="?", choices=(SHOW, ROTATE, DESTROY), default=SHOW, help="show is the default")
    made.add_argument("kind", nargs="?", choices=KINDS, help="of what the key is")
    made.add_argument("--confirm", metavar="KEY_ID", help="destroy: the id of the key, as show gives it")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, act, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    keys = Keys(open_lake(args.lake, common))
    if args.action == SHOW:
        return _show(keys, as_json=common.as_json)
    if args.kind is None:
        raise UsageError(f"{args.action} what? give one of {', '.join(KINDS)}")
    if args.action == ROTATE:
        done = keys.rotate(args.kind)
    elif args.confirm is None:
        raise UsageError("what is destroyed does not come back: give --confirm KEY_ID, as faceveil keys LAKE shows it")
    else:
        done = keys.destroy(args.kind, args.confirm)
    options.answer(done.as_dict() | {"removed": done.removed}, done.lines(), as_json=common.as_json)
    return options.DONE


def _show(keys: Keys, *, as_json: bool) -> int:
    slots = keys.slots()
    last = {slot.kind: slot.name for slot in slots}
    state = {
        slot.name: f"destroyed {slot.destroyed_at}" if slot.destroyed_at else
        "in use" if last[slot.kind] == slot.name else "of earlier images or events"
        for slot in slots
    }  # fmt: skip
    if as_json:
        options.answer([{**vars(slot), "state": state[slot.name]} for slot in slots], (), as_json=True)
        return options.DONE
    rows = tuple((slot.kind, slot.key_id, state[slot.name], slot.name) for slot in slots)
    none = Section("", (("the vault holds no key",),))
    screen.show([Section("keys", rows, ("of", "id or public key", "state", "file in the vault")) if rows else none])
    return options.DONE


if __name__ == "__main__":
    sys.exit(main())
