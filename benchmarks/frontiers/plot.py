"""Privacy against utility: a panel for each method, its line over those of all others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.frontiers.store import worst

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = Mapping[str, Any]
LINE, OTHERS, WORDS = "#1f6feb", "#d8dee4", "#57606a"
ACROSS, WIDE_IN, HIGH_IN = 5, 2.1, 1.85
FOUND = 0.5
"""The share of faces from which on a strength's mark is filled."""
UTILITY = "ssim"


def draw(file: Path, rows: Sequence[Row]) -> None:
    """Draw the most that any attacker reaches by how alike the head is: a line a method, a mark a strength."""
    import matplotlib as mpl  # noqa: PLC0415 - a second to import
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    lines = _lines(rows)
    down = -(-len(lines) // ACROSS)
    across = min(ACROSS, len(lines))
    figure = Figure(figsize=(WIDE_IN * ACROSS, HIGH_IN * down + 0.9), dpi=120, layout="constrained")
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    chance = 100 * rows[0]["chance"]
    for panel, name in zip(panels, lines, strict=False):
        for other in lines.values():
            panel.plot(*_xy(other, chance), color=OTHERS, linewidth=1)
        _mine(panel, lines[name], chance)
        panel.set_title(name, loc="left", fontsize=9, fontweight="bold", pad=3)
        _axes(panel, chance)
    for panel in panels[len(lines) - across : len(lines)]:
        panel.tick_params(labelbottom=True)  # also where none is below it
    for panel in panels[len(lines) :]:
        panel.set_axis_off()
    figure.supylabel("rank-1 of the best attacker, %", fontsize=9)
    figure.supxlabel("structural similarity of head and shoulders", fontsize=9)
    about = f"{rows[0]['people']:,} people, gallery of {rows[0]['gallery']:,}"
    said = (
        f"{about}. Lower is safer, further right is more alike; filled where most faces are still found; dashed: chance"
    )
    figure.suptitle(said, x=0.01, ha="left", fontsize=9.5)
    figure.savefig(file, metadata={"Software": None})


def _lines(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of each method, from what is least alike to what is most."""
    names = dict.fromkeys(row["method"] for row in rows if "kept" in row)
    return {name: sorted((r for r in rows if r["method"] == name), key=lambda r: r["kept"][UTILITY]) for name in names}


def _xy(rows: Sequence[Row], chance: float) -> tuple[list[float], list[float]]:
    """Return where rows are; what is far below chance is drawn at half of it, since a logarithm has no 0."""
    return [row["kept"][UTILITY] for row in rows], [max(chance / 2, 100 * worst(row)) for row in rows]


def _mine(panel: "Axes", rows: Sequence[Row], chance: float) -> None:
    xs, ys = _xy(rows, chance)
    panel.plot(xs, ys, color=LINE, linewidth=1.6)
    for x, y, row in zip(xs, ys, rows, strict=True):
        inside = LINE if row["kept"]["found"] >= FOUND else "white"
        panel.plot([x], [y], "o", markersize=5, markeredgecolor=LINE, markerfacecolor=inside)


def _axes(panel: "Axes", chance: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: PLC0415 - as above

    panel.axhline(chance, color=WORDS, linestyle="--", linewidth=0.8)
    panel.set_yscale("log")
    panel.set_ylim(chance / 2.5, 130)
    panel.yaxis.set_major_locator(LogLocator(10))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.set_xlim(0, 1.03)
    panel.set_xticks([0, 0.5, 1.0], ["0", "0.5", "1"])
