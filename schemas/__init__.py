"""Every Delta table and view, declared; nothing here reads or writes."""

from schemas.base import FEATURES, Column, Table
from schemas.images import IMAGES
from schemas.runs import RUNS
from schemas.vault import SOURCES, WORK
from schemas.views import VIEWS, views

LAKE_TABLES = {table.name: table for table in (IMAGES, RUNS)}
VAULT_TABLES = {table.name: table for table in (SOURCES, WORK)}

__all__ = [
    "FEATURES",
    "IMAGES",
    "LAKE_TABLES",
    "RUNS",
    "SOURCES",
    "VAULT_TABLES",
    "VIEWS",
    "WORK",
    "Column",
    "Table",
    "views",
]
