"""Which keys a run works with: those that are given, those of the vault, or new ones; and whether they fit the lake.

Runs on the driver.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from anonymizer_udfs.keys import Key
from jobs.errors import UsageError, VaultError
from jobs.keyring import IDS, NOISE, SIGNING
from jobs.options import Common
from jobs.signing import Signer
from jobs.vault import Vault

JOB = "keys"
"""The job of the ledger's events that say that keys were rotated or destroyed."""
ROTATE, DESTROY = "rotate", "destroy"


def for_run(given: Key | None, common: Common, vault: Vault | None) -> Key:
    """Return the keys of a run that makes images; what is made now is told, since whoever loses it loses the ids.

    Args:
        given: the key of the ids, where an option gives it.
        common: what the command line said; it may give the key of the noise.
        vault: where keys are else.

    Raises:
        UsageError: there is no vault, and no key is given.
        VaultError: a key cannot be used or was destroyed.
    """
    noise = common.noise_key.read()
    if vault is None:
        if given is None:
            raise UsageError("without a vault the key has to be given")
        return Key(given.secret, noise.secret if noise else None)
    ring = vault.keyring
    ids = given.secret if given else ring.secret(IDS)
    if ids is None:
        # The noise's first: who is killed between the two has no lake yet, and the next one finds both missing or both.
        ring.ensure(NOISE)
        ids = ring.ensure(IDS)
        _say("made keys in the vault; without them no image is known again: keep a copy where only you read")
    if noise is not None:
        return Key(ids, noise.secret)
    last = ring.newest(NOISE)
    if last is not None and last.destroyed_at is not None:
        _say("made a new key of the noise in the vault, since the one before was destroyed")
    return Key(ids, None if last is None else ring.ensure(NOISE))


def signer(common: Common, vault: Vault | None) -> Signer | None:
    """Return who signs the ledger's events: the key that is given, or the vault's; none where there is none."""
    given = common.signing_key.read()
    if given is not None:
        return Signer(given.secret)
    return vault.keyring.signer() if vault is not None else None


def ensure_signer(common: Common, vault: Vault | None) -> None:
    """Make a key for signatures in a vault that never had one, unless one is given."""
    if vault is not None and not common.signing_key and vault.keyring.newest(SIGNING) is None:
        vault.keyring.ensure(SIGNING)


def check(events: Sequence[dict[str, Any]], key: Key) -> None:
    """Refuse keys that are not the lake's: every image would look new under another key of the ids.

    Under another key of the noise the same bytes would no longer give the same bytes, and nothing would say since when:
    so a rotation is said to the ledger first.

    Raises:
        VaultError: naming the keys by their ids.
    """
    used = {event["key_id"] for event in events if event["key_id"]}
    if used and key.key_id not in used:
        raise VaultError(
            f"this lake was made with key {', '.join(sorted(used))}, the one given is {key.key_id}; give that key, "
            "or another lake"
        )
    known, last = noise_of(events)
    if known and key.noise_key_id != last:
        raise VaultError(
            f"the noise of this lake comes from key {last or 'of the ids'}, the one given is "
            f"{key.noise_key_id or 'the key of the ids'}; give that one by --noise-key-file, --noise-key-env or "
            "--noise-key-command, or say to the lake that it changes: faceveil keys LAKE rotate noise"
        )


def noise_of(events: Sequence[dict[str, Any]]) -> tuple[bool, str | None]:
    """Return whether the ledger says which key the noise has to come from, and which: none for that of the ids."""
    known, last = False, None
    for event in events:
        if event["job"] == "anonymize":
            known, last = True, event.get("noise_key_id")
        elif event["job"] == JOB:
            said = json.loads(event["settings"] or "{}")
            if (said.get("kind"), said.get("action")) == (NOISE, ROTATE):
                known, last = True, said.get("next")
            elif (said.get("kind"), said.get("action")) == (NOISE, DESTROY) and said.get("key_id") == last:
                known, last = False, None
    return known, last


def _say(text: str) -> None:
    sys.stderr.write(f"faceveil: {text}\n")
