"""What is never taken again since it was erased: a list in the vault, which holds neither ids nor digests.

Runs on the driver, without Spark. The list has keyed hashes of both, so that it can be asked whether an image is in it,
and nobody can read from it what was erased.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import Storage
from jobs.placed import readable
from jobs.tables import Tables
from jobs.vault import Vault
from schemas import SUPPRESSED, SUPPRESSED_TABLES

APP = "suppressed"
IMAGE, CONTENT = "image", "content"


class Suppression:
    """The suppression list of a vault."""

    def __init__(self, vault: Vault, storage: Storage) -> None:
        self.tables = Tables(vault.uri, SUPPRESSED_TABLES, storage)

    def words(self) -> frozenset[str]:
        """Return all hashes; none where nothing was ever erased.

        Raises:
            VaultError: the vault cannot be read.
        """
        with readable():
            if not self.tables.exist():
                return frozenset()
            return frozenset(self.tables.query("SELECT word FROM suppressed").column("word").to_pylist())

    def count(self) -> int:
        """Return how many images were erased for good, by their names.

        Raises:
            VaultError: the vault cannot be read.
        """
        with readable():
            if not self.tables.exist():
                return 0
            sql = f"SELECT COUNT(DISTINCT word) AS n FROM suppressed WHERE kind = '{IMAGE}'"  # noqa: S608 - ours
            return int(self.tables.query(sql).to_pylist()[0]["n"])

    def add(self, key: Key, run_id: str, epoch: int, image_ids: Iterable[str], digests: Iterable[str]) -> None:
        """Add what one erasure takes; what is there already is not added again.

        Args:
            key: of the lake.
            run_id: the erasure.
            epoch: of its event: two erasures that add at a time come one after the other.
            image_ids: ids of images.
            digests: digests of their sources.

        Raises:
            LakeBusyError: another erasure added at the same time.
        """
        with readable():
            self.tables.create()
        known, now = self.words(), datetime.now(UTC)
        words = [(IMAGE, key.suppressed(IMAGE, one)) for one in image_ids]
        words += [(CONTENT, key.suppressed(CONTENT, one)) for one in digests]
        rows = [
            {"kind": kind, "word": word, "run_id": run_id, "at": now}
            for kind, word in dict.fromkeys(words)
            if word not in known
        ]
        if rows:
            self.tables.append_rows(SUPPRESSED.name, rows, APP, epoch)
