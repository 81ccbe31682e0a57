"""LPD-YuNet: its priors and decoding, on a graph in its format that takes red dots for skewed plates."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from anonymizer_udfs.detection import LpdYunet, base
from anonymizer_udfs.detection.letterbox import Placement
from anonymizer_udfs.detection.lpd_yunet import LPD_YUNET, priors
from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.base import Runtime
from jobs.models import registry
from tests.support import graphs, plate_graphs

ROWS = 4385
"""Rows of the real file's outputs, as others who run it report them."""


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """One thread on the CPU."""
    return Runtime((str(tmp_path),))


def made(runtime: Runtime, score_threshold: float = 0.5, nms_iou: float = 0.3) -> LpdYunet:
    """Return the member over the graph of the tests."""
    ref = graphs.stored(Path(runtime.roots[0]), "dots", plate_graphs.lpd_yunet())
    return LpdYunet(score_threshold, nms_iou, model=ref)


def picture(wh: tuple[int, int], centre: tuple[int, int], side: int = 8) -> base.Rgb:
    """Return a grey picture with one red dot around a centre."""
    out = np.full((wh[1], wh[0], 3), 90, np.uint8)
    x, y = (c - side // 2 for c in centre)
    out[y : y + side, x : x + side] = (255, 0, 0)
    return out


def test_the_registry_names_the_model() -> None:
    """The reference in the code equals what ``conf/models.yaml`` says; it is not fetched unless it is named."""
    assert registry().resolve("lpd_yunet") == LPD_YUNET
    assert not registry().entry("lpd_yunet").default


def test_priors_are_in_the_order_of_the_rows() -> None:
    """The priors equal those of a plain loop: stride by stride, row by row, cell by cell, size by size."""
    expected = [
        (stride * (x + 0.5), stride * (y + 0.5), size)
        for stride, rows, columns, sizes in [
            (8, 30, 40, (10, 16, 24)),
            (16, 15, 20, (32, 48)),
            (32, 7, 10, (64, 96)),
            (64, 3, 5, (128, 192, 256)),
        ]
        for y, x, size in itertools.product(range(rows), range(columns), sizes)
    ]
    centres, sides = priors((240, 320))
    assert len(expected) == ROWS
    np.testing.assert_array_equal(np.column_stack([centres, sides]), np.array(expected, np.float32))


@pytest.mark.parametrize(
    ("row", "size"),
    [(0, 10), (2, 24), (3600, 32), (4200, 64), (4340, 128), (ROWS - 1, 256)],
    ids=["first", "third size", "second stride", "third stride", "fourth stride", "last"],
)
def test_corners_are_tenths_of_the_priors_side(row: int, size: int) -> None:
    """The box is the bounding box of four corners around the prior's centre, whatever order they come in."""
    loc, conf, iou = empty()
    loc[row, [4, 5, 6, 7, 10, 11, 12, 13]] = [3, -1, -2, -2, -3, 1, 2, 2]
    loc[row, [0, 1, 2, 3, 8, 9]] = 100
    conf[row], iou[row] = (0.19, 0.81), 1.0
    found = decoded(loc, conf, iou)
    x, y = priors((240, 320))[0][row]
    expected = np.array([[x - 0.3 * size, y - 0.2 * size, x + 0.3 * size, y + 0.2 * size]])
    np.testing.assert_allclose(found.boxes_xyxy, expected.clip(0, [320, 240, 320, 240]), atol=1e-3)
    assert found.scores.tolist() == pytest.approx([0.9])


def test_a_predicted_overlap_out_of_range_is_cut() -> None:
    """An overlap above 1 counts as 1 and one below 0 as 0, so that a score stays in [0, 1]."""
    loc, conf, iou = empty()
    loc[[300, 900], 4:6], loc[[300, 900], 12:14] = -5, 5
    conf[[300, 900], 1], iou[300], iou[900] = 1.0, 1.7, -0.4
    assert decoded(loc, conf, iou).scores.tolist() == [1.0]


def empty() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return outputs that find nothing."""
    return np.zeros((ROWS, 14), np.float32), np.zeros((ROWS, 2), np.float32), np.zeros((ROWS, 1), np.float32)


def decoded(*outputs: NDArray[np.float32]) -> base.Detections:
    """Return what outputs, such as no graph of the tests gives, mean for a picture of the input's size."""
    return LpdYunet()._decode(*outputs, Placement.of((240, 320), (240, 320)))


@pytest.mark.parametrize(
    ("wh", "centre", "side"),
    [((320, 240), (100, 60), 8), ((77, 53), (40, 30), 8), ((641, 479), (300, 211), 16), ((200, 480), (101, 300), 16)],
    ids=["the input's size", "small and odd", "twice and odd", "tall"],
)
def test_boxes_come_back_from_the_letterbox(
    runtime: Runtime, wh: tuple[int, int], centre: tuple[int, int], side: int
) -> None:
    """A plate's box is where it is in the picture, of the size that it has there."""
    found = made(runtime, 0.4).detect([picture(wh, centre, side)], runtime)[0]
    w, h = (length * side / plate_graphs.DOT_PX / 2 for length in plate_graphs.LPD_WH)
    (x, y), limit = centre, np.array([*wh, *wh])
    np.testing.assert_allclose(found.boxes_xyxy, [np.clip([x - w, y - h, x + w, y + h], 0, limit)], atol=0.3)
    assert np.isnan(found.landmarks).all()


def test_the_channels_are_bgr(runtime: Runtime) -> None:
    """A blue dot, which a graph fed with RGB would take for a red one, is not found."""
    red = picture((320, 240), (100, 60))
    assert [len(f) for f in made(runtime).detect([red, red[..., ::-1]], runtime)] == [1, 0]


def test_weaker_doubles_go(runtime: Runtime) -> None:
    """The second prior sees the same plate with half the score: found below its score, but not beside the first."""
    image = picture((320, 240), (100, 60))
    assert len(made(runtime, 0.3).detect([image], runtime)[0]) == 1
    both = made(runtime, 0.3, nms_iou=1.0).detect([image], runtime)[0]
    assert both.scores.tolist() == pytest.approx([plate_graphs.score(8), plate_graphs.score(8) / 2], abs=1e-4)


def test_other_outputs_are_refused(runtime: Runtime) -> None:
    """A graph with other shapes is an error that says which were expected and which came."""
    ref = graphs.stored(Path(runtime.roots[0]), "three", plate_graphs.lpd_yunet(conf_columns=3))
    with pytest.raises(ModelFormatError, match=r"model three: expected .*\(4385, 2\).*got .*\(4385, 3\)"):
        LpdYunet(model=ref).detect([picture((320, 240), (100, 60))], runtime)
