"""Whether a canary was caught: strict, and by pixels as well as by the record."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from anonymizer_udfs.canaries.judging import Verdict, ellipse, judged, treated
from anonymizer_udfs.imaging import Channels, Format, Picture
from anonymizer_udfs.imaging.base import Encoding
from anonymizer_udfs.methods import Mask
from anonymizer_udfs.policy import KindRule, Policy, public
from tests.unit.canaries.people import scene

BOX = np.array([60, 50, 100, 110], np.float32)
POLICY = public()
TIGHT = replace(POLICY, face=KindRule((Mask(),), 1.0))


def picture(pixels: np.ndarray, turn: int = 1) -> Picture:
    """Return a picture of pixels."""
    return Picture(pixels, Channels.RGB, Format.PNG, turn, Encoding())


SOURCE = picture(scene((200, 160)))


def face(box: tuple[float, ...] = (60, 50, 100, 110), **said: Any) -> dict[str, Any]:
    """Return a face of a row."""
    corners = dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))
    return {"kind": "face", "box": corners, "roll_degrees": None, "confidence": 0.9} | said


def row(*faces: dict[str, Any], status: str = "anonymized", steps: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a row of ``images``."""
    return {"status": status, "faces": list(faces), "steps": list(steps)}


def masked(region: tuple[int, int, int, int]) -> Picture:
    """Return the source with a grey region."""
    pixels = SOURCE.pixels.copy()
    x0, y0, x1, y1 = region
    pixels[y0:y1, x0:x1] = 0
    return picture(pixels)


def test_a_face_under_its_region_is_hidden() -> None:
    """The plain case: found where it is, and its pixels gone."""
    found = judged(row(face()), BOX, SOURCE, masked((40, 20, 120, 140)), POLICY)
    assert (found.verdict, found.covered, found.changed) == (Verdict.HIDDEN, 1.0, 1.0)
    assert (found.face, found.confidence) == (0, 0.9)
    assert found.verdict.caught


@pytest.mark.parametrize("status", ["review", "quarantined"])
def test_an_image_that_is_held_back_shows_nobody(status: str) -> None:
    """No release takes it, whatever was found in it."""
    assert judged(row(status=status), BOX, SOURCE, None, POLICY).verdict is Verdict.HELD_BACK
    assert Verdict.HELD_BACK.caught


def test_nobody_found_is_missed() -> None:
    """A clean image with a canary in it."""
    found = judged(row(status="clean"), BOX, SOURCE, SOURCE, POLICY)
    assert (found.verdict, found.covered, found.changed) == (Verdict.UNCOVERED, 0.0, 0.0)
    assert not found.verdict.caught


@pytest.mark.parametrize(
    ("shift", "caught"), [((0, 0), True), ((3, 0), True), ((12, 0), False), ((0, 18), False)], ids=str
)
def test_a_region_beside_the_face_hides_nobody(shift: tuple[int, int], caught: bool) -> None:
    """Nine tenths of the face's ellipse must lie under it; two looks at one face may differ by some pixels."""
    dx, dy = shift
    box = (60 + dx, 50 + dy, 100 + dx, 110 + dy)
    found = judged(row(face(box)), BOX, SOURCE, masked(tuple(map(int, box))), TIGHT)
    assert found.verdict.caught is caught


def test_a_region_that_was_recorded_and_never_drawn_is_told() -> None:
    """The record alone proves nothing: the pixels are the source's."""
    found = judged(row(face()), BOX, SOURCE, SOURCE, POLICY)
    assert (found.verdict, found.covered, found.changed) == (Verdict.UNCHANGED, 1.0, 0.0)
    assert not found.verdict.caught


def test_pixels_that_changed_without_a_region_hide_nobody() -> None:
    """An image that was encoded anew differs everywhere and shows everybody."""
    noisy = picture(SOURCE.pixels ^ 1)
    assert judged(row(), BOX, SOURCE, noisy, POLICY).verdict is Verdict.UNCOVERED


def test_what_has_no_row_or_no_file_is_not_caught() -> None:
    """Missing evidence fails."""
    assert judged(None, BOX, SOURCE, SOURCE, POLICY).verdict is Verdict.ABSENT
    assert judged(row(face()), BOX, None, SOURCE, POLICY).verdict is Verdict.ABSENT
    assert judged(row(face()), BOX, SOURCE, None, POLICY).verdict is Verdict.ABSENT
    assert judged(row(face()), BOX, SOURCE, SOURCE, None).verdict is Verdict.ABSENT
    assert not Verdict.ABSENT.caught


def test_places_are_followed_through_steps_that_move() -> None:
    """In a picture of half the size, mirrored, the face is elsewhere; so is its region."""
    half = masked((40, 20, 120, 140)).pixels[::2, ::2][:, ::-1]
    shown = picture(np.ascontiguousarray(half))
    mine = face((50, 25, 70, 55))
    found = judged(row(mine, steps=("shrink(long_side_px=100)", "mirror")), BOX, SOURCE, shown, POLICY)
    assert (found.verdict, found.face) == (Verdict.HIDDEN, 0)
    wrong = judged(row(face((30, 25, 50, 55)), steps=("shrink(long_side_px=100)", "mirror")), BOX, SOURCE, shown, TIGHT)
    assert wrong.verdict is Verdict.UNCOVERED


def test_cover_is_that_of_the_job() -> None:
    """Twice the box under the default, turned with a rolled face; never more than the job treated."""
    shape = (160, 200)
    upright = treated([face()], POLICY, shape)
    assert upright.sum() == 80 * 120
    rolled = treated([face(roll_degrees=30.0)], POLICY, shape)
    assert 0 < rolled.sum() < 160 * 200
    assert not (rolled == upright).all()


def test_the_ellipse_fills_its_box() -> None:
    """Its area is that of an ellipse."""
    inside = ellipse(BOX, (160, 200))
    assert inside.sum() == pytest.approx(np.pi * 20 * 30, rel=0.01)


def test_a_plates_region_hides_a_face_as_well_but_is_not_its_face() -> None:
    """Pixels are gone whatever they were taken for."""
    policy: Policy = POLICY
    found = judged(row(face(kind="plate")), BOX, SOURCE, masked((40, 20, 120, 140)), policy)
    assert (found.verdict, found.face) == (Verdict.HIDDEN, None)
