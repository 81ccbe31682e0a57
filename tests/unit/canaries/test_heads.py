"""From a photo to a head, and a head at any size."""

import numpy as np
import pytest

from anonymizer_udfs.canaries import heads
from anonymizer_udfs.canaries.heads import Head
from anonymizer_udfs.errors import SpecError
from tests.support.pictures import PORTRAIT
from tests.unit.canaries.people import FACE, POINTS, head


def test_the_face_is_opaque_and_the_cut_fades_out() -> None:
    """The core of the face is all the person's; along the border of the cut nothing is left, so no edge is pasted."""
    one = head()
    x0, y0, x1, y1 = one.box
    core = one.alpha[
        int(y0 + 0.2 * (y1 - y0)) : int(y1 - 0.2 * (y1 - y0)), int((x0 + x1) / 2) - 10 : int((x0 + x1) / 2) + 10
    ]
    assert (core > 0.99).all()
    border = np.concatenate([one.alpha[0], one.alpha[-1], one.alpha[:, 0], one.alpha[:, -1]])
    assert (border < 0.02).all()


def test_what_is_behind_the_person_stays_behind() -> None:
    """Beside the neck, within the cut's box, the photo's wall is not taken along."""
    one = head()
    assert (one.alpha < 0.1).mean() > 0.1


@pytest.mark.parametrize("height", [20.0, 57.0, 150.0])
def test_a_scaled_head_has_the_height_asked_for(height: float) -> None:
    """To a pixel; box and points go along."""
    one = head()
    made = one.scaled(height)
    assert height <= made.height_px < height + 1
    assert made.rgb.shape[:2] == made.alpha.shape
    assert made.alpha.min() >= 0
    assert made.alpha.max() <= 1
    assert one.landmarks is not None
    assert made.landmarks is not None
    before = (one.landmarks - one.box[:2]) / (one.box[2:] - one.box[:2])
    after = (made.landmarks - made.box[:2]) / (made.box[2:] - made.box[:2])
    assert np.allclose(before, after, atol=1e-4)


def test_a_head_survives_its_file() -> None:
    """Pixels are kept, opacity to one of 256 levels."""
    one = head()
    back = Head.unpack(one.pack(), one.box, one.landmarks)
    assert (back.rgb == one.rgb).all()
    assert np.abs(back.alpha - one.alpha).max() <= 0.5 / 255 + 1e-6


def test_a_large_photo_is_kept_at_a_bounded_size() -> None:
    """The face is as high as heads are kept, wherever it was in the photo."""
    large = np.repeat(np.repeat(PORTRAIT, 8, 0), 8, 1)
    one = heads.cut(large, FACE * 8, POINTS * 8)
    assert abs(one.height_px - heads.KEPT_PX) < 2
    assert one.landmarks is not None
    assert np.allclose(
        (one.landmarks - one.box[:2]) / one.height_px, (POINTS - FACE[:2]) / (FACE[3] - FACE[1]), atol=0.01
    )


def test_a_box_without_area_is_refused() -> None:
    """It is no face."""
    with pytest.raises(SpecError, match="must have an area"):
        heads.cut(PORTRAIT, np.array([5, 5, 5, 9], np.float32), None)


def test_a_head_that_the_photo_cuts_off_is_none() -> None:
    """On each of the four sides."""
    size = (100, 100)
    assert not heads.cut_off(np.array([30, 30, 70, 70], np.float32), size)
    for box in ([1, 30, 41, 70], [30, 1, 70, 41], [59, 30, 99, 70], [30, 59, 70, 99]):
        assert heads.cut_off(np.array(box, np.float32), size)
