"""Canaries through the real job: made, sent, judged, and gone; a job that is blind to small faces is told."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from conf.settings import load
from jobs import canaries, lakefaces
from jobs.canaries import Asked, Planted, planted
from jobs.canaryhosts import MANIFEST
from jobs.errors import UsageError
from jobs.lake import SparkLake
from jobs.options import Common
from jobs.placed import Placed, open_lake
from jobs.vault import KeySource
from tests.support.anonymizing import DONE, ONE_LOOK, anonymize, events, rows, version
from tests.support.pictures import PORTRAIT, saved, write
from tests.support.searching import traces
from tests.unit.canaries.people import scene

BLIND = Path(__file__).parents[1] / "support" / "blind.yaml"
PEOPLE = ("Jane Canary", "Joan Canary", "Judy Canary")
NAMES = [b"Jane Canary", b"Judy Canary", b"holiday snap", b"archive-picture"]


def portrait(tint: float, light: int = 0) -> np.ndarray:
    """Return the astronaut in some colours; folders say who it is, since it is always the same face."""
    return np.clip(PORTRAIT * np.array([1 - tint, 1, 0.75 + tint]) - light, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of places and portraits, and photos of three people."""
    made = tmp_path_factory.mktemp("canaries")
    places = {f"archive-picture-{i}.jpg": saved(scene((384, 288), i), "JPEG", quality=88) for i in range(6)}
    faces = {f"archive-picture-p{i}.png": saved(cv2.flip(portrait(0.02 * i), 1)) for i in range(4)}
    write(made / "archive", {**places, **faces})
    write(
        made / "people",
        {
            f"{name}/holiday snap {i}.png": saved(portrait(0.05 * number, 6 * i), "PNG")
            for number, name in enumerate(PEOPLE)
            for i in range(3)
        },
    )
    return made


@pytest.fixture(scope="module")
def lake(root: Path, spark: SparkSession) -> Path:
    """The archive's lake, by one look a picture."""
    del spark  # so that the session is that of all tests
    assert anonymize(root / "archive", root / "lake") == DONE
    return root / "lake"


def opened(lake: Path) -> Placed:
    """Return a lake as commands open it."""
    return open_lake(str(lake), Common(load("local", ["tracking.enabled=true"]), None, KeySource()))


def left(lake: Path) -> list[str]:
    """Return what is left of canaries in a vault."""
    folder = Path(f"{lake}.vault") / canaries.FOLDER
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def figure(made: Planted, name: str, size: str | None = None) -> Any:
    """Return the one figure of a name and a size; nothing where there is none."""
    return next((one for one in made.figures if one.name == name and one.of("size") == size), None)


def test_canaries_are_made_sent_and_judged_and_then_gone(root: Path, lake: Path, spark: SparkSession) -> None:
    """One run: figures, labels that name the job's own faces, attackers' clear photos; the lake is as it was."""
    before, ledger = version(lake), len(events(lake))
    content = rows(lake)
    asked = Asked(str(root / "people"), policy=str(ONE_LOOK), count=20)
    with planted(opened(lake), spark, asked, "run-1") as made:
        truth = pq.read_table(Path(f"{lake}.vault", "canaries", "run-1", MANIFEST)).to_pylist()
        missed = figure(made, "missed")
        assert missed.cases == len(truth) == made.counts["canaries"] >= 20
        assert missed.people == len(PEOPLE)
        assert missed.low <= missed.value <= missed.high
        caught = sum(n for name, n in made.counts.items() if name in {"verdict.hidden", "verdict.held_back"})
        assert missed.value == pytest.approx(1 - caught / missed.cases)
        assert caught >= 0.8 * missed.cases
        assert made.counts["photos.clear"] == len(made.clear) == len(PEOPLE)
        assert made.counts["photos.head"] == 2 * len(PEOPLE)
        assert not made.assumed
        own = SparkLake(made.placed.lake.uri, spark)
        assert own.frame("images").count() == len({row["file"] for row in truth})
        listed = lakefaces.wanted(spark, own, made.placed.vault()).selectExpr("explode(faces) as face").collect()
        there = {row["face"]["face_id"] for row in listed}
        assert {one.face_id for one in made.labels} <= there
        assert len(made.labels) >= 0.7 * len(truth)
        assert {one.person for one in made.labels} <= {one.person for one in made.clear}
        assert made.placed.key() != opened(lake).key()
        names = [path.name for path in Path(f"{lake}.vault", "canaries", "run-1").iterdir()]
        assert sorted(names) == ["clear", "heads", "lake", "lake.vault", "photos", MANIFEST]
        assert traces(Path(f"{lake}.vault", "canaries", "run-1", "lake"), NAMES) == []
    assert left(lake) == []
    assert (version(lake), len(events(lake)), rows(lake)) == (before, ledger, content)
    assert traces(lake, [b"Jane Canary", b"holiday snap"]) == []
    assert traces(Path(f"{lake}.vault"), [b"Jane Canary", b"holiday snap"]) == []
    assert not list(root.rglob("mlruns")) + list(root.rglob("mlflow*"))


def test_a_job_that_is_blind_to_small_faces_is_told(
    root: Path, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it measured has no small face; canaries of sizes that nobody measured show what it misses.

    Photos of known people stay in the vault only on a word, and then it is said.
    """
    blind = root / "blind"
    assert anonymize(root / "archive", blind, "--policy", str(BLIND)) == DONE
    heights = [face["box"]["y1"] - face["box"]["y0"] for row in rows(blind) for face in row["faces"]]
    assert min(heights) > 80
    asked = Asked(str(root / "people"), policy=str(BLIND), count=40, spread=1.0, keep=True)
    with planted(opened(blind), spark, asked, "run-2") as made:
        found = {one.of("size"): one for one in made.figures if one.name == "missed"}
        truth = pq.read_table(Path(f"{blind}.vault", "canaries", "run-2", MANIFEST)).to_pylist()
    small = sum(row["height_px"] < 32 for row in truth)
    assert small >= 1  # of some ten that are expected
    assert (found["20-31"].value, found["20-31"].cases) == (1.0, small)
    assert found["64-127"].value < 1
    # All of the small ones are missed, and some more: the interval holds no less.
    assert small / len(truth) <= found[None].value <= found[None].high
    assert found[None].low > 0
    assert left(blind) == ["run-2"]
    assert "still in the vault" in capsys.readouterr().err


def test_whatever_goes_wrong_nothing_is_left(lake: Path, spark: SparkSession, tmp_path: Path) -> None:
    """A folder without a face, and another policy than the lake's: the vault is as it was."""
    nobody = write(tmp_path / "nobody", {"a/1.png": saved(scene()), "b/1.png": saved(scene(seed=1))})
    with (
        pytest.raises(UsageError, match="of 2 photos none shows one whole face"),
        planted(opened(lake), spark, Asked(str(nobody), policy=str(ONE_LOOK)), "run-3"),
    ):
        pass
    one = write(tmp_path / "one", {"a/1.png": saved(portrait(0.0))})
    with (
        pytest.raises(UsageError, match="no image of the lake can take a canary"),
        planted(opened(lake), spark, Asked(str(one), policy=str(BLIND)), "run-4"),
    ):
        pass
    assert left(lake) == []
    assert json.dumps(events(lake), default=str).count("finished") == 1
