"""Whether canaries are like the archive's own faces; planted truths: alike, unlike in size, unlike in a measure."""

import io

import cv2
import numpy as np
from PIL import Image

from anonymizer_udfs import imaging
from anonymizer_udfs.canaries.alike import UNLIKE, compared, paired, seam
from anonymizer_udfs.canaries.composing import Known, composed
from anonymizer_udfs.canaries.heads import Head
from anonymizer_udfs.canaries.sizes import Sizes
from tests.unit.canaries.people import head, scene


def sample(seed: int, count: int = 400, shift: float = 0.0) -> list[tuple[float, float]]:
    """Return heights, and a measure that depends on them."""
    rng = np.random.default_rng(seed)
    heights = np.exp(rng.uniform(np.log(20), np.log(200), count))
    return [(float(h), float(0.6 + 0.05 * np.log(h) + shift + rng.normal(0, 0.03))) for h in heights]


def test_nothing_to_compare_has_no_figure() -> None:
    """Neither of the two is zero, which would mean that both are alike."""
    for first, second in (([], sample(1)), (sample(1), []), ([(20.0, 0.5)], [(200.0, 0.5)])):
        statistic, p = compared("confidence", first, second, 0)
        assert (statistic.value, p.value, statistic.cases) == (None, None, 0)


def test_two_samples_of_one_law_are_alike() -> None:
    """Below the mark for unlike, and no rarity."""
    statistic, p = compared("confidence", sample(1), sample(2), 0)
    assert (statistic.name, p.name) == ("confidence_ks", "confidence_ks_p")
    assert statistic.value is not None
    assert p.value is not None
    assert statistic.value < UNLIKE / 2
    assert p.value > 0.001


def test_a_shifted_sample_is_unlike() -> None:
    """By more than two standard deviations."""
    statistic, p = compared("confidence", sample(1, shift=0.08), sample(2), 0)
    assert statistic.value is not None
    assert p.value is not None
    assert statistic.value > UNLIKE
    assert p.value < 1e-6


def test_other_sizes_alone_are_no_difference() -> None:
    """A measure that follows the height is compared at equal heights: small canaries with small faces."""
    canaries = [one for one in sample(1, 2000) if one[0] < 60]
    statistic, _ = compared("confidence", canaries, sample(2, 2000), 0)
    assert statistic.value is not None
    assert statistic.value < UNLIKE / 2
    heights = [one[0] for one in canaries]
    mine, theirs = paired(heights, [one[0] for one in sample(2, 2000)], 0)
    assert len(mine) == len(theirs) > 100
    assert len(set(mine.tolist())) == len(mine)


def seams(one: Head) -> list[tuple[float, float]]:
    """Return height and seam of one head in many pictures."""
    out = []
    for seed in range(30):
        file = io.BytesIO()
        Image.fromarray(scene((320, 240), seed)).save(file, "PNG")
        plain = imaging.decode(file.getvalue(), max_pixels=10**6)
        made, laid = composed(
            plain, Known(), [one] * 2, Sizes(((60, 1), (70, 1)), spread=0), np.random.default_rng(seed)
        )
        luma = cv2.cvtColor(made.rgb(), cv2.COLOR_RGB2GRAY)
        out += [(each.height_px, seam(luma, each.box)) for each in laid]
    return out


def test_heads_pasted_as_bare_rectangles_are_told_apart() -> None:
    """The planted truth: the same head with the wall around it has straight seams, one with soft edges has none."""
    soft = head()
    bare = Head(soft.rgb, np.ones_like(soft.alpha), soft.box, soft.landmarks)
    statistic, p = compared("seam", seams(bare), seams(soft), 0)
    assert statistic.value is not None
    assert p.value is not None
    assert statistic.value > 0.9
    assert p.value < 1e-6


def test_a_seam_at_the_pictures_border_is_none() -> None:
    """Where the picture ends no photo was pasted."""
    assert seam(np.full((60, 60), 90, np.uint8), np.array([0, 0, 60, 60], np.float32)) == 0
    assert seam(np.full((5, 5), 90, np.uint8), np.array([0, 0, 5, 5], np.float32)) == 0
