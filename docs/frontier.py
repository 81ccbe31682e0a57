"""Write what the benchmark of methods has found into ``docs/methods.md``: ``python -m docs.frontier``.

The table is computed from ``benchmarks/results/frontier.json``, as ``make frontier`` left it; a test compares.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docs import marked
from docs.recall import table
from jobs import spoken

PAGE = Path(__file__).parent / "methods.md"
RESULT = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "frontier.json"
HEAD = ("method", "region", "clear", "alike", "restored", "found", "points", "SSIM", "colours", "ms")
ATTACKS = ("naive", "parrot", "restored")
_MISSING = "Not measured yet: `make frontier ARGS='--out benchmarks/results'` writes what this table is made from.\n"


def rows(found: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    """Yield a row for each method at each strength; rates in percent, the worse of the recognizers."""
    for one in found:
        parameters = ", ".join(f"{name} {spoken.value(value)}" for name, value in one["parameters"].items())
        name = f"`{one['method']}`" if one["method"] != "none" else "untouched"
        kept = one.get("kept", {})
        yield (
            f"{name} {parameters}".strip(),
            "" if one["region"] is None else f"{one['region']:g}",
            *(_rank1(one, attack) for attack in ATTACKS),
            f"{kept['found']:.0%}" if "found" in kept else "",
            f"{kept['landmark_error']:.3f}" if "landmark_error" in kept else "",
            f"{kept['ssim']:.2f}" if "ssim" in kept else "",
            f"{kept['colour']:.2f}" if "colour" in kept else "",
            f"{one['ms']:.1f}" if "ms" in one else "",
        )


def _rank1(row: Mapping[str, Any], attack: str) -> str:
    """Return the rank-1 of the recognizer that is right most often, in percent."""
    reached = [by[attack]["rank1"] for by in row["attacks"].values() if attack in by]
    return f"{max(reached):.1%}" if reached else ""


def tables(found: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of a result, with what it is before it and the plot behind it."""
    first = found[0]
    who = " and ".join(f"`{name}`" for name in first["attacks"])
    people, photos, held = (f"{first[key]:,}" for key in ("people", "probes", "gallery"))
    about = f"""{people} people, {photos} photos attacked, galleries of {held}: chance is {first["chance"]:.2%}.
Rank-1 of the more successful of {who}; "restored" means after a ridge regression learned on others.
"Found" is the share of faces that CenterFace still finds there, "points" how far its landmarks are off, in distances of
the eyes; SSIM and colours (intersection of histograms) are those of 2.5 times the box; ms is the median for one face.
"""
    return f"{about}\n{table(HEAD, rows(found))}\n![privacy against utility](../benchmarks/results/frontier.png)\n"


def written(text: str, result: Path = RESULT) -> str:
    """Return the page's text with the table as it should be; it lies between two marks."""
    made = tables(json.loads(result.read_text(encoding="utf-8"))) if result.is_file() else _MISSING
    return marked.filled(text, "frontier", {"frontier": made})


def main() -> int:
    """Write the page; return 0."""
    return marked.write(PAGE, written)


if __name__ == "__main__":
    sys.exit(main())
