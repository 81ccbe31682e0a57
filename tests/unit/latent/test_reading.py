"""The steps of learning over Arrow batches, as a partition function gets them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs.latent import learning, reading
from anonymizer_udfs.latent.learning import Textures
from anonymizer_udfs.latent.reading import DRAWN, OF_PEOPLE, SUMS, AddSums, SumPeople, SumShapes, SumTextures
from anonymizer_udfs.methods import mesh, placing, space
from anonymizer_udfs.methods.base import Target
from anonymizer_udfs.methods.facing import POINTS
from tests.support import drawn_space, specs
from tests.unit.grouping.test_reading import SPEC, wanted
from tests.unit.latent.test_learning import ALL, PATTERNS, TEXELS
from tests.unit.methods.test_k_same import canvas

STEP = Textures(np.zeros(3 * TEXELS, np.float32), learning.start(TEXELS, PATTERNS))
SPACE = space.pack(drawn_space.space())


def batches(rows: slice, each: int = 7) -> list[pa.RecordBatch]:
    """Return some of the made-up faces as a sorted partition has them, a few a batch, so that people are cut in two."""
    listed = [
        {"person": who, "face_id": f"{i:04}", "shape": shape, "texels": texels.tobytes()}
        for i, (who, shape, texels) in enumerate(zip(ALL.people, ALL.shapes, ALL.texels, strict=True))
    ][rows]
    return [pa.RecordBatch.from_pylist(listed[i : i + each], OF_PEOPLE) for i in range(0, len(listed), each)]


@pytest.mark.parametrize(
    ("step", "direct"),
    [
        pytest.param(SumTextures(STEP), STEP, id="textures"),
        pytest.param(SumShapes(), learning.shape_sums, id="shapes"),
        pytest.param(
            SumPeople(SPACE), lambda some: learning.people_sums(some, space.read(SPACE)), id="people across batches"
        ),
    ],
)
def test_sums_over_partitions_are_those_over_all_faces(step: reading.Step, direct: reading.Step) -> None:
    """Two partitions, added in whatever order they come: the sums of all faces at once, to a float's precision."""
    rows = [row for some in (slice(0, 30), slice(30, 60)) for row in step(iter(batches(some)))]
    assert [row.schema for row in rows] == [SUMS, SUMS]
    assert [row.to_pylist()[0]["part"] for row in rows] == ["0000", "0030"]
    (total,) = AddSums()(rows)
    sums = reading.unpacked(total.to_pylist()[0]["sums"])
    first = learning.Faces(ALL.people[:60], ALL.shapes[:60], ALL.texels[:60])
    for name, values in direct(first).items():
        assert np.allclose(sums[name], values, rtol=1e-4, atol=1e-4 * np.abs(values).max()), name


@pytest.mark.parametrize("step", [SumTextures(STEP), SumShapes(), SumPeople(SPACE), AddSums()])
def test_a_partition_without_faces_has_no_sums(step: reading.Step) -> None:
    """Neither where there is no batch nor where the batches have no rows."""
    schema = SUMS if isinstance(step, AddSums) else OF_PEOPLE
    assert list(step(iter([]))) == []
    assert list(step(iter([pa.RecordBatch.from_pylist([], schema)]))) == []


class Alike:
    """A recognizer to whom all faces are alike, and which needs no model."""

    def embed(self, *_: object) -> np.ndarray:
        """Return one template."""
        return np.ones((1, 128), np.float32)


def test_a_face_is_read_with_its_shape_and_texture(tmp_path: Path) -> None:
    """They are those of the face in the picture; one without landmarks has neither, and says so."""
    spec, path = replace(SPEC, recognizer=Alike()), tmp_path / "one.png"
    Image.fromarray(canvas()[:200]).save(path)
    rows, points = wanted(path, 1, specs.KEY.source_digest(path.read_bytes()))
    (batch,) = reading.read_faces(rows, spec, None)
    assert batch.schema == DRAWN
    (row,) = batch.to_pylist()
    assert row["state"] == "read"
    target = Target((90, 50, 150, 130), landmarks=tuple(map(tuple, points.tolist())), detector="centerface")
    placed = placing.place(canvas()[:200], target, None)
    assert placed is not None
    assert np.allclose(np.array(row["shape"]).reshape(-1, 2), placed.inner, atol=1e-4)
    assert np.allclose(placed.inner, POINTS, atol=0.01)
    texels = placed.texture(canvas()[:200])[mesh.mesh("5").texels]
    found = np.frombuffer(row["texels"], np.uint8).reshape(-1, 3)
    assert np.abs(found - texels * 255).max() <= 1.5
    face = rows[0].to_pylist()[0]
    face["faces"][0]["landmarks"] = []
    (bare,) = reading.read_faces([pa.RecordBatch.from_pylist([face], rows[0].schema)], spec, None)
    assert (bare.to_pylist()[0]["state"], bare.to_pylist()[0]["texels"]) == ("unaligned", None)
