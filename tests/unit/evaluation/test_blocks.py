"""Galleries in blocks: the same ranks as one product of all, for every recognizer, whatever the blocks."""

import numpy as np
import pyarrow as pa
import pytest

from anonymizer_udfs.evaluation import blocks
from anonymizer_udfs.evaluation.blocks import COMPARED, GALLERY, PROBE, StandInGallery, ToFigures
from anonymizer_udfs.evidence import Figure, Standing
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.recognition import Recognizer
from anonymizer_udfs.recognition.arcface import ArcFace
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet

RECOGNIZERS = (DlibResnet(), ArcFace(ModelRef("pack/file", "pack/file", 64 * "0")))
PEOPLE, MORE = 90, 37


def people(noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a template of each probe, and of each one in the gallery, who are first the probes' people."""
    draw = np.random.default_rng(seed)
    gallery = draw.normal(size=(PEOPLE + MORE, 128)).astype(np.float32)
    return (gallery[:PEOPLE] + noise * draw.normal(size=(PEOPLE, 128))).astype(np.float32), gallery


def rows(probes: np.ndarray, gallery: np.ndarray, size: int) -> list[pa.RecordBatch]:
    """Return the rows of one block, so many a batch."""
    named = [f"p{i:03d}" for i in range(len(gallery))]
    out = [
        {"block": 0, "role": PROBE, "person": named[i], "template": one.tobytes(), "mate": gallery[i].tobytes()}
        for i, one in enumerate(probes)
    ]
    out += [
        {"block": 0, "role": GALLERY, "person": named[i], "template": one.tobytes(), "mate": None}
        for i, one in enumerate(gallery)
    ]
    return [pa.RecordBatch.from_pylist(out[i : i + size], COMPARED) for i in range(0, len(out), size)]


@pytest.mark.parametrize("recognizer", RECOGNIZERS, ids=lambda one: one.name)
@pytest.mark.parametrize(("noise", "rows_a_block", "batch"), [(1.5, 16, 50), (3.0, 2_048, 1_000), (0.5, 31, 7)])
def test_blocks_stand_where_the_whole_does(
    recognizer: Recognizer, noise: float, rows_a_block: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against similarities of all pairs at once."""
    monkeypatch.setattr(blocks, "_ROWS", rows_a_block)
    monkeypatch.setattr(blocks, "_COLUMNS", rows_a_block + 3)
    probes, gallery = people(noise)
    whole = Standing.of(recognizer.similarity(probes, gallery), np.eye(PEOPLE, PEOPLE + MORE, dtype=bool))
    (made,) = StandInGallery(recognizer)(rows(probes, gallery, batch))
    found = {name: made.column(name).to_numpy() for name in ("above", "level", "right", "other", "size")}
    assert np.array_equal(found["above"], whole.above)
    assert np.array_equal(found["level"], whole.level)
    assert set(found["size"]) == {PEOPLE + MORE}
    assert found["right"] == pytest.approx(whole.right, abs=1e-4)
    assert found["other"] == pytest.approx(whole.other, abs=1e-4)


@pytest.mark.parametrize("recognizer", RECOGNIZERS, ids=lambda one: one.name)
def test_where_all_in_the_gallery_are_one_nobody_is_ahead(recognizer: Recognizer) -> None:
    """Photos under one mask for all: everyone is level, whatever the rounding of a block's last columns."""
    probes, gallery = people(1.0)
    (made,) = StandInGallery(recognizer)(rows(probes, np.repeat(gallery[:1], len(gallery), 0), 1_000))
    assert set(made.column("above").to_pylist()) == {0}
    assert set(made.column("level").to_pylist()) == {PEOPLE + MORE - 1}
    (figures,) = ToFigures((("attack", "parrot"),), 0, 0.95)([made])
    rank1 = [Figure.from_row(row) for row in figures.to_pylist() if row["name"] == "rank1"]
    assert {one.of("gallery"): round(one.value or 0, 6) for one in rank1} == {"100": 0.01, "127": round(1 / 127, 6)}
