"""The avatar: nothing of the picture is in it but the numbers that it says, and they are where they should be."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.methods import Avatar, Patch, Target, avatar
from anonymizer_udfs.methods.base import Landmarks
from anonymizer_udfs.methods.facing import NOSE_DEPTH, POINTS
from anonymizer_udfs.methods.grain import grain_levels
from anonymizer_udfs.methods.scene import Surroundings, Tones
from tests.unit.methods.cases import FACE_BOX, drawn_points, face, patches, placed, rng

DOC = Path(__file__).resolve().parents[3] / "docs" / "methods.md"
BOX = (72.0, 80.0, 168.0, 200.0)
"""Of twelve cells of 8x10 pixels, which begin at an even pixel."""
CELL_HW = (10, 8)
SIDE = 280
FORMS = [pytest.param(form, id=form) for form in avatar.FORMS]


class Told(Avatar):
    """An avatar that is told what there is, and so sees nothing of the picture."""

    def read(self, pixels: Patch, target: Target, rng: np.random.Generator) -> tuple[Surroundings, Tones | None]:
        """Return the same for every picture."""
        del target, rng
        c = pixels.shape[2] if pixels.shape[2] < 4 else 3
        tones = Tones((0.75,) * c, (0.25,) * c, 0.1) if self.form == "face" else None
        return Surroundings((0.5,) * c, (0.625,) * c, 2.0), tones


def scenery(seed: int = 0) -> Patch:
    """Return a noisy picture, uint8 ``(280, 280, 3)``, with a face at ``BOX`` in other colours than its ground."""
    draw = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 3), (70, 110, 150), np.float64)
    cv2.ellipse(picture, (120, 125), (70, 90), 0, 0, 360, (50, 30, 20), -1)
    cv2.ellipse(picture, (120, 140), (48, 60), 0, 0, 360, (210, 160, 130), -1)
    cv2.ellipse(picture, (120, 300), (120, 80), 0, 0, 360, (30, 120, 40), -1)
    picture += draw.normal(0, 4, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def cells(picture: Patch) -> Iterator[Patch]:
    """Yield windows of the picture, one for each of the cells that the reading has."""
    h, w = CELL_HW
    for y in range(0, SIDE, h):
        for x in range(0, SIDE, w):
            yield picture[y : y + h, x : x + w]


def shuffled(window: Patch, draw: np.random.Generator) -> None:
    """Put the 2x2 blocks of a window elsewhere in it: every sum over it stays, and so does its grain."""
    h, w, c = window.shape
    blocks = window.reshape(h // 2, 2, w // 2, 2, c).swapaxes(1, 2).reshape(-1, 2, 2, c)
    blocks = blocks[draw.permutation(len(blocks))].reshape(h // 2, w // 2, 2, 2, c)
    window[:] = blocks.swapaxes(1, 2).reshape(h, w, c)


def turned_points(yaw: float, roll: float = 0.0) -> Landmarks:
    """Return landmarks of a face in ``FACE_BOX`` that looks so far to the right, as its own solid points say."""
    turn = math.radians(yaw)
    points = np.array(POINTS) * [math.cos(turn), 1]
    points[2, 0] += NOSE_DEPTH * math.sin(turn)
    return placed(points, 80, roll, (100, 100))


def levels(picture: Patch) -> np.ndarray:
    """Return a picture as floating point."""
    return picture.astype(np.float64)


@pytest.mark.parametrize("form", FORMS)
def test_two_faces_with_the_same_coarse_colours_give_the_same_avatar(form: str) -> None:
    """Hair, forehead and chin are another one's, and no cell has its pixels in their places: no byte differs."""
    one, draw = scenery(), np.random.default_rng(7)
    other = one.copy()
    shuffled(other[:50, 60:180], draw)  # hair, which no zone of the reading has
    shuffled(other[60:100, 100:140], draw)
    for window in cells(other):
        shuffled(window, draw)
    assert (one != other).any(2).mean() > 0.9
    made = [Avatar(form).apply(picture, Target(BOX), rng(3)) for picture in (one, other)]
    assert np.array_equal(*made)


@given(case=patches())
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("form", FORMS)
def test_the_picture_reaches_the_avatar_by_its_numbers_alone(form: str, case: tuple[Patch, Target]) -> None:
    """Whoever sees nothing of a patch but its numbers draws what whoever has all of it draws."""
    patch, target = case
    other = np.iinfo(patch.dtype).max - patch
    made = [Told(form).apply(picture, target, rng(5)) for picture in (patch, other)]
    colour = [c for c in range(patch.shape[2]) if c != target.alpha]
    assert np.array_equal(made[0][..., colour], made[1][..., colour])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("channels", "which"), [pytest.param(c, w, id=f"{c}-channels") for c, w in ((1, 2), (3, 1), (4, 1))]
)
def test_there_are_as_many_numbers_as_the_page_says(form: str, channels: int, which: int) -> None:
    """In grey, in colour and in ink."""
    text = " ".join(DOC.read_text(encoding="utf-8").split())
    said = re.search(rf"`{form}` (\d+) numbers \((\d+) of a grey picture\)", text)
    assert said
    around, tones = Avatar(form).read(np.zeros((50, 50, channels), np.uint8), Target((10, 10, 30, 36)), rng())
    numbers = (*around.numbers, *(tones.numbers if tones else ()))
    assert len(numbers) == int(said[which])
    assert all(isinstance(number, float) for number in numbers)


@pytest.mark.parametrize("form", FORMS)
def test_what_it_is_coloured_by_is_seen_in_it(form: str) -> None:
    """The surroundings' two colours are beside the head; of the person, the face has those of skin and clothes."""
    picture = scenery()
    picture[:, :44], picture[:, -90:] = (200, 40, 40), (40, 40, 200)
    made = levels(Avatar(form, 32, 0.0).apply(picture, Target(BOX), rng(2)))
    left, right, skin, clothes = made[60:120, 2:12], made[60:120, -12:-2], made[150:156, 96:104], made[262:, 60:180]
    assert left.mean((0, 1)) == pytest.approx((200, 40, 40), abs=16)
    assert right.mean((0, 1)) == pytest.approx((40, 40, 200), abs=16)
    near = abs(skin.mean((0, 1)) - (210, 160, 130)).max() < 20, abs(clothes.mean((0, 1)) - (30, 120, 40)).max() < 20
    assert near == ((True, True) if form == "face" else (False, False))


def test_every_face_is_drawn_from_the_key_anew() -> None:
    """Another key is another face, of the same colours."""
    one, other = (Avatar(noise_ratio=0.0).apply(scenery(), Target(BOX), rng(seed)) for seed in (1, 2))
    assert (one != other).any(2).mean() > 0.3
    assert levels(one)[60:120, :20].mean((0, 1)) == pytest.approx(levels(other)[60:120, :20].mean((0, 1)), abs=2)


def test_noise_and_rounding_leave_few_colours() -> None:
    """With fewer levels fewer tones are told apart, and the noise moves what is told by its deviation."""
    greys = [np.full((60, 60, 1), value, np.uint8) for value in range(256)]
    seen = {
        n: {Avatar(levels=n, noise_ratio=0.0).read(g, Target((20, 20, 40, 46)), rng())[0].left for g in greys}
        for n in (4, 12, 32)
    }
    assert {n: len(tones) for n, tones in seen.items()} == {4: 4, 12: 12, 32: 32}
    told = [
        Avatar(levels=32, noise_ratio=0.1).read(greys[128], Target((20, 20, 40, 46)), rng(i))[0] for i in range(400)
    ]
    assert np.std([one.left[0] for one in told]) == pytest.approx(0.1, abs=0.012)
    assert np.corrcoef([one.left[0] for one in told], [one.right[0] for one in told])[0, 1] == pytest.approx(
        0, abs=0.15
    )


@pytest.mark.parametrize("form", FORMS)
def test_sixteen_bits_look_like_eight(form: str) -> None:
    """The same picture at twice the depth gives the same avatar, to a level."""
    eight, sixteen = (Avatar(form).apply(p, Target(BOX), rng()) for p in (scenery(), scenery().astype(np.uint16) * 257))
    assert np.abs(sixteen / 257 - eight).max() <= 0.51


@pytest.mark.parametrize("form", FORMS)
def test_ink_looks_like_light(form: str) -> None:
    """A picture in cyan, magenta, yellow and black gives what it gives in red, green and blue, without black."""
    rgb = scenery()
    ink = np.concatenate([255 - rgb, np.zeros_like(rgb[..., :1])], 2)
    light, inked = (Avatar(form).apply(picture, Target(BOX), rng()) for picture in (rgb, ink))
    assert np.abs(255 - levels(inked[..., :3]) - levels(light)).max() <= 1
    assert not inked[..., 3].any()


def test_black_ink_counts_as_dark() -> None:
    """A picture that is all in the black plane has a grey avatar, as dark."""
    grey = scenery()[..., :1]
    ink = np.concatenate([np.zeros((SIDE, SIDE, 3), np.uint8), 255 - grey], 2)
    inked, rgb = (Avatar(noise_ratio=0.0).apply(p, Target(BOX), rng()) for p in (ink, np.repeat(grey, 3, 2)))
    assert np.abs(255 - levels(inked[..., :3]) - levels(rgb)).max() <= 1


@pytest.mark.parametrize("form", FORMS)
def test_a_grey_picture_has_the_avatar_of_its_tones(form: str) -> None:
    """One channel gives what three alike give, but for the tint of hair and lips."""
    grey = scenery()[..., :1]
    one, three = (Avatar(form, noise_ratio=0.0).apply(p, Target(BOX), rng()) for p in (grey, np.repeat(grey, 3, 2)))
    luma = levels(three) @ [0.299, 0.587, 0.114]
    assert np.abs(luma - levels(one[..., 0])).mean() < 2
    assert np.abs(luma - levels(one[..., 0])).max() < 16


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_an_avatar_is_turned_with_the_head(form: str, quarter: int) -> None:
    """In a flat picture, the avatar of a face that is turned by a quarter is that of the upright one, turned."""
    flat = np.full((200, 200, 3), 120, np.uint8)
    upright = Avatar(form).apply(flat, Target(FACE_BOX, landmarks=drawn_points(0)), rng())
    x0, y0, x1, y1 = FACE_BOX
    box = FACE_BOX if quarter == 2 else (y0, x0, y1, x1)
    turned = Avatar(form).apply(flat, Target(box, landmarks=drawn_points(90 * quarter)), rng())
    back = np.rot90(turned, quarter)
    assert np.abs(levels(back) - levels(upright)).mean() < 1
    assert np.abs(levels(turned) - levels(upright)).mean() > 10


@pytest.mark.parametrize(
    ("yaw", "drawn"), [(0, 0), (6, 0), (-6, 0), (12, 15), (-33, -30), (40, 45), (58, 45), (-58, -45)]
)
def test_the_yaw_is_coarse(yaw: float, drawn: float) -> None:
    """In steps of 15 degrees, so that no more of it is told."""
    assert avatar.yaw_degrees(Target(FACE_BOX, landmarks=turned_points(yaw))) == drawn


@pytest.mark.parametrize("yaw", [-30, 30])
def test_a_face_looks_where_the_one_before_it_looked(yaw: int) -> None:
    """Its eyes, the darkest of it, move to that side of the head, and its box stays."""
    flat = np.full((200, 200, 3), 160, np.uint8)
    rows, columns = slice(82, 95), slice(66, 134)
    dark = []
    for angle in (0, yaw):
        made = levels(Avatar(noise_ratio=0.0).apply(flat, Target(FACE_BOX, landmarks=turned_points(angle)), rng(8)))
        dark.append(np.nonzero(made[rows, columns].mean(2) < 60)[1].mean())
    assert (dark[1] - dark[0]) * np.sign(yaw) > 4


def test_points_change_nothing_but_the_turn() -> None:
    """A longer or broader face under the same box, roll and yaw gives the same bytes: its proportions are not told."""
    broad, long = (placed(np.array(POINTS) * by, 80, 20, (100, 100)) for by in ([1.1, 1], [1, 1.12]))
    made = [Avatar().apply(face(), Target(FACE_BOX, landmarks=points), rng()) for points in (broad, long)]
    assert np.abs(levels(made[0]) - levels(made[1])).max() <= 1


@pytest.mark.parametrize("side", [-1, 1])
def test_light_falls_from_the_side_from_which_it_fell(side: int) -> None:
    """A face with a bright cheek gives an avatar that is lighter on that side, on any head."""
    picture = np.full((SIDE, SIDE, 3), 128, np.uint8)
    bright = slice(120, 170) if side > 0 else slice(70, 120)
    picture[130:180, bright] = 175
    for seed in range(4):
        made = levels(Avatar(noise_ratio=0.0).apply(picture, Target(BOX), rng(seed))).mean(2)
        left, right = made[150:158, 84:104].mean(), made[150:158, 136:156].mean()
        assert (right - left) * side > 8


@pytest.mark.parametrize("deviation", [2, 4, 8])
@pytest.mark.parametrize("form", FORMS)
def test_it_has_the_grain_of_the_picture(form: str, deviation: int) -> None:
    """As strong as around it; of a picture without any it has none."""
    noise = np.random.default_rng(1).normal(128, deviation, (SIDE, SIDE, 1)).round().astype(np.uint8)
    assert grain_levels(Avatar(form).apply(noise, Target(BOX), rng())) == deviation
    flat = Avatar(form).apply(np.full_like(noise, 128), Target(BOX), rng())
    assert (np.diff(flat[:40, :10].astype(int), axis=0) == 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_a_large_face_is_the_same_face(form: str) -> None:
    """Beyond the size at which faces are drawn they are enlarged, and look alike."""
    small, times = np.full((200, 200, 3), 120, np.uint8), 8
    large = np.full((200 * times, 200 * times, 3), 120, np.uint8)
    scaled = tuple(v * times for v in FACE_BOX)
    made = Avatar(form).apply(large, Target(scaled), rng())  # type: ignore[arg-type]  # four of them
    down = levels(made).reshape(200, times, 200, times, 3).mean((1, 3))
    plain = levels(Avatar(form).apply(small, Target(FACE_BOX), rng()))
    assert np.abs(down - plain).mean() < 2


def test_a_box_that_tells_no_size_has_its_surroundings_drawn() -> None:
    """Nobody knows how large a person would be; what was there is gone all the same."""
    made = Avatar(noise_ratio=0.0).apply(scenery(), Target((9, 9, 9, 9)), rng())
    assert levels(made).std((0, 1)).max() < 16


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        pytest.param({"form": "portrait"}, "known: face, silhouette", id="form"),
        pytest.param({"levels": 3}, r"levels must be a whole number in \[4, 32\]", id="few-levels"),
        pytest.param({"levels": 33}, "levels", id="many-levels"),
        pytest.param({"noise_ratio": 1.1}, "noise_ratio", id="noise"),
    ],
)
def test_what_is_out_of_range_is_refused(wish: dict[str, object], says: str) -> None:
    """With what is known, or the range."""
    with pytest.raises(FaceveilError, match=says):
        Avatar(**wish)  # type: ignore[arg-type]
