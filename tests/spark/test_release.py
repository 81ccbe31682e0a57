"""A lake that Spark wrote goes out and is taken back; people who consented stay in it until they do not any more."""

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from anonymizer_udfs.recognition.calibration import content_digest
from conf.settings import load
from jobs import keep, release, releases, verify
from jobs.keysource import KeySource
from jobs.options import Common
from jobs.placed import open_lake
from tests.support import evaluated_lakes
from tests.support.anonymizing import DONE, ONE_LOOK, anonymize, rows
from tests.support.pictures import place, portrait, write

REFUSED = 4
UNTRACKED = ("--set", "tracking.enabled=false")


def test_a_lake_is_evaluated_goes_out_and_is_taken_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a verdict the command evaluates, and refuses what it finds; a good one lets out, a bad one recalls."""
    write(tmp_path / "photos", {"0.png": portrait(0), "1.png": portrait(1), "empty.png": place(0)})
    lake, who = tmp_path / "lake", tmp_path / "who.csv"
    assert anonymize(tmp_path / "photos", lake) == DONE
    who.write_text("path,person\n0.png,a\n1.png,b\n", encoding="utf-8")
    first = [str(lake), str(tmp_path / "v1"), "--name", "v1", "--json", *UNTRACKED]
    assert release.main([*first, "--labels", str(who), "--policy", str(ONE_LOOK)]) == REFUSED
    assert "refused" in capsys.readouterr().err
    opened = open_lake(str(lake), Common(load(), None, KeySource())).lake
    assert [e["event"] for e in opened.ledger.events() if e["job"] == "evaluate"] == ["started", "finished", "verdict"]
    assert not (tmp_path / "v1").exists()
    evaluated_lakes.evaluate(opened, evaluated_lakes.good(), "run-good")
    assert release.main(first) == DONE
    capsys.readouterr()
    listed = [json.loads(line) for line in (tmp_path / "v1" / "members.jsonl").read_bytes().splitlines()]
    stored = {row["image_id"]: row["content"] for row in rows(lake)}
    assert {one["image_id"]: (tmp_path / "v1" / one["file"]).read_bytes() for one in listed} == stored
    evaluated_lakes.evaluate(opened, evaluated_lakes.refused(), "run-bad")
    assert releases.main([str(lake), "--recheck", "--json"]) == REFUSED
    assert json.loads(capsys.readouterr().out)["newly_recalled"] == ["v1"]
    assert verify.run(opened).findings == ()


def _calibrated(folder: Path) -> Path:
    """Write a calibration that has a threshold at 1e-6; its number is the test's, and was measured nowhere."""
    said: dict[str, Any] = yaml.safe_load((files("conf") / "calibration" / "dlib_resnet.yaml").read_text("utf-8"))
    for one in said["calibrations"]:
        one["thresholds"]["1e-6"] = 0.6
    folder.mkdir()
    text = yaml.safe_dump(said | {"content_sha256": content_digest(said)})
    (folder / "dlib_resnet.yaml").write_text(text, encoding="utf-8")
    return folder


def _methods(lake: Path) -> list[str]:
    return sorted(face["method"] for row in rows(lake) for face in row["faces"])


def test_who_consented_stays_visible_until_the_consent_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Put on the list, seen; taken off, masked by the next run, which takes the images again by itself."""
    write(tmp_path / "photos", {"1.png": portrait(1), "empty.png": place(0)})
    write(tmp_path / "given", {"0.png": portrait(0)})
    policy = yaml.safe_load(ONE_LOOK.read_text(encoding="utf-8"))
    policy |= {"name": "press", "keep": True, "second_look": "fast"}
    file = tmp_path / "press.yaml"
    file.write_text(yaml.safe_dump(policy), encoding="utf-8")
    lake, source = tmp_path / "lake", tmp_path / "photos"
    own = ("--set", f"models.calibration_dir={_calibrated(tmp_path / 'own')}")
    assert anonymize(source, lake, "--policy", str(file), *own) == DONE
    assert _methods(lake) == ["mask"]
    masked = {row["image_id"]: row["content"] for row in rows(lake)}
    asked = ("--person", "anna", "--consent", "form 17", "--policy", str(file), *own)
    assert keep.main([str(lake), "add", str(tmp_path / "given"), *asked]) == DONE
    assert anonymize(source, lake, "--policy", str(file), *own) == DONE
    assert _methods(lake) == ["kept"]
    seen = b"".join(one.read_bytes() for one in lake.rglob("*") if one.is_file())
    assert b"anna" not in seen
    assert b"form 17" not in seen
    assert keep.main([str(lake), "remove", "--person", "anna"]) == DONE
    assert os.listdir(tmp_path / "lake.vault" / "keep-keys") == []  # noqa: PTH208 - names alone
    assert anonymize(source, lake, "--policy", str(file), *own) == DONE
    assert {row["image_id"]: row["content"] for row in rows(lake)} == masked
    capsys.readouterr()
