"""The coarse numbers of a region: what they are means of, how they are rounded, and where they come from."""

import numpy as np
import pytest
from hypothesis import given, settings

from anonymizer_udfs.methods import Patch, Target
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.scene import CHEEKS, CLOTHES, LEFT, NOISES, RIGHT, SKIN, Reading, Surroundings, Tones
from tests.unit.methods.cases import FACE_BOX, FACE_HW, drawn_points, patches

QUIET = np.zeros(NOISES)
ZONES = {"left": LEFT, "right": RIGHT, "skin": SKIN, "clothes": CLOTHES}
ROLLS = [pytest.param(roll, id=f"roll{roll}") for roll in (0, 40, 90, 180)]


def read(pixels: Patch, target: Target, levels: int = 32, noise: np.ndarray = QUIET) -> Reading:
    """Return the reading of a patch, without noise unless there is some."""
    return Reading.of(pixels, target, levels, noise)


def only_in(zone: tuple[float, float, float, float], target: Target, wider: float = 0.0) -> Patch:
    """Return a patch that is white in a zone of the face and black elsewhere."""
    at = Facing.by_box(target).coordinates(FACE_HW)
    x0, y0, x1, y1 = zone
    inside = (at >= [x0 - wider, y0 - wider]) & (at <= [x1 + wider, y1 + wider])
    return np.where(inside.all(2)[..., None], 255, 0).astype(np.uint8)


def test_nothing_is_read_but_cells_of_a_twelfth() -> None:
    """As many means as cells fit, each of all of a cell's pixels."""
    pixels = np.random.default_rng(1).integers(0, 256, (240, 240, 3), np.uint8)
    reading = read(pixels, Target((48, 20, 144, 140)))
    cells = pixels.reshape(24, 10, 30, 8, 3).mean((1, 3)).reshape(-1, 3)
    assert reading.means * 255 == pytest.approx(cells, abs=1e-9)
    assert reading.areas.tolist() == [80.0] * len(cells)


@pytest.mark.parametrize("roll", ROLLS)
@pytest.mark.parametrize("name", ZONES)
def test_a_zone_is_where_it_is_said_to_be(name: str, roll: int) -> None:
    """A colour that is in one zone alone, and a cell around it, is that zone's colour, however the head is turned."""
    target = Target(FACE_BOX, landmarks=drawn_points(roll))
    white, black = only_in(ZONES[name], target, 0.2), 255 - only_in(ZONES[name], target, 0.2)
    assert read(white, target).mean(ZONES[name]) == pytest.approx(1, abs=0.03)
    assert read(black, target).mean(ZONES[name]) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("name", ["skin", "left", "right"])
def test_zones_do_not_reach_into_each_other(name: str) -> None:
    """What is in one of them changes no other; a patch that ends before a zone lends it the cells beside it."""
    target = Target(FACE_BOX)
    white = read(only_in(ZONES[name], target), target)
    assert all(white.mean(zone)[0] < 0.01 for other, zone in ZONES.items() if other != name)
    edge = np.zeros((80, 80, 1), np.uint8)
    edge[:, :12] = 255
    assert read(edge, Target((0, 0, 80, 80))).mean(LEFT)[0] > 0.9


@given(case=patches())
@settings(max_examples=80, deadline=None)
def test_there_are_numbers_for_any_patch(case: tuple[Patch, Target]) -> None:
    """Whatever its size and wherever the box lies: colours in range, and steps of light and of grain."""
    patch, target = case
    pixels = patch[..., [c for c in range(patch.shape[2]) if c != target.alpha]]
    noise = np.random.default_rng(1).normal(0, 0.5, NOISES)
    reading = read(pixels, target, 12, noise)
    around, tones = Surroundings.of(pixels, reading), Tones.of(reading)
    for colour in (around.left, around.right, tones.skin, tones.clothes):
        assert len(colour) == (1 if pixels.shape[2] == 1 else 3)
        assert 0 <= min(colour) <= max(colour) <= 1
    assert round(tones.light, 6) in {-0.2, -0.1, 0.0, 0.1, 0.2}
    assert around.grain in {0, 1, 2, 4, 8, 16}


@pytest.mark.parametrize("level", [0, 3, 100, 101, 128, 200, 255])
def test_tones_are_rounded(level: int) -> None:
    """To so many that are evenly apart, black and white among them; grey stays grey in three channels."""
    target = Target((20, 20, 40, 46))
    for channels in (1, 3):
        colour = read(np.full((60, 60, channels), level, np.uint8), target, 5).colour(SKIN, 2)
        assert colour == pytest.approx((round(level / 255 * 4) / 4,) * channels, abs=1e-9)


def test_hue_is_rounded_too() -> None:
    """Colours that are nearly alike are one; those that differ by half of a step of tone are not."""
    target = Target((20, 20, 40, 46))

    def told(rgb: tuple[int, int, int]) -> tuple[float, ...]:
        return read(np.full((60, 60, 3), rgb, np.uint8), target, 12).colour(SKIN, 2)

    assert told((200, 150, 120)) == told((201, 150, 121))
    assert told((200, 150, 120)) != told((200, 150, 150))


@pytest.mark.parametrize("share", [-0.5, -0.12, 0.0, 0.04, 0.12, 0.24, 0.5])
def test_light_is_told_in_five_steps(share: float) -> None:
    """By how the cheeks differ, in tenths, a fifth at the most."""
    target, pixels = Target(FACE_BOX), np.full((*FACE_HW, 1), 20000, np.uint16)
    for zone, sign in zip(CHEEKS, (-1, 1), strict=True):
        pixels[only_in(zone, target, 0.1)[..., 0] > 0] = round(20000 * (1 + sign * share))
    told = Tones.of(read(pixels, target)).light
    assert told == pytest.approx(np.clip(round(share * 10) / 10, -0.2, 0.2))


def test_noise_moves_what_is_told() -> None:
    """Each colour by a row of its own, hue and saturation by a sixth of it, and the light by the last."""
    target, pixels = Target(FACE_BOX), np.full((*FACE_HW, 3), 128, np.uint8)
    quiet, noise = read(pixels, target), np.zeros(NOISES)
    noise[0, 0], noise[2], noise[4, 0] = 0.25, (0, 0.3, 0), -0.1
    loud = read(pixels, target, noise=noise)
    assert np.array(loud.colour(LEFT, 0)) - quiet.colour(LEFT, 0) == pytest.approx(0.25, abs=0.03)
    assert loud.colour(RIGHT, 1) == quiet.colour(RIGHT, 1)
    moved = np.array(loud.colour(SKIN, 2)) - quiet.colour(SKIN, 2)
    assert moved[2] == pytest.approx(0.3 / 6 * 1.772, abs=0.03)
    assert (Tones.of(loud).light, Tones.of(quiet).light) == (-0.1, 0.0)
