"""Rows as a CSV, a JSON, a plot, and a table."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.frontiers.kept import FIGURES
from benchmarks.frontiers.store import worst

ATTACKS = ("naive", "parrot", "restored", "colours")
SHOWN = (
    *(("found", ".0%"), ("landmark_error", ".3f"), ("yaw_error", ".1f"), ("eye_error", ".3f")),
    *(("expression", ".0%"), ("gaze_error", ".3f"), ("ssim", ".2f"), ("colour", ".2f")),
)
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#bf3989", "#0a7ea4", "#57606a", "#e16f24", "#6639ba")
Row = Mapping[str, Any]


def flat(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield each row with one value a column; units are those of :class:`benchmarks.frontiers.kept.Kept`."""
    names = ("method", "label", "region", "public", "people", "gallery", "probes", "chance", "grouped")
    tried = dict.fromkeys((who, attack) for row in rows for who, by in row["attacks"].items() for attack in by)
    for row in rows:
        out = {name: row.get(name) for name in names}
        for who, attack in tried:
            success = row["attacks"].get(who, {}).get(attack, {})
            out |= {f"{who}_{attack}_{figure}": success.get(figure) for figure in ("rank1", "tar", "similarity")}
        yield out | {name: row.get("kept", {}).get(name) for name in FIGURES} | {"ms": row.get("ms")}


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Write ``frontier.csv``, ``.json`` and ``.png`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = list(flat(rows))
    with (folder / "frontier.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _rounded(value) for key, value in line.items()} for line in lines)
    (folder / "frontier.json").write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")
    plot(folder / "frontier.png", rows)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def table(rows: Sequence[Row]) -> str:
    """Return the rows in Markdown: the worst of the recognizers for each attack, and what is left."""
    left = ("found", "points", "yaw", "eyes", "expression", "gaze", "SSIM", "colour")
    head = ("method", "rank-1 naive", "parrot", "restored", "colours", "TAR", *left, "ms")
    lines = [head, ("---",) * len(head), *(tuple(_line(row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(row: Row) -> Iterator[str]:
    yield f"`{row['label']}`"
    for attack in ATTACKS:
        there = any(attack in by for by in row["attacks"].values())
        yield f"{worst(row, 'rank1', attack):.1%}" if there else ""
    yield f"{worst(row, 'tar'):.1%}"
    kept = row.get("kept", {})
    for name, how in SHOWN:
        yield format(kept[name], how) if name in kept else ""
    yield f"{row['ms']:.1f}" if "ms" in row else ""


def plot(file: Path, rows: Sequence[Row]) -> None:
    """Draw privacy against utility, a line a method: the most that any attacker reaches, by what is left."""
    import matplotlib as mpl  # noqa: PLC0415 - a second to import
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    from matplotlib.ticker import LogFormatter  # noqa: PLC0415 - as above

    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = Figure(figsize=(9.0, 4.2), dpi=130, layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    methods = list(dict.fromkeys(row["method"] for row in rows if row["method"] != "none"))
    chance = 100 * rows[0]["chance"]
    for panel, (key, words) in zip(
        axes,
        (("ssim", "structural similarity of the head"), ("found", "share of faces that are still found")),
        strict=True,
    ):
        for name, colour in zip(methods, COLOURS * 3, strict=False):
            mine = [row for row in rows if row["method"] == name]
            points = [(row["kept"][key], max(chance / 2, 100 * worst(row))) for row in mine]
            panel.plot(*zip(*points, strict=True), "o-", label=name, color=colour, markersize=4, linewidth=1.2)
        panel.axhline(chance, color="#8b949e", linestyle="--", linewidth=1)
        panel.set_yscale("log")
        for axis in (panel.yaxis.set_major_formatter, panel.yaxis.set_minor_formatter):
            axis(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.4)))
        panel.set_xlabel(words)
        panel.set_xlim(-0.03, 1.03)
    axes[0].set_ylabel("rank-1 of the best attacker, %")
    axes[0].annotate("chance", (1.0, chance), (0, 3), textcoords="offset points", ha="right", color="#57606a")
    axes[1].legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.suptitle(
        f"{rows[0]['people']:,} people, gallery of {rows[0]['gallery']:,}; lower is safer, right is more useful",
        x=0.01,
        ha="left",
    )
    figure.savefig(file, metadata={"Software": None})
