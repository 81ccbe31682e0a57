"""The declared tables: each can be told apart by its key, says what its columns are, and holds no name in the lake."""

import pyarrow as pa
import pytest

import schemas
from schemas import FEATURES, GROUP_TABLES, LAKE_TABLES, MODEL_TABLES, VAULT_TABLES, Column, Table

ALL = [pytest.param(t, id=t.name) for t in (LAKE_TABLES | VAULT_TABLES | GROUP_TABLES | MODEL_TABLES).values()]
ID = Column("id", pa.string(), "an id", nullable=False)


def test_a_table_without_a_key_column_is_refused() -> None:
    """Keys and statistics name columns that are there."""
    with pytest.raises(ValueError, match="'other'"):
        Table("t", "a row", ("other",), (ID,))
    with pytest.raises(ValueError, match="'gone'"):
        Table("t", "a row", ("id",), (ID,), statistics=("gone",))


def test_the_lake_and_the_vault_have_their_tables() -> None:
    """Names are the folders below the two URIs."""
    assert (list(LAKE_TABLES), list(VAULT_TABLES)) == (["images", "runs"], ["sources", "work"])
    assert all(name == table.name for tables in (LAKE_TABLES, VAULT_TABLES) for name, table in tables.items())


@pytest.mark.parametrize("table", ALL)
def test_every_column_is_explained_and_named_once(table: Table) -> None:
    """A comment for each, a key that is never null, and no name twice, in any case."""
    names = [column.name.lower() for column in table.columns]
    assert len(set(names)) == len(names)
    assert all(column.comment for column in table.columns)
    assert not any(column.nullable for column in table.columns if column.name in table.key)


@pytest.mark.parametrize("table", ALL)
def test_the_arrow_schema_carries_the_comments(table: Table) -> None:
    """Types, nullability and comments reach the table's metadata."""
    fields = {field.name: field for field in table.arrow()}
    assert {n: f.metadata[b"comment"].decode() for n, f in fields.items()} == {c.name: c.comment for c in table.columns}
    assert [f.nullable for f in fields.values()] == [c.nullable for c in table.columns]


@pytest.mark.parametrize("table", ALL)
def test_properties_are_those_of_the_declaration(table: Table) -> None:
    """Change feed and deletion vectors everywhere; statistics of small columns only; append-only where it is said."""
    said = table.properties()
    assert (said["delta.enableChangeDataFeed"], said["delta.enableDeletionVectors"]) == ("true", "true")
    assert ("delta.appendOnly" in said) == table.append_only
    types = {c.name: c.type for c in table.columns}
    counted = said["delta.dataSkippingStatsColumns"].split(",")
    assert not any(pa.types.is_binary(types[name]) or pa.types.is_nested(types[name]) for name in counted)
    assert {k.removeprefix("delta.constraints.") for k in said if ".constraints." in k} == set(dict(table.constraints))


def test_the_ledger_can_only_grow() -> None:
    """Delta itself refuses to change or delete an event."""
    assert schemas.RUNS.append_only
    assert not schemas.IMAGES.append_only


@pytest.mark.parametrize("table", LAKE_TABLES.values(), ids=lambda t: t.name)
def test_no_column_of_the_lake_is_for_a_name(table: Table) -> None:
    """URIs, paths and etags are columns of the vault alone."""
    telling = {"uri", "path", "name", "file", "etag", "container", "size_bytes", "modified_us", "host", "user"}
    assert not telling & {column.name for column in table.columns}


def test_the_features_are_those_that_all_readers_know() -> None:
    """The five, and none of those that lock readers out."""
    assert set(FEATURES) == {"appendOnly", "invariants", "changeDataFeed", "checkConstraints", "deletionVectors"}
