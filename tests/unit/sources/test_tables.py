"""Parquet and Delta tables: columns, ids, what is refused."""

import json
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Reader, SourceSpec, Storage, is_sequential
from tests.unit.sources.cases import listed


def outcomes(path: Path | str, column: str | None = None, **more: str) -> list[bytes | Reason]:
    """Return what reading each listed image gives."""
    entries = listed(path, **({"content_column": column} if column else {}), **more)
    return [found for _, found in Reader(Storage(), 1000, column, delays_s=()).read_ahead(entries, 2, 10**4)]


def ids(path: Path, **more: str) -> list[str]:
    """Return the names of a table's rows."""
    return [entry.uri.partition("#")[2] for entry in listed(path, **more)]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        pytest.param({}, "got 2: name it with --content-column; columns: id, a, b", id="two-binary-columns"),
        pytest.param({"content_column": "id"}, r"'id'; columns: id, a, b \(binary: a, b\)", id="not-binary"),
        pytest.param({"content_column": "A"}, "'A'; columns", id="unknown-content"),
        pytest.param({"content_column": "a", "id_column": "name"}, "'name'; columns", id="unknown-id"),
    ],
)
def test_wrong_columns(tmp_path: Path, wish: dict[str, str], message: str) -> None:
    """A wrong column is answered with those that exist, and which of them are binary."""
    pq.write_table(pa.table({"id": [1], "a": [b"1"], "b": [b"2"]}), tmp_path / "t.parquet")
    with pytest.raises(SourceError, match=message):
        listed(tmp_path / "t.parquet", **wish)


def test_ids(tmp_path: Path) -> None:
    """Ids of any type name the rows; nulls fall back to file and row, and equal ids stay apart."""
    names = pa.array(["x/é #1", "a:b", None, "same", "same", "same~2"])
    pq.write_table(pa.table({"id": names, "n": range(6), "c": [b"%d" % i for i in range(6)]}), tmp_path / "t.parquet")
    expected = ["x/%C3%A9%20%231", "a%3Ab", "t.parquet:2", "same", "same~2", "same~2~2"]
    assert ids(tmp_path / "t.parquet", id_column="id") == expected
    assert ids(tmp_path / "t.parquet", id_column="n") == [str(i) for i in range(6)]
    assert ids(tmp_path / "t.parquet", id_column="c") == [str(i) for i in range(6)]
    assert ids(tmp_path / "t.parquet") == [f"t.parquet:{i}" for i in range(6)]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(3), pa.binary_view()], ids=str)
def test_binary_types_and_nulls(tmp_path: Path, kind: pa.DataType) -> None:
    """Every binary type is read; a null is ``empty``."""
    rows = pa.table({"c": pa.array([b"abc", None, b"def"], pa.binary()).cast(kind)})
    pq.write_table(rows, tmp_path / "t.parquet")
    assert outcomes(tmp_path / "t.parquet") == [b"abc", Reason.EMPTY, b"def"]


def test_any_order_of_reading(tmp_path: Path) -> None:
    """Rows are right whatever the order, across row groups and batches, though stored order is what is fast."""
    content = [bytes([i % 251]) * (i % 7 + 1) for i in range(3000)]
    pq.write_table(pa.table({"c": content}), tmp_path / "t.parquet", row_group_size=1000)
    entries = listed(tmp_path / "t.parquet")
    reader = Reader(Storage(), 100)
    for i in [0, 999, 1000, 2999, 5, 4, 1500, 300, 301, 2000]:
        assert reader.read(entries[i]) == content[i]
    reader.close()
    assert [found for _, found in reader.read_ahead(entries, 4, 10**4)] == content


def test_photos_beside_a_table(tmp_path: Path) -> None:
    """A folder with photos and a Parquet file is a folder of photos: the table must not hide them."""
    pq.write_table(pa.table({"c": [b"1"]}), tmp_path / "labels.parquet")
    (tmp_path / "z.jpg").write_bytes(b"z")
    assert [entry.kind for entry in listed(tmp_path)] == ["object", "object"]
    assert [entry.kind for entry in listed(tmp_path, content_column="c")] == ["parquet"]
    assert outcomes(f"{tmp_path}/*.parquet", "c") == [b"1"]
    assert is_sequential(SourceSpec(f"{tmp_path}/*.parquet", content_column="c"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no Parquet file"):
        listed(tmp_path / "empty", content_column="c")


def test_a_damaged_table(tmp_path: Path) -> None:
    """A file that is no Parquet stops the listing; damaged pages are unreadable rows."""
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(SourceError, match="expected a Parquet file"):
        listed(tmp_path / "t.parquet")
    pq.write_table(pa.table({"c": [b"q" * 300] * 3}), tmp_path / "t.parquet", compression="zstd", use_dictionary=False)
    entries = listed(tmp_path / "t.parquet")
    content = bytearray((tmp_path / "t.parquet").read_bytes())
    content[4:60] = b"\xff" * 56
    (tmp_path / "t.parquet").write_bytes(content)
    assert {found for _, found in Reader(Storage(), 1000, delays_s=()).read_ahead(entries, 1, 10)} == {Reason.CHANGED}
    assert set(outcomes(tmp_path / "t.parquet")) == {Reason.UNREADABLE}


def edit_log(table: Path, part: str, change: dict[str, Any]) -> None:
    """Change one kind of action in a Delta table's first log file."""
    log = table / "_delta_log/00000000000000000000.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        action.get(part, {}).update(change)
    log.write_text("\n".join(map(json.dumps, actions)))


def test_live_files_of_a_delta_table(tmp_path: Path) -> None:
    """Rows of the newest version are listed and those of files it has dropped are not."""
    deltalake.write_deltalake(tmp_path / "d", pa.table({"id": ["old"], "c": [b"0"]}))
    deltalake.write_deltalake(tmp_path / "d", pa.table({"id": ["a", "b"], "c": [b"1", b"2"]}), mode="overwrite")
    assert ids(tmp_path / "d", id_column="id") == ["a", "b"]
    assert outcomes(tmp_path / "d") == [b"1", b"2"]
    assert is_sequential(SourceSpec(str(tmp_path / "d")))


def test_deletion_vectors_are_refused(tmp_path: Path) -> None:
    """Rows that are only marked as deleted would come back: the error says how to purge them."""
    feature = ["deletionVectors"]
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": feature, "writerFeatures": feature}
    deltalake.write_deltalake(tmp_path / "d", pa.table({"id": ["a"], "c": [b"1"]}))
    edit_log(tmp_path / "d", "protocol", protocol)
    assert outcomes(tmp_path / "d") == [b"1"]
    marks = {"storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^", "offset": 1, "sizeInBytes": 36}
    edit_log(tmp_path / "d", "add", {"deletionVector": marks | {"cardinality": 1}})
    with pytest.raises(SourceError, match="REORG TABLE"):
        listed(tmp_path / "d")


def test_delta_tables_that_files_do_not_show(tmp_path: Path) -> None:
    """Mapped columns, a log that cannot be read and a missing file are refused before a row is listed."""
    for name in ("mapped", "broken", "missing"):
        deltalake.write_deltalake(tmp_path / name, pa.table({"id": ["a"], "c": [b"1"]}))
    mapped = [{"delta.columnMapping.id": i, "delta.columnMapping.physicalName": f"col-{i}"} for i in range(2)]
    fields = [
        {"name": name, "type": kind, "nullable": True, "metadata": facts}
        for name, kind, facts in zip(("id", "c"), ("string", "binary"), mapped, strict=True)
    ]
    schema = json.dumps({"type": "struct", "fields": fields})
    settings = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "1"}
    edit_log(tmp_path / "mapped", "metaData", {"configuration": settings, "schemaString": schema})
    edit_log(tmp_path / "mapped", "protocol", {"minReaderVersion": 2, "minWriterVersion": 5})
    next((tmp_path / "broken/_delta_log").glob("*.json")).write_text("{")
    next((tmp_path / "missing").glob("*.parquet")).unlink()
    for name, message in (("mapped", "maps column names"), ("broken", "log"), ("missing", "is missing")):
        with pytest.raises(SourceError, match=message):
            listed(tmp_path / name)
