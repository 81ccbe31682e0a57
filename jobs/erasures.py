"""What is to be erased: an order, kept in the vault while it is under way, so that whoever comes next finishes it.

Runs on the driver, without Spark. An order holds ids, so it lies in the vault alone, and is removed when it is done.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import obstore

from anonymizer_udfs.sources.base import Storage
from jobs import stores
from jobs.errors import LakeBusyError
from jobs.lake import Lake
from jobs.placed import readable
from jobs.vault import Vault

JOB = "erase"
ASKED, MIRROR, RETENTION = "asked", "mirror", "retention"
FOLDER = "erasing"
"""Below the vault: one file for each order that is not done."""


@dataclass(frozen=True)
class Order:
    """One erasure.

    Attributes:
        run_id: names it in the ledger and in the vault.
        why: ``asked``, ``mirror`` or ``retention``.
        image_ids: ids to erase, sorted; hidden from ``repr``.
        digests: of the sources of these, as far as they were read; hidden from ``repr``.
        images: how many of the ids had a row.
        copies: how many of these had the bytes of another one, and were not asked for themselves.
        suppress: whether they are never taken again.
        shown_by: runs whose artifacts in MLflow may show one of them.
    """

    run_id: str
    why: str
    image_ids: tuple[str, ...] = field(repr=False)
    digests: tuple[str, ...] = field(repr=False)
    images: int
    copies: int = 0
    suppress: bool = True
    shown_by: tuple[str, ...] = ()


class Orders:
    """The orders of a vault that are not done."""

    def __init__(self, vault: Vault, storage: Storage) -> None:
        self._uri, self._storage = stores.child(vault.uri, FOLDER), storage

    def keep(self, order: Order) -> None:
        """Write an order down: from here on it is decided.

        Raises:
            VaultError: the vault cannot be written.
        """
        text = json.dumps(asdict(order)).encode()
        with readable():
            stores.create_once(self._uri, _name(order.run_id), text, self._storage)
        if stores.is_local(self._uri):
            Path(self._uri, _name(order.run_id)).chmod(0o600)

    def open(self) -> list[Order]:
        """Return the orders that are not done, the oldest first.

        Raises:
            VaultError: the vault cannot be read.
        """
        with readable():
            return [self._read(name) for name in sorted(self._names())]

    def done(self, order: Order) -> None:
        """Remove an order that is carried out; one that is gone is no matter."""
        with readable():
            try:
                obstore.delete(stores.open_store(self._uri, self._storage), _name(order.run_id))
            except FileNotFoundError:
                return

    def _names(self) -> Iterator[str]:
        if stores.is_local(self._uri) and not Path(self._uri).is_dir():
            return
        for some in obstore.list(stores.open_store(self._uri, self._storage)):
            yield from (one["path"] for one in some if one["path"].endswith(".json"))

    def _read(self, name: str) -> Order:
        said = json.loads(stores.read(self._uri, name, self._storage) or b"{}")
        lists = {key: tuple(value) for key, value in said.items() if isinstance(value, list)}
        return Order(**{**said, **lists})


def _name(run_id: str) -> str:
    return f"{run_id}.json"


def unfinished(lake: Lake) -> list[str]:
    """Return the erasures that began and were not done, by the ledger alone: readers have no vault."""
    ended: dict[str, bool] = {}
    for event in lake.ledger.events():
        if event["job"] == JOB:
            ended[event["run_id"]] = ended.get(event["run_id"], False) or event["event"] == "erased"
    return [run_id for run_id, done in ended.items() if not done]


def refuse_half(lake: Lake, typed: str) -> None:
    """Refuse to work with a lake of which an erasure was cut off: what has to go may still be there.

    Raises:
        LakeBusyError: saying how it is finished.
    """
    if unfinished(lake):
        raise LakeBusyError(
            f"an erasure of this lake is under way or was cut off; if nobody runs it now: faceveil erase {typed}"
        )


def refuse_later(lake: Lake, number: int) -> None:
    """Refuse to go on where an erasure began, or went on, after an event of the ledger.

    Args:
        lake: the lake.
        number: of the event.

    Raises:
        LakeBusyError: one did.
    """
    if any(event["job"] == JOB and event["event_seq"] > number for event in lake.ledger.events()):
        raise LakeBusyError("an erasure of this lake began meanwhile, and it goes first; run again when it is done")
