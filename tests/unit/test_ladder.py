"""Which policy may take the place of another: one that does no less, in all that can be compared."""

from dataclasses import replace

import pytest

from anonymizer_udfs import ladder
from anonymizer_udfs.around import Around
from anonymizer_udfs.detection import YuNet
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.policy import KindRule, Policy
from conf import policies


@pytest.fixture
def mild() -> Policy:
    """The shipped policy that raises images."""
    return Policy.from_mapping(policies.load("internal"))


@pytest.mark.parametrize("name", policies.names())
def test_what_ships_is_raised_to_what_is_stronger(name: str) -> None:
    """Each shipped policy's ``to`` is another one that does no less anywhere."""
    shipped = Policy.from_mapping(policies.load(name))
    if shipped.risk is not None:
        ladder.check(shipped, Policy.from_mapping(policies.load(shipped.risk.to)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"tier": 20}, "tier must be the higher", id="same-tier"),
        pytest.param({"tier": 0}, "tier must be the higher", id="no-tier"),
        pytest.param({"detectors": (YuNet(),)}, "does not ask centerface", id="detector"),
        pytest.param({"face": KindRule((Mask(),), 1.2)}, "region of a face is milder", id="region"),
        pytest.param({"face": KindRule((Pixelate(6), Mask()), 1.6)}, "first method of a face is milder", id="method"),
        pytest.param({"panel": ("arcface",)}, "panel does not have dlib_resnet", id="panel"),
        pytest.param({"second_look": None}, "does not look again", id="second-look"),
        pytest.param({"keep": True}, "leaves people visible who consented", id="keep"),
        pytest.param({"thorough_share": 0.01}, "searches fewer pictures thoroughly", id="share"),
    ],
)
def test_what_would_lower_anything_is_no_raise(mild: Policy, change: dict[str, object], says: str) -> None:
    """A tier is a claim; what can be compared has to bear it out."""
    strong = Policy.from_mapping(policies.load("partner"))
    ladder.check(mild, strong)
    with pytest.raises(SpecError, match=says):
        ladder.check(mild, replace(strong, **change))  # type: ignore[arg-type]


def test_a_face_that_cannot_be_judged_is_no_more_visible_after_a_raise(mild: Policy) -> None:
    """Masked before, masked after; where the mask is all that there is, nobody has to judge."""
    strong, strict = Policy.from_mapping(policies.load("partner")), replace(mild, unjudged="mask")
    with pytest.raises(SpecError, match="lets faces pass that its panel cannot judge"):
        ladder.check(strict, strong)
    ladder.check(strict, replace(strong, unjudged="mask"))
    ladder.check(strict, replace(strong, face=KindRule((Mask(),), 1.6)))


def test_what_is_around_a_face_is_treated_after_a_raise_as_well(mild: Policy) -> None:
    """As many parts, as strongly; the thorough plan needs no share."""
    strong = Policy.from_mapping(policies.load("public"))
    hair = replace(mild, face=replace(mild.face, around=Around(("hair",), Pixelate(5))))
    with pytest.raises(SpecError, match="treatment around of a face is milder"):
        ladder.check(hair, strong)
    for around in (Around(("neck",), Mask()), Around(("hair",), Pixelate(9))):
        with pytest.raises(SpecError, match="treatment around"):
            ladder.check(hair, replace(strong, face=replace(strong.face, around=around)))
    more = replace(strong.face, around=Around(("hair", "neck"), Pixelate(4)))
    ladder.check(hair, replace(strong, face=more, thorough_share=0.0))
