"""What the benchmarks compute from what they measured: ratios, slopes, ranges, processor time, and the table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import asks, cluster, growth, incremental, lake, panel, plots, results, scenes
from benchmarks.asks import Ask
from benchmarks.throughput import Loop
from benchmarks.watch import Seen, Watch, descendants, kind_of


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param((10.0, 11.0, 20.0, 110.0), 1.0, id="linear"),
        pytest.param((10.0, 11.0, 20.0, 130.0), 1.2, id="a-last-step-that-costs-more"),
        pytest.param((10.0, 12.0, 20.0, 120.0), 1.1, id="a-dear-first-step-hides-nothing"),
        pytest.param((10.0, 12.0, 20.0, 90.0), 0.8, id="each-step-costs-less"),
        pytest.param((10.0, 9.0, 20.0, 90.0), None, id="noise-greater-than-the-run"),
    ],
)
def test_growth_is_told_against_the_cheapest_smaller_size(seconds: tuple[float, ...], expected: float | None) -> None:
    """Start-up is taken off, and a warm-up in the least size does not excuse what comes later."""
    found = growth.to_linear((0, 10, 100, 1000), seconds)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-9))


def test_a_further_image_costs_what_lies_between_two_sizes() -> None:
    """The slope between each two sizes, whatever the start-up."""
    assert growth.slopes((0, 10, 110), (7.0, 8.0, 28.0)) == pytest.approx([0.1, 0.2])


def test_collections_are_read_from_the_log_of_a_jvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The most that a collection left behind, of G1's young and full ones; other lines do not count."""
    lines = [
        "[0.5s][info][gc] Using G1",
        "[1.0s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 51M->12M(512M) 5.1ms",
        "[2.0s][info][gc] GC(1) Pause Young (Concurrent Start) (Metadata GC Threshold) 300M->140M(512M) 9ms",
        "[3.0s][info][gc] GC(2) Concurrent Mark Cycle 20ms",
        "[4.0s][info][gc] GC(3) Pause Full (System.gc()) 200M->90M(512M) 40ms",
    ]
    monkeypatch.setattr(growth, "KEPT", tmp_path)
    for name, text in (("7", "\n".join(lines)), ("8", lines[0])):
        (tmp_path / f"gc-{name}.log").write_text(text, encoding="utf-8")
    assert (growth.heap_mib(7), growth.heap_mib(8)) == (140, 0)


def test_a_run_with_nothing_new_is_told_without_what_any_run_costs() -> None:
    """The median of the rounds' own ratios, not the ratio of medians of different rounds."""
    taken = {
        "fixed": [2.0, 2.0, 3.0],
        "incremental": [5.0, 8.0, 6.0],
        "listing": [2.0, 3.0, 2.0],
        "bare_listing": [1.0] * 3,
    }
    found = incremental.ratios(taken)
    assert (found["incremental_to_listing"], found["with_fixed_to_listing"]) == (1.5, 2.67)
    assert (found["incremental_seconds"], found["bare_listing_seconds"]) == (6.0, 1.0)


def test_the_panels_cost_is_the_median_of_the_rounds_own_ratios(tmp_path: Path) -> None:
    """By processor time, whatever else slowed a round down; and it has its picture and its row."""
    there = [Loop(2.0, 0.24), Loop(1.0, 0.6), Loop(4.0, 0.22)]
    without = [Loop(2.2, 0.2), Loop(2.0, 0.5), Loop(4.0, 0.2)]
    found = panel.figures(there, without)
    assert (found["cpu_with_to_without"], found["clock_with_to_without"]) == (1.2, 1.1)
    assert (found["cpu_ms_an_image_with"], found["cpu_ms_an_image_without"]) == (240.0, 200.0)
    results.keep(tmp_path, "panel", {"dearest": 1.2, "policies": {"internal": found}})
    said = {what: (reached, met) for what, reached, _, met in asks.rows(tmp_path)}
    assert said["processor time with the panel against without, dearest policy"] == ("1.2x", "yes")
    assert said["the same, policy `internal`: every face is judged"] == ("1.2x", "yes")
    assert plots.draw(tmp_path) == ["panel"]


def test_a_cluster_is_told_by_pairs_and_its_start_taken_off() -> None:
    """Speed is compared within each pair of runs; processor seconds are those of the further images alone."""
    pairs = [
        (cluster.Run(10, 30), cluster.Run(18, 40)),
        (cluster.Run(5, 30), cluster.Run(9, 40)),
        (cluster.Run(8, 30), cluster.Run(12, 41)),
    ]
    found = cluster.figures(pairs, (10.0, 20.0), 100)
    assert (found["two_to_one"], found["cpu_two_to_one"]) == (1.8, 1.0)
    assert found["cpu_ms_an_image"] == [200.0, 200.0]


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        pytest.param([], [], id="empty"),
        pytest.param([("a", "b"), ("c", "d")], [1, 1], id="apart"),
        pytest.param([("a", "z"), ("a", "z"), ("m", "n")], [2, 2, 3], id="nights-that-overlap"),
    ],
)
def test_ranges_that_may_hold_an_id_are_counted(ranges: list[tuple[str, str]], expected: list[int]) -> None:
    """Both ends belong to a range."""
    assert lake.covering(ranges) == expected


def test_the_dearer_reader_counts() -> None:
    """Of questions the dearest, of images the dearer reader's median."""
    readers = {"deltalake": (0.3, 7.0), "spark": (0.9, 6.0)}
    found = {name: {"questions_mb": {"a": q, "b": 0.1}, "one_image_mb": one} for name, (q, one) in readers.items()}
    assert lake.dearest(found) == {"question": 0.9, "one_image": 7.0}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        pytest.param(
            "/usr/bin/java -cp x org.apache.spark.deploy.SparkSubmit pyspark-shell", "driver_jvm", id="driver"
        ),
        pytest.param(
            "/usr/bin/java org.apache.spark.executor.CoarseGrainedExecutorBackend", "executor_jvm", id="executor"
        ),
        pytest.param("/usr/bin/java org.apache.spark.deploy.worker.Worker --cores 1", "cluster", id="cluster"),
        pytest.param("python -m pyspark.daemon pyspark.worker", "worker", id="worker"),
        pytest.param("/home/a/versitygw-v1 --quiet", "s3_server", id="server"),
        pytest.param("python -c from multiprocessing.spawn import spawn_main", "loop", id="loop"),
        pytest.param("python -m jobs.anonymize in lake", "driver_python", id="command"),
        pytest.param("", "driver_python", id="empty"),
    ],
)
def test_processes_are_told_apart(line: str, kind: str) -> None:
    """Each part of a run is known by its command line."""
    assert kind_of(tuple(line.split())) == kind


def test_processor_time_counts_from_the_first_look_and_survives_the_process() -> None:
    """What was spent before is left out, a process that comes later counts whole, one that ended still counts."""
    watch, worker = Watch(), ("python", "-m", "pyspark.daemon")
    watch.note([Seen(1, 0, 5, 10.0, 100.0, ("python",)), Seen(3, 1, 5, 7.0, 10.0, worker)])
    watch.note([Seen(1, 0, 5, 11.0, 120.0, ("python",)), Seen(2, 1, 6, 3.0, 50.0, worker)])
    watch.note([Seen(1, 0, 5, 12.5, 110.0, ("python",)), Seen(2, 1, 9, 1.0, 60.0, worker)])
    assert watch.cpu() == {"driver_python": 2.5, "worker": 4.0}  # 3 of one, 1 of a later one of the same number
    assert watch.peaks() == {"driver_python": 120, "worker": 60}


def test_this_process_is_seen() -> None:
    """A real look at the machine finds this process, its memory and its time."""
    with Watch() as watch:
        assert sum(np.arange(300_000)) > 0
    (me, *_) = descendants(watch.pid)
    assert (me.pid, me.peak_mib > 10, me.cpu_seconds > 0) == (watch.pid, True, True)


def test_sizes_of_scenes_are_even_on_a_logarithmic_scale() -> None:
    """1 to 12 megapixels, half of them under the geometric mean, and the same each time."""
    sizes = np.array([scenes.size_of(index) for index in range(1000)])
    megapixels = sizes.prod(axis=1) / 1e6
    assert (megapixels.min() > 0.99, megapixels.max() < 12.02) == (True, True)
    assert np.median(megapixels) == pytest.approx(12**0.5, rel=0.1)
    assert scenes.size_of(7) == scenes.size_of(7)


@pytest.mark.parametrize(
    ("bound", "reached", "met"),
    [
        pytest.param("at least", None, None, id="not-measured"),
        pytest.param("at least", 2.0, True, id="just"),
        pytest.param("at least", 1.99, False, id="below"),
        pytest.param("at most", 2.0, True, id="just-most"),
        pytest.param("at most", 2.01, False, id="above"),
    ],
)
def test_a_bound_holds_or_not(bound: Any, reached: float | None, met: bool | None) -> None:
    """What was not measured is neither met nor missed."""
    assert Ask("x", "r", "a.b", bound, 2.0).met(reached) is met


def test_the_table_says_what_was_not_measured(tmp_path: Path) -> None:
    """An empty folder gives a row for each ask and one for GPUs, none of them met."""
    rows = asks.rows(tmp_path)
    assert len(rows) == len(asks.ASKS) + 1
    assert all(reached.startswith("not measured") and not met for _, reached, _, met in rows)


def test_every_ask_of_a_result_is_found_in_what_its_benchmark_gives(tmp_path: Path) -> None:
    """A key that no result has would for ever say that it was not measured."""
    results.keep(tmp_path, "lake", {"dearest": {"as_written": {"question": 1.5, "one_image": 8.0}}})
    results.keep(tmp_path, "cluster", cluster.figures([(cluster.Run(10, 30), cluster.Run(18, 40))], (10.0, 20.0), 100))
    said = {what: (reached, met) for what, reached, _, met in asks.rows(tmp_path)}
    assert said["two workers of one core against one"] == ("1.8x", "yes")
    assert said["dearest question about 500 MB of five nights"] == ("1.5 MB", "**no**")


def test_what_is_kept_tells_neither_place_nor_time(tmp_path: Path) -> None:
    """The kind of machine and its cores, and nothing of its name, its folders or the day."""
    results.keep(tmp_path, "one", {"ratio": 1.0})
    found = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    assert set(found) == {"photos", "machine", "cores", "ratio"}
    assert str(tmp_path) not in json.dumps(found)


def test_committed_results_have_a_picture_and_their_row() -> None:
    """Each result that is kept is one that is drawn, and the page beside them is the one that they give."""
    kept = {file.stem for file in results.FOLDER.glob("*.json")}
    assert {ask.result for ask in asks.ASKS} <= set(plots.SKETCHES)
    # Told in docs/detection.md, docs/evaluation.md and docs/methods.md.
    elsewhere = {
        "recall",
        "recall-random",
        "recall-thorough",
        "galleries",
        "attacked",
        "blurred_lake",
        "frontier",
        "donated",
    }
    assert kept - elsewhere <= set(plots.SKETCHES)
    page = (results.FOLDER / asks.README).read_text(encoding="utf-8")
    shown = [line for line in asks.table(results.FOLDER).splitlines() if "on a GPU" not in line]
    assert all(line in page for line in shown)
