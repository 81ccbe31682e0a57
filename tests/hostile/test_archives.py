"""Sources that lie are listed, or refused with a reason that names nothing; nothing outside of them is ever read."""

from collections import Counter
from pathlib import Path

import pytest

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Reader, SourceSpec, Storage, list_source
from tests.hostile.archives import NAME, Source, damaged, sources

DAMAGED = 2000
MOST_BYTES = 1_000_000
ENDS = {Reason.UNREADABLE, Reason.CHANGED, Reason.TOO_LARGE, Reason.EMPTY}


def came(one: Source, folder: Path) -> list[bytes | Reason] | str:
    """Return what reading each image of a source gives, or what is said where it is refused."""
    path = folder / f"source.{one.end}"
    path.write_bytes(one.data)
    try:
        entries = list(list_source(SourceSpec(str(path))))
    except SourceError as error:
        return str(error)
    reader = Reader(Storage(), MOST_BYTES, delays_s=())
    return [reader.outcome(entry) for entry in entries]


@pytest.mark.parametrize("one", list(sources()), ids=lambda one: one.name)
def test_a_source_that_lies(one: Source, tmp_path: Path) -> None:
    """It lists as many images as are in it, each ends as bytes of the source or a reason; or it is refused.

    A member's name is only a name: nothing is read or made where it says that it lies.
    """
    found = came(one, tmp_path)
    if one.rows is not None:
        assert len(found) == one.rows
        assert not isinstance(found, str)
    elif isinstance(found, str):
        assert NAME not in found
    for content in found:
        if isinstance(content, bytes):
            assert len(content) <= MOST_BYTES
            assert b"root:" not in content, "a file of this machine"
        elif isinstance(content, Reason):
            assert content in ENDS
    assert {path.name for path in tmp_path.iterdir()} == {f"source.{one.end}"}


def test_damaged_archives_are_listed_or_refused(tmp_path: Path) -> None:
    """2,000 of them: no other error, no more bytes than are allowed, no name in what is said."""
    ends: Counter[str] = Counter()
    for number in range(DAMAGED):
        found = came(damaged(1, number), tmp_path)
        if isinstance(found, str):
            assert NAME not in found, number
            ends["refused"] += 1
            continue
        for content in found:
            assert isinstance(content, bytes) or content in ENDS, number
        ends.update("bytes" if isinstance(content, bytes) else content.value for content in found)
    assert {"refused", "bytes", "unreadable", "changed", "too_large"} <= set(ends)


def test_the_same_seed_gives_the_same_damage() -> None:
    """A failure can be made again from its name."""
    assert damaged(3, 7) == damaged(3, 7)
    assert damaged(3, 7).data != damaged(4, 7).data
