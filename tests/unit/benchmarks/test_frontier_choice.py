"""What the frontier measures where some is wished for, or not there."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import pytest

from anonymizer_udfs.methods import Pixelate, Warp
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import file_digest
from benchmarks import frontier
from benchmarks.frontiers import choice
from benchmarks.frontiers.strengths import STRENGTHS, Strength
from tests.support import learning


def args(*words: str) -> argparse.Namespace:
    """Return what words on the command line say."""
    return frontier.parser().parse_args(list(words))


def test_an_unknown_method_is_refused() -> None:
    """With the names of those that there are."""
    with pytest.raises(SystemExit, match="no method is called 'blurr'; known: mask, pixelate"):
        choice.strengths(args("--methods", "mask,blurr"))


def test_any_method_can_be_measured_as_a_policy_gives_it() -> None:
    """One wish makes one line, on the region asked for, and nothing else is measured."""
    (one,) = choice.strengths(args("--method", "{name: warp, amplitude: 0.1}", "--region-ratio", "1.3"))
    assert (one.method, one.region_ratio) == (Warp(0.1), 1.3)
    both = choice.strengths(args("--method", "pixelate", "--methods", "mask"))
    assert [one.method.name for one in both] == ["mask"] * 5 + ["pixelate"]
    assert both[-1].method == Pixelate()


@pytest.mark.parametrize(
    "wish", ["{name: warp, amplitude: 9}", "{name: nobody}", "{a: ["], ids=["range", "name", "yaml"]
)
def test_a_wish_that_is_none_is_refused(wish: str) -> None:
    """With what was wished for."""
    with pytest.raises(SystemExit, match="no method can be made of"):
        choice.strengths(args("--method", wish))


def test_each_part_of_a_face_is_masked_alone() -> None:
    """Where parts are asked for, nothing else is measured."""
    names = [one.label.split()[1] for one in choice.strengths(args("--parts"))]
    assert names == ["part=eyes", "part=nose", "part=periphery", "part=mouth"]


def test_without_a_word_every_method_is_measured() -> None:
    """All of those whose models are there; none of ours that is without one is left out."""
    plain = {name for name, of in STRENGTHS.items() if choice.lacking(of[0].method, Runtime(())) is None}
    assert not {"latent", "swap"} & plain
    assert {"mask", "pixelate", "k_same", "regions"} <= plain <= {one.method.name for one in choice.strengths(args())}


def test_without_photos_a_person_is_told(tmp_path: Path) -> None:
    """Nothing is measured on a folder that is not there."""
    with pytest.raises(SystemExit, match="give the folder PHOTOS"):
        frontier.main([str(tmp_path / "none"), "--methods", "mask"])


def test_a_landmarker_that_was_not_fetched_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, with the command that fetches it; whoever wants none hears nothing."""
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path))
    assert choice.landmarker(args(), Runtime((str(tmp_path),))) is None
    assert "faceveil models fetch dlib68" in capsys.readouterr().err
    assert choice.landmarker(args("--landmarker", "none"), Runtime(())) is None
    assert capsys.readouterr().err == ""


def test_a_method_without_its_model_is_left_out(tmp_path: Path) -> None:
    """One whose model a lake makes says so, one whose file is not there names it; with it nothing is lacking."""
    runtime = Runtime((str(tmp_path),))
    assert "lies in the vault as level" in str(choice.lacking(learning.Learned(), runtime))
    (tmp_path / "level").write_bytes(b"70")
    digest = file_digest(tmp_path / "level")
    there, gone = (learning.Learned(ModelRef(name, name, digest)) for name in ("level", "other"))
    assert choice.lacking(there, runtime) is None
    assert "model other: no file" in str(choice.lacking(gone, runtime))


def test_what_is_left_out_is_said_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Five strengths of one method lack one model; what is left is measured, and nothing at all is an error."""
    five = tuple(Strength(learning.Learned(), ratio) for ratio in (1.0, 1.3, 1.6, 2.0, 2.5))
    monkeypatch.setitem(STRENGTHS, "learned", five)
    assert [one.method.name for one in choice.strengths(args("--methods", "mask,learned"))] == ["mask"] * 5
    assert capsys.readouterr().err.count("left out: learned") == 1
    with pytest.raises(SystemExit, match="no method is left"):
        choice.strengths(args("--methods", "learned"))


def test_a_method_that_does_without_its_model_is_measured() -> None:
    """A lake may make a model for a method that has a way of its own without it."""

    @dataclass(frozen=True)
    class Able(learning.Learned):
        """Needs none as it is."""

        name = "able"
        vault_model = None  # type: ignore[assignment]

    assert choice.lacking(Able(), Runtime(())) is None
