"""``faceveil calibrate``: from a folder a person to thresholds that a run then uses."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import calibration
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from conf.settings import load
from jobs import calibrate, context
from jobs.calibrate import Asked, pairs, run, write
from tests.support import graphs, specs
from tests.support.pictures import saved
from tests.unit.jobs.cases import Told

PEOPLE = 110


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 110 people, each with a pattern of colours around a red dot; one has a single photo."""
    root, draw = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    for number in range(PEOPLE):
        folder = root / f"person-{number:03}"
        folder.mkdir()
        pattern = draw.integers(0, 200, (8, 8, 3)).repeat(8, 0).repeat(8, 1)
        pattern[..., 0] //= 2  # no other red
        for photo in range(1 if number == 7 else 3):
            pixels = np.clip(pattern + draw.integers(-10, 11, pattern.shape), 0, 255).astype(np.uint8)
            pixels[28:32, 28:32] = (255, 0, 0)
            (folder / f"{photo}.png").write_bytes(saved(pixels, "PNG"))
    (root / "person-000" / "1.png").write_bytes(b"no picture")
    (root / "readme.txt").write_text("not a person", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def asked(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """What measures them with small graphs, and writes."""
    models = tmp_path_factory.mktemp("models")
    who = DlibResnet(model=graphs.stored(models, "colours", graphs.colour_recognizer()))
    policy = specs.red_dots(models).policy
    return Asked(photos, policy, (who,), specs.AS_IT_IS, "drawn", models / "out" / "calibration")


def test_the_first_two_photos_of_everybody_who_has_two(photos: Path) -> None:
    """In order; files beside the folders are nobody."""
    found = pairs(photos)
    assert len(found) == PEOPLE - 1
    assert [file.name for file in found[0]] == ["0.png", "1.png"]
    assert all(one.parent == two.parent for one, two in found)


def test_it_measures_and_writes_what_a_run_reads(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    """One face that was missed leaves its person out; the file has all that a reader checks."""
    runtime = Runtime((str(asked.out.parent.parent),)) if asked.out else None
    assert runtime is not None
    (found,) = run(asked, runtime, 10**6)
    assert (found.missed, found.reached.people, found.detector.name) == (1, PEOPLE - 2, "centerface")
    assert found.reached.rank1.value == 1.0
    (file,) = write(asked, [found])
    (one,) = calibration.parse(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert one.threshold() == pytest.approx(found.reached.thresholds["1e-3"], abs=1e-6)
    assert one.model_sha256 == asked.recognizers[0].model.sha256
    assert list(file.parent.iterdir()) == [file]
    assert capsys.readouterr().err == ""


def test_a_run_takes_the_thresholds_of_the_folder(tmp_path: Path) -> None:
    """Before ours; a recognizer that has none there keeps ours, and the folder is in no record of the run."""
    who = DlibResnet()
    ours = context._threshold(who, "centerface", None)
    assert context._threshold(who, "centerface", str(tmp_path)) == ours
    content = {
        "recognizer": who.name,
        "data": {"people": 120},
        "calibrations": [
            {"model_sha256": who.model.sha256, "detector": "centerface", "thresholds": {"1e-3": 0.61}},
        ],
    }
    content["content_sha256"] = calibration.content_digest(content)
    (tmp_path / "dlib_resnet.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    assert context._threshold(who, "centerface", str(tmp_path)) == 0.61 != ours
    settings = load("local", [f"models.calibration_dir={tmp_path}"])
    assert str(tmp_path) not in context.settings_json(settings, {}, {}, {})


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["gone"], "cannot be read: No such file or directory; expected one folder a person", id="gone"),
        pytest.param(["."], "at least 101 people with two photos with a face in each, got 0", id="nobody"),
        pytest.param([".", "--recognizer", "facenet"], "unknown recognizer 'facenet'", id="recognizer"),
        pytest.param([".", "--recognizer", "dlib_resnet", "--recognizer", "dlib_resnet"], "one recognizer", id="twice"),
        pytest.param([".", "--policy", "nobody"], "unknown policy", id="policy"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    words: list[str], says: str, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any photo is looked at."""
    monkeypatch.chdir(tmp_path)
    said = told(calibrate, *words, code=2)
    assert says in said
    assert said.count("\n") == 1
