"""CenterFace: its decoding, and its graph with the declared dimensions freed."""

from pathlib import Path

import numpy as np
import pytest

from anonymizer_udfs.detection import CenterFace, base
from anonymizer_udfs.detection.centerface import MULTIPLE, OUTPUTS, free_dimensions
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.sessions import session
from tests.support import graphs
from tests.unit.detection.cases import Case, centerface


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """CenterFace over the red dot graph."""
    return centerface(tmp_path)


def test_landmarks_are_fractions_of_the_box(case: Case, tmp_path: Path) -> None:
    """The third landmark of the graph is at (0.5, 0.55) of the box of 32 pixels around (42, 26)."""
    found = case.detector.detect([case.picture((96, 64), (10, 6))], Runtime((str(tmp_path),)))[0]
    assert found.landmarks[0, 2].tolist() == pytest.approx([42.0, 27.6], abs=0.01)


def test_the_graph_takes_a_batch(case: Case, tmp_path: Path) -> None:
    """The declared batch of 10 is freed: 3 pictures in one call give the maps of each."""
    opened = session(case.detector.model, Runtime((str(tmp_path),)), prepare=free_dimensions)
    pictures = [case.picture((64, 32), (i, 2)) for i in range(3)]
    ((_, stack),) = base.stacks(pictures, MULTIPLE, 3)
    planes = stack.transpose(0, 3, 1, 2).astype(np.float32)
    together = opened.run(OUTPUTS, {"input.1": planes})
    for i in range(3):
        for whole, one in zip(together, opened.run(OUTPUTS, {"input.1": planes[i : i + 1]}), strict=True):
            np.testing.assert_allclose(whole[i], one[0], atol=1e-4)


def test_weaker_scores_are_found_with_a_lower_threshold(tmp_path: Path) -> None:
    """A dim dot is found at 0.2 and not at 0.5."""
    ref, runtime = graphs.stored(tmp_path, "dots", graphs.red_dot_detector()), Runtime((str(tmp_path),))
    dim = np.zeros((64, 64, 3), np.uint8)
    dim[16:20, 16:20, 0] = 90
    assert len(CenterFace(0.2, model=ref).detect([dim], runtime)[0]) == 1
    assert len(CenterFace(0.5, model=ref).detect([dim], runtime)[0]) == 0
