"""What ``docs/landmarks.md`` says is so: every landmarker with its model and licence, every function, the command."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

from anonymizer_udfs.landmarks import LANDMARKERS, insight_2d106
from anonymizer_udfs.landmarks.schemes import SIZES, Points
from anonymizer_udfs.models.base import ModelRef
from jobs import models

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "landmarks.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in TEXT.splitlines() if line.startswith("| `")]
MEMBERS = {row[0].strip("`"): row[1:] for row in ROWS if "." not in row[0]}
FUNCTIONS = [row[0].strip("`") for row in ROWS if "." in row[0]]


def test_every_landmarker_has_its_row() -> None:
    """The table names all of them, and how many points each gives."""
    assert {name: int(row[-1]) for name, row in MEMBERS.items()} == {
        name: SIZES[member.scheme] for name, member in LANDMARKERS.items()
    }


def test_licences_are_those_of_the_registry() -> None:
    """What is said to be non-commercial is so in the registry: dlib's model by its entry, packs by their terms."""
    known = models.registry()
    assert {row[1] for row in MEMBERS.values()} == {"non-commercial, accepted by name"}
    assert not known.terms("dlib68").commercial_use
    assert not known.terms("buffalo_l/2d106det.onnx").commercial_use


def test_the_command_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that fetches dlib's model parses, names it, and accepts its licence and no other."""
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path))
    (command,) = re.findall(r"^    faceveil models (.*)$", TEXT, re.MULTILINE)
    args = models.parser().parse_args(command.split())
    assert (args.command, args.names) == ("fetch", ["dlib68"])
    assert args.accept_licence == [models.registry().terms("dlib68").licence]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_takes_points(name: str) -> None:
    """What is said to be measured by points is a function of points, and of the picture for a gaze; documented."""
    module, function = name.split(".")
    found = getattr(importlib.import_module(f"anonymizer_udfs.landmarks.{module}"), function)
    *before, points = [p.annotation for p in inspect.signature(found).parameters.values()]
    assert (points, len(before)) == (Points, name == "gaze.gaze")
    assert found.__doc__


def test_the_parameter_is_that_of_the_code() -> None:
    """The roll from which a face is turned has the default and the range that the page says."""
    low, high, default = map(int, re.findall(r"`turned_beyond_degrees` \((\d+) to (\d+), default (\d+)\)", TEXT)[0])
    model = ModelRef("p/a.onnx", "p/a.onnx", 64 * "a")
    assert insight_2d106.Insight2d106(model).turned_beyond_degrees == default
    for degrees in (low, high):
        insight_2d106.Insight2d106(model, turned_beyond_degrees=degrees)
