"""The mesh over a face: its triangles, and the way to a texture and back."""

import cv2
import numpy as np
import pytest

from anonymizer_udfs.errors import UnknownNameError
from anonymizer_udfs.methods import mesh
from anonymizer_udfs.methods.mesh import CORNER, JAW, SIZE_WH, TEXELS

SCHEMES = ["5", "68"]


def turned(corners: np.ndarray, width_px: float = 150.0, angle: float = 0.4) -> np.ndarray:
    """Return a mesh's corners as they lie in a picture of 300 pixels, turned and a little bent."""
    c, s = np.cos(angle), np.sin(angle)
    bent = corners + 0.02 * np.sin(7 * corners[:, ::-1])
    return bent @ (width_px * np.array([[c, s], [-s, c]])) + 150


@pytest.mark.parametrize("scheme", SCHEMES)
def test_triangles_fill_the_mesh_and_do_not_overlap(scheme: str) -> None:
    """Their areas add up to that of the hull, and each texel within it has three shares that add up to one."""
    made = mesh.mesh(scheme)
    a, b, c = (made.corners[made.triangles[:, i]] for i in range(3))
    ab, ac = b - a, c - a
    areas = np.abs(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]) / 2
    hull = cv2.contourArea(cv2.convexHull(made.corners.astype(np.float32)))
    assert areas.sum() == pytest.approx(hull, rel=1e-3)
    assert np.allclose(made.shares.sum(1), 1, atol=1e-5)
    assert made.texels.sum() == pytest.approx(hull * TEXELS**2, rel=0.02)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_texture_of_the_mean_face_is_where_it_lies(scheme: str) -> None:
    """A texel's source on the mean face is the texel's own place."""
    made = mesh.mesh(scheme)
    x, y = np.meshgrid(np.arange(SIZE_WH[0]) + 0.5, np.arange(SIZE_WH[1]) + 0.5)
    found = made.sources(made.corners)[made.texels]
    assert np.allclose(found, np.stack([x, y], 2)[made.texels] / TEXELS + CORNER, atol=1e-4)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pixels_lead_back_to_the_texels_that_they_came_from(scheme: str) -> None:
    """From a pixel to its texel and from there to its source: the same pixel, but for the edges of triangles."""
    made = mesh.mesh(scheme)
    corners = turned(made.corners)
    places = made.places(corners, (300, 300))
    sources = made.sources(corners)
    inside = (places > 1).all(2) & (places < np.array(SIZE_WH) - 2).all(2)
    covered = cv2.remap(made.texels.astype(np.float32), places, None, cv2.INTER_LINEAR) > 0.999
    back = cv2.remap(sources, places, None, cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(300) + 0.5, np.arange(300) + 0.5)
    off = np.hypot(*(back - np.stack([x, y], 2))[inside & covered].T)
    assert len(off) > 10_000
    assert np.quantile(off, 0.95) < 0.2
    assert off.max() < 1.5


def test_what_a_turned_over_triangle_shows_is_hidden_by_the_others() -> None:
    """Whichever point is moved across its neighbours: in the middle of the largest triangle its own texels are seen."""
    made, draw = mesh.mesh("5"), np.random.default_rng(1)
    for moved in range(len(made.corners)):
        corners = made.corners * 100 + 100
        corners[moved] = 100 + 60 * draw.uniform(-1, 1, 2)
        a, b, c = (corners[made.triangles[:, i]] for i in range(3))
        ab, ac, way = b - a, c - a, made.corners[made.triangles]
        first, second = way[:, 1] - way[:, 0], way[:, 2] - way[:, 0]
        area = (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]) * np.sign(
            first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        )
        largest = made.triangles[area.argmax()]
        x, y = corners[largest].mean(0)
        meant = (made.corners[largest].mean(0) - CORNER) * TEXELS - 0.5
        seen = made.places(corners, (200, 220))[int(y), int(x)]
        assert np.abs(seen - meant).max() < 3


def test_lids_and_lips_do_not_cross() -> None:
    """An upper lip below the lower one meets it half way; what is open, and five points, stay."""
    points = np.array(mesh.INNER["68"])
    crossed = points.copy()
    upper, lower = 62 - len(JAW), 66 - len(JAW)
    crossed[upper, 1], crossed[lower, 1] = 0.36, 0.34
    after = mesh.opened(crossed)
    assert after[upper, 1] == pytest.approx(0.35)
    assert after[lower, 1] == pytest.approx(0.35)
    assert np.array_equal(mesh.opened(points), points)
    five = np.array(mesh.INNER["5"])
    assert np.array_equal(mesh.opened(five), five)


def test_an_unknown_scheme_is_answered_with_the_known_ones() -> None:
    """There is a mesh for five points and for 68."""
    with pytest.raises(UnknownNameError, match="5, 68"):
        mesh.mesh("106")
