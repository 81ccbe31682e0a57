"""What every measure promises."""

from dataclasses import replace

import numpy as np
import pytest

from anonymizer_udfs import boxes
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.landmarks.marks import Marks
from anonymizer_udfs.landmarks.pose import Pose
from anonymizer_udfs.utility import MEASURES, Figure, Measure, Pair, build, combine, measure_all, parameters
from anonymizer_udfs.utility.base import Picture
from tests.unit.landmarks.drawn import face, seen

DEFAULTS = [pytest.param(cls(), id=name) for name, cls in MEASURES.items()]
REGION = np.array([[10, 12, 30, 34]])
FACE = np.array([[12, 14, 28, 32]], np.float32)
POINTS = seen(face((0.3, 0.3), 0.0, 0.8), np.eye(3))
MARKS = replace(Marks.of(np.zeros((4, 4, 3), np.uint8), POINTS), gaze=0.1)
"""What the points of a drawn face say, eyes open, lips closed."""
MOVED = replace(
    MARKS,
    xy=MARKS.xy + 30,
    turn=Pose(MARKS.turn.yaw + 9, MARKS.turn.pitch + 8, MARKS.turn.roll + 7),
    open_eyes=0.05,
    parted=MARKS.parted + 0.5,
    gaze=-0.3,
)
SIDES = ("inside", "outside")
PICTURES = [
    pytest.param(np.uint8, 1, None, id="grey"),
    pytest.param(np.uint8, 2, 1, id="grey-alpha"),
    pytest.param(np.uint8, 3, None, id="rgb"),
    pytest.param(np.uint8, 4, 3, id="rgba"),
    pytest.param(np.uint8, 4, None, id="cmyk"),
    pytest.param(np.uint16, 3, None, id="rgb-16-bit"),
]


def noise(dtype: type[np.generic] = np.uint8, channels: int = 3, shape_hw: tuple[int, int] = (50, 60)) -> Picture:
    """Return random pixels."""
    return np.random.default_rng(4).integers(0, np.iinfo(dtype).max, (*shape_hw, channels), dtype, endpoint=True)


def best(name: str) -> float:
    """Return the value of a figure where nothing was changed."""
    if name.startswith("psnr"):
        return 100.0
    return 0.0 if name.startswith(("changed", "colour_distance")) or name.endswith("_error") else 1.0


@pytest.mark.parametrize("measure", DEFAULTS)
def test_a_picture_without_pixels_has_no_figures(measure: Measure) -> None:
    """Nothing measured is nothing said, not a zero and not a one."""
    empty = np.zeros((0, 0, 3), np.uint8)
    assert measure.measure(Pair(empty, empty, np.zeros((0, 4), np.int64))) == {}


@pytest.mark.parametrize("measure", DEFAULTS)
@pytest.mark.parametrize(("dtype", "channels", "alpha"), PICTURES)
def test_an_unchanged_picture_has_the_best_value(
    measure: Measure, dtype: type[np.generic], channels: int, alpha: int | None
) -> None:
    """Each figure is exactly its best where nothing was changed."""
    picture = noise(dtype, channels)
    figures = measure.measure(Pair(picture, picture.copy(), REGION, FACE, FACE, alpha, ((MARKS, MARKS),), FACE, FACE))
    assert figures
    assert figures == {name: Figure(best(name), 1) for name in figures}


@pytest.mark.parametrize("measure", DEFAULTS)
@pytest.mark.parametrize(("dtype", "channels", "alpha"), PICTURES)
def test_a_change_lowers_what_it_concerns_and_nothing_else(
    measure: Measure, dtype: type[np.generic], channels: int, alpha: int | None
) -> None:
    """What happens within a region does not count as harm done outside, however wide the measure's window."""
    before = noise(dtype, channels)
    after = before.copy()
    after[12:34, 10:30] = 0
    figures = measure.measure(Pair(before, after, REGION, FACE, boxes.empty(), alpha, ((MARKS, MOVED),), FACE))
    worse = {name: abs(f.value - best(name)) > 0.1 for name, f in figures.items()}
    assert worse == {name: not name.endswith("_outside") for name in figures}, figures


@pytest.mark.parametrize("measure", DEFAULTS)
def test_alpha_is_not_looked_at(measure: Measure) -> None:
    """A changed alpha channel changes no figure: it is not what faces are lost in."""
    before = noise(channels=4)
    after = before.copy()
    after[..., 3] = 0
    region = np.zeros((0, 4), np.int64)
    assert measure.measure(Pair(before, after, region, alpha=3)) == measure.measure(
        Pair(before, before, region, alpha=3)
    )


@pytest.mark.parametrize("measure", DEFAULTS)
def test_regions_may_cover_all_or_nothing(measure: Measure) -> None:
    """An empty region counts as none, and a picture that is all region has no outside."""
    before, after = noise(), 255 - noise()
    nothing = measure.measure(Pair(before, after, np.array([[5, 5, 5, 9]])))
    everything = measure.measure(Pair(before, after, np.array([[0, 0, 60, 50]])))
    assert not [name for name in nothing if name.endswith("_inside")]
    assert not [name for name in everything if name.endswith("_outside")]


@pytest.mark.parametrize("measure", DEFAULTS)
def test_parameters_build_the_same_member(measure: Measure) -> None:
    """Name and parameters are all there is."""
    assert build({"name": measure.name, **parameters(measure)}) == measure


def test_an_unknown_measure_is_answered_with_the_known_ones() -> None:
    """A typing error in the settings says what was meant."""
    with pytest.raises(UnknownNameError, match="did you mean 'ssim'"):
        build("sim")


@pytest.mark.parametrize(
    ("before", "after", "regions", "says"),
    [
        pytest.param(noise(), noise(channels=1), REGION, "one shape", id="channels"),
        pytest.param(noise(), noise(np.uint16), REGION, "one shape and type", id="depth"),
        pytest.param(noise(), noise(), REGION[0], r"regions must be \(n, 4\)", id="one-box"),
        pytest.param(noise(), noise(), REGION + 40, "within the picture of 60x50", id="off-the-picture"),
    ],
)
def test_what_cannot_be_compared_is_refused(before: Picture, after: Picture, regions: Picture, says: str) -> None:
    """Pictures of two kinds or boxes off the picture are an error, never a figure."""
    with pytest.raises(SpecError, match=says):
        Pair(before, after, regions)


@pytest.mark.parametrize("value", [pytest.param(float("nan"), id="nan"), pytest.param(float("inf"), id="infinite")])
def test_a_figure_is_a_number(value: float) -> None:
    """A figure that would spoil a mean cannot be made."""
    with pytest.raises(SpecError, match="finite value"):
        Figure(value, 1)


def test_all_measures_together() -> None:
    """The names are one flat set that a tracker can take as they are."""
    picture = noise()
    names = set(measure_all(Pair(picture, picture, REGION, FACE, FACE, None, ((MARKS, MARKS),), FACE, FACE)))
    both = {f"{name}_{where}" for name in ("ssim", "psnr", "colour_distance", "sharpness") for where in SIDES}
    points = {f"{name}_error" for name in ("landmark", "yaw", "pitch", "roll", "eye", "gaze")}
    people = {"person_count_kept", "person_retention"}
    agreed = {"blink_agreement", "expression_agreement"}
    assert names == both | points | agreed | {"changed_outside", "detector_retention", "face_count_kept", *people}


def test_combining_nothing_gives_nothing() -> None:
    """No image, no figure."""
    assert combine([]) == {}
