"""The views, run on a real lake: what each shows, and what none shows."""

from pathlib import Path

import pytest

from jobs.lake import Lake
from schemas import READABLE, views
from tests.support import lakes

VIEWS = views("unnest")
"""Those over images, which every lake has."""
ROWS = [
    lakes.row("a", b"one", status="anonymized", faces=[lakes.face(), lakes.face("pixelate", "plate")]),
    lakes.row("b", b"two"),
    lakes.row("c", b"three", status="review", reason="unverified"),
    lakes.row("d", None),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Return a lake with one image of each status."""
    return lakes.make(Path(tmp_path_factory.mktemp("views")) / "lake", ROWS)


def test_on_an_empty_lake_all_views_are_empty(tmp_path: Path) -> None:
    """No row is made up."""
    empty = lakes.make(tmp_path / "lake", [])
    found = {name: empty.query(f"SELECT * FROM {name}").num_rows for name in VIEWS}  # noqa: S608 - names of ours
    assert found == dict.fromkeys(VIEWS, 0)


def test_faces_has_a_row_for_each_region(lake: Lake) -> None:
    """Two regions of one image are two rows with its id."""
    rows = lake.query("SELECT image_id, kind, method, region FROM faces ORDER BY kind").to_pylist()
    assert [(r["kind"], r["method"]) for r in rows] == [("face", "mask"), ("plate", "pixelate")]
    assert {r["image_id"] for r in rows} == {lakes.KEY.image_id("a")}
    assert rows[0]["region"] == {"x0": 0, "y0": 0, "x1": 16, "y1": 16}


@pytest.mark.parametrize(
    ("view", "uris"),
    [
        pytest.param("review_queue", "c", id="review_queue"),
        pytest.param("quarantine", "d", id="quarantine"),
        pytest.param("provenance", "abcd", id="provenance"),
    ],
)
def test_a_view_has_the_images_it_is_named_after(view: str, uris: str, lake: Lake) -> None:
    """By status; provenance has them all."""
    found = lake.query(f"SELECT image_id FROM {view}")  # noqa: S608 - names of ours
    assert set(found.column("image_id").to_pylist()) == {lakes.KEY.image_id(uri) for uri in uris}


def test_views_can_be_joined(lake: Lake) -> None:
    """A query uses several views, and the tables, at once."""
    sql = "SELECT COUNT(*) AS n FROM faces JOIN provenance USING (image_id) JOIN images USING (image_id)"
    assert lake.query(sql).to_pylist() == [{"n": 2}]


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_reads_a_picture(name: str, lake: Lake) -> None:
    """Views are for looking through a lake of any size; pictures are read by id."""
    assert "content" not in lake.query(f"SELECT * FROM {name}").column_names  # noqa: S608 - names of ours


def test_a_dialect_changes_one_word() -> None:
    """Engines differ in how they turn an array into rows, and in nothing else."""
    spark, fusion = views("explode", READABLE), views("unnest", READABLE)
    assert {n: s.replace("explode", "unnest") for n, s in spark.items()} == fusion
    assert not any("{" in sql for sql in spark.values())
