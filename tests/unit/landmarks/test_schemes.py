"""The two schemes of points, and the five that both have."""

import numpy as np
import pytest

from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.landmarks.schemes import FROM_106, MIRRORED, Points, five
from tests.unit.landmarks.drawn import face, seen


@pytest.mark.parametrize("scheme", ["68", "106"])
def test_a_face_without_a_place_has_no_points(scheme: str) -> None:
    """The points of nobody are NaN in every form, and known to be unknown."""
    nobody = Points.none(scheme)
    assert not nobody.known
    assert np.isnan(nobody.as_68).all()
    assert np.isnan(five(nobody)).all()


@pytest.mark.parametrize(
    ("xy", "scheme", "error"),
    [
        (np.zeros((68, 2), np.float32), "106", SpecError),
        (np.zeros((68, 3), np.float32), "68", SpecError),
        (np.zeros((68, 2)), "68", SpecError),
        (np.zeros((5, 2), np.float32), "5", UnknownNameError),
    ],
    ids=["too few", "three dimensions", "float64", "unknown scheme"],
)
def test_points_of_another_form_are_refused(xy: np.ndarray, scheme: str, error: type[Exception]) -> None:
    """Points that are not those of their scheme are an error, before anything is measured by them."""
    with pytest.raises(error):
        Points(xy, scheme)


def test_the_five_points_are_where_detectors_put_them() -> None:
    """Eyes are the means of their rims, nose and corners of the mouth are points of their own."""
    drawn = face(eyes=(0.1, 0.5))
    xy = seen(drawn, np.eye(3)).xy
    expected = [xy[36:42].mean(0), xy[42:48].mean(0), xy[30], xy[48], xy[54]]
    np.testing.assert_allclose(five(seen(drawn, np.eye(3))), expected, atol=1e-4)


def test_both_schemes_say_the_same() -> None:
    """A face in the order of 106 has the same 68 points and the same five, whatever its other points are."""
    of_68, of_106 = (seen(face(gap=0.2), np.eye(3), scheme=scheme) for scheme in ("68", "106"))
    assert of_106.known
    np.testing.assert_array_equal(of_106.as_68, of_68.as_68)
    np.testing.assert_array_equal(five(of_106), five(of_68))


def test_the_106_points_are_taken_once_each() -> None:
    """No point stands for two; nose and mouth are those by which InsightFace's users align: 86, 52 and 61."""
    assert len(set(FROM_106)) == 68
    assert set(FROM_106) <= set(range(106))
    assert [FROM_106[i] for i in (30, 48, 54)] == [86, 52, 61]


def test_a_mirror_is_its_own_undoing() -> None:
    """Mirrored twice a face is itself, and once it is the drawn one, which is symmetric."""
    assert [MIRRORED[i] for i in MIRRORED] == list(range(68))
    drawn = face(gap=0.2)
    np.testing.assert_allclose(drawn[list(MIRRORED)] * (-1, 1, 1), drawn, atol=1e-9)
