"""The command: what is asked for on its line, and a small run with the models that ship."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs.detection import Detections, plans
from anonymizer_udfs.models.cache import cache_dir
from anonymizer_udfs.models.defaults import CENTERFACE, YUNET
from benchmarks import recall
from benchmarks.recalls import choice, code, portraits
from tests.support import pictures
from tests.unit.benchmarks import drawn

MISSING = [ref.name for ref in (CENTERFACE, YUNET) if not (cache_dir() / ref.file).is_file()]
needs_models = pytest.mark.skipif(bool(MISSING), reason=f"needs the fetched models {', '.join(MISSING)}")


def at(*box: float, scores: int = 1) -> Detections:
    """Return one box, or none, with landmarks in its middle."""
    if not scores:
        return Detections.none()
    xyxy = np.array([box], np.float32)
    middle = (xyxy[0, :2] + xyxy[0, 2:]) / 2
    return Detections(xyxy, np.ones(1, np.float32), np.tile(middle, (1, 5, 1)).astype(np.float32))


def both(*found: Detections) -> Detections:
    """Return several as one."""
    return Detections(
        np.concatenate([one.boxes_xyxy for one in found]),
        np.concatenate([one.scores for one in found]),
        np.concatenate([one.landmarks for one in found]),
    )


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` ends well and names every group of options, and an example."""
    with pytest.raises(SystemExit) as left:
        recall.main(["--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    for word in ("--cells", "--labelled", "--peer-python", "examples:", "--faces-a-cell", "build/recall"):
        assert word in told


def test_cells_are_chosen_by_factor_or_name() -> None:
    """A factor, a name, a pattern; each once; random combinations have a number of their own, and 0 is none."""
    chosen = choice.wanted("height,height-0008,roll-0*,empty", 30, 5)
    names = [cell.name for cell, _ in chosen]
    assert len(names) == len(set(names)) == 18 + 7 + 4
    assert {count for cell, count in chosen if cell.factor == "empty"} == {10}
    everything = choice.wanted("", 300, 0)
    assert not [cell for cell, _ in everything if cell.factor == "random"]
    assert {count for cell, count in choice.wanted("random", 300, 7)} == {7}
    assert {cell.name: count for cell, count in everything}["extra-16-24"] == 2400


@pytest.mark.parametrize("wrong", ["rolls", "height-0009", "height,,roll"])
def test_a_cell_that_nobody_knows_is_told(wrong: str) -> None:
    """The answer names the factors that there are."""
    with pytest.raises(SystemExit, match="factors: height, roll"):
        choice.wanted(wrong, 12, 12)


def test_a_finder_that_nobody_knows_is_told() -> None:
    """The answer names the finders that there are."""
    args = recall.parser().parse_args(["--finders", "balanced,retinaface"])
    with pytest.raises(SystemExit, match="'retinaface'; known: fast, balanced, thorough"):
        choice.finders(args)


def test_a_peer_that_is_not_there_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plans are measured without peers, and the person is told what to do."""
    args = recall.parser().parse_args(["--peer-python", str(tmp_path / "none"), "--local-dir", ""])
    assert [one.name for one in choice.finders(args)] == list(plans.PLANS)
    told = capsys.readouterr().err
    assert "left out: deface" in told
    assert "left out: insightface" in told


def test_a_plan_is_described_by_its_values_and_code() -> None:
    """Another plan is another description; comments and docstrings are not in the code's digest."""
    args = recall.parser().parse_args([])
    fast, balanced = (dict(one.description) for one in choice.finders(args)[:2])
    assert fast["plan"] != balanced["plan"]
    assert fast["code"] == balanced["code"]
    assert code.meaning("def f():\n    '''Say.'''\n    return 1  # why") == code.meaning("def f(): return 1")
    assert code.meaning("def f(): return 1") != code.meaning("def f(): return 2")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((at(90, 70, 210, 230), at(90, 70, 210, 230)), None),
        ((at(90, 70, 210, 230), at(96, 76, 216, 236)), None),
        ((at(90, 70, 210, 230), at(scores=0)), "a detector found no face"),
        ((at(90, 70, 210, 230), at(150, 70, 290, 230)), "the detectors disagree"),
        ((at(90, 70, 210, 230), both(at(90, 70, 210, 230), at(220, 90, 240, 110))), "another face beside it"),
        ((at(90, 70, 210, 230), both(at(90, 70, 210, 230), at(270, 270, 299, 299))), None),
    ],
    ids=["same", "near", "one blind", "apart", "another in the cut", "another far away"],
)
def test_detectors_have_to_agree(found: tuple[Detections, ...], expected: str | None) -> None:
    """The mean box of a face on which all agree, or why the photo is left out."""
    made = portraits.agree("x.png", (300, 300), found)
    if expected:
        assert made == expected
    else:
        assert isinstance(made, portraits.Portrait)
        np.testing.assert_allclose(made.box, np.mean([one.boxes_xyxy[0] for one in found], axis=0))


def test_a_survey_is_kept(tmp_path: Path) -> None:
    """The second survey asks no detector; a changed photo, or another detector, is surveyed again."""
    drawn.portrait(tmp_path / "photos" / "a")
    asked = []

    def look(rgb: np.ndarray) -> Detections:
        asked.append(rgb.shape)
        return at(90, 72, 210, 228)

    first, again = (portraits.survey(tmp_path / "photos", {"one": look}, tmp_path / "kept") for _ in range(2))
    assert first == again
    assert asked == [(300, 300, 3)]
    portraits.survey(tmp_path / "photos", {"two": look}, tmp_path / "kept")
    drawn.portrait(tmp_path / "photos" / "a", dot=True)
    portraits.survey(tmp_path / "photos", {"one": look}, tmp_path / "kept")
    assert len(asked) == 3
    with pytest.raises(SystemExit, match="no usable photo"):
        portraits.survey(tmp_path / "kept", {"one": look}, tmp_path / "kept")


@needs_models
@pytest.mark.photos
def test_a_small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Faces of 64 pixels are found, a table, headline figures and a JSON file come out, and no path is in it."""
    monkeypatch.setattr(recall, "KEPT", tmp_path / "kept")
    some = tmp_path / "photos"
    some.mkdir()
    for file in sorted(pictures.photos("lfw_subset").rglob("*.jpg"))[::10]:
        (some / file.name).write_bytes(file.read_bytes())
    line = ["--photos", str(some), "--cells", "height-0064,empty-0320", "--faces-a-cell", "6", "--jobs", "1"]
    line += ["--finders", "fast,balanced", "--local-dir", "", "--cost-scenes", "1", "--out", str(tmp_path / "o.json")]
    assert recall.main(line) == 0
    told = capsys.readouterr().out
    assert "height-0064" in told
    assert "cost over one pass" in told
    written = (tmp_path / "o.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in written
    cells = {one["cell"]: one["finders"]["balanced"] for one in json.loads(written)["cells"]}
    assert cells["height-0064"]["recall"] > 0.5
    sheet = tmp_path / "sheet.png"
    assert recall.main([*line, "--show", str(sheet)]) == 0
    assert Image.open(sheet).size == (1600, 300)


@needs_models
def test_a_labelled_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The portrait in the public domain is found, in the band of its height."""
    monkeypatch.setattr(recall, "KEPT", tmp_path / "kept")
    (tmp_path / "a.jpg").write_bytes(pictures.saved(pictures.PORTRAIT, quality=90))
    (tmp_path / "gt.txt").write_text("a.jpg\n1\n46 62 94 124 0 0 0 0 0 0\n", encoding="utf-8")
    line = ["--labelled", str(tmp_path), "--format", "wider", "--annotations", str(tmp_path / "gt.txt"), "--jobs", "1"]
    line += ["--finders", "balanced", "--local-dir", "", "--out", str(tmp_path / "o.json")]
    assert recall.main(line) == 0
    assert "64 to 128 px" in capsys.readouterr().out
    bands = json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))["bands"]
    assert bands[0]["finders"]["balanced"]["recall"] == 1
    with pytest.raises(SystemExit):
        recall.main(["--labelled", str(tmp_path)])
