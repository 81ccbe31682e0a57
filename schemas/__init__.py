"""Every Delta table and view, declared; nothing here reads or writes."""

from schemas.base import FEATURES, Column, Table
from schemas.decisions import ACTIONS, DECISIONS
from schemas.groups import GROUPS, MEMBERS, SURROGATES
from schemas.images import IMAGES
from schemas.learned import MODELS
from schemas.leaves import LEAVES
from schemas.metrics import METRICS
from schemas.runs import RUNS
from schemas.vault import SOURCES, SUPPRESSED, TIERS, WORK
from schemas.views import VIEWS, views

LAKE_TABLES = {table.name: table for table in (IMAGES, RUNS)}
LEAF_TABLES = {LEAVES.name: LEAVES}
"""In the lake, too, from the first run on that committed to a root."""
DECISION_TABLES = {DECISIONS.name: DECISIONS}
"""In the lake, too, from the first decision of a person on."""
METRIC_TABLES = {METRICS.name: METRICS}
"""In the lake, too, from the first evaluation on."""
VAULT_TABLES = {table.name: table for table in (SOURCES, WORK)}
GROUP_TABLES = {table.name: table for table in (GROUPS, MEMBERS, SURROGATES)}
"""In the vault, too, from the first grouping on."""
TIER_TABLES = {TIERS.name: TIERS}
"""In the vault, too, from the first mapping on."""
SUPPRESSED_TABLES = {SUPPRESSED.name: SUPPRESSED}
"""In the vault, too, from the first erasure on."""
MODEL_TABLES = {MODELS.name: MODELS}
"""In the vault, from the first model on that is made from a lake."""

__all__ = [
    "ACTIONS",
    "DECISIONS",
    "DECISION_TABLES",
    "FEATURES",
    "GROUPS",
    "GROUP_TABLES",
    "IMAGES",
    "LAKE_TABLES",
    "LEAF_TABLES",
    "LEAVES",
    "MEMBERS",
    "METRICS",
    "METRIC_TABLES",
    "MODELS",
    "MODEL_TABLES",
    "RUNS",
    "SOURCES",
    "SUPPRESSED",
    "SUPPRESSED_TABLES",
    "SURROGATES",
    "TIERS",
    "TIER_TABLES",
    "VAULT_TABLES",
    "VIEWS",
    "WORK",
    "Column",
    "Table",
    "views",
]
