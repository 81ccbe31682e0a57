"""The vault: the keys, and the tables that map ids back to names. Its URI has access of its own.

Runs on the driver. Where there is no vault the job still works: it then needs a key from elsewhere and cannot name a
source again.
"""

from pathlib import Path

from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import Storage
from jobs import shredding, stores
from jobs.errors import UsageError, VaultError
from jobs.keyring import IDS, Keyring, is_key
from jobs.keysource import KeySource, parse_key
from jobs.tables import Tables
from schemas import VAULT_TABLES

__all__ = ["NONE", "KeySource", "Vault", "open_vault", "parse_key"]

NONE = "none"


class Vault:
    """The vault of a lake, at a URI of its own."""

    def __init__(self, uri: str, storage: Storage) -> None:
        self.uri, self._storage = stores.normalise(uri), storage
        self.tables = Tables(self.uri, VAULT_TABLES, storage)
        self.keyring = Keyring(self.uri, storage)

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
        """Return the keys of ids and noise that lie in the vault, if any.

        Raises:
            VaultError: one cannot be used, or the key of the ids was destroyed.
        """
        return self.keyring.key()

    def make_key(self, key: Key | None = None) -> Key:
        """Return the vault's key, made now if there is none; of two drivers that make one, both get the same.

        Args:
            key: whose ids' part is kept where there is none; none: a random one.
        """
        self.keyring.ensure(IDS, key.secret if key else None)
        found = self.key()
        if found is None:
            raise VaultError("the vault did not keep the key that was written to it; check its access")
        return found

    def forget(self) -> int:
        """Destroy all that the vault holds but keys, and return how many files that were.

        Names of sources, work lists, mappings, groups of people and canaries: each of them leads from ids to sources.

        Raises:
            VaultError: something is still there.
        """
        return shredding.below(self.uri, self._storage, lambda name: not is_key(name))


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
