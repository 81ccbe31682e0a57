"""Labelled folders: both forms are read, what is marked is ignored, and what is malformed is told with its place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image

from anonymizer_udfs import boxes
from benchmarks.recalls import labelled, measure
from benchmarks.recalls.finders import Found

FACE = [177, 62, 93, 124]
"""The astronaut's face, ``x y w h``."""
WIDER = f"""events/astronaut.jpg
2
{" ".join(map(str, FACE))} 0 0 0 0 0 0
300 300 20 20 2 0 0 1 0 0
events/drawn.jpg
0
0 0 0 0 0 0 0 0 0 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The astronaut, who is in the public domain, and a drawn picture without anybody."""
    photos = tmp_path / "photos" / "events"
    photos.mkdir(parents=True)
    Image.fromarray(skimage.data.astronaut()).save(photos / "astronaut.jpg", quality=90)
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(photos / "drawn.jpg")
    return tmp_path / "photos"


def coco(**changes: Any) -> dict[str, Any]:
    """Return a COCO file's content for the same two photos."""
    whole: dict[str, Any] = {
        "images": [{"id": 7, "file_name": "events/astronaut.jpg"}, {"id": 9, "file_name": "events/drawn.jpg"}],
        "annotations": [
            {"image_id": 7, "bbox": FACE, "iscrowd": 0, "category_id": 1},
            {"image_id": 7, "bbox": [300, 300, 20, 20], "iscrowd": 1, "category_id": 1},
            {"image_id": 7, "bbox": [1, 1, 5, 5], "category_id": 2},
            {"image_id": 7, "bbox": [4, 4, 0, 5], "category_id": 1},
        ],
        "categories": [{"id": 1, "name": "human face"}, {"id": 2, "name": "dog"}],
    }
    return whole | changes


def test_wider_is_read(folder: Path, tmp_path: Path) -> None:
    """Two photos; an invalid box is ignored, the line of zeros of a photo without faces is none."""
    file = tmp_path / "gt.txt"
    file.write_text(WIDER, encoding="utf-8")
    astronaut, drawn = labelled.read("wider", folder, file)
    assert astronaut.truth.tolist() == [[177, 62, 270, 186]]
    assert astronaut.ignored.tolist() == [[300, 300, 320, 320]]
    assert (drawn.truth.shape, drawn.ignored.shape, drawn.file.name) == ((0, 4), (0, 4), "drawn.jpg")


def test_coco_is_read(folder: Path, tmp_path: Path) -> None:
    """Crowds and boxes without an area are ignored, and categories that are no faces are left out."""
    file = tmp_path / "gt.json"
    file.write_text(json.dumps(coco()), encoding="utf-8")
    astronaut, drawn = labelled.read("coco", folder, file)
    assert astronaut.truth.tolist() == [[177, 62, 270, 186]]
    assert astronaut.ignored.tolist() == [[300, 300, 320, 320], [4, 4, 4, 9]]
    assert drawn.truth.shape == (0, 4)
    file.write_text(json.dumps(coco(categories=[])), encoding="utf-8")
    assert len(labelled.read("coco", folder, file)[0].truth) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no photo"),
        ("1 2 3\n", "line 1: expected the name of a photo"),
        ("a.jpg\nmany\n", "line 2: expected the number of its faces, got 'many'"),
        ("a.jpg\n", "line 2: expected the number of its faces, got the end of the file"),
        ("a.jpg\n2\n1 2 3 4 0 0 0 0 0 0\n", "line 4: expected 10 whole numbers, got the end of the file"),
        ("a.jpg\n1\n1 2 3 4 0 0 0\n", "line 3: expected 10 whole numbers, got '1 2 3 4 0 0 0'"),
        ("a.jpg\n1\n1 2 3 x 0 0 0 0 0 0\n", "line 3: expected 10 whole numbers"),
    ],
    ids=["empty", "no name", "no number", "ends early", "too few faces", "too few words", "no whole number"],
)
def test_malformed_wider_is_told_by_line(text: str, told: str, folder: Path, tmp_path: Path) -> None:
    """What is wrong is said with the number of its line."""
    file = tmp_path / "gt.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=told):
        labelled.read("wider", folder, file)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _: [], "the lists images and annotations"),
        (lambda whole: whole | {"annotations": None}, "the lists images and annotations"),
        (lambda whole: whole | {"annotations": [{"image_id": 7}]}, r"annotations\[0\]: there is no bbox"),
        (lambda whole: whole | {"annotations": [{"image_id": 8, "bbox": FACE}]}, "no image with the id 8"),
        (lambda whole: whole | {"annotations": [{"image_id": 7, "bbox": [1, 2]}]}, "bbox must be x, y, width"),
        (lambda whole: whole | {"images": [{"id": 7}], "annotations": []}, r"images\[0\]: there is no file_name"),
        (lambda whole: whole | {"images": [{"id": 1, "file_name": "x.jpg"}], "annotations": []}, "such as x.jpg"),
    ],
    ids=["a list", "no annotations", "no bbox", "unknown image", "short bbox", "no name", "no such photo"],
)
def test_malformed_coco_is_told_by_entry(change: Callable[[Any], Any], told: str, folder: Path, tmp_path: Path) -> None:
    """What is wrong is said with the entry that it is in."""
    file = tmp_path / "gt.json"
    file.write_text(json.dumps(change(coco())), encoding="utf-8")
    with pytest.raises(SystemExit, match=told):
        labelled.read("coco", folder, file)


def test_text_that_is_no_json_is_told_by_line(folder: Path, tmp_path: Path) -> None:
    """A JSON file that breaks off is refused with the line where it does."""
    file = tmp_path / "gt.json"
    file.write_text('{\n"images": [\n', encoding="utf-8")
    with pytest.raises(SystemExit, match="line 3: no JSON"):
        labelled.read("coco", folder, file)


def test_results_are_told_by_height(folder: Path, tmp_path: Path) -> None:
    """Faces are in the band of their height; the row of all has the false regions, those in ignored boxes not."""
    file = tmp_path / "gt.txt"
    file.write_text(WIDER, encoding="utf-8")
    photos = labelled.read("wider", folder, file)
    given = np.array([[170, 60, 270, 190], [302, 302, 318, 318], [5, 5, 25, 25]], np.float32)
    looked = [
        measure.Looked("all", one.index, one.truth, one.ignored, {"here": g})
        for one, g in zip(photos, (given, boxes.empty()), strict=True)
    ]
    band, whole = labelled.judge(looked, ["here"], 0.4)
    assert (band.name, band.recall("here").hits, band.faces) == ("64 to 128 px", 1, 1)
    assert (whole.name, whole.faces, whole.false["here"], whole.pictures) == ("all photos", 1, 1, 2)
    assert Found().boxes_xyxy.shape == (0, 4)
