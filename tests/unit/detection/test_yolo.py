"""YOLO exports, each on a real graph in its layout that takes red dots for plates."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymizer_udfs import detection, family
from anonymizer_udfs.detection import Detections, Yolo, base
from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.models.base import Runtime
from tests.support import graphs, plate_graphs
from tests.support.onnx_builder import Builder

PLATE_W, PLATE_H = plate_graphs.PLATE_WH
ACCELERATED = "AzureExecutionProvider", "CPUExecutionProvider"
"""A provider that every build has beside the CPU's, and that leaves all work to it."""


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """One thread on the CPU."""
    return Runtime((str(tmp_path),))


def made(
    runtime: Runtime, form: str, hw: tuple[int, int] | None = None, of: dict[str, Any] | None = None, **graph: Any
) -> Yolo:
    """Return the member, with the parameters in ``of``, over a graph of that layout."""
    if form == "counted":
        graph.setdefault("batch", 1)  # its count is of the one picture
    ref = graphs.stored(Path(runtime.roots[0]), "dots", plate_graphs.yolo(form, hw, **graph))
    return Yolo(ref, **(of or {}))


def picture(
    wh: tuple[int, int], *dots: tuple[int, int], side: int = 8, rgb: tuple[int, int, int] = (255, 0, 0)
) -> base.Rgb:
    """Return a grey picture with square dots around these centres."""
    out = np.full((wh[1], wh[0], 3), 90, np.uint8)
    for x, y in dots:
        out[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2] = rgb
    return out


def plate(x: float, y: float, side: float = 8) -> list[float]:
    """Return the box that belongs to a dot of that side around a centre."""
    w, h = PLATE_W * side / 16, PLATE_H * side / 16
    return [x - w, y - h, x + w, y + h]


def same(a: Detections, b: Detections) -> None:
    """Check that two results are equal to the last bit."""
    np.testing.assert_array_equal(a.boxes_xyxy, b.boxes_xyxy)
    np.testing.assert_array_equal(a.scores, b.scores)


@pytest.mark.parametrize("hw", [None, (192, 256)], ids=["open input", "fixed input"])
@pytest.mark.parametrize("form", plate_graphs.FORMS)
def test_every_layout_finds_what_is_there(runtime: Runtime, form: str, hw: tuple[int, int] | None) -> None:
    """An empty picture has nothing; one with two dots has two boxes of known place, size and score; no landmarks."""
    found = made(runtime, form, hw).detect([picture((201, 150)), picture((201, 150), (60, 44), (132, 100))], runtime)
    assert len(found[0]) == 0
    order = np.argsort(found[1].boxes_xyxy[:, 0])
    np.testing.assert_allclose(found[1].boxes_xyxy[order], [plate(60, 44), plate(132, 100)], atol=0.01)
    np.testing.assert_allclose(found[1].scores, [plate_graphs.score(8)] * 2, atol=1e-4)
    assert np.isnan(found[1].landmarks).all()


@pytest.mark.parametrize(
    ("wh", "dot", "side"),
    [
        ((512, 384), (240, 200), 16),
        ((511, 301), (240, 200), 16),
        ((301, 511), (132, 300), 16),
        ((1500, 94), (700, 40), 32),
    ],
    ids=["twice the input", "odd and wide", "odd and tall", "a strip"],
)
@pytest.mark.parametrize("form", ["anchors", "kept"])
def test_a_larger_picture_is_shrunk_and_boxes_come_back(
    runtime: Runtime, form: str, wh: tuple[int, int], dot: tuple[int, int], side: int
) -> None:
    """A picture larger than a fixed input has its boxes where they are in the picture, at any ratio of sizes."""
    found = made(runtime, form, (192, 256)).detect([picture(wh, dot, side=side)], runtime)[0]
    expected = np.clip(plate(*dot, side), 0, np.tile(wh, 2))
    np.testing.assert_allclose(found.boxes_xyxy, [expected], atol=0.02 * side)


@pytest.mark.parametrize("form", ["anchors", "anchor_free", "kept", "kept_flat"])
@pytest.mark.parametrize("hw", [None, (192, 256)], ids=["open input", "fixed input"])
def test_pictures_share_a_call_on_an_accelerator(runtime: Runtime, form: str, hw: tuple[int, int] | None) -> None:
    """More pictures than a batch holds, of several sizes, give what each gives alone."""
    images = [picture((120 + 8 * (i % 3), 100), (40 + i, 50)) for i in range(40)]
    detector, together = made(runtime, form, hw), Runtime(runtime.roots, ACCELERATED)
    assert together.accelerated
    for image, found in zip(images, detector.detect(images, together), strict=True):
        assert len(found) == 1
        same(found, detector.detect([image], runtime)[0])


def test_a_graph_of_one_picture_a_call_is_not_given_more(runtime: Runtime) -> None:
    """Where the batch is declared as 1, pictures go one by one on an accelerator too."""
    images = [picture((100, 100), (40, 50)), picture((100, 100), (60, 50))]
    found = made(runtime, "anchor_free", batch=1).detect(images, Runtime(runtime.roots, ACCELERATED))
    assert [f.boxes_xyxy.tolist() for f in found] == [[plate(40, 50)], [plate(60, 50)]]


@pytest.mark.parametrize("form", plate_graphs.FORMS)
@pytest.mark.parametrize(
    ("classes", "lefts"),
    [((0,), [116]), ((1,), []), ((2,), [16]), ((), [16, 116])],
    ids=["green", "none", "red", "all"],
)
def test_only_the_classes_asked_for_count(
    runtime: Runtime, form: str, classes: tuple[int, ...], lefts: list[int]
) -> None:
    """Of a red and a green dot each class has its own, no class asked for has both, and a class of nothing none."""
    image = picture((200, 100), (40, 50))
    image[46:54, 136:144] = (0, 255, 0)
    found = made(runtime, form, of={"classes": classes}).detect([image], runtime)[0]
    assert sorted(found.boxes_xyxy[:, 0].round().tolist()) == lefts


def test_a_class_that_the_graph_does_not_have_is_refused(runtime: Runtime) -> None:
    """A raw head shows how many classes it has; a number beyond is answered with that."""
    with pytest.raises(SpecError, match="below 3"):
        made(runtime, "anchors", of={"classes": (3,)}).detect([picture((64, 64))], runtime)


@pytest.mark.parametrize("form", plate_graphs.FORMS)
def test_a_head_of_one_class(runtime: Runtime, form: str) -> None:
    """A dot is found with its own score by a head of one class, which with anchors has six columns, as after NMS."""
    found = made(runtime, form, classes=1).detect([picture((100, 100), (40, 50))], runtime)[0]
    np.testing.assert_allclose(found.boxes_xyxy, [plate(40, 50)], atol=0.01)
    np.testing.assert_allclose(found.scores, [plate_graphs.score(8)], atol=1e-4)


def test_half_precision(runtime: Runtime) -> None:
    """A graph with float16 at both ends finds the same, to what ten bits hold of a place below 256."""
    found = made(runtime, "anchor_free", half=True).detect([picture((100, 100), (40, 50))], runtime)[0]
    np.testing.assert_allclose(found.boxes_xyxy, [plate(40, 50)], atol=0.25)


def test_an_input_of_0_to_255(runtime: Runtime) -> None:
    """A graph that divides by itself is given whole pixels; given 0 to 1 it finds nothing."""
    image = picture((100, 100), (40, 50))
    whole = made(runtime, "anchor_free", input_max=255.0, of={"input_max": 255})
    assert len(whole.detect([image], runtime)[0]) == 1
    assert len(made(runtime, "anchor_free", input_max=255.0).detect([image], runtime)[0]) == 0


def test_weaker_plates_are_found_with_a_lower_threshold(runtime: Runtime) -> None:
    """A dot of 2 pixels has a score of 0.2: below the default, above 0.1."""
    image = picture((100, 100), (40, 50), side=2)
    found = [made(runtime, "anchor_free", of=of).detect([image], runtime)[0] for of in ({}, {"score_threshold": 0.1})]
    assert [len(f) for f in found] == [0, 1]
    assert found[1].scores[0] == pytest.approx(plate_graphs.score(2), abs=1e-3)


def test_doubles_are_dropped_by_overlap(runtime: Runtime) -> None:
    """The second anchor's box overlaps the first's by 1 / 1.44: it goes at 0.45 and stays at 0.8."""
    image = picture((100, 100), (40, 50))
    found = [made(runtime, "anchors", of=of).detect([image], runtime)[0] for of in ({}, {"nms_iou": 0.8})]
    assert [len(f) for f in found] == [1, 2]
    assert found[1].scores[1] == pytest.approx(0.9 * plate_graphs.score(8), abs=1e-4)


@pytest.mark.parametrize(
    ("graph", "match"),
    [
        ({"task": "obb"}, "task obb"),
        ({"batch": 4}, "1 or open"),
        ({"gain": 40.0}, r"scores must be in \[0, 1\]"),
    ],
    ids=["another task", "four pictures a call", "no sigmoid"],
)
def test_a_graph_that_is_no_such_detector_is_refused(runtime: Runtime, graph: dict[str, Any], match: str) -> None:
    """What the member cannot read is an error that names the model and says what it needs."""
    detector = made(runtime, "anchor_free", **graph)
    with pytest.raises(ModelFormatError, match=f"model dots: .*{match}"):
        detector.detect([picture((100, 100), (40, 50))], runtime)


@pytest.mark.parametrize(
    "graph", [graphs.red_dot_detector(), plate_graphs.lpd_yunet()], ids=["fixed at a batch of ten", "three outputs"]
)
def test_a_graph_of_another_detector_is_refused(runtime: Runtime, graph: bytes) -> None:
    """A model of another family is an error of its format, not a detector that finds nothing."""
    ref = graphs.stored(Path(runtime.roots[0]), "other", graph)
    with pytest.raises(ModelFormatError, match="model other: expected"):
        Yolo(ref).detect([picture((64, 64))], runtime)


def test_a_graph_that_cannot_take_the_picture_is_refused(runtime: Runtime) -> None:
    """A graph that declares any size and fails at one is an error that names the model and the size."""
    builder = Builder()
    builder.output("output0", builder.op("MatMul", "images", builder.const(np.eye(7))))
    graph = builder.model({"images": [1, 3, "h", "w"]}, {"output0": [1, 3, "h", 7]})
    ref = graphs.stored(Path(runtime.roots[0]), "seven", graph)
    with pytest.raises(ModelFormatError, match=r"model seven: expected a graph that takes \(1, 3, 320, 320\)"):
        Yolo(ref).detect([picture((64, 64))], runtime)


@pytest.mark.parametrize(
    "wrong",
    [
        {"classes": "2"},
        {"classes": (-1,)},
        {"classes": (True,)},
        {"classes": 2},
        {"kind": "car"},
        {"input_max": 1 / 255},
    ],
    ids=["text", "negative", "a truth", "no list", "unknown kind", "a factor"],
)
def test_parameters_that_cannot_be_are_refused(runtime: Runtime, wrong: dict[str, Any]) -> None:
    """What cannot be is refused when the member is made."""
    with pytest.raises(SpecError, match=next(iter(wrong))):
        made(runtime, "kept", of=wrong)


def test_it_is_built_from_a_policys_words(runtime: Runtime) -> None:
    """Lists as YAML has them make the member that tuples make, and what is recorded makes it again."""
    ref = made(runtime, "kept").model
    built = detection.build({"name": "yolo", "model": ref, "classes": [1, 2], "kind": "face"})
    assert built == Yolo(ref, classes=(1, 2), kind="face")
    assert detection.build({"name": "yolo", "model": ref, **family.parameters(built)}) == built
    assert (Yolo(ref).kind, Yolo(ref).landmarks) == ("plate", False)
