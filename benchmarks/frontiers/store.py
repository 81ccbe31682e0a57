"""Rows kept between runs, and what is told from one."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Store:
    """Rows kept between runs, a line each; what was measured is not measured again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        self._rows: dict[str, dict[str, Any]] = dict(json.loads(line) for line in lines)

    def get(self, key: str) -> dict[str, Any] | None:
        """Return a row, or none."""
        return self._rows.get(key)

    def put(self, key: str, row: Mapping[str, Any]) -> None:
        """Keep a row."""
        self._rows[key] = dict(row)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps([key, row]) + "\n")


def worst(row: Mapping[str, Any], figure: str = "rank1", attack: str | None = None) -> float:
    """Return the most that anybody reaches, by one attack or by any; not a number where nobody tried."""
    return max(_figures(row, figure, attack), default=math.nan)


def _figures(row: Mapping[str, Any], figure: str, attack: str | None) -> Iterator[float]:
    for by in row["attacks"].values():
        for name, success in by.items():
            if (attack is None or name == attack) and success[figure] is not None:
                yield success[figure]
