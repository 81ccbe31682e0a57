"""What is asked of each benchmark, and the table that says what was reached."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks import results

README = "README.md"
HEAD = """# Results of `make bench`

Written by `python -m benchmarks`; `python -m benchmarks --table` writes it again from the JSON beside it. Each figure
is a ratio to a peer measured in the same run, but for bytes. "not measured" means that its JSON is not here.
"""


@dataclass(frozen=True)
class Ask:
    """One figure that has to hold.

    Attributes:
        what: in words.
        result: the file that has it.
        key: where in it, parts joined by dots.
        bound: ``at least`` or ``at most``.
        value: the bound; ``None`` for a figure that is told and not asked.
        unit: behind both numbers.
    """

    what: str
    result: str
    key: str
    bound: Literal["at least", "at most"] = "at least"
    value: float | None = None
    unit: str = "x"

    def reached(self, found: Mapping[str, Any] | None) -> float | None:
        """Return the figure; ``None`` where it was not measured."""
        here: Any = found
        for part in self.key.split("."):
            here = here.get(part) if isinstance(here, Mapping) else None
        return None if here is None else float(here)

    def met(self, reached: float | None) -> bool | None:
        """Return whether it holds; ``None`` where it was not measured or nothing is asked."""
        if reached is None or self.value is None:
            return None
        return reached >= self.value if self.bound == "at least" else reached <= self.value


ASKS = (
    Ask("job against a bare loop, one pass", "throughput-one_pass", "job_to_loop", "at least", 0.95),
    Ask("job against a bare loop, policy `public`", "throughput-public", "job_to_loop", "at least", 0.95),
    Ask("processor time with the panel against without, dearest policy", "panel", "dearest", "at most", 1.25),
    Ask(
        "the same, policy `internal`: every face is judged",
        "panel",
        "policies.internal.cpu_with_to_without",
        "at most",
        1.25,
    ),
    Ask("source and lake on S3 against the local disk", "s3", "s3_to_local", "at least", 0.85),
    Ask("whole command against `deface`, 1 to 12 megapixels, one pass", "peer", "one_pass_speed", "at least", 2),
    Ask("the same under policy `public`, which looks far more often", "peer", "public_speed"),
    Ask("the same for photos under 2 megapixels, one pass", "peer-small", "one_pass_speed"),
    Ask(
        "12 megapixels, policy `internal`, against decode, one pass, encode", "large", "internal_speed", "at least", 1.7
    ),
    Ask("the same without the detectors' time", "large", "internal_speed_without_detectors", "at least", 3),
    Ask("the same, but plan `fast`", "large", "internal_fast_speed"),
    Ask("the same, but one look at 640", "large", "internal_one_look_speed"),
    Ask("that without the detectors' time", "large", "internal_one_look_speed_without_detectors"),
    Ask("the same under policy `public`", "large", "public_speed"),
    Ask("growth to 100,000: an image's cost against the least before", "growth", "to_linear", "at most", 1.1),
    Ask(
        "growth: memory that the driver uses, 100,000 against 10,000", "growth", "driver_memory_growth", "at most", 1.1
    ),
    Ask("the same, resident: a JVM keeps what it once had", "growth", "driver_resident_growth"),
    Ask("two workers of one core against one", "cluster", "two_to_one", "at least", 1.6),
    Ask("the same, processor seconds an image", "cluster", "cpu_two_to_one", "at most", 1.05),
    Ask("nothing new over 100,000, against listing alone", "incremental", "incremental_to_listing", "at most", 2),
    Ask("dearest question about 500 MB of five nights", "lake", "dearest.as_written.question", "at most", 1.3, " MB"),
    Ask("that after `faceveil maintain`", "lake", "dearest.maintained.question", "at most", 1.3, " MB"),
    Ask("one image of a lake of one night", "lake", "dearest.first_night.one_image", "at most", 10, " MB"),
    Ask("one image of 500 MB of five nights", "lake", "dearest.as_written.one_image", "at most", 10, " MB"),
    Ask("that after a bare OPTIMIZE with the writer's settings", "lake", "dearest.optimized.one_image"),
    Ask("that after `faceveil maintain`", "lake", "dearest.maintained.one_image", "at most", 10, " MB"),
)


def rows(folder: Path) -> list[tuple[str, str, str, str]]:
    """Return a row for each ask: what, reached, asked, met."""
    out = []
    for ask in ASKS:
        reached = ask.reached(results.read(folder, ask.result))
        met = ask.met(reached)
        asked = "told only" if ask.value is None else f"{ask.bound} {ask.value:g}{ask.unit}"
        shown = "not measured" if reached is None else f"{reached:.3g}{ask.unit}"
        out.append((ask.what, shown, asked, {True: "yes", False: "**no**", None: ""}[met]))
    there = "there is a GPU, and no benchmark of it yet" if shutil.which("nvidia-smi") else "no GPU on this machine"
    return [
        *out,
        ("one partition on a GPU against InsightFace's own loop", f"not measured: {there}", "at least 5x", ""),
    ]


def table(folder: Path) -> str:
    """Return the table in Markdown."""
    lines = [("what", "reached", "asked", "met"), ("---", "---", "---", "---"), *rows(folder)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def finish(folder: Path) -> str:
    """Draw the plots, write the table beside the JSON and the tables of ``docs/scale.md``, and return the table."""
    from benchmarks import plots  # noqa: PLC0415 - matplotlib takes a second to import
    from docs import scale  # noqa: PLC0415 - only where it is written

    if folder == results.FOLDER:
        scale.main()
    drawn = plots.draw(folder)
    pictures = "\n\n".join(f"![{name}]({name}.png)" for name in drawn)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / README).write_text(f"{HEAD}\n{table(folder)}\n\n{pictures}\n", encoding="utf-8")
    return table(folder)
