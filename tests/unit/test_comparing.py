"""A source beside what was released of it: what is looked for in both, and that each figure is of the right pixels."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import imaging
from anonymizer_udfs.comparing import Comparer
from anonymizer_udfs.detection import Yolo
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.landmarks import Dlib68
from anonymizer_udfs.utility import Figure
from tests.support import graphs, plate_graphs, specs
from tests.unit.landmarks.cases import stored_predictor

DOT, REGION = (40, 24), (20, 4, 64, 48)


def picture(*, dot: bool = True, orientation: int = 1, noise: int = 60) -> Picture:
    """Return a decoded PNG of 96 by 64 with noise, and a red dot that counts as a face."""
    pixels = np.random.default_rng(3).integers(90, 90 + noise, (64, 96, 3), np.uint8)
    if dot:
        pixels[DOT[1] : DOT[1] + 4, DOT[0] : DOT[0] + 4] = (255, 0, 0)
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", exif=exif)
    return imaging.decode(out.getvalue(), max_pixels=10**6)


@pytest.fixture
def comparer(tmp_path: Path) -> Comparer:
    """Takes red dots for faces, and looks for 68 points of them."""
    spec = specs.red_dots(tmp_path)
    landmarker = Dlib68(stored_predictor(tmp_path))
    return Comparer(spec.policy.searcher, spec.runtime, spec.policy.plan, landmarker)


def test_a_picture_without_a_face_has_no_figure_of_faces(comparer: Comparer) -> None:
    """Of pixels alone: nothing changed."""
    same = picture(dot=False)
    found = comparer.figures(same, same, [])
    assert {name: one.value for name, one in found.items()} == {
        "ssim_outside": 1,
        "psnr_outside": 100,
        "changed_outside": 0,
        "colour_distance_outside": 0,
        "sharpness_outside": 1,
    }


@pytest.mark.parametrize("orientation", [1, 6])
def test_an_unchanged_face_keeps_all(comparer: Comparer, orientation: int) -> None:
    """It is found again, with the same points, however the stored pixels are turned."""
    same = picture(orientation=orientation)
    found = comparer.figures(same, same, [REGION])
    assert found["detector_retention"].value == found["face_count_kept"].value == 1
    assert found["landmark_error"].value == found["yaw_error"].value == 0


def test_a_masked_face_is_lost_and_says_nothing_of_its_points(comparer: Comparer) -> None:
    """Nothing outside its region changed."""
    before = picture()
    pixels = before.pixels.copy()
    pixels[REGION[1] : REGION[3], REGION[0] : REGION[2]] = 0
    found = comparer.figures(before, before.with_pixels(pixels), [REGION])
    assert found["detector_retention"].value == found["face_count_kept"].value == 0
    assert (found["changed_outside"].value, found["psnr_outside"].value) == (0, 100)
    assert found["psnr_inside"].value < 20
    assert "landmark_error" not in found


def test_regions_are_cut_at_the_border(comparer: Comparer) -> None:
    """As regions of rows are, which may reach beyond the picture."""
    same = picture()
    assert comparer.figures(same, same, [(-9, -9, 500, 500)])["ssim_inside"].value == 1


def test_without_a_landmarker_nobody_looks_for_points(comparer: Comparer) -> None:
    """All other figures are the same."""
    same = picture()
    alone = Comparer(comparer.searcher, comparer.runtime, comparer.plan)
    found, whole = alone.figures(same, same, [REGION]), comparer.figures(same, same, [REGION])
    assert found == {name: whole[name] for name in found}
    assert "landmark_error" in set(whole) - set(found)


def test_people_are_counted_where_somebody_looks_for_them(comparer: Comparer, tmp_path: Path) -> None:
    """By a detector of its own, shown both pictures whole; without one nothing is said of people."""
    dots = graphs.stored(tmp_path, "people", plate_graphs.yolo("grid"))
    counting = replace(comparer, people=Yolo(dots, classes=(2,), kind="person"))
    before = picture(noise=1)  # to this detector noise would be people
    pixels = before.pixels.copy()
    pixels[REGION[1] : REGION[3], REGION[0] : REGION[2]] = 0
    same = counting.figures(before, before, [REGION])
    assert (same["person_count_kept"], same["person_retention"]) == (Figure(1.0, 1), Figure(1.0, 1))
    lost = counting.figures(before, before.with_pixels(pixels), [REGION])
    assert (lost["person_count_kept"], lost["person_retention"]) == (Figure(0.0, 1), Figure(0.0, 1))
    assert not [name for name in comparer.figures(before, before, [REGION]) if name.startswith("person")]


def test_pictures_that_do_not_belong_together_are_refused(comparer: Comparer) -> None:
    """Another orientation or size is another picture."""
    before = picture()
    with pytest.raises(SpecError, match="one kind and orientation"):
        comparer.figures(before, replace(before, orientation=6), [])
    with pytest.raises(SpecError, match="one shape"):
        comparer.figures(before, replace(before, pixels=before.pixels[:-1]), [])
