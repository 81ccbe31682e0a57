"""Calibrations: thresholds that hold for one model and detector, and show when they were edited."""

import copy
from importlib.resources import files
from typing import Any

import pytest
import yaml

from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.models import CENTERFACE, DLIB_RESNET
from anonymizer_udfs.recognition import calibration


def shipped(name: str) -> dict[str, Any]:
    """Return one of the calibrations in ``conf/calibration``."""
    content: dict[str, Any] = yaml.safe_load((files("conf") / "calibration" / f"{name}.yaml").read_text("utf-8"))
    return content


def test_an_empty_calibration_is_refused() -> None:
    """A mapping without a digest is no calibration."""
    with pytest.raises(SpecError, match="expected content_sha256 None"):
        calibration.parse({})


@pytest.mark.parametrize("name", ["dlib_resnet", "arcface"])
def test_the_shipped_ones_are_whole(name: str) -> None:
    """What ships has the digest of its content, and a stricter rate never has a lower threshold."""
    for one in calibration.parse(shipped(name)):
        assert one.recognizer == name
        assert one.threshold("1e-4") > one.threshold("1e-3")
        assert one.people >= 1000


def test_the_default_models_are_calibrated() -> None:
    """The shipped thresholds hold for the default recognizer's file and the default detector's points."""
    given = shipped("dlib_resnet")
    one = calibration.find(calibration.parse(given), "dlib_resnet", DLIB_RESNET.sha256, "centerface")
    assert 0.4 < one.threshold() < 0.6
    assert given["calibrations"][0]["detector_sha256"] == CENTERFACE.sha256


def test_an_edited_threshold_shows() -> None:
    """A number changed by hand no longer matches the digest."""
    edited = copy.deepcopy(shipped("dlib_resnet"))
    edited["calibrations"][0]["thresholds"]["1e-3"] = 0.9
    with pytest.raises(SpecError, match="measured, not edited"):
        calibration.parse(edited)


def test_a_missing_field_is_said() -> None:
    """A calibration with the right digest and a field too few is refused."""
    given = {"recognizer": "dlib_resnet", "calibrations": [{}], "data": {"people": 1}}
    given["content_sha256"] = calibration.content_digest(given)
    with pytest.raises(SpecError, match="model_sha256"):
        calibration.parse(given)


@pytest.mark.parametrize(
    ("model", "detector"), [("0" * 64, "centerface"), (DLIB_RESNET.sha256, "pencil")], ids=["model", "detector"]
)
def test_no_threshold_stands_in_for_another(model: str, detector: str) -> None:
    """Another model or detector has no threshold until one is measured."""
    with pytest.raises(SpecError, match="no calibration of dlib_resnet"):
        calibration.find(calibration.parse(shipped("dlib_resnet")), "dlib_resnet", model, detector)


def test_a_rate_that_was_not_measured_is_refused() -> None:
    """Thresholds are not extrapolated."""
    with pytest.raises(UnknownNameError, match="1e-6"):
        calibration.parse(shipped("dlib_resnet"))[0].threshold("1e-6")
