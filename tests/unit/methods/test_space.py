"""The file of a space of faces, and what is done with coordinates in it."""

import numpy as np
import pytest

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.methods import space
from anonymizer_udfs.methods.space import Colours
from anonymizer_udfs.models import tensors
from tests.support import drawn_space

MADE = drawn_space.space()
SIZE = drawn_space.SHAPES + drawn_space.TEXTURES


def coordinates(seed: int) -> np.ndarray:
    """Return coordinates of somebody who is not far from the mean."""
    return np.clip(np.random.default_rng(seed).standard_normal(SIZE), -2, 2).astype(np.float32)


def test_a_face_drawn_from_coordinates_has_them() -> None:
    """Modes are at right angles here, so reading what was drawn gives the same numbers."""
    meant = coordinates(1)
    found = MADE.coordinates(MADE.shape(meant), MADE.texture(meant))
    assert np.allclose(found, meant, atol=1e-3)


def test_the_file_gives_the_same_space() -> None:
    """But for the 16 bits of the modes of textures."""
    back = space.read(space.pack(MADE))
    assert back.scheme == "5"
    assert np.abs(back.texture_modes - MADE.texture_modes).max() <= np.abs(MADE.texture_modes).max() / 60_000
    assert np.array_equal(back.kept, MADE.kept)
    assert np.array_equal(back.shape_modes, MADE.shape_modes)
    assert space.pack(back) == space.pack(space.read(space.pack(back)))


def test_at_full_amount_nothing_but_what_is_kept_is_left() -> None:
    """Two people who agree in the kept directions become the same; in these they are who they were."""
    one, other, drawn = coordinates(1), coordinates(2), coordinates(3)
    other -= MADE.kept.T @ (MADE.kept @ (other - one))
    after = MADE.replaced(one, drawn, 1.0)
    assert np.allclose(after, MADE.replaced(other, drawn, 1.0), atol=1e-6)
    assert np.allclose(MADE.kept @ after, MADE.kept @ one, atol=1e-6)
    assert not np.allclose(after, MADE.replaced(one, coordinates(4), 1.0), atol=0.1)


def test_the_amount_turns_from_one_to_the_other() -> None:
    """At 0 all stays; on the way what is left of the person falls, and lengths stay those of people."""
    many = np.random.default_rng(5).standard_normal((400, 2, SIZE)).astype(np.float32)
    amounts = (0.0, 0.25, 0.5, 0.75, 1.0)
    after = np.array([[MADE.replaced(one, other, amount) for one, other in many] for amount in amounts])
    rest = np.eye(SIZE) - MADE.kept.T @ MADE.kept
    like = [float((some @ rest * many[:, 0]).sum() / (many[:, 0] @ rest * many[:, 0]).sum()) for some in after]
    assert like == pytest.approx(np.cos(np.array(amounts) * np.pi / 2), abs=0.06)
    assert np.allclose([some.var() for some in after], 1, atol=0.06)


def test_no_coordinate_is_further_off_than_people_are() -> None:
    """What is no face (an occluded one) is drawn as one at the edge of what was learned."""
    wild = MADE.coordinates(MADE.shape(100 * coordinates(1)), MADE.texture(100 * coordinates(1)))
    assert np.abs(wild).max() <= space.MOST


def test_colours_are_taken_out_and_put_back() -> None:
    """Plain texels have no mean, and a deviation of one in luma; a face of one tone is no error."""
    texels = np.random.default_rng(6).uniform(0.2, 0.9, (50, 3)).astype(np.float32)
    own = Colours.of(texels)
    plain = own.out_of(texels)
    assert np.allclose(plain.mean(0), 0, atol=1e-5)
    assert float((plain[:, 0] ** 2).mean()) == pytest.approx(1, abs=1e-4)
    assert float((plain[:, 1:] ** 2).mean()) == pytest.approx(space.CHROMA_WEIGHT**2, abs=1e-4)
    assert np.allclose(own.into(plain), texels, atol=1e-5)
    flat = np.full((9, 3), 0.5, np.float32)
    assert np.allclose(Colours.of(flat).out_of(flat), 0, atol=1e-4)


def test_a_grey_face_stays_grey_whatever_is_drawn() -> None:
    """The tint that is put back is the face's own."""
    grey = np.repeat(np.random.default_rng(6).uniform(0.2, 0.9, (50, 1)), 3, 1).astype(np.float32)
    drawn = np.random.default_rng(7).standard_normal((50, 3)).astype(np.float32)
    assert np.ptp(Colours.of(grey).into(drawn), axis=1).max() < 1e-4


def changed(**arrays: np.ndarray) -> bytes:
    """Return the file of the space with some of its arrays replaced."""
    return tensors.pack({**tensors.unpack(space.pack(MADE)), **arrays})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(tensors.pack({}), "expected the arrays", id="nothing"),
        pytest.param(changed(shape_mean=np.zeros((7, 2), np.float32)), "5 points or 51", id="seven points"),
        pytest.param(changed(texture_mean=np.zeros((9, 3), np.float32)), "belong together", id="few texels"),
        pytest.param(changed(kept=np.ones((2, SIZE), np.float32)), "right angles", id="kept askew"),
        pytest.param(changed(kept=np.full((2, SIZE), np.nan, np.float32)), "finite", id="not a number"),
        pytest.param(changed(shape_modes=np.zeros_like(MADE.shape_modes)), "may be 0", id="no mode"),
        pytest.param(
            changed(texture_modes=np.full(MADE.texture_modes.shape, 1 << 15, np.uint16)), "may be 0", id="flat texture"
        ),
        pytest.param(changed(texture_modes=MADE.texture_modes), "expected the arrays", id="another type"),
    ],
)
def test_a_file_that_is_no_space_is_refused(content: bytes, says: str) -> None:
    """Whatever would make a face that is none, or fail in the middle of a run."""
    with pytest.raises(ModelFormatError, match=says):
        space.read(content)
