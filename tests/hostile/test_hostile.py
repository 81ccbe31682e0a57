"""2,000 hostile inputs through the partition function, and proof that who judges them can tell."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymizer_udfs import imaging, pipeline
from anonymizer_udfs.spec import MEBIBYTE, Limits
from tests.hostile import corpus, mutating
from tests.hostile.__main__ import LIMITS, main, run
from tests.hostile.base import ANY_END, Group, Hostile
from tests.hostile.judging import judged, seen_in
from tests.hostile.lane import Lane
from tests.hostile.seeds import file, scene, seeds
from tests.support import crashing, specs
from tests.support.pictures import write
from tests.unit.imaging.hidden import KEPT
from tests.unit.imaging.planted import SECRET
from tests.unit.test_isolation import linux

COUNT = 2000


@linux
def test_two_thousand_hostile_inputs() -> None:
    """Each ends as it may; no process ends that should not, none grows beyond its cap, and no log quotes an input."""
    told = run(COUNT, seed=1, lanes=2)
    assert told.faults == []
    assert told.tried.total() == COUNT
    assert set(told.tried) == set(Group)
    assert told.tried[Group.FLIP] == COUNT // corpus.FLIPS
    ended = {end for _, end in told.ended}
    assert {"released", "truncated", "corrupt", "too_large", "unsupported_format", "empty"} <= ended
    assert 0 < told.peak_bytes <= LIMITS.worker_bytes


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(64_190, id="palette-behind-the-pixels"),
        pytest.param(69_275, id="strip-that-begins-in-the-header"),
    ],
)
def test_what_a_long_run_found(number: int, tmp_path: Path) -> None:
    """Inputs of the 100,000 of seed 1 whose results other readers saw otherwise than their sources."""
    one = mutating.mutated(1, number)
    (tmp_path / "models").mkdir()
    plan = specs.planned(write(tmp_path / "in", {f"a.{one.end}": one.data}))
    spec = specs.red_dots(tmp_path / "models", limits=LIMITS)
    (row,) = [row for batch in pipeline.anonymize_partition(plan.to_batches(), spec) for row in batch.to_pylist()]
    assert (judged(one, row, LIMITS.max_pixels), row["reason"]) == ([], "corrupt")


def test_no_inputs_are_no_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """The command says so, and ends with 0."""
    assert main(["--count", "0"]) == 0
    assert "no faults" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_inputs() -> None:
    """Whichever part of a run is asked for, so that a failure can be made again."""
    whole = list(corpus.inputs(2500, 7, 2200, 2500))
    assert whole[100:200] == list(corpus.inputs(2500, 7, 2300, 2400))
    assert [one.data for one in whole[-50:]] != [one.data for one in corpus.inputs(2500, 8, 2450, 2500)]
    assert len({one.data for one in whole}) > 250


def test_seeds_are_sound(tmp_path: Path) -> None:
    """All that mutations begin with is released, and dots are treated where the file has their colour."""
    (tmp_path / "models").mkdir()
    files = {f"{number:03}.bin": one.data for number, one in enumerate(seeds())}
    plan = specs.planned(write(tmp_path / "in", files))
    spec = specs.red_dots(tmp_path / "models", limits=LIMITS)
    rows = [row for batch in pipeline.anonymize_partition(plan.to_batches(), spec) for row in batch.to_pylist()]
    by_name = {one.name: row for one, row in zip(seeds(), rows, strict=True)}
    assert [name for name, row in by_name.items() if row["content"] is None] == []
    colourless = ("grey", "cmyk", "ycck")
    red = [name for name in by_name if "dot-" in name and not any(word in name for word in colourless)]
    assert [name for name in red if not by_name[name]["faces"]] == []


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hostile, dict[str, Any]]:
    """A PNG with something to treat, and its row."""
    root = tmp_path_factory.mktemp("good")
    (root / "models").mkdir()
    data = file(scene(), "PNG")
    plan = specs.planned(write(root / "in", {"a.png": data}))
    spec = specs.red_dots(root / "models", limits=LIMITS)
    (row,) = [row for batch in pipeline.anonymize_partition(plan.to_batches(), spec) for row in batch.to_pylist()]
    assert row["status"] == "anonymized"
    return Hostile(Group.TEXT, "good", data, ANY_END, (SECRET,)), row


def test_a_good_row_has_no_fault(good: tuple[Hostile, dict[str, Any]]) -> None:
    """What the pipeline gives for a sound file passes."""
    assert judged(*good, LIMITS.max_pixels) == []


def _another_pixel(row: dict[str, Any]) -> dict[str, Any]:
    pixels = np.array(imaging.decode(row["content"], max_pixels=10_000).pixels)
    pixels[-1, -1, 0] ^= 1
    return row | {"content": file(pixels, "PNG")}


WRONG: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another pixel": _another_pixel,
    "another size": lambda row: row | {"content": file(scene()[:60], "PNG")},
    "planted text": lambda row: row | {"content": row["content"] + SECRET},
    "planted text, deflated": lambda row: row | {"content": file(scene(), "PNG", exif=b"Exif\0\0" + SECRET)},
    "no picture": lambda row: row | {"content": b"no picture"},
    "a status that releases nothing": lambda row: row | {"status": "quarantined"},
    "no bytes and no reason": lambda row: row | {"content": None, "status": "quarantined", "reason": None},
    "a reason of another list": lambda row: row | {"content": None, "status": "quarantined", "reason": "odd"},
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_row_is_a_fault(name: str, good: tuple[Hostile, dict[str, Any]]) -> None:
    """One pixel, one word, one status: each is told."""
    one, row = good
    assert judged(one, WRONG[name](row), LIMITS.max_pixels)


def test_an_end_that_was_not_allowed_is_a_fault(good: tuple[Hostile, dict[str, Any]]) -> None:
    """A bomb that must be held back and comes out is told, however good its pixels are."""
    one, row = good
    assert judged(Hostile(one.group, one.name, one.data, frozenset({"too_large"})), row, LIMITS.max_pixels)


@linux
def test_a_worker_that_is_ended_is_found_out(tmp_path: Path) -> None:
    """A crash and a blow-up end workers; the further try finds the images, and the others come out."""
    deeds = {"segfault": "crashed", "grow": "out_of_memory"}
    (tmp_path / "models").mkdir()
    limits = Limits(batch_bytes=1, worker_bytes=900 * MEBIBYTE)
    spec = crashing.planted_spec(specs.red_dots(tmp_path / "models", limits=limits))
    files = {f"{deed}.png": crashing.marked(deed) for deed in deeds} | {"z.png": file(scene(), "PNG")}
    with Lane(spec, tmp_path / "said") as lane:
        seen = lane.run(write(tmp_path / "in", files))
    assert seen.faults == []
    assert len(seen.ended) == 1
    assert {name.removesuffix(".png"): row["reason"] for name, row in seen.rows.items()} == {**deeds, "z": None}


def test_what_damage_makes_visible_is_no_leak() -> None:
    """What is planted lies beside the picture, in a tile; where that tile's place is off, it is in the picture."""
    data = bytearray(KEPT["tiff-tile-edges"]())
    assert not any(SECRET in pixels for pixels in seen_in(bytes(data), 10**6))
    (at,) = struct.unpack_from("<I", data, data.index(struct.pack("<HHI", 324, 4, 21)) + 8)
    (place,) = struct.unpack_from("<I", data, at + 4 * 5)
    struct.pack_into("<I", data, at + 4 * 5, place + 256)
    assert any(SECRET in pixels for pixels in seen_in(bytes(data), 10**6))
