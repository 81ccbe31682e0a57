"""Images whose risk raises them: searched and treated as the stronger policy says, told in their row, never lowered."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs.detection.passes import Pass
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.risk import Risk, Weights
from anonymizer_udfs.spec import Tier, WorkerSpec
from tests.support import specs
from tests.unit.test_pipeline import rows_of, saved, scene

BY_COUNT = Weights(size=0, frontality=0, context=0, count=1, metadata=0)
BY_METADATA = Weights(size=0, frontality=0, context=0, count=0, metadata=1)
BLIND = Plan("blind", (Pass("full", (1, 24)),))
"""Shows pictures so small that no dot of four pixels is left."""


@pytest.fixture
def strong(tmp_path: Path) -> WorkerSpec:
    """The mask over twice the box of red dots, which is the stronger policy."""
    (tmp_path / "models").mkdir()
    spec = specs.red_dots(tmp_path / "models")
    return replace(spec, policy=replace(spec.policy, name="strong", tier=2))


def raising(strong: WorkerSpec, risk: Risk, **changes: object) -> WorkerSpec:
    """Return a run of a milder policy whose risk raises images to the stronger one."""
    mild = replace(strong.policy, name="mild", tier=1, risk=risk, face=KindRule((Pixelate(5), Mask()), 1.5), **changes)  # type: ignore[arg-type]
    own = strong.provenance
    tier = Tier(strong.policy, own.policy_digest, own.model_digests, strong.measure)
    told = replace(own, policy_digest="mild-digest", model_digests=(("other", "1" * 64),))
    return replace(strong, policy=mild, provenance=told, tiers=(tier,))


def alone(spec: WorkerSpec) -> WorkerSpec:
    """Return a run of the same policy that weighs nothing."""
    return replace(spec, policy=replace(spec.policy, risk=None))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """One picture of one face, one of two, and one of nobody."""
    folder = tmp_path / "in"
    folder.mkdir()
    two = scene((192, 96), (40, 40))
    two.paste((255, 0, 0), (120, 40, 124, 44))
    for name, picture in (("a-one", scene()), ("b-two", two), ("c-none", scene(dot=None))):
        (folder / f"{name}.png").write_bytes(saved(picture))
    return folder


def named(table: pa.Table, spec: WorkerSpec, rows_per_batch: int = 100) -> dict[str, dict[str, object]]:
    """Return the rows by the names of their images, without what differs from run to run."""
    names = [uri.rpartition("/")[2][:1] for uri in table["uri"].to_pylist()]
    rows = rows_of(table, spec, rows_per_batch)
    for row in rows:
        del row["duration_ms"], row["timings_ms"], row["processed_at"]
    return dict(zip(names, rows, strict=True))


@pytest.mark.parametrize("rows_per_batch", [1, 100])
def test_an_image_comes_out_as_the_policy_says_that_it_is_raised_to(
    photos: Path, strong: WorkerSpec, rows_per_batch: int
) -> None:
    """Byte for byte as in a run of that policy; the others as in a run of the milder one that weighs nothing."""
    spec, table = raising(strong, Risk(0.5, "strong", BY_COUNT)), specs.planned(photos)
    rows = named(table, spec, rows_per_batch)
    stronger, milder = named(table, strong), named(table, alone(spec))
    assert rows["b"]["output_sha256"] == stronger["b"]["output_sha256"] != milder["b"]["output_sha256"]
    assert rows["b"]["faces"] == stronger["b"]["faces"]
    for name in "ac":
        assert rows[name]["output_sha256"] == milder[name]["output_sha256"]


def test_a_row_tells_what_raised_it(photos: Path, strong: WorkerSpec) -> None:
    """The score of each image; and of a raised one by which policy it was treated, and from which it comes."""
    rows = named(specs.planned(photos), raising(strong, Risk(0.5, "strong", BY_COUNT)))
    said = {name: (row["risk"], row["policy"], row["raised_from"]) for name, row in rows.items()}
    assert said == {"a": (0.0, "mild", None), "b": (0.5, "strong", "mild"), "c": (0.0, "mild", None)}
    assert {row["policy_digest"] for row in rows.values()} == {"mild-digest"}
    assert set(dict(rows["b"]["model_digests"])) == {"dots", "other"}  # type: ignore[call-overload]
    assert set(dict(rows["a"]["model_digests"])) == {"other"}  # type: ignore[call-overload]
    unweighed = named(specs.planned(photos), strong)
    assert {(row["risk"], row["raised_from"]) for row in unweighed.values()} == {(None, None)}


def test_metadata_raises_an_image_of_nobody_too(tmp_path: Path, strong: WorkerSpec) -> None:
    """It is then searched as the stronger policy says; there is nothing to treat."""
    exif = Image.Exif()
    exif[271] = "Maker"
    exif.get_ifd(34853).update({1: "N", 2: (48.0, 8.0, 14.5)})
    (tmp_path / "a.png").write_bytes(saved(scene(dot=None), exif=exif))
    (row,) = rows_of(specs.planned(tmp_path / "a.png"), raising(strong, Risk(0.3, "strong", BY_METADATA)))
    assert (row["status"], row["policy"], row["risk"]) == ("clean", "strong", pytest.approx(1 / 3, abs=1e-4))


def test_the_stronger_policy_s_plan_searches_it(tmp_path: Path, strong: WorkerSpec) -> None:
    """What the milder one's plan is blind to is found before anything is treated; a plan that both have is run once."""
    exif = Image.Exif()
    exif[315] = "Jane Doe"
    (tmp_path / "a.png").write_bytes(saved(scene(), exif=exif))
    table, risk = specs.planned(tmp_path / "a.png"), Risk(0.3, "strong", BY_METADATA)
    (row,) = rows_of(table, raising(strong, risk, plan=BLIND, second_look=None))
    assert (row["plans"], row["residual"]) == (["blind", "as-it-is"], 0)
    assert [face["look"] for face in row["faces"]] == ["plan"]  # type: ignore[attr-defined]
    (blind,) = rows_of(table, alone(raising(strong, risk, plan=BLIND, second_look=None)))
    assert (blind["plans"], blind["status"]) == (["blind"], "clean")
    (same,) = rows_of(table, raising(strong, risk))
    assert (same["plans"], same["policy"]) == (["as-it-is"], "strong")


def test_what_only_the_milder_plan_finds_is_treated_all_the_same(photos: Path, strong: WorkerSpec) -> None:
    """A raise takes no region away: the stronger policy's plan may be blind to one."""
    seeing = strong.policy.plan
    strong = replace(strong, policy=replace(strong.policy, plan=BLIND, second_look=None))
    spec = raising(strong, Risk(0.5, "strong", BY_COUNT), plan=seeing)
    row = named(specs.planned(photos / "b-two.png"), spec)["b"]
    assert (row["plans"], row["policy"]) == (["as-it-is", "blind"], "strong")
    assert [face["method"] for face in row["faces"]] == ["mask", "mask"]  # type: ignore[attr-defined]


def test_a_face_that_the_second_look_finds_is_weighed(photos: Path, strong: WorkerSpec) -> None:
    """The score is that of all faces: an image is raised then, searched, and treated anew."""
    spec = raising(strong, Risk(0.5, "strong", BY_COUNT), plan=BLIND)
    rows = named(specs.planned(photos), spec)
    assert {name: (row["policy"], row["risk"]) for name, row in rows.items()} == {
        "a": ("mild", 0.0),
        "b": ("strong", 0.5),
        "c": ("mild", 0.0),
    }
    assert rows["b"]["output_sha256"] == named(specs.planned(photos), strong)["b"]["output_sha256"]


def test_a_raise_goes_on_as_far_as_the_policies_say(photos: Path, strong: WorkerSpec) -> None:
    """From one policy to the next, each weighing by its own; the row tells the last score and where it began."""
    spec = raising(strong, Risk(0.5, "strong", BY_COUNT))
    top = replace(strong.policy, name="top", tier=3, face=KindRule((Mask(0.0),), 3.0))
    middle = replace(strong.policy, risk=Risk(0.4, "top", BY_COUNT))
    own = strong.provenance
    tiers = tuple(Tier(one, own.policy_digest, own.model_digests) for one in (middle, top))
    rows = named(specs.planned(photos), replace(spec, tiers=tiers))
    assert {name: (row["policy"], row["raised_from"]) for name, row in rows.items()} == {
        "a": ("mild", None),
        "b": ("top", "mild"),
        "c": ("mild", None),
    }
    assert rows["b"]["faces"][0]["parameters"] == '{"form":"block","level_ratio":0.0}'  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"tier": 1}, "tier must be the higher", id="no-higher-tier"),
        pytest.param({"face": KindRule((Mask(),), 1.2)}, "region of a face is milder", id="milder"),
    ],
)
def test_what_would_lower_or_is_missing_never_reaches_a_worker(
    strong: WorkerSpec, changes: dict[str, object], says: str
) -> None:
    """A spec cannot be made in which an image would be raised to less, or to nothing."""
    weaker = replace(strong, policy=replace(strong.policy, **changes))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=says):
        raising(weaker, Risk(0.5, "strong", BY_COUNT))


def test_an_image_is_never_treated_where_the_stronger_policy_is_missing(photos: Path, strong: WorkerSpec) -> None:
    """The task fails at the first image that would be raised; one that is not comes through."""
    spec = replace(raising(strong, Risk(0.5, "strong", BY_COUNT)), tiers=())
    with pytest.raises(SpecError, match="no policy 'strong'"):
        rows_of(specs.planned(photos), spec)
    assert named(specs.planned(photos / "a-one.png"), spec)["a"]["policy"] == "mild"


def test_a_held_back_image_was_not_weighed(tmp_path: Path, strong: WorkerSpec) -> None:
    """What cannot be decoded has no score, and keeps its data set's policy."""
    (tmp_path / "cut.png").write_bytes(saved(scene())[:-60])
    (row,) = rows_of(specs.planned(tmp_path / "cut.png"), raising(strong, Risk(0.1, "strong", BY_METADATA)))
    assert (row["status"], row["policy"], row["risk"]) == ("quarantined", "mild", None)


def test_frames_of_an_animation_are_raised_together(tmp_path: Path, strong: WorkerSpec) -> None:
    """One frame with company raises all: no face is shown milder in another."""
    two = scene((192, 96), (40, 40))
    two.paste((255, 0, 0), (120, 40, 124, 44))
    (tmp_path / "a.png").write_bytes(
        saved(scene((192, 96), (40, 40)), save_all=True, append_images=[two], duration=100, loop=0)
    )
    (row,) = rows_of(specs.planned(tmp_path / "a.png"), raising(strong, Risk(0.5, "strong", BY_COUNT)))
    assert (row["frames"], row["policy"], {face["method"] for face in row["faces"]}) == (2, "strong", {"mask"})  # type: ignore[attr-defined]
