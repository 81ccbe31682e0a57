"""Native code that aborts, never comes back or takes all memory, in a decoder or a model: one image is held back."""

from dataclasses import replace
from pathlib import Path

import pytest

from anonymizer_udfs.isolation import isolated
from tests.support import crashing, specs
from tests.support.pictures import write
from tests.unit.test_isolation import GOOD, LIMITS, comparable, linux

ENDS = {"abort": "crashed", "spin": "timed_out", "swell": "out_of_memory"}
SLOW = replace(LIMITS, image_seconds=15)


@linux
@pytest.mark.parametrize("where", ["model", "decoder"])
@pytest.mark.parametrize("deed", ENDS)
def test_native_code_ends_nothing_but_its_own_image(deed: str, where: str, tmp_path: Path) -> None:
    """An abort, a loop without Python's lock, memory that Python does not know of; the next image comes out."""
    (tmp_path / "models").mkdir()
    spec = specs.red_dots(tmp_path / "models", limits=SLOW)
    spec = replace(spec, policy=crashing.planted(spec.policy, decoding=where == "decoder"))
    bad = crashing.marked(deed) if where == "model" else crashing.told(deed)
    plan = specs.planned(write(tmp_path / "in", {"a.png": bad, "b.png": GOOD["a.png"]}))
    first, second = comparable(isolated(plan.to_batches(), spec))
    assert (first["status"], first["reason"], first["content"]) == ("quarantined", ENDS[deed], None)
    assert (first["format"], first["width"], first["height"]) == ("png", 80, 60)
    assert second["status"] == "anonymized"
