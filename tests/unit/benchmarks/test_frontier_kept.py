"""What the frontier says is left of a face, on drawn ones."""

import math
from dataclasses import replace

import numpy as np
import pytest

from anonymizer_udfs.landmarks import Points
from anonymizer_udfs.landmarks.pose import Pose
from benchmarks.frontiers import marks, treated
from benchmarks.frontiers.kept import FIGURES, Kept, Looker, intersection, mean
from benchmarks.frontiers.marks import Marks, Moved, moved
from benchmarks.frontiers.people import Photo
from benchmarks.photos import ENLARGE, Face, enlarged
from tests.unit.landmarks.drawn import face, seen, turn


def said(**changed: float) -> Marks:
    """Return what the points of a drawn face say, some of it changed."""
    points = seen(face((0.3, 0.3), 0.0, 0.8), np.eye(3))
    before = replace(Marks.of(np.zeros((4, 4, 3), np.uint8), points), gaze=0.1)
    return replace(before, **changed)  # type: ignore[arg-type]  # all of these are numbers


def test_nothing_has_moved_where_nothing_was_changed() -> None:
    """Every error is 0, and the expression the same."""
    assert moved(said(), said()) == Moved(0, 0, 0, 0, 1, 0)


def test_each_error_is_that_of_its_own_measure() -> None:
    """What one measure says changes one figure alone, by as much."""
    before = said()
    turned = replace(before, turn=Pose(before.turn.yaw + 10, before.turn.pitch - 4, before.turn.roll + 3))
    assert moved(before, turned) == Moved(0, pytest.approx(10), pytest.approx(4), 0, 1, 0)
    assert moved(before, said(open_eyes=before.open_eyes - 0.2)).eye_error == pytest.approx(0.2)
    assert moved(before, said(gaze=-0.05)).gaze_error == pytest.approx(0.15)
    further = replace(before, xy=before.xy + np.array([0, 6]))
    assert moved(before, further).landmark_error == pytest.approx(0.1, abs=0.01)  # eyes are 60 pixels apart


@pytest.mark.parametrize(
    ("change", "same"), [({"parted": 0.2}, 0), ({"wide": 1.1}, 0), ({"parted": 0.02, "wide": 0.7}, 1)]
)
def test_an_expression_is_the_same_where_both_halves_of_it_are(change: dict[str, float], same: float) -> None:
    """Lips parted or not, mouth wide or not: small changes on one side of a limit do not count."""
    assert moved(said(), said(**change)).expression == same


def test_what_cannot_be_said_is_no_number() -> None:
    """A face without points has no errors; a gaze that is lost loses no other figure."""
    nobody = Marks.of(np.zeros((4, 4, 3), np.uint8), Points.none("68"))
    assert all(math.isnan(one) for one in vars(moved(nobody, said())).values())
    lost = moved(said(), said(gaze=math.nan))
    assert math.isnan(lost.gaze_error)
    assert lost.landmark_error == 0


def test_points_are_looked_for_in_the_photo_as_detectors_see_it(photos: list[Photo]) -> None:
    """The landmarker is shown the photo enlarged, and box and points in its pixels."""
    asked = []

    class Recording:
        """Takes down what it is asked."""

        def locate(self, rgb: object, boxes: np.ndarray, five: np.ndarray, *of: object) -> list[Points]:
            asked.append((rgb, boxes, five, of[0]))
            return [seen(face(), turn("y", 20))]

    found = marks.marks(photos[0].rgb, photos[0].face, Recording(), None)  # type: ignore[arg-type]
    rgb, boxes, five, detector = asked[0]
    assert np.array_equal(rgb, enlarged(photos[0].rgb))
    assert np.array_equal(boxes, photos[0].box[None] * ENLARGE)
    assert np.array_equal(five, photos[0].landmarks[None] * ENLARGE)
    assert detector == "centerface"
    assert found.turn.yaw == pytest.approx(-20, abs=0.5)


class Finder:
    """Finds one face, where it is told to."""

    def __init__(self, face: Face) -> None:
        self._face = face

    def detect(self, images: object, runtime: object) -> list[object]:
        """Return it, in pixels of the photo enlarged."""
        del images, runtime
        found = type("Found", (), {"__len__": lambda _: 1})()
        found.boxes_xyxy = self._face.box[None] * np.float32(ENLARGE)
        found.landmarks = self._face.landmarks[None] * np.float32(ENLARGE)
        return [found]


def test_a_face_counts_where_it_was(photos: list[Photo]) -> None:
    """Points are compared with the clear face's, in distances of its eyes; a face elsewhere is another one."""
    photo, source = photos[0], treated.picture(photos[0])
    aside = np.array([9, 0], np.float32)
    near = Face(photo.box + np.tile(aside, 2), photo.landmarks + aside)
    far = Face(photo.box + 90, photo.landmarks + 90)
    here, away = (Looker(Finder(one), None, None) for one in (near, far))  # type: ignore[arg-type]
    kept = here.measure(photo, source, source.rgb(), None)
    assert (kept.found, kept.ssim, kept.colour) == (1, pytest.approx(1), pytest.approx(1))
    assert kept.five_error == pytest.approx(9 / 36, abs=0.001)
    assert kept.roll_error == pytest.approx(0, abs=0.01)
    assert away.measure(photo, source, source.rgb(), None).found == 0


def test_a_mean_leaves_out_what_nobody_can_say() -> None:
    """A face that was not found has no points, and none of them is a zero; without a landmarker columns are empty."""
    lost, found = Kept(0, 0.2, 0.4), Kept(1, 0.4, 0.6, 0.1, 2, 3)
    assert mean([lost, found])["five_error"] == 0.1
    assert mean([lost, found])["found"] == 0.5
    assert set(mean([lost])) == {"found", "ssim", "colour"}
    assert mean([replace(found, moved=Moved(0.3))])["landmark_error"] == 0.3
    assert {"landmark_error", "pitch_error", "gaze_error", "five_error"} < set(FIGURES)


def test_colours_agree_by_their_share() -> None:
    """A picture half of which was painted over keeps half of its colours."""
    before = np.zeros((4, 4, 3), np.uint8)
    after = before.copy()
    after[:2] = 200
    assert intersection(before, after) == 0.5
