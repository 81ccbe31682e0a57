"""Opening what is there already: a lake, its vault and its key, from the options that all commands share.

Runs on the driver, without Spark; only a lake that is named ``catalog.schema`` needs a session, to find where it lies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deltalake.exceptions import DeltaError

from anonymizer_udfs.keys import Key
from jobs import runkeys, stores
from jobs.errors import UsageError, VaultError
from jobs.lake import Lake
from jobs.options import Common
from jobs.signing import Signer
from jobs.vault import NONE, Vault, open_vault

_SOME = 500


@dataclass(frozen=True)
class Placed:
    """A lake that is there, and what belongs to it; vault and key are looked for only when they are asked for.

    Attributes:
        lake: the lake, opened without Spark.
        common: what the command line said.
    """

    lake: Lake
    common: Common = field(repr=False)

    @property
    def homes(self) -> tuple[str, str]:
        """Return where the lake lies and where its vault does: as it was named, or beside the lake."""
        given = self.common.vault
        vault = given if given and given != NONE else f"{self.lake.uri}.vault"
        return self.lake.uri, stores.normalise(vault)

    def refuse_inside(self, what: str, *uris: str | Path) -> None:
        """Refuse to write among the lake's tables, or into its vault.

        Args:
            what: is to be written, in words that a sentence begins with.
            uris: where to; local paths or URIs.

        Raises:
            UsageError: one of them lies there.
        """
        if any(stores.within(stores.normalise(str(uri)), home) for uri in uris for home in self.homes):
            raise UsageError(f"{what} must not lie inside the lake or its vault; name another place")

    def vault(self) -> Vault:
        """Return the vault.

        Raises:
            UsageError: if nothing says where it is.
            VaultError: if there is none, or it cannot be read.
        """
        found = open_vault(self.lake.uri, self.common.vault, self.common.storage)
        if found is None:
            raise VaultError(f"--vault {NONE} was given, and only the vault knows names; give its URI")
        with readable():
            there = found.tables.exist()
        if not there:
            where = (
                "at the URI given" if self.common.vault else "beside the lake; if it lies elsewhere give --vault URI"
            )
            raise VaultError(f"there is no vault {where}")
        return found

    def key(self) -> Key:
        """Return the key that the lake's ids come from.

        Raises:
            VaultError: if there is none, or it is another lake's.
        """
        key, noise = self.common.key.read(), self.common.noise_key.read()
        if key is None:
            with readable():
                # Of a vault whose names were destroyed the key says so; of one that is not there, the vault does.
                lies = open_vault(self.lake.uri, self.common.vault, self.common.storage)
                key = (lies.key() if lies else None) or self.vault().key()
        if key is None:
            raise VaultError("the vault holds no key; give --key-file, --key-env or --key-command")
        key = key if noise is None else Key(key.secret, noise.secret)
        used = {event["key_id"] for event in self.lake.ledger.events() if event["key_id"]}
        if used and key.key_id not in used:
            raise VaultError(f"this lake was made with key {', '.join(sorted(used))}, the one given is {key.key_id}")
        return key

    def signer(self) -> Signer | None:
        """Return who signs the ledger's events; none where no key is given and no vault has one.

        Raises:
            VaultError: the key cannot be read, or was destroyed.
        """
        with readable():
            return runkeys.signer(self.common, open_vault(self.lake.uri, self.common.vault, self.common.storage))

    def names(self, image_ids: list[str] | None = None) -> dict[str, str]:
        """Return image id to canonical source URI, of some images or of all; ids that the vault has not are left out.

        Raises:
            VaultError: as :meth:`vault`.
        """
        vault, sql = self.vault(), "SELECT DISTINCT image_id, uri FROM sources"
        with readable():
            if image_ids is None:
                return _pairs(vault.tables.query(sql))
            found: dict[str, str] = {}
            for start in range(0, len(image_ids), _SOME):
                found |= _pairs(
                    vault.tables.query(f"{sql} WHERE {among('image_id', image_ids[start : start + _SOME])}")
                )
            return found


def _pairs(rows: Any) -> dict[str, str]:
    return dict(zip(rows.column("image_id").to_pylist(), rows.column("uri").to_pylist(), strict=True))


def among(column: str, digits: list[str]) -> str:
    """Return the SQL condition that a column is one of some hexadecimal words.

    Raises:
        ValueError: for anything else than hexadecimal digits, which has no place in SQL.

    Examples:
        >>> among("image_id", ["00ff"])
        "image_id IN ('00ff')"
    """
    if not digits or not all(word and set(word) <= set("0123456789abcdef") for word in digits):
        raise ValueError("expected words of hexadecimal digits")
    words = ", ".join(f"'{word}'" for word in digits)
    return f"{column} IN ({words})"


@contextmanager
def readable() -> Iterator[None]:
    """Turn what a forbidden or broken vault raises into one line; what a store says may hold names and stays out."""
    try:
        yield
    except PermissionError as error:
        raise VaultError("the vault may not be read with these credentials; ask whoever keeps it") from error
    except (DeltaError, *stores.FAILURES) as error:
        raise VaultError(f"the vault cannot be read: {stores.why(error)}") from error


def open_lake(where: str, common: Common) -> Placed:
    """Return a lake that is there.

    Args:
        where: as typed: a path, an ``s3a://`` URI, or ``catalog.schema``.
        common: what the command line said.

    Raises:
        LakeMissingError: if it is not there.
    """
    uri = _location(where, common)
    lake = Lake(uri, common.storage, lambda: Placed(lake, common).signer())
    return Placed(lake.require(), common)


def _location(where: str, common: Common) -> str:
    from jobs import catalog  # noqa: PLC0415 - beside jobs.session below, so that no other lake waits for it

    if not catalog.is_catalog_name(where):
        return where
    from jobs import session, sparkerrors  # noqa: PLC0415 - starts a JVM

    spark = session.create(common.settings, common.storage)
    with sparkerrors.translated():
        return catalog.found(spark, where)  # catalog.location would make a schema that is missing
