"""Whether donors are told from others: planted leaks are found, and where nothing leaks donors are like anybody."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from anonymizer_udfs.donors import shape
from anonymizer_udfs.donors.aligned import LEAST_EYE_PX
from anonymizer_udfs.donors.faces import Donors, bundled
from anonymizer_udfs.evaluation import donated
from anonymizer_udfs.evaluation.attacking import Means, RunAttacks
from anonymizer_udfs.evaluation.donated import MARK, AmongDonors
from anonymizer_udfs.evaluation.gathered import ATTACKED, Gathered
from anonymizer_udfs.evaluation.sides import Side
from anonymizer_udfs.evaluation.views import Lookers, Shown
from anonymizer_udfs.evidence import Figure
from anonymizer_udfs.landmarks import Dlib68, Points
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from tests.support import graphs
from tests.support.graphs import stored
from tests.unit.donors.test_aligned import seen as lying

WHO = DlibResnet.name
DONORS, PEOPLE, MIXED = 40, 60, 4


@pytest.fixture
def who(tmp_path: Path) -> DlibResnet:
    """Return a recognizer by colours; most templates here are given."""
    return DlibResnet(model=stored(tmp_path, "colours", graphs.colour_recognizer()))


def faces(leak: float, *, people: int = PEOPLE, marked: bool = True, apart: float = 0.0) -> tuple[Gathered, np.ndarray]:
    """Return faces that donors stand in for, and the donors' templates.

    Args:
        leak: how much of the mean of some donors is in each released face; the rest is nobody's.
        people: of whom there is a photo each.
        marked: whether somebody stands in for faces at all.
        apart: how far the photos of donors are from all others, whoever is on them.
    """
    draw = np.random.default_rng(1)
    kind = apart * draw.normal(size=128) / 128**0.5
    donors = draw.normal(size=(DONORS, 128)) / 128**0.5 + kind
    views = []
    for _ in range(people):
        clear, noise = (draw.normal(size=128) / 128**0.5 for _ in range(2))
        mean = donors[draw.choice(DONORS, MIXED, replace=False)].mean(0)
        released = leak * mean + (1 - leak) * noise
        every = {"clear": clear, "released": released, "donor": clear}
        mine = {f"{side}.{WHO}": one.astype(np.float32).tobytes() for side, one in every.items()}
        views.append(mine | ({MARK: b""} if marked else {}))
    names = np.array([f"p{i:03d}" for i in range(people)])
    numbers = np.ones(people, np.int64)
    return Gathered(names, numbers, names, [{}] * people, views), donors.astype(np.float32)


def figures(who: DlibResnet, given: tuple[Gathered, np.ndarray]) -> dict[str, Figure]:
    """Return what is told, by name."""
    gathered, donors = given
    return {one.name: one for one in donated.told(gathered, who, donors)}


def test_donors_that_show_are_told_from_others(who: DlibResnet) -> None:
    """Each face is the mean of four of forty, and nothing hides them."""
    found = figures(who, faces(1.0))
    assert (found["donor_auc"].value or 0) > 0.95
    assert (found["donor_tpr"].value or 0) > 0.5
    assert found["donor_auc_null"].value == pytest.approx(0.5, abs=0.15)
    assert (found["donor_auc"].cases, found["donor_auc"].people) == (PEOPLE, DONORS + PEOPLE)


def test_where_nothing_of_donors_is_left_they_are_like_anybody(who: DlibResnet) -> None:
    """A half is chance, give or take what a hundred people allow."""
    assert figures(who, faces(0.0))["donor_auc"].value == pytest.approx(0.5, abs=0.15)


def test_photos_of_another_kind_show_in_the_null(who: DlibResnet) -> None:
    """What tells donors apart without any leak does so in faces as they were, in which no donor is."""
    found = figures(who, faces(0.0, apart=1.5))
    assert found["donor_auc_null"].value == pytest.approx(found["donor_auc"].value, abs=0.15)


@pytest.mark.parametrize("given", [faces(1.0, people=15), faces(1.0, marked=False)], ids=["few", "nobody stands in"])
def test_too_few_say_nothing(who: DlibResnet, given: tuple[Gathered, np.ndarray]) -> None:
    """Missing, and not good."""
    assert not figures(who, given)


def test_a_file_of_donors_is_asked_about_as_any_attack(tmp_path: Path, who: DlibResnet) -> None:
    """From rows of an evaluation to figures: a release that shows donors' own canvases gives them away."""
    few = Donors(bundled().canvases[:16], bundled().points[:16])
    model = stored(tmp_path, "donors", few.pack())
    lookers = Lookers((who,), Runtime((str(tmp_path),)))
    shown = [next(iter(donated.templates(one, lookers).values())) for one in few.canvases]
    own = np.random.default_rng(2).normal(size=(16, len(shown[0]) // 4)).astype(np.float32)
    rows = []
    for i, one in enumerate(own):
        mine = {f"{side}.{WHO}": one.tobytes() for side in ("clear", "donor")}
        views = mine | {f"released.{WHO}": shown[i], MARK: b""}
        row = {"attack": 0, "person": f"p{i}", "number": 1, "face_id": f"f{i}", "groups": []}
        rows.append(row | {"views": [*views.items()]})
    means = Means((who,), (), (), lookers.runtime)
    given = [pa.RecordBatch.from_pylist(rows, ATTACKED)]
    (made,) = RunAttacks((AmongDonors(WHO, model),), means)(given)
    found = {row["name"]: row["value"] for row in made.to_pylist()}
    assert found["donor_auc"] == 1.0
    assert set(found) == {"donor_auc", "donor_tpr", "donor_auc_null"}


class Pointing(Dlib68):
    """A landmarker that says what it was given."""

    def __init__(self, known: np.ndarray) -> None:
        object.__setattr__(self, "known", known)

    def locate(self, rgb: Any, boxes_xyxy: Any, five: Any, detector: str, runtime: Any) -> list[Points]:
        """Return those points, whatever the picture."""
        del rgb, boxes_xyxy, five, detector, runtime
        return [Points(self.known, "68")]  # type: ignore[attr-defined]  # set above: the class is frozen


def test_donors_and_others_go_one_way(tmp_path: Path, who: DlibResnet) -> None:
    """A donor's canvas, and a photo in which that very face lies turned, have nearly one template."""
    lookers = Lookers((who,), Runtime((str(tmp_path),)))
    canvas, side = bundled().canvases[8], 400
    at = lying(roll=30.0, eyes_px=80.0)
    move = np.column_stack([at.scale * at.flat / shape.EYE_PX, at.placed(np.array([shape.CORNER]), np.zeros(1))[0]])
    photo = np.asarray(cv2.warpAffine(canvas, move, (side, side), flags=cv2.INTER_AREA), np.uint8)
    flat = np.float32(at.scale * shape.CANVAS @ at.flat.T + at.shift)
    face = Shown((100, 100, 300, 300), (100, 100, 300, 300), np.zeros((5, 2), np.float32), "yunet")
    clear = Side(photo, face, np.zeros((side, side), bool))
    (mine,) = donated.seen(clear, Pointing(flat), lookers).values()
    every = [next(iter(donated.templates(one, lookers).values())) for one in bundled().canvases]
    apart = [np.linalg.norm(np.frombuffer(one, np.float32) - np.frombuffer(mine, np.float32)) for one in every]
    assert int(np.argmin(apart)) == 8


def test_a_face_that_could_be_no_donors_is_not_asked_about(tmp_path: Path, who: DlibResnet) -> None:
    """Eyes too near to each other make no donor, and neither do they make somebody who is compared with donors."""
    lookers = Lookers((who,), Runtime((str(tmp_path),)))
    face = Shown((0, 0, 40, 40), (0, 0, 40, 40), np.zeros((5, 2), np.float32), "yunet")
    clear = Side(np.zeros((60, 60, 3), np.uint8), face, np.zeros((60, 60), bool))
    small = (shape.NEUTRAL * LEAST_EYE_PX / 4 + 30).astype(np.float32)
    assert donated.seen(clear, Pointing(small), lookers) == {}
