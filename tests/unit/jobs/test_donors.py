"""``faceveil surrogates --donors``: who becomes a donor, and what is refused."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from anonymizer_udfs.donors import shape
from anonymizer_udfs.methods import StandIn
from jobs import donors, surrogates
from jobs.donors import Face, Gathered, gathered, photos
from jobs.errors import UsageError
from jobs.lake import Lake
from jobs.vaultmodels import bound
from tests.unit.jobs.cases import Told
from tests.unit.jobs.test_vaultmodels import LOCAL, models, treatment  # noqa: F401 - a fixture

FACE = (np.full((*shape.SIZE_HW, 3), 9, np.uint8), shape.NEUTRAL.astype(np.float32), math.nan)


class Named:
    """Eyes that say of a photo what its name says."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def donor(self, file: Path) -> Face | str:
        """Return a face for ``fit``, else the name."""
        self.seen.append(str(file))
        return FACE if file.stem == "fit" else file.stem


def people(*names: str) -> list[Sequence[Path]]:
    """Return people whose photos have these names."""
    return [[Path(str(i), one) for one in of.split()] for i, of in enumerate(names)]


def test_the_first_photo_that_fits_is_a_persons_donor() -> None:
    """Later ones are not looked at; who has none is counted, and so is why."""
    eyes = Named()
    made = gathered(people("fit other", "turned fit", "turned small"), eyes)  # type: ignore[arg-type]  # a double
    assert (len(made.faces), made.nobody) == (2, 1)
    assert made.left_out == {"turned": 2, "small": 1}
    assert "0/other" not in eyes.seen


def test_a_few_people_are_too_few() -> None:
    """A mean of few shows who they are."""
    least = donors.LEAST_PEOPLE
    assert len(Gathered((FACE,) * least).donors()) == least
    with pytest.raises(UsageError, match=f"gave {least - 1}"):
        Gathered((FACE,) * (least - 1)).donors()


def test_ages_are_kept_where_all_are_known() -> None:
    """One donor without an age would never be near anybody: then nobody has one."""
    old = [(*FACE[:2], float(40 + i)) for i in range(donors.LEAST_PEOPLE)]
    years = Gathered(tuple(old)).donors().years
    assert years is not None
    assert years.tolist() == [one[2] for one in old]
    assert Gathered((*old[:-1], FACE)).donors().years is None


def test_ages_are_of_donors(told: Told, lake: Lake) -> None:
    """Groups have none."""
    assert "--ages is for --donors" in told(surrogates, lake.uri, "--ages", "mine/genderage.onnx", code=2)


def test_photos_lie_in_one_folder_a_person(tmp_path: Path) -> None:
    """In order; files beside the folders are nobody's."""
    with pytest.raises(UsageError, match="one folder a person"):
        photos(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        photos(tmp_path / "none")
    for name in ("b/2.jpg", "b/1.jpg", "a/1.jpg", "readme.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [[file.name for file in of] for of in photos(tmp_path)] == [["1.jpg"], ["1.jpg", "2.jpg"]]


def test_without_the_licence_nothing_is_read(told: Told, lake: Lake, tmp_path: Path) -> None:
    """The landmarker's model is not for every use; it is said what to accept."""
    (tmp_path / "people" / "a").mkdir(parents=True)
    said = told(surrogates, lake.uri, "--donors", tmp_path / "people", code=1)
    assert "ibug-300-w-non-commercial" in said


def test_donors_and_groups_are_two_things(told: Told, lake: Lake, tmp_path: Path) -> None:
    """Options of the one are refused with the other."""
    said = told(surrogates, lake.uri, "--donors", tmp_path, "--threshold", "0.5", code=2)
    assert "--donors groups nobody" in said


def test_a_run_is_given_the_newest_donors(models: donors.VaultModels, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """A surrogate of the archive's donors has them; one of drawn faces needs no vault."""
    content = Gathered((FACE,) * donors.LEAST_PEOPLE).donors().pack()
    ref = models.keep(donors.NAME, content, donors.LEAST_PEOPLE, "run-1")
    before = treatment(tmp_path, StandIn(donors="archive"))
    assert bound(before, models.vault, LOCAL).policy.face.chain[0] == StandIn(donors="archive", model=ref)
    drawn = treatment(tmp_path, StandIn())
    assert bound(drawn, None, LOCAL) is drawn
    with pytest.raises(UsageError, match="--vault"):
        bound(before, None, LOCAL)
