"""What a table's Delta log says last, read from its newest commits alone. Runs on the driver, without Spark.

To open a table reads the names and statistics of all its files, which after each commit of a long run would be work
that grows with the square of the run. What an application did last stands in the newest commits nearly always.
"""

import json
import re

from anonymizer_udfs.sources.base import Storage
from jobs import stores

FOLDER = "_delta_log"
COMMIT = re.compile(r"(\d{20})\.json")
"""What a commit is called in it, by its version."""
_LAST_CHECKPOINT = "_last_checkpoint"


def last_transaction(log: str, app_id: str, storage: Storage) -> int | None:
    """Return the version of an application's last transaction; None where no commit since the last checkpoint has one.

    Cost: the checkpoint's small pointer, a listing of what came after it, and commits from the newest to the one that
    is looked for.

    Args:
        log: URI of the table's folder ``_delta_log``.
        app_id: whose transaction.
        storage: how to reach object stores.
    """
    for name in sorted(stores.names_after(log, _first(log, storage), storage), reverse=True):
        content = stores.read(log, name, storage) if COMMIT.fullmatch(name) else None
        for line in (content or b"").splitlines():
            transaction = json.loads(line).get("txn") if b'"txn"' in line else None
            if transaction and transaction["appId"] == app_id:
                return int(transaction["version"])
    return None


def _first(log: str, storage: Storage) -> str:
    """Return a name before which no commit has to be read."""
    pointer = stores.read(log, _LAST_CHECKPOINT, storage)
    return "" if pointer is None else f"{int(json.loads(pointer)['version']):020d}"
