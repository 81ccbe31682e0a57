"""A file as a search looks at it: the right size, the right way up, and no more of it than is shown."""

import cv2
import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import imaging
from anonymizer_udfs.imaging import orientation
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.sight import FileSight
from tests.support.pictures import saved

MOST = 10**8
SIZE_WH = (1501, 1003)


def drawn() -> np.ndarray:
    """A soft picture of more than a million pixels, in which each place differs from the others."""
    noise = np.random.default_rng(3).integers(0, 256, (13, 19, 3), np.uint8)
    return np.asarray(cv2.resize(noise, SIZE_WH, interpolation=cv2.INTER_CUBIC), np.uint8)


def turned(value: int, **options: object) -> bytes:
    """A JPEG whose pixels lie as a camera held in some way stores them."""
    exif = Image.Exif()
    exif[0x0112] = value
    return saved(drawn(), "JPEG", quality=90, exif=exif, **options)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize(("scale", "denominator"), [(0.5, 2), (0.3, 2), (0.25, 4), (0.1, 8), (0.0, 8)])
def test_a_small_decode_is_the_whole_one_shrunk(value: int, scale: float, denominator: int) -> None:
    """At each scale and each way of holding the camera the picture is what the whole one is, shrunk."""
    data = turned(value)
    shown = FileSight(data, MOST).at_least(scale)
    whole = imaging.decode(data, max_pixels=MOST)
    upright = orientation.upright(whole.rgb(), whole.orientation)
    wanted = tuple(-(-side // denominator) for side in upright.shape[:2])
    assert shown.shape == (*wanted, 3)
    shrunk = cv2.resize(upright, wanted[::-1], interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(shown.astype(int) - shrunk).mean() < 4  # another way up differs by some 60


@pytest.mark.parametrize("value", [1, 6])
def test_the_size_is_that_of_the_upright_picture(value: int) -> None:
    """What a search is told is the picture's own size, however small it was decoded."""
    sight = FileSight(turned(value), MOST)
    sight.prepare(0.2)
    assert sight.size_wh == (SIZE_WH if value == 1 else SIZE_WH[::-1])
    assert sight.stored_wh == SIZE_WH


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved(drawn(), "PNG"), id="png"),
        pytest.param(saved(drawn()[:500], "JPEG"), id="small"),
        pytest.param(saved(Image.fromarray(drawn()).convert("CMYK"), "JPEG"), id="ink"),
        pytest.param(saved(np.full((1003, 1501, 3), 128, np.uint8), "JPEG"), id="ends-in-grey"),
    ],
)
def test_what_cannot_be_decoded_small_is_decoded_whole(data: bytes) -> None:
    """Other formats, small files, ink, and a picture that ends in the grey that decoders fill in."""
    whole = imaging.decode(data, max_pixels=MOST)
    assert np.array_equal(FileSight(data, MOST).at_least(0.1), whole.rgb())


def test_grey_is_shown_as_three_colours() -> None:
    """A JPEG of one component."""
    shown = FileSight(saved(Image.fromarray(drawn()).convert("L"), "JPEG"), MOST).at_least(0.25)
    assert shown.shape == (251, 376, 3)
    assert (shown[..., 0] == shown[..., 2]).all()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(turned(1)[:-20_000], Reason.TRUNCATED, id="no-end"),
        pytest.param(turned(1)[:-20_000] + b"\xff\xd9", Reason.TRUNCATED, id="ends-early"),
        pytest.param(b"\xff\xd8\xff\xd9", Reason.CORRUPT, id="empty"),
    ],
)
def test_a_broken_file_is_refused_at_any_scale(data: bytes, reason: Reason) -> None:
    """Decoding it small hides nothing: the half that is missing is noticed as by a whole decode."""
    with pytest.raises(BadImageError) as whole:
        imaging.decode(data, max_pixels=MOST)
    with pytest.raises(BadImageError) as small:
        FileSight(data, MOST).prepare(0.2)
    assert whole.value.reason is small.value.reason is reason


def test_a_file_that_breaks_while_a_search_goes_on_is_told() -> None:
    """The search gets pixels of the right size, and the owner the reason."""
    sight = FileSight(turned(1), MOST)
    sight.prepare(0.2)
    sight.data = sight.data[:-20_000]
    assert sight.at_least(1.0).shape == (*SIZE_WH[::-1], 3)
    assert sight.failed is Reason.TRUNCATED


def test_too_many_pixels_are_refused_before_anything_is_decoded() -> None:
    """The bound of the whole picture counts, however small it would be decoded."""
    with pytest.raises(BadImageError) as error:
        FileSight(turned(1), SIZE_WH[0] * SIZE_WH[1] - 1)
    assert error.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_what_is_stored_of_a_file_that_was_decoded_small_is_what_a_whole_decode_gives(options: dict[str, bool]) -> None:
    """The same bytes, whichever way they came about; metadata gone, orientation kept."""
    data = turned(6, comment=b"Jane Roe", **options)
    sight = FileSight(data, MOST)
    sight.prepare(0.2)
    whole = imaging.decode(data, max_pixels=MOST)
    assert sight.untouched == imaging.encode(whole, whole)
    assert sight.untouched is not None
    assert b"Jane Roe" in data
    assert b"Jane Roe" not in sight.untouched.data
    assert imaging.decode(sight.untouched.data, max_pixels=MOST).orientation == 6


def test_bytes_after_the_last_block_are_not_stored() -> None:
    """A file that hides something behind its pixels is not kept as it is."""
    data = turned(1)
    sight = FileSight(data[:-2] + b"Jane Roe, 12 Elm Street" + data[-2:], MOST)
    sight.prepare(0.2)
    assert sight.untouched is None
