"""1,000, 10,000 and 100,000 pictures of 64 pixels: does a further image cost more, and does the driver grow?

Whole commands, one for each size, each in a JVM of its own, under ``growth.yaml``: the plan ``fast``, nothing enlarged.
What a command costs before its first image is measured with eight of them, and taken off.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks import command, scenes
from benchmarks.command import ROOT, Done
from jobs.lake import Lake

KEPT = ROOT / "build" / "bench" / "growth"
POLICY = ROOT / "benchmarks" / "growth.yaml"
FEW = 8
_COLLECTED = re.compile(r"Pause .*\) \d+[KMG]->(\d+)M\(")
"""G1's line for a collection (unified logging of the JVM): what was used before, and after."""
_MEBIBYTE = 1 << 20


def place(images: int) -> tuple[Path, Path]:
    """Return where the pictures of a size lie, and the lake that is made of them."""
    return KEPT / f"in-{images}", KEPT / f"lake-{images}"


def grown(images: int) -> Done:
    """Make the lake of a size anew, and return what it took."""
    source, lake = place(images)
    scenes.write_tiny(source, images)
    for old in (lake, lake.with_name(f"{lake.name}.vault")):
        shutil.rmtree(old, ignore_errors=True)
    log = KEPT / f"gc-{images}.log"
    options = ("--policy", str(POLICY), "--key-file", str(command.key_file(KEPT)))
    return command.anonymize(source, lake, *options, env={"JAVA_TOOL_OPTIONS": f"-Xlog:gc:file={log}::filecount=0"})


def heap_mib(images: int) -> int:
    """Return the most that a collection left in the JVM's heap; 0 where there was none."""
    text = (KEPT / f"gc-{images}.log").read_text(encoding="utf-8")
    return max(map(int, _COLLECTED.findall(text)), default=0)


def files_of(lake: Path) -> tuple[int, float]:
    """Return how many files a table consists of, and their MiB."""
    actions = pa.table(Lake(str(lake)).tables.open("images").get_add_actions(flatten=True)).to_pylist()
    sizes = [int(row["size_bytes"]) for row in actions]
    return len(sizes), sum(sizes) / _MEBIBYTE


def slopes(images: Sequence[int], seconds: Sequence[float]) -> list[float]:
    """Return the seconds of a further image between each two sizes.

    Examples:
        >>> slopes((0, 10, 100), (5.0, 6.0, 15.0))
        [0.1, 0.1]
    """
    steps = zip(images, images[1:], seconds, seconds[1:], strict=False)
    return [(after - before) / (more - fewer) for fewer, more, before, after in steps]


def to_linear(images: Sequence[int], seconds: Sequence[float]) -> float | None:
    """Return by how much an image of a size costs more than one of the cheapest smaller size; 1 or less is linear.

    Args:
        images: rising; the first is the few that tell the start-up, which is taken off.
        seconds: of each.

    Returns:
        ``None`` where a run took no longer than the start-up: then nothing can be told.

    Examples:
        >>> round(to_linear((0, 10, 100), (5.0, 6.0, 16.0)), 2)
        1.1
    """
    each = [(spent - seconds[0]) / (count - images[0]) for count, spent in zip(images[1:], seconds[1:], strict=True)]
    return max(later / min(each[:number]) for number, later in enumerate(each) if number) if min(each) > 0 else None


def measure(sizes: Sequence[int]) -> dict[str, Any]:
    """Return seconds, memory of the driver and files of each size, and how far they are from linear and flat.

    Args:
        sizes: rising, at least two.
    """
    counts = (FEW, *sizes)
    grown(FEW)  # so that no size pays for reading Spark's jars from the disk
    done = {images: grown(images) for images in counts}
    seconds = [done[images].seconds for images in counts]
    resident = [sum(done[images].peak_mib[kind] for kind in ("driver_jvm", "driver_python")) for images in sizes]
    used = [heap_mib(images) + done[images].peak_mib["driver_python"] for images in sizes]
    linear = to_linear(counts, seconds)
    files = [files_of(place(images)[1]) for images in sizes]
    return {
        "sizes": list(sizes),
        "startup_seconds": round(seconds[0], 1),
        "seconds": [round(one, 1) for one in seconds[1:]],
        "ms_a_further_image": [round(1000 * one, 3) for one in slopes(counts, seconds)],
        "to_linear": None if linear is None else round(linear, 3),
        "driver_jvm_mib": [done[images].peak_mib["driver_jvm"] for images in sizes],
        "driver_python_mib": [done[images].peak_mib["driver_python"] for images in sizes],
        "driver_heap_after_collection_mib": [heap_mib(images) for images in sizes],
        "worker_mib": [done[images].peak_mib["worker"] for images in sizes],
        "driver_memory_growth": round(used[-1] / used[-2], 3),
        "driver_resident_growth": round(resident[-1] / resident[-2], 3),
        "files": [count for count, _ in files],
        "table_mib": [round(size, 1) for _, size in files],
    }
