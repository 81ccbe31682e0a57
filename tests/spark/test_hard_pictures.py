"""Pictures that are hard to search, each alone and all in one worker, by the models that ship and in bounded memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.pictures import PORTRAIT, Pixels, place, saved, write

ROOT = Path(__file__).resolve().parents[2]
GIBIBYTE = 1 << 30
PANORAMA_WH = (30_000, 300)
CROWD = (20, 25)
FACE_PX = 64
WORKER = """
import json, resource, sys
from dataclasses import replace
from anonymizer_udfs import pipeline, udfs
from anonymizer_udfs.detection.plans import PLANS
from tests.support import specs
plan, bare = specs.planned(sys.argv[1]), udfs.default_spec()
spec = replace(bare, policy=replace(bare.policy, plan=PLANS["balanced"]))
batches = pipeline.anonymize_partition(plan.to_batches(), spec)
said = [
    {"size": [row["width"], row["height"]], "status": row["status"], "plans": row["plans"],
     "boxes": [list(face["box"].values()) for face in row["faces"]]}
    for batch in batches for row in batch.to_pylist()
]
names = [uri.rpartition("/")[2] for uri in plan["uri"].to_pylist()]
print(json.dumps({"rows": dict(zip(names, said)), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""
"""The partition function over a folder under the plan ``balanced``, and the most memory that the process ever held."""


def crowd() -> Pixels:
    """Return 500 portraits side by side, each face some 35 pixels high."""
    small = np.asarray(Image.fromarray(PORTRAIT).resize((FACE_PX, FACE_PX), Image.Resampling.BOX))
    return np.tile(small, (*CROWD, 1))


def panorama() -> Pixels:
    """Return a picture 30,000 pixels wide with one face near its far end."""
    w, h = PANORAMA_WH
    out = np.full((h, w, 3), 120, np.uint8)
    out[60 : 60 + 192, w - 900 : w - 900 + 192] = PORTRAIT
    return out


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one worker made of all of them."""
    grey = Image.fromarray(PORTRAIT).convert("L")
    alpha = Image.fromarray(np.dstack([PORTRAIT, np.full(PORTRAIT.shape[:2], 200, np.uint8)]))
    files = {
        "pixel.bmp": saved(Image.new("RGB", (1, 1), (9, 9, 9)), "BMP"),
        "panorama.png": saved(panorama(), "PNG"),
        "crowd.png": saved(crowd(), "PNG"),
        "nobody.png": place(3),
        "grey.png": saved(grey, "PNG"),
        "deep.png": saved(Image.fromarray(np.asarray(grey).astype(np.uint16) * 257), "PNG"),
        "alpha.png": saved(alpha, "PNG"),
    }
    folder = write(tmp_path_factory.mktemp("hard"), files)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", WORKER, str(folder)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=environment, timeout=600)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("name", "faces"),
    [("crowd.png", CROWD[0] * CROWD[1]), ("panorama.png", 1), ("grey.png", 1), ("deep.png", 1), ("alpha.png", 1)],
)
def test_every_face_is_found(told: dict[str, Any], name: str, faces: int) -> None:
    """In a crowd of 500, at the far end of a panorama, in grey, at 16 bits and beside an alpha channel."""
    row = told["rows"][name]
    assert (row["status"], len(row["boxes"])) == ("anonymized", faces)


def test_the_face_of_a_panorama_is_where_it_is(told: dict[str, Any]) -> None:
    """Its box lies within the portrait that was put there."""
    ((x0, y0, x1, y1),) = told["rows"]["panorama.png"]["boxes"]
    assert PANORAMA_WH[0] - 900 < x0 < x1 < PANORAMA_WH[0] - 900 + 192
    assert 60 < y0 < y1 < 60 + 192


@pytest.mark.parametrize("name", ["pixel.bmp", "nobody.png"])
def test_where_nobody_is_the_thorough_plan_looks_too(told: dict[str, Any], name: str) -> None:
    """Nothing is found in one pixel or in an empty place, and only after the thorough plan is it clean."""
    row = told["rows"][name]
    assert (row["status"], row["boxes"], row["plans"]) == ("clean", [], ["balanced", "thorough"])


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux tells it")
def test_memory_is_bounded(told: dict[str, Any]) -> None:
    """All of them in one process stay below 3 GiB."""
    sys.stdout.write(f"peak of a worker with hard pictures: {told['peak'] / GIBIBYTE:.2f} GiB\n")
    assert told["peak"] < 3 * GIBIBYTE
