"""The three functions for people's own notebooks, in ``df.select`` and in SQL, with the real models."""

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import DataFrame, SparkSession

from anonymizer_udfs import udfs
from anonymizer_udfs.keys import Key
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.sources.base import Storage
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.udfs import anonymize_image, embed_faces, register
from conf.settings import load
from jobs import session
from tests.support.anonymizing import KEY
from tests.support.pictures import PORTRAIT, group, place, portrait, saved

IMAGES = {
    "face": saved(PORTRAIT, "PNG"),
    "darker": portrait(3),
    "group": group(),
    "place": place(),
    "broken": portrait(4, "JPEG")[:-200],
    "empty": b"",
    "null": None,
}


def spec(key: Key = KEY) -> WorkerSpec:
    """Return a spec whose pictures depend on the key."""
    made = udfs.default_spec()
    noisy = replace(made.policy, name="noisy", face=KindRule((Pixelate(cells=5, noise_ratio=0.1), Mask()), 1.3))
    return replace(made, key=key, policy=noisy)


@pytest.fixture(scope="module")
def started() -> SparkSession:
    """The session of this process, as the jobs make it."""
    return session.create(load(), Storage())


@pytest.fixture
def spark(started: SparkSession) -> Iterator[SparkSession]:
    """The session with nothing bound, before and after."""
    udfs._bound.pop(started, None)
    yield started
    udfs._bound.pop(started, None)


def images(spark: SparkSession) -> DataFrame:
    """Return the images as a table of names and files."""
    return spark.createDataFrame(list(IMAGES.items()), "name string, content binary").repartition(2)


def taken(frame: DataFrame) -> dict[str, object]:
    """Return the second column by the first."""
    return {row[0]: row[1] for row in frame.collect()}


def test_no_rows_give_no_rows(spark: SparkSession) -> None:
    """An empty table is fine."""
    assert images(spark).limit(0).select(anonymize_image("content")).collect() == []


def test_without_register_the_default_policy_is_used(spark: SparkSession) -> None:
    """Faces are masked, places stay, and what is held back is null, whatever is wrong with it."""
    found = taken(images(spark).select("name", anonymize_image("content")))
    assert {name for name, data in found.items() if data is None} == {"broken", "empty", "null"}
    pixels = np.asarray(Image.open(io.BytesIO(bytes(found["face"]))))  # type: ignore[arg-type]
    assert len(np.unique(pixels[70:170, 60:130].reshape(-1, 3), axis=0)) == 1
    same = np.asarray(Image.open(io.BytesIO(bytes(found["place"]))))  # type: ignore[arg-type]
    np.testing.assert_array_equal(same, np.asarray(Image.open(io.BytesIO(place()))))


def test_select_and_sql_give_the_same_bytes_for_the_same_key(spark: SparkSession) -> None:
    """After ``register`` both ways use its policy and key; another key gives other pixels, the same one the same."""
    register(spark, spec())
    images(spark).createOrReplaceTempView("photos")
    selected = taken(images(spark).select("name", anonymize_image("content")))
    assert taken(spark.sql("SELECT name, anonymize_image(content) FROM photos")) == selected
    register(spark, spec(Key(bytes(32))))
    other = taken(images(spark).select("name", anonymize_image("content")))
    assert {name for name in IMAGES if other[name] != selected[name]} == {"face", "darker", "group"}
    register(spark, spec())
    assert taken(images(spark).repartition(1).select("name", anonymize_image("content"))) == selected


def test_faces_are_found_in_pixels_of_the_upright_picture(spark: SparkSession) -> None:
    """Each face has box, five landmarks inside it and a confidence; no picture is null, no face is an empty array."""
    register(spark)
    images(spark).createOrReplaceTempView("photos")
    found = taken(spark.sql("SELECT name, detect_faces(content) FROM photos"))
    assert {name: None if faces is None else len(faces) for name, faces in found.items()} == {  # type: ignore[arg-type]
        "face": 1, "darker": 1, "group": 6, "place": 0, "broken": None, "empty": None, "null": None,
    }  # fmt: skip
    face = found["face"][0]  # type: ignore[index]
    box = face["box"]
    assert (box["x0"], box["y0"], box["x1"], box["y1"]) == pytest.approx((48, 61, 142, 171), abs=6)
    assert len(face["landmarks"]) == 5
    assert all(box["x0"] < p["x"] < box["x1"] and box["y0"] < p["y"] < box["y1"] for p in face["landmarks"])
    assert 0.5 < face["confidence"] <= 1


def test_templates_tell_people_apart(spark: SparkSession) -> None:
    """Two pictures of one face are nearer to each other than to anybody in the group; one template a face."""
    found = taken(images(spark).select("name", embed_faces("content")))
    assert [None if found[name] is None else len(found[name]) for name in IMAGES] == [1, 1, 6, 0, None, None, None]  # type: ignore[arg-type]
    one, same, others = (np.array(found[name]) for name in ("face", "darker", "group"))
    assert one.shape == same.shape == (1, 128)
    assert np.linalg.norm(one - same) < np.linalg.norm(others - one, axis=1).min()
    assert taken(images(spark).select("name", embed_faces("content"))) == found
