"""Every Delta table and view, declared; nothing here reads or writes."""

from schemas.base import FEATURES, Column, Table, spoken
from schemas.decisions import ACTIONS, DECISIONS
from schemas.groups import GROUPS, MEMBERS, SURROGATES
from schemas.images import FACE_COMMENTS, IMAGES
from schemas.learned import MODELS
from schemas.leaves import LEAVES
from schemas.metrics import METRICS
from schemas.released import RELEASED
from schemas.releases import RELEASES
from schemas.runs import RUNS
from schemas.vault import KEEP, SOURCES, SUPPRESSED, TIERS, WORK
from schemas.views import VIEW_COMMENTS, VIEWS, comments, views

LAKE_TABLES = {table.name: table for table in (IMAGES, RUNS)}
LEAF_TABLES = {LEAVES.name: LEAVES}
"""In the lake, too, from the first run on that committed to a root."""
DECISION_TABLES = {DECISIONS.name: DECISIONS}
"""In the lake, too, from the first decision of a person on."""
METRIC_TABLES = {METRICS.name: METRICS}
"""In the lake, too, from the first evaluation on."""
RELEASE_TABLES = {RELEASES.name: RELEASES}
"""In the lake, too, from the first release on."""
RELEASED_TABLES = {RELEASED.name: RELEASED}
"""In the lake, too, from the first release on that a faceveil wrote which keeps it."""
READABLE = LAKE_TABLES | LEAF_TABLES | METRIC_TABLES | DECISION_TABLES | RELEASE_TABLES | RELEASED_TABLES
"""All tables of a lake, as ``faceveil sql`` shows them; those that are not there yet are left out."""
VAULT_TABLES = {table.name: table for table in (SOURCES, WORK)}
GROUP_TABLES = {table.name: table for table in (GROUPS, MEMBERS, SURROGATES)}
"""In the vault, too, from the first grouping on."""
TIER_TABLES = {TIERS.name: TIERS}
"""In the vault, too, from the first mapping on."""
KEEP_TABLES = {KEEP.name: KEEP}
"""In the vault, too, from the first consent on."""
SUPPRESSED_TABLES = {SUPPRESSED.name: SUPPRESSED}
"""In the vault, too, from the first erasure on."""
MODEL_TABLES = {MODELS.name: MODELS}
"""In the vault, from the first model on that is made from a lake."""
IN_VAULT = VAULT_TABLES | TIER_TABLES | KEEP_TABLES | SUPPRESSED_TABLES | GROUP_TABLES | MODEL_TABLES
"""All tables of a vault."""

__all__ = [
    "ACTIONS",
    "DECISIONS",
    "DECISION_TABLES",
    "FACE_COMMENTS",
    "FEATURES",
    "GROUPS",
    "GROUP_TABLES",
    "IMAGES",
    "IN_VAULT",
    "KEEP",
    "KEEP_TABLES",
    "LAKE_TABLES",
    "LEAF_TABLES",
    "LEAVES",
    "MEMBERS",
    "METRICS",
    "METRIC_TABLES",
    "MODELS",
    "MODEL_TABLES",
    "READABLE",
    "RELEASED",
    "RELEASED_TABLES",
    "RELEASES",
    "RELEASE_TABLES",
    "RUNS",
    "SOURCES",
    "SUPPRESSED",
    "SUPPRESSED_TABLES",
    "SURROGATES",
    "TIERS",
    "TIER_TABLES",
    "VAULT_TABLES",
    "VIEWS",
    "VIEW_COMMENTS",
    "WORK",
    "Column",
    "Table",
    "comments",
    "spoken",
    "views",
]
