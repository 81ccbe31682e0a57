"""What an erasure is about: from names, ids and files to the images of a lake, their copies, and who may show them.

Runs on the driver, without Spark. Nothing here changes anything, and what is told of it are counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.uris import is_inside, spellings
from jobs.erasures import ASKED, MIRROR, Order
from jobs.errors import UsageError
from jobs.lake import Lake
from jobs.placed import Placed, among
from jobs.suppression import IMAGE, Suppression
from jobs.tables import Tables
from jobs.vault import Vault
from schemas import METRIC_TABLES

_ID_HEX = 32
_SOME = 500


@dataclass(frozen=True)
class Wanted:
    """What words on a command line stand for.

    Attributes:
        image_ids: the images; hidden from ``repr``.
        already: how many words name only what was erased before.
        unknown: how many stand for nothing that lake or vault knows.
    """

    image_ids: frozenset[str] = field(repr=False)
    already: int = 0
    unknown: int = 0


class Finder:
    """Finds images by the words that a person has for them."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed
        self._key, self._vault = placed.key(), placed.vault()
        self._words = Suppression(self._vault, placed.common.storage).words()
        self._names: dict[str, str] | None = None

    def wanted(self, sources: Iterable[str], image_ids: Iterable[str]) -> Wanted:
        """Return the images of sources (a file, or all below a folder or in an archive) and of ids.

        Raises:
            UsageError: an id that is none, or a source that cannot be one.
        """
        found: set[str] = set()
        already = unknown = 0
        for mine, tried in (*map(self._source, sources), *map(self._id, image_ids)):
            found |= mine
            if not mine:
                erased = any(self._key.suppressed(IMAGE, one) in self._words for one in tried)
                already, unknown = already + erased, unknown + (not erased)
        return Wanted(frozenset(found), already, unknown)

    def _id(self, word: str) -> tuple[set[str], list[str]]:
        if len(word) != _ID_HEX or not set(word) <= set("0123456789abcdef"):
            raise UsageError(f"--image takes ids of {_ID_HEX} hexadecimal digits, as faceveil lookup tells them")
        return self._known([word]), [word]

    def _source(self, word: str) -> tuple[set[str], list[str]]:
        try:
            uris = spellings(word)
        except SourceError as error:
            raise UsageError(f"--source: {error}") from error
        ids = [self._key.image_id(uri) for uri in uris]
        return self._known(ids) or self._below(uris) or self._same(Path(word)), ids

    def _known(self, ids: list[str]) -> set[str]:
        there = {row["image_id"] for row in rows(self._placed.lake, "image_id", ids)}
        return there | set(self._placed.names(ids))

    def _below(self, uris: tuple[str, ...]) -> set[str]:
        """Return the images of a folder or an archive, which the vault alone can tell."""
        if self._names is None:
            self._names = self._placed.names()
        return {
            image_id
            for image_id, known in self._names.items()
            if any(is_inside(known, uri) or known.startswith((f"{uri}!", f"{uri}#")) for uri in uris)
        }

    def _same(self, file: Path) -> set[str]:
        """Return the images whose sources had the bytes of a local file, whatever they were called."""
        try:
            content = file.read_bytes() if file.is_file() else b""
        except OSError:
            content = b""
        digests = [self._key.source_digest(content)] if content else []
        return {row["image_id"] for row in rows(self._placed.lake, "source_digest", digests)}


def order(placed: Placed, run_id: str, image_ids: Iterable[str], why: str = ASKED) -> Order:
    """Return the order to erase images.

    Whoever asks for an image asks for its bytes: their copies go as well, and neither comes back. What is past its time
    does not come back under its name. What a source lost may come back.

    Args:
        placed: the lake.
        run_id: of the erasure.
        image_ids: the images.
        why: ``asked``, ``mirror`` or ``retention``, as :mod:`jobs.erasures` has them.
    """
    asked = sorted(set(image_ids))
    found = list(rows(placed.lake, "image_id", asked))
    digests = sorted(digests_of(found, placed.key())) if why == ASKED else []
    copies = [row for row in rows(placed.lake, "source_digest", digests) if row["image_id"] not in set(asked)]
    every = tuple(sorted({*asked, *(row["image_id"] for row in copies)}))
    shown = shown_by(placed.lake, placed.vault(), every, {row["run_id"] for row in (*found, *copies)})
    return Order(
        run_id=run_id,
        why=why,
        image_ids=every,
        digests=tuple(digests),
        images=len(found) + len(copies),
        copies=len(copies),
        suppress=why != MIRROR,
        shown_by=tuple(sorted(shown)),
    )


def digests_of(found: Iterable[dict[str, Any]], key: Key) -> set[str]:
    """Return the digests of rows' sources; that of an empty file is left out: it stands for nobody."""
    return {row["source_digest"] for row in found if row["source_digest"]} - {key.source_digest(b"")}


def rows(lake: Lake, column: str, words: list[str]) -> Iterator[dict[str, Any]]:
    """Yield id, digest and run of the images of some ids or digests."""
    chunks = iter(words)
    while some := list(islice(chunks, _SOME)):
        sql = f"SELECT image_id, source_digest, run_id FROM images WHERE {among(column, some)}"  # noqa: S608 - checked digits
        yield from lake.tables.query(sql).to_pylist()


def shown_by(lake: Lake, vault: Vault, image_ids: Iterable[str], last: set[str]) -> set[str]:
    """Return the runs whose artifacts in MLflow may show one of some images.

    A run of which the vault has no list any more, and an evaluation of which the lake has no figures, may have shown
    any image.

    Args:
        lake: whose runs.
        vault: with their lists.
        image_ids: the images.
        last: the runs that wrote their rows.
    """
    ids = set(image_ids)
    jobs = {event["run_id"]: event["job"] for event in lake.ledger.events()}
    listed = {row["run_id"] for row in vault.tables.query("SELECT DISTINCT run_id FROM work").to_pylist()}
    mine = set(last)
    for some in _chunks(sorted(ids)):
        sql = f"SELECT DISTINCT run_id FROM work WHERE {among('image_id', some)}"  # noqa: S608 - checked digits
        mine |= {row["run_id"] for row in vault.tables.query(sql).to_pylist()}
    metrics = Tables(lake.uri, METRIC_TABLES, lake.tables.storage)
    measured: set[str] = set()
    if metrics.exist():
        measured = {row["run_id"] for row in metrics.query("SELECT DISTINCT run_id FROM metrics").to_pylist()}
        worst = metrics.query("SELECT run_id, dimensions FROM metrics WHERE scope = 'worst'").to_pylist()
        mine |= {row["run_id"] for row in worst if dict(row["dimensions"] or ()).get("image_id") in ids}
    lost = {run for run, job in jobs.items() if job == "anonymize" and run not in listed}
    lost |= {run for run, job in jobs.items() if job == "evaluate" and run not in measured}
    return mine | lost


def _chunks(words: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(words), _SOME):
        yield words[start : start + _SOME]
