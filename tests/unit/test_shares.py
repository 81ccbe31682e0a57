"""Which method the faces of an image take, and that it is one for all of them."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import decode
from anonymizer_udfs.methods import KSame, Mask, Pixelate, Target
from anonymizer_udfs.methods.surrogate import Surrogate
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.shares import Share, Shares
from anonymizer_udfs.treatment import Treated, treat
from tests.support import specs
from tests.unit.methods.test_k_same import canvas

LEFT, RIGHT = (20.0, 40.0, 50.0, 80.0), (120.0, 40.0, 150.0, 80.0)
ONE, TWO = Surrogate(canvas(1), 20), Surrogate(canvas(2), 23)
BOTH = Shares((Share(LEFT, ONE), Share(RIGHT, TWO)))


def found(*boxes: tuple[float, float, float, float], kind: str = "face") -> list[Found]:
    """Return findings without points."""
    seen = (Sighting("centerface", "full", 0.9),)
    return [Found(Finding(kind, np.array(box, np.float32), 0.9, seen), Look.PLAN) for box in boxes]


def treated(folder: Path, shares: Shares, *every: Found, animated: bool = False) -> Treated:
    """Return a grey picture, treated by k_same, or where that cannot be, in cells."""
    out = io.BytesIO()
    Image.new("RGB", (180, 120), (120, 120, 120)).save(out, "PNG")
    spec = specs.red_dots(folder)
    rule = KindRule((KSame(20), Mask()), 1.2)
    spec = replace(spec, policy=replace(spec.policy, face=rule))  # which holds for plates, too
    return treat(decode(out.getvalue(), max_pixels=10**6), every, "0" * 32, spec, animated=animated, shares=shares)


def test_each_face_gets_the_surrogate_of_its_record(tmp_path: Path) -> None:
    """In whatever order they are found; the record has the digest, by which faces are counted, and k."""
    made = treated(tmp_path, BOTH, *found(RIGHT, LEFT))
    assert [json.loads(face.parameters) for face in made.faces] == [
        {"k": 20, "surrogate_sha256": one.sha256} for one in (TWO, ONE)
    ]
    assert [(face.method, face.steps) for face in made.faces] == [("k_same", 1)] * 2


@pytest.mark.parametrize(
    ("shares", "boxes", "animated"),
    [
        pytest.param(Shares(), (LEFT,), False, id="nobody-grouped"),
        pytest.param(Shares(BOTH.known[:1]), (LEFT, RIGHT), False, id="one-of-two"),
        pytest.param(BOTH, (LEFT, (60.0, 10.0, 70.0, 20.0)), False, id="a-face-nobody-knows"),
        pytest.param(Shares((*BOTH.known, Share(LEFT, TWO))), (LEFT, RIGHT), False, id="two-records-of-one-face"),
        pytest.param(BOTH, (LEFT, (20.5, 40.0, 50.0, 80.0)), False, id="two-faces-of-one-record"),
        pytest.param(Shares((Share(LEFT, Surrogate(canvas(), 19)),)), (LEFT,), False, id="too-few-people"),
        pytest.param(Shares((Share((29.0, 40.0, 59.0, 80.0), ONE),)), (LEFT,), False, id="elsewhere"),
        pytest.param(BOTH, (LEFT, RIGHT), True, id="animation"),
    ],
)
def test_all_faces_take_the_next_method_where_one_has_no_surrogate(
    tmp_path: Path, shares: Shares, boxes: tuple[tuple[float, float, float, float], ...], animated: bool
) -> None:
    """Fail closed and alike: one face under a mask beside one with a surrogate would be told apart."""
    made = treated(tmp_path, shares, *found(*boxes), animated=animated)
    assert [(face.method, face.steps) for face in made.faces] == [("mask", 2)] * len(boxes)


def test_a_plate_takes_nothing_from_the_faces(tmp_path: Path) -> None:
    """A plate has no surrogate and takes its own next method."""
    made = treated(tmp_path, BOTH, *found(LEFT, RIGHT), *found((60.0, 90.0, 90.0, 100.0), kind="plate"))
    assert [face.method for face in made.faces] == ["k_same", "k_same", "mask"]


def test_a_chain_is_taken_from_its_first_method_that_serves_every_face() -> None:
    """Methods that need no surrogate serve all, in animations too; others serve all of an image or none."""
    bare, shared = Target(LEFT), Target(LEFT, surrogate=TWO)
    assert KindRule((Pixelate(), KSame(), Mask()), 2.0).step([bare]) == 0
    assert KindRule((KSame(23), KSame(24), Mask()), 2.0).step([shared]) == 0
    assert KindRule((KSame(24), Mask()), 2.0).step([shared]) == 1
    assert KindRule((KSame(23), Mask()), 2.0).step([shared, bare]) == 1
    assert KindRule((KSame(23), Mask()), 2.0).step([shared], animated=True) == 1
    assert KindRule((Pixelate(), Mask()), 2.0).step([bare], animated=True) == 0
