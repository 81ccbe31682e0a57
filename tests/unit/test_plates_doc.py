"""What ``docs/plates.md`` shows can be used as it stands: the registry's entry, the policy, the parameters."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml

from anonymizer_udfs.detection import DETECTORS, Yolo
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.registry import Registry
from anonymizer_udfs.policy import Policy
from jobs.models import registry
from tests.support import graphs, plate_graphs

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "plates.md").read_text(encoding="utf-8")
ENTRY, POLICY = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))


def policy(folder: Path) -> Policy:
    """Return the page's policy over graphs of the tests: red dots are faces and plates."""
    models = {
        "centerface": graphs.stored(folder, "faces", graphs.red_dot_detector()),
        "yolo": graphs.stored(folder, "plates", plate_graphs.yolo("kept")),
    }
    detectors = [{"name": name, "model": models[name]} for name in (POLICY["detectors"][0], "yolo")]
    return Policy.from_mapping({**POLICY, "detectors": detectors})


def test_the_entry_is_one() -> None:
    """The registry takes the entry, and the policy names it."""
    found = Registry.parse({"models": ENTRY}).resolve("my_plates")
    assert found.file == "my_plates-e3b0c44298fc.onnx"
    assert POLICY["detectors"] == ["centerface", {"name": "yolo", "model": "my_plates"}]


def test_the_policy_finds_plates(tmp_path: Path) -> None:
    """The page's policy finds a dot as a plate at its place, beside faces, and has the page's rule for it."""
    made = policy(tmp_path)
    image = np.full((300, 400, 3), 90, np.uint8)
    image[96:104, 196:204] = (255, 0, 0)
    ((*found,),) = made.searcher.search([image], made.plan, Runtime((str(tmp_path),)))
    plate = next(f for f in found if f.kind == "plate")
    np.testing.assert_allclose(np.asarray(plate.box), [176, 92, 224, 108], atol=2)
    assert plate.landmarks is None
    assert made.rule("plate").region_ratio == POLICY["plate"]["region_ratio"]


def test_the_parameters_are_the_members() -> None:
    """The table of parameters has exactly those of the member, with their defaults."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \| ", TEXT.partition("parameter of `yolo`")[2], re.MULTILINE))
    said = {"none": None, "all": (), "`plate`": "plate"}
    known = {f.name: getattr(Yolo, f.name, None) for f in fields(Yolo)}
    assert {k: said[v] if v in said else float(v) for k, v in rows.items()} == known


@pytest.mark.parametrize("name", ["lpd_yunet", "yolo"])
def test_the_detectors_are_there(name: str) -> None:
    """Both detectors of the page exist, and find plates."""
    assert f"| `{name}` |" in TEXT
    assert DETECTORS[name].kind == "plate"


def test_what_is_said_of_lpd_yunet_is_so() -> None:
    """It is in the registry under its licence, and not fetched unless it is named."""
    entry = registry().entry("lpd_yunet")
    assert (entry.terms.licence, entry.terms.commercial_use, entry.default) == ("Apache-2.0", True, False)
