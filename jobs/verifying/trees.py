"""The trees of a lake's runs: whether their leaves give their roots, and what each image's row has to be by them.

Holds about 80 bytes a leaf in arrays, and no object a leaf.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake.exceptions import DeltaError
from numpy.typing import NDArray

from anonymizer_udfs.leaves import ID_DIGITS
from anonymizer_udfs.merkle import HASH_BYTES, Fold
from anonymizer_udfs.outcome import Status
from jobs import sealing, stores
from jobs.lake import Lake
from jobs.verifying.finding import Finding, Kind
from schemas import LEAF_TABLES

ERASED = "erased"
_ID = np.dtype(f"S{ID_DIGITS}")
_NO_RUN, _NO_PLACE = np.zeros(0, np.int32), np.zeros(0, np.int64)


@dataclass(frozen=True)
class Root:
    """What a finished run committed to.

    Attributes:
        run_id: the run.
        epoch: of the sitting that finished it.
        number: of its finished event: of two runs the later one's rows count.
        root: in hexadecimal.
        images: how many it wrote, as the event says.
    """

    run_id: str
    epoch: int
    number: int
    root: str
    images: int


def roots(events: Sequence[dict[str, Any]]) -> list[Root]:
    """Return the roots that are in the ledger, the oldest first."""
    begun: dict[str, int] = {}
    found = []
    for row in events:
        if row["event"] in {"started", "resumed"}:
            begun[row["run_id"]] = row["event_seq"]
        elif row["event"] == "finished" and row.get("images_root"):
            counts = dict(row["counts"] or {})
            images = sum(counts.get(status.value, 0) for status in Status)
            found.append(Root(row["run_id"], begun.get(row["run_id"], 0), row["event_seq"], row["images_root"], images))
    return found


@dataclass
class Trees:
    """All leaves that the ledger's roots are made of, in the order of runs and places.

    Attributes:
        roots: the runs.
        run: of each leaf, the place of its run in ``roots``.
        ids: of each leaf, its image; empty where it was erased, question marks where it is no id of ours.
        leaves: the hashes, ``(n, 32)``.
        findings: what does not hold.
    """

    roots: list[Root]
    run: NDArray[np.int32]
    ids: NDArray[np.bytes_]
    leaves: NDArray[np.uint8]
    findings: list[Finding] = field(default_factory=list)

    @property
    def erased(self) -> int:
        """How many leaves are of images that were erased."""
        return int((self.ids == b"").sum())

    def of_run(self, place: int) -> NDArray[np.intp]:
        """Return which leaves are of one run, in their order."""
        return np.flatnonzero(self.run == place)

    def newest(self) -> NDArray[np.intp]:
        """Return which leaf counts for each image, in the order of ids: the latest run's."""
        there = np.flatnonzero(self.ids != b"")
        order = there[np.lexsort((self.run[there], self.ids[there]))]
        ids = self.ids[order]
        last: NDArray[np.bool_] = np.append(ids[1:] != ids[:-1], True)
        return np.asarray(order[last[: len(order)]], np.intp)

    def hashes(self, places: NDArray[np.intp]) -> Iterator[bytes]:
        """Yield some leaves as bytes."""
        return (self.leaves[place].tobytes() for place in places)


def load(lake: Lake, events: Sequence[dict[str, Any]]) -> Trees:
    """Return the trees of a lake, their roots compared with the ledger's."""
    known = roots(events)
    try:
        trees = _read(lake, known)
    except (DeltaError, *stores.FAILURES) as error:
        what = "the table 'leaves' cannot be read: a file of it is gone or was changed"
        empty = Trees(known, np.zeros(0, np.int32), np.zeros(0, _ID), np.zeros((0, HASH_BYTES), np.uint8))
        empty.findings.append(Finding(Kind.FILE, f"{what} ({type(error).__name__})"))
        return empty
    for place, root in enumerate(known):
        mine = trees.of_run(place)
        if Fold(trees.hashes(mine)).root().hex() != root.root:
            said = f"the leaves of run {root.run_id} do not give the root in event {root.number}"
            trees.findings.append(Finding(Kind.ROOT, f"{said} ({len(mine)} leaves, {root.images} images were written)"))
    gone = sum(dict(row["counts"] or {}).get("leaves", 0) for row in events if row["event"] == ERASED)
    if trees.erased != gone:
        said = f"{trees.erased} leaves name no image, and by the ledger {gone} were erased"
        trees.findings.append(Finding(Kind.ROOT, said))
    return trees


def _read(lake: Lake, known: list[Root]) -> Trees:
    place = {(root.run_id, root.epoch): number for number, root in enumerate(known)}
    runs, positions, ids, leaves = [], [], [], []
    for batch in _batches(lake, known):
        said = batch.to_pydict()
        mine = [place.get(pair, -1) for pair in zip(said["run_id"], said["epoch"], strict=True)]
        kept = [number for number, one in enumerate(mine) if one >= 0]
        runs.append(np.array([mine[number] for number in kept], np.int32))
        positions.append(np.array([said["position"][number] for number in kept], np.int64))
        ids.append(as_ids([said["image_id"][number] for number in kept]))
        leaves.append(_hashes([said["leaf"][number] for number in kept]))
    run, place_in = np.concatenate([_NO_RUN, *runs]), np.concatenate([_NO_PLACE, *positions])
    order = np.lexsort((place_in, run))
    run, place_in = run[order], place_in[order]
    should = np.arange(len(run)) - np.searchsorted(run, run)
    misplaced = {known[number].run_id for number in np.unique(run[place_in != should])}
    every = np.concatenate([np.zeros((0, HASH_BYTES), np.uint8), *leaves])
    trees = Trees(known, run, np.concatenate([np.zeros(0, _ID), *ids])[order], every[order])
    said = "the places of the leaves are not those from 0 on, in run"
    trees.findings += [Finding(Kind.ROOT, f"{said} {run_id}") for run_id in sorted(misplaced)]
    return trees


def _batches(lake: Lake, known: list[Root]) -> Iterator[pa.RecordBatch]:
    if not known or not sealing.tables(lake).exist():
        return
    (name,) = LEAF_TABLES
    yield from sealing.tables(lake).batches(f"SELECT run_id, epoch, position, image_id, leaf FROM {name}")  # noqa: S608 - ours


def as_ids(names: Sequence[str | None]) -> NDArray[np.bytes_]:
    """Return ids as an array; null becomes empty, and what has not the length of an id becomes question marks."""
    plain = [b"" if one is None else one.encode() for one in names]
    return np.array([one if len(one) in {0, ID_DIGITS} else b"?" * ID_DIGITS for one in plain], _ID)


def _hashes(column: Sequence[bytes]) -> NDArray[np.uint8]:
    """Return hashes as rows; what is not of 32 bytes is none of ours and becomes zeros, which no row hashes to."""
    whole = [one if len(one) == HASH_BYTES else bytes(HASH_BYTES) for one in column]
    return np.frombuffer(b"".join(whole), np.uint8).reshape(-1, HASH_BYTES)
