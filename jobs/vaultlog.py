"""A log in the vault: numbered entries of one table, which are added and never changed.

Runs on the driver, without Spark. An entry's number is taken once, so of two people who decide at a time one is told.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from anonymizer_udfs.sources.base import Storage
from jobs.placed import readable
from jobs.tables import Tables
from jobs.vault import Vault
from schemas import Table


class VaultLog:
    """One log of a vault; it is there from its first entry on.

    Args:
        vault: where it lies.
        table: has the columns ``entry`` and ``at`` beside its own.
        storage: how to reach object stores.
    """

    def __init__(self, vault: Vault, table: Table, storage: Storage) -> None:
        self._name, self._tables = table.name, Tables(vault.uri, {table.name: table}, storage)

    def entries(self, columns: str = "*") -> list[dict[str, Any]]:
        """Return all entries in order; none where nothing was ever added.

        Args:
            columns: those that are wanted, as SQL has them.

        Raises:
            VaultError: the vault cannot be read.
        """
        with readable():
            if not self._tables.exist():
                return []
            return list(self._tables.query(f'SELECT {columns} FROM "{self._name}" ORDER BY entry').to_pylist())  # noqa: S608 - ours

    def next_number(self) -> int:
        """Return the number of the entry to come, from 1; the table is made if it is missing.

        Raises:
            VaultError: the vault cannot be read or written.
        """
        with readable():
            self._tables.create()
            last = self._tables.query(f'SELECT MAX(entry) AS entry FROM "{self._name}"').to_pylist()  # noqa: S608 - ours
        return int(last[0]["entry"] or 0) + 1

    def add(self, said: Mapping[str, Any], number: int | None = None) -> None:
        """Add an entry, as of now.

        Args:
            said: its other columns.
            number: its own; none: the next one.

        Raises:
            LakeBusyError: somebody else took the number.
        """
        number = self.next_number() if number is None else number
        row = {"entry": number, "at": datetime.now(UTC), **said}
        self._tables.append_rows(self._name, [row], self._name, number)
