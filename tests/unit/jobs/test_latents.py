"""What ``faceveil surrogates --latent`` refuses, and what it says, without Spark."""

from pathlib import Path

import pytest

from anonymizer_udfs.errors import ModelError, UnknownNameError
from anonymizer_udfs.models.base import ModelRef
from conf.settings import load
from jobs import measurers, surrogates
from jobs.latents import Learned

BAD_ARGUMENTS = 2


def test_a_landmarker_without_latent_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Groups need none, so whoever gives one means something else; nothing is made."""
    assert surrogates.main([str(tmp_path / "lake"), "--landmarker", "dlib68"]) == BAD_ARGUMENTS
    assert "--landmarker is for --latent" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_landmarkers_licence_must_be_accepted() -> None:
    """Dlib's points are not free for commercial use: their name alone is not enough."""
    with pytest.raises(ModelError, match="licence"):
        measurers.landmarker("dlib68", load("local", []))


def test_an_unknown_landmarker_is_no_model_of_ours() -> None:
    """It is answered with what is known."""
    with pytest.raises((ModelError, UnknownNameError), match="dlib99"):
        measurers.landmarker("dlib99", load("local", []))


def test_what_was_learned_is_said_in_counts() -> None:
    """People, faces and modes, and which model it is; no name and no path."""
    model = ModelRef.fetched("latent", "ab" * 32, ".safetensors")
    done = Learned("run", {"read": 12, "gone": 1}, 5, 12, "68", (30, 200), model)
    assert done.lines() == [
        "faces of the lake: 1 gone, 12 read",
        "learned from 12 faces of 5 people",
        "the space has 30 modes of shape and 200 of texture",
        "written: model latent abababababab, into the lake's vault",
    ]
    assert done.as_dict()["learned"] == {"people": 5, "faces": 12, "points": "68", "shape": 30, "texture": 200}
    assert done.as_dict()["model"] == {"name": "latent", "sha256": "ab" * 32}
