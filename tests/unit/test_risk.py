"""The risk score: its parts, its bounds, and that nothing which adds to an image ever lowers it."""

import itertools
from dataclasses import asdict, dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.imaging.carried import ANYTHING, NOTHING, Carried
from anonymizer_udfs.methods.facing import POINTS
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.policy import Policy, public
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.risk import LEAST_PX, MOST_PX, SIZES_PX, Risk, Weights, frontality

WH = (1600, 1200)
RATIO = 1.3
RISK = Risk(0.5, "public")


def face(
    side: float, yaw: float | None = 0.0, frame: int = 0, at: tuple[float, float] = (0, 0), kind: str = "face"
) -> Found:
    """Return a square face as large as asked, turned by some degrees; without points where that is none."""
    box = np.array([at[0], at[1], at[0] + side, at[1] + side], np.float32)
    points = None
    if yaw is not None:
        points = (np.array(POINTS) * side + box[:2] + side / 2).astype(np.float32)
        points[2, 0] += np.float32(np.tan(np.radians(yaw)) * 0.2 * side)
    return Found(Finding(kind, box, 0.9, (Sighting("yunet", "full", 0.9),), landmarks=points), Look.PLAN, frame)


def score(*found: Found, carried: Carried = NOTHING, risk: Risk = RISK, wh: tuple[int, int] = WH) -> float:
    """Return the score of an image of some faces."""
    return risk.score(found, wh, RATIO, carried)


def only(part: str) -> Risk:
    """Return a risk that weighs one part alone."""
    return Risk(0.5, "public", Weights(**{name: float(name == part) for name in asdict(Weights())}))


def test_an_image_of_nobody_has_no_more_than_its_metadata() -> None:
    """Without faces nothing is at stake but what the file says."""
    assert score() == 0
    assert score(carried=ANYTHING) == 0.2
    assert score(face(200, kind="plate")) == 0


@pytest.mark.parametrize(
    ("side", "part"),
    [(4, 0.0), (LEAST_PX, 0.0), (32, 1 / 3), (64, 2 / 3), (MOST_PX, 1.0), (500, 1.0)],
    ids=lambda value: f"{value:g}",
)
def test_each_doubling_of_a_face_counts_as_much(side: float, part: float) -> None:
    """From the size below which little is left up to that which recognizers are shown."""
    assert score(face(side), risk=only("size")) == pytest.approx(part, abs=1e-4)


@pytest.mark.parametrize(
    ("yaw", "part"), [(0.0, 1.0), (30.0, 0.5), (-30.0, 0.5), (60.0, 0.0), (80.0, 0.0), (None, 1.0)], ids=str
)
def test_a_face_that_looks_away_counts_less(yaw: float | None, part: float) -> None:
    """In even steps; where no points tell it counts as one that looks at the camera."""
    assert score(face(100, yaw), risk=only("frontality")) == pytest.approx(part, abs=0.01)


def test_turning_the_picture_changes_nothing() -> None:
    """Roll is not yaw."""
    marks = face(100, 25).finding.landmarks
    assert marks is not None
    turned = np.stack([-marks[:, 1], marks[:, 0]], 1)
    assert frontality(turned) == pytest.approx(frontality(marks), abs=1e-5)


@pytest.mark.parametrize(
    "points",
    [np.zeros((5, 2)), np.full((5, 2), np.nan), np.array([[1, 1], [1, 1], [2, 2], [0, 5], [2, 5]])],
    ids=["one-place", "no-number", "no-distance"],
)
def test_points_that_tell_nothing_count_as_the_worst(points: np.ndarray) -> None:
    """A mistake of a detector makes nothing milder."""
    assert frontality(points.astype(np.float32)) == 1


def test_more_faces_and_more_around_them_count_more() -> None:
    """One face has no company; in a large picture it has more around it."""
    counts = [score(*(face(30, at=(40 * i, 0)) for i in range(n)), risk=only("count")) for n in (1, 2, 4)]
    assert counts == [0, 0.5, 0.75]
    assert score(face(100), risk=only("context")) == pytest.approx(
        1 - (RATIO * LEAST_PX) ** 2 / (1600 * 1200), abs=1e-4
    )
    large = replace(RISK, weights=Weights(size=1, frontality=0, context=1, count=0, metadata=0))
    assert score(face(128), risk=large, wh=(170, 170)) < score(face(128), risk=large, wh=(2000, 1500))


def test_faces_of_all_frames_count_and_company_within_one() -> None:
    """The frame that shows most people decides their number, the largest face of any frame its size."""
    frames = [face(20), face(20, at=(50, 0)), face(100, frame=1)]
    assert score(*frames, risk=only("count")) == 0.5
    assert score(*frames, risk=only("size")) == score(face(100), risk=only("size"))


@pytest.mark.parametrize(
    ("carried", "share"),
    [(NOTHING, 0), (Carried(place=True), 1 / 3), (Carried(names=True, dates=True), 2 / 3), (ANYTHING, 1)],
)
def test_metadata_counts_by_its_kinds(carried: Carried, share: float) -> None:
    """A place, names and dates, each as much."""
    assert score(carried=carried, risk=only("metadata")) == pytest.approx(share, abs=1e-4)


@dataclass(frozen=True)
class Shown:
    """An image and how it is weighed."""

    found: list[Found]
    weights: Weights
    carried: Carried
    wh: tuple[int, int]

    def score(self, *more: Found, carried: Carried = NOTHING) -> float:
        """Return its score, with further faces and metadata."""
        found = [*self.found, *more]
        return Risk(0.5, "public", self.weights).score(found, self.wh, RATIO, self.carried | carried)


SIDES = st.floats(0, 900, allow_subnormal=False)
YAWS = st.floats(-90, 90) | st.none()
FACES = st.builds(face, SIDES, YAWS, st.integers(0, 2), st.tuples(st.floats(0, 900), st.just(0)))
WEIGHTS = st.tuples(*[st.floats(0, 10, allow_subnormal=False)] * 5).filter(lambda w: sum(w) > 1e-3)
CARRIED = st.builds(Carried, st.booleans(), st.booleans(), st.booleans())
SHOWN = st.builds(
    Shown,
    st.lists(FACES, max_size=5),
    WEIGHTS.map(lambda w: Weights(*w)),
    CARRIED,
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
)
DIGITS = 1e-4
"""Points are single floats: one yaw at two sizes differs in its last digits, and scores have four."""


@given(SHOWN)
def test_a_score_lies_between_nothing_and_all(shown: Shown) -> None:
    """Whatever the image, the weights and the order of its faces."""
    assert 0 <= shown.score() <= 1
    assert replace(shown, found=shown.found[::-1]).score() == shown.score()


@given(SHOWN, FACES)
def test_a_further_face_never_lowers_it(shown: Shown, more: Found) -> None:
    """However small, turned away or much of the picture it covers, in whichever frame."""
    assert shown.score(more) >= shown.score()


@given(SHOWN, SIDES, YAWS, st.floats(1, 8))
def test_a_larger_face_never_lowers_it(shown: Shown, side: float, yaw: float | None, times: float) -> None:
    """Although it leaves less of the picture around it."""
    assert shown.score(face(side * times, yaw)) >= shown.score(face(side, yaw)) - DIGITS


@given(SHOWN, SIDES, st.floats(-85, 85), st.floats(0, 1))
def test_a_face_turned_to_the_camera_never_lowers_it(shown: Shown, side: float, yaw: float, share: float) -> None:
    """Any part of the way, from either side."""
    assert shown.score(face(side, yaw * share)) >= shown.score(face(side, yaw)) - DIGITS


@given(SHOWN, CARRIED)
def test_more_metadata_never_lowers_it(shown: Shown, more: Carried) -> None:
    """Whatever kind is added to what there is."""
    assert shown.score(carried=more) >= shown.score()


def test_sizes_are_those_that_are_told() -> None:
    """From the least to the most, a quarter of a doubling apart."""
    assert (SIZES_PX[0], round(SIZES_PX[-1], 6), len(SIZES_PX)) == (LEAST_PX, MOST_PX, 13)
    assert {round(b / a, 9) for a, b in itertools.pairwise(SIZES_PX)} == {round(2**0.25, 9)}


def told(**changes: object) -> dict[str, object]:
    """Return what a policy says of its risk."""
    return {"raise_at": 0.5, "to": "public", **changes}


@pytest.mark.parametrize(
    ("mapping", "error", "says"),
    [
        pytest.param(told(raise_at=0), SpecError, r"raise_at must be a number in \(0, 1\]", id="always"),
        pytest.param(told(raise_at=1.1), SpecError, "raise_at", id="never"),
        pytest.param(told(raise_at=float("nan")), SpecError, "raise_at", id="nan"),
        pytest.param(told(raise_at=True), SpecError, "raise_at", id="bool"),
        pytest.param({"raise_at": 0.5}, SpecError, "missing: to", id="to-nothing"),
        pytest.param(told(to=""), SpecError, "must name a policy", id="to-no-name"),
        pytest.param(told(weight={}), UnknownNameError, "did you mean 'weights'", id="key"),
        pytest.param(told(weights={"sizes": 1}), UnknownNameError, "'size'", id="part"),
        pytest.param(told(weights={"size": -1}), SpecError, "at least 0", id="negative"),
        pytest.param(told(weights=[1]), SpecError, "weights must be a mapping", id="list"),
        pytest.param(told(weights=dict.fromkeys(asdict(Weights()), 0)), SpecError, "above 0", id="none"),
        pytest.param("high", SpecError, "risk must be a mapping", id="word"),
    ],
)
def test_a_bad_mapping_is_refused(mapping: object, error: type[SpecError], says: str) -> None:
    """With the rest of its policy."""
    with pytest.raises(error, match=says):
        Policy.from_mapping({**public().to_mapping(), "risk": mapping})


def test_a_risk_is_in_the_digest_and_comes_back() -> None:
    """It changes what becomes of images; a policy without one keeps the digest that it always had."""
    bare = public()
    weighed, other = (replace(bare, risk=Risk(at, "public", Weights(size=2))) for at in (0.5, 0.6))
    assert Policy.from_mapping(weighed.to_mapping()) == weighed
    assert len({one.canonical() for one in (bare, weighed, other)}) == 3
    assert '"risk"' not in bare.canonical()
