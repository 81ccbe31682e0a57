"""Rows as a CSV, a JSON, and a table; the plot is in :mod:`.plot`."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.frontiers import plot
from benchmarks.frontiers.attackers import Success
from benchmarks.frontiers.kept import FIGURES
from benchmarks.frontiers.store import worst

SUCCESS = tuple(one.name for one in fields(Success))
ATTACKS = ("naive", "parrot", "restored", "colours")
SHOWN = (
    *(("found", ".0%"), ("landmark_error", ".3f"), ("yaw_error", ".1f"), ("eye_error", ".3f")),
    *(("expression", ".0%"), ("gaze_error", ".3f"), ("ssim", ".2f"), ("colour", ".2f")),
)
COST = ("ms", "passes")
Row = Mapping[str, Any]


def flat(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield each row with one value a column; units are those of :class:`benchmarks.frontiers.kept.Kept`."""
    names = ("method", "label", "region", "public", "people", "gallery", "probes", "chance", "served", "looked_at")
    tried = dict.fromkeys((who, attack) for row in rows for who, by in row["attacks"].items() for attack in by)
    for row in rows:
        out = {name: row.get(name) for name in names}
        for who, attack in tried:
            success = row["attacks"].get(who, {}).get(attack, {})
            out |= {f"{who}_{attack}_{figure}": success.get(figure) for figure in SUCCESS}
        yield out | {name: row.get("kept", {}).get(name) for name in FIGURES} | {name: row.get(name) for name in COST}


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Write ``frontier.csv``, ``.json`` and ``.png`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = list(flat(rows))
    with (folder / "frontier.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _rounded(value) for key, value in line.items()} for line in lines)
    (folder / "frontier.json").write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")
    plot.draw(folder / "frontier.png", rows)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def table(rows: Sequence[Row]) -> str:
    """Return the rows in Markdown: the worst of the recognizers for each attack, and what is left."""
    left = ("found", "points", "yaw", "eyes", "expression", "gaze", "SSIM", "colour")
    head = ("method", "rank-1 naive", "parrot", "restored", "colours", "TAR", *left, "ms", "passes")
    lines = [head, ("---",) * len(head), *(tuple(_line(row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(row: Row) -> Iterator[str]:
    yield f"`{row['label']}`"
    for attack in ATTACKS:
        there = any(attack in by for by in row["attacks"].values())
        yield f"{worst(row, 'rank1', attack):.1%}" if there else ""
    tar = worst(row, "tar")
    yield f"{tar:.1%}" if math.isfinite(tar) else ""
    kept = row.get("kept", {})
    for name, how in SHOWN:
        yield format(kept[name], how) if name in kept else ""
    yield f"{row['ms']:.1f}" if "ms" in row else ""
    yield f"{row['passes']:.2f}" if "passes" in row else ""
