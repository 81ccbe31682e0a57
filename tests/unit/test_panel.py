"""The panel decides, image by image: what is recognised gets the next method, and with it all faces beside it."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import panel, pipeline
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import Mask, Method, Pixelate
from anonymizer_udfs.pipeline import Work
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from anonymizer_udfs.recognition.panels import Member, Panel
from anonymizer_udfs.records import Planned, Released, Result, Status
from anonymizer_udfs.sources.base import Entry
from anonymizer_udfs.spec import Measure, WorkerSpec
from tests.support import graphs, specs
from tests.support.pictures import saved

CHAIN = (Pixelate(16, 0.0), Pixelate(2, 1.0), Mask())
"""Nearly nothing, nearly all, all."""
ENTRY = Entry("file:///secret.png", "file", "/secret.png", 1, 1, "", 0, 0)


def spec(folder: Path, threshold: float, chain: tuple[Method, ...] = CHAIN, unjudged: str = "mask") -> WorkerSpec:
    """Return a worker that takes red dots for faces, and colours for who somebody is."""
    made = specs.red_dots(folder, *chain)
    who = DlibResnet(model=graphs.stored(folder, "colours", graphs.colour_recognizer()))
    policy = replace(made.policy, unjudged=unjudged)
    return replace(made, policy=policy, panel=Panel((Member(who, {"centerface": threshold}),)))


def picture(*dots: tuple[int, int], flat: tuple[int, ...] = (), side: int = 192) -> np.ndarray:
    """Return a coloured pattern with red dots in it; those numbered in ``flat`` lie on grey."""
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 180, (side // 8, side // 8, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    pixels[..., 0] = 0
    for number, (x, y) in enumerate(dots):
        if number in flat:
            pixels[y - 40 : y + 44, x - 40 : x + 44] = 90
        pixels[y : y + 4, x : x + 4] = (255, 0, 0)
    return pixels


def became(data: bytes, how: WorkerSpec) -> Result:
    """Return what becomes of a file."""
    (result,) = pipeline.process([Work(Planned("0" * 32, "1", ENTRY), data)], how)
    return result


def tried(result: Result) -> list[tuple[str, int, list[tuple[int, bool]]]]:
    """Return of each face its method, its place in the chain, and what was said of it after which."""
    return [(face.method, face.steps, [(a.step, a.matched) for a in face.attacks]) for face in result.faces]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        pytest.param(1.5, ("pixelate", 1, [(1, False)]), id="nobody-is-recognised"),
        pytest.param(0.5, ("pixelate", 2, [(1, True), (2, False)]), id="by-the-first"),
        pytest.param(-9.0, ("mask", 3, [(1, True), (2, True)]), id="by-all-but-the-mask"),
    ],
)
def test_the_chain_is_climbed_until_nobody_is_recognised(
    tmp_path: Path, threshold: float, expected: tuple[str, int, list[tuple[int, bool]]]
) -> None:
    """One method after another, each with its scores in the record; the last needs no verdict."""
    result = became(saved(picture((96, 96)), "PNG"), spec(tmp_path, threshold))
    assert isinstance(result.outcome, Released)
    assert result.outcome.status is Status.ANONYMIZED
    assert tried(result) == [expected]


def test_all_faces_of_an_image_get_one_method(tmp_path: Path) -> None:
    """One of the two lies on grey and stays like its original: both are treated harder."""
    result = became(saved(picture((48, 96), (144, 96), flat=(1,)), "PNG"), spec(tmp_path, 0.85))
    by_place = sorted(result.faces, key=lambda face: face.box)
    assert [(face.method, face.steps) for face in by_place] == [("pixelate", 2)] * 2
    assert [[(a.step, a.matched) for a in face.attacks] for face in by_place] == [
        [(1, False), (2, False)],
        [(1, True), (2, False)],
    ]


def test_what_is_stored_is_what_was_judged(tmp_path: Path) -> None:
    """The file holds the last method's pixels: a fill, where all else was recognised."""
    result = became(saved(picture((96, 96)), "PNG"), spec(tmp_path, -9.0))
    assert isinstance(result.outcome, Released)
    stored = np.asarray(Image.open(io.BytesIO(result.outcome.content)))
    x0, y0, x1, y1 = result.faces[0].region
    assert np.unique(stored[y0:y1, x0:x1]).tolist() == [128]


@pytest.mark.parametrize(("unjudged", "method"), [("mask", "mask"), ("pass", "pixelate")])
def test_a_face_that_nobody_can_judge(tmp_path: Path, unjudged: str, method: str) -> None:
    """Of another detector's points the recognizer knows nothing: the mask at once, unless the policy lets it pass."""
    how = spec(tmp_path, 1.5, unjudged=unjudged)
    if how.panel is None:
        raise AssertionError
    (member,) = how.panel.members
    elsewhere = replace(how, panel=Panel((replace(member, thresholds={"yunet": 0.0}),)))
    (face,) = became(saved(picture((96, 96)), "PNG"), elsewhere).faces
    assert (face.method, face.attacks) == (method, ())


def test_every_frame_of_an_animation_gets_the_same(tmp_path: Path) -> None:
    """The face is in the second frame alone; all frames in which it is treated are made anew."""
    frames = [Image.fromarray(picture()), *[Image.fromarray(picture((96, 96)))] * 2]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=100)
    result = became(out.getvalue(), spec(tmp_path, 0.5))
    assert len(result.faces) >= 2
    assert {(face.method, face.steps) for face in result.faces} == {("pixelate", 2)}


def test_a_sampled_image_keeps_all_that_was_said(tmp_path: Path) -> None:
    """The measure adds its figures, and what is said of the mask, for the record; it matches nobody."""
    how = replace(spec(tmp_path, -9.0), measure=Measure(1.0))
    (face,) = became(saved(picture((96, 96)), "PNG"), how).faces
    assert [(a.step, a.matched) for a in face.attacks] == [(1, True), (2, True), (3, False)]
    assert dict(face.utility)


def test_where_every_method_is_opaque_nobody_is_asked(tmp_path: Path) -> None:
    """It costs nothing then; and without a panel there is no judge."""
    opaque = spec(tmp_path, 0.9, (Mask(),))
    assert panel.judge(opaque) is None
    assert panel.judge(replace(spec(tmp_path, 0.9), panel=None)) is None
    assert panel.judge(spec(tmp_path, 0.9)) is not None
    result = became(saved(picture((96, 96)), "PNG"), opaque)
    assert tried(result) == [("mask", 1, [])]
    assert "panel" not in result.timings_ms


def test_a_panel_has_members_that_can_be_told_apart(tmp_path: Path) -> None:
    """Scores are recorded by name."""
    who = DlibResnet(model=graphs.stored(tmp_path, "colours", graphs.colour_recognizer()))
    for members in ((), (Member(who, {}), Member(who, {}))):
        with pytest.raises(SpecError, match="at least one recognizer, each of another name"):
            Panel(members)
