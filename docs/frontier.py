"""Write what the benchmark of methods has found into ``docs/methods.md``: ``python -m docs.frontier``.

Both tables are computed from ``benchmarks/results/frontier.json``, as ``make frontier`` left it; a test compares.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.frontiers.store import worst
from docs import marked
from docs.recall import table
from jobs import spoken

PAGE = Path(__file__).parent / "methods.md"
RESULT = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "frontier.json"
ATTACKS = (("naive", "clear"), ("parrot", "alike"), ("restored", "restored"), ("colours", "colours"))
KEPT = (
    *(("found", "found", ".0%"), ("landmark_error", "points", ".3f"), ("yaw_error", "yaw", ".1f")),
    *(("pitch_error", "pitch", ".1f"), ("eye_error", "eyes", ".3f"), ("expression", "expression", ".0%")),
    *(("gaze_error", "gaze", ".3f"), ("ssim", "SSIM", ".2f"), ("colour", "histogram", ".2f")),
)
HEAD = ("method", "region", *(words for _, words in ATTACKS), *(words for _, words, _ in KEPT), "ms", "passes")
LIMITS = (("for everybody", 0.005), ("for partners", 0.02), ("for colleagues", 0.1))
"""Rank-1 that is taken, the most of any attacker, above chance; the first is what a release is asked for."""
FOUND_LEAST = 0.9
"""A figure of found faces counts where nearly all are found, or it would be that of the easy ones; and a method where
it served as many, or it would be the mask that the others got."""
PUZZLES = ("scramble",)
UNTRIED = "`scramble` is never chosen:\nit keeps what it moves, and no attacker here tried to put it together again."
_MISSING = "Not measured yet: `make frontier ARGS='--out benchmarks/results'` writes what this table is made from.\n"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """What somebody needs to be left.

    Attributes:
        words: of the need.
        figure: what says how far it is met.
        least: whether less of it is better.
        of_found: whether it is a figure of the faces that are still found.
        form: how it is written.
        enough: the figure from which on the need is met at all; none: more is better, and nothing is enough. Between
            photos of two people, 400 of LFW paired at random, the errors are on average 0.194 of the eyes' distance
            (points, with the eyes laid on each other), 19.6 degrees, 0.073 and 0.115, and 31% have one expression: a
            method that gives everybody the same face reaches about that, so half of it is asked.
    """

    words: str
    figure: str
    least: bool = False
    of_found: bool = True
    form: str = ".0%"
    enough: float | None = None

    def best(self, found: Sequence[Row], limit: float) -> Row | None:
        """Return the row that meets it best among those that nobody is recognised in beyond a limit."""
        usable = [row for row in found if self.figure in row.get("kept", {}) and row["method"] not in PUZZLES]
        usable = [row for row in usable if worst(row) <= limit and row.get("served", 1) >= FOUND_LEAST]
        if self.of_found:
            usable = [row for row in usable if row["kept"]["found"] >= FOUND_LEAST]
        sign = 1 if self.least else -1
        if self.enough is not None:
            usable = [row for row in usable if sign * row["kept"][self.figure] <= sign * self.enough]
        return min(usable, key=lambda row: (sign * row["kept"][self.figure], worst(row)), default=None)


NEEDS = (
    Need("the picture looks as before (SSIM)", "ssim", of_found=False, form=".2f"),
    Need("its colours stay (histogram)", "colour", of_found=False, form=".2f"),
    Need("faces are still found", "found"),
    Need("points of the face stay, in distances of the eyes", "landmark_error", least=True, form=".3f", enough=0.097),
    Need("the head's yaw stays, in degrees", "yaw_error", least=True, form=".1f", enough=9.8),
    Need("blinks can be told (eyes' height by width)", "eye_error", least=True, form=".3f", enough=0.037),
    Need("the mouth does what it did", "expression", enough=0.66),
    Need("eyes look where they did, in widths of an eye", "gaze_error", least=True, form=".3f", enough=0.058),
)


def rows(found: Sequence[Row]) -> Iterator[Sequence[str]]:
    """Yield a row for each method at each strength; rates in percent, the worse of the recognizers."""
    for one in found:
        kept = one.get("kept", {})
        tried = [worst(one, "rank1", attack) for attack, _ in ATTACKS]
        yield (
            _name(one),
            "" if one["region"] is None else f"{one['region']:g}",
            *(f"{rate:.1%}" if rate == rate else "" for rate in tried),  # noqa: PLR0124 - a NaN is not itself
            *(format(kept[figure], form) if figure in kept else "" for figure, _, form in KEPT),
            f"{one['ms']:.1f}" if "ms" in one else "",
            f"{one['passes']:.2f}" if "passes" in one else "",
        )


def _name(row: Row) -> str:
    """Return a method with its parameters, and on how many faces it served, where not on all."""
    if row["method"] == "none":
        return "untouched"
    said = [f"{name} {spoken.value(value)}" for name, value in row["parameters"].items()]
    said += [f"{row['served']:.0%} of faces, else `mask`"] if row.get("served", 1) < 1 else []
    return f"`{row['method']}` {', '.join(said)}".strip()


def choices(found: Sequence[Row]) -> str:
    """Return for each need and each limit what meets it best, as a table."""
    chance = found[0]["chance"]
    head = ("what must be left", *(f"{words}: rank-1 up to {chance + above:.1%}" for words, above in LIMITS))
    made = table(head, ((need.words, *(_best(need, found, chance + above) for _, above in LIMITS)) for need in NEEDS))
    return f"""The method that meets a need best, with its figure, of those where the most successful attacker has at
most that rank-1. Figures of faces count where {FOUND_LEAST:.0%} of them are found, and where points, yaw, eyes, mouth
and gaze err by half as much as between photos of two people at most. In an empty cell nothing does.

{made}
Rates near a limit may be on its other side in another sample. {UNTRIED}
"""


def _best(need: Need, found: Sequence[Row], limit: float) -> str:
    row = need.best(found, limit)
    if row is None:
        return ""
    return f"{_name(row)}, region {row['region']:g}: {format(row['kept'][need.figure], need.form)}"


def tables(found: Sequence[Row]) -> str:
    """Return the table of a result, with what it is before it and the plot behind it."""
    first = found[0]
    who = " and ".join(f"`{name}`" for name in first["attacks"] if name != "colours")
    people, photos, held = (f"{first[key]:,}" for key in ("people", "probes", "gallery"))
    about = f"""{people} people, {photos} photos attacked, galleries of {held}: chance is {first["chance"]:.2%}.
Rank-1 of the more successful of {who}; the CSV has upper bounds.
"Restored" means after a ridge regression learned on others, "colours" by coarse colours of the whole picture, with no
recognizer. "Found" is the share of faces that CenterFace still finds there; the next columns are of those, against the
clear face: how far 68 points are off, in distances of the eyes; yaw and pitch in degrees; eyes, height by width;
expression, the share of mouths that are as wide and as far open as before; gaze, in widths of an eye. SSIM and
histogram (their intersection) are those of 2.5 times the box; ms is the median for one face, of one core's time, and
passes what that is of one pass of CenterFace at 640 pixels. Errors no larger than
[those of a photo merely mirrored](landmarks.md#what-is-measured-by-the-points) are noise.
"""
    return f"{about}\n{table(HEAD, rows(found))}\n![privacy against utility](../benchmarks/results/frontier.png)\n"


def written(text: str, result: Path = RESULT) -> str:
    """Return the page's text with the tables as they should be; each lies between two marks."""
    found = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else None
    parts = {"frontier": tables, "choice": choices}
    return marked.filled(text, "frontier", {name: make(found) if found else _MISSING for name, make in parts.items()})


def main() -> int:
    """Write the page; return 0."""
    return marked.write(PAGE, written)


if __name__ == "__main__":
    sys.exit(main())
