"""``faceveil models quantize``: a pack's SCRFD in 8 bits finds the same faces, or is not written."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from anonymizer_udfs import boxes
from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.models import dynamic_scrfd
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.quantize_scrfd import SIDES, outermost, quantized, scenes
from anonymizer_udfs.models.sessions import file_digest
from jobs import models, quantize
from jobs.quantize import Found
from tests.support import graphs
from tests.support.scrfd_graph import red_dot_scrfd

SHARED = Path(__file__).resolve().parents[4] / "shared"
PHOTOS = Path(os.environ.get("FACEVEIL_TEST_PHOTOS", str(SHARED / "data"))) / "lfw_subset"
PACK = Path(os.environ.get("FACEVEIL_TEST_MODELS", str(SHARED / "models"))) / "insightface/models/fixture/det_2.5g.onnx"
needs_pack = pytest.mark.skipif(
    not (PHOTOS.is_dir() and PACK.is_file()),
    reason=f"needs {PHOTOS} and {PACK}; set FACEVEIL_TEST_PHOTOS and FACEVEIL_TEST_MODELS",
)
GOOD = Found(100, 90, 1, 0.02)


def pack(root: Path) -> tuple[ModelRef, Runtime]:
    """Return a drawn SCRFD as the only model of a pack, and what runs it."""
    folder = root / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "det.onnx").write_bytes(red_dot_scrfd("open"))
    return ModelRef("tiny/det.onnx", "tiny/det.onnx", file_digest(folder / "det.onnx")), Runtime(
        (str(root / "models"),)
    )


def photos(root: Path, count: int = quantize.LEAST_PHOTOS) -> Path:
    """Return a folder of pictures, and of one file that is none."""
    folder = root / "photos"
    folder.mkdir()
    for n in range(count):
        noise = np.random.default_rng(n).integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{n:02d}.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


def listing(root: Path) -> set[str]:
    """Return the files below a folder."""
    return {str(file.relative_to(root)) for file in root.rglob("*")}


@needs_pack
def test_a_real_pack_in_8_bits_finds_as_many_faces(tmp_path: Path) -> None:
    """On photos held back from calibration: at most 1% fewer, no more false ones; batches still share a call."""
    own = ModelRef("det", PACK.name, file_digest(PACK))
    runtime = Runtime((str(PACK.parent), str(tmp_path)))
    seen = quantize.pictures(PHOTOS)
    network = dynamic_scrfd.load(own, runtime)
    made = quantized(PACK.read_bytes(), (network.normalized(one[None]) for one, _ in scenes(seen[::2])))
    operations = {node.op_type for node in onnx.load_model_from_string(made).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= operations
    assert len(made) < PACK.stat().st_size / 2
    ours = graphs.stored(tmp_path, "eight", made)
    assert dynamic_scrfd.batching(ours, runtime) == "dynamic"
    eight, whole = quantize.compared((ours, own), list(scenes(seen[1::2])), runtime)
    assert whole.faces == len(SIDES) * len(seen[1::2])
    assert whole.found > 0.8 * whole.faces
    assert eight.found >= quantize.LEAST_SHARE * whole.found
    assert eight.false <= whole.false + 1


def test_the_first_and_the_last_convolutions_stay_as_they_are() -> None:
    """Those nearest to an output on any way, and those of the input; what lies between is put into 8 bits."""
    steps = [
        ("Conv", "a", "x", "a1"), ("Relu", "", "a1", "a2"), ("Conv", "b", "a2", "b1"), ("Conv", "c", "b1", "c1"),
        ("Sigmoid", "", "c1", "score"), ("Conv", "d", "b1", "d1"), ("Transpose", "", "d1", "box"),
    ]  # fmt: skip
    nodes = [helper.make_node(kind, [value], [out], name=name) for kind, name, value, out in steps]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("score", "box")]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)], ends)
    assert outermost(graph, "x") == ["a", "c", "d"]


def test_scenes_show_a_photo_at_all_sizes_apart() -> None:
    """Where they are said to be, they are; the same each time."""
    photo = np.random.default_rng(3).integers(0, 256, (250, 250, 3), np.uint8)
    ((picture, places),) = scenes([photo])
    assert (places[:, 2] - places[:, 0]).tolist() == list(SIDES)
    overlaps = boxes.iou(places, places)
    assert np.count_nonzero(overlaps) == len(places)
    x0, y0, x1, y1 = places[0].astype(int)
    assert picture[y0:y1, x0:x1].std() > 2 * np.delete(picture, slice(y0, y1), 0)[:8].std()
    assert np.array_equal(next(scenes([photo]))[0], picture)


def test_what_is_as_good_and_faster_is_a_pack_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the pack's folder, where InsightFace does not take it for its own; the answer says how it compares."""
    ref, runtime = pack(tmp_path)
    before = listing(tmp_path / "models")
    monkeypatch.setattr(quantize, "compared", lambda *_: [replace(GOOD, seconds=0.01), GOOD])
    made = quantize.quantize(ref, runtime, photos(tmp_path))
    assert listing(tmp_path / "models") == before | {"tiny-int8", "tiny-int8/det.onnx"}
    assert made.file == tmp_path / "models" / "tiny-int8" / "det.onnx"
    assert str(made) == (
        "tiny-int8/det.onnx and the original find 90 (1 false) and 90 (1 false) of 100 faces; it is 2.00 times as fast "
        "here"
    )


@pytest.mark.parametrize(
    ("eight", "said"),
    [
        pytest.param(replace(GOOD, found=89, seconds=0.01), "finds 89 of 100 faces, as it is 90", id="misses"),
        pytest.param(replace(GOOD, seconds=0.03), "1.50 times as long here", id="slower"),
    ],
)
def test_what_misses_faces_or_is_slower_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eight: Found, said: str
) -> None:
    """Nothing is left, not even a folder."""
    ref, runtime = pack(tmp_path)
    before = listing(tmp_path / "models")
    monkeypatch.setattr(quantize, "compared", lambda *_: [eight, GOOD])
    with pytest.raises(ModelFormatError, match=said):
        quantize.quantize(ref, runtime, photos(tmp_path))
    assert listing(tmp_path / "models") == before


def test_too_few_photos_are_refused(tmp_path: Path) -> None:
    """Files that are no pictures do not count."""
    ref, runtime = pack(tmp_path)
    with pytest.raises(SpecError, match=f"{quantize.LEAST_PHOTOS} pictures of faces at least, got 23"):
        quantize.quantize(ref, runtime, photos(tmp_path, quantize.LEAST_PHOTOS - 1))


def test_what_is_no_scrfd_is_refused(tmp_path: Path) -> None:
    """A model of another kind, by name."""
    ref = graphs.stored(tmp_path, "dots", graphs.red_dot_detector())
    with pytest.raises(ModelFormatError, match="insightface knows no model with such inputs"):
        quantize.quantize(ref, Runtime((str(tmp_path),)), photos(tmp_path))


@pytest.mark.parametrize("words", [["quantize"], ["quantize", "tiny/det.onnx"], ["quantize", "--photos", "here"]])
def test_the_command_asks_for_a_model_and_photos(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line that says what it takes."""
    assert models.main(words) == models.BAD_ARGUMENTS
    told = capsys.readouterr().err
    assert "--photos" in told or "no model" in told
