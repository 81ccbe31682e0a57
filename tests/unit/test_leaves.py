"""Entries of a run's tree: the same for one row by whatever reader, and another one for any other row."""

import json
from datetime import timedelta, timezone

import pyarrow as pa
import pytest

from anonymizer_udfs.leaves import CONTENT, HASHED, Entry, HashPartition, canonical, hashed, unpacked
from anonymizer_udfs.merkle import leaf
from tests.support import lakes

ROW = lakes.row("a", status="anonymized", faces=[lakes.face()], utility=[("ssim", 0.5), ("lpips", 0.25)])


def test_an_entry_names_the_image_and_hashes_the_rest() -> None:
    """Whoever is shown it learns four columns, and no more of the row than a digest."""
    said = json.loads(Entry.of(ROW).written())
    assert said[:4] == [ROW["image_id"], ROW["output_sha256"], ROW["policy_digest"], "anonymized"]
    assert len(said) == 5
    assert len(said[4]) == 64


@pytest.mark.parametrize("name", sorted(set(ROW) - {CONTENT}))
def test_every_column_but_the_picture_is_in_the_entry(name: str) -> None:
    """Changed or taken out, the entry is another one; the picture is there by its digest."""
    assert Entry.of(ROW | {name: "another"}) != Entry.of(ROW)
    if ROW[name] is not None:
        assert Entry.of(ROW | {name: None}) != Entry.of(ROW)


def test_the_same_row_from_another_reader_is_the_same_entry() -> None:
    """Maps as objects or pairs in any order, times in any zone, and null columns that came later change nothing."""
    other = ROW | {
        "utility": dict(ROW["utility"][::-1]),
        "processed_at": ROW["processed_at"].astimezone(timezone(timedelta(hours=-7))),
        "a_column_of_tomorrow": None,
        "faces": [{**ROW["faces"][0], "tomorrow": None}],
        CONTENT: b"not in it",
    }
    assert Entry.of(other) == Entry.of(ROW)
    bare = ROW["processed_at"].replace(tzinfo=None)  # as Spark's files have it for a reader that knows no table
    assert Entry.of(ROW | {"processed_at": bare}) == Entry.of(ROW)


def test_values_of_one_look_are_told_apart() -> None:
    """A number is not its text, an empty list is not null, and -0.0 is not 0.0."""
    values = [1, "1", 1.5, [], [[]], {}, "", b"\x01", -0.0, 0.0, True]
    assert len({canonical({"v": value}) for value in values}) == len(values)
    assert canonical({"v": b"\x01"}) == canonical({"v": "01"})


def test_an_entry_comes_back_as_it_was_written() -> None:
    """And what is not written so is none."""
    entry = Entry.of(ROW)
    assert Entry.parse(entry.written()) == entry
    for text in (b"{}", b"[]", b'["a", null, "b", "c", "d"]', b'["a",null,"b","c"]', b"nonsense"):
        with pytest.raises(ValueError, match=r"expected an entry|Expecting value"):
            Entry.parse(text)


def test_a_batch_is_hashed_row_by_row_in_order() -> None:
    """With or without pictures: they are in no leaf."""
    rows = lakes.images([lakes.row(f"n{i}", f"{i}".encode(), faces=[lakes.face()] * (i % 3)) for i in range(7)])
    (batch,) = rows.combine_chunks().to_batches()
    found = hashed(batch)
    assert found.schema == HASHED
    assert found.column("image_id").to_pylist() == rows.column("image_id").to_pylist()
    assert found.column("leaf").to_pylist() == [leaf(Entry.of(row).written()) for row in rows.to_pylist()]
    assert hashed(batch.drop_columns([CONTENT])) == found


def test_a_partition_packs_each_batch_and_skips_empty_ones() -> None:
    """What an executor gives is one row a batch, and unpacked it is what was hashed."""
    rows = lakes.images([lakes.row(f"n{i}") for i in range(5)]).drop_columns([CONTENT])
    batches = rows.to_batches(max_chunksize=2)
    packed = list(HashPartition()(iter([batches[0].slice(0, 0), *batches])))
    assert [one.num_rows for one in packed] == [1] * len(batches)
    back = [unpacked(*one.to_pylist()[0].values()) for one in packed]
    assert pa.Table.from_batches(back) == pa.Table.from_batches([hashed(one) for one in batches])
    assert list(HashPartition()(iter([]))) == []


def test_what_does_not_fit_together_is_refused() -> None:
    """An id of another length would shift all that follow."""
    with pytest.raises(ValueError, match="expected ids of 32 digits, got 31"):
        unpacked(b"a" * 31, bytes(32))
