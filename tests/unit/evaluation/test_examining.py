"""Each image beside its original: what is told of it, and what attackers get to see of its faces."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs import imaging, pipeline
from anonymizer_udfs.evaluation import examining, places
from anonymizer_udfs.evaluation.examining import EXAMINED, SEEN, ExamineSpec
from anonymizer_udfs.evaluation.sides import Frame
from anonymizer_udfs.evaluation.views import CHIP, CONTEXT, Lookers, Shown, blanked, chip
from anonymizer_udfs.keys import Key
from anonymizer_udfs.methods import Mask, Method, Pixelate
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from anonymizer_udfs.steps import Mirror, Shrink, Step
from tests.support import graphs, specs
from tests.support.pictures import saved, write

STRANGER = Key(bytes(range(1, 33)))
SIDES = {"clear", "released", "parrot"}


def picture(seed: int, side: int = 160) -> np.ndarray:
    """Return a coloured pattern with one red dot in it, which detectors of these tests take for a face."""
    draw = np.random.default_rng(seed)
    pixels = draw.integers(0, 180, (side // 8, side // 8, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    pixels[..., 0] = 0
    pixels[80:84, 80:84] = (255, 0, 0)
    return pixels


class Made:
    """A folder of pictures, and the rows that a run makes of them."""

    def __init__(
        self, folder: Path, *chain: Method, files: dict[str, bytes] | None = None, steps: tuple[Step, ...] = ()
    ) -> None:
        self.source = write(folder / "photos", files or {f"{i}.png": saved(picture(i), "PNG") for i in range(2)})
        worker = specs.red_dots(folder, *chain)
        self.worker = replace(worker, policy=replace(worker.policy, steps=steps))
        who = DlibResnet(model=graphs.stored(folder, "colours", graphs.colour_recognizer()))
        self.spec = ExamineSpec(self.worker, STRANGER, Lookers((who,), self.worker.runtime))
        planned = specs.planned(self.source)
        made = pa.Table.from_batches(list(pipeline.anonymize_partition(planned.to_batches(), self.worker)))
        known = {row["image_id"]: row for row in planned.to_pylist()}
        extra = {"attacked": True, "brief": False, "measured": True, "person": None, "named": None}
        self.rows = [{**known[row["image_id"]], **row, **extra} for row in made.to_pylist()]

    def seen(self, spec: ExamineSpec | None = None, **changes: Any) -> list[dict[str, Any]]:
        """Return what is seen of each image, with some columns of all rows changed."""
        rows = [{name: {**row, **changes}[name] for name in EXAMINED.names} for row in self.rows]
        batch = pa.RecordBatch.from_pylist(rows, EXAMINED)
        out = list(examining.examine([batch], spec or self.spec))
        assert all(one.schema == SEEN for one in out)
        return [row for one in out for row in one.to_pylist()]


def views(row: dict[str, Any]) -> dict[str, bytes]:
    """Return the views of the face that is drawn; noise, which depends on the file's name, may make another red dot."""
    return dict(row["faces"][0]["views"])


def test_a_whole_image_is_told_to_be_whole(tmp_path: Path) -> None:
    """Nothing left beside the pixels, nothing changed outside of regions, one face with every side of it."""
    for row in Made(tmp_path).seen():
        assert (row["state"], row["metadata_left"], row["outside_changed"]) == ("read", False, False)
        assert {name.partition(".")[0] for name in views(row)} >= SIDES
        assert {f"{side}.{part}" for side in ("clear", "released") for part in CONTEXT} <= set(views(row))


def test_a_pixel_outside_of_the_regions_is_told(tmp_path: Path) -> None:
    """One of the release's pixels far from any face is another one."""
    made = Made(tmp_path)
    for row in made.rows:
        pixels = np.array(Image.open(io.BytesIO(row["content"])))
        pixels[3, 5] ^= 1
        row["content"] = saved(pixels, "PNG")
    assert [row["outside_changed"] for row in made.seen()] == [True, True]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_no_format_is_left_with_metadata(tmp_path: Path, form: str) -> None:
    """What a run stores is clean by this measure in every format; what it read was not, where the format can say."""
    exif = Image.Exif()
    exif[315] = "Jane Roe"
    options: dict[str, Any] = {} if form in {"GIF", "BMP"} else {"exif": exif}
    options |= {"comment": b"Jane Roe"} if form == "GIF" else {}
    data = saved(picture(0), form, **options)
    made = Made(tmp_path, files={f"one.{form.lower()}": data})
    assert [row["metadata_left"] for row in made.seen()] == [False]
    assert examining.metadata_left(data, 10**8) is (form != "BMP")


def test_bytes_behind_the_end_are_told(tmp_path: Path) -> None:
    """A film behind a photo is no comment, and still somebody's."""
    made = Made(tmp_path, files={"one.jpg": saved(picture(0), "JPEG", quality=95)})
    (row,) = made.rows
    assert not examining.metadata_left(row["content"], 10**8)
    assert examining.metadata_left(row["content"] + b"trailer " * 40, 10**8)


def test_an_original_that_is_gone_or_another_is_counted_and_skipped(tmp_path: Path) -> None:
    """By its digest, not by its name; what it hid is never compared with what it is now."""
    made = Made(tmp_path)
    (made.source / "0.png").unlink()
    (made.source / "1.png").write_bytes(saved(picture(7), "PNG"))
    found = {row["state"] for row in made.seen()}
    assert found <= {"gone", "changed"}
    assert all(row["outside_changed"] is None and not row["faces"] for row in made.seen())


def test_a_parrot_without_noise_is_the_release_and_with_noise_is_not(tmp_path: Path) -> None:
    """The same policy under another key: only what is drawn from the key differs."""
    for noise, same in ((0.0, True), (0.5, False)):
        (tmp_path / str(noise)).mkdir()
        for row in Made(tmp_path / str(noise), Pixelate(4, noise), Mask()).seen():
            seen = views(row)
            assert (seen[f"parrot.{CHIP}"] == seen[f"released.{CHIP}"]) is same
            assert seen[f"clear.{CHIP}"] != seen[f"released.{CHIP}"]


def test_seen_from_inside_nothing_around_the_region_tells(tmp_path: Path) -> None:
    """Where a photo is compared with itself, what lies around would name it at once; and there are no controls."""
    shown = np.zeros((160, 160), bool)
    shown[60:100, 60:100] = True
    one, other = (blanked(picture(seed), shown) for seed in (0, 1))
    assert np.array_equal(one[~shown], other[~shown])
    assert not np.array_equal(one[shown], other[shown])
    inside = Made(tmp_path)
    rows = inside.seen(replace(inside.spec, inside=True, controls=False))
    assert not any(name.startswith(("weak", "middling")) for row in rows for name in views(row))


def test_what_lies_in_a_region_tells_nothing_around_it(tmp_path: Path) -> None:
    """The context of the clear picture and of the release are the same: they differ inside of regions alone."""
    for row in Made(tmp_path).seen():
        seen = views(row)
        assert all(seen[f"clear.{part}"] == seen[f"released.{part}"] for part in CONTEXT)


def test_an_image_that_is_not_asked_for_shows_no_face(tmp_path: Path) -> None:
    """It is compared with its original all the same."""
    assert all(row["outside_changed"] is False and not row["faces"] for row in Made(tmp_path).seen(attacked=False))


def test_a_face_that_steps_moved_is_seen_where_it_was() -> None:
    """A mirror is undone, and of a smaller picture the same chip is cut out as of the larger one."""
    smooth = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 255, (160, 120, 3)).astype(np.uint8), (0, 0), 6)
    before = imaging.decode(saved(smooth, "PNG"), max_pixels=10**6)
    after = Mirror().apply(Shrink(80).apply(before))
    points = np.array([[20, 30], [32, 30], [26, 36], [21, 42], [31, 42]], np.float32)
    face = Shown((14, 22, 38, 50), (10, 18, 42, 54), points, "yunet")
    region = {"x0": 10, "y0": 18, "x1": 42, "y1": 54}
    sides = Frame(before, after, ("shrink(long_side_px=80)", "mirror")).sides(face, [region])
    clear, released = (sides[name] for name in ("clear", "released"))
    assert clear.face.box == (44, 44, 92, 100)
    assert released.face.box == (22, 22, 46, 50)
    chips = [chip(one.rgb, one.face).astype(int) for one in (clear, released)]
    assert np.abs(chips[0] - chips[1]).mean() < 2
    assert (clear.hidden.sum(), released.hidden.sum()) == (64 * 72, 32 * 36)


@pytest.mark.parametrize("steps", [(Mirror(),), (Shrink(80), Mirror())], ids=["mirror", "both"])
def test_what_went_through_steps_is_attacked(tmp_path: Path, steps: tuple[Step, ...]) -> None:
    """A stranger's run takes the same steps, so that without noise it makes the release again."""
    for row in Made(tmp_path, Pixelate(4, 0.0), Mask(), steps=steps).seen():
        seen = views(row)
        assert row["outside_changed"] is None
        assert seen[f"parrot.{CHIP}"] == seen[f"released.{CHIP}"] != seen[f"clear.{CHIP}"]
        assert seen["parrot.canvas"] == seen["released.canvas"] != seen["clear.canvas"]


@pytest.mark.parametrize("form", ["GIF", "PNG"])
def test_of_an_animation_one_frame_is_attacked(tmp_path: Path, form: str) -> None:
    """That with the largest face, beside its own original; no person is in the gallery once a frame."""
    frames = [Image.fromarray(picture(i) // 2) for i in range(4)]
    large = picture(9) // 2
    large[70:78, 70:78] = (255, 0, 0)
    frames[2] = Image.fromarray(large)
    out = io.BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:], duration=90)
    made = Made(tmp_path, Pixelate(4, 0.0), Mask(), files={f"one.{form.lower()}": out.getvalue()})
    (row,) = made.rows
    assert row["frames"] == 4
    (seen,) = made.seen()
    frame = max(row["faces"], key=lambda face: places.area(face["box"]))["frame"]
    numbers = {int(face["face_id"][-4:]) for face in seen["faces"]}
    assert {row["faces"][i]["frame"] for i in numbers} == {frame}
    assert len({face["frame"] for face in row["faces"]}) > 1
    mine = views(seen)
    assert mine[f"parrot.{CHIP}"] == mine[f"released.{CHIP}"] != mine[f"clear.{CHIP}"]
    assert seen["outside_changed"] is False


def test_faces_that_are_named_are_those_attacked(tmp_path: Path) -> None:
    """By their place in the row; a number that is no face's names nobody."""
    made = Made(tmp_path)
    for row in made.seen(named=[{"face": 0, "person": "anna"}, {"face": 99, "person": "nobody"}]):
        assert [(face["person"], face["face_id"][-4:]) for face in row["faces"]] == [("anna", "0000")]


def test_in_brief_there_are_templates_alone(tmp_path: Path) -> None:
    """The same as in full: a gallery of more people than anybody learns from."""
    made = Made(tmp_path)
    for full, brief in zip(made.seen(), made.seen(brief=True), strict=True):
        name = DlibResnet.name
        assert set(views(brief)) == {f"{side}.{name}" for side in SIDES}
        assert all(views(full)[one] == value for one, value in views(brief).items())


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_under_a_mask_every_canvas_is_one(tmp_path: Path, form: str) -> None:
    """Turned or not, whatever lies around it, though a JPEG's colours run across its edge."""
    draw = np.random.default_rng(5)
    files = {}
    for number in range(3):
        pixels = picture(number).astype(int) + draw.integers(0, 60, (160, 160, 3)) * [0, 1, 1]
        files[f"{number}.{form.lower()}"] = saved(np.clip(pixels, 0, 255).astype(np.uint8), form)
    rows = Made(tmp_path, files=files).seen()
    assert len({views(row)["released.canvas"] for row in rows}) == 1
    assert len({views(row)["clear.canvas"] for row in rows}) == 3


def test_an_image_that_the_vault_does_not_know_is_counted(tmp_path: Path) -> None:
    """Its original is as good as gone; what is left in it is looked for all the same, and those behind it are seen."""
    made = Made(tmp_path)
    made.rows[0]["uri"] = None
    made.rows[0]["content"] += b"trailer " * 40
    first, second = made.seen()
    assert (first["state"], first["metadata_left"], first["outside_changed"], first["faces"]) == (
        "gone",
        True,
        None,
        [],
    )
    assert (second["state"], second["metadata_left"], len(second["faces"])) == ("read", False, 1)


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_a_thumbnail_is_told(form: str) -> None:
    """A small picture beside the large one is a face that nobody treated."""
    exif = Image.Exif()
    if form == "JPEG":
        whole = io.BytesIO()
        Image.fromarray(picture(0)).save(whole, "JPEG")
        data = bytearray(whole.getvalue())
        small = saved(picture(1)[::8, ::8], "JPEG")
        body = b"JFXX\0\x10" + small
        data[20:20] = b"\xff\xe0" + (len(body) + 2).to_bytes(2, "big") + body
        assert examining.metadata_left(bytes(data), 10**8)
    else:
        exif[254] = 1  # a reduced picture
        assert examining.metadata_left(saved(picture(0), form, exif=exif), 10**8)
