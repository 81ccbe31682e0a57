"""Write what archives of a million to ten billion images cost into ``docs/scale.md``: ``python -m docs.scale``.

The tables are computed from what ``make bench`` measured (``benchmarks/results/*.json``) and from the settings that
ship, so that neither can change and leave the page as it was; a test compares.
"""

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conf.settings import Settings, load
from docs import marked

PAGE = Path(__file__).parent / "scale.md"
RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results"
ARCHIVES = {"1 million": 10**6, "100 million": 10**8, "10 billion": 10**10}
POLICIES = ("one_pass", "public")
STAGES = ("read", "decode", "detect", "anonymize", "encode", "verify", "second_look")
ON_A_GPU = ("detect", "second_look")
KEYS_A_LISTING = 1000
"""Most keys that one ListObjectsV2 answers (Amazon S3 API reference)."""
REQUESTS_AN_IMAGE = 2
"""``HEAD`` and ``GET``: the size is asked for again before anything is read (``ObjectSource.fetch``)."""
READS_A_PREFIX = 5500
"""``GET`` and ``HEAD`` a second that Amazon S3 promises for a partitioned prefix (its performance guidelines)."""
_MISSING = "Not measured yet: `make bench` writes `benchmarks/results/{}.json`, and this table from it.\n"
_HOUR_MS = 3.6e6
_TWO_DIGITS = 10


@dataclass(frozen=True)
class Model:
    """What one image costs.

    Attributes:
        cpu_ms: processor time of driver, JVM and workers.
        gpu_share: of the workers' time, that of the steps that a GPU would take over.
        bytes: of a file, on the average; what comes out is about as large.
    """

    cpu_ms: float
    gpu_share: float
    bytes: float

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Model":
        """Return the model of a result of ``benchmarks/throughput.py``."""
        stages = found["stage_ms_an_image"]
        share = sum(stages[name] for name in ON_A_GPU) / sum(stages[name] for name in STAGES)
        return cls(found["cpu_ms_an_image"], share, found["mean_source_bytes"])

    def core_hours(self, images: int) -> float:
        """Return the core hours of an archive.

        Examples:
            >>> Model(36.0, 0.5, 1e5).core_hours(10**6), Model(36.0, 0.5, 1e5).core_hours_beside_gpu(10**6)
            (10.0, 5.0)
        """
        return images * self.cpu_ms / _HOUR_MS

    def core_hours_beside_gpu(self, images: int) -> float:
        """Return what of them is left to the cores where a GPU does the detectors' part."""
        return self.core_hours(images) * (1 - self.gpu_share)

    def cores_at_limit(self) -> int:
        """Return how many cores ask one prefix of a bucket for as much as it promises."""
        return int(READS_A_PREFIX / REQUESTS_AN_IMAGE * self.cpu_ms / 1000)


def a_file(settings: Settings, bytes_an_image: float) -> float:
    """Return the images of one file of the table: a task writes one, and is bounded by images and by bytes."""
    return min(settings.batches.task_images, settings.batches.task_bytes / bytes_an_image)


def a_commit(settings: Settings, bytes_an_image: float) -> float:
    """Return the images of one commit."""
    return min(settings.batches.images, settings.batches.bytes / bytes_an_image)


def result(name: str, folder: Path = RESULTS) -> dict[str, Any] | None:
    """Return what a benchmark found, if it was kept."""
    file = folder / f"{name}.json"
    found: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rows))


def _short(number: float) -> str:
    """Return a number with two digits that count, as people say it.

    Examples:
        >>> [_short(one) for one in (0.123, 9.96, 1234, 5_600_000, 7.1e9, 2e13)]
        ['0.12', '10', '1,200', '5.6 million', '7.1 billion', '20,000 billion']
    """
    if number <= 0:
        return "0"
    rounded = round(number, 1 - math.floor(math.log10(number)))
    for unit, word in ((1e9, " billion"), (1e6, " million")):
        if rounded >= unit:
            return f"{rounded / unit:,.12g}{word}"
    return f"{rounded:,.0f}" if rounded >= _TWO_DIGITS else f"{rounded:.2g}"


def steps(folder: Path = RESULTS) -> str:
    """Return the table of what each step takes of an image."""
    found = {name: result(f"throughput-{name}", folder) for name in POLICIES}
    known = {name: one for name, one in found.items() if one}
    if not known:
        return _MISSING.format("throughput-public")
    rows = [(f"`{s}`", *(f"{one['stage_ms_an_image'][s]:.1f}" for one in known.values())) for s in STAGES]
    rows.append(("all of it, processor time", *(f"**{one['cpu_ms_an_image']:.1f}**" for one in known.values())))
    size = next(iter(known.values()))
    said = (
        f"\nScenes of {size['mean_megapixels']:.2g} megapixels and {size['mean_source_bytes'] / 1000:,.0f} kB, on the "
    )
    return _table(("ms an image", *(f"`{name}`" for name in known)), rows) + said + "average.\n"


def archives(folder: Path = RESULTS) -> str:
    """Return the table of what each archive costs."""
    found = {name: result(f"throughput-{name}", folder) for name in POLICIES}
    models = {name: Model.of(one) for name, one in found.items() if one}
    if not models:
        return _MISSING.format("throughput-public")
    settings, size = load("cluster,s3"), next(iter(models.values())).bytes
    rows: list[tuple[str, ...]] = []
    for name, model in models.items():
        rows.append((f"core hours, `{name}`", *(_short(model.core_hours(n)) for n in ARCHIVES.values())))
        beside = (_short(model.core_hours_beside_gpu(n)) for n in ARCHIVES.values())
        rows.append((f"of these not detection, `{name}`", *beside))
    asked = {
        "`LIST` requests": 1 / KEYS_A_LISTING,
        "`HEAD` and `GET` requests": REQUESTS_AN_IMAGE,
        "files, and about as many `PUT` requests": 1 / a_file(settings, size),
        "commits": 1 / a_commit(settings, size),
        "storage, TB": size / 1e12,
    }
    rows += [(what, *(_short(n * each) for n in ARCHIVES.values())) for what, each in asked.items()]
    return _table(("", *ARCHIVES), rows)


def limits(folder: Path = RESULTS) -> str:
    """Return the table of what the parts that do not grow with the cluster take for each archive."""
    listing, log = result("incremental", folder), result("log", folder)
    public = result("throughput-public", folder) or result("throughput-one_pass", folder)
    if not (listing and log and public):
        return _MISSING.format("incremental` and `log")
    model, settings = Model.of(public), load("cluster,s3")
    files = 1 / a_file(settings, model.bytes)
    listed_ms = 1000 * listing["bare_listing_seconds"] / listing["images"]
    hours = {
        "hours of the one task that lists, local disk": listed_ms / _HOUR_MS,
        "GiB of the driver's Python to open the table": files * log["memory_bytes_a_file"] / (1 << 30),
        "seconds of the driver to open the table, once a commit": files * log["open_us_a_file"] / 1e6,
        "GB of a checkpoint of Delta's log": files * log["log_bytes_a_file"] / 1e9,
    }
    rows = [(what, *(_short(n * each) for n in ARCHIVES.values())) for what, each in hours.items()]
    said = f"\nOne prefix of a bucket promises what about {_short(model.cores_at_limit())} cores ask of it under "
    return _table(("", *ARCHIVES), rows) + said + f"`{public['policy']}`.\n"


STATES = {
    "first_night": "one night",
    "as_written": "{nights} nights",
    "optimized": "`OPTIMIZE` with the writer's settings",
    "optimized_by_default": "`OPTIMIZE` with Parquet's defaults",
    "maintained": "`faceveil maintain`",
}
"""What ``benchmarks/lake.py`` reads, in the page's words."""


def reads(folder: Path = RESULTS) -> str:
    """Return the table of what it costs to read a lake."""
    found = result("lake", folder)
    if not found:
        return _MISSING.format("lake")
    head = (f"a lake of {found['table_mb']} MB", "files", "MB for the dearest question", "MB for one image")
    rows = []
    for state in (one for one in STATES if one in found["dearest"]):
        dearest = found["dearest"][state]
        figures = (f"{found[state]['files']}", f"{dearest['question']:.1f}", f"{dearest['one_image']:.1f}")
        rows.append((STATES[state].format(nights=found["nights"]), *figures))
    return _table(head, rows)


PARTS = {"steps": steps, "archives": archives, "limits": limits, "reads": reads}


def written(text: str, folder: Path = RESULTS) -> str:
    """Return the page's text with its tables as they should be, each between its two marks."""
    return marked.filled(text, "scale", {name: part(folder) for name, part in PARTS.items()})


def main() -> int:
    """Write the page; return 0."""
    return marked.write(PAGE, written)


if __name__ == "__main__":
    sys.exit(main())
