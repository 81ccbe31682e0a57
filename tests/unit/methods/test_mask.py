"""What is special to the mask: what it fills, in four forms, and that two of them pass by construction."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer_udfs.errors import UnknownNameError
from anonymizer_udfs.methods import Mask, Patch, Pixelate, Target
from anonymizer_udfs.methods.base import Landmarks
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.mask import FORMS, OPAQUE
from anonymizer_udfs.methods.outlines import ellipse, pictogram, silhouette
from tests.unit.methods.cases import FACE_BOX, FACE_HW, drawn_points, face, rng

CHANNELS = [
    pytest.param((1, None), id="grey"),
    pytest.param((2, 1), id="grey-alpha"),
    pytest.param((3, None), id="rgb"),
    pytest.param((4, 3), id="rgb-alpha"),
    pytest.param((4, None), id="cmyk"),
]
SHAPED = [pytest.param(form, id=form) for form in FORMS if form not in OPAQUE]
ROLLS = [pytest.param(roll, id=f"roll{roll}") for roll in (0, 30, 90, 180, -135)]


def inside(shape: np.ndarray, target: Target, inwards_px: float = 0.0) -> np.ndarray:
    """Return which pixels' centres lie in a shape of the face, further than ``inwards_px`` from its edge."""
    corners = Facing.by_box(target).pixels(shape).astype(np.float32)
    rows, columns = np.mgrid[: FACE_HW[0], : FACE_HW[1]] + 0.5
    places = zip(columns.ravel().tolist(), rows.ravel().tolist(), strict=True)
    depth = [cv2.pointPolygonTest(corners, place, measureDist=True) for place in places]
    return np.reshape(depth, FACE_HW) > inwards_px


@pytest.mark.parametrize("form", OPAQUE)
@pytest.mark.parametrize("roll", ROLLS)
def test_two_faces_give_the_same_pixels(form: str, roll: int) -> None:
    """What is left of a face under an opaque mask depends on its box and roll alone: there is nothing to recognise."""
    target = Target(FACE_BOX, landmarks=drawn_points(roll))
    mask = Mask(form=form)
    assert mask.opaque
    assert np.array_equal(*(mask.apply(face(seed), target, rng(seed)) for seed in (1, 2)))


@pytest.mark.parametrize("form", SHAPED)
def test_what_is_beside_a_shape_is_no_mask(form: str) -> None:
    """Two faces under an ellipse or a silhouette still differ, so that neither form counts as opaque."""
    mask = Mask(form=form)
    assert not mask.opaque
    assert not np.array_equal(*(mask.apply(face(seed), Target(FACE_BOX), rng(1)) for seed in (1, 2)))


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
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("channels_alpha", CHANNELS)
def test_the_level_is_a_share_of_the_full_range(
    dtype: type[np.generic], level_ratio: float, value: int, form: str, channels_alpha: tuple[int, int | None]
) -> None:
    """Grey, RGB and CMYK are filled in every colour channel at any depth, in every form at the head's corner."""
    channels, alpha = channels_alpha
    patch = np.full((*FACE_HW, channels), 7, dtype)
    after = Mask(level_ratio, form).apply(patch, Target(FACE_BOX, alpha), rng())
    corner = after[52, 62]
    assert corner.tolist() == [7 if c == alpha else value for c in range(channels)]
    assert form != "block" or (after == corner).all()


@pytest.mark.parametrize(
    ("form", "shape"), [pytest.param("ellipse", ellipse()), pytest.param("silhouette", silhouette())]
)
@pytest.mark.parametrize("roll", ROLLS)
def test_a_shape_is_filled_and_the_rest_pixelated(form: str, shape: np.ndarray, roll: int) -> None:
    """Within the turned shape there is the fill alone, and outside nothing but pixelation with the key's noise."""
    target = Target(FACE_BOX, landmarks=drawn_points(roll))
    after = Mask(form=form).apply(face(), target, rng(4))
    beside = Pixelate(cells=5).apply(face(), target, rng(4))
    within, reached = inside(shape, target, 1.5), inside(shape, target, -1.5)
    assert (after[within] == 128).all()
    assert np.array_equal(after[~reached], beside[~reached])
    assert within.mean() > 0.25
    assert (~reached).mean() > 0.1


@given(box=st.tuples(st.floats(20, 80), st.floats(20, 80), st.floats(1, 90), st.floats(1, 90)))
@settings(deadline=None)
def test_an_upright_face_is_within_the_ellipse(box: tuple[float, float, float, float]) -> None:
    """All of the detector's box lies in it, also where the picture's edge has cut off a part of the face."""
    x, y, w, h = box
    target = Target((x, y, x + w, y + h))
    corners = Facing.by_box(target).pixels(ellipse()).astype(np.float32)
    for place in ((x, y), (x + w, y), (x, y + h), (x + w, y + h)):
        assert cv2.pointPolygonTest(corners, place, measureDist=False) >= 0


def test_the_silhouette_holds_the_ellipse() -> None:
    """So it is the stronger of the two, and both are weaker than what covers all."""
    outline = silhouette().astype(np.float32)
    for corner in ellipse().tolist():
        assert cv2.pointPolygonTest(outline, corner, measureDist=False) > 0
    strengths = [Mask(form=form).strength for form in ("ellipse", "silhouette", "icon", "block")]
    assert strengths[0] < strengths[1] < strengths[2] == strengths[3]
    assert Pixelate(1, 1.0).strength < strengths[0]


@pytest.mark.parametrize("level_ratio", [0.0, 0.3, 0.5, 0.51, 1.0])
def test_the_icon_is_a_block_with_a_sign(level_ratio: float) -> None:
    """All beside the sign is the block's level, and the sign differs from it by a quarter of the range."""
    after = Mask(level_ratio, "icon").apply(face(), Target(FACE_BOX), rng())
    sign, reached = (
        np.logical_or(*(inside(shape, Target(FACE_BOX), px) for shape in pictogram())) for px in (1.5, -1.5)
    )
    block = round(level_ratio * 255)
    assert (after[~reached] == block).all()
    assert abs(abs(int(after[sign][0, 0]) - block) - 64) <= 1
    assert (after[sign] == after[sign][0]).all()
    assert 0.05 < sign.mean() < reached.mean() < 0.2


def test_the_sign_is_turned_with_the_head_and_upright_where_its_region_is() -> None:
    """A face that is nearly upright has a region along the picture's axes, and so has the sign on it."""
    plain, nearly, lying = (
        Mask(form="icon").apply(face(), Target(FACE_BOX, landmarks=drawn_points(roll)), rng()) for roll in (0, 10, 90)
    )
    assert np.array_equal(plain, nearly)
    assert not np.array_equal(plain, lying)


@pytest.mark.parametrize("form", FORMS)
def test_where_the_box_tells_no_size_the_patch_is_filled(form: str) -> None:
    """A shape would cover nobody knows what."""
    assert (Mask(form=form).apply(face(), Target((3, 3, 3, 3)), rng()) == 128).all()


@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_made_up(form: str) -> None:
    """A form that nobody knows is answered with the known ones."""
    with pytest.raises(UnknownNameError, match="known: block, ellipse, icon, silhouette"):
        Mask(form=f"{form}s")


def both_depths(form: str, landmarks: Landmarks | None) -> list[Patch]:
    """Return a face of 8 bits and the same of 16, masked."""
    target = Target(FACE_BOX, landmarks=landmarks)
    return [Mask(form=form).apply(patch, target, rng()) for patch in (face(), face().astype(np.uint16) * 257)]


@pytest.mark.parametrize("form", FORMS)
def test_sixteen_bits_look_like_eight(form: str) -> None:
    """At twice the depth the same picture comes out, to a level."""
    eight, sixteen = both_depths(form, drawn_points(30))
    assert np.abs(sixteen / 257 - eight).max() <= 1
