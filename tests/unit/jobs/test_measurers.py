"""Who counts people for ``faceveil evaluate``: found, checked and refused before Spark starts."""

from pathlib import Path
from typing import Any

import pytest

from anonymizer_udfs.detection import Yolo
from anonymizer_udfs.errors import ModelError, ModelFormatError, UnknownNameError
from conf.settings import Settings, load
from jobs import measurers
from jobs.errors import UsageError
from tests.support import graphs, plate_graphs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that know a folder with a pack ``mine``: a detector, and a model that is none."""
    pack = tmp_path / "mine"
    pack.mkdir()
    (pack / "people.onnx").write_bytes(plate_graphs.yolo("grid"))
    (pack / "colours.onnx").write_bytes(graphs.colour_recognizer())
    accepted = "models.licences_accepted=[insightface-non-commercial]"
    return load("local", [f"models.local_dirs=[{tmp_path}]", accepted])


@pytest.mark.parametrize(("wish", "number"), [("mine/people.onnx", 0), ("mine/people.onnx:2", 2)])
def test_the_class_is_the_first_or_the_one_named(settings: Settings, wish: str, number: int) -> None:
    """COCO's people come first; a model of another order has its number behind the name. The file travels."""
    found, files = measurers.person_detector(wish, settings)
    assert isinstance(found, Yolo)
    assert (found.classes, found.kind) == ((number,), "person")
    assert files == {found.model.name: settings_file(settings)}


def settings_file(settings: Settings) -> Path:
    """Return where the pack's detector lies."""
    return Path(settings.models.local_dirs[0]) / "mine" / "people.onnx"


@pytest.mark.parametrize(
    ("wish", "error", "says"),
    [
        ("mine/people.onnx:first", UsageError, "NAME or NAME:CLASS"),
        ("mine/people.onnx:3", UsageError, "classes 0 to 2"),
        ("mine/colours.onnx", ModelFormatError, "expected"),
        ("mine/nobody.onnx", ModelError, "nobody"),
        ("yolox", (ModelError, UnknownNameError), "yolox_s"),
    ],
)
def test_what_cannot_count_is_refused(settings: Settings, wish: str, error: Any, says: str) -> None:
    """On the driver, with what was expected: not by the first image on a worker."""
    with pytest.raises(error, match=says):
        measurers.person_detector(wish, settings)


def test_the_public_one_is_known_and_not_fetched_unasked() -> None:
    """A detector under a free licence has a name; it is not there until somebody fetches it."""
    entry = measurers.registry().entry("yolox_s")
    assert (entry.terms.licence, entry.terms.commercial_use, entry.default) == ("Apache-2.0", True, False)
