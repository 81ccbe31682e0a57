"""Clear photos that an attacker holds: treated by the policy as he would, and seen as faces of a lake are."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from anonymizer_udfs.evaluation.held import HELD, SHOWN, held
from anonymizer_udfs.evaluation.views import CHIP
from anonymizer_udfs.methods import Mask, Method, Pixelate
from anonymizer_udfs.steps import Mirror, Shrink, Step
from tests.support.pictures import saved
from tests.unit.evaluation.test_examining import Made, picture

BOX = [70.0, 68.0, 94.0, 96.0]
POINTS = [76.0, 76.0, 88.0, 76.0, 82.0, 82.0, 77.0, 90.0, 87.0, 90.0]


def shown(
    folder: Path, *chain: Method, steps: tuple[Step, ...] = (), tried: int = 1, **changes: Any
) -> list[dict[str, Any]]:
    """Return what is seen of one photo under a policy, with some columns of its row changed."""
    made = Made(folder, *chain, steps=steps)
    (folder / "clear").write_bytes(saved(picture(5), "PNG"))
    row: dict[str, Any] = {"person": "anna", "file": str(folder / "clear"), "box": BOX, "landmarks": POINTS}
    row |= {"detector": "centerface", "policy": made.worker.policy.name, "steps": tried, **changes}
    out = list(held([pa.RecordBatch.from_pylist([row], HELD)], made.spec))
    assert all(one.schema == SHOWN for one in out)
    return [face for one in out for face in one.to_pylist()]


@pytest.mark.parametrize("steps", [(), (Mirror(), Shrink(90))], ids=["as it is", "mirrored and smaller"])
def test_a_photo_has_all_sides_that_attacks_need(tmp_path: Path, steps: tuple[Step, ...]) -> None:
    """Clear, released and a stranger's; without noise the latter two are one."""
    (face,) = shown(tmp_path, Pixelate(4, 0.0), Mask(), steps=steps)
    views = dict(face["views"])
    assert face["person"] == "anna"
    assert views[f"released.{CHIP}"] == views[f"parrot.{CHIP}"] != views[f"clear.{CHIP}"]
    assert {"released.canvas", "parrot.canvas", f"weak.{CHIP}", f"middling.{CHIP}"} <= set(views)


def test_it_is_treated_as_hard_as_most_were(tmp_path: Path) -> None:
    """By the second method of the chain, where that is what most got whom the attacker looks for."""
    methods = []
    for tried in (1, 2):
        (tmp_path / str(tried)).mkdir()
        (face,) = shown(tmp_path / str(tried), Pixelate(4, 0.0), Mask(), tried=tried)
        methods.append(face["method"])
    assert methods == ["pixelate", "mask"]


@pytest.mark.parametrize("changes", [{"landmarks": []}, {"file": "gone"}], ids=["no points", "gone"])
def test_what_cannot_be_seen_has_no_row(tmp_path: Path, changes: dict[str, Any]) -> None:
    """It is not in the gallery; nothing is made up for it."""
    if changes.get("file"):
        changes = {"file": str(tmp_path / "gone")}
    assert shown(tmp_path, **changes) == []


def test_a_picture_that_is_none_is_left_out(tmp_path: Path) -> None:
    """Bytes that are no image."""
    bad = tmp_path / "bad"
    bad.write_bytes(np.zeros(64, np.uint8).tobytes())
    assert shown(tmp_path, file=str(bad)) == []
