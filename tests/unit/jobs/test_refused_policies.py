"""A policy that cannot be is refused by the command itself, in one line and before Spark starts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from conf import policies
from jobs import anonymize

BAD_ARGUMENTS = 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            {"detectors": ["centerface", "retinaface"]},
            "unknown detector 'retinaface'; did you mean 'centerface'? known: centerface, dlib, lpd_yunet, scrfd, "
            "yolo, yunet",
            id="detector",
        ),
        pytest.param({"plan": "paranoid"}, "unknown plan 'paranoid'; known: balanced, fast, thorough", id="plan"),
        pytest.param({"second_look": "twice"}, "unknown plan 'twice'; known: balanced, fast, thorough", id="look"),
        pytest.param(
            {"bands": {"sure": 0.4, "unsure": 0.5}},
            "bands must hold 0 < unsure <= sure <= 1, got unsure 0.5, sure 0.4",
            id="band-order",
        ),
        pytest.param({"fusion": "median"}, "unknown fusion 'median'; known: union, wbf", id="fusion"),
        pytest.param(
            {"detectors": ["centerface", {"name": "scrfd", "model": "nopack/det.onnx"}]}, "licence", id="licence"
        ),
        pytest.param(
            {"face": {"chain": [{"name": "swap", "model": "nopack/inswapper.onnx"}, "mask"], "region_ratio": 2.0}},
            "licence",
            id="licence-of-a-method",
        ),
        pytest.param(
            {"face": {"chain": ["swap", "mask"], "region_ratio": 2.0}},
            "method swap needs a model: PACK/FILE",
            id="method-without-its-model",
        ),
    ],
)
def test_it_is_named_with_what_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], says: str
) -> None:
    """Exit code 2 or 1 for a licence, one line, no lake and no vault."""
    (tmp_path / "photos").mkdir()
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(policies.load("public") | change), encoding="utf-8")
    code = anonymize.main([str(tmp_path / "photos"), str(tmp_path / "lake"), "--policy", str(file)])
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
    assert code == BAD_ARGUMENTS or "licence" in says
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "photos"]
