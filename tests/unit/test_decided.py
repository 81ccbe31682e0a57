"""What people decided about an image, as a worker follows it: which region, whose word, and when it counts."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs import pipeline
from anonymizer_udfs.decided import DECIDED, NOTHING, Decided
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from anonymizer_udfs.recognition.panels import Member, Panel
from anonymizer_udfs.records import PLAN
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.steps import Mirror
from tests.support import graphs, specs

DOT = (88, 24, 96, 32)
"""Where a red dot is found, ``x0 y0 x1 y1``."""
FREE = (4.0, 6.0, 20.0, 18.0)


def drawn(red: int = 255) -> bytes:
    """Return a picture with one red dot, as PNG; a darker one makes detectors unsure."""
    down, across = np.mgrid[0:64, 0:144]
    pixels = np.stack([(across % 7) * 3, (down % 5) * 4 + 60, np.full_like(down, 90)], -1).astype(np.uint8)
    x0, y0, x1, y1 = DOT
    pixels[y0:y1, x0:x1] = (red, 0, 0)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> WorkerSpec:
    """Return what a worker needs to take red dots for faces."""
    return specs.red_dots(tmp_path_factory.mktemp("models"))


def made(folder: Path, spec: WorkerSpec, decided: Decided | None, content: bytes | None = None) -> dict[str, Any]:
    """Return the row of one image about which something was decided."""
    folder.mkdir(exist_ok=True)
    (folder / "one.png").write_bytes(drawn() if content is None else content)
    row = specs.planned(folder).to_pylist()[0] | {"decided": decided.row() if decided else None}
    batch = pa.Table.from_pylist([row], schema=PLAN.append(pa.field("decided", DECIDED))).to_batches()
    (out,) = pa.Table.from_batches(list(pipeline.anonymize_partition(batch, spec))).to_pylist()
    return dict(out)


def pixels(row: dict[str, Any]) -> Any:
    """Return what a row's file shows."""
    return np.asarray(Image.open(io.BytesIO(row["content"])).convert("RGB"))


def box_of(row: dict[str, Any]) -> tuple[float, float, float, float]:
    """Return the box of a row's only face."""
    (face,) = row["faces"]
    return tuple(face["box"][name] for name in ("x0", "y0", "x1", "y1"))  # type: ignore[return-value]


def test_where_nobody_decided_the_row_says_so(tmp_path: Path, spec: WorkerSpec) -> None:
    """No decision is the same as a decision without anything in it, but for its number."""
    plain, none = made(tmp_path, spec, None), made(tmp_path, spec, Decided(3, "policy"))
    assert (plain["decided"], none["decided"]) == (None, 3)
    assert plain["output_sha256"] == none["output_sha256"]
    assert NOTHING.nothing
    assert NOTHING.under("x") == NOTHING


def test_a_value_survives_the_way_through_arrow() -> None:
    """What the driver says is what the worker hears."""
    whole = Decided(7, "policy", accepted=True, least=1, added=(FREE,), restored=((0.0, 1.0, 2.0, 3.0),))
    column = pa.array([whole.row(), None], DECIDED).to_pylist()
    assert [Decided.from_row(one) for one in column] == [whole, NOTHING]


def test_an_accepted_image_is_released_and_one_nobody_saw_waits(tmp_path: Path, spec: WorkerSpec) -> None:
    """The same bytes either way: acceptance changes the status alone."""
    dark, accepted = drawn(60), Decided(1, "policy", accepted=True)
    waits, goes = made(tmp_path, spec, None, dark), made(tmp_path, spec, accepted, dark)
    assert (waits["status"], waits["reason"]) == ("review", "unsure")
    assert (goes["status"], goes["reason"], goes["decided"]) == ("anonymized", None, 1)
    assert goes["content"] == waits["content"]


def test_a_withheld_image_leaves_nothing(tmp_path: Path, spec: WorkerSpec) -> None:
    """It is quarantined for a reason of its own, also under another policy than the one it was seen under."""
    for digest in ("policy", "another"):
        row = made(tmp_path, spec, Decided(2, digest, withheld=True, accepted=True))
        assert (row["status"], row["reason"], row["content"], row["decided"]) == ("quarantined", "withheld", None, 2)


def test_a_drawn_region_is_anonymized_exactly(tmp_path: Path, spec: WorkerSpec) -> None:
    """Every pixel of it and none beside it; it waits for a person until one has accepted it."""
    source = np.asarray(Image.open(io.BytesIO(drawn())).convert("RGB"))
    waits = made(tmp_path, spec, Decided(4, "policy", added=(FREE,)))
    assert (waits["status"], waits["reason"]) == ("review", "edited")
    goes = made(tmp_path, spec, Decided(5, "policy", added=(FREE,), accepted=True))
    assert (goes["status"], [face["look"] for face in goes["faces"]]) == ("anonymized", ["plan", "person"])
    assert goes["faces"][1]["detectors"] == ["person"]
    assert goes["faces"][1]["region"] == {"x0": 4, "y0": 6, "x1": 20, "y1": 18}
    changed = (pixels(goes) != source).any(-1)
    without = (pixels(made(tmp_path, spec, None)) != source).any(-1)
    inside = np.zeros_like(changed)
    inside[6:18, 4:20] = True
    assert changed[inside].all()
    assert np.array_equal(changed & ~inside, without)
    again = made(tmp_path, spec, Decided(5, "policy", added=(FREE,), accepted=True))
    assert again["output_sha256"] == goes["output_sha256"]


def test_a_restored_region_is_left_as_it_is(tmp_path: Path, spec: WorkerSpec) -> None:
    """Neither the plan nor the second look, which both see it, treat it; nothing else about the picture changes."""
    found = box_of(made(tmp_path, spec, None))
    row = made(tmp_path, spec, Decided(6, "policy", restored=(found,), accepted=True))
    assert (row["status"], row["faces"]) == ("clean", [])
    assert np.array_equal(pixels(row), np.asarray(Image.open(io.BytesIO(drawn())).convert("RGB")))
    waits = made(tmp_path, spec, Decided(6, "policy", restored=(found,)))
    assert (waits["status"], waits["reason"]) == ("review", "edited")


def test_under_another_policy_nobody_has_seen_what_is_made(tmp_path: Path, spec: WorkerSpec) -> None:
    """A restoration and an acceptance are void there; a drawn region stays and waits for a person."""
    found = box_of(made(tmp_path, spec, None))
    row = made(tmp_path, spec, Decided(6, "another", restored=(found,), added=(FREE,), accepted=True))
    assert (row["status"], row["reason"], len(row["faces"])) == ("review", "edited", 2)
    only = made(tmp_path, spec, Decided(6, "another", restored=(found,), accepted=True))
    assert (only["status"], len(only["faces"])) == ("anonymized", 1)


def test_a_place_is_found_again_behind_an_orientation_and_a_step(tmp_path: Path, spec: WorkerSpec) -> None:
    """People name places of the stored file: turned pixels and a mirrored picture lead to the same ones."""
    picture = Image.open(io.BytesIO(drawn())).convert("RGB")
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    picture.save(out, "PNG", exif=exif.tobytes())
    mirrored = dataclasses.replace(spec, policy=dataclasses.replace(spec.policy, steps=(Mirror(),)))
    for how, content in ((spec, out.getvalue()), (mirrored, drawn())):
        found = box_of(made(tmp_path, how, None, content))
        row = made(tmp_path, how, Decided(1, "policy", restored=(found,), added=(FREE,), accepted=True), content)
        assert [face["region"] for face in row["faces"]] == [{"x0": 4, "y0": 6, "x1": 20, "y1": 18}]
        assert row["status"] == "anonymized"


def test_harder_is_the_next_method_of_the_chain(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Beyond its end there is nothing harder: it stays there, and waits for a person."""
    models = tmp_path_factory.mktemp("chain")
    chain = specs.red_dots(models, Pixelate(), Mask())
    nobody = Member(DlibResnet(model=graphs.stored(models, "colours", graphs.colour_recognizer())), {"centerface": 9.0})
    judged = dataclasses.replace(chain, panel=Panel((nobody,)))
    methods = [made(tmp_path, judged, Decided(1, "policy", least=n))["faces"][0]["method"] for n in (0, 1, 9)]
    assert methods == ["pixelate", "mask", "mask"]


def test_every_frame_of_an_animation_has_a_drawn_region(tmp_path: Path, spec: WorkerSpec) -> None:
    """A person drew it once, over what moves."""
    frames = [Image.fromarray(np.full((48, 64, 3), 20 * n, np.uint8)) for n in range(1, 4)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=50)
    row = made(tmp_path, spec, Decided(1, "policy", added=(FREE,), accepted=True), out.getvalue())
    assert [(face["frame"], face["look"]) for face in row["faces"]] == [(0, "person"), (1, "person"), (2, "person")]
