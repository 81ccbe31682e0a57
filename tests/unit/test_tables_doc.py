"""``docs/tables.md`` is what ``schemas/`` declares, and no declared table is left out."""

import importlib
import pkgutil
import re

import schemas
from docs import tables
from schemas import FACE_COMMENTS, IMAGES, IN_VAULT, READABLE, VIEW_COMMENTS, VIEWS, Table, comments

TEXT = tables.PAGE.read_text(encoding="utf-8")


def declared() -> dict[str, Table]:
    """Return every table that a module of ``schemas`` declares."""
    modules = [importlib.import_module(f"schemas.{one.name}") for one in pkgutil.iter_modules(schemas.__path__)]
    return {one.name: one for module in modules for one in vars(module).values() if isinstance(one, Table)}


def test_the_page_is_current() -> None:
    """Written by the program from what is declared today: ``python -m docs.tables``."""
    assert tables.written(TEXT) == TEXT


def test_every_declared_table_is_of_the_lake_or_of_the_vault() -> None:
    """And none is of both: what names is never readable by ``faceveil sql``."""
    assert declared() == READABLE | IN_VAULT
    assert not set(READABLE) & set(IN_VAULT)


def test_every_table_and_view_has_its_heading() -> None:
    """Once each."""
    assert sorted(re.findall(r"^### `(\w+)`$", TEXT, re.MULTILINE)) == sorted([*READABLE, *IN_VAULT, *VIEWS])


def test_every_field_of_a_face_and_column_of_a_view_is_explained() -> None:
    """No more and no fewer than there are."""
    fields = IMAGES.arrow().field("faces").type.value_type
    assert list(FACE_COMMENTS) == [field.name for field in fields]
    assert set(VIEW_COMMENTS) == set(VIEWS)
    assert all(all(comments(name).values()) for name in VIEWS)
