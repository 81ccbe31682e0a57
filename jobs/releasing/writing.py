"""One release written: images one by one, then its papers, then its record, and last the manifest that makes it one."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track

from anonymizer_udfs.merkle import Fold, leaf
from jobs.releasing import croissant, datasheet
from jobs.releasing.base import SHARD_BYTES, Member, Writer, line
from jobs.releasing.papers import CROISSANT, DATASHEET, MEMBERS, Papers, Tree
from jobs.releasing.place import MANIFEST, Place, Stored, scratch, stored

Described = Callable[[Tree, tuple[Stored, ...], Stored], Papers]
"""From what was written to all that is said of it."""
Recorded = Callable[[Papers, Stored, Iterable[bytes]], None]
"""Keeps the record of a release whose manifest and list are given, before it becomes visible."""


def write(
    place: Place,
    writer: type[Writer],
    members: Iterable[Member],
    described: Described,
    recorded: Recorded,
    *,
    total: int = 0,
    shard_bytes: int = SHARD_BYTES,
) -> tuple[Papers, Stored]:
    """Write a release and return what is said of it, and its manifest.

    Args:
        place: new or empty.
        writer: how images lie.
        members: the images in the order of their ids; one is held at a time, and a row group of Parquet.
        described: from what was written to what is said.
        recorded: is called when all is there but the manifest; what it raises leaves no release.
        total: how many members there are, for the bar.
        shard_bytes: a shard is closed when it has so many.

    Raises:
        JobError: it cannot be written.
    """
    with scratch(".jsonl") as listing:
        at_work = writer(place, shard_bytes)
        tree = _images(at_work, _watched(members, total), listing)
        shards = tuple(at_work.finish())
        papers = described(tree, shards, place.put(MEMBERS, listing))
        others = (
            place.put(DATASHEET, datasheet.page(papers)),
            place.put(CROISSANT, croissant.card(papers)),
        )
        manifest = papers.manifest(others)
        place.publish([one.name for one in shards] or _files(listing))
        place.publish([MEMBERS, DATASHEET, CROISSANT])
        sealed = stored(MANIFEST, manifest)
        recorded(papers, sealed, _lines(listing))
    place.seal(manifest)
    return papers, sealed


def _images(writer: Writer, members: Iterable[Member], listing: Path) -> Tree:
    fold, size = Fold(), 0
    with listing.open("wb") as lines:
        for one in members:
            said = line(one.told() | writer.add(one))
            lines.write(said + b"\n")
            fold.add(leaf(said))
            size += len(one.content)
    return Tree(fold.size, size, fold.root().hex())


def _lines(listing: Path) -> Iterator[bytes]:
    with listing.open("rb") as lines:
        for one in lines:
            yield one.removesuffix(b"\n")


def _files(listing: Path) -> Iterator[str]:
    return (str(json.loads(one)["file"]) for one in _lines(listing))


def _watched(members: Iterable[Member], total: int) -> Iterable[Member]:
    """Draw a bar on a terminal."""
    if not sys.stderr.isatty():
        return members
    return track(members, "releasing", total=total, console=Console(stderr=True))
