"""Images in a child process: one may do to it what it likes, the others come out as ever. No Spark anywhere."""

import base64
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from anonymizer_udfs import pipeline
from anonymizer_udfs.errors import IsolationError, ModelMissingError
from anonymizer_udfs.isolation import Isolation, isolated
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.records import OUT, Planned, Released
from anonymizer_udfs.spec import Limits, WorkerSpec
from tests.support import crashing, specs
from tests.support.pictures import write
from tests.unit.test_pipeline import saved, scene

ROOT = Path(__file__).resolve().parents[2]
MEBIBYTE = 1 << 20
LIMITS = Limits(image_seconds=3, worker_bytes=700 * MEBIBYTE, batch_bytes=1)
PER_RUN = ("processed_at", "duration_ms", "timings_ms")
GOOD = {
    "a.png": saved(scene()),
    "c.jpg": saved(scene(), "JPEG", quality=95, subsampling=0),
    "d.png": saved(scene(dot=None)),
    "e.jpg": b"",
    "f.png": saved(scene())[:-40],
    "g.txt": b"these are no pixels",
}
ENDS = {
    "segfault": "crashed",
    "raise": "crashed",
    "loop": "timed_out",
    "grow": "out_of_memory",
    "huge": "out_of_memory",
}
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at as Linux shows them")


@pytest.fixture
def spec(tmp_path: Path) -> WorkerSpec:
    """The mask over red dots, by a detector that some colours bring down."""
    models = tmp_path / "models"
    models.mkdir()
    return crashing.planted_spec(specs.red_dots(models, limits=LIMITS))


def comparable(batches: Iterator[Any]) -> list[dict[str, Any]]:
    """Return rows without what differs from try to try."""
    return [{k: v for k, v in row.items() if k not in PER_RUN} for batch in batches for row in batch.to_pylist()]


def planned(folder: Path, name: str) -> Planned:
    """Return the plan of one file of a folder."""
    (row,) = [row for row in specs.planned(folder).to_pylist() if row["uri"].endswith(name)]
    return Planned.from_row(row)


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Return whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def gone(pid: int) -> bool:
    """Return whether a process is no more, or only waits for somebody to read its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def child_of(isolation: Isolation) -> int:
    """Return the process that works for it."""
    assert isolation._child is not None
    return isolation._child.pid


def test_no_rows_give_no_rows(spec: WorkerSpec) -> None:
    """An empty partition is fine, and starts no process."""
    assert list(isolated([], replace(spec, runtime=Runtime(("nowhere",))))) == []


def test_all_rows_are_those_of_a_run_without_isolation(spec: WorkerSpec, tmp_path: Path) -> None:
    """Every way to end, in order, with the declared types, and the same bytes."""
    table = specs.planned(write(tmp_path / "photos", GOOD))
    batches = list(isolated(table.to_batches(), spec))
    assert all(batch.schema.equals(OUT) for batch in batches)
    rows = comparable(iter(batches))
    assert rows == comparable(pipeline.anonymize_partition(table.to_batches(), spec))
    assert {row["status"] for row in rows} == {"anonymized", "clean", "quarantined"}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], dict[str, Any] | None]]:
    """Each file's row where five of them end their process, and its row without isolation where they are missing."""
    root = tmp_path_factory.mktemp("mixed")
    (root / "models").mkdir()
    spec = crashing.planted_spec(specs.red_dots(root / "models", limits=LIMITS))
    bad = {f"b-{deed}.png": crashing.marked(deed) for deed in ENDS}
    folder = write(root / "photos", {**GOOD, **bad})
    table = specs.planned(folder)
    rows = comparable(isolated(table.to_batches(), spec))
    assert [row["image_id"] for row in rows] == table["image_id"].to_pylist()
    for name in bad:
        (folder / name).unlink()
    rest = comparable(pipeline.anonymize_partition(specs.planned(folder).to_batches(), spec))
    alone = {row["image_id"]: row for row in rest}
    names = [uri.rpartition("/")[2] for uri in table["uri"].to_pylist()]
    return {name: (row, alone.get(row["image_id"])) for name, row in zip(names, rows, strict=True)}


@linux
@pytest.mark.parametrize("deed", ENDS)
def test_an_image_that_ends_its_process_is_held_back(deed: str, mixed: dict[str, Any]) -> None:
    """A crash, a loop that holds Python's lock, memory without end: a row that says why, and what was known by then."""
    row, _ = mixed[f"b-{deed}.png"]
    assert (row["status"], row["reason"], row["content"]) == ("quarantined", ENDS[deed], None)
    assert (row["format"], row["width"], row["height"]) == ("png", 80, 60)
    assert row["source_digest"] == specs.KEY.source_digest(crashing.marked(deed))


@linux
def test_its_neighbours_are_untouched(mixed: dict[str, Any]) -> None:
    """They come out byte for byte as without isolation and without the others."""
    assert set(mixed) == {*GOOD, *(f"b-{deed}.png" for deed in ENDS)}
    for name in GOOD:
        row, alone = mixed[name]
        assert row == alone
    assert mixed["a.png"][0]["content"]


def test_nobody_is_blamed_for_a_process_that_somebody_else_killed(spec: WorkerSpec, tmp_path: Path) -> None:
    """The image is tried once more, in a new process."""
    folder = write(tmp_path / "photos", GOOD)
    with Isolation(spec) as isolation:
        first = isolation.result(planned(folder, "a.png"))
        before = child_of(isolation)
        os.kill(before, signal.SIGKILL)
        second = isolation.result(planned(folder, "a.png"))
        assert child_of(isolation) != before
    assert isinstance(first.outcome, Released)
    assert first.outcome == second.outcome


def test_time_is_each_image_s_own(spec: WorkerSpec, tmp_path: Path) -> None:
    """Images that together take longer than one may are none too slow."""
    files = {f"{n}.png": crashing.marked("slow") + bytes(n) for n in range(4)}
    quick = replace(spec, limits=replace(LIMITS, image_seconds=1))
    start = time.monotonic()
    rows = comparable(isolated(specs.planned(write(tmp_path / "photos", files)).to_batches(), quick))
    assert [row["reason"] for row in rows] == [None] * 4
    assert time.monotonic() - start > 4 * crashing.SLOW_SECONDS > 1


def test_a_missing_model_is_an_error(spec: WorkerSpec, tmp_path: Path) -> None:
    """What is wrong with the environment is told as without isolation, and holds no image back."""
    table = specs.planned(write(tmp_path / "photos", GOOD))
    with pytest.raises(ModelMissingError, match="faceveil models fetch dots"):
        list(isolated(table.to_batches(), replace(spec, runtime=Runtime((str(tmp_path),)))))


@linux
@pytest.mark.parametrize(
    ("always", "limits", "says"),
    [
        pytest.param("segfault", LIMITS, "exit status -11", id="crashes"),
        pytest.param("raise", LIMITS, "LookupError at crashing.py", id="raises"),
        pytest.param("grow", LIMITS, "raise it", id="swells"),
        pytest.param(None, replace(LIMITS, worker_bytes=50 * MEBIBYTE), "limits.worker_bytes", id="too-little-memory"),
    ],
)
def test_what_cannot_do_a_blank_picture_is_to_blame_itself(
    always: str | None, limits: Limits, says: str, spec: WorkerSpec, tmp_path: Path
) -> None:
    """A broken library would end every image: that is an error, and no image is held back for it."""
    table = specs.planned(write(tmp_path / "photos", GOOD))
    with pytest.raises(IsolationError, match=says) as caught:
        list(isolated(table.to_batches(), replace(crashing.planted_spec(spec, always), limits=limits)))
    assert crashing.SECRET not in str(caught.value)


@linux
def test_the_process_tells_nobody_what_it_knows(
    spec: WorkerSpec, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No key on its command line or in its environment, no core dump, and what libraries print goes nowhere."""
    folder = write(tmp_path / "photos", {"a.png": crashing.marked("chatter")})
    with Isolation(spec) as isolation:
        assert isinstance(isolation.result(planned(folder, "a.png")).outcome, Released)
        at = Path(f"/proc/{child_of(isolation)}")
        told = (at / "cmdline").read_bytes() + (at / "environ").read_bytes()
        limits = (at / "limits").read_text("utf-8")
    secret = spec.key.secret
    assert not [form for form in (secret, secret.hex().encode(), base64.b64encode(secret)) if form in told]
    assert b"isolation" in told
    assert [line.split()[4] for line in limits.splitlines() if line.startswith("Max core")] in (["0"], ["1"])
    assert crashing.SECRET not in "".join(capfd.readouterr())


def test_a_held_back_image_is_logged_by_its_id(
    spec: WorkerSpec, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which and how, and quotes neither a name nor an error's text."""
    one = planned(write(tmp_path / "photos", {"Jane.png": crashing.marked("raise")}), "Jane.png")
    with Isolation(spec) as isolation:
        isolation.result(one)
    assert f"image {one.image_id} held back: crashed, LookupError at crashing.py" in caplog.text
    assert "Jane" not in caplog.text
    assert crashing.SECRET not in caplog.text


@linux
def test_closing_the_rows_ends_the_process(spec: WorkerSpec, tmp_path: Path) -> None:
    """A task that is given up leaves nobody behind."""
    table = specs.planned(write(tmp_path / "photos", GOOD))
    before = children()
    with contextlib.closing(cast("Any", isolated(table.to_batches(), spec))) as rows:
        next(rows)
        (child,) = children() - before
    assert gone(child)


def children() -> set[int]:
    """Return the processes that this one has started and that still run."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text("utf-8").split() if not gone(int(pid))}


PARENT = """
import sys
from pathlib import Path
from anonymizer_udfs.isolation import Isolation
from anonymizer_udfs.records import Planned
from tests.support import crashing, specs
models, folder = map(Path, sys.argv[1:])
one = Planned.from_row(specs.planned(folder).to_pylist()[0])
two = Planned.from_row(specs.planned(folder).to_pylist()[1])
with Isolation(crashing.planted_spec(specs.red_dots(models))) as isolation:
    isolation.result(one)
    print(isolation._child.pid, flush=True)
    isolation.result(two)
"""


@linux
def test_nobody_outlives_a_killed_worker(tmp_path: Path) -> None:
    """A child that loops in C, with Python's lock held, goes when its parent is killed."""
    (tmp_path / "models").mkdir()
    folder = write(tmp_path / "photos", {"a.png": GOOD["a.png"], "b.png": crashing.marked("loop")})
    command = [sys.executable, "-c", PARENT, str(tmp_path / "models"), str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        busy = cpu_ticks(child)
        assert within(30, lambda: cpu_ticks(child) > busy + 50)
        assert not gone(child)
    finally:
        parent.kill()
        parent.wait()
    assert within(10, lambda: gone(child))


def cpu_ticks(pid: int) -> int:
    """Return the processor time of a process, in hundredths of a second."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[11])
    return 0
