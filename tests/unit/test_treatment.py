"""What the record of a face says of its method."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import methods, pipeline
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import decode
from anonymizer_udfs.methods import DpPix, Mask, Pixelate, StandIn, Target
from anonymizer_udfs.methods.mask import FORMS, OPAQUE
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.treatment import Treated, treat
from tests.support import specs
from tests.support.learning import Learned

UPRIGHT = np.array([[54, 52], [66, 52], [60, 60], [55, 68], [65, 68]], np.float32)
TURN = np.array([[0.8, -0.6], [0.6, 0.8]], np.float32)
"""By 37 degrees; a region snaps to none of the quarter turns then."""
POINTS = {"upright": UPRIGHT, "rolled": (UPRIGHT - [60, 60]) @ TURN.T + [60, 60]}


def treated(method: methods.Method, points: np.ndarray | None, mode: str, models: Path) -> Treated:
    """Return a grey picture with one face, treated by a method."""
    out = io.BytesIO()
    Image.new(mode, (120, 120), 120).save(out, "PNG")
    sighting = (Sighting("centerface", "full", 0.9),)
    marks = None if points is None else points.astype(np.float32)
    found = Finding("face", np.array([40, 40, 80, 84], np.float32), 0.9, sighting, landmarks=marks)
    spec = specs.red_dots(models)
    chain = (method,) if isinstance(method, Mask) and method.opaque else (method, Mask())
    mild = replace(spec, policy=replace(spec.policy, face=KindRule(chain, 1.5)))
    return treat(decode(out.getvalue(), max_pixels=10**6), [Found(found, Look.PLAN)], "0" * 32, mild)


@pytest.mark.parametrize("points", [pytest.param(points, id=name) for name, points in POINTS.items()])
@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 3)])
def test_what_a_method_promises_is_in_the_record(tmp_path: Path, points: np.ndarray, mode: str, channels: int) -> None:
    """For the pixels that were treated, of a turned region its own alone, and for the colours without alpha."""
    made = treated(DpPix(2.0), points, mode, tmp_path)
    said = json.loads(made.faces[0].parameters)
    pixels = int(made.covered().sum())
    promised = DpPix(2.0).promise(Target((0, 0, 40, 44)), pixels, channels)
    assert said == {**methods.parameters(DpPix(2.0)), "promise": promised}
    assert (pixels < np.prod(np.subtract(*np.reshape(made.regions[0].box, (2, 2))))) == (points is POINTS["rolled"])


@pytest.mark.parametrize("points", [pytest.param(points, id=name) for name, points in POINTS.items()])
@pytest.mark.parametrize("form", FORMS)
def test_only_what_covers_all_counts_as_blank(tmp_path: Path, points: np.ndarray, form: str) -> None:
    """A recognizer is not told that a region shows nothing of the picture where it does."""
    made = treated(Mask(form=form), points, "RGB", tmp_path)
    assert made.blank == (made.regions if form in OPAQUE else ())
    assert treated(Pixelate(1, 1.0), points, "RGB", tmp_path).blank == ()


def test_frames_of_an_animation_promise_nothing(tmp_path: Path) -> None:
    """They share their noise, so that the difference of two shows that of the originals."""
    first, second = (np.full((96, 96, 3), level, np.uint8) for level in (90, 120))
    for frame in (first, second):
        frame[40:44, 40:44] = (255, 0, 0)
    frames = [Image.fromarray(frame) for frame in (first, second)]
    spec = specs.red_dots(tmp_path)
    mild = replace(spec, policy=replace(spec.policy, face=KindRule((DpPix(2.0), Mask()), 1.5)))
    said = []
    for name, more in (("still.png", []), ("moving.png", frames[1:])):
        frames[0].save(tmp_path / name, save_all=bool(more), append_images=more)
        (batch,) = pipeline.anonymize_partition(specs.planned(tmp_path / name).to_batches(), mild)
        (row,) = batch.to_pylist()
        said.append(["promise" in json.loads(face["parameters"]) for face in row["faces"]])
    assert said == [[True], [False, False]]


def test_who_promises_nothing_says_nothing(tmp_path: Path) -> None:
    """Parameters alone."""
    made = treated(Pixelate(5), UPRIGHT, "RGB", tmp_path)
    assert json.loads(made.faces[0].parameters) == methods.parameters(Pixelate(5))


def test_a_method_with_a_model_runs_it(tmp_path: Path) -> None:
    """It is told where models lie and who gave the landmarks; without landmarks the next of the chain serves."""
    (tmp_path / "level.txt").write_bytes(b"51")
    ref = ModelRef("level", "level.txt", hashlib.sha256(b"51").hexdigest())
    made = treated(Learned(ref), UPRIGHT, "L", tmp_path)
    assert made.faces[0].method == "learned"
    assert np.unique(made.picture.pixels[made.covered()]).tolist() == [51]
    bare = treated(Learned(ref), None, "L", tmp_path)
    assert (bare.faces[0].method, bare.faces[0].steps) == ("mask", 2)


def test_a_surrogate_is_put_where_the_points_say(tmp_path: Path) -> None:
    """The record names its parameters and who would find points; a face without five points takes the next method."""
    made = treated(StandIn(cells=3), UPRIGHT, "L", tmp_path)
    assert made.faces[0].method == "surrogate"
    said = json.loads(made.faces[0].parameters)
    assert said == {"k": 8, "cells": 3, "landmarker": None, "donors": "drawn", "ages": None}
    inside = made.picture.pixels[made.covered()].astype(int)
    assert np.ptp(inside) > 20
    assert (made.picture.pixels[~made.covered()] == 120).all()
    bare = treated(StandIn(), None, "L", tmp_path)
    assert (bare.faces[0].method, bare.faces[0].steps) == ("mask", 2)
