"""Hair, neck and clothing around a face: where they are, what is done with them, and what they do not stand for."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import pipeline, verification
from anonymizer_udfs.around import PARTS, Around
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.imaging import decode
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.policy import KindRule, public
from anonymizer_udfs.records import Look, Sighting, Status
from anonymizer_udfs.treatment import cover, treat
from tests.support import specs

BOX = np.array([180, 120, 220, 172.8], np.float32)
"""A face 40 pixels wide about (200, 146.4)."""
CENTRE = (200.0, 146.4)
SIZE = (400, 320)
MILD = Around(("hair", "neck", "clothing"), Pixelate(5))
GREY = replace(MILD, method=Mask(0.25))
"""For pictures with red dots: cells of them would be red, and found again."""


def at(x: float, y: float, roll: float = 0.0) -> tuple[int, int]:
    """Return the row and column of a place given in widths of the face, for a face so rolled."""
    turn = np.radians(roll)
    across, along = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    column, row = np.array(CENTRE) + 40 * (x * across + y * along)
    return int(row), int(column)


@pytest.mark.parametrize("roll", [pytest.param(r, id=f"roll{r}") for r in (0.0, 8.0, 33.0, -60.0, 90.0, 171.0)])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_lies_where_a_person_has_it(part: str, roll: float) -> None:
    """At its place from the face, turned with it: its middle is in, what is opposite is not."""
    box = BOX
    if roll == 90.0:  # the box of a lying face is wide
        half = np.array([26.4, 20.0], np.float32)
        box = np.concatenate([np.array(CENTRE) - half, np.array(CENTRE) + half]).astype(np.float32)
    (found,) = Around((part,), Mask()).regions(box, roll, (800, 800))
    inside = cover((found,), (800, 800))
    x0, y0, x1, y1 = PARTS[part]
    assert inside[at((x0 + x1) / 2, (y0 + y1) / 2, roll)]
    assert not inside[at((x0 + x1) / 2, -(y0 + y1), roll)]
    assert inside.sum() == pytest.approx(1600 * (x1 - x0) * (y1 - y0), rel=0.35 if roll not in {0.0, 90.0} else 0.1)


def test_what_the_picture_does_not_show_is_left_out() -> None:
    """A face at the lower edge has no clothing; one at the corner has what is in the picture of it."""
    low = BOX + np.array([0, 140, 0, 140], np.float32)
    assert len(MILD.regions(low, None, SIZE)) == 2
    for one in MILD.regions(low, None, SIZE):
        x0, y0, x1, y1 = one.box
        assert 0 <= x0 < x1 <= 400
        assert 0 <= y0 < y1 <= 320


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        pytest.param("hair", SpecError, "must be a mapping with parts and method", id="no-mapping"),
        pytest.param({"parts": ["hair"]}, SpecError, "missing: method", id="no-method"),
        pytest.param({"parts": "hair", "method": "blur"}, SpecError, "must be a list of hair, neck", id="text"),
        pytest.param({"parts": [], "method": "blur"}, SpecError, "each once, got none", id="no-parts"),
        pytest.param({"parts": ["hair", "hair"], "method": "blur"}, SpecError, "each once", id="twice"),
        pytest.param({"parts": ["hat"], "method": "blur"}, UnknownNameError, "part around a face 'hat'", id="hat"),
        pytest.param({"parts": ["hair"], "method": "blurr"}, UnknownNameError, "did you mean 'blur'", id="method"),
        pytest.param({"parts": ["hair"], "method": "blur", "ratio": 2}, UnknownNameError, "'ratio'", id="key"),
    ],
)
def test_what_cannot_be_is_refused(given: Any, error: type[SpecError], says: str) -> None:
    """With what is known."""
    with pytest.raises(error, match=says):
        KindRule.from_mapping({"chain": ["mask"], "region_ratio": 2, "around": given})


def test_a_rule_goes_to_plain_values_and_back() -> None:
    """With it and without; without, nothing is said, so that no digest of a policy from before changes."""
    rule = KindRule((Mask(),), 2.0, MILD)
    assert KindRule.from_mapping(rule.to_mapping()) == rule
    assert set(KindRule((Mask(),), 2.0).to_mapping()) == {"chain", "region_ratio"}
    assert json.dumps(rule.to_mapping())


def test_plates_have_nothing_around() -> None:
    """A car wears no clothing."""
    rule = KindRule((Mask(),), 2.0)
    plates = {**public().to_mapping(), "detectors": ["centerface", {"name": "yolo", "model": "lpd_yunet"}]}
    with pytest.raises(SpecError, match="a plate has none"):
        type(public()).from_mapping({**plates, "plate": replace(rule, around=MILD).to_mapping()})


def scene(*faces: tuple[int, int]) -> np.ndarray:
    """Return noise with red dots, which the test's detector takes for faces of 4 pixels."""
    out = np.random.default_rng(4).integers(0, 90, (160, 160, 3), np.uint8)
    for x, y in faces:
        out[y : y + 8, x : x + 8] = (255, 0, 0)
    return out


def run(folder: Path, pixels: np.ndarray, suffix: str, around: Around | None) -> tuple[dict[str, Any], np.ndarray]:
    """Return the row of a picture and the pixels that are stored."""
    file = folder / f"photo.{suffix}"
    Image.fromarray(pixels).save(file, quality=95, subsampling=0) if suffix == "jpg" else Image.fromarray(pixels).save(
        file
    )
    spec = specs.red_dots(folder)
    spec = replace(spec, policy=replace(spec.policy, face=replace(spec.policy.face, around=around)))
    (batch,) = pipeline.anonymize_partition(specs.planned(file).to_batches(), spec)
    (row,) = batch.to_pylist()
    stored = np.asarray(Image.open(io.BytesIO(row["content"])).convert("RGB"))
    source = np.asarray(Image.open(file).convert("RGB"))
    return row, (stored != source).any(2)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_parts_are_treated_and_nothing_beside_them(tmp_path: Path, suffix: str) -> None:
    """What is outside of region and parts is the source's, bit for bit; the record's region holds all that changed."""
    row, changed = run(tmp_path, scene((70, 60)), suffix, GREY)
    _, without = run(tmp_path, scene((70, 60)), suffix, None)
    boxes = np.array([list(face["region"].values()) for face in row["faces"]])
    assert (row["status"], row["reencoded"]) == (Status.ANONYMIZED.value, False)
    x0, y0 = boxes[:, :2].min(0)
    x1, y1 = boxes[:, 2:].max(0)
    outside = np.ones(changed.shape, bool)
    outside[y0:y1, x0:x1] = False
    assert not changed[outside].any()
    assert changed.sum() > 1.5 * without.sum()
    said = json.loads(row["faces"][0]["parameters"])
    assert said["around"] == GREY.to_mapping()


def test_a_face_in_somebody_s_clothing_is_treated_as_a_face(tmp_path: Path) -> None:
    """A child on a lap gets the mask, whichever of the two was found first."""
    for faces in (((70, 40), (70, 56)), ((70, 56), (70, 40))):
        row, _ = run(tmp_path, scene(*faces), "png", GREY)
        stored = np.asarray(Image.open(io.BytesIO(row["content"])))
        for x, y in faces:
            assert (stored[y : y + 8, x : x + 8] == 128).all()


def test_parts_cover_no_face(tmp_path: Path) -> None:
    """What a later look finds within them has not been anonymized by them; what it finds in the region has been."""
    Image.fromarray(scene((70, 40))).save(tmp_path / "one.png")
    picture = decode((tmp_path / "one.png").read_bytes(), max_pixels=10**6)
    spec = specs.red_dots(tmp_path)
    policy = replace(spec.policy, face=replace(spec.policy.face, around=GREY))
    seen = (Sighting("centerface", "full", 0.9),)
    first = Finding("face", np.array([70, 40, 78, 50], np.float32), 0.9, seen)
    made = treat(picture, [Found(first, Look.PLAN)], "0" * 32, replace(spec, policy=policy))
    below = Finding("face", np.array([68, 56, 80, 66], np.float32), 0.9, seen)
    x0, y0, x1, y1 = (int(v) for v in below.box)
    assert made.changed()[y0:y1, x0:x1].all()
    assert verification.uncovered((first, below), made) == (below,)
