"""What was erased is not taken again: by its name where it is listed, by its bytes where they are read."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from anonymizer_udfs import pipeline
from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.records import PLAN
from anonymizer_udfs.sources.base import SourceSpec
from tests.support import specs
from tests.support.pictures import place, write

ONE = pa.record_batch({"id": [0]})


def listed(folder: Path, suppressed: frozenset[str] = frozenset()) -> pa.Table:
    """Return the plan of a folder."""
    lister = ListPartition(SourceSpec(str(folder)), specs.KEY, suppressed=suppressed)
    return pa.Table.from_batches(list(lister([ONE])), PLAN)


def test_an_erased_name_is_not_listed(tmp_path: Path) -> None:
    """Whatever lies there by now; others are, and a digest in the list is no id."""
    folder = write(tmp_path / "photos", {"a.png": place(1), "b.png": place(2)})
    (gone,) = [row for row in listed(folder).to_pylist() if row["uri"].endswith("a.png")]
    word = specs.KEY.suppressed("image", gone["image_id"])
    assert [row["uri"][-5:] for row in listed(folder, frozenset({word})).to_pylist()] == ["b.png"]
    other = specs.KEY.suppressed("content", gone["image_id"])
    assert listed(folder, frozenset({other})).num_rows == 2
    assert listed(folder, frozenset({gone["image_id"]})).num_rows == 2


def test_a_copy_of_an_erased_image_is_held_back_without_its_digest(tmp_path: Path) -> None:
    """It is not even decoded; one that differs by a byte is taken."""
    models = tmp_path / "models"
    models.mkdir()
    folder = write(tmp_path / "photos", {"copy.png": place(1), "else.png": place(1) + b"."})
    digest = specs.KEY.source_digest(place(1))
    plain = specs.red_dots(models)
    spec = replace(plain, suppressed=frozenset({specs.KEY.suppressed("content", digest)}))
    made = pa.Table.from_batches(list(pipeline.anonymize_partition(listed(folder).to_batches(), spec)))
    uris = [row["uri"][-8:] for row in listed(folder).to_pylist()]
    rows = dict(zip(uris, made.to_pylist(), strict=True))
    copy = rows["copy.png"]
    assert (copy["status"], copy["reason"], copy["source_digest"]) == ("quarantined", "suppressed", None)
    assert (copy["content"], copy["faces"], copy["width"], copy["format"]) == (None, [], None, None)
    assert digest not in str(copy)
    assert (rows["else.png"]["status"], rows["else.png"]["source_digest"] is None) == ("clean", False)
    assert plain.digest_of(place(1)) == digest
