"""What every step keeps, in every kind of file that there is: format, kind of samples, orientation, and no metadata."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import imaging, steps, subject
from anonymizer_udfs.detection.findings import Finding, roll_degrees
from anonymizer_udfs.detection.plans import FAST
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.imaging.carried import NOTHING, carried
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.records import Look
from anonymizer_udfs.stepping import Stepped
from anonymizer_udfs.steps import STEPS, Grey, Mirror, Shrink, Step, Tones
from anonymizer_udfs.subject import Subject
from tests.unit.imaging import animated_cases
from tests.unit.imaging.cases import CASES
from tests.unit.imaging.planted import PLANTED, SECRET

ASKED: dict[str, Step] = {"shrink": Shrink(64), "mirror": Mirror(), "grey": Grey(), "tones": Tones(4)}
COARSE = {"png-1", "png-laced-grey-1", "tiff-1", "tiff-fax", "bmp-1", "bmp-565", "bmp-555"}
"""Files that hold few levels: what a step makes is rounded to them."""


def shown(data: bytes) -> Subject:
    """Return what a file shows."""
    return subject.of(imaging.probe(data), data, FAST, 10**7)


def rgb(picture: Picture) -> np.ndarray:
    """Return colours as numbers that can be subtracted."""
    return picture.rgb().astype(int)


def test_every_step_is_held_to_this() -> None:
    """A step without a case here is none."""
    assert ASKED.keys() == STEPS.keys()
    assert all(type(ASKED[name]) is cls and cls.name == name for name, cls in STEPS.items())


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("name", ASKED)
def test_a_file_stays_of_its_kind(kind: str, name: str) -> None:
    """What is written shows what was meant, as exactly as a file of the kind can hold it; the same again and again."""
    source = shown(CASES[kind].make())
    (before,) = source.pictures()
    kept = before.pixels.copy()
    one, again = (Stepped(source, (ASKED[name],), 10**7) for _ in range(2))
    (came,), (meant,) = one.subject.pictures(), (ASKED[name].apply(before),)
    assert np.array_equal(came.pixels, again.subject.pictures()[0].pixels)
    assert np.array_equal(before.pixels, kept)
    assert (came.format, came.channels, came.pixels.dtype, came.white) == (
        before.format,
        before.channels,
        before.pixels.dtype,
        came.white,
    )
    if CASES[kind].lossless and name != "shrink" and kind not in COARSE:
        assert np.array_equal(came.pixels, meant.pixels)
    assert np.abs(rgb(came) - rgb(meant)).mean() < (80 if kind in COARSE else 20)


@pytest.mark.parametrize("name", ASKED)
def test_a_step_says_whether_places_move(name: str) -> None:
    """What is recorded after it is looked for in the source only where they do not."""
    made = Stepped(shown(painted()), (ASKED[name],), 10**7)
    one = Found(Finding("face", np.array([30, 40, 70, 80], np.float32), 0.9, ()), Look.PLAN)
    assert ASKED[name].moves == (not np.array_equal(made.there(one).finding.box, one.finding.box))


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("name", ASKED)
def test_an_animation_goes_through_it_frame_by_frame(form: str, name: str) -> None:
    """As many frames, for as long, each as a picture of its own would come out."""
    source = shown(animated_cases.by_pillow(form, count=3))
    made = Stepped(source, (ASKED[name],), 10**7).subject
    assert len(made.pictures()) == len(source.pictures()) == 3
    for came, before in zip(made.pictures(), source.pictures(), strict=True):
        assert np.abs(rgb(came) - rgb(ASKED[name].apply(before))).mean() < 12


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("name", ASKED)
def test_no_metadata_comes_through(kind: str, name: str) -> None:
    """A file with text wherever there is room for it leaves none in the one that a step writes."""
    made = Stepped(shown(PLANTED[kind]()), (ASKED[name], Mirror()) if name != "mirror" else (Mirror(),), 10**7).subject
    (picture,) = made.pictures()
    data = made.encode([picture]).data
    assert SECRET not in data
    assert carried(data) == NOTHING


def painted(turned: int = 1, size: tuple[int, int] = (192, 128)) -> bytes:
    """Return a photo of no colour in common with another corner, stored in an orientation."""
    w, h = size
    y, x = np.mgrid[:h, :w]
    pixels = np.stack([x * 255 // w, y * 255 // h, (x + y) % 200], 2).astype(np.uint8)
    exif = Image.Exif()
    exif[274] = turned
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_mirror_changes_left_and_right_as_people_see_them(turned: int) -> None:
    """Whatever the orientation in which the pixels are stored, which stays."""
    source = shown(painted(turned))
    (before,) = source.pictures()
    (after,) = Stepped(source, (Mirror(),), 10**7).subject.pictures()
    assert after.orientation == turned
    seen, mirrored = (orientation.upright(one.rgb(), turned) for one in (before, after))
    assert np.array_equal(seen[:, ::-1], mirrored)


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("names", [("shrink",), ("mirror",), ("shrink", "mirror"), ("mirror", "shrink", "grey")])
def test_places_move_with_the_picture(turned: int, names: tuple[str, ...]) -> None:
    """A box and its points lie over the same of the picture afterwards, and come back to where they were."""
    source = shown(painted(turned, (384, 256)))
    made = Stepped(
        source, tuple(replace(ASKED[n], long_side_px=192) if n == "shrink" else ASKED[n] for n in names), 10**7
    )  # type: ignore[call-arg]
    points = np.array([[40, 50], [60, 52], [51, 60], [42, 70], [58, 72]], np.float32)
    box = np.array([30, 40, 70, 80], np.float32)
    one = Finding("face", box, 0.9, (), landmarks=points, roll_degrees=roll_degrees(points))
    there = made.there(Found(one, Look.PLAN))
    x, y = (float(v) for v in (there.finding.box[:2] + there.finding.box[2:]) / 2)
    (before,), (after,) = source.pictures(), made.subject.pictures()
    old, new = (orientation.upright(p.rgb(), turned).astype(int) for p in (before, after))
    if "grey" not in names:
        assert np.abs(new[int(y), int(x)] - old[60, 50]).max() <= 6
    back = made.back(there).finding
    assert back.landmarks is not None
    assert there.finding.landmarks is not None
    np.testing.assert_allclose(back.box, box, atol=1e-3)
    np.testing.assert_allclose(back.landmarks, points, atol=1e-3)
    assert back.roll_degrees == pytest.approx(one.roll_degrees)
    assert there.finding.roll_degrees == pytest.approx(roll_degrees(there.finding.landmarks), abs=1.0)
    assert there.finding.landmarks[0, 0] < there.finding.landmarks[1, 0]  # the left eye stays the left one of the two


def test_grey_is_as_bright_and_has_no_colour() -> None:
    """By ITU-R BT.601; a picture without colours is left as it is."""
    (before,) = shown(painted()).pictures()
    after = Grey().apply(before)
    assert (np.ptp(after.pixels, axis=2) == 0).all()
    luma = before.pixels @ np.array([0.299, 0.587, 0.114])
    assert np.abs(after.pixels[..., 0] - luma).max() <= 0.51
    (grey,) = shown(CASES["png-grey"].make()).pictures()
    assert Grey().apply(grey) is grey


@pytest.mark.parametrize("kind", ["png-rgb", "png-rgb-16", "png-palette-8", "png-rgba"])
def test_tones_leave_as_many_levels_as_are_asked_for(kind: str) -> None:
    """Of each colour, evenly from black to white."""
    (before,) = shown(CASES[kind].make()).pictures()
    after = Tones(4).apply(before)
    colours = after.pixels[..., :3][after.pixels[..., -1] > 0] if after.channels.has_alpha else after.pixels
    levels = set(np.unique(colours).tolist())
    assert levels <= {0, *(round(i * before.white / 3) for i in range(4))}
    assert np.abs(after.rgb().astype(int) - before.rgb()).max() <= 43


def test_a_picture_is_shrunk_and_never_enlarged() -> None:
    """To the side that is asked for, by means: a checkerboard becomes its mean; one that is small enough stays."""
    y, x = np.mgrid[:256, :512]
    out = io.BytesIO()
    Image.fromarray(((x + y) % 2 * 200).astype(np.uint8)).save(out, "PNG")
    (before,) = shown(out.getvalue()).pictures()
    after = Shrink(128).apply(before)
    assert (after.size_wh, set(np.unique(after.pixels).tolist())) == ((128, 64), {100})
    assert Shrink(512).apply(before) is before


def test_what_is_clear_has_no_say_in_a_mean() -> None:
    """Colours under alpha 0 are not mixed into their neighbours, and what is left clear holds none."""
    pixels = np.zeros((128, 128, 4), np.uint8)
    pixels[:, 1::2] = (200, 100, 50, 255)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    (before,) = shown(out.getvalue()).pictures()
    after = Shrink(64).apply(before)
    assert np.unique(after.pixels.reshape(-1, 4), axis=0).tolist() == [[200, 100, 50, 128]]
    clear = Shrink(64).apply(before.with_pixels(np.zeros_like(before.pixels)))
    assert not clear.pixels.any()


def test_the_one_clear_colour_of_a_file_stays_clear() -> None:
    """It is changed as the picture is; pixels that were clear do not become visible."""
    out = io.BytesIO()
    Image.new("RGB", (80, 80), (200, 10, 30)).save(out, "PNG", transparency=(200, 10, 30))
    source = shown(out.getvalue())
    for name in ("grey", "tones"):
        made = Stepped(source, (ASKED[name],), 10**7).subject
        data = made.encode(made.pictures()).data
        assert np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[..., 3].max() == 0, name


def test_nothing_to_do_is_the_source_itself() -> None:
    """No steps, and steps that change nothing, cost no quality."""
    source = shown(CASES["jpeg-420"].make())
    for asked in ((), (Shrink(1600),)):
        made = Stepped(source, asked, 10**7)
        assert (made.subject, made.taken) == (source, ())
        assert (
            made.there(one := Found(Finding("face", np.zeros(4, np.float32), 0.9, ()), Look.PLAN)).finding
            is one.finding
        )


def test_what_was_not_decoded_is_not_stepped() -> None:
    """A source that fails late is held back for its own reason."""
    source = shown(CASES["png-rgb"].make())
    source._file.failed = Reason.TRUNCATED  # type: ignore[attr-defined]
    with pytest.raises(BadImageError) as caught:
        Stepped(source, (Grey(),), 10**7)
    assert caught.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize(
    ("wish", "error", "says"),
    [
        pytest.param("grey", SpecError, "must be a list", id="word"),
        pytest.param(["gray"], UnknownNameError, "did you mean 'grey'", id="name"),
        pytest.param(["grey", {"name": "grey"}], SpecError, "steps must differ", id="twice"),
        pytest.param([{"name": "shrink", "long_side": 100}], UnknownNameError, "did you mean 'long_side_px'", id="key"),
        pytest.param([{"name": "shrink", "long_side_px": 63}], SpecError, r"\[64, 16384\], got 63", id="small"),
        pytest.param([{"name": "shrink", "long_side_px": True}], SpecError, "whole number", id="bool"),
        pytest.param([{"name": "tones", "levels": 1}], SpecError, r"\[2, 128\], got 1", id="one-tone"),
        pytest.param([{"name": "tones", "levels": 2.5}], SpecError, "whole number", id="half-a-tone"),
    ],
)
def test_bad_steps_are_refused(wish: object, error: type[SpecError], says: str) -> None:
    """Before anything is read."""
    with pytest.raises(error, match=says):
        steps.build(wish)
