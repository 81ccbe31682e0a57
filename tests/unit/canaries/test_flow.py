"""The functions of partitions, from photos to verdicts, with detectors that take red dots for faces; no Spark.

The job between them is its own partition function, unchanged.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs import pipeline
from anonymizer_udfs.canaries import base, hosts, photos, verdicts
from anonymizer_udfs.canaries.base import CanarySpec
from anonymizer_udfs.canaries.judging import Verdict
from anonymizer_udfs.canaries.photos import ListPeople, whose
from anonymizer_udfs.canaries.sizes import Sizes
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.records import PLAN
from anonymizer_udfs.sources import SourceSpec, canonical
from anonymizer_udfs.spec import Limits
from tests.support import specs
from tests.unit.canaries.people import scene

DOT = 12


def photo(*dots: tuple[int, int], wh: tuple[int, int] = (120, 120), seed: int = 0) -> Image.Image:
    """Return a place with red dots, which are faces of 32 pixels to the detector of these tests."""
    pixels = scene(wh, seed)
    for x, y in dots:
        pixels[y - DOT // 2 : y + DOT // 2, x - DOT // 2 : x + DOT // 2] = (255, 0, 0)
    return Image.fromarray(pixels)


def folder(root: Path) -> Path:
    """Write photos of people who can be used, and of some who cannot."""
    files = {
        "anna/1.png": photo((60, 60)),
        "anna/2.png": photo((60, 60), seed=1),
        "anna/3.png": photo((60, 60), seed=2),
        "bert/only.png": photo((60, 60), seed=3),
        "cleo/1-nobody.png": photo(),
        "cleo/2-both.png": photo((40, 60), (90, 60)),
        "cleo/3-edge.png": photo((14, 60)),
        "cleo/4.png": photo((60, 60), seed=4),
        "dora/5.png": photo((60, 60), seed=5),
        "dora/6.png": photo((60, 60), seed=6),
        "stray.png": photo((60, 60)),
    }
    for name, image in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    (root / "cleo" / "0-broken.png").write_bytes(b"no image")
    return root


def listed(root: Path) -> list[dict[str, Any]]:
    """Return the listing of a folder of people."""
    lister = ListPeople(SourceSpec(str(root)), specs.KEY)
    return [row for batch in lister([]) for row in batch.to_pylist()]


def looked(root: Path, spec: CanarySpec) -> list[dict[str, Any]]:
    """Return what becomes of each photo."""
    batch = pa.RecordBatch.from_pylist(listed(root), base.FOLDER)
    return [row for made in photos.look([batch], spec) for row in made.to_pylist()]


@pytest.fixture
def spec(tmp_path: Path) -> CanarySpec:
    """What workers are told; they write below ``run``."""
    (tmp_path / "models").mkdir()
    worker = specs.red_dots(tmp_path / "models")
    return CanarySpec(worker, str(tmp_path / "vault" / "run"), Sizes(((32, 1),), spread=0))


def test_people_are_their_folders_and_names_are_keyed(tmp_path: Path) -> None:
    """Each photo once, in order; a photo beside the folders is nobody's; no name in an id."""
    rows = listed(folder(tmp_path / "people"))
    assert len(rows) == 11
    people = list(dict.fromkeys(row["person"] for row in rows))
    assert [[row["number"] for row in rows if row["person"] == one] for one in people] == [
        [0, 1, 2],
        [0],
        [0, 1, 2, 3, 4],
        [0, 1],
    ]
    assert len({row["photo_id"] for row in rows}) == 11
    assert all(set(row["person"] + row["photo_id"]) <= set("0123456789abcdef") for row in rows)
    other = ListPeople(SourceSpec(str(tmp_path / "people")), replace(specs.KEY, secret=bytes(32)))
    assert not {row["person"] for batch in other([]) for row in batch.to_pylist()} & set(people)


def test_the_first_usable_photo_is_the_attackers_where_there_are_two(tmp_path: Path, spec: CanarySpec) -> None:
    """Who has one photo is laid in and has no clear one; what cannot be used says why."""
    rows = looked(folder(tmp_path / "people"), spec)
    states = {}
    for row in rows:
        states.setdefault(row["person"], {})[row["number"]] = row["state"]
    assert list(states.values()) == [
        {0: "clear", 1: "head", 2: "head"},
        {0: "head"},
        {0: "unreadable", 1: "faceless", 2: "several_faces", 3: "cut_off", 4: "head"},
        {0: "clear", 1: "head"},
    ]
    for row in rows:
        used = row["state"] in {"clear", "head"}
        assert used == (row["file"] is not None) == (row["box"] is not None)
        assert not used or Path(row["file"]).is_file()
    clear = next(row for row in rows if row["state"] == "clear")
    assert Path(clear["file"]).read_bytes() == (tmp_path / "people" / "anna" / "1.png").read_bytes()


def found(*boxes: tuple[float, ...]) -> list[Finding]:
    """Return findings."""
    return [Finding("face", np.array(box, np.float32), 0.9, ()) for box in boxes]


def test_whose_photo_it_is_must_be_plain() -> None:
    """One face that is clearly the largest, and none beside it that would come along."""
    large, small, near = (0.0, 0.0, 80.0, 100.0), (300.0, 0.0, 350.0, 60.0), (60.0, 20.0, 80.0, 45.0)
    assert whose([]) is photos.State.FACELESS
    one = whose(found(large, small))
    assert isinstance(one, Finding)
    assert one.box.tolist() == list(large)
    assert whose(found(large, (300.0, 0.0, 380.0, 90.0))) is photos.State.SEVERAL
    assert whose(found(large, near)) is photos.State.SEVERAL
    assert isinstance(whose(found(large, (95.0, 20.0, 115.0, 45.0))), Finding)


def host_rows(archive: Path, spec: CanarySpec, heads: list[dict[str, Any]], **changed: Any) -> list[dict[str, Any]]:
    """Return rows of images that are to take two heads each."""
    wishes = [
        {"head_id": one["photo_id"], **{name: one[name] for name in ("person", "box", "landmarks", "detector")}}
        for one in heads
    ]
    rows = []
    for row in specs.planned(archive).to_pylist():
        content = Path(unquote(row["uri"].removeprefix("file://"))).read_bytes()
        digest = spec.worker.key.source_digest(content)
        rows.append(row | {"source_digest": digest, "copy": 0, "known": [], "wishes": wishes[:2]} | changed)
    return rows


def planted(rows: list[dict[str, Any]], spec: CanarySpec) -> list[dict[str, Any]]:
    """Return what becomes of images."""
    batch = pa.RecordBatch.from_pylist(rows, base.HOST)
    return [row for made in hosts.plant([batch], spec) for row in made.to_pylist()]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with images without anybody."""
    root = tmp_path / "archive"
    root.mkdir()
    for i in range(4):
        photo(wh=(320, 240), seed=10 + i).save(root / f"Jane Doe {i}.png")
    return root


def verdicts_of(tmp_path: Path, spec: CanarySpec, planted_: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run the job over planted images, and return what became of each canary."""
    jobs = [row for batch in pipeline.anonymize_partition([_plan(tmp_path)], spec.worker) for row in batch.to_pylist()]
    by_id = {row["image_id"]: row for row in jobs}
    rows = []
    for host in planted_:
        image_id = spec.worker.key.image_id(canonical(host["file"]))
        truth = [
            one | {"canary_id": f"{image_id}-{i}", "image_id": image_id, "host": host["host"], "file": host["file"]}
            for i, one in enumerate(host["canaries"])
        ]
        row = by_id.get(image_id) or dict.fromkeys(verdicts.ROW)
        said = {name: row[name] for name in verdicts.ROW} | ({"policy": "dots"} if image_id in by_id else {})
        rows.append({"image_id": image_id, "file": host["file"], "canaries": truth, **said})
    batch = pa.RecordBatch.from_pylist(rows)
    return [row for made in verdicts.judge([batch], spec) for row in made.to_pylist()]


def _plan(tmp_path: Path) -> pa.RecordBatch:
    rows = specs.planned(tmp_path / "vault" / "run" / "photos").to_pylist()
    return pa.RecordBatch.from_pylist(rows, PLAN)


def test_canaries_that_the_job_sees_are_hidden(tmp_path: Path, spec: CanarySpec, archive: Path) -> None:
    """From photos to verdicts: all are caught, and each is the person whom the truth names."""
    heads = [row for row in looked(folder(tmp_path / "people"), spec) if row["state"] == "head"]
    made = planted(host_rows(archive, spec, heads), spec)
    assert [row["state"] for row in made] == ["planted"] * 4
    assert all(len(row["canaries"]) == 2 for row in made)
    assert all(one["seam"] is not None for row in made for one in row["canaries"])
    judged = verdicts_of(tmp_path, spec, made)
    assert len(judged) == 8
    assert {row["verdict"] for row in judged} == {Verdict.HIDDEN.value}
    assert {row["person"] for row in judged} == {head["person"] for head in heads[:2]}
    assert all(row["face_id"].startswith(row["image_id"] + "-000") for row in judged)
    assert all(row["covered"] == 1 and row["changed"] > 0.5 for row in judged)


def test_canaries_that_the_job_does_not_see_are_missed(tmp_path: Path, spec: CanarySpec, archive: Path) -> None:
    """A job that asks for a purer red than any head has left sees nobody, and the verdicts say so."""
    heads = [row for row in looked(folder(tmp_path / "people"), spec) if row["state"] == "head"]
    blind = replace(spec.worker.policy, bands=replace(spec.worker.policy.bands, sure=0.99, unsure=0.98))
    made = planted(host_rows(archive, spec, heads), spec)
    judged = verdicts_of(tmp_path, replace(spec, worker=replace(spec.worker, policy=blind)), made)
    assert len(judged) == 8
    assert {(row["verdict"], row["face_id"]) for row in judged} == {(Verdict.UNCOVERED.value, None)}


def test_a_row_that_is_missing_proves_nothing(tmp_path: Path, spec: CanarySpec, archive: Path) -> None:
    """A canary whose image the job has no row for is not caught."""
    heads = [row for row in looked(folder(tmp_path / "people"), spec) if row["state"] == "head"]
    made = planted(host_rows(archive, spec, heads), spec)
    Path(made[0]["file"]).rename(tmp_path / "gone.png")
    judged = verdicts_of(tmp_path, spec, made)
    assert [row["verdict"] for row in judged].count(Verdict.ABSENT.value) == 2


def test_originals_that_are_gone_changed_or_full_are_counted(tmp_path: Path, spec: CanarySpec, archive: Path) -> None:
    """They get no canary, and the others do."""
    photo(wh=(24, 24)).save(archive / "tiny.png")
    heads = [row for row in looked(folder(tmp_path / "people"), spec) if row["state"] == "head"]
    rows = host_rows(archive, spec, heads)
    (archive / "Jane Doe 0.png").unlink()
    size = (archive / "Jane Doe 1.png").stat().st_size
    (archive / "Jane Doe 1.png").write_bytes(bytes(size))
    states = {row["host"]: row["state"] for row in planted(rows, spec)}
    names = {row["image_id"]: row["uri"].rpartition("/")[2] for row in rows}
    assert {names[host]: state for host, state in states.items()} == {
        "Jane%20Doe%200.png": "gone",
        "Jane%20Doe%201.png": "changed",
        "Jane%20Doe%202.png": "planted",
        "Jane%20Doe%203.png": "planted",
        "tiny.png": "full",
    }


def test_copies_differ_and_names_say_nothing(tmp_path: Path, spec: CanarySpec, archive: Path) -> None:
    """Two copies of an image are two files; neither has a name of the archive's, nor an id of its lake."""
    heads = [row for row in looked(folder(tmp_path / "people"), spec) if row["state"] == "head"]
    rows = host_rows(archive, spec, heads)[:1]
    first, second = planted([*rows, rows[0] | {"copy": 1}], spec)
    assert Path(first["file"]).read_bytes() != Path(second["file"]).read_bytes()
    for one in (first, second):
        assert "Jane" not in Path(one["file"]).name
        assert rows[0]["image_id"] not in one["file"]
    again = planted(rows, spec)[0]
    assert again == first


def test_a_data_sets_policy_is_a_folder(tmp_path: Path, spec: CanarySpec, archive: Path) -> None:
    """So that the job treats a canary by the policy of the image that it is in."""
    heads = [row for row in looked(folder(tmp_path / "people"), spec) if row["state"] == "head"]
    plain, mapped = (planted(host_rows(archive, spec, heads, policy=name)[:1], spec)[0] for name in (None, "partner"))
    assert "/photos/own/" in plain["file"]
    assert "/photos/tiers/partner/" in mapped["file"]


def test_what_is_larger_than_the_limits_is_left_alone(tmp_path: Path, spec: CanarySpec, archive: Path) -> None:
    """As the job leaves it."""
    heads = [row for row in looked(folder(tmp_path / "people"), spec) if row["state"] == "head"]
    tight = replace(spec, worker=replace(spec.worker, limits=Limits(max_pixels=1000)))
    assert {row["state"] for row in planted(host_rows(archive, spec, heads), tight)} == {"gone"}
