"""Steps on whole pictures before their faces are treated: what is searched, treated, compared, stored and told."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import ladder
from anonymizer_udfs.detection.passes import Pass
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.policy import KindRule, Policy, public
from anonymizer_udfs.risk import Risk, Weights
from anonymizer_udfs.spec import Tier, WorkerSpec
from anonymizer_udfs.steps import Grey, Mirror, Shrink, Step, Tones
from tests.support import specs
from tests.unit.test_moving import film
from tests.unit.test_pipeline import rows_of, saved, scene

WH, DOT = (192, 128), (40, 24)
BLIND = Plan("blind", (Pass("full", (1, 24)),))
"""Shows pictures so small that no dot of four pixels is left."""


@pytest.fixture
def bare(tmp_path: Path) -> WorkerSpec:
    """The mask over twice the box of red dots."""
    (tmp_path / "models").mkdir()
    return specs.red_dots(tmp_path / "models", Mask(0.0))


def stepping(spec: WorkerSpec, *taken: Step, **changes: object) -> WorkerSpec:
    """Return the spec with steps before the faces'."""
    return replace(spec, policy=replace(spec.policy, steps=taken, **changes))  # type: ignore[arg-type]


def row_of(data: bytes, tmp_path: Path, spec: WorkerSpec) -> dict[str, object]:
    """Return the row of one file."""
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / "one.bin").write_bytes(data)
    (row,) = rows_of(specs.planned(tmp_path / "in" / "one.bin"), spec)
    return row


def stored(row: dict[str, object]) -> np.ndarray:
    """Return what a row's file shows."""
    return np.asarray(Image.open(io.BytesIO(row["content"])).convert("RGB"))  # type: ignore[arg-type]


def region(row: dict[str, object]) -> tuple[int, int, int, int]:
    """Return the only region of a row."""
    (face,) = row["faces"]  # type: ignore[misc]
    return tuple(face["region"].values())


def outside(shape: tuple[int, ...], box: tuple[int, int, int, int]) -> np.ndarray:
    """Return which pixels lie outside a box."""
    out = np.ones(shape[:2], bool)
    out[box[1] : box[3], box[0] : box[2]] = False
    return out


def test_faces_are_found_in_the_source_and_treated_after_the_steps(tmp_path: Path, bare: WorkerSpec) -> None:
    """A red dot is none in grey, and is found all the same; outside its region everything is the grey picture's."""
    row = row_of(saved(scene(WH, DOT)), tmp_path, stepping(bare, Grey(), second_look=None))
    luma = np.rint(np.asarray(scene(WH, DOT)).astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))
    came, box = stored(row), region(row)
    assert (row["status"], row["steps"], row["reencoded"]) == ("anonymized", ["grey"], True)
    beside = outside(came.shape, box)
    assert np.abs(came[beside] - luma[..., None][beside]).max() <= 1
    assert (np.ptp(came[beside], axis=1) == 0).all()
    assert not came[~beside].any()
    assert box[0] <= DOT[0] < box[2]


def test_a_region_lies_where_the_steps_have_moved_the_face(tmp_path: Path, bare: WorkerSpec) -> None:
    """Half as large and mirrored: the region covers the dot there, box and size are those of what is stored."""
    plain = row_of(saved(scene(WH, DOT)), tmp_path, bare)
    row = row_of(saved(scene(WH, DOT)), tmp_path, stepping(bare, Shrink(96), Mirror()))
    assert (row["width"], row["height"], row["steps"]) == (96, 64, ["shrink(long_side_px=96)", "mirror"])
    (before,), (after,) = plain["faces"], row["faces"]  # type: ignore[misc]
    x0, y0, x1, y1 = before["box"].values()
    assert list(after["box"].values()) == pytest.approx([96 - x1 / 2, y0 / 2, 96 - x0 / 2, y1 / 2], abs=0.02)
    came = stored(row)
    assert came.shape == (64, 96, 3)
    reds = (came[..., 0] > 90) & (came[..., 1] < 90)
    assert not reds.any()
    assert not came[~outside(came.shape, region(row))].any()


@pytest.mark.parametrize("turned", range(1, 9))
def test_orientation_is_honoured_and_kept(turned: int, tmp_path: Path, bare: WorkerSpec) -> None:
    """Whatever the orientation of the stored pixels, no red is left and the tag stays."""
    exif = Image.Exif()
    exif[274] = turned
    row = row_of(saved(scene(WH, DOT), exif=exif), tmp_path, stepping(bare, Mirror(), Shrink(100)))
    came = Image.open(io.BytesIO(row["content"]))  # type: ignore[arg-type]
    assert (row["status"], came.getexif().get(274, 1)) == ("anonymized", turned)
    pixels = np.asarray(came.convert("RGB")).astype(int)
    assert not ((pixels[..., 0] - pixels[..., 1]) > 60).any()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_a_picture_of_nobody_is_stepped_too(form: str, tmp_path: Path, bare: WorkerSpec) -> None:
    """It is clean, says that it was changed, and is of its format; nothing of its metadata is left."""
    options = {"comment": b"Jane Doe"} if form in {"JPEG", "GIF"} else {}
    row = row_of(saved(scene(WH, dot=None), form, **options), tmp_path, stepping(bare, Tones(2)))
    assert (row["status"], row["format"], row["faces"]) == ("clean", form.lower(), [])
    assert (row["reencoded"], row["steps"]) == (True, ["tones(levels=2)"])
    assert b"Jane" not in row["content"]  # type: ignore[operator]
    if form in {"PNG", "TIFF", "BMP"}:
        assert set(np.unique(stored(row)).tolist()) <= {0, 255}


def test_steps_that_change_nothing_change_nothing(tmp_path: Path, bare: WorkerSpec) -> None:
    """A picture that is small enough comes out byte for byte as without the step, and its row names none."""
    data = saved(scene(WH, DOT), "JPEG", quality=90, subsampling=0)
    plain, row = (row_of(data, tmp_path, one) for one in (bare, stepping(bare, Shrink(1600))))
    assert row["output_sha256"] == plain["output_sha256"]
    assert (row["steps"], plain["steps"], row["reencoded"]) == ([], [], plain["reencoded"])


def test_a_jpeg_is_encoded_once_by_its_steps_and_patched_after_them(tmp_path: Path, bare: WorkerSpec) -> None:
    """Outside the regions it is, pixel for pixel, what the steps alone make of it."""
    data = saved(scene(WH, DOT), "JPEG", quality=90, subsampling=0)
    row = row_of(data, tmp_path, stepping(bare, Mirror()))
    nobody = replace(bare, policy=replace(bare.policy, plan=BLIND, second_look=None))
    alone = row_of(data, tmp_path, stepping(nobody, Mirror()))
    assert (row["status"], alone["status"]) == ("anonymized", "clean")
    beside = outside(stored(row).shape, region(row))
    assert np.array_equal(stored(row)[beside], stored(alone)[beside])
    assert "psnr_outside" not in dict(row["utility"])  # type: ignore[call-overload]  # it is exact against that


def test_what_the_second_look_finds_lies_where_it_is_stored(tmp_path: Path, bare: WorkerSpec) -> None:
    """Found in the mirrored picture, it is treated there, and not on the other side."""
    row = row_of(saved(scene(WH, DOT)), tmp_path, stepping(bare, Mirror(), plan=BLIND))
    assert (row["status"], row["residual"]) == ("anonymized", 1)
    x0, _, x1, _ = region(row)
    assert x0 <= WH[0] - DOT[0] - 4 < x1
    assert not ((stored(row)[..., 0].astype(int) - stored(row)[..., 1]) > 60).any()


def test_a_picture_is_left_alone_by_its_source(tmp_path: Path, bare: WorkerSpec) -> None:
    """What is held back has no steps to tell, since nothing of it is stored."""
    row = row_of(saved(scene(WH, DOT))[:-60], tmp_path, stepping(bare, Grey()))
    assert (row["status"], row["steps"], row["content"]) == ("quarantined", [], None)


def test_all_frames_of_an_animation_are_stepped(tmp_path: Path, bare: WorkerSpec) -> None:
    """And faces are treated where they are in each."""
    row = row_of(film("PNG", [[(60, 40)], [], [(20, 40)]]), tmp_path, stepping(bare, Mirror()))
    assert (row["status"], row["frames"], row["steps"]) == ("anonymized", 3, ["mirror"])
    picture = Image.open(io.BytesIO(row["content"]))  # type: ignore[arg-type]
    for frame in range(3):
        picture.seek(frame)
        pixels = np.asarray(picture.convert("RGB")).astype(int)
        assert not ((pixels[..., 0] - pixels[..., 1]) > 60).any()


def test_a_raised_image_takes_the_steps_of_the_stronger_policy(tmp_path: Path, bare: WorkerSpec) -> None:
    """Byte for byte as in a run of that policy."""
    strong = replace(stepping(bare, Grey(), Mirror(), tier=2).policy, name="strong")
    by_size = Weights(size=0, frontality=0, context=1, count=0, metadata=0)
    mild = replace(
        bare.policy,
        tier=1,
        steps=(Grey(),),
        risk=Risk(0.1, "strong", by_size),
        face=KindRule((Pixelate(), Mask()), 1.5),
    )
    spec = replace(bare, policy=mild, tiers=(Tier(strong, "d", ()),))
    data = saved(scene(WH, DOT))
    row = row_of(data, tmp_path, spec)
    assert (row["policy"], row["steps"]) == ("strong", ["grey", "mirror"])
    assert row["output_sha256"] == row_of(data, tmp_path, replace(bare, policy=strong))["output_sha256"]
    with pytest.raises(SpecError, match="does not take the step grey"):
        ladder.check(mild, replace(strong, steps=(Mirror(),)))


def test_steps_are_in_the_digest_and_come_back() -> None:
    """A policy without any keeps the digest that it always had; their order counts."""
    bare = public()
    some = [replace(bare, steps=taken) for taken in ((Grey(),), (Tones(4),), (Grey(), Mirror()), (Mirror(), Grey()))]
    assert len({one.canonical() for one in (bare, *some)}) == 5
    assert all(Policy.from_mapping(one.to_mapping()) == one for one in some)
    assert '"steps"' not in bare.canonical()
    assert Policy.from_mapping({**bare.to_mapping(), "steps": ["grey", {"name": "tones", "levels": 4}]}).steps == (
        Grey(),
        Tones(4),
    )
