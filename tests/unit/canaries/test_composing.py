"""Heads in pictures: places, sizes, and nothing else changed."""

import io
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import imaging, subject
from anonymizer_udfs.boxes import empty, grow
from anonymizer_udfs.canaries import placing
from anonymizer_udfs.canaries.composing import FREE, MOST, OVER, Known, composed
from anonymizer_udfs.canaries.sizes import Sizes
from anonymizer_udfs.imaging import Picture, orientation
from tests.unit.canaries.people import head, scene

SIZES = Sizes(((30, 1), (50, 1)), spread=0)


def picture(image: Image.Image, form: str = "PNG", **options: Any) -> Picture:
    """Return what the job makes of a file."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return imaging.decode(out.getvalue(), max_pixels=10**7)


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


def lying(turn: int) -> Picture:
    """Return a JPEG stored with an orientation."""
    exif = Image.Exif()
    exif[0x0112] = turn
    return picture(Image.fromarray(scene()), "JPEG", quality=90, exif=exif.tobytes())


def test_nobody_laid_in_is_the_picture_itself() -> None:
    """No head, no change, and no new file."""
    plain = picture(Image.fromarray(scene()))
    made, laid = composed(plain, Known(), [], SIZES, rng())
    assert made is plain
    assert laid == ()


def test_several_canaries_keep_apart_and_off_what_is_known() -> None:
    """At most four, whole heads, none over a region or another head; the truth is in the picture."""
    plain = picture(Image.fromarray(scene((640, 480))))
    regions = np.array([[0, 0, 200, 480], [300, 100, 420, 260]], np.float32)
    for seed in range(10):
        _, laid = composed(plain, Known(empty(), regions), [head()] * 6, SIZES, rng(seed))
        assert 1 <= len(laid) <= MOST
        assert {one.place for one in laid} == {FREE}
        grown = [grow(one.box, 1.45) for one in laid]
        for i, box in enumerate(grown):
            assert not placing.overlapping(box, regions)
            assert not placing.overlapping(box, [other for j, other in enumerate(grown) if j != i])
            assert (box >= 0).all()
            assert (box[2:] <= (640, 480)).all()


def test_only_what_is_under_a_head_changes() -> None:
    """All pixels beyond 1.8 times the faces' boxes are the picture's own."""
    plain = picture(Image.fromarray(scene((640, 480))))
    made, laid = composed(plain, Known(), [head()] * 3, SIZES, rng(4))
    outside = np.ones((480, 640), bool)
    for one in laid:
        x0, y0, x1, y1 = np.round(grow(one.box, 1.9)).astype(int)
        outside[max(0, y0) : y1, max(0, x0) : x1] = False
    assert (made.pixels[outside] == plain.pixels[outside]).all()
    assert (made.pixels != plain.pixels).any()


def test_the_true_box_is_where_the_head_is() -> None:
    """The head's own pixels, scaled and looked for in the composite, lie where the truth says."""
    flat = picture(Image.fromarray(np.full((300, 400, 3), 128, np.uint8)))
    one = head()
    made, (laid,) = composed(flat, Known(), [one], Sizes(((60, 1),), spread=0), rng(2))
    small = one.scaled(laid.height_px)
    x0, y0, x1, y1 = np.round(small.box).astype(int)
    face = cv2.cvtColor(small.rgb[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)
    found = cv2.matchTemplate(cv2.cvtColor(made.rgb(), cv2.COLOR_RGB2GRAY), face, cv2.TM_CCOEFF_NORMED)
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert np.abs(np.array([x, y]) - laid.box[:2]).max() <= 2
    assert laid.landmarks is not None
    assert ((laid.landmarks > laid.box[:2]) & (laid.landmarks < laid.box[2:])).all()


@pytest.mark.parametrize("turn", range(1, 9))
def test_canaries_are_upright_whatever_the_orientation(turn: int) -> None:
    """Truth is in stored pixels: turned upright, box and points lie as in an upright picture; the tag stays."""
    plain = lying(turn)
    made, laid = composed(plain, Known(), [head()], Sizes(((60, 1),), spread=0), rng(3))
    assert made.orientation == turn
    back = {6: 8, 8: 6}.get(turn, turn)
    upright_wh = subject.upright(made).shape[1::-1]
    (one,) = laid
    box = orientation.boxes_to_stored(one.box[None], back, upright_wh)[0]
    assert one.landmarks is not None
    points = orientation.points_to_stored(one.landmarks, back, upright_wh)
    assert box[3] - box[1] > box[2] - box[0]
    assert points[:2, 1].max() < points[2, 1] < points[3:, 1].min()
    assert points[0, 0] < points[1, 0]


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "P"])
def test_every_kind_of_picture_takes_them(mode: str) -> None:
    """The picture keeps its kind, shows a face in it, and can be written as what it was."""
    image = Image.fromarray(scene())
    form = "TIFF" if mode == "CMYK" else "PNG"
    plain = picture(image.quantize(64) if mode == "P" else image.convert(mode), form)
    made, (one,) = composed(plain, Known(), [head()], Sizes(((60, 1),), spread=0), rng(5))
    assert (made.channels, made.pixels.shape, made.pixels.dtype) == (
        plain.channels,
        plain.pixels.shape,
        plain.pixels.dtype,
    )
    back = imaging.decode(imaging.encode(made, plain).data, max_pixels=10**7)
    assert (back.format, back.channels) == (plain.format, plain.channels)
    x0, y0, x1, y1 = np.round(one.box).astype(int)
    shown, before = back.rgb()[y0:y1, x0:x1].astype(int), plain.rgb()[y0:y1, x0:x1].astype(int)
    assert np.abs(shown - before).mean() > 8


def test_sixteen_bits_stay_sixteen_bits() -> None:
    """Levels of the head are spread over the picture's range."""
    grey = scene()[..., 0].astype(np.uint16) * 200
    plain = picture(Image.fromarray(grey))
    made, (one,) = composed(plain, Known(), [head()], Sizes(((60, 1),), spread=0), rng(5))
    assert made.pixels.dtype == np.uint16
    x0, y0, x1, y1 = np.round(one.box).astype(int)
    assert made.pixels[y0:y1, x0:x1].max() > 100 * 255


def test_a_clear_place_becomes_opaque_under_a_head() -> None:
    """A canary under alpha 0 would be seen by nobody and count as caught."""
    rgba = np.dstack([scene(), np.zeros((240, 320), np.uint8)])
    plain = picture(Image.fromarray(rgba))
    made, (one,) = composed(plain, Known(), [head()], Sizes(((60, 1),), spread=0), rng(5))
    x, y = np.round((one.box[:2] + one.box[2:]) / 2).astype(int)
    assert made.pixels[y, x, 3] == 255


def test_a_portrait_gets_another_head_in_place_of_its_own() -> None:
    """Where there is no room the canary takes the place of a face that is there, at its size and its middle."""
    plain = picture(Image.fromarray(scene((150, 150))))
    face = np.array([[40, 30, 110, 120]], np.float32)
    region = np.array([[0, 0, 150, 150]], np.float32)
    _, laid = composed(plain, Known(face, region), [head()] * 4, Sizes(((90, 1),), spread=0), rng(1))
    (one,) = laid
    assert one.place == OVER
    assert abs(one.height_px - 90) < 1.5
    assert np.abs((one.box[:2] + one.box[2:]) / 2 - (75, 75)).max() <= 1


def test_a_face_beside_another_is_not_taken() -> None:
    """A head over one of them would hide half of the other: then the canary becomes smaller, or is left out."""
    plain = picture(Image.fromarray(scene((220, 150))))
    faces = np.array([[30, 30, 100, 120], [105, 30, 175, 120]], np.float32)
    region = np.array([[0, 0, 220, 150]], np.float32)
    made, laid = composed(plain, Known(faces, region), [head()], Sizes(((90, 1),), spread=0), rng(1))
    assert laid == ()
    assert made is plain


def test_what_does_not_fit_becomes_smaller_and_says_what_was_drawn() -> None:
    """Both heights are told, so that the archive's sizes and those of canaries can be compared."""
    plain = picture(Image.fromarray(scene((100, 80))))
    _, (one,) = composed(plain, Known(), [head()], Sizes(((24, 1), (90, 9)), spread=0), rng(0))
    assert one.drawn_px >= 90
    assert one.height_px <= 60


def test_a_picture_too_small_takes_none() -> None:
    """A head of the least height does not fit into it."""
    _, laid = composed(picture(Image.fromarray(scene((24, 24)))), Known(), [head()], SIZES, rng())
    assert laid == ()


def test_a_grey_picture_stays_grey() -> None:
    """A coloured head in an old photo would be found by its colour."""
    grey = np.repeat(scene()[..., :1], 3, 2)
    made, _ = composed(picture(Image.fromarray(grey)), Known(), [head()], SIZES, rng())
    assert int(np.ptp(made.pixels.astype(int), axis=2).max()) <= 1


def test_the_same_seed_gives_the_same_bytes() -> None:
    """And another one another picture."""
    plain = picture(Image.fromarray(scene()), "JPEG", quality=90)
    first, second, other = (
        imaging.encode(composed(plain, Known(), [head()], SIZES, rng(s))[0], plain).data for s in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_a_jpeg_keeps_its_tables_and_all_blocks_without_a_head() -> None:
    """The file is like its neighbours: what the archive's encoder chose is what the canary is written with."""
    plain = picture(Image.fromarray(scene((320, 240))), "JPEG", quality=71, subsampling=2)
    made, laid = composed(plain, Known(), [head()], Sizes(((30, 1),), spread=0), rng(6))
    back = imaging.decode(imaging.encode(made, plain).data, max_pixels=10**7)
    assert back.encoding.tables == plain.encoding.tables  # type: ignore[attr-defined]
    outside = np.ones((240, 320), bool)
    for one in laid:
        x0, y0, x1, y1 = np.round(grow(one.box, 1.9)).astype(int)
        outside[max(0, y0 - 16) : y1 + 16, max(0, x0 - 16) : x1 + 16] = False
    assert (back.pixels[outside] == plain.pixels[outside]).all()
