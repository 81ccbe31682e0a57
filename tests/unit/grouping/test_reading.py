"""Originals once more: what is read of them, and what a group's surrogate is the mean of."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs.grouping import reading
from anonymizer_udfs.grouping.reading import HEADS, WANTED, FaceSpec, MakeSurrogates, State
from anonymizer_udfs.imaging import orientation
from anonymizer_udfs.methods.facing import POINTS
from anonymizer_udfs.methods.surrogate import SIDE_PX, Surrogate
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import DlibResnet
from tests.support import specs
from tests.unit.methods.test_k_same import canvas

SPEC = FaceSpec(specs.KEY, DlibResnet(), Runtime(()))


def heads(*rows: tuple[str, str, str, int]) -> Iterator[pa.RecordBatch]:
    """Yield flat heads of group, person, face and level, one a batch."""
    for group, person, face, level in rows:
        head = np.full((SIDE_PX, SIDE_PX, 3), level, np.uint8).tobytes()
        yield pa.RecordBatch.from_pylist([{"group_id": group, "person": person, "face_id": face, "head": head}], HEADS)


def test_each_person_counts_once() -> None:
    """A person of three photos and one of one have the same weight; the digest is the canvas's."""
    rows = heads(("g", "a", "1", 90), ("g", "a", "2", 100), ("g", "a", "3", 110), ("g", "b", "4", 200))
    (batch,) = MakeSurrogates(2)(rows)
    (row,) = batch.to_pylist()
    made = Surrogate.from_png(row["canvas"], row["people"], row["sha256"])
    assert (row["group_id"], row["people"]) == ("g", 2)
    assert (made.canvas == 150).all()


def test_a_group_of_which_too_few_have_a_head_has_no_surrogate() -> None:
    """Fail closed: what two share is not what three share."""
    rows = [("g", "a", "1", 90), ("g", "b", "2", 90), ("h", "c", "3", 9), ("h", "d", "4", 9), ("h", "e", "5", 9)]
    made = [row for batch in MakeSurrogates(3)(heads(*rows)) for row in batch.to_pylist()]
    assert [(row["group_id"], row["people"]) for row in made] == [("h", 3)]
    assert list(MakeSurrogates(3)([])) == []


def wanted(path: Path, turn: int, digest: str) -> tuple[list[pa.RecordBatch], np.ndarray]:
    """Return the row of a picture stored with an orientation, with one face, and its upright points."""
    upright_wh = 256, 200
    points = (np.array(POINTS) * 60 + [120, 90]).astype(np.float32)
    stored_wh = upright_wh[::-1] if orientation.swapped(turn) else upright_wh
    box = np.array([[90, 50, 150, 130]], np.float32)
    stored = orientation.points_to_stored(points, turn, stored_wh)
    row: dict[str, Any] = specs.planned(path).to_pylist()[0]
    face = {
        "face_id": "f",
        "box": dict(
            zip(("x0", "y0", "x1", "y1"), orientation.boxes_to_stored(box, turn, stored_wh)[0].tolist(), strict=True)
        ),
        "landmarks": [{"x": x, "y": y} for x, y in stored.tolist()],
        "detectors": ["centerface"],
        "person": "p",
        "group_id": "g",
    }
    return [pa.RecordBatch.from_pylist([row | {"source_digest": digest, "faces": [face]}], WANTED)], points


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_face_is_placed_in_the_upright_picture(tmp_path: Path, turn: int) -> None:
    """However the stored pixels lie: box and points come back to where the detector saw them."""
    upright = canvas()[:200]
    stored = upright
    exif = Image.Exif()
    exif[0x0112] = turn
    back = {6: 8, 8: 6}.get(turn, turn)
    stored = orientation.upright(upright, back)
    out = io.BytesIO()
    Image.fromarray(stored).save(out, "PNG", exif=exif.tobytes())
    (tmp_path / "one.png").write_bytes(out.getvalue())
    rows, points = wanted(tmp_path / "one.png", turn, specs.KEY.source_digest(out.getvalue()))
    (one,) = reading.opened(rows, SPEC)
    assert one.state is State.READ
    assert one.rgb is not None
    assert np.array_equal(one.rgb, upright)
    box, found = one.placed(one.row["faces"][0])
    assert box == pytest.approx((90, 50, 150, 130), abs=0.01)
    assert np.allclose(found, points, atol=0.01)


def test_what_is_gone_changed_or_without_points_is_told(tmp_path: Path) -> None:
    """No template is made of an original that is not the one that was anonymized."""
    path = tmp_path / "one.png"
    Image.fromarray(canvas()).save(path)
    changed, _ = wanted(path, 1, "0" * 64)
    digest = specs.KEY.source_digest(path.read_bytes())
    plain, _ = wanted(path, 1, digest)
    (row,) = plain[0].to_pylist()
    row["faces"][0]["landmarks"] = []
    unaligned = [pa.RecordBatch.from_pylist([row], WANTED)]
    states = [next(reading.embed(batches, SPEC)).to_pylist()[0]["state"] for batches in (changed, unaligned)]
    path.unlink()
    (gone,) = reading.embed(plain, SPEC)
    assert [*states, gone.to_pylist()[0]["state"]] == ["changed", "unaligned", "gone"]
    assert gone.to_pylist()[0]["template"] is None
    assert list(reading.take_heads(plain, SPEC)) == []
