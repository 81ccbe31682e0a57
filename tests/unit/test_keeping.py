"""Faces of people who consented stay as they are, bit for bit; nobody else's does, whatever is unclear."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import keeping, pipeline
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evaluation import sides
from anonymizer_udfs.keeping import KeepList, Person
from anonymizer_udfs.pipeline import Work
from anonymizer_udfs.policy import Policy, public
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from anonymizer_udfs.recognition.panels import Member, Panel
from anonymizer_udfs.records import Planned, Quarantined, Released, Result
from anonymizer_udfs.sources.base import Entry
from anonymizer_udfs.spec import WorkerSpec
from tests.support import graphs, lakes, specs
from tests.support.pictures import saved

ENTRY = Entry("file:///secret.png", "file", "/secret.png", 1, 1, "", 0, 0)
ANNA, OTHER = (48, 96), (208, 96)
COLOURS = {ANNA: (0, 160, 40), OTHER: (0, 20, 170)}
"""Who somebody is, to a recognizer that looks at colours."""
AT = 0.9


def picture(*dots: tuple[int, int]) -> np.ndarray:
    """Return a grey picture with a red dot for each face, each on its own colour."""
    pixels = np.full((192, 256, 3), 90, np.uint8)
    for x, y in dots:
        pixels[y - 40 : y + 44, x - 40 : x + 44] = COLOURS[x, y]
        pixels[y : y + 4, x : x + 4] = (255, 0, 0)
    return pixels


@pytest.fixture
def spec(tmp_path: Path) -> WorkerSpec:
    """Return a worker under a policy that keeps, with one person on the list: whose face is green."""
    made = specs.red_dots(tmp_path)
    who = DlibResnet(model=graphs.stored(tmp_path, "colours", graphs.colour_recognizer()))
    member = Member(who, {"centerface": AT})
    spec = replace(made, policy=replace(made.policy, keep=True), panel=Panel((member,)))
    template = _template(picture(ANNA), who, spec)
    assert float(who.similarity(template, _template(picture(OTHER), who, spec))[0, 0]) < AT
    return replace(spec, keep=KeepList("d", (member,), (Person({(who.name, "centerface"): template}),)))


def _template(rgb: np.ndarray, who: DlibResnet, spec: WorkerSpec) -> np.ndarray:
    from anonymizer_udfs import imaging, subject  # noqa: PLC0415

    shown = imaging.decode(saved(rgb, "PNG"), max_pixels=10**6)
    (face,) = spec.policy.searcher.search(subject.sights_of([shown]), spec.policy.plan, spec.runtime)[0]
    assert face.landmarks is not None
    return who.embed(rgb, face.landmarks[None], "centerface", spec.runtime)


def became(data: bytes, how: WorkerSpec) -> Result:
    """Return what becomes of a file."""
    (result,) = pipeline.process([Work(Planned("0" * 32, "1", ENTRY), data)], how)
    return result


def methods(result: Result) -> list[str]:
    """Return how faces were treated, from left to right."""
    return [face.method for face in sorted(result.faces, key=lambda face: face.box)]


def test_who_consented_stays_and_who_did_not_is_masked(spec: WorkerSpec) -> None:
    """The second look finds the face that stays, and knows it; the record says it was kept, and not whose it is."""
    pixels = picture(ANNA, OTHER)
    result = became(saved(pixels, "PNG"), spec)
    assert isinstance(result.outcome, Released)
    assert methods(result) == ["kept", "mask"]
    kept = next(face for face in result.faces if face.method == "kept")
    assert json.loads(kept.parameters) == {"fmr": "1e-6", "similarity": {"dlib_resnet": pytest.approx(1, abs=1e-3)}}
    assert (kept.attacks, kept.landmarks) == ((), ())
    stored = np.asarray(Image.open(io.BytesIO(result.outcome.content)))
    x0, y0, x1, y1 = kept.region
    assert np.array_equal(stored[y0:y1, x0:x1], pixels[y0:y1, x0:x1])
    x0, y0, x1, y1 = next(face for face in result.faces if face.method == "mask").region
    assert len(np.unique(stored[y0:y1, x0:x1].reshape(-1, 3), axis=0)) == 1


def test_a_picture_of_nobody_else_keeps_its_pixels(spec: WorkerSpec) -> None:
    """Nothing is treated, nothing is held back, and the row says that a face was found."""
    pixels = picture(ANNA)
    result = became(saved(pixels, "PNG"), spec)
    assert isinstance(result.outcome, Released)
    assert methods(result) == ["kept"]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(result.outcome.content))), pixels)


def _without(case: str, spec: WorkerSpec) -> WorkerSpec:
    """Return the worker with one thing that is needed missing."""
    if spec.keep is None or spec.panel is None:
        raise AssertionError
    (member,) = spec.keep.members
    (person,) = spec.keep.people
    strict = Member(member.recognizer, {"centerface": 1.01})
    elsewhere = Member(member.recognizer, {"yunet": 0.0})
    changes: dict[str, Any] = {
        "the policy": {"policy": replace(spec.policy, keep=False)},
        "the list": {"keep": None},
        "anybody on it": {"keep": replace(spec.keep, people=())},
        "a threshold that is reached": {"keep": replace(spec.keep, members=(strict,))},
        "a threshold of this detector": {"keep": replace(spec.keep, members=(elsewhere,))},
        "a member of the panel": {"keep": replace(spec.keep, members=())},
        "a panel": {"panel": None},
        "templates by this detector": {
            "keep": replace(spec.keep, people=(Person({(n, "yunet"): t for (n, _), t in person.templates.items()}),))
        },
    }
    return replace(spec, **changes[case])


CASES = (
    "the policy",
    "the list",
    "anybody on it",
    "a threshold that is reached",
    "a threshold of this detector",
    "a member of the panel",
    "a panel",
    "templates by this detector",
)


@pytest.mark.parametrize("case", CASES)
def test_without_any_one_of_these_everybody_is_masked(spec: WorkerSpec, case: str) -> None:
    """Whatever is missing, a face is treated like any other."""
    assert methods(became(saved(picture(ANNA, OTHER), "PNG"), _without(case, spec))) == ["mask", "mask"]


def test_two_recognizers_have_to_agree_on_one_person(spec: WorkerSpec) -> None:
    """One takes the face for the first on the list, the other for the second: it is neither's."""
    if spec.keep is None or spec.panel is None:
        raise AssertionError
    (member,) = spec.keep.members
    (person,) = spec.keep.people
    second = Member(_Renamed(member.recognizer), {"centerface": AT})
    (template,) = person.templates.values()
    one = Person({("dlib_resnet", "centerface"): template})
    two = Person({("renamed", "centerface"): template})
    panel = Panel((member, second))
    apart = replace(spec, panel=panel, keep=KeepList("d", (member, second), (one, two)))
    assert methods(became(saved(picture(ANNA), "PNG"), apart)) == ["mask"]
    both = Person(one.templates | two.templates)
    together = replace(apart, keep=KeepList("d", (member, second), (both,)))
    assert methods(became(saved(picture(ANNA), "PNG"), together)) == ["kept"]


class _Renamed:
    """A recognizer under another name."""

    name = "renamed"

    def __init__(self, who: Any) -> None:
        self._who = who

    def __getattr__(self, name: str) -> Any:
        return getattr(self._who, name)


def test_nobody_is_kept_in_an_animation(spec: WorkerSpec) -> None:
    """A frame that is not recognised would show the same person masked beside one that is: all are masked."""
    out = io.BytesIO()
    first = Image.fromarray(picture(ANNA))
    first.save(out, "PNG", save_all=True, append_images=[Image.fromarray(picture(ANNA, OTHER))], duration=100)
    result = became(out.getvalue(), spec)
    assert not isinstance(result.outcome, Quarantined)
    assert set(methods(result)) == {"mask"}


def test_the_list_is_hidden_and_no_policy_that_ships_keeps_anybody(spec: WorkerSpec) -> None:
    """Nothing that is logged shows a template; a policy's digest is what it was before there was such a key."""
    assert "templates" not in repr(spec)
    assert "KeepList" not in repr(spec)
    assert "Person()" in repr(spec.keep.people if spec.keep else None)
    assert "keep" not in public().canonical()
    assert json.loads(replace(public(), keep=True).canonical())["keep"] is True
    assert Policy.from_mapping(replace(public(), keep=True).to_mapping()).keep
    with pytest.raises(SpecError, match="keep must be true or false"):
        replace(public(), keep=1)


def test_nobody_attacks_who_consented() -> None:
    """Their faces are left out of an evaluation; where an image's largest face is one, it is who it is said to show."""
    mask, kept = lakes.face(), lakes.face("kept")
    larger = kept | {"box": {"x0": 0.0, "y0": 0.0, "x1": 90.0, "y1": 90.0}}
    faces = [one | {"frame": 0} for one in (mask, kept)]
    row = {"image_id": "a", "faces": faces, "named": None, "person": None}
    assert [i for i, *_ in sides.wanted(row, "face")] == [0]
    row |= {"faces": [one | {"frame": 0} for one in (mask, larger)], "person": "anna"}
    assert sides.wanted(row, "face") == []
    row |= {"named": [{"face": 0, "person": "bo"}, {"face": 1, "person": "anna"}]}
    assert [who for *_, who in sides.wanted(row, "face")] == ["bo"]
    assert keeping.METHOD == "kept"
