"""A face drawn anew from a space: what is left of it, and what is not. The space is made up, of smooth waves."""

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.landmarks import Points
from anonymizer_udfs.methods import Latent, Mask, Patch, Target, build, mesh, parameters
from anonymizer_udfs.methods.facing import POINTS
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.recognition.alignment import similarity_transform
from tests.support import drawn_space
from tests.unit.methods.cases import placed, rng

HW = (220, 200)
WIDTH, CENTRE = 80.0, (100.0, 110.0)


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Latent, Runtime]:
    """Return the method with the made-up space, and where that lies."""
    return Latent(model=drawn_space.stored(tmp_path)), Runtime((str(tmp_path),))


def target(
    runtime: Runtime, roll: float = 0.0, scale: float = 1.0, alpha: int | None = None, at: tuple[float, float] = CENTRE
) -> Target:
    """Return an upright or turned face about the middle of a patch."""
    points = placed(np.array(POINTS), WIDTH * scale, roll, (at[0] * scale, at[1] * scale))
    half = np.array([0.5, 0.66]) * WIDTH
    corners = (np.array([-1, -1, 1, 1]) * np.tile(half, 2) + np.tile(at, 2)) * scale
    return Target(tuple(corners.tolist()), alpha, points, detector="centerface", runtime=runtime)


def portrait(scale: int = 1) -> Patch:
    """Return smooth skin with eyes and a mouth on a background, uint8 ``(h, w, 3)``."""
    h, w = HW[0] * scale, HW[1] * scale
    y, x = np.mgrid[:h, :w] / scale
    base = np.stack([60 + 0.3 * x, 90 + 0.2 * y, 120 - 0.1 * x], 2)
    oval = np.hypot((x - CENTRE[0]) / 42, (y - CENTRE[1]) / 56)
    skin = np.stack([190 - 0.2 * y, 150 - 0.1 * x, 120 + 0 * x], 2)
    share = np.clip((1.1 - oval) * 5, 0, 1)[..., None]
    picture = base * (1 - share) + skin * share
    for at in (POINTS[0], POINTS[1], (0.0, 0.31)):
        px, py = at[0] * WIDTH + CENTRE[0], at[1] * WIDTH + CENTRE[1]
        picture -= 70 * np.exp(-((x - px) ** 2 / 60 + (y - py) ** 2 / 20))[..., None]
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def inner(patch: Patch) -> np.ndarray:
    """Return what lies well within the face of :func:`portrait`."""
    return patch[80:145, 75:125].astype(float)


@pytest.mark.parametrize(
    ("channels", "alpha"), [(1, None), (2, 1), (3, None), (4, 3), (4, None)], ids=["L", "LA", "RGB", "RGBA", "CMYK"]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_mode_is_drawn_and_every_row_and_column_treated(
    folder: tuple[Latent, Runtime], dtype: type, channels: int, alpha: int | None
) -> None:
    """With a face that is drawn no row or column of a noisy patch survives, and alpha stays as it is."""
    method, runtime = folder
    patch = np.random.default_rng(3).integers(0, np.iinfo(dtype).max, (*HW, channels), dtype, endpoint=True)
    after = method.apply(patch, target(runtime, alpha=alpha), rng())
    colours = [c for c in range(channels) if c != alpha]
    changed = (after[..., colours] != patch[..., colours]).any(2)
    assert (after.shape, after.dtype) == (patch.shape, patch.dtype)
    assert changed.mean(1).min() > 0.5
    assert changed.mean(0).min() > 0.5
    assert alpha is None or np.array_equal(after[..., alpha], patch[..., alpha])
    assert len(np.unique(after[..., colours])) > 20, "a face is drawn, no fill"


def test_what_coordinates_do_not_tell_is_dropped_at_any_amount(folder: tuple[Latent, Runtime]) -> None:
    """A face under a fine pattern becomes what it becomes without it: moles and wrinkles are in no wave."""
    method, runtime = folder
    plain, marked = portrait(), portrait().astype(int)
    y, x = np.mgrid[: HW[0], : HW[1]]
    inside = np.hypot((x - CENTRE[0]) / 30, (y - CENTRE[1]) / 40) < 1
    marked += np.where(inside & ((x // 2 + y // 2) % 2 == 0), 30, np.where(inside, -30, 0))[..., None]
    marked = np.clip(marked, 0, 255).astype(np.uint8)
    for amount in (0.0, 1.0):
        one, other = (replace(method, amount=amount).apply(patch, target(runtime), rng()) for patch in (plain, marked))
        off = np.abs(inner(one) - inner(other)).mean()
        assert off < 0.2 * np.abs(inner(plain) - inner(marked)).mean()


def test_at_full_amount_a_replaced_coordinate_leaves_no_trace(folder: tuple[Latent, Runtime]) -> None:
    """Two faces that differ in one wave become the same where it is replaced, and stay two where it is kept.

    The replaced one has nothing of the kept one, and ends within the face: what is at the edge is light, which is kept.
    """
    method, runtime = replace(folder[0], around=0.03), folder[1]
    kept, replaced = drawn_space.space().texture_modes[[0, 3], ::3]
    core = np.clip(10 * mesh.mesh("5").cover[mesh.mesh("5").texels] - 9, 0, 1)
    replaced = core * replaced
    replaced -= core * kept * (replaced @ kept) / ((core * kept) @ kept)
    left = []
    for wave in (kept, replaced):
        pictures = [with_wave(wave, sign) for sign in (-1, 1)]
        after = [inner(method.apply(one, target(runtime), rng())) for one in pictures]
        left.append(np.abs(after[0] - after[1]).mean() / np.abs(inner(pictures[0]) - inner(pictures[1])).mean())
    assert left[0] > 0.5
    assert left[1] < 0.25


def with_wave(wave: np.ndarray, sign: int) -> Patch:
    """Return a grey face with a pattern of texels, once light and once dark."""
    texture = np.zeros((mesh.SIZE_WH[1], mesh.SIZE_WH[0]), np.float32)
    made = mesh.mesh("5")
    texture[made.texels] = 0.1 * sign * wave / np.abs(wave).max()
    corners = made.corners * WIDTH + CENTRE
    places = made.places(corners, (HW[1], HW[0]))
    shown = cv2.remap(texture, places, None, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT)
    steady = 0.02 * np.sin(np.arange(HW[1]) / 9)
    return np.repeat(np.rint((0.5 + shown + steady) * 255)[..., None], 3, 2).astype(np.uint8)


def test_the_key_says_who_is_drawn(folder: tuple[Latent, Runtime]) -> None:
    """Another generator draws another face; at amount 0 there is nothing to draw."""
    method, runtime = folder
    one, same, other = (inner(method.apply(portrait(), target(runtime), rng(seed))) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert np.abs(one - other).mean() > 3
    still = replace(method, amount=0.0)
    assert np.array_equal(*(inner(still.apply(portrait(), target(runtime), rng(seed))) for seed in (1, 2)))


def test_sixteen_bits_give_away_no_more_than_eight(folder: tuple[Latent, Runtime]) -> None:
    """What lies between two of 256 levels changes nothing, wherever in the patch."""
    method, runtime = folder
    patch = portrait().astype(np.uint16) * 257
    finer = patch + np.random.default_rng(4).integers(0, 128, patch.shape).astype(np.uint16)
    assert np.array_equal(*(method.apply(one, target(runtime), rng()) for one in (patch, finer)))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_face_is_drawn_turned(folder: tuple[Latent, Runtime], quarters: int) -> None:
    """The patch of a turned picture is the turned patch, but for resampling."""
    method, runtime = folder
    square = portrait()[10:210]
    at = (CENTRE[0], CENTRE[1] - 10)
    turned = np.ascontiguousarray(np.rot90(square, -quarters))
    middle = np.array(at) - 100
    c, s = round(math.cos(math.pi / 2 * quarters)), round(math.sin(math.pi / 2 * quarters))
    there = (middle @ np.array([[c, s], [-s, c]]) + 100).tolist()
    plain = method.apply(square, target(runtime, at=at), rng())
    after = method.apply(turned, target(runtime, 90.0 * quarters, at=(there[0], there[1])), rng())
    off = np.abs(np.rot90(after, quarters).astype(int) - plain)
    assert np.median(off) <= 1
    assert off.mean() < 2


def test_a_larger_face_is_drawn_alike(folder: tuple[Latent, Runtime]) -> None:
    """Four times as large, and averaged down again, it is the same face; what is finer is no texture of its own."""
    method, runtime = folder
    plain = inner(method.apply(portrait(), target(runtime), rng()))
    large = method.apply(portrait(4), target(runtime, scale=4), rng())
    down = cv2.resize(large, HW[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(inner(down) - plain).mean() < 4


def test_a_grey_face_is_drawn_grey(folder: tuple[Latent, Runtime]) -> None:
    """A picture with three equal channels has no colour afterwards."""
    method, runtime = folder
    grey = np.repeat(portrait()[..., :1], 3, 2)
    after = method.apply(grey, target(runtime), rng()).astype(int)
    assert np.ptp(after, axis=2).max() <= 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"landmarks": None}, "no points", id="no-landmarks"),
        pytest.param({"landmarks": ((1.0, 1.0),) * 5}, "no face", id="points-in-one-place"),
        pytest.param({"landmarks": ((math.nan, 1.0),) * 5}, "no numbers", id="not-a-number"),
        pytest.param({"runtime": None}, "no models", id="nowhere"),
        pytest.param({"box_xyxy": (0.0, 0.0, 400.0, 400.0)}, "another size", id="box-of-another-size"),
    ],
)
def test_what_cannot_be_drawn_is_filled(folder: tuple[Latent, Runtime], change: dict[str, object], why: str) -> None:
    """Fail closed: the mask takes its place."""
    method, runtime = folder
    given = replace(target(runtime), **change)
    assert np.array_equal(method.apply(portrait(), given, rng()), Mask().apply(portrait(), given, rng())), why


def test_a_profile_is_for_the_next_method(folder: tuple[Latent, Runtime]) -> None:
    """A face that is turned too far, or has no points, is not served; a chain then goes on."""
    method, runtime = folder
    front = target(runtime)
    assert method.serves(front)
    points = np.array(front.landmarks)
    points[2, 0] += 30
    aside = replace(front, landmarks=tuple(map(tuple, points.tolist())))
    assert not method.serves(aside)
    assert not method.serves(replace(front, landmarks=None))
    assert not Latent().serves(front)
    assert np.array_equal(method.apply(portrait(), aside, rng()), Mask().apply(portrait(), aside, rng()))


@pytest.mark.parametrize("at", [(0.0, 0.0), (200.0, 220.0), (-300.0, 100.0)])
def test_a_face_at_or_beyond_the_edge_is_no_error(folder: tuple[Latent, Runtime], at: tuple[float, float]) -> None:
    """The mesh reaches over the patch; what is there is drawn, and the edge is read on beyond it."""
    method, runtime = folder
    noise = np.random.default_rng(3).integers(0, 256, (*HW, 3), np.uint8)
    after = method.apply(noise, target(runtime, at=at), rng())
    assert after.shape == noise.shape
    assert (after != noise).any(2).mean() > 0.9


@dataclass(frozen=True)
class Fitted:
    """A landmarker to whom every face is the mean face, so large against what the five points say."""

    size: float = 1.0
    name: ClassVar[str] = "fitted"
    scheme: ClassVar[str] = "68"
    model: ClassVar[ModelRef] = ModelRef("fitted", "fitted.safetensors", "0" * 64)

    def locate(self, rgb: Patch, boxes: np.ndarray, five: np.ndarray, detector: str, runtime: Runtime) -> list[Points]:
        """Return the mean face's points where the five are."""
        del rgb, boxes, detector, runtime
        matrix = similarity_transform(np.array(POINTS), five[0].astype(float))
        whole = np.concatenate([mesh.JAW, mesh.INNER_68]) * self.size
        return [Points((whole @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32), "68")]


def test_many_points_draw_a_face_of_their_own_space(tmp_path: Path) -> None:
    """With a landmarker its points are the mesh; a face that it sees twice as large is a mistake, and filled."""
    ref, runtime = drawn_space.stored(tmp_path, drawn_space.space("68")), Runtime((str(tmp_path),))
    method = Latent(model=ref, landmarker=Fitted())
    assert method.models == (ref, Fitted.model)
    one, other = (method.apply(portrait(), target(runtime), rng(seed)) for seed in (1, 2))
    assert np.abs(inner(one) - inner(other)).mean() > 3
    assert np.abs(inner(one) - inner(portrait())).mean() > 3
    wrong = replace(method, landmarker=Fitted(2.0))
    filled = Mask().apply(portrait(), target(runtime), rng())
    assert np.array_equal(wrong.apply(portrait(), target(runtime), rng()), filled)


def test_a_space_of_other_points_is_refused(tmp_path: Path) -> None:
    """A space of 68 points is none for five: a run would draw faces that are none."""
    method = Latent(model=drawn_space.stored(tmp_path, drawn_space.space("68")))
    with pytest.raises(SpecError, match="learned on 68 points"):
        method.apply(portrait(), target(Runtime((str(tmp_path),))), rng())


def test_a_broken_space_is_an_error(tmp_path: Path) -> None:
    """A missing or broken model fails the task; it is no reason to release anything."""
    ref = ModelRef.fetched("latent", hashlib.sha256(b"no").hexdigest(), ".safetensors")
    (tmp_path / ref.file).write_bytes(b"no")
    with pytest.raises(ModelFormatError):
        Latent(model=ref).apply(portrait(), target(Runtime((str(tmp_path),))), rng())


def test_a_policy_names_its_landmarker() -> None:
    """By a mapping, as YAML has it; parameters say it again, and its model is one that a run checks and ships."""
    model = {"name": "dlib68", "file": "dlib68.safetensors", "sha256": "0" * 64}
    method = build({"name": "latent", "amount": 0.5, "landmarker": {"name": "dlib68", "model": model}})
    assert isinstance(method, Latent)
    assert [ref.name for ref in method.models] == ["dlib68"]
    assert parameters(method) == {"amount": 0.5, "around": 0.12, "landmarker": {"name": "dlib68"}}
    with pytest.raises(SpecError, match="amount"):
        Latent(amount=1.5)
