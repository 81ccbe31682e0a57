"""Photos of drawn people, on which the attacks of the frontier are tested."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.frontiers.people import Photo
from tests.unit.benchmarks.drawn import POINTS
from tests.unit.methods.cases import FACE_BOX, face


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    """Drawn people, two photos each: the second is the first one, brighter."""
    out = []
    for person in range(4):
        (tmp_path / f"person-{person}").mkdir()
        for number in range(2):
            path = tmp_path / f"person-{person}" / f"{number}.png"
            Image.fromarray(np.clip(face(person).astype(np.int64) + 8 * number, 0, 255).astype(np.uint8)).save(path)
            out.append(Photo(path.parent.name, path, np.array(FACE_BOX, np.float32), POINTS))
    return out
