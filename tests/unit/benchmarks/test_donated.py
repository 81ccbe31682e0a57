"""Who is a donor and who of the archive in the benchmark that asks whether donors can be told."""

from pathlib import Path

import cv2
import numpy as np
import yaml

from anonymizer_udfs.methods import StandIn
from anonymizer_udfs.methods.stand_in import ARCHIVE
from benchmarks import donated, photos
from benchmarks.attacked.people import chosen


def test_nobody_is_donor_and_of_the_archive(tmp_path: Path) -> None:
    """Who has one photo may be a donor; who has two is of the archive, as far as people are asked for."""
    for name, count in {"a": 2, "b": 1, "c": 2, "d": 1, "e": 3}.items():
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.jpg").touch()
    consented, archive = donated.apart(chosen(tmp_path, least=1), 2)
    assert [one.person for one in consented] == ["b", "d"]
    assert [one.person for one in archive] == ["a", "a", "c", "c"]


def test_photos_are_doubled_once(tmp_path: Path) -> None:
    """A benchmark that goes on finds them as they are to be."""
    file = tmp_path / "photos" / "a" / "0.jpg"
    file.parent.mkdir(parents=True)
    cv2.imwrite(str(file), np.full((20, 30, 3), 90, np.uint8))
    for _ in range(2):
        donated.enlarge(tmp_path / "photos")
        assert photos.read(file).shape == (40, 60, 3)
    assert sorted(one.name for one in (tmp_path / "photos").rglob("*")) == ["0.jpg", "a"]


def test_the_policy_mixes_as_many_donors_as_asked() -> None:
    """Of the archive, by 68 points."""
    wish = yaml.safe_load(donated.POLICY.format(k=3, landmarker="dlib68"))["face"]["chain"][0]
    assert (wish["name"], wish["k"], wish["donors"]) == (StandIn.name, 3, ARCHIVE)
