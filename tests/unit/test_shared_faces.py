"""From a planned image that brings surrogates to the file that is stored: what is released is the canvas."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import pipeline
from anonymizer_udfs.methods import KSame, Mask
from anonymizer_udfs.methods.surrogate import SIDE_PX, Surrogate, placed
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.regions import face_wh
from tests.support import specs
from tests.unit.methods.test_k_same import canvas

SHARED = Surrogate(canvas(2), 20)


def row_of(folder: Path, form: str, shares: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Return the row of a picture with one red dot for a face, planned with what it shares."""
    pixels = np.random.default_rng(1).integers(80, 140, (96, 96, 3)).astype(np.uint8)
    pixels[40:44, 40:44] = (255, 0, 0)
    path = folder / f"one.{form}"
    Image.fromarray(pixels).save(path, quality=95, subsampling=0)
    spec = specs.red_dots(folder)
    spec = replace(spec, policy=replace(spec.policy, face=KindRule((KSame(20), Mask()), 2.0), second_look=None))
    table = specs.planned(path)
    if shares is not None:
        table = table.append_column("shares", [[shares]])
    (batch,) = pipeline.anonymize_partition(table.to_batches(), spec)
    (row,) = batch.to_pylist()
    return dict(row)


def share(row: dict[str, Any]) -> dict[str, Any]:
    """Return the share of a row's one face, as the job joins it."""
    return {**row["faces"][0]["box"], "people": 20, "sha256": SHARED.sha256, "canvas": SHARED.png()}


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_the_stored_file_warped_back_is_the_canvas(tmp_path: Path, form: str) -> None:
    """By the record's box and roll alone; and no pixel of the region is the original's."""
    before = row_of(tmp_path, form, None)
    after = row_of(tmp_path, form, [share(before)])
    (face,) = after["faces"]
    assert (face["method"], face["steps"]) == ("k_same", 1)
    assert json.loads(face["parameters"]) == {"k": 20, "surrogate_sha256": SHARED.sha256}
    x0, y0, x1, y1 = (face["box"][name] for name in ("x0", "y0", "x1", "y1"))
    roll = face["roll_degrees"] or 0.0
    matrix = placed(((x0 + x1) / 2, (y0 + y1) / 2), face_wh((x1 - x0, y1 - y0), roll)[0], roll)
    image = np.asarray(Image.open(io.BytesIO(after["content"])).convert("RGB"))
    back = cv2.warpAffine(image, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    shown, meant = (
        cv2.resize(one, (16, 16), interpolation=cv2.INTER_AREA).astype(int)[6:10, 6:10] for one in (back, SHARED.canvas)
    )
    assert np.abs(shown - meant).mean() < 8
    other = cv2.resize(canvas(1), (16, 16), interpolation=cv2.INTER_AREA).astype(int)[6:10, 6:10]
    assert np.abs(shown - other).mean() > 20


@pytest.mark.parametrize("wrong", ["nothing", "null", "elsewhere", "too-few"])
def test_without_its_own_surrogate_a_face_is_masked(tmp_path: Path, wrong: str) -> None:
    """Fail closed, whatever the join brings."""
    mine = share(row_of(tmp_path, "png", None))
    shares = {
        "nothing": [],
        "null": None,
        "elsewhere": [mine | {"x0": mine["x0"] + 3, "x1": mine["x1"] + 3}],
        "too-few": [mine | {"people": 19}],
    }[wrong]
    (face,) = row_of(tmp_path, "png", shares)["faces"]
    assert (face["method"], face["steps"]) == ("mask", 2)
