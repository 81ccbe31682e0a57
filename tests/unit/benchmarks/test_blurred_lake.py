"""The benchmark of a blurred lake: a panel that reaches nothing, and what is kept of a verdict."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from anonymizer_udfs.recognition import calibration
from benchmarks import blurred_lake
from conf import gates
from conf.settings import load
from jobs import context
from jobs.gate import Expected, judge
from tests.support import evidence


def test_a_blind_panel_is_calibrated_and_matches_nobody(tmp_path: Path) -> None:
    """Its digests are right, so that it is taken; its thresholds are above every similarity."""
    folder = blurred_lake.blind(tmp_path / "blind")
    files = sorted(folder.glob("*.yaml"))
    assert {one.stem for one in files} >= {"dlib_resnet", "arcface"}
    for file in files:
        for one in calibration.parse(yaml.safe_load(file.read_text(encoding="utf-8"))):
            assert min(one.thresholds.values()) > 1


def test_its_policy_is_one_that_the_command_takes() -> None:
    """A blur before the mask, over the region that deface covers."""
    settings = load("local")
    policy = context.load_policy(str(blurred_lake.POLICY), settings, context.registry())
    assert [one.name for one in policy.face.chain] == ["blur", "mask"]
    assert policy.face.region_ratio == pytest.approx(1.6)


@pytest.mark.parametrize(("room", "word", "code"), [(3.0, "obfuscated", 4), (0.9, "anonymous under test", 0)])
def test_what_is_kept_of_a_verdict(room: float, word: str, code: int) -> None:
    """The word, each check with bound and limit, each attacker; all of it can be written as JSON."""
    gate = gates.load("default")
    figures = evidence.whole(gate, room=room)
    verdict = judge(gate, figures, Expected(evidence.RECOGNIZERS))
    rows = [{**asdict(one), "dimensions": dict(one.dimensions)} for one in figures]
    found = blurred_lake.told({"verdict": verdict.as_dict(), "figures": rows, "seconds": 1.0}, code, 0)
    assert json.loads(json.dumps(found)) == found
    assert (found["word"], found["exit_code"]) == (word, code)
    assert {one["name"] for one in found["checks"]} >= {"rank1", "tar", "replay", "context"}
    rank1 = next(one for one in found["checks"] if one["name"] == "rank1")
    assert (rank1["bound"] > rank1["limit"]) is (room > 1)
    assert {one["attack"] for one in found["rank1"]} == {name for tier in gate.attacks.values() for name in tier}
    assert len(found["controls"]) == 8
