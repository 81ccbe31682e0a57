"""A lake of two runs to be tampered with, and what a verification of it finds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import verify
from jobs.lake import Lake
from jobs.verifying.finding import Kind
from schemas import IMAGES
from tests.support import lakes, tampering

NAMES = [f"n{number}" for number in range(6)]
ROWS = [lakes.row(name, name.encode(), faces=[lakes.face()]) for name in NAMES[:-1]] + [lakes.row(NAMES[-1], None)]
IDS = [row["image_id"] for row in ROWS]
NEWER = lakes.row(NAMES[0], b"newer", status="anonymized")
Tamper = Callable[[Lake], object]


def found(lake: Lake, **how: Any) -> dict[Kind, list[tuple[str, ...]]]:
    """Return the findings of a verification: by kind the images that each names."""
    out: dict[Kind, list[tuple[str, ...]]] = {}
    for one in verify.run(lake, **how).findings:
        out.setdefault(one.kind, []).append(one.image_ids)
    return out


def change(name: str, row: int = 1) -> Tamper:
    """Return what changes one column of one row of the first run."""

    def tamper(lake: Lake) -> None:
        kind = {c.name: c.type for c in IMAGES.columns}[name]
        number, at = where(lake, IDS[row])
        tampering.rewrite(
            lake, lambda rows: rows[at].update({name: tampering.other(rows[at][name], kind)}), number=number
        )

    return tamper


def where(lake: Lake, image_id: str) -> tuple[int, int]:
    """Return in which file an image is, and where in it."""
    for number, path in enumerate(tampering.files(lake)):
        ids = read(path).column("image_id").to_pylist()
        if image_id in ids:
            return number, ids.index(image_id)
    raise AssertionError(image_id)


def read(path: Path) -> pa.Table:
    """Return the rows of one file, whatever the log says of them."""
    return pq.ParquetFile(path).read()
