"""Ages as InsightFace's own class would give them, on a graph of its model's form."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from insightface.model_zoo import get_model

from anonymizer_udfs.ageing import Ages, build
from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.models.base import ModelRef, Runtime
from tests.support import graphs, landmark_graph

BOXES = np.array([[40, 30, 90, 110], [5, 5, 35, 30], [100, 40, 190, 140]], np.float32)


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """Where the graphs lie."""
    return Runtime((str(tmp_path),))


def test_ages_are_those_of_insightface(tmp_path: Path, runtime: Runtime) -> None:
    """The same crop, the same number, which it rounds to years."""
    ref = graphs.stored(tmp_path, "ages", landmark_graph.ages())
    rgb = cv2.resize(np.random.default_rng(2).integers(0, 256, (10, 14, 3), np.uint8), (200, 150))
    found = Ages(ref).years(rgb, BOXES, runtime)
    theirs = get_model(str(tmp_path / ref.file), providers=["CPUExecutionProvider"])
    expected = [theirs.get(rgb[..., ::-1], _Face(box))[1] for box in BOXES]
    assert found == pytest.approx(expected, abs=0.51)
    assert float(np.ptp(found)) > 1


class _Face(SimpleNamespace):
    """What InsightFace reads and writes of a face."""

    def __init__(self, bbox: np.ndarray) -> None:
        super().__init__(bbox=bbox)

    def __setitem__(self, name: str, value: object) -> None:
        setattr(self, name, value)


def test_a_box_without_extent_has_no_age(tmp_path: Path, runtime: Runtime) -> None:
    """It is no number; nobody's age is made up."""
    ref = graphs.stored(tmp_path, "ages", landmark_graph.ages())
    found = Ages(ref).years(np.full((50, 50, 3), 255, np.uint8), np.array([[9, 9, 9, 20]], np.float32), runtime)
    assert np.isnan(found).all()


def test_a_model_of_another_task_is_refused(tmp_path: Path, runtime: Runtime) -> None:
    """Three numbers are ages; 212 are points."""
    ref = graphs.stored(tmp_path, "points", landmark_graph.landmarks(212))
    with pytest.raises(ModelFormatError, match="expected InsightFace's square genderage"):
        Ages(ref).years(np.zeros((9, 9, 3), np.uint8), BOXES[:1], runtime)


def test_a_wish_is_a_mapping_with_a_model() -> None:
    """As a policy has it, resolved or with its three fields; anything else is answered with an example."""
    ref = ModelRef("a", "a.onnx", "0" * 64)
    fields = {"name": "a", "file": "a.onnx", "sha256": "0" * 64}
    assert build({"model": ref}) == build({"name": "genderage", "model": fields}) == build(Ages(ref)) == Ages(ref)
    for wish in ("genderage", {"model": "a"}, {"model": ref, "years": 3}, None):
        with pytest.raises(SpecError, match="such as"):
            build(wish)
