"""What is shown to the recognizer when methods are measured."""

import numpy as np

from anonymizer_udfs import recognition
from anonymizer_udfs.methods import Mask, Pixelate, Scramble
from benchmarks import methods
from tests.unit.benchmarks import drawn

FACE = np.array(drawn.FACE, np.float32)
PHOTO = methods.Photo(drawn.photo(), FACE, np.array(drawn.LANDMARKS, np.float32))


def rng() -> np.random.Generator:
    """Return a generator as the benchmark makes them."""
    return np.random.default_rng(1)


def test_a_method_treats_the_region_and_nothing_else() -> None:
    """Of a photo the box, scaled about its centre, is treated; what was measured is what a policy would do."""
    after = methods.by_method(Mask(), 1.2)(PHOTO, rng())
    changed = (after != PHOTO.rgb).any(2)
    centre, half = (FACE[:2] + FACE[2:]) / 2, 0.6 * (FACE[2:] - FACE[:2])
    (x0, y0), (x1, y1) = centre - half, centre + half
    rows, columns = np.mgrid[:150, :150]
    inside = (columns >= np.floor(x0)) & (columns < np.ceil(x1)) & (rows >= np.floor(y0)) & (rows < np.ceil(y1))
    assert np.array_equal(changed, inside)


def test_one_part_is_masked_and_the_rest_is_clear() -> None:
    """Without its eyes a photo is grey there, and elsewhere as it was."""
    after = methods.without("eyes")(PHOTO, rng())
    assert [tuple(after[y, x]) for x, y in drawn.LANDMARKS[:2]] == [(128, 128, 128)] * 2
    assert np.array_equal(after[86:], PHOTO.rgb[86:])
    assert 0.02 < (after != PHOTO.rgb).any(2).mean() < 0.1


def test_every_photo_has_a_key_of_its_own() -> None:
    """The two photos of a person are treated by different draws, and a second run by the same ones."""
    seen: list[np.ndarray] = []

    class Looker:
        """Keeps what it is shown."""

        def embed(self, rgb: np.ndarray, points: np.ndarray, detector: str, runtime: object) -> np.ndarray:
            """Return a template of nobody."""
            del points, detector, runtime
            seen.append(rgb)
            return np.zeros((1, 2), np.float32)

    for method in (Scramble("phases"), Pixelate(5, 0)):
        seen.clear()
        for _ in range(2):
            methods.templates(Looker(), [PHOTO, PHOTO], methods.by_method(method, 1.3), None)  # type: ignore[arg-type]
        first, second, *again = seen
        assert np.array_equal(first, second) == (method == Pixelate(5, 0))
        assert np.array_equal(first, again[0])
        assert np.array_equal(second, again[1])


def test_a_line_tells_similarity_and_rank() -> None:
    """Of two people whose photos were swapped nobody is found; the similarity is the mean of each one's own pair."""
    who = recognition.build("dlib_resnet")
    people = np.array([[0, 0], [3, 4]], np.float32)
    assert methods.line(who, people, people).split() == ["1.000", "100.0%"]
    assert methods.line(who, people, people[::-1]).split() == ["-4.000", "0.0%"]
