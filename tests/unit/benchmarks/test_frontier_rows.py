"""A row of the frontier, on drawn people and with a recognizer that compares small pictures."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from anonymizer_udfs.detection.base import Detections
from anonymizer_udfs.methods import KSame, Mask, Pixelate
from anonymizer_udfs.models.base import ModelRef, Runtime
from benchmarks.frontiers import rows
from benchmarks.frontiers.kept import Looker
from benchmarks.frontiers.people import People, Photo
from benchmarks.frontiers.rows import Setup, Worker
from benchmarks.frontiers.strengths import Strength

RUNTIME = Runtime(())


@dataclass(frozen=True)
class Small:
    """Recognises people by 8x8 pixels of the whole picture."""

    model: ModelRef
    name: ClassVar[str] = "small"

    def embed(self, rgb: np.ndarray, landmarks: np.ndarray, detector: str, runtime: Runtime) -> np.ndarray:
        """Return them, less their mean."""
        del landmarks, detector, runtime
        tiny = cv2.resize(rgb, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float32).reshape(1, -1)
        return tiny - tiny.mean()

    def similarity(self, probes: np.ndarray, gallery: np.ndarray) -> np.ndarray:
        """Return the negative distance."""
        return -np.linalg.norm(probes[:, None] - gallery[None], axis=2).astype(np.float32)


@dataclass(frozen=True)
class Blind:
    """Finds nothing."""

    model: ModelRef

    def detect(self, images: list[np.ndarray], runtime: Runtime) -> list[Detections]:
        """Return as much for each picture."""
        del runtime
        return [Detections.none() for _ in images]


def model(name: str, digit: int) -> ModelRef:
    """Return a reference to a file that nobody opens."""
    return ModelRef(name, name, 64 * str(digit))


@pytest.fixture
def setup(photos: list[Photo]) -> Setup:
    """Return four people with a photo on each side, and nobody to learn from."""
    known = People(tuple(photos[0::2]), tuple(photos[1::2]), (), 0)
    looker = Looker(Blind(model("blind", 1)), None, RUNTIME)  # type: ignore[arg-type]  # it finds nothing, and no more
    return Setup(known, (Small(model("small", 0)),), looker, RUNTIME)


def test_the_untouched_photos_are_the_yardstick(setup: Setup) -> None:
    """There everybody is recognised, there is nothing that was kept, and of few people no colours are learned."""
    row = Worker(setup).row(None)
    assert row["attacks"]["small"]["naive"]["rank1"] == 1
    assert set(row["attacks"]) == {"small"}
    assert (row["label"], row["people"], row["chance"]) == ("untouched", 4, 0.25)
    assert not {"kept", "ms", "passes", "served"} & set(row)


def test_a_row_says_what_is_recognised_and_what_is_left(setup: Setup) -> None:
    """Pixels of a mild method still tell people apart; under a mask the region is one level, and no face is found."""
    mild, masked = (Worker(setup).row(Strength(method, 1.3)) for method in (Pixelate(16, 0.0), Mask()))
    assert mild["attacks"]["small"]["parrot"]["rank1"] == 1
    assert mild["kept"]["ssim"] > masked["kept"]["ssim"]
    assert (masked["kept"]["found"], masked["looked_at"], masked["served"], mild["served"]) == (0, 4, 1, 1)
    assert masked["ms"] > 0
    assert masked["passes"] > 0


def test_k_same_is_given_groups(setup: Setup) -> None:
    """All four people share surrogates; with too few of them for a group the row says that there was none."""
    grouped, alone = (Worker(setup).row(Strength(KSame(k), 2.0)) for k in (2, 5))
    assert (grouped["served"], alone["served"]) == (1, 0)
    filled = Worker(setup).row(Strength(Mask(), 2.0))
    assert alone["kept"]["ssim"] == filled["kept"]["ssim"] != grouped["kept"]["ssim"]


def test_what_is_left_is_looked_for_in_some_photos_of_all(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every so many photos, so that it is not the first letters of the alphabet; all of them are attacked."""
    monkeypatch.setattr(rows, "LOOKED_AT", 2)
    row = Worker(setup).row(Strength(Mask(), 2.0))
    assert (row["looked_at"], row["probes"]) == (2, 4)


def test_a_row_is_kept_under_all_that_it_depends_on(setup: Setup) -> None:
    """Another recognizer, landmarker, photo or strength is another row."""

    def key(setup: Setup, cells: int = 5) -> str:
        return rows.key_of(Strength(Pixelate(cells), 1.6), setup.digest())

    other: Any = Small(model("other", 2))
    fewer = replace(setup.people, probes=setup.people.probes[1:])
    changed = (
        replace(setup, recognizers=(other,)),
        replace(setup, looker=replace(setup.looker, landmarker=other)),
        replace(setup, people=fewer),
    )
    keys = [key(setup), key(setup, 4), *map(key, changed)]
    assert len(set(keys)) == len(keys)
    assert key(setup) == keys[0]
