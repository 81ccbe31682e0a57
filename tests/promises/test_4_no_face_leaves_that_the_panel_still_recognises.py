"""Promise 4, as far as it goes: on the sample, each anonymized face is attacked in the bytes that are stored.

The panel that escalates comes later; until then this holds what is measured, and that the measure can say yes.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from anonymizer_udfs import measure, recognition, udfs
from anonymizer_udfs.measure import View
from anonymizer_udfs.spec import Measure
from conf.settings import load
from jobs.context import treatment
from tests.support.anonymizing import DONE, anonymize, events, rows
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
def test_the_measure_can_say_yes(sigma_px: float, matched: bool) -> None:
    """A face that is hardly blurred is matched, one that is blurred beyond recognition is not: no rubber stamp."""
    bare = udfs.default_spec()
    thresholds = treatment("public", load()).thresholds
    spec = replace(bare, measure=Measure(1.0, recognition.build("dlib_resnet"), thresholds))
    (found,) = spec.policy.searcher.search([PORTRAIT], spec.policy.plan, spec.runtime)
    blurred = np.asarray(cv2.GaussianBlur(PORTRAIT, (0, 0), sigma_px), np.uint8)
    told = measure.attack(View(PORTRAIT, PORTRAIT, found), blurred, np.full_like(PORTRAIT, 255), spec)
    assert [[attack.matched for attack in attacks] for attacks in told] == [[matched]]
