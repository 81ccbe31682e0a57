"""A network's face in the place of one, on a small graph of the same form; of real ones nothing is said."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from insightface.app.common import Face
from insightface.model_zoo.inswapper import INSwapper
from insightface.utils import face_align

from anonymizer_udfs.errors import ModelFormatError, SpecError
from anonymizer_udfs.methods import Mask, Swap, Target, build, swap
from anonymizer_udfs.models.base import ModelRef, Runtime
from tests.support import graphs, landmark_graph
from tests.support.swap_graph import swapper
from tests.unit.methods.cases import rng
from tests.unit.methods.test_latent import HW, inner, portrait, target


@pytest.fixture
def made(tmp_path: Path) -> tuple[Swap, Runtime]:
    """Return the method with a small network, and where that lies."""
    return Swap(graphs.stored(tmp_path, "swapper", swapper())), Runtime((str(tmp_path),))


def chip(seed: int) -> np.ndarray:
    """Return a picture of the network's size."""
    return np.random.default_rng(seed).integers(0, 256, (128, 128, 3)).astype(np.uint8)


def test_a_swap_is_insightfaces_own(
    made: tuple[Swap, Runtime], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alignment, colours, scale and the identity's way into the graph: all within a level, and nothing printed."""
    method, runtime = made
    assert method.model is not None
    points = np.array(target(runtime).landmarks, np.float32)
    identity = np.random.default_rng(5).standard_normal(512).astype(np.float32)
    where = face_align.estimate_norm(points, 128)
    shown = cv2.warpAffine(portrait(), where, (128, 128), borderValue=0.0)
    found = swap.swapped(shown, identity, method.model, runtime)
    assert capsys.readouterr().out == ""
    network = INSwapper(model_file=str(tmp_path / method.model.file))
    theirs, matrix = network.get(portrait()[..., ::-1], Face(kps=points), Face(embedding=identity), paste_back=False)
    assert np.allclose(matrix, where)
    assert np.abs(found.astype(int) - theirs[..., ::-1]).max() <= 1
    assert found.std() > 5


def test_faces_are_shown_as_insightface_shows_them(made: tuple[Swap, Runtime]) -> None:
    """SCRFD's points, which it was trained with, are brought where InsightFace brings them."""
    given = replace(target(made[1]), detector="scrfd")
    ours = swap._matrix(given)
    assert ours is not None
    assert np.allclose(ours, face_align.estimate_norm(np.array(given.landmarks, np.float32), 128), atol=0.05)


@pytest.mark.parametrize(("channels", "alpha"), [(1, None), (2, 1), (3, None), (4, 3), (4, None)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_row_and_column_is_treated(
    made: tuple[Swap, Runtime], dtype: type, channels: int, alpha: int | None
) -> None:
    """Of a noisy patch nothing is as it was, but alpha."""
    method, runtime = made
    patch = np.random.default_rng(3).integers(0, np.iinfo(dtype).max, (*HW, channels), dtype, endpoint=True)
    after = method.apply(patch, target(runtime, alpha=alpha), rng())
    colours = [c for c in range(channels) if c != alpha]
    changed = (after[..., colours] != patch[..., colours]).any(2)
    assert changed.mean(1).min() > 0.5
    assert changed.mean(0).min() > 0.5
    assert alpha is None or np.array_equal(after[..., alpha], patch[..., alpha])


def test_the_face_is_the_networks_and_the_key_says_who(made: tuple[Swap, Runtime]) -> None:
    """The same generator gives the same bytes, another one another face, and neither is what was there."""
    method, runtime = made
    one, same, other = (method.apply(portrait(), target(runtime), rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert np.abs(inner(one) - inner(other)).mean() > 2
    assert np.abs(inner(one) - inner(portrait())).mean() > 2


def test_what_lies_at_a_place_of_the_chip_comes_back_there(made: tuple[Swap, Runtime]) -> None:
    """A chip that is laid back without a change lies on the picture it was taken from."""
    given = target(made[1], roll=20.0)
    matrix = swap._matrix(given)
    assert matrix is not None
    shown = cv2.warpAffine(portrait(), matrix, (128, 128), flags=cv2.INTER_LINEAR)
    (x, y), face, cover = swap.laid_back(shown, matrix, HW)
    there = portrait()[y : y + face.shape[0], x : x + face.shape[1]].astype(int)
    assert np.abs(face - there)[cover > 0.9].mean() < 1.5
    assert (cover > 0.9).sum() > 2000


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"landmarks": None}, id="no-landmarks"),
        pytest.param({"detector": "dlib_mmod"}, id="another-detector"),
        pytest.param({"runtime": None}, id="nowhere"),
        pytest.param({"landmarks": ((5.0, 5.0),) * 5}, id="points-in-one-place"),
    ],
)
def test_what_cannot_be_aligned_is_filled(made: tuple[Swap, Runtime], change: dict[str, object]) -> None:
    """Fail closed: the mask takes its place."""
    method, runtime = made
    given: Target = replace(target(runtime), **change)
    assert np.array_equal(method.apply(portrait(), given, rng()), Mask().apply(portrait(), given, rng()))


def test_a_policy_must_name_the_network() -> None:
    """Without a model a run is refused before it begins, with what to write."""
    with pytest.raises(SpecError, match="PACK/FILE"):
        _ = Swap().models
    model = {"name": "p/s.onnx", "file": "p/s.onnx", "sha256": "0" * 64}
    method = build({"name": "swap", "model": model})
    assert isinstance(method, Swap)
    assert method.models == (ModelRef(**model),)


def test_another_network_is_refused(tmp_path: Path) -> None:
    """A model of another task is no swapper."""
    model = graphs.stored(tmp_path, "points", landmark_graph.landmarks(212))
    with pytest.raises(ModelFormatError, match="expected an inswapper"):
        swap.swapped(chip(1), np.ones(512), model, Runtime((str(tmp_path),)))
