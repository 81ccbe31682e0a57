"""Promise 4: no face leaves that the panel still recognises; each is attacked in the bytes that are stored."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from anonymizer_udfs import panel, subject, udfs
from anonymizer_udfs.imaging import decode
from anonymizer_udfs.panel import Pair
from conf import policies
from conf.settings import load
from jobs.context import treatment
from tests.support.anonymizing import DONE, anonymize, by_name, events, rows
from tests.support.pictures import PORTRAIT, group, portrait, saved, write

FACES = 8


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait in two formats and a group of six."""
    files = {"one.png": saved(PORTRAIT, "PNG"), "two.jpg": portrait(8, "JPEG", quality=92), "group.jpg": group()}
    return write(tmp_path_factory.mktemp("panel") / "photos", files)


def attacked(lake: Path) -> list[dict[str, Any]]:
    """Return all attacks on all faces of a lake."""
    return [attack for row in rows(lake) for face in row["faces"] for attack in face["attacks"]]


@pytest.mark.parametrize("policy", ["public", "internal"])
def test_no_sampled_face_is_matched_to_its_original(policy: str, source: Path, tmp_path: Path) -> None:
    """Under the strongest and the mildest policy every face is attacked, and the recognizer matches none of them."""
    lake = tmp_path / "lake"
    assert anonymize(source, lake, "--policy", policy) == DONE
    told = attacked(lake)
    assert len(told) == FACES
    assert all(attack["before"] > attack["threshold"] for attack in told)
    assert [attack for attack in told if attack["matched"]] == []
    assert dict(events(lake)[-1]["figures"])["reidentified_share"] == 0


@pytest.mark.parametrize(("sigma_px", "matched"), [(0.5, True), (2, True), (20, False)])
def test_the_panel_can_say_yes(sigma_px: float, matched: bool) -> None:
    """A face that is hardly blurred is matched, one that is blurred beyond recognition is not: no rubber stamp."""
    spec, told = udfs.default_spec(), treatment("public", load())
    (found,) = spec.policy.searcher.search([PORTRAIT], spec.policy.plan, spec.runtime)
    blurred = np.asarray(cv2.GaussianBlur(PORTRAIT, (0, 0), sigma_px), np.uint8)
    attacks = panel.attack(Pair(PORTRAIT, blurred), found, told.panel, spec.runtime)
    assert [[one.matched for one in mine] for mine in attacks] == [[matched]]


@pytest.fixture(scope="module")
def weak(source: Path) -> Path:
    """The lake of a policy whose chain begins with next to nothing: a warp that moves features by a hair."""
    policy = dict(policies.load("internal")) | {"name": "weak", "plan": "fast", "thorough_share": 0.0, "risk": None}
    chain = [{"name": "warp", "amplitude": 0.02}, {"name": "pixelate", "cells": 5, "noise_ratio": 0.0}, "mask"]
    file = source.parent / "weak.yaml"
    file.write_text(yaml.safe_dump(policy | {"face": {"chain": chain, "region_ratio": 1.3}}), encoding="utf-8")
    assert anonymize(source, source.parent / "weak", "--policy", str(file)) == DONE
    return source.parent / "weak"


def test_what_is_still_recognised_is_anonymized_harder(weak: Path) -> None:
    """The warp was tried and is recorded with its scores; what is stored came from a method that nobody saw through."""
    faces = [face for row in rows(weak) for face in row["faces"]]
    assert len(faces) == FACES
    assert {face["method"] for face in faces} <= {"pixelate", "mask"}
    for face in faces:
        tried = {attack["step"] for attack in face["attacks"]}
        assert 1 in tried
        assert tried <= set(range(1, face["steps"] + 1))
        assert not any(attack["matched"] for attack in face["attacks"] if attack["step"] == face["steps"])
    for row in rows(weak):
        assert any(a["matched"] for face in row["faces"] for a in face["attacks"] if a["step"] == 1)
        assert len({(face["method"], face["steps"]) for face in row["faces"]}) == 1


def test_nobody_in_the_stored_files_is_recognised_by_who_looks_from_outside(weak: Path, source: Path) -> None:
    """Attacked again, from the files alone and by the records' landmarks: below the threshold in every face."""
    spec, told = udfs.default_spec(), treatment("public", load())
    (member,) = told.panel.members
    checked = 0
    for name, row in by_name(weak).items():
        before, after = (
            subject.upright(decode(data, max_pixels=10**8)) for data in ((source / name).read_bytes(), row["content"])
        )
        for face in row["faces"]:
            points = np.array([[[p["x"], p["y"]] for p in face["landmarks"]]], np.float32)
            detector = face["detectors"][0]
            one, other = (member.recognizer.embed(rgb, points, detector, spec.runtime) for rgb in (before, after))
            if face["method"] != "mask":  # a template of nothing but a fill is near to any poor one
                assert member.recognizer.similarity(one, other)[0, 0] < member.thresholds[detector] + 0.05
                checked += 1
    assert checked


def test_no_template_is_in_a_row(weak: Path) -> None:
    """Of what the recognizer made of a face nothing is kept but how alike two are."""
    known = {"recognizer", "before", "after", "threshold", "matched", "step"}
    attacks = attacked(weak)
    assert attacks
    assert {frozenset(attack) for attack in attacks} == {frozenset(known)}
