"""``metrics``: one row for one measured figure of an evaluation; late figures go here, never into ``images``."""

import pyarrow as pa

from schemas.base import MOMENT, STRINGS, Column, Table

METRICS = Table(
    name="metrics",
    comment="One measured figure of one evaluation; what scopes and names there are: docs/evaluation.md",
    key=("run_id", "scope", "name", "dimensions"),
    statistics=("run_id", "scope", "name"),
    version=2,
    columns=(
        Column("run_id", pa.string(), "The evaluation that measured it", nullable=False),
        Column("scope", pa.string(), "What it is about: attack, control, canary, images, utility, ...", nullable=False),
        Column("name", pa.string(), "What was measured, such as rank1", nullable=False),
        Column("dimensions", STRINGS, "What tells it from figures of the same name, such as attack and recognizer"),
        Column("value", pa.float64(), "The estimate"),
        Column("low", pa.float64(), "One-sided lower bound; null where there is none"),
        Column("high", pa.float64(), "One-sided upper bound; null where there is none"),
        Column("confidence", pa.float64(), "Of each of the two bounds; null where there is none"),
        Column("cases", pa.int64(), "Of how many images, faces, pairs or probes it is", nullable=False),
        Column("people", pa.int64(), "Of how many people; null where nobody was told from another"),
        Column("measured_at", MOMENT, "When", nullable=False),
    ),
)
