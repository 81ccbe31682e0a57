"""Write what the whole benchmark of recall has found into ``docs/detection.md``: ``python -m docs.recall``.

The tables are computed from ``benchmarks/results/recall.json``, as ``make recall`` left it, so that neither can change
and leave the page as it was; a test compares.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from anonymizer_udfs.detection.plans import PLANS
from docs import marked

PAGE = Path(__file__).parent / "detection.md"
RESULT = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "recall.json"
THOROUGH = RESULT.with_name("recall-thorough.json")
RANDOM = RESULT.with_name("recall-random.json")
FACTORS = {
    "height": "height, 8 to 1,200 px",
    "roll": "roll, 32 to 64 px",
    "roll-large": "roll, 96 to 192 px",
    "exif": "EXIF orientation",
    "border": "cut at the border",
    "occlusion": "glasses, mask, hand",
    "dark": "darkness",
    "blur": "blur",
    "jpeg": "JPEG quality 95 to 10",
    "grey": "monochrome",
    "crowd": "crowds",
    "fill": "fills the frame",
    "scene": "scenes of 320 to 4,000 px",
    "random": "random combinations",
}
"""What each factor of the benchmark is, in words."""
_MISSING = "Not measured yet: `make recall` writes `benchmarks/results/recall.json`, and these tables from it.\n"
_AGAINST = ("plan", "against", "cells", "more", "equal", "fewer", "significantly", "after Holm", "where")
_MET = {True: "met", False: "**not met**", None: ""}


def table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def asked(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """Yield a row for each figure that is asked of a plan."""
    for one in found["headline"]:
        if one["least"] is None and one["most"] is None:
            continue
        bound = f"at least {one['least']:g}" if one["most"] is None else f"at most {one['most']:g}"
        sure = "" if one["bound"] is None else f"{one['bound']:.4f}"
        met = _MET[one["met"]] if one["enough"] else f"{_MET[one['met']]}, of {one['needed']:,} cases needed"
        yield one["what"], f"`{one['finder']}`", bound, f"{one['value']:.4f}", sure, f"{one['cases']:,}", met


def factors(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """Yield a row for each factor: the share of its faces that each finder found, all cells together."""
    finders = list(found["finders"])
    for factor, words in FACTORS.items():
        cells = [one for one in found["cells"] if one["factor"] == factor and one["faces"]]
        faces = sum(one["faces"] for one in cells)
        if faces:
            shares = (sum(one["finders"][who]["found"] for one in cells) / faces for who in finders)
            yield words, f"{faces:,}", *(f"{share:.3f}" for share in shares)


def against(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """Yield a row for each plan and whom it is compared with, cell by cell, on the same faces."""
    for one in found["compared"]:
        cells = ", ".join(one["worse"]) or "none"
        counts = (str(one[key]) for key in ("cells", "ahead", "equal", "behind"))
        yield f"`{one['ours']}`", one["theirs"], *counts, str(len(one["worse"])), str(len(one["worse_holm"])), cells


def tables(found: Mapping[str, Any]) -> str:
    """Return all tables of a result, with what they are before each."""
    finders, cells = list(found["finders"]), found["cells"]
    faces, scenes = (sum(one[key] for one in cells) for key in ("faces", "images"))
    used, overlap = found["portraits"]["used"], found["min_iou"]
    about = f"""{used:,} portraits, {faces:,} faces in {scenes:,} scenes of {len(cells)} cells. A face counts as found
where a box overlaps its own by {overlap:g} (intersection over union). The bound is one-sided, 95%.
"""
    beside = """Cell by cell on the same faces: in how many cells more are found, as many, or fewer; and in which
significantly fewer (exact McNemar, one-sided p below 0.05, each cell by itself; after Holm 1979, over all cells):
"""
    missing = [f"`{plan}`" for plan in PLANS if plan not in finders]
    parts = (
        about + (f"Not measured yet: {', '.join(missing)}.\n" if missing else ""),
        table(("what", "plan", "asked", "measured", "bound", "faces or pictures", ""), asked(found)),
        "The share of faces that each finds, all cells of a factor together:\n",
        table(("factor", "faces", *(f"`{who}`" for who in finders)), factors(found)),
        beside,
        table(_AGAINST, against(found)),
    )
    return "\n".join(parts)


def thorough(found: Mapping[str, Any]) -> str:
    """Return what was measured of ``thorough``, which takes seconds a scene: what is asked in full, the rest less.

    Args:
        found: two results of the benchmark: ``full``, of the cells in which something is asked of it, and ``sample``,
            of all cells with fewer faces in each.
    """
    full, sample = found["full"], found["sample"]
    mine = {**full, "headline": [one for one in full["headline"] if one["finder"] == "thorough"]}
    faces, scenes = (sum(one[key] for one in sample["cells"]) for key in ("faces", "images"))
    compared = [one for one in sample["compared"] if one["ours"] == "thorough"]
    first = """The plan `thorough` takes seconds a scene, so it was measured apart: in full where something is asked
of it,
"""
    second = f"""and over all cells on a sample of {faces:,} faces in {scenes:,} of the same scenes, with the others
beside it:
"""
    parts = (
        first,
        table(("what", "plan", "asked", "measured", "bound", "faces or pictures", ""), asked(mine)),
        second,
        table(("factor", "faces", *(f"`{who}`" for who in sample["finders"])), factors(sample)),
        table(_AGAINST, against({"compared": compared})),
    )
    return "\n".join(parts)


def random(found: Mapping[str, Any]) -> str:
    """Return what was measured of the random combinations alone, with as many faces in each as in every other cell."""
    faces, scenes = (sum(one[key] for one in found["cells"]) for key in ("faces", "images"))
    first = f"""The random combinations once more, with 300 faces in each ({faces:,} in {scenes:,} scenes): go by these
figures for them.
"""
    parts = (
        first,
        table(("factor", "faces", *(f"`{who}`" for who in found["finders"])), factors(found)),
        table(_AGAINST, against(found)),
    )
    return "\n".join(parts)


def written(text: str, result: Path = RESULT, more: Path = THOROUGH, most: Path = RANDOM) -> str:
    """Return the page's text with the tables as they should be; they lie between two marks."""
    made = tables(json.loads(result.read_text(encoding="utf-8"))) if result.is_file() else _MISSING
    if most.is_file():
        made += "\n" + random(json.loads(most.read_text(encoding="utf-8")))
    if more.is_file():
        made = made.replace("Not measured yet: `thorough`.\n", "")
        made += "\n" + thorough(json.loads(more.read_text(encoding="utf-8")))
    return marked.filled(text, "recall", {"recall": made})


def main() -> int:
    """Write the page; return 0."""
    return marked.write(PAGE, written)


if __name__ == "__main__":
    sys.exit(main())
