"""The tables on the terminal, and the same as JSON."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmarks.recalls.cost import Cost
from benchmarks.recalls.headline import Row
from benchmarks.recalls.results import Comparison, Result, pooled

CELL_WIDTH = 20
COLUMN_WIDTH = 22
WORST = 10
LEGEND = """recall, its 95% interval (Wilson), false regions an image
  <  significantly worse than a peer, or than balanced, in this cell (exact McNemar, one-sided p < 0.05)
  << still so after Holm's correction for the number of cells
"""


def table(results: Sequence[Result], finders: Sequence[str], comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the lines of the table of all cells, factor by factor."""
    marks = marked(comparisons)
    yield from LEGEND.splitlines()
    yield ""
    yield (f"{'cell':<{CELL_WIDTH}} {'faces':>6} " + " ".join(f"{name:<{COLUMN_WIDTH}}" for name in finders)).rstrip()
    for factor, rows in groupby(results, key=lambda one: one.factor):
        cells = list(rows)
        yield from (line(one, finders, marks) for one in cells)
        if len(cells) > 1:
            yield line(pooled(f"all of {factor}", cells), finders, {})
        yield ""


def marked(comparisons: Sequence[Comparison]) -> dict[tuple[str, str], str]:
    """Return the mark of each cell and finder that is worse than another."""
    marks: dict[tuple[str, str], str] = {}
    for one in comparisons:
        if one.worse:
            key = (one.cell, one.ours)
            marks[key] = max(marks.get(key, ""), "<<" if one.worse_of_many else "<")
    return marks


def line(one: Result, finders: Sequence[str], marks: Mapping[tuple[str, str], str]) -> str:
    """Return the line of one cell."""
    count = one.faces or one.pictures
    entries = (f"{_entry(one, name) + marks.get((one.name, name), ''):<{COLUMN_WIDTH}}" for name in finders)
    return f"{one.name:<{CELL_WIDTH}} {count:>6} {' '.join(entries)}".rstrip()


def _entry(one: Result, finder: str) -> str:
    false = f"{one.false_rate(finder).value:.2f}"
    if not one.faces:
        return f"{'':15} {false}"
    share = one.recall(finder)
    low, high = share.wilson
    return f"{_cut(share.value)} {_bare(low)}-{_bare(high)} {false}"


def _cut(value: float) -> str:
    """Return three decimals, cut and not rounded, so that 1.000 means all.

    Examples:
        >>> _cut(0.9996), _cut(1.0)
        ('0.999', '1.000')
    """
    return f"{math.floor(value * 1000 + 1e-9) / 1000:.3f}"


def _bare(value: float) -> str:
    """Return a share in four characters.

    Examples:
        >>> _bare(0.9761), _bare(1.0)
        ('.976', '1.00')
    """
    cut = _cut(value)
    return cut[1:] if cut.startswith("0") else cut[:4]


def worst(results: Sequence[Result], finder: str, finders: Sequence[str]) -> Iterator[str]:
    """Yield the cells in which a finder misses most, combinations apart, and what the others find there."""
    for about, mixed in (("cells of one factor", False), ("random combinations", True)):
        mine = [one for one in results if one.faces and (one.factor == "random") is mixed]
        ranked = sorted(mine, key=lambda one: one.recall(finder).value)
        if ranked:
            yield f"{about} in which {finder} misses most:"
        for one in ranked[:WORST]:
            others = ", ".join(f"{name} {_cut(one.recall(name).value)}" for name in finders if name != finder)
            yield f"  {one.name:<{CELL_WIDTH}} {_cut(one.recall(finder).value)} of {one.faces:>5}   ({others})"


def headline(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of the figures that have to hold."""
    yield f"{'':<36} {'finder':<12} {'measured':>9} {'95% bound':>10} {'asked':>8} {'cases':>7}"
    for what, group in groupby(rows, key=lambda row: row.what):
        for i, row in enumerate(group):
            asked = f">={row.least:g}" if row.least is not None else f"<={row.most:g}" if row.most is not None else ""
            bound = "" if row.bound is None else f"{row.bound:.4f}"
            verdict = {True: "met", False: "NOT MET", None: ""}[row.met]
            few = "" if row.enough or row.met is None else f" too few cases, {row.needed} needed"
            name = what if not i else ""
            line = f"{name:<36} {row.finder:<12} {row.value:>9.4f} {bound:>10} {asked:>8} {row.cases:>7} {verdict}{few}"
            yield line.rstrip()


def ahead(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield, for each pair, in how many cells ours is ahead, equal, behind, and significantly behind."""
    for one in ahead_json(comparisons):
        yield (
            f"{one['ours']} against {one['theirs']}, {one['cells']} cells: ahead in {one['ahead']}, equal in "
            f"{one['equal']}, behind in {one['behind']}; significantly behind in {len(one['worse'])}, after Holm in "
            f"{len(one['worse_holm'])}"
        )
        if one["worse"]:
            yield f"    {', '.join(one['worse'])}"


def ahead_json(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Return the same as plain values."""
    out = []
    for (ours, theirs), group in groupby(comparisons, key=lambda one: (one.ours, one.theirs)):
        cells = list(group)
        signs = [(a > b) - (a < b) for a, b in (one.recalls for one in cells)]
        counts = {name: signs.count(sign) for name, sign in (("ahead", 1), ("equal", 0), ("behind", -1))}
        worse = {
            "worse": [one.cell for one in cells if one.worse],
            "worse_holm": [one.cell for one in cells if one.worse_of_many],
        }
        out.append({"ours": ours, "theirs": theirs, "cells": len(cells), **counts, **worse})
    return out


def costs(cost: Cost) -> Iterator[str]:
    """Yield the lines of cost."""
    yield f"cost over one pass of CenterFace at 640, reading left out, {cost.total} pictures, one thread"
    for name, figures in cost.ratios.items():
        groups = ", ".join(f"{group} {value:.3f}" for group, value in sorted(cost.groups[name].items()))
        yield (
            f"  {name:<12} median of ratios {figures['median']:6.3f} ({groups}), ratio of sums {figures['mean']:6.3f}, "
            f"median {figures['median_seconds'] * 1000:7.1f} ms"
        )


def as_json(results: Sequence[Result], finders: Sequence[str]) -> list[dict[str, Any]]:
    """Return every cell's figures as plain values."""
    return [_plain(one, finders) for one in results]


def _plain(one: Result, finders: Sequence[str]) -> dict[str, Any]:
    figures = {}
    for name in finders:
        share, said = one.recall(name), {"false_per_image": round(one.false_rate(name).value, 4)}
        if one.faces:
            low, high = share.wilson
            said |= {"found": share.hits, "recall": round(share.value, 5), "low": round(low, 5), "high": round(high, 5)}
        figures[name] = said
    return {"cell": one.name, "factor": one.factor, "faces": one.faces, "images": one.pictures, "finders": figures}


def text(figures: Mapping[str, Any]) -> str:
    """Return the figures as JSON, a line for each cell, so that two runs can be compared line by line.

    Examples:
        >>> print(text({"cores": 2, "cells": [{"cell": "a"}, {"cell": "b"}]}), end="")
        {
        "cores": 2,
        "cells": [
        {"cell": "a"},
        {"cell": "b"}
        ]
        }
    """
    parts = []
    for name, value in figures.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(json.dumps(row) for row in value)
            parts.append(f"{json.dumps(name)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
