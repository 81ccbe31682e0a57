"""A plan at work: passes, conditions, fusion and bands, on a graph that takes red dots for faces."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from anonymizer_udfs.detection import CenterFace, fusion
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.passes import Pass, Zoom, small_glimpsed
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.detection.search import Searcher
from anonymizer_udfs.models.base import Runtime
from tests.support import graphs

Rgb = NDArray[np.uint8]
FULL = Pass("full", (1, 4096), tile_px=4096)


class Dots(CenterFace):
    """A detector that is worth two thirds alone."""

    alone = 2 / 3


@pytest.fixture
def searcher(tmp_path: Path) -> Searcher:
    """One detector, sure from 0.6 and unsure from 0.3."""
    ref = graphs.stored(tmp_path, "dots", graphs.red_dot_detector())
    return Searcher((Dots(0.1, model=ref),), fusion.Union(), sure=0.6, unsure=0.3)


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """One thread on the CPU."""
    return Runtime((str(tmp_path),))


def picture(wh: tuple[int, int], *dots: tuple[int, int], red: int = 255, ground: int = 90) -> Rgb:
    """Return a grey picture with dots of 4 pixels; positions are multiples of 4."""
    out = np.full((wh[1], wh[0], 3), ground, np.uint8)
    for x, y in dots:
        out[y : y + 4, x : x + 4] = (red, 0, 0)
    return out


def boxes(found: tuple[Finding, ...]) -> list[list[float]]:
    """Return the boxes, by position."""
    return sorted([round(float(v)) for v in one.box] for one in found)


def test_no_pictures_are_searched(searcher: Searcher, runtime: Runtime) -> None:
    """Nothing in, nothing out."""
    assert searcher.search([], Plan("p", (FULL,)), runtime) == []


def test_pictures_keep_their_order_and_their_findings(searcher: Searcher, runtime: Runtime) -> None:
    """Each picture has what is in it, whatever else is searched with it."""
    images = [picture((96, 64)), picture((96, 64), (40, 24)), picture((64, 96), (8, 40), (40, 80))]
    found = searcher.search(images, Plan("p", (FULL,)), runtime)
    assert [len(one) for one in found] == [0, 1, 2]
    assert boxes(found[1]) == [[26, 10, 58, 42]]


def test_a_face_seen_by_several_passes_is_one_finding_that_names_them(searcher: Searcher, runtime: Runtime) -> None:
    """Passes agree on the place, whatever turn or mirror; each is a sighting of its own with its score."""
    plan = Plan(
        "p", (FULL, replace(FULL, name="turned", turns=(1, 2, 3)), replace(FULL, name="mirrored", mirrored=True))
    )
    (found,) = searcher.search([picture((128, 128), (40, 24))], plan, runtime)
    assert boxes(found) == [[26, 10, 58, 42]]
    assert {(s.detector, s.seen_in, s.confidence) for s in found[0].sightings} == {
        ("centerface", "full", 1.0),
        ("centerface", "turned", 1.0),
        ("centerface", "mirrored", 1.0),
    }


TINY = Pass("tiny", (1, 16))
TURNED = replace(FULL, name="turned", turns=(1,))
DIM, DARK = picture((64, 64), (24, 24), red=110), picture((64, 64), (24, 24), ground=12)
LIGHT, UNSURE = picture((64, 64), (24, 24)), picture((64, 64), (24, 24), red=125)


def then(first: Pass, condition: str) -> Plan:
    """Return a plan whose second pass, ``more``, has a condition."""
    return Plan("p", (first, replace(FULL, name="more", mirrored=True, when=(condition,))))


@pytest.mark.parametrize(
    ("plan", "image", "made"),
    [
        pytest.param(then(TINY, "nothing_found"), LIGHT, True, id="nothing-found"),
        pytest.param(then(FULL, "nothing_found"), LIGHT, False, id="something-found"),
        pytest.param(then(FULL, "none_certain"), DIM, True, id="none-certain"),
        pytest.param(then(FULL, "none_certain"), LIGHT, False, id="certain"),
        pytest.param(then(FULL, "unsure_found"), UNSURE, True, id="unsure"),
        pytest.param(then(FULL, "unsure_found"), DIM, False, id="too-faint"),
        pytest.param(then(FULL, "unsure_found"), LIGHT, False, id="sure"),
        pytest.param(then(FULL, "dark"), DARK, True, id="dark"),
        pytest.param(then(FULL, "dark"), LIGHT, False, id="light"),
        pytest.param(then(TURNED, "rolled_found"), LIGHT, True, id="rolled"),
        pytest.param(then(FULL, "rolled_found"), LIGHT, False, id="upright"),
    ],
)
def test_a_pass_is_made_when_its_condition_holds(
    searcher: Searcher, runtime: Runtime, plan: Plan, image: Rgb, made: bool
) -> None:
    """The pass that depends on it is among those that saw the face, or is not."""
    (found,) = searcher.search([image], plan, runtime)
    assert ("more" in {s.seen_in for one in found for s in one.sightings}) == made


def test_bands_decide_what_counts(searcher: Searcher, runtime: Runtime) -> None:
    """Below ``unsure`` a candidate is ignored; between the bands it is a finding that says how unsure it is."""
    for red, count in ((255, 1), (110, 1), (60, 0)):
        (found,) = searcher.search([picture((64, 64), (24, 24), red=red)], Plan("p", (FULL,)), runtime)
        assert len(found) == count
    (weak,) = searcher.search([picture((64, 64), (24, 24), red=110)], Plan("p", (FULL,)), runtime)
    assert 0.3 <= weak[0].confidence < 0.6


def test_a_view_is_shown_once(searcher: Searcher, runtime: Runtime) -> None:
    """A pass that falls together with an earlier one on a small picture costs nothing and is no second witness."""
    plan = Plan("p", (FULL, Pass("again", (64, 4096), tile_px=4096)))
    (found,) = searcher.search([picture((64, 64), (24, 24))], plan, runtime)
    assert [s.seen_in for s in found[0].sightings] == ["full"]


def test_tiles_find_what_lies_on_their_border_once(searcher: Searcher, runtime: Runtime) -> None:
    """Faces all over a picture cut into tiles are each found whole and once, those on seams too."""
    dots = [(x, y) for x in range(40, 600, 80) for y in (40, 120, 200)]
    plan = Plan("p", (Pass("tiles", (1, 4096), tile_px=128, overlap_ratio=0.4),))
    (found,) = searcher.search([picture((640, 256), *dots)], plan, runtime)
    want = sorted([x + 2 - 16, y + 2 - 16, x + 2 + 16, y + 2 + 16] for x, y in dots)
    assert len(found) == len(want)
    np.testing.assert_allclose(boxes(found), want, atol=graphs.FACE_PX / 8)  # a tile moves the graph's cells


def test_a_panorama_is_searched_in_bounded_views(searcher: Searcher, runtime: Runtime) -> None:
    """A picture 30,000 pixels wide is searched tile by tile; a face at its far end is found."""
    wide = picture((30_000, 200), (29_960, 100))
    plan = Plan("p", (Pass("full", (640, 100_000), tile_px=1280),))
    (found,) = searcher.search([wide], plan, runtime)
    np.testing.assert_allclose(boxes(found), [[29946, 86, 29978, 118]], atol=graphs.FACE_PX / 8)


@pytest.mark.parametrize(
    ("side", "confidence", "shown", "says"),
    [
        pytest.param(40, 0.9, 0.5, True, id="seen-at-20-px"),
        pytest.param(40, 0.25, 0.5, True, id="a-glimpse"),
        pytest.param(40, 0.15, 0.5, False, id="hardly-anything"),
        pytest.param(60, 0.9, 0.5, False, id="seen-at-30-px"),
        pytest.param(20, 0.9, 1.0, False, id="nothing-larger-to-see"),
    ],
)
def test_a_small_face_asks_for_a_larger_view(side: float, confidence: float, shown: float, says: bool) -> None:
    """Only what was seen small, in a picture that was shown smaller than it is."""
    box = np.array([8, 8, 8 + 0.8 * side, 8 + side], np.float32)
    assert small_glimpsed([Finding("face", box, confidence, ())], shown) is says


class Half:
    """A picture that can be had at half its size, and remembers what was asked for."""

    def __init__(self, whole: Rgb) -> None:
        self.whole, self.asked = whole, list[float]()
        self.size_wh = whole.shape[1], whole.shape[0]

    def at_least(self, scale: float) -> Rgb:
        """Return the half where that is enough."""
        self.asked.append(scale)
        return self.whole if scale > 0.5 else self.whole[::2, ::2]


def test_no_more_of_a_picture_is_asked_for_than_a_view_shows(searcher: Searcher, runtime: Runtime) -> None:
    """A view of half the size is made of the half: the same findings, in pixels of the picture."""
    image = picture((256, 128))
    image[48:56, 80:88] = (255, 0, 0)
    half = Half(image)
    plan = Plan("p", (Pass("half", (1, 128)),))
    ((small,), (whole,)) = searcher.search([half], plan, runtime), searcher.search([image], plan, runtime)
    assert boxes(small) == boxes(whole) == [[52, 20, 116, 84]]
    assert max(half.asked) == 0.5


class Strict(Dots):
    """A second detector, by another name."""

    name = "strict"


ZOOM = Zoom("zoom", 32, side_px=96, least=0.2)
SEES = replace(FULL, detectors=("centerface",))


@pytest.fixture
def two(tmp_path: Path, searcher: Searcher) -> Searcher:
    """Two detectors, of which one gives nothing below 0.9."""
    ref = graphs.stored(tmp_path, "dots", graphs.red_dot_detector())
    return replace(searcher, detectors=(*searcher.detectors, Strict(0.9, model=ref)), unsure=0.1)


def confidences(searcher: Searcher, plan: Plan, image: Rgb, runtime: Runtime) -> list[float]:
    """Return how sure the findings of a plan are."""
    (found,) = searcher.search([image], plan, runtime)
    return [round(one.confidence, 2) for one in found]


def test_confidence_is_the_mean_of_those_who_looked(two: Searcher, runtime: Runtime) -> None:
    """One who sees nothing pulls a finding down, to what the other is worth alone; who was not asked does not count."""
    assert confidences(two, Plan("p", (FULL,)), LIGHT, runtime) == [1.0]
    assert confidences(two, Plan("p", (FULL,)), DIM, runtime) == [0.29]
    asked = replace(FULL, name="asked", mirrored=True, when=("nothing_found",), detectors=("strict",))
    assert confidences(two, Plan("p", (SEES, asked)), DIM, runtime) == [0.43]


@pytest.mark.parametrize(("alone", "confidence"), [(0.1, 0.22), (1.0, 0.43), (1.2, 0.52), (4.0, 0.6)])
def test_a_word_alone_counts_by_who_said_it(
    alone: float, confidence: float, two: Searcher, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mean with the one who sees nothing, or the score times what it is worth alone, at most 0.6."""
    monkeypatch.setattr(Dots, "alone", alone)
    assert confidences(two, Plan("p", (FULL,)), DIM, runtime) == [confidence]


def test_from_nearby_a_word_alone_counts_less(two: Searcher, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A score of 0.29 is worth 5/3 of that in the whole picture, and 0.6 of it in a close-up, of one dot."""
    monkeypatch.setattr(Dots, "alone", 5 / 3)
    image = picture((512, 256))
    image[96:112, 96:112] = (75, 0, 0)
    plan = Plan("p", (replace(FULL, long_side_px=(1, 128)), replace(ZOOM, zoom_px=64, side_px=128)))
    (found,) = two.search([image], plan, runtime)
    assert {s.seen_in: round(one.confidence, 2) for one in found for s in one.sightings} == {"full": 0.49, "zoom": 0.18}


@pytest.mark.parametrize(("face_px_max", "found"), [(8192, 1), (32, 1), (31, 0)])
def test_what_is_larger_than_a_pass_is_there_for_does_not_count(
    face_px_max: int, found: int, searcher: Searcher, runtime: Runtime
) -> None:
    """In pixels as they are shown: the dot's box has 32 there, and half of that in the picture."""
    plan = Plan("p", (replace(FULL, long_side_px=(256, 256), enlarge_max=2, face_px_max=face_px_max),))
    image = picture((128, 64), (24, 24))
    assert len(searcher.search([image], plan, runtime)[0]) == found


def test_a_zoom_asks_for_what_is_not_sure_alone(two: Searcher, runtime: Runtime) -> None:
    """From nearby the strict one sees nothing of a dim dot, which pulls it down; a sure dot is not asked about."""
    plan = Plan("p", (SEES, replace(ZOOM, detectors=("strict",))))
    both = picture((128, 64), (24, 24))
    both[24:28, 96:100] = (110, 0, 0)
    assert confidences(two, plan, both, runtime) == [1.0, 0.29]


def test_a_detector_that_no_pass_names_looks_in_every_pass(two: Searcher, runtime: Runtime) -> None:
    """So every plan runs with every detector: alone, or beside those that the plan shares its work between."""
    other = replace(FULL, name="other", detectors=("yunet",))
    assert confidences(replace(two, detectors=two.detectors[:1]), Plan("p", (other,)), LIGHT, runtime) == [1.0]
    (found,) = two.search([LIGHT], Plan("p", (SEES, other)), runtime)
    assert {(s.detector, s.seen_in) for s in found[0].sightings} == {("centerface", "full"), ("strict", "full")}
    assert [d.name for d in two.lookers(Plan("p", (SEES, other)), other)] == ["strict"]
