"""How a made face is laid into a patch, whoever made it."""

import numpy as np
import pytest

from anonymizer_udfs.methods import blending
from anonymizer_udfs.methods.facing import Facing
from tests.unit.methods.cases import rng

CHANNELS = [(1, None), (2, 1), (3, None), (4, 3), (4, None)]
COVER = np.zeros((40, 60), np.float32)
COVER[10:30, 15:45] = 1
COVER = (
    blending.softened(np.repeat((COVER * 255).astype(np.uint8)[..., None], 3, 2), 3)[..., 0].astype(np.float32) / 255
)


def flat(level: int) -> np.ndarray:
    """Return a picture of one level, ``(40, 60, 3)``."""
    return np.full((40, 60, 3), level, np.uint8)


@pytest.mark.parametrize(("channels", "alpha"), CHANNELS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_seen_and_written_back_is_the_patch(dtype: type, channels: int, alpha: int | None) -> None:
    """But for what 256 levels lose, colours of grey, and black ink, which becomes three; alpha is as it was."""
    patch = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (9, 7, channels), dtype, endpoint=True)
    if channels == 4 and alpha is None:
        patch[..., 3] = 0
    back = blending.written(blending.seen(patch, alpha), patch, alpha)
    assert (back.dtype, back.shape) == (patch.dtype, patch.shape)
    step = np.iinfo(dtype).max // 255
    assert np.abs(back.astype(int) - patch).max() <= step // 2
    assert alpha is None or np.array_equal(back[..., alpha], patch[..., alpha])


def test_sixteen_bits_are_seen_as_eight() -> None:
    """What lies between two of 256 levels is nowhere in what a method may look at."""
    levels = np.random.default_rng(2).integers(0, 256, (9, 7, 3)).astype(np.uint16)
    finer = levels * 257 + np.random.default_rng(3).integers(0, 128, levels.shape).astype(np.uint16)
    finer = np.where(levels == 255, levels * 257, finer)
    assert np.array_equal(blending.seen(finer, None), levels.astype(np.uint8))


@pytest.mark.parametrize("sigma_px", [0.0, 1.0, 3.0, 9.0])
def test_softening_is_at_least_as_strong_as_it_says(sigma_px: float) -> None:
    """A single bright pixel is spread so that its second moment is that of the deviation, or more; at least a pixel."""
    spot = np.zeros((101, 101, 3), np.uint8)
    spot[45:56, 45:56] = 250
    after = blending.softened(spot, sigma_px)[..., 0].astype(float)
    at = np.arange(101) - 50

    def variance(picture: np.ndarray) -> float:
        return float((picture.sum(0) * at**2).sum() / picture.sum())

    before = variance(spot[..., 0].astype(float))
    assert np.sqrt(variance(after) - before) >= 0.93 * max(sigma_px, 1.0)


def test_hair_beside_a_face_is_blurred_more_than_what_is_further_away() -> None:
    """Stripes vanish beside the face and are softened where its region ends, without a step between, in any turn."""
    stripes = np.zeros((320, 320, 3), np.uint8)
    stripes[:, np.arange(320) // 12 % 2 == 0] = 200
    for roll in (0.0, 50.0):
        c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
        facing = Facing(np.array([[100 * c, -100 * s, 160], [100 * s, 100 * c, 160]]))
        after = blending.around(stripes, facing, 0.2).astype(float)
        mild = blending.around(stripes, facing, blending.MILD).astype(float)

        def contrast(picture: np.ndarray, at: np.ndarray) -> float:
            x, y = at.astype(int)
            return float(np.ptp(picture[y - 2 : y + 3, x - 14 : x + 15, 0]))

        beside, below = facing.pixels(np.array([[0.3, 0.0], [0.0, 1.2]]))
        assert contrast(after, beside) < 5
        assert contrast(after, below) == contrast(mild, below) > 50
        steps = np.abs(np.diff(after, axis=0)).max()
        assert steps <= np.abs(np.diff(stripes.astype(int), axis=1)).max() / 10


def test_a_face_of_another_light_is_lit_like_its_surroundings() -> None:
    """A flat face on a flat picture of another colour cannot be told any more; unmatched, it can."""
    matched, plain = flat(150), flat(150)
    blending.lay(matched, (0, 0), flat(60), COVER)
    blending.lay(plain, (0, 0), flat(60), COVER, match=0.0)
    assert np.abs(matched.astype(int) - 150).max() <= 3
    assert plain[20, 30, 0] == 60


def test_light_from_one_side_is_carried_through_the_face() -> None:
    """Where a picture is darker on its left the face laid into it is, too."""
    base = np.repeat(np.linspace(60, 200, 60)[None, :, None], 40, 0).repeat(3, 2).astype(np.uint8)
    out = base.copy()
    blending.lay(out, (0, 0), flat(130), COVER)
    assert out[20, 20, 0] < 115
    assert out[20, 40, 0] > 145


def test_nothing_changes_where_nothing_is_covered() -> None:
    """A face is laid over the pixels it covers and over none beside them, wherever it begins."""
    onto = np.random.default_rng(4).integers(0, 256, (80, 90, 3)).astype(np.uint8)
    out = onto.copy()
    blending.lay(out, (20, 30), flat(99), COVER)
    changed = (out != onto).any(2)
    where = np.zeros_like(changed)
    where[30:70, 20:80] = COVER > 0
    assert changed.any()
    assert not changed[~where].any()


def test_an_empty_face_is_laid_over_nothing() -> None:
    """A face that lies beyond the patch is no error."""
    out = flat(9)
    blending.lay(out, (60, 40), np.zeros((0, 0, 3), np.uint8), np.zeros((0, 0), np.float32))
    assert (out == 9).all()


def test_grain_is_as_strong_as_asked_and_follows_the_generator() -> None:
    """Its deviation is the one given, over blocks too, and the same generator draws the same."""
    tall = np.full((1100, 50, 3), 128, np.uint8)
    one, other, none = tall.copy(), tall.copy(), tall.copy()
    blending.grain(one, 4.0, rng(1))
    blending.grain(other, 4.0, rng(1))
    blending.grain(none, 0.0, rng(1))
    assert np.array_equal(one, other)
    assert np.array_equal(none, tall)
    assert np.std(one.astype(float)) == pytest.approx(4.0, rel=0.05)
    assert not np.array_equal(one[:512], one[512:1024])
