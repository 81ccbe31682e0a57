"""Donors: those that are drawn, how they are mixed, and the file in which an archive's are kept."""

import numpy as np
import pytest

from anonymizer_udfs.donors import drawn, shape
from anonymizer_udfs.donors.faces import Donors, bundled, read
from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.landmarks.schemes import MIRRORED
from anonymizer_udfs.models import tensors


def plain(*tones: int) -> Donors:
    """Return donors of one colour each."""
    canvases = np.stack([np.full((*shape.SIZE_HW, 3), tone, np.uint8) for tone in tones])
    return Donors(canvases, np.stack([shape.NEUTRAL + i for i in range(len(tones))]).astype(np.float32) / 10)


def test_points_are_those_of_a_face_in_a_mirror() -> None:
    """Both sides of the mean face are alike, in the plane and in depth."""
    mirror = list(MIRRORED)
    for points in (shape.NEUTRAL, shape.CANVAS):
        assert points[mirror] * (-1, 1) == pytest.approx(points)
    assert shape.DEPTH[mirror] == pytest.approx(shape.DEPTH)


def test_every_tone_is_drawn_as_often_and_none_twice() -> None:
    """No two drawn faces are the same, and their skins differ as the tones do."""
    found = bundled()
    assert len(found) == len(drawn.TONES) * drawn.EACH_TONE
    tones = found.tones.reshape(len(drawn.TONES), -1)
    assert (np.diff(tones.mean(1)) < -0.04).all()
    different = [np.abs(a.astype(int) - b).mean() for a, b in zip(found.canvases, found.canvases[1:], strict=False)]
    assert min(different) > 1


def test_drawn_faces_have_features_where_the_canvas_has_them() -> None:
    """Irises, brows and the line of the mouth are darker than the cheeks, nostrils than the nose."""
    for canvas in bundled().canvases:
        grey = canvas.mean(2)

        def at(x: float, y: float, grey: np.ndarray = grey) -> float:
            column, row = shape.pixels(np.array([[x, y]]))[0].astype(int)
            return float(grey[row - 2 : row + 3, column - 2 : column + 3].mean())

        cheek = min(at(-0.6, 0.05), at(0.6, 0.05))
        for x in (-0.5, 0.5):
            assert at(x, -0.46) < 0.7 * cheek
            assert at(x, -0.74) < 0.95 * cheek
        assert at(0.0, 0.617) < 0.75 * cheek
        assert at(0.11, 0.257) < 0.75 * at(0.0, 0.1)


def test_a_drawn_face_is_the_same_each_time() -> None:
    """It follows from its number alone."""
    rngs = [np.random.Generator(np.random.Philox([1, 2])) for _ in range(2)]
    faces = [drawn.face(drawn.Looks.of(1, 3, rng), rng) for rng in rngs]
    assert np.array_equal(*faces)


def test_a_longer_nose_pushes_the_mouth_and_the_chin_down() -> None:
    """Proportions differ without a feature running into the next."""
    plainly = shape.NEUTRAL
    longer = drawn.shaped(np.array([0.1, 0, 0, 0, 0, 0, 0]))
    assert longer[30, 1] > plainly[30, 1]
    assert longer[51, 1] - longer[33, 1] > 0.7 * (plainly[51, 1] - plainly[33, 1])
    assert longer[8, 1] > plainly[8, 1]
    assert drawn.shaped(np.zeros(drawn.WAYS)) == pytest.approx(plainly)


def test_a_mean_is_of_those_whose_skin_is_nearest() -> None:
    """Half of all are near; the key says which of these."""
    donors = plain(40, 50, 60, 70, 180, 190, 200, 210)
    dark = donors.mixed(4, 0.2, np.random.default_rng(0))
    assert dark.canvas == pytest.approx(np.full_like(dark.canvas, 55 / 255))
    assert dark.tone == pytest.approx(55 / 255)
    assert dark.points == pytest.approx(donors.points[:4].mean(0))
    drawn_tones = {round(donors.mixed(2, 0.9, np.random.default_rng(seed)).tone * 255) for seed in range(30)}
    assert drawn_tones == {185, 190, 195, 200, 205}
    assert donors.mixed(8, 0.0, np.random.default_rng(0)).tone == pytest.approx(donors.tones.mean())


def test_a_file_gives_the_same_donors() -> None:
    """The same donors give the same bytes, too."""
    donors = plain(1, 2, 3)
    again = read(donors.pack())
    assert np.array_equal(again.canvases, donors.canvases)
    assert np.array_equal(again.points, donors.points)
    assert again.pack() == donors.pack()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(tensors.pack({"points": np.zeros((1, 68, 2), np.float32)}), id="no-canvases"),
        pytest.param(
            tensors.pack(
                {"points": np.zeros((0, 68, 2), np.float32), "canvases": np.zeros((0, *shape.SIZE_HW, 3), np.uint8)}
            ),
            id="nobody",
        ),
        pytest.param(
            tensors.pack(
                {"points": np.zeros((2, 68, 2), np.float32), "canvases": np.zeros((1, *shape.SIZE_HW, 3), np.uint8)}
            ),
            id="points-of-more",
        ),
        pytest.param(
            tensors.pack({"points": np.zeros((1, 68, 2), np.float32), "canvases": np.zeros((1, 9, 9, 3), np.uint8)}),
            id="another-size",
        ),
        pytest.param(
            tensors.pack(
                {
                    "points": np.full((1, 68, 2), np.nan, np.float32),
                    "canvases": np.zeros((1, *shape.SIZE_HW, 3), np.uint8),
                }
            ),
            id="no-numbers",
        ),
    ],
)
def test_a_file_of_something_else_is_refused(content: bytes) -> None:
    """Nothing is put over a face by what is no donor."""
    with pytest.raises(ModelFormatError):
        read(content)


def test_drawn_faces_say_how_old_they_look() -> None:
    """As many ages as faces, the same in every tone, and folds follow them."""
    years = drawn.years().reshape(len(drawn.TONES), drawn.EACH_TONE)
    assert (years == years[0]).all()
    assert (years.min(), years.max()) == (drawn.YOUNGEST, drawn.OLDEST)
    folds = [drawn.Looks.of(0, number, np.random.default_rng(0)).age for number in range(drawn.EACH_TONE)]
    assert np.argsort(folds, kind="stable").tolist() == np.argsort(years[0], kind="stable").tolist()


@pytest.mark.parametrize(("years", "chosen"), [(20, {0, 1}), (80, {2, 3}), (None, {0, 1, 2, 3})])
def test_donors_are_of_about_the_age_that_is_asked_for(years: int | None, chosen: set[int]) -> None:
    """Of four of one tone the two nearest; without an age anybody."""
    some = plain(100, 101, 102, 103)
    aged = Donors(some.canvases, some.points, np.array([20, 30, 70, 80], np.float32))
    drawn_tones = {round(aged.mixed(1, 0.4, np.random.default_rng(seed), years).tone * 255) - 100 for seed in range(60)}
    assert drawn_tones <= chosen
    assert len(drawn_tones) == 2
    assert read(aged.pack()).years is not None


def test_donors_without_ages_cannot_be_asked_for_one() -> None:
    """It is said how they get some; no donor of any age is taken instead."""
    with pytest.raises(ModelFormatError, match="--ages"):
        plain(100, 101).mixed(1, 0.4, np.random.default_rng(0), 30)


@pytest.mark.parametrize("years", [[20.0], [20.0, np.nan], [20.0, 120.0]], ids=["too-few", "unknown", "out-of-range"])
def test_ages_belong_to_donors(years: list[float]) -> None:
    """One each, and such as people have."""
    some = plain(100, 101)
    with pytest.raises(ModelFormatError, match="ages of 2 donors"):
        Donors(some.canvases, some.points, np.array(years, np.float32))
