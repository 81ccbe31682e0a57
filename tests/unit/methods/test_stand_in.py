"""The surrogate: where its face lies, what it takes of the original, and what it does not."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from anonymizer_udfs.ageing import Ages
from anonymizer_udfs.boxes import Boxes
from anonymizer_udfs.donors import shape
from anonymizer_udfs.errors import ModelMissingError, SpecError, UnknownNameError
from anonymizer_udfs.landmarks import Dlib68, Points
from anonymizer_udfs.landmarks import base as landmarking
from anonymizer_udfs.methods import Patch, StandIn, Target, build, parameters
from anonymizer_udfs.methods.cover import EDGE, Cover
from anonymizer_udfs.methods.facing import POINTS
from anonymizer_udfs.methods.relit import RIM, SEAM
from anonymizer_udfs.methods.seen import Seen
from anonymizer_udfs.models.base import ModelRef, Runtime
from tests.support import graphs, landmark_graph
from tests.unit.methods.cases import placed, rng

REF = ModelRef.fetched("dlib68", "ab" * 32, ".safetensors")
SIDE, WIDTH = 240, 100.0
MIDDLE = (120.0, 118.0)


@dataclass(frozen=True)
class Told:
    """A landmarker that tells the points it was given, for each face."""

    model: ModelRef
    xy: tuple[tuple[float, float], ...]
    name: ClassVar[str] = "told"
    scheme: ClassVar[str] = "68"

    def locate(
        self, rgb: landmarking.Rgb, boxes_xyxy: Boxes, five: landmarking.Five, detector: str, runtime: Runtime
    ) -> list[Points]:
        """Return the same points for each face."""
        del rgb, five, detector, runtime
        return [Points(np.array(self.xy, np.float32), "68")] * len(boxes_xyxy)


def target(roll: float = 0.0, **more: object) -> Target:
    """Return a face in the middle of a patch, rolled."""
    x, y = MIDDLE
    box = (x - WIDTH / 2, y - 0.66 * WIDTH, x + WIDTH / 2, y + 0.66 * WIDTH)
    return Target(box, landmarks=placed(np.array(POINTS), WIDTH, roll, MIDDLE), **more)  # type: ignore[arg-type]  # as given


def scene(seed: int = 0, deviation: float = 6.0) -> Patch:
    """Return a patch that is lighter on one side, with noise; uint8 ``(240, 240, 3)``."""
    x = np.linspace(90, 200, SIDE)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, deviation, (SIDE, SIDE, 3))
    return np.clip(x * (1.0, 0.8, 0.7) + noise, 0, 255).astype(np.uint8)


def cover(roll: float = 0.0) -> Cover:
    """Return the cover of a face that five points tell."""
    seen = Seen.of_five(target(roll)).fitted(shape.NEUTRAL)
    return Cover.of((SIDE, SIDE), seen, seen.placed(shape.NEUTRAL, shape.DEPTH))


def posed(points: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Return 68 points of a face that looks straight ahead, as they lie in the patch."""
    at = Seen.of_five(target()).placed(points, shape.DEPTH)
    return tuple((float(x), float(y)) for x, y in at)


def told(points: NDArray[np.float64], patch: Patch) -> Patch:
    """Return a patch whose face has these points, treated."""
    known = target(detector="centerface", runtime=Runtime(()))
    return StandIn(landmarker=Told(REF, posed(points))).apply(patch, known, rng(3))


def bright(picture: Patch, middle: NDArray[np.float64], radius: int = 3) -> float:
    """Return the mean of a few pixels."""
    x, y = (int(v) for v in middle)
    return float(picture[y - radius : y + radius + 1, x - radius : x + radius + 1].mean())


@pytest.mark.parametrize("roll", [0.0, 35.0, -90.0, 180.0])
def test_the_face_lies_where_the_points_say(roll: float) -> None:
    """Both eyes and the mouth are darker than the cheeks beside them, at any roll."""
    flat = np.full((SIDE, SIDE, 3), 150, np.uint8)
    made = StandIn().apply(flat, target(roll), rng(3))
    at = np.array(placed(np.array([*POINTS[:2], (0.0, 0.37), (-0.24, 0.1), (0.24, 0.1)]), WIDTH, roll, MIDDLE))
    *features, left, right = (bright(made, place) for place in at)
    assert max(features) < 0.93 * min(left, right)


def test_nothing_of_the_original_within_the_face_is_seen() -> None:
    """Noise that differs from pixel to pixel leaves no trace where the cover is whole, and does beyond the face."""
    inside, outside = cover().share > 0.999, cover().share == 0
    patch = scene(1, 30.0)
    made = StandIn().apply(patch, target(), rng(3)).astype(np.float64)

    def like(where: NDArray[np.bool_]) -> float:
        fine = [
            (p - cv2.GaussianBlur(p, (0, 0), 2.0))[where].ravel()
            for p in (cv2.blur(patch.astype(np.float64), (2, 2), anchor=(0, 0)), made)
        ]
        return float(np.corrcoef(*fine)[0, 1])

    assert inside.sum() > 4000
    assert abs(like(inside)) < 0.05
    assert like(outside) > 0.5


def test_within_the_face_only_the_means_of_cells_count() -> None:
    """Pixels of a cell that change places change nothing deep within the face; lighter cells make it lighter."""
    first = scene(2)
    second = first.copy()
    cheek = np.s_[120:132, 92:104]  # within one cell and away from every feature
    second[cheek] = first[cheek][::-1, ::-1]
    deep = cover().depth > RIM + 3 * SEAM
    made = [StandIn(cells=3).apply(one, target(), rng(3)) for one in (first, second)]
    assert (first != second).any(2)[cheek].mean() > 0.9
    assert deep.sum() > 1500
    assert np.array_equal(made[0][deep], made[1][deep])
    brighter = np.clip(first.astype(int) + 25, 0, 255).astype(np.uint8)
    lighter = StandIn(cells=3).apply(brighter, target(), rng(3))
    assert lighter[deep].mean() > made[0][deep].mean() + 10


def test_the_light_of_the_scene_falls_on_the_face() -> None:
    """The side that was lighter is lighter, and a picture's colours are the face's."""
    made = StandIn().apply(scene(), target(), rng(3)).astype(np.float64)
    left, right = bright(made, np.array([95.0, 130.0])), bright(made, np.array([145.0, 130.0]))
    assert right > 1.12 * left
    deep = cover().share > 0.99
    assert made[deep].mean(0) == pytest.approx(scene()[deep].mean(0), rel=0.12)


def test_sixteen_bits_give_away_no_more_than_eight() -> None:
    """What differs below the 256 levels is gone, and the result is the same."""
    small = scene()
    large = small.astype(np.uint16) * 257
    finer = large + np.random.default_rng(1).integers(-100, 101, large.shape).clip(-large.astype(int), 0).astype(
        np.int32
    )
    made = [StandIn().apply(p, target(), rng(3)) for p in (small, large, finer.astype(np.uint16))]
    assert np.array_equal(made[0].astype(np.uint16) * 257, made[1])
    assert np.array_equal(made[1], made[2])


def test_grey_and_inks_get_the_same_face() -> None:
    """A grey picture stays grey; a face in inks without black looks as the one in light does."""
    grey = np.repeat(scene()[..., :1], 3, 2)
    light = StandIn().apply(grey, target(), rng(3)).astype(int)
    one = StandIn().apply(grey[..., :1], target(), rng(3)).astype(int)
    assert np.abs(one[..., 0] - light @ (0.299, 0.587, 0.114)).max() < 1.5
    inks = np.concatenate([255 - grey, np.zeros_like(grey[..., :1])], 2)
    printed = StandIn().apply(inks, target(), rng(3)).astype(int)
    assert np.abs((255 - printed[..., :3]) - light).max() <= 2
    assert printed[..., 3].max() == 0


def test_a_large_face_looks_like_a_small_one() -> None:
    """A face that is made at a lower size and enlarged is the same face."""
    small = scene(deviation=0.0)
    times = 5
    large = cv2.resize(small, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR)
    one = target()
    many = replace(
        one,
        box_xyxy=tuple(v * times for v in one.box_xyxy),  # type: ignore[arg-type]  # four
        landmarks=tuple((x * times, y * times) for x, y in one.landmarks or ()),
    )
    made = [StandIn().apply(p, t, rng(3)) for p, t in ((small, one), (large, many))]
    down = cv2.resize(made[1], (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(down - made[0])[cover().share > 0.9].mean() < 6


def test_each_key_draws_other_donors() -> None:
    """Two images of a person get two faces; the same image and key the same one."""
    made = [StandIn().apply(scene(), target(), rng(seed)) for seed in (3, 3, 4)]
    assert np.array_equal(made[0], made[1])
    assert np.abs(made[0].astype(int) - made[2])[cover().share > 0.9].mean() > 1


def test_a_mouth_that_is_open_is_open() -> None:
    """By 68 points: between the lips it is dark or teeth, where lips met before."""
    wide = shape.NEUTRAL.copy()
    wide[[55, 56, 57, 58, 59, 65, 66, 67], 1] += 0.35
    wide[3:14, 1] += 0.15
    shut, open_ = (told(points, scene()).astype(float) for points in (shape.NEUTRAL, wide))
    middle = np.array(posed((wide[62] + wide[66])[None].repeat(68, 0) / 2))[0]
    assert (
        np.abs(open_ - shut)[int(middle[1]) - 3 : int(middle[1]) + 4, int(middle[0]) - 5 : int(middle[0]) + 6].mean()
        > 30
    )


def test_eyes_that_are_shut_are_shut() -> None:
    """By 68 points: where the iris was there is skin above and below a line."""
    shut = shape.NEUTRAL.copy()
    for eye in (slice(36, 42), slice(42, 48)):
        shut[eye, 1] = shut[eye, 1].mean()
    opened, closed = (told(points, scene(deviation=0.0)).astype(float) for points in (shape.NEUTRAL, shut))
    x, y = (int(v) for v in np.array(posed(shape.NEUTRAL))[36:42].mean(0))
    dark = [
        (one[y - 9 : y + 10, x - 2 : x + 3].mean(2) < 0.6 * bright(one, np.array([95.0, 130.0]))).sum()
        for one in (opened, closed)
    ]
    assert dark[0] > 1.5 * dark[1]


def test_brows_that_are_raised_do_not_show_above_the_others() -> None:
    """The original's brows lie under the cover, however high they are."""
    raised = shape.NEUTRAL.copy()
    raised[17:27, 1] -= 0.3
    patch = np.full((SIDE, SIDE, 3), 190, np.uint8)
    brows = np.array(posed(raised))[17:27]
    for brow in (brows[:5], brows[5:]):
        cv2.polylines(patch, [np.rint(brow).astype(np.int32)], isClosed=False, color=(10, 10, 10), thickness=3)
    made = told(raised, patch).astype(float)
    there = [bright(made, place, 1) for place in brows[1:9]]
    assert min(bright(patch, place, 1) for place in brows[1:9]) < 60
    assert min(there) > 110


def test_points_that_disagree_with_the_detector_are_not_believed() -> None:
    """A landmarker that tells another place changes nothing."""
    patch, known = scene(), target(detector="centerface", runtime=Runtime(()))
    astray = tuple((x + 60, y) for x, y in posed(shape.NEUTRAL))
    made = StandIn(landmarker=Told(REF, astray)).apply(patch, known, rng(3))
    assert np.array_equal(made, StandIn().apply(patch, known, rng(3)))


@pytest.mark.parametrize(
    ("one", "served"),
    [
        pytest.param(target(), True, id="frontal"),
        pytest.param(target(180.0), True, id="upside-down"),
        pytest.param(replace(target(), landmarks=None), False, id="no-points"),
        pytest.param(replace(target(), box_xyxy=(0, 0, 20, 26)), False, id="points-of-another-size"),
        pytest.param(replace(target(), box_xyxy=(0, 0, 0, 0)), False, id="no-box"),
        pytest.param(
            replace(target(), landmarks=((100, 100), (112, 100), (125, 128), (104, 150), (116, 150))),
            False,
            id="profile",
        ),
    ],
)
def test_only_faces_whose_place_is_known_are_served(one: Target, *, served: bool) -> None:
    """A face that would be drawn beside the original is left to the next method of the chain."""
    assert StandIn().serves(one) is served


def test_a_policy_names_the_landmarker_and_the_donors() -> None:
    """Their models are the method's; drawn donors need none, and none of the vault."""
    wish = {"name": "dlib68", "model": REF}
    method = build({"name": "surrogate", "landmarker": wish, "donors": "archive"})
    assert isinstance(method, StandIn)
    assert (method.landmarker, method.models, method.vault_model) == (Dlib68(REF), (REF,), "donors")
    assert parameters(method)["landmarker"] == {"name": "dlib68"}
    assert replace(method, model=REF).models == (REF, REF)
    assert (StandIn().models, StandIn().vault_model) == ((), None)


@pytest.mark.parametrize(
    ("wish", "error", "says"),
    [
        pytest.param({"k": 1}, SpecError, r"\[2, 16\], got 1", id="one-donor"),
        pytest.param({"cells": 9}, SpecError, r"\[1, 8\], got 9", id="fine-light"),
        pytest.param({"donors": "stolen"}, UnknownNameError, "donors of surrogate", id="unknown-donors"),
        pytest.param({"landmarker": 5}, SpecError, "landmarker", id="no-landmarker"),
        pytest.param({"landmarker": "dlib86"}, UnknownNameError, "did you mean 'dlib68'", id="unknown-landmarker"),
        pytest.param({"ages": 5}, SpecError, "ages must be a mapping", id="no-ages"),
        pytest.param({"ages": {"name": "dlib68", "model": REF}}, SpecError, "genderage", id="other-ages"),
        pytest.param({"model": REF}, SpecError, "drawn faces", id="a-model-for-drawn-faces"),
    ],
)
def test_what_cannot_be_is_refused(wish: dict[str, object], error: type[SpecError], says: str) -> None:
    """Values are answered with their range, names with the known ones."""
    with pytest.raises(error, match=says):
        build({"name": "surrogate", **wish})


def test_a_policy_names_who_guesses_ages() -> None:
    """Its model is one of the method's, and what is said of it is its name."""
    method = build({"name": "surrogate", "ages": {"model": REF}})
    assert isinstance(method, StandIn)
    assert method.models == (REF,)
    assert parameters(method)["ages"] == {"name": "genderage"}


def test_another_age_gets_other_donors(tmp_path: Path) -> None:
    """By a graph that takes the tone of a face for its age: what is light looks young, what is dark old."""
    ref = graphs.stored(tmp_path, "ages", landmark_graph.ages())
    method, runtime = StandIn(k=2, ages=Ages(ref)), Runtime((str(tmp_path),))
    at = replace(target(), runtime=runtime)
    years = [method._years(one, at) for one in (scene(), scene() // 2)]
    assert years[0] is not None
    assert years[1] is not None
    assert years[0] > years[1] + 10
    plain, aged = (one.apply(scene(), at, rng()) for one in (replace(method, ages=None), method))
    assert not np.array_equal(plain, aged)
    assert replace(method, ages=None).apply(scene(), at, rng()).tobytes() == plain.tobytes()


def test_an_archive_without_donors_is_an_error() -> None:
    """It is said how to make them; nothing is drawn instead."""
    with pytest.raises(ModelMissingError, match="--donors"):
        StandIn(donors="archive").apply(scene(), target(), rng())


def test_the_cover_is_whole_within_the_outline() -> None:
    """From the brows to the chin and from cheek to cheek, but for the edge that the docs name."""
    seen = Seen.of_five(target()).fitted(shape.NEUTRAL)
    points = seen.placed(shape.NEUTRAL, shape.DEPTH)
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    outline = np.concatenate([points[:17], points[17:27][::-1]])
    cv2.fillPoly(drawn, [np.rint(outline).astype(np.int32)], 1)
    inner = cv2.distanceTransform(drawn, cv2.DIST_L2, 5) > 2 * EDGE * seen.scale + 1.5
    brows = np.arange(SIDE)[:, None] > points[17:27, 1].min()
    assert (inner & brows).sum() > 4000
    assert cover().share[inner & brows].min() > 0.97
