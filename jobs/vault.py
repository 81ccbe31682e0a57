"""The vault: the key, and the tables that map ids back to names. Its URI has access of its own.

Runs on the driver. Where there is no vault the job still works: it then needs a key from elsewhere and cannot name a
source again.
"""

import base64
import binascii
import os
import secrets
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from anonymizer_udfs.keys import KEY_BYTES, Key
from anonymizer_udfs.sources.base import Storage
from jobs import stores
from jobs.errors import UsageError, VaultError
from jobs.tables import Tables
from schemas import VAULT_TABLES

KEY_NAME = "key"
NONE = "none"
_HOW = "expected 32 random bytes in base64 on one line; make one with: openssl rand -base64 32"


@dataclass(frozen=True)
class KeySource:
    """Where the key comes from; at most one is given, none means the vault. A key is never an argument itself."""

    file: str | None = None
    env: str | None = None
    command: str | None = None

    def __post_init__(self) -> None:
        """Refuse two sources of one key."""
        if sum(bool(x) for x in (self.file, self.env, self.command)) > 1:
            raise UsageError("give one of --key-file, --key-env and --key-command, not several")

    def read(self) -> Key | None:
        """Return the key, or ``None`` where none of the three is given."""
        if self.file:
            return parse_key(_read_file(self.file), "--key-file")
        if self.env:
            value = os.environ.get(self.env)
            if value is None:
                raise VaultError(f"--key-env: the environment has no variable {self.env}; {_HOW}")
            return parse_key(value.encode(), "--key-env")
        return parse_key(_run(self.command), "--key-command") if self.command else None


def _read_file(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise VaultError(f"--key-file cannot be read: {error.strerror}; {_HOW}") from error


def _run(command: str) -> bytes:
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, check=True, timeout=60)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise VaultError(f"--key-command failed: {type(error).__name__}; it has to print the key; {_HOW}") from error
    return done.stdout


def parse_key(text: bytes, where: str) -> Key:
    """Return the key of one line of base64.

    Raises:
        VaultError: if it is none, without repeating any of it.
    """
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise VaultError(f"{where} has no usable key; {_HOW}")
    return Key(secret)


class Vault:
    """The vault of a lake, at a URI of its own."""

    def __init__(self, uri: str, storage: Storage) -> None:
        self.uri, self._storage = stores.normalise(uri), storage
        self.tables = Tables(self.uri, VAULT_TABLES, storage)

    def prepare(self) -> None:
        """Make the vault and its tables where they are missing; a local one is readable by its owner alone.

        Raises:
            VaultError: if it cannot be reached or written.
        """
        try:
            if stores.is_local(self.uri):
                Path(self.uri).mkdir(parents=True, exist_ok=True)
                Path(self.uri).chmod(0o700)
            self.tables.create()
        except stores.FAILURES as error:
            raise VaultError(f"the vault cannot be written: {stores.why(error)}") from error

    def key(self) -> Key | None:
        """Return the key that lies in the vault, if any."""
        text = stores.read(self.uri, KEY_NAME, self._storage)
        return parse_key(text, "the vault's file 'key'") if text is not None else None

    def make_key(self, key: Key | None = None) -> Key:
        """Return the vault's key, made now if there is none; of two drivers that make one, both get the same.

        Args:
            key: what is kept where there is none; none: a random one.
        """
        text = base64.b64encode(key.secret if key else secrets.token_bytes(KEY_BYTES)) + b"\n"
        if stores.create_once(self.uri, KEY_NAME, text, self._storage) and stores.is_local(self.uri):
            Path(self.uri, KEY_NAME).chmod(0o600)
        found = self.key()
        if found is None:
            raise VaultError("the vault did not keep the key that was written to it; check its access")
        return found


def open_vault(lake_uri: str, vault: str | None, storage: Storage) -> Vault | None:
    """Return the vault that belongs to a lake.

    Args:
        lake_uri: normalised URI of the lake.
        vault: what ``--vault`` said: a URI, ``none``, or nothing: then a local lake's vault lies beside it.
        storage: how to reach object stores.

    Raises:
        UsageError: if nothing was said for a lake in an object store, or the vault lies inside the lake.
    """
    if vault == NONE:
        return None
    if vault is None:
        if not stores.is_local(lake_uri):
            raise UsageError("a lake in an object store needs --vault URI (with access of its own), or --vault none")
        vault = f"{lake_uri}.vault"
    found = Vault(vault, storage)
    if found.uri == lake_uri or found.uri.startswith(f"{lake_uri}/"):
        raise UsageError("the vault must not lie inside the lake: whoever reads the lake would read the names")
    return found
