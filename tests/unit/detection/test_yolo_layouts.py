"""Which layout a graph's outputs have, and what is read from them."""

import numpy as np
import pytest

from anonymizer_udfs.detection.yolo_layouts import COUNTED, MULTIPLE, STRIDES, Form, Layout, layout
from anonymizer_udfs.errors import ModelFormatError

Shapes = dict[str, tuple[int, ...]]
SQUARE = (640, 640)
FOUR: Shapes = dict(zip(COUNTED, [(1, 1), (1, 100, 4), (1, 100), (1, 100)], strict=True))


@pytest.mark.parametrize(
    ("shapes", "hw", "form", "classes", "multiple"),
    [
        ({"output": (1, 25200, 85)}, SQUARE, Form.ANCHORS, 80, 32),
        ({"output": (1, 25200, 6)}, SQUARE, Form.ANCHORS, 1, 32),
        ({"output": (1, 15120, 6)}, (384, 640), Form.ANCHORS, 1, 32),
        ({"output": (1, 102000, 7)}, (1280, 1280), Form.ANCHORS, 2, 64),
        ({"output": (1, 25200, 6), "350": (1, 3, 80, 80, 6)}, SQUARE, Form.ANCHORS, 1, 32),
        ({"output": (1, 8400, 85)}, SQUARE, Form.CELLS, 80, 32),
        ({"output": (1, 3549, 6)}, (416, 416), Form.CELLS, 1, 32),
        ({"output0": (1, 84, 8400)}, SQUARE, Form.ANCHOR_FREE, 80, 32),
        ({"output0": (1, 5, 8400)}, SQUARE, Form.ANCHOR_FREE, 1, 32),
        ({"output0": (1, 6, 2100)}, (320, 320), Form.ANCHOR_FREE, 2, 32),
        ({"output0": (1, 5, 34000)}, SQUARE, Form.ANCHOR_FREE, 1, 32),
        ({"output0": (1, 300, 6)}, SQUARE, Form.KEPT, None, MULTIPLE),
        ({"output0": (1, 0, 6)}, SQUARE, Form.KEPT, None, MULTIPLE),
        ({"output": (0, 7)}, SQUARE, Form.KEPT_FLAT, None, MULTIPLE),
        (FOUR, SQUARE, Form.COUNTED, None, MULTIPLE),
    ],
    ids=[
        "v5 of 80 classes", "v5 of 1 class", "v5 of 384x640", "v7 with four strides", "v5 with undecoded maps",
        "YOLOX of 80 classes", "YOLOX of 1 class at 416",
        "v8 of 80 classes", "v8 of 1 class", "v8 of 2 classes at 320", "v8 for small objects", "v10",
        "NMS inside that found nothing", "v7 end to end", "four outputs",
    ],
)  # fmt: skip
def test_known_layouts(shapes: Shapes, hw: tuple[int, int], form: Form, classes: int | None, multiple: int) -> None:
    """The shapes that exports have for an input tell form, number of classes and what sides must be a multiple of."""
    known = layout(shapes, hw)
    assert (known.form, known.classes, known.multiple) == (form, classes, multiple)
    assert set(known.outputs) <= set(shapes)


@pytest.mark.parametrize(
    "shapes",
    [
        {},
        {"boxes": (1, 8400, 4), "scores": (1, 8400, 80)},
        {"output0": (1, 37, 8400), "output1": (1, 32, 160, 160)},
        {"350": (1, 3, 80, 80, 85), "416": (1, 3, 40, 40, 85)},
        {"output": (1, 2535, 6)},
        {"output": (1, 25200, 5)},
        {"output": (1, 4, 8400)},
        {"output": (8400, 84)},
        {"output": (2, 300, 6)},
        {"output": (1, 300, 7)},
        {"dets": (1, 100, 5), "labels": (1, 100)},
        {**FOUR, "num_dets": (1,)},
        {**FOUR, "det_boxes": (1, 100, 5)},
    ],
    ids=[
        "nothing", "boxes and scores apart", "segmentation", "undecoded only", "two strides",
        "no class", "no class without anchors", "no batch", "another batch", "seven columns",
        "mmdetection", "count without batch", "box of five",
    ],
)  # fmt: skip
def test_an_unknown_layout_says_what_was_expected_and_what_came(shapes: Shapes) -> None:
    """Outputs of any other shape are refused with the known layouts and the ones that came."""
    with pytest.raises(ModelFormatError, match=r"expected one output.*640x640") as raised:
        layout(shapes, SQUARE)
    for name, shape in shapes.items():
        assert f"{name} {shape}" in str(raised.value)


@pytest.mark.parametrize("strides", STRIDES, ids=str)
def test_kept_rows_are_not_taken_for_a_small_raw_head(strides: tuple[int, ...]) -> None:
    """At every square input of multiples of 64 the 300 rows after NMS are not those of a head of one class."""
    for side in range(64, 2048, 64):
        assert 300 not in {rows * sum((side // s) ** 2 for s in strides) for rows in (1, 3)}
        assert layout({"o": (1, 300, 6)}, (side, side)).form is Form.KEPT


def raw(*rows: list[float]) -> list[np.ndarray]:
    """Return a graph's one output for one picture."""
    return [np.array([rows], np.float32)]


def test_a_raw_box_is_centre_and_size() -> None:
    """Centre and size become corners, and a row's score is objectness times the best class."""
    read = Layout(Form.ANCHORS, ("o",), classes=2)
    xyxy, scores = read.rows(raw([20, 30, 8, 4, 0.5, 0.4, 0.9]), 0, (), SQUARE)
    assert xyxy.tolist() == [[16, 28, 24, 32]]
    assert scores.tolist() == pytest.approx([0.45])


def test_a_single_class_does_not_lower_objectness() -> None:
    """With one class the score is objectness: some trainings leave the class at a half."""
    assert Layout(Form.ANCHORS, ("o",), classes=1).rows(raw([0, 0, 1, 1, 0.8, 0.5]), 0, (), SQUARE)[1][
        0
    ] == pytest.approx(0.8)


def test_classes_are_chosen_before_the_best() -> None:
    """A box whose best class does not count has the score of the best one that does."""
    arrays = [np.array([[[20.0], [30], [8], [4], [0.9], [0.3], [0.2]]], np.float32)]
    read = Layout(Form.ANCHOR_FREE, ("o",), classes=3)
    assert read.rows(arrays, 0, (), SQUARE)[1].tolist() == pytest.approx([0.9])
    assert read.rows(arrays, 0, (1, 2), SQUARE)[1].tolist() == pytest.approx([0.3])


def test_each_picture_has_its_rows() -> None:
    """In the flat layout a row belongs to the picture that it names."""
    rows = np.array([[1, 0, 0, 4, 4, 2, 0.9], [0, 8, 8, 9, 9, 0, 0.5]], np.float32)
    read = Layout(Form.KEPT_FLAT, ("o",))
    assert [read.rows([rows], picture, (), SQUARE)[0].tolist() for picture in (0, 1, 2)] == [
        [[8, 8, 9, 9]],
        [[0, 0, 4, 4]],
        [],
    ]


@pytest.mark.parametrize(
    ("form", "row"),
    [
        (Form.ANCHORS, [9, 9, 4, 4, 3.0, 0.9, 0.9]),
        (Form.ANCHORS, [9, 9, 4, 4, float("nan"), 0.9, 0.9]),
        (Form.KEPT, [1, 1, 4, 4, -7.0, 0]),
        (Form.KEPT, [9, 9, 4, 4, 0.9, 0.97]),
    ],
    ids=["logits", "not a number", "logits after NMS", "a raw row taken for a kept one"],
)
def test_values_that_cannot_be_are_refused(form: Form, row: list[float]) -> None:
    """Scores outside [0, 1] and fractions of a class mean that the graph is another one, and are never read on."""
    with pytest.raises(ModelFormatError):
        Layout(form, ("o",), classes=2).rows(raw(row), 0, (), SQUARE)


def test_boxes_in_fractions_of_the_picture_are_refused() -> None:
    """A raw head whose centres are all about 1 gives fractions, which would find nothing in pixels."""
    found = np.zeros((1, 5, 8), np.float32)
    read = Layout(Form.ANCHOR_FREE, ("o",), classes=1)
    found[0, 0] = np.linspace(0, 1, 8)
    with pytest.raises(ModelFormatError, match="in pixels"):
        read.told({"o": found}, SQUARE)
    assert read.told({"o": found * 64}, SQUARE) is read


def test_rows_told_from_cells_are_placed_by_them() -> None:
    """Of 64x64 pixels the 64 cells of 8 come first, line by line, then 16 of 16 and 4 of 32."""
    shape = {"o": (1, 84, 6)}
    found = np.zeros((1, 84, 6), np.float32)
    found[0, [9, 64 + 6, 80 + 3], 4:] = 1.0
    found[0, 9, :4] = [0.5, 0.25, np.log(2), 0]
    read = layout(shape, (64, 64)).told({"o": found}, (64, 64))
    xyxy, scores = read.rows([found], 0, (), (64, 64))
    assert read.form is Form.GRID
    assert xyxy[scores == 1].tolist() == [[4, 6, 20, 14], [24, 8, 40, 24], [16, 16, 48, 48]]


def test_decoded_rows_are_told_by_their_values() -> None:
    """Centres that reach beyond the half of the input are in pixels."""
    found = np.zeros((1, 84, 6), np.float32)
    found[0, :, 0] = np.linspace(4, 60, 84)
    assert layout({"o": found.shape}, (64, 64)).told({"o": found}, (64, 64)).form is Form.CELLS


def test_a_size_beyond_all_measure_is_none(recwarn: pytest.WarningsRecorder) -> None:
    """A logarithm of nonsense gives a large box, not a warning and no infinity."""
    found = np.full((1, 84, 6), 0.5, np.float32)
    found[0, :, 2:4] = 1e6
    read = layout({"o": found.shape}, (64, 64)).told({"o": found}, (64, 64))
    assert np.isfinite(read.rows([found], 0, (), (64, 64))[0]).all()
    assert not recwarn
