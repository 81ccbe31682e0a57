"""What the frontier makes of photos for methods that take a model from a vault: a space, and donors."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from anonymizer_udfs.donors import shape
from anonymizer_udfs.donors.faces import read
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.landmarks import Points
from anonymizer_udfs.methods import Latent, Mask, StandIn, space
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import file_digest, locate
from benchmarks import frontier
from benchmarks.frontiers import choice, learned
from benchmarks.frontiers.learned import Made
from benchmarks.frontiers.people import People, Photo
from tests.unit.benchmarks.drawn import FACE, LANDMARKS, photo

PHOTOS, PEOPLE = 9, 101


@dataclass(frozen=True)
class Frontal:
    """Sees a neutral face of a fitting size wherever it is shown one."""

    model: ModelRef
    name: ClassVar[str] = "frontal"

    def locate(self, *asked: Any) -> Sequence[Points]:
        """Return points around the middle of each face, by the five that are the third that is asked."""
        return [Points((80 * shape.NEUTRAL + five.mean(0)).astype(np.float32), "68") for five in asked[2]]


def archive(folder: Path, people: int, donors: int) -> People:
    """Return people with two photos of one face that differs a little, and people with one photo."""
    folder.mkdir()
    draw = np.random.default_rng(3)
    for number in range(PHOTOS):
        noise = draw.normal(0, 12, (15, 15, 3))
        shaded = photo() + cv2.resize(noise, (150, 150), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number}.png"), np.clip(shaded, 0, 255).astype(np.uint8))

    def shown(person: str, number: int) -> Photo:
        moved = np.array(LANDMARKS, np.float32) + draw.normal(0, 0.5, (5, 2)).astype(np.float32)
        return Photo(person, folder / f"{number % PHOTOS}.png", np.array(FACE, np.float32), moved)

    known = [shown(f"p{i}", 2 * i + j) for i in range(people) for j in range(2)]
    return People(tuple(known[::2]), tuple(known), tuple(shown(f"d{i}", i) for i in range(donors)), 0)


@pytest.fixture
def landmarker(tmp_path: Path) -> Frontal:
    """Return who gives 68 points; its model is a file that nobody reads."""
    (tmp_path / "frontal").write_bytes(b"68")
    return Frontal(ModelRef("frontal", "frontal", file_digest(tmp_path / "frontal")))


def test_a_space_is_learned_once_and_a_method_gets_it(tmp_path: Path) -> None:
    """Every amount has the same, as a file under its digest; what needs nothing is as it was."""
    made = Made(archive(tmp_path / "photos", PEOPLE, 0), None, Runtime((str(tmp_path),)))
    half, whole = made.bound(Latent(0.5)), made.bound(Latent(1.0))
    assert isinstance(half, Latent)
    assert isinstance(whole, Latent)
    assert half.model is not None
    assert half.model == whole.model
    assert space.read(locate(half.model, made.runtime).read_bytes()).scheme == "5"
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    assert [made.bound(one) for one in (Mask(), StandIn())] == [Mask(), StandIn()]
    named = replace(whole, model=ModelRef("mine", "mine", "1" * 64))
    assert made.bound(named) is named


def test_donors_are_people_whom_nobody_attacks(tmp_path: Path, landmarker: Frontal) -> None:
    """Of one photo each, at most so many; without a landmarker there are none, and too few are refused."""
    people = archive(tmp_path / "photos", 2, learned.DONORS + 5)
    made = Made(people, landmarker, Runtime((str(tmp_path),)))
    bound = made.bound(StandIn(donors="archive"))
    assert isinstance(bound, StandIn)
    assert bound.model is not None
    assert len(read(locate(bound.model, made.runtime).read_bytes())) == learned.DONORS
    assert replace(made, landmarker=None).bound(StandIn(donors="archive")) == StandIn(donors="archive")
    with pytest.raises(SpecError, match="16 must be able to be donors, 2 can"):
        Made(replace(people, learning=people.gallery[:0] + people.learning[:2]), landmarker, made.runtime).bound(
            StandIn(donors="archive")
        )


def test_what_too_few_people_cannot_make_is_left_out_in_words(
    tmp_path: Path, landmarker: Frontal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once for each method; what needs no model is measured, with five points and with 68."""
    made = Made(archive(tmp_path / "photos", 3, 1), landmarker, Runtime((str(tmp_path),)))
    chosen = choice.strengths(args("--methods", "mask,latent,surrogate"), made)
    assert [one.method.name for one in chosen] == ["mask"] * 5 + ["surrogate"] * 6
    assert chosen[-1].method == StandIn(landmarker=landmarker)
    said = capsys.readouterr().err
    assert said.count("left out: latent: a latent space needs faces of at least 100 people, got 3") == 1
    assert said.count("left out:") == 2
    assert "left out: surrogate: of the people with one photo 16" in said


def args(*words: str) -> argparse.Namespace:
    """Return what words on the command line say."""
    return frontier.parser().parse_args(list(words))
