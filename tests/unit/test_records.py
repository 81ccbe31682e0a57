"""Rows of a partition: the same columns as the table declares, and no bytes where they must not be."""

import dataclasses
import hashlib
from datetime import UTC, datetime

import pyarrow as pa
import pytest

import schemas
from anonymizer_udfs import records
from anonymizer_udfs.outcome import Reason, Status
from anonymizer_udfs.records import (
    IMAGES,
    LISTED,
    OUT,
    PLAN,
    TIMINGS,
    Attack,
    Face,
    Look,
    Planned,
    Quarantined,
    Released,
    Result,
    Sighting,
)
from anonymizer_udfs.sources.base import Entry

PROVENANCE = {
    "run_id": "r",
    "pipeline_version": "0",
    "policy": "public",
    "policy_digest": "p",
    "model_digests": [("m", "0")],
    "key_id": "k",
}
ENTRY = Entry("file:///secret/name.jpg", "object", "file:///secret/name.jpg", 7, 1, "e", 2, 3)
PLANNED = Planned("1" * 32, "2" * 32, ENTRY)
FACE = Face(
    "face", (1.5, 2, 9, 9.5), (0, 0, 16, 16), ((3.0, 4.0),), 0.9, (Sighting("centerface", "full", 0.9),), "mask", "{}",
    frame=1, attacks=(Attack("r", 1.0, 0.25, 0.5, matched=False),), utility=(("ssim_inside", 0.5),),
)  # fmt: skip


def table_of(*results: Result) -> pa.Table:
    """Return results as the table that leaves a worker."""
    return pa.Table.from_pylist([result.row(PROVENANCE) for result in results], schema=OUT)


def test_workers_and_the_table_name_the_same_columns() -> None:
    """Two packages that know nothing of each other agree in names, order, types and nullability."""
    declared = [(c.name, c.type, c.nullable) for c in schemas.IMAGES.columns]
    assert [(f.name, f.type, f.nullable) for f in IMAGES] == declared


def test_what_leaves_a_worker_is_the_row_and_its_timings() -> None:
    """One more column than the table, never stored."""
    assert OUT.names == [*IMAGES.names, "timings_ms"]
    assert [f.name for f in OUT.field("timings_ms").type] == list(TIMINGS)


def test_the_work_list_holds_what_is_planned() -> None:
    """The vault's table of work has every column of a plan, with its type."""
    work = {c.name: c.type for c in schemas.WORK.columns}
    assert {f.name: f.type for f in PLAN} == {name: work[name] for name in PLAN.names}


def test_statuses_and_reasons_fit_the_tables_constraint() -> None:
    """The closed list in code is the one that the table checks."""
    known = dict(schemas.IMAGES.constraints)["status_known"]
    assert known == f"status IN ({', '.join(repr(s.value) for s in Status)})"
    assert all(reason.value == reason.value.lower() for reason in Reason)


def test_an_entry_survives_the_way_through_a_plan() -> None:
    """What is listed is what a worker opens."""
    row = {"image_id": "1" * 32, "content_version": "2" * 32} | {n: getattr(ENTRY, n) for n in LISTED.names[2:]}
    assert Planned.from_row(pa.Table.from_pylist([row], schema=LISTED).to_pylist()[0]) == PLANNED
    tiered = pa.Table.from_pylist([row | {"policy": "partner"}], schema=PLAN).to_pylist()[0]
    assert Planned.from_row(tiered) == dataclasses.replace(PLANNED, policy="partner")


def test_a_released_image_has_its_bytes_and_faces() -> None:
    """Every value reaches its column, also the nested ones."""
    done = Released(Status.ANONYMIZED, b"picture", hashlib.sha256(b"picture").hexdigest(), reencoded=True)
    made = Result(
        PLANNED, done, "d", "jpeg", (64, 48), 2, (FACE,), (("ssim_outside", 1.0),), ("fast",), 5.0, {"read": 1.0}
    )
    row = table_of(made).to_pylist()[0]
    assert (row["status"], row["content"], row["reencoded"], row["reason"]) == ("anonymized", b"picture", True, None)
    assert (row["width"], row["height"], row["frames"], row["duration_ms"]) == (64, 48, 2, 5.0)
    face = row["faces"][0]
    assert face["box"] == {"x0": 1.5, "y0": 2.0, "x1": 9.0, "y1": 9.5}
    assert face["region"] == {"x0": 0, "y0": 0, "x1": 16, "y1": 16}
    assert (face["landmarks"], face["steps"]) == ([{"x": 3.0, "y": 4.0}], 1)
    assert face["detectors"] == ["centerface"]
    assert face["sightings"] == [{"detector": "centerface", "seen_in": "full", "confidence": pytest.approx(0.9)}]
    assert face["frame"] == 1
    assert (face["look"], row["plans"], row["residual"]) == ("plan", ["fast"], 0)
    assert face["attacks"][0]["after"] == 0.25
    assert row["timings_ms"] == dict.fromkeys(TIMINGS, 0.0) | {"read": 1.0}
    assert row["processed_at"] <= datetime.now(UTC)


@pytest.mark.parametrize("reason", Reason)
def test_a_quarantined_image_has_a_reason_and_nothing_else(reason: Reason) -> None:
    """No bytes, no digest of any, and why."""
    row = table_of(Result(PLANNED, Quarantined(reason))).to_pylist()[0]
    assert (row["status"], row["reason"]) == ("quarantined", reason.value)
    assert {row[name] for name in ("content", "output_sha256", "reencoded", "width")} == {None}
    assert row["faces"] == []


@pytest.mark.parametrize(
    ("status", "content"),
    [
        pytest.param(Status.CLEAN, b"", id="no-bytes"),
        pytest.param(Status.ANONYMIZED, b"", id="no-bytes-anonymized"),
        pytest.param(Status.QUARANTINED, b"picture", id="quarantined-with-bytes"),
    ],
)
def test_an_outcome_that_would_leak_cannot_be_built(status: Status, content: bytes) -> None:
    """Fail closed by type: bytes go with a status that says why that is safe."""
    with pytest.raises(ValueError, match="cannot be stored"):
        Released(status, content, "0" * 64, reencoded=False)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param(Status.REVIEW, None, id="review-without-a-reason"),
        pytest.param(Status.ANONYMIZED, Reason.UNSURE, id="released-with-a-reason"),
    ],
)
def test_a_review_says_why_and_nothing_else_does(status: Status, reason: Reason | None) -> None:
    """Whoever decides on an image is told what there is to decide."""
    with pytest.raises(ValueError, match="a review, and nothing else, has a reason"):
        Released(status, b"picture", "0" * 64, reencoded=False, reason=reason)


def test_faces_of_the_second_look_are_counted() -> None:
    """How many faces no plan had found is in the image's row."""
    second = dataclasses.replace(FACE, look=Look.SECOND)
    done = Released(Status.REVIEW, b"picture", "0" * 64, reencoded=False, reason=Reason.UNSURE)
    row = table_of(Result(PLANNED, done, faces=(FACE, second))).to_pylist()[0]
    assert (row["residual"], row["status"], row["reason"]) == (1, "review", "unsure")
    assert [face["look"] for face in row["faces"]] == ["plan", "second"]


def test_repr_tells_neither_names_nor_pixels() -> None:
    """A result in a traceback or a log gives nothing away."""
    done = Released(Status.CLEAN, b"pixels", "0" * 64, reencoded=False)
    shown = repr(Result(PLANNED, done))
    assert "secret" not in shown
    assert "pixels" not in shown
    assert records.__doc__
