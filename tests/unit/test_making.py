"""From findings to the stored file: exact outside of the regions, solid within, and honest where it cannot be."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from anonymizer_udfs import imaging, subject
from anonymizer_udfs.cells import whole_cells
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import THOROUGH
from anonymizer_udfs.imaging import Picture, reach, turbojpeg
from anonymizer_udfs.making import Made, make
from anonymizer_udfs.methods import Avatar, Mask, Method, Pixelate
from anonymizer_udfs.methods.mask import FORMS, OPAQUE
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.verification import differs
from tests.support import specs
from tests.support.pictures import saved
from tests.unit.imaging.strategies import files

SCENE = np.ascontiguousarray(skimage.data.astronaut()[::2, ::2])
FACE = np.array([93, 41, 131, 88], np.float32)
EYES = np.array([[102, 58], [121, 57], [112, 68], [104, 77], [121, 76]], np.float32)


def jpegs(rgb: np.ndarray) -> dict[str, bytes]:
    """Return a picture in the kinds of JPEG that are tried."""
    return {
        "420": saved(rgb, "JPEG", quality=85, subsampling=2),
        "422": saved(rgb, "JPEG", quality=90, subsampling=1),
        "444": saved(rgb, "JPEG", quality=95, subsampling=0),
        "progressive": saved(rgb, "JPEG", quality=80, progressive=True),
        "grey": saved(Image.fromarray(rgb).convert("L"), "JPEG", quality=85),
        "ink": saved(Image.fromarray(rgb).convert("CMYK"), "JPEG", quality=85),
        "odd": saved(rgb[:243, :251], "JPEG", quality=85, subsampling=2),
    }


KINDS = jpegs(SCENE)
OTHERS = jpegs(np.ascontiguousarray(SCENE[:, ::-1]))
LIBRARY = pytest.mark.skipif(turbojpeg.find() is None, reason="no libturbojpeg for this platform")


def finding(roll: float | None = None, box: np.ndarray = FACE) -> Found:
    """The portrait's face, rolled as a test says."""
    sightings = (Sighting("centerface", "full", 0.9),)
    if roll is None:
        return Found(Finding("face", box, 0.9, sightings), Look.PLAN)
    angle, centre = np.radians(roll), EYES.mean(0)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    marks = ((EYES - centre) @ turn + centre).astype(np.float32)
    found = Finding("face", box, 0.9, sightings, landmarks=marks, landmarks_by="centerface", roll_degrees=roll)
    return Found(found, Look.PLAN)


@dataclass
class Steps:
    """Which steps were timed."""

    names: list[str]

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Note a step."""
        self.names.append(name)
        yield


def made(data: bytes, folder: Path, *found: Found, method: Method | None = None) -> tuple[Picture, Made]:
    """Return the source's picture and what was made of it."""
    ended = method is None or (isinstance(method, Mask) and method.opaque)
    spec: WorkerSpec = specs.red_dots(folder, method or Mask(), *(() if ended else (Mask(),)))
    shown = subject.of(imaging.probe(data), data, THOROUGH, 10**7)
    return shown.pictures()[0], make(shown, found, "00" * 16, spec, Steps([]))


@LIBRARY
@pytest.mark.parametrize("roll", [None, 30.0], ids=["upright", "rolled"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_is_exact_outside_of_its_region(kind: str, roll: float | None, tmp_path: Path) -> None:
    """Not one pixel outside the recorded region differs, the fill is flat, and the row need not admit anything."""
    picture, result = made(KINDS[kind], tmp_path, finding(roll))
    assert (result.encoded.reencoded, result.psnr_outside_db) == (False, None)
    (face,), changed = result.treated[0].faces, differs(result.stored[0], picture)
    assert changed.any()
    x0, y0, x1, y1 = face.region
    changed[y0:y1, x0:x1] = False
    assert not changed.any()
    inside = result.treated[0].covered()
    inside &= ~reach.reach(picture, ~inside)  # the outermost pixels mix with the blocks beside them
    assert inside.sum() > 0.4 * result.treated[0].covered().sum()
    assert np.abs(result.stored[0].rgb()[inside].astype(int) - result.treated[0].picture.rgb()[inside]).max() <= 3


@LIBRARY
def test_a_mild_method_changes_its_region_alone(tmp_path: Path) -> None:
    """Pixels between the region and the border of its blocks stay near what they were; those beyond are exact."""
    picture, result = made(KINDS["420"], tmp_path, finding(), method=Pixelate(5))
    covered = result.treated[0].covered()
    allowed = reach.reach(picture, covered)
    assert allowed.sum() > covered.sum()
    assert not (differs(result.stored[0], picture) & ~allowed).any()
    near = np.abs(result.stored[0].pixels.astype(int) - picture.pixels)[allowed & ~covered]
    assert near.mean() < np.abs(result.stored[0].pixels.astype(int) - picture.pixels)[covered].mean() / 3


@LIBRARY
@pytest.mark.parametrize("roll", [None, 30.0], ids=["upright", "rolled"])
@pytest.mark.parametrize("form", FORMS)
def test_a_mask_of_any_form_has_a_region_of_whole_blocks(form: str, roll: float | None, tmp_path: Path) -> None:
    """No block has both treated and other pixels, so what rings in it, and beside a shape it does, is treated too."""
    picture, result = made(KINDS["420"], tmp_path, finding(roll), method=Mask(form=form))
    covered = result.treated[0].covered()
    w, h = reach.cells_wh(picture)
    assert (w, h) == (16, 16)
    assert np.array_equal(covered, whole_cells(covered, (w, h)))
    assert not (differs(result.stored[0], picture) & ~reach.reach(picture, covered)).any()


@LIBRARY
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", OPAQUE)
def test_two_faces_under_an_opaque_mask_are_stored_alike(kind: str, form: str, tmp_path: Path) -> None:
    """Not only the pixels that the method makes: those that the stored file decodes to, ringing and all."""
    (one, first), (other, second) = (
        made(kinds[kind], tmp_path, finding(), method=Mask(form=form)) for kinds in (KINDS, OTHERS)
    )
    x0, y0, x1, y1 = first.treated[0].regions[0].box
    inside = np.zeros(one.pixels.shape[:2], bool)
    inside[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] = True  # the outermost pixels mix with the blocks beside them
    assert (differs(one, other) & inside).sum() > 0.9 * inside.sum()
    assert not (differs(first.stored[0], second.stored[0]) & inside).any()


@LIBRARY
def test_every_plane_of_ink_is_filled(tmp_path: Path) -> None:
    """No plane of a CMYK file keeps the face, the black one least of all."""
    _, result = made(KINDS["ink"], tmp_path, finding())
    x0, y0, x1, y1 = result.treated[0].regions[0].box
    assert result.stored[0].pixels[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].std(axis=(0, 1)).max() < 2


def test_a_jpeg_without_the_library_is_encoded_anew_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file admits it, with how near it came; the region ends where the method did."""
    monkeypatch.setattr(turbojpeg, "find", lambda: None)
    picture, result = made(KINDS["420"], tmp_path, finding())
    assert result.encoded.reencoded
    assert result.psnr_outside_db is not None
    assert 30 < result.psnr_outside_db < 60
    assert reach.cells_wh(picture) == (1, 1)
    assert result.treated[0].faces[0].region == result.treated[0].regions[0].box


@LIBRARY
def test_a_progressive_jpeg_with_missing_scans_is_encoded_anew(tmp_path: Path) -> None:
    """Decoders smooth what a missing scan leaves open, and a rewritten file lacks what told them to."""
    data = KINDS["progressive"]
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 3
    _, result = made(data[: scans[3]] + b"\xff\xd9", tmp_path, finding())
    assert result.encoded.reencoded
    assert result.psnr_outside_db is not None


@pytest.mark.parametrize(
    "data",
    [pytest.param(KINDS["420"], id="jpeg"), pytest.param(saved(SCENE, "PNG"), id="png")],
)
def test_where_nothing_was_found_the_pixels_are_stored_as_they_are(data: bytes, tmp_path: Path) -> None:
    """The source's own compressed pixels: nothing is treated, and there is nothing to decode again."""
    picture, result = made(data, tmp_path)
    assert result.encoded.data is picture.encoding.untouched
    assert (result.encoded.reencoded, result.treated, result.stored) == (False, (), ())


def test_a_lossless_picture_has_a_region_of_pixels(tmp_path: Path) -> None:
    """Where pixels can be changed one by one, the recorded region is the treated one."""
    picture, result = made(saved(SCENE, "PNG"), tmp_path, finding())
    assert result.treated[0].faces[0].region == result.treated[0].regions[0].box
    assert (differs(result.stored[0], picture) <= result.treated[0].covered()).all()


def test_two_faces_in_one_block_are_both_filled(tmp_path: Path) -> None:
    """Regions that share blocks do not undo each other."""
    other = finding(box=FACE + np.array([30, 10, 30, 10], np.float32))
    _, result = made(KINDS["420"], tmp_path, finding(), other)
    inside = result.treated[0].covered()
    assert np.abs(result.stored[0].rgb()[inside].astype(int) - 128).mean() < 2


Spot = tuple[float, float, float, float, float | None]
COARSE = 127
"""Of 255, the most; a step of the mean is an eighth of it in grey levels."""
SPOTS = st.tuples(*[st.floats(0, 1)] * 4, st.sampled_from([None, 17.0, 90.0]))
"""Where in a picture a face is: one corner and the other one as shares of the sides, and its turn."""


def at(spot: Spot, size_wh: tuple[int, int]) -> Found:
    """Return a finding, which lies within its picture and is never empty."""
    low, high = np.sort(np.array(spot[:4]).reshape(2, 2), 0) * (np.array(size_wh) - 1)
    return finding(spot[4], np.concatenate([low, high + 1]).astype(np.float32))


def is_coarse(file: tuple[str, bytes]) -> bool:
    """Return whether it is a JPEG whose steps are too coarse for a mild change."""
    image = Image.open(io.BytesIO(file[1]))
    return isinstance(image, JpegImageFile) and min(image.quantization[0]) > COARSE


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the graph lies."""
    return tmp_path_factory.mktemp("models")


def test_what_a_webps_own_quality_loses_is_written_without_loss(models: Path) -> None:
    """One pixel in a picture of four by three at a coarse quality: it shows the mask, and the row says so."""
    file = bytes.fromhex(
        "524946463800000057454250565038202c0000005001009d012a040003000fc0"
        "fe25b000058c0000fdf148b0851a5803bf2467d5ba7cb397fdeafd5268000000"
    )
    source, result = made(file, models, at((0.0, 0.0, 0.0, 0.0, None), (4, 3)))
    (stored,) = result.stored
    assert result.encoded.reencoded
    assert (np.abs(stored.rgb()[0, 0].astype(int) - 128) < 2).all()
    assert not (differs(stored, source) & ~result.treated[0].covered()).any()


@settings(max_examples=100, deadline=None)
@given(
    file=files(), spots=st.lists(SPOTS, min_size=1, max_size=4), method=st.sampled_from([None, Pixelate(5), Avatar()])
)
def test_any_picture_is_exact_outside_or_says_so(
    file: tuple[str, bytes], spots: list[Spot], method: Method | None, models: Path
) -> None:
    """Whatever the picture, its encoder and the regions: no pixel outside differs, or the row admits it."""
    header = imaging.probe(file[1])
    found = [at(spot, (header.width, header.height)) for spot in spots]
    try:
        source, result = made(file[1], models, *found, method=method)
    except BadImageError as error:
        held_back: Reason | None = error.reason
    else:
        held_back = None
    if held_back:  # few colours, or the coarsest steps of a JPEG, may show nothing but the source: nothing is released
        assert (held_back, file[0] in {"GIF", "PNG", "TIFF", "BMP"} or is_coarse(file)) == (Reason.UNVERIFIED, True)
        return
    (treated,), (stored,) = result.treated, result.stored
    outside = np.ones(source.pixels.shape[:2], bool)
    for face in treated.faces:
        x0, y0, x1, y1 = face.region
        outside[y0:y1, x0:x1] = False
    changed = differs(stored, source)
    assert result.encoded.reencoded or not (changed & outside).any()
    assert (result.psnr_outside_db is not None) == (
        result.encoded.reencoded and bool((changed & ~treated.covered()).any())
    )
    assert np.array_equal(imaging.decode(result.encoded.data, max_pixels=10**6).pixels, stored.pixels)
