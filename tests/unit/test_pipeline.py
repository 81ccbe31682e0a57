"""The partition function: one row in, one row out, whatever happens to an image; no Spark anywhere."""

import io
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs import imaging, pipeline, treatment, verification
from anonymizer_udfs.detection import CenterFace, Yolo
from anonymizer_udfs.detection.passes import Pass
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.errors import ModelMissingError
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import BadImageError, Reason, Status
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.records import OUT, PLAN, Look, Released
from anonymizer_udfs.spec import Limits, WorkerSpec
from tests.support import graphs, plate_graphs, specs

DOT = (40, 24)
REGION = (10, -6, 74, 58)
"""Twice the box of a dot at ``DOT``, before it is clipped."""


def scene(wh: tuple[int, int] = (96, 64), dot: tuple[int, int] | None = DOT) -> Image.Image:
    """Return a picture with texture everywhere and, where asked, one red dot."""
    w, h = wh
    y, x = np.mgrid[:h, :w]
    pixels = np.stack([(x * 5 + y * 3) % 60, 120 + (x * 7) % 60, 120 + (y * 11) % 60], 2).astype(np.uint8)
    if dot:
        pixels[dot[1] : dot[1] + 4, dot[0] : dot[0] + 4] = (255, 0, 0)
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return the image as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one image for each way to end."""
    folder = tmp_path / "Jane Doe"
    folder.mkdir()
    files = {
        "face.png": saved(scene()),
        "plain.png": saved(scene(dot=None)),
        "face.jpg": saved(scene(), "JPEG", quality=95, subsampling=0),
        "empty.jpg": b"",
        "cut.jpg": saved(scene(), "JPEG")[:-200],
        "text.txt": b"these are no pixels",
        "huge.png": saved(Image.new("L", (2000, 2000))),
        "wide.png": saved(scene()).replace((96).to_bytes(4, "big"), (2**31 + 96).to_bytes(4, "big"), 1),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def spec(tmp_path: Path) -> WorkerSpec:
    """The mask over red dots, with a limit of a million pixels."""
    models = tmp_path / "models"
    models.mkdir()
    return specs.red_dots(models, limits=Limits(max_pixels=1_000_000))


def rows_of(table: pa.Table, spec: WorkerSpec, rows_per_batch: int = 100) -> list[dict[str, object]]:
    """Return what the partition function makes of a plan."""
    batches = table.to_batches(max_chunksize=rows_per_batch)
    return [row for batch in pipeline.anonymize_partition(batches, spec) for row in batch.to_pylist()]


def test_no_rows_give_no_rows(spec: WorkerSpec) -> None:
    """An empty partition is fine."""
    assert list(pipeline.anonymize_partition([], spec)) == []
    assert rows_of(PLAN.empty_table(), spec) == []


def test_every_image_ends_as_one_row_in_order(photos: Path, spec: WorkerSpec) -> None:
    """Order and row count are kept, and every way to end is told."""
    table = specs.planned(photos)
    rows = rows_of(table, spec)
    assert [row["image_id"] for row in rows] == table["image_id"].to_pylist()
    names = [uri.rpartition("/")[2] for uri in table["uri"].to_pylist()]
    ends = {name: (row["status"], row["reason"]) for name, row in zip(names, rows, strict=True)}
    assert ends == {
        "face.png": ("anonymized", None),
        "face.jpg": ("anonymized", None),
        "plain.png": ("clean", None),
        "empty.jpg": ("quarantined", "empty"),
        "cut.jpg": ("quarantined", "truncated"),
        "text.txt": ("quarantined", "unsupported_format"),
        "huge.png": ("quarantined", "too_large"),
        "wide.png": ("quarantined", "too_large"),
    }


def test_stages_that_overlap_make_the_same_rows(
    photos: Path, spec: WorkerSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a provider before the CPU, and groups of two, there is a thread for each stage; only times differ."""
    other = "AzureExecutionProvider"  # in ONNX Runtime's CPU packages; it takes no node of such a graph to itself
    if other not in onnxruntime.get_available_providers():
        pytest.skip(f"this ONNX Runtime has no {other}")
    monkeypatch.setattr(pipeline, "GROUP_ON_ACCELERATOR", 2)
    looking = replace(spec, policy=replace(spec.policy, second_look=Plan("p", (Pass("full", (1, 640)),))))
    overlapping = replace(looking, runtime=replace(spec.runtime, providers=(other, *spec.runtime.providers)))
    assert overlapping.runtime.accelerated
    threads: set[str] = set()
    treat = pipeline._treat_group

    def watched(*given: Any) -> None:
        threads.add(threading.current_thread().name)
        treat(*given)

    monkeypatch.setattr(pipeline, "_treat_group", watched)
    table = specs.planned(photos)
    rows = {accelerated: rows_of(table, one) for accelerated, one in ((False, looking), (True, overlapping))}
    assert threads == {"MainThread", "stage"}
    for both in rows.values():
        for row in both:
            del row["duration_ms"], row["timings_ms"], row["processed_at"]
    assert rows[True] == rows[False]
    assert not [thread for thread in threading.enumerate() if thread.name == "stage"]


def test_rows_have_the_declared_types(photos: Path, spec: WorkerSpec) -> None:
    """What comes out has exactly the schema that was promised to Spark."""
    for batch in pipeline.anonymize_partition(specs.planned(photos).to_batches(), spec):
        assert batch.schema.equals(OUT)
        batch.validate(full=True)


def test_quarantined_rows_hold_no_bytes(photos: Path, spec: WorkerSpec) -> None:
    """Bytes are stored only where the status says why that is safe."""
    for row in rows_of(specs.planned(photos), spec):
        assert (row["content"] is None) == (row["status"] == "quarantined")
        assert (row["output_sha256"] is None) == (row["content"] is None)


def test_nothing_of_the_name_is_in_a_row(photos: Path, spec: WorkerSpec) -> None:
    """Neither the folder's nor a file's name is anywhere in what comes out."""
    for batch in pipeline.anonymize_partition(specs.planned(photos).to_batches(), spec):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        raw = sink.getvalue().to_pybytes()
        assert not [word for word in (b"Jane", b"Doe", b"face.", b"plain", b"huge") if word in raw]


def test_the_region_is_filled_and_the_rest_is_untouched(photos: Path, spec: WorkerSpec) -> None:
    """Of a lossless picture every pixel outside the recorded region is the source's, and inside there is one colour."""
    table = specs.planned(photos / "face.png")
    row = rows_of(table, spec)[0]
    region = tuple(row["faces"][0]["region"].values())  # type: ignore[index]
    assert region == (10, 0, 74, 58)
    source = np.asarray(scene())
    out = np.asarray(Image.open(io.BytesIO(row["content"])))  # type: ignore[arg-type]
    x0, y0, x1, y1 = region
    assert len(np.unique(out[y0:y1, x0:x1].reshape(-1, 3), axis=0)) == 1
    outside = np.ones(source.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    np.testing.assert_array_equal(out[outside], source[outside])
    assert row["reencoded"] is False


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_honoured_and_kept(tmp_path: Path, spec: WorkerSpec, orientation: int) -> None:
    """Whatever the orientation, the region lies over the dot in the stored pixels, and the tag stays."""
    exif = Image.Exif()
    exif[274] = orientation
    (tmp_path / "turned.png").write_bytes(saved(scene(), exif=exif))
    row = rows_of(specs.planned(tmp_path / "turned.png"), spec)[0]
    face = row["faces"][0]  # type: ignore[index]
    box = list(face["box"].values())
    assert box == pytest.approx([26, 10, 58, 42], abs=4)
    out = Image.open(io.BytesIO(row["content"]))  # type: ignore[arg-type]
    assert out.size == (96, 64)
    assert out.getexif().get(274, 1) == orientation
    assert np.asarray(out)[26, 42].tolist() != [255, 0, 0]


def test_batches_and_neighbours_change_no_byte(photos: Path, tmp_path: Path) -> None:
    """Same bytes, key and policy give the same output, whatever the batch size, the order and the other images."""
    models = tmp_path / "m"
    models.mkdir()
    spec = specs.red_dots(models, Pixelate(cells=5, noise_ratio=0.1), Mask())
    table = specs.planned(photos)
    backwards = table.take(list(reversed(range(table.num_rows))))
    digests = [
        {row["image_id"]: row["output_sha256"] for row in rows_of(plan, one, size)}
        for plan, size, one in ((table, 100, spec), (table, 1, spec), (backwards, 2, spec))
    ]
    assert digests[0] == digests[1] == digests[2]
    small = replace(spec, limits=Limits(batch_bytes=1, read_ahead_bytes=1, read_threads=1))
    assert {row["image_id"]: row["output_sha256"] for row in rows_of(table, small)} == digests[0]


def test_noise_depends_on_the_key(photos: Path, tmp_path: Path) -> None:
    """Two keys give two different pictures of the same face."""
    models = tmp_path / "m"
    models.mkdir()
    chain = (Pixelate(cells=5, noise_ratio=0.1), Mask())
    other = specs.Key(bytes(32))
    one, two = (specs.red_dots(models, *chain, key=key) for key in (specs.KEY, other))
    first = rows_of(specs.planned(photos / "face.png"), one)[0]
    second = rows_of(specs.planned(photos / "face.png", other), two)[0]
    assert first["output_sha256"] != second["output_sha256"]
    assert first["image_id"] != second["image_id"]


def test_batches_are_bounded_by_bytes(tmp_path: Path, spec: WorkerSpec) -> None:
    """No batch holds more than the limit and one image."""
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(12):
        (folder / f"{i}.png").write_bytes(saved(scene((128, 128))))
    one = len(rows_of(specs.planned(folder), spec)[0]["content"])  # type: ignore[arg-type]
    bounded = replace(spec, limits=Limits(batch_bytes=3 * one))
    sizes = [b.num_rows for b in pipeline.anonymize_partition(specs.planned(folder).to_batches(), bounded)]
    assert sum(sizes) == 12
    assert max(sizes) <= 4


def test_an_image_replaced_after_the_listing_is_held_back(photos: Path, spec: WorkerSpec) -> None:
    """A file whose size changed between listing and reading is not what was planned."""
    table = specs.planned(photos / "face.png")
    (photos / "face.png").write_bytes(saved(scene((200, 100))))
    row = rows_of(table, spec)[0]
    assert (row["status"], row["reason"]) == ("quarantined", "changed")


def test_a_missing_model_stops_the_task(photos: Path, spec: WorkerSpec) -> None:
    """What is wrong with the environment is no quarantined image: it raises."""
    gone = CenterFace(model=ModelRef.fetched("gone", "0" * 64))
    elsewhere = replace(spec, policy=replace(spec.policy, detectors=(gone,)))
    with pytest.raises(ModelMissingError, match="gone"):
        rows_of(specs.planned(photos / "face.png"), elsewhere)


@pytest.mark.parametrize(
    ("status", "content"), [(Status.QUARANTINED, b"x"), (Status.CLEAN, b"")], ids=["quarantined", "empty"]
)
def test_bytes_cannot_be_released_without_a_reason(status: Status, content: bytes) -> None:
    """The value that carries bytes cannot be built where they are not safe."""
    with pytest.raises(ValueError, match="cannot be stored"):
        Released(status, content, "", reencoded=False)


@pytest.mark.parametrize("clear", [0.0, 0.5, 0.9])
def test_a_face_on_a_clear_ground_is_treated(clear: float, tmp_path: Path, spec: WorkerSpec) -> None:
    """However much of its region is clear: what a method draws there is not shown, and is no reason to hold it back."""
    pixels = np.dstack([np.asarray(scene()), np.full((64, 96), 255, np.uint8)])
    pixels[: int(64 * clear), :, 3] = 0
    pixels[DOT[1] : DOT[1] + 4, DOT[0] : DOT[0] + 4, 3] = 255
    (tmp_path / "cut-out.png").write_bytes(saved(Image.fromarray(pixels)))
    (row,) = rows_of(specs.planned(tmp_path / "cut-out.png"), spec)
    assert (row["status"], row["reason"]) == ("anonymized", None)


def treated(source: imaging.Picture, spec: WorkerSpec) -> treatment.Treated:
    """Return the picture treated as the policy says."""
    found = spec.policy.searcher.search([source.rgb()], spec.policy.plan, spec.runtime)[0]
    return treatment.treat(source, [Found(one, Look.PLAN) for one in found], "0" * 32, spec)


def test_what_still_shows_the_source_is_not_released(spec: WorkerSpec) -> None:
    """An encoder that wrote the source's pixels into a region would be caught."""
    source = imaging.decode(saved(scene()), max_pixels=10**6)
    with pytest.raises(BadImageError) as caught:
        verification.check(source, treated(source, spec), source, exact=True)
    assert caught.value.reason is Reason.UNVERIFIED


def test_a_pixel_changed_outside_the_regions_is_not_released(spec: WorkerSpec) -> None:
    """A lossless file that differs from the source outside its regions is caught."""
    source = imaging.decode(saved(scene()), max_pixels=10**6)
    made = treated(source, spec)
    pixels = made.picture.pixels.copy()
    pixels[-1, -1] += 1
    with pytest.raises(BadImageError):
        verification.check(made.picture.with_pixels(pixels), made, source, exact=True)
    verification.check(made.picture.with_pixels(pixels), made, source, exact=False)
    verification.check(made.picture, made, source, exact=True)


def test_plates_are_treated_as_their_rule_says(tmp_path: Path, photos: Path, spec: WorkerSpec) -> None:
    """A detector of plates beside one of faces: each region has its kind, its ratio and who saw it."""
    ref = graphs.stored(tmp_path / "models", "plates", plate_graphs.yolo("anchor_free"))
    plates = Yolo(model=ref)
    rule = KindRule((Mask(0.0),), 1.0)
    policy = replace(spec.policy, detectors=(*spec.policy.detectors, plates), plate=rule)
    dot = Image.new("RGB", (192, 128), (90, 90, 90))
    dot.paste((255, 0, 0), (80, 48, 88, 56))
    (photos / "car.png").write_bytes(saved(dot))
    row = rows_of(specs.planned(photos / "car.png"), replace(spec, policy=policy))[0]
    found = {face["kind"]: face for face in row["faces"]}  # type: ignore[attr-defined]
    assert set(found) == {"face", "plate"}
    assert found["plate"]["detectors"] == ["yolo"]
    assert found["plate"]["landmarks"] == []
    assert found["plate"]["roll_degrees"] is None
    box, region = (list(found["plate"][name].values()) for name in ("box", "region"))
    assert region == pytest.approx(box, abs=1)
    assert found["face"]["detectors"] == ["centerface"]
