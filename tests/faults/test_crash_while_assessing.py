"""A library that crashes for one sampled image: it is told as what it is, and the others are told as ever."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jobs import assess, options
from tests.support import crashing
from tests.support.anonymizing import ONE_LOOK
from tests.support.pictures import portrait, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is watched on Linux only")


def test_an_image_that_ends_its_worker_is_one_that_cannot_be_anonymized(tmp_path: Path) -> None:
    """Three faces are found and one image is named by its reason; the job does not fail."""
    files = {f"{n}.png": portrait(n) for n in range(3)} | {"bad.png": crashing.marked("segfault")}
    source = write(tmp_path / "photos", files)
    args = assess.parser().parse_args([str(source), "--policy", str(ONE_LOOK)])
    told = assess.looking(args, options.common(args))
    treated = replace(told.request.treatment, policy=crashing.planted(told.request.treatment.policy))
    found = assess.run(replace(told, request=replace(told.request, treatment=treated)))
    assert (found.sampled, found.decoded, found.held_back) == (4, 3, {"crashed": 1})
    assert found.with_faces.hits == 3
