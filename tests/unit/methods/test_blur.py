"""What is special to blur: its least strength and its speed on large faces."""

import cv2
import numpy as np
import pytest

from anonymizer_udfs.methods import Blur, Target
from tests.unit.methods.cases import FACE_BOX, face, rng


@pytest.mark.parametrize(
    ("width_px", "sigma_px"),
    [
        pytest.param(0, 60.0, id="empty-box-takes-the-patch"),
        pytest.param(4, 2.0, id="tiny-face-takes-the-minimum"),
        pytest.param(100, 30.0, id="relative-to-the-width"),
    ],
)
def test_strength_in_pixels(width_px: float, sigma_px: float) -> None:
    """Sigma follows the face's width, and never falls below two pixels."""
    assert Blur(0.3).sigma_px(Target((0, 0, width_px, width_px)), (200, 100)) == sigma_px


def test_working_on_a_smaller_picture_is_no_weaker() -> None:
    """Against OpenCV's full-size filter, the short cut for wide blurs leaves no more detail and the same tones."""
    method, target = Blur(0.5), Target(FACE_BOX)
    fast = method.apply(face(), target, rng()).astype(float)
    full = cv2.GaussianBlur(face().astype(np.float32), (0, 0), 40, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(np.diff(fast, axis=1)).mean() <= np.abs(np.diff(full, axis=1)).mean() * 1.1
    assert np.abs(fast - full).max() < 6
