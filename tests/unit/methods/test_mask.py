"""What is special to the mask: it passes by construction."""

import numpy as np
import pytest

from anonymizer_udfs.methods import Mask, Target
from tests.unit.methods.cases import FACE_BOX, face, rng


def test_two_faces_give_the_same_pixels() -> None:
    """What is left depends on the patch's size alone, so there is nothing to recognise."""
    results = [Mask().apply(face(seed), Target(FACE_BOX), rng(seed)) for seed in (1, 2)]
    assert np.array_equal(*results)


@pytest.mark.parametrize(
    ("dtype", "level_ratio", "value"),
    [
        pytest.param(np.uint8, 0.0, 0, id="8-bit-black"),
        pytest.param(np.uint8, 0.5, 128, id="8-bit-grey"),
        pytest.param(np.uint8, 1.0, 255, id="8-bit-white"),
        pytest.param(np.uint16, 0.5, 32768, id="16-bit-grey"),
        pytest.param(np.uint16, 1.0, 65535, id="16-bit-white"),
    ],
)
@pytest.mark.parametrize("channels", [pytest.param(c, id=f"{c}-channels") for c in (1, 3, 4)])
def test_the_level_is_a_share_of_the_full_range(
    dtype: type[np.generic], level_ratio: float, value: int, channels: int
) -> None:
    """Grey, RGB and CMYK are filled in every channel at any depth."""
    patch = np.full((3, 4, channels), 7, dtype)
    assert (Mask(level_ratio).apply(patch, Target((0, 0, 4, 3)), rng()) == value).all()
