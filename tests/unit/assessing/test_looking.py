"""What is told of a sampled image: taken from what was seen, what it took, and the source itself."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs.assessing.looking import SEEN, looked
from anonymizer_udfs.imaging.carried import Carried
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.pipeline import anonymize_partition
from anonymizer_udfs.records import PLAN, Look
from anonymizer_udfs.risk import Risk
from tests.support import specs

RISK = Risk(0.7, "public")


def scene(*dots: tuple[int, int], **options: object) -> bytes:
    """Return a PNG of 96 by 64 with red dots, which count as faces."""
    pixels = np.full((64, 96, 3), 150, np.uint8)
    for x, y in dots:
        pixels[y : y + 4, x : x + 4] = (255, 0, 0)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", **options)
    return out.getvalue()


def placed() -> Image.Exif:
    """Return Exif with a position and an owner."""
    made = Image.Exif()
    made.get_ifd(34665)[42032] = "Jane Doe"
    made.get_ifd(34853).update({1: "N", 2: (48.0, 8.0, 14.5)})
    return made


FILES = {
    "broken.png": scene((40, 24))[:90],
    "empty.png": b"",
    "plain.png": scene(),
    "one.png": scene((40, 24)),
    "placed.png": scene((40, 24), exif=placed().tobytes()) + b"trailer",
    "two.png": scene((20, 24), (70, 40)),
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What is told of each file, by its name."""
    root = tmp_path_factory.mktemp("looked")
    (root / "photos").mkdir()
    for name, data in FILES.items():
        (root / "photos" / name).write_bytes(data)
    spec = specs.red_dots(root)
    batches = specs.planned(root / "photos").to_batches()
    rows = list(looked(batches, anonymize_partition(batches, spec), spec, RISK, 2.0))
    table = pa.Table.from_batches(rows, SEEN)
    return {Path(str(row["uri"])).name: row for row in table.to_pylist()}


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    """An empty partition gives no row."""
    empty = [pa.RecordBatch.from_pylist([], PLAN)]
    spec = specs.red_dots(tmp_path)
    rows = looked(empty, anonymize_partition(empty, spec), spec, RISK, 2.0)
    assert sum(batch.num_rows for batch in rows) == 0


def test_every_image_has_a_row_without_pixels(seen: dict[str, dict[str, object]]) -> None:
    """One row an image, whatever became of it; no column could hold a picture or a template."""
    assert sorted(seen) == sorted(FILES)
    assert not [one.name for one in SEEN if pa.types.is_binary(one.type)]


def test_faces_are_told_by_number_and_size(seen: dict[str, dict[str, object]]) -> None:
    """As many as were found, each with the side of its box."""
    assert {name: len(row["faces"]) for name, row in seen.items() if row["format"]} == {
        "plain.png": 0,
        "one.png": 1,
        "placed.png": 1,
        "two.png": 2,
    }
    assert 20 < seen["one.png"]["faces"][0]["side_px"] < 40
    assert seen["one.png"]["faces"][0]["method"] == "mask"


def test_what_cannot_be_read_says_why_and_has_no_score(seen: dict[str, dict[str, object]]) -> None:
    """A broken file may carry anything; of an empty one nothing is known."""
    broken, empty = seen["broken.png"], seen["empty.png"]
    assert (broken["status"], broken["reason"], broken["risk"]) == ("quarantined", "truncated", None)
    assert broken["place"]
    assert broken["trailer"]
    assert (empty["reason"], empty["size_bytes"], empty["place"]) == ("empty", None, None)


def test_metadata_and_what_is_enclosed_are_told(seen: dict[str, dict[str, object]]) -> None:
    """Position, owner and trailer of the one file that has them."""
    said = {name: [row[k] for k in ("place", "names", "dates", "thumbnail", "trailer")] for name, row in seen.items()}
    assert said["placed.png"] == [True, True, False, False, True]
    assert said["one.png"] == [False] * 5


def test_the_score_is_the_policys_own(tmp_path: Path) -> None:
    """Told from stored rows, it is the score that a policy which raises images gives the image itself."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(FILES["placed.png"])
    spec = specs.red_dots(tmp_path)
    batches = specs.planned(tmp_path / "photos").to_batches()
    (row,) = [r for b in looked(batches, anonymize_partition(batches, spec), spec, RISK, 2.0) for r in b.to_pylist()]
    found = spec.policy.searcher.search(
        [np.asarray(Image.open(tmp_path / "photos" / "a.png"))], specs.AS_IT_IS, spec.runtime
    )

    wanted = RISK.score([Found(one, Look.PLAN) for one in found[0]], (96, 64), 2.0, Carried(place=True, names=True))
    assert row["risk"] == wanted
    assert 0 < wanted < 1


def test_more_at_stake_scores_higher(seen: dict[str, dict[str, object]]) -> None:
    """No face, a face, a face with a place and a name."""
    assert seen["plain.png"]["risk"] < seen["one.png"]["risk"] < seen["placed.png"]["risk"]


def test_what_it_took_is_told(seen: dict[str, dict[str, object]]) -> None:
    """Decoding and the search took time, and no step took less than none."""
    assert seen["one.png"]["decode_ms"] > 0
    assert seen["one.png"]["detect_ms"] > 0
    assert all(value >= 0 for row in seen.values() for name, value in row.items() if name.endswith("_ms"))
