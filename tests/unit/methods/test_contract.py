"""What every method promises, whoever wrote it."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings

from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import METHODS, Method, Patch, Target, build, parameters
from tests.unit.methods.cases import FACE_BOX, FACE_HW, LADDERS, OTHERS, face, patches, rng, similarity

EVERY = [
    pytest.param(member, id=f"{name}-{i}")
    for name, rungs in LADDERS.items()
    for i, member in enumerate((*rungs, *OTHERS.get(name, ())))
]
DEFAULTS = [pytest.param(cls(), id=name) for name, cls in METHODS.items()]
DTYPES = [pytest.param(np.uint8, id="8-bit"), pytest.param(np.uint16, id="16-bit")]
BOXES = [
    pytest.param((0, 0, 0, 0), id="empty"),
    pytest.param((3, 3, 3, 9), id="no-width"),
    pytest.param((0, 0, 1, 1), id="1x1"),
    pytest.param((-9, -9, 7, 7), id="over-the-top-left"),
    pytest.param((20, 11, 60, 50), id="over-the-bottom-right"),
    pytest.param((0, 0, 31, 23), id="whole-patch"),
    pytest.param((100, 100, 140, 140), id="outside"),
]


SEEDS = 24


def noise(dtype: type[np.generic], shape: tuple[int, int, int] = (23, 31, 3)) -> Patch:
    """Return a patch of random pixels, in which every row and column differs from its neighbours."""
    return np.random.default_rng(3).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def test_every_member_has_a_ladder() -> None:
    """The strengths below cover the whole table, so that a new member cannot go untested."""
    assert set(LADDERS) == set(METHODS)


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("shape", [pytest.param((0, 5, 3), id="no-rows"), pytest.param((5, 0, 3), id="no-columns")])
def test_a_patch_without_pixels_comes_back(method: Method, shape: tuple[int, int, int]) -> None:
    """A region that the picture's edge cut away is no error."""
    assert method.apply(np.zeros(shape, np.uint8), Target((0, 0, 4, 4)), rng()).shape == shape


@given(case=patches())
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("method", EVERY)
def test_shape_type_input_and_alpha_stay(method: Method, case: tuple[Patch, Target]) -> None:
    """A method gives a new array of the same shape and type, and changes neither its input nor alpha."""
    patch, target = case
    before = patch.copy()
    after = method.apply(patch, target, rng())
    assert (after.shape, after.dtype) == (patch.shape, patch.dtype)
    assert not np.shares_memory(after, patch)
    assert np.array_equal(patch, before)
    if target.alpha is not None:
        assert np.array_equal(after[..., target.alpha], patch[..., target.alpha])


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("box", BOXES)
def test_every_row_and_column_is_treated(
    method: Method, dtype: type[np.generic], box: tuple[float, float, float, float]
) -> None:
    """No row or column of a noisy patch survives, not even the last ones, wherever the box lies."""
    patch = noise(dtype)
    after = method.apply(patch, Target(box), rng())
    changed = (after != patch).any(2)
    assert changed.mean(1).min() > 0.5
    assert changed.mean(0).min() > 0.5


@pytest.mark.parametrize("method", EVERY)
def test_same_generator_same_bytes(method: Method) -> None:
    """The result depends on the patch, the target and the generator alone."""
    results = [method.apply(face(), Target(FACE_BOX), rng(5)) for _ in range(2)]
    assert np.array_equal(*results)


@pytest.mark.parametrize("method", EVERY)
def test_a_read_only_view_works(method: Method) -> None:
    """A patch may be a read-only window into the picture, with strides of its own."""
    picture = face()
    picture.flags.writeable = False
    window = picture[10:190, 20:180]
    target = Target((40, 40, 120, 140))
    assert np.array_equal(method.apply(window, target, rng()), method.apply(window.copy(), target, rng()))


@pytest.mark.parametrize("rungs", [pytest.param(rungs, id=name) for name, rungs in LADDERS.items()])
def test_stronger_is_never_more_recognisable(rungs: tuple[Method, ...]) -> None:
    """Each step up a ladder leaves the result less like the face, and the first one already less than the face."""
    like = np.array(
        [[similarity(face(s), m.apply(face(s), Target(FACE_BOX), rng(s))) for m in rungs] for s in range(SEEDS)]
    )
    mean = [1.0, *np.abs(like).mean(0)]
    assert all(b <= a + 0.01 for a, b in itertools.pairwise(mean)), mean


@pytest.mark.parametrize("rungs", [pytest.param(rungs, id=name) for name, rungs in LADDERS.items()])
def test_strength_orders_the_ladder(rungs: tuple[Method, ...]) -> None:
    """What a policy compares rises with what was measured above."""
    assert all(a.strength <= b.strength for a, b in itertools.pairwise(rungs))


@pytest.mark.parametrize("method", DEFAULTS)
@pytest.mark.parametrize("scale", [pytest.param(2, id="twice"), pytest.param(4, id="four-times")])
def test_strength_is_relative_to_the_face(method: Method, scale: int) -> None:
    """Faces photographed larger are no more recognisable; the mean of several, since some methods draw lots."""
    like = []
    for seed in range(SEEDS):
        small = face(seed)
        large = np.repeat(np.repeat(small, scale, 0), scale, 1)
        after = method.apply(large, Target(tuple(v * scale for v in FACE_BOX)), rng(seed))  # type: ignore[arg-type]  # four
        down = after.reshape(FACE_HW[0], scale, FACE_HW[1], scale, 3).mean((1, 3))
        plain = method.apply(small, Target(FACE_BOX), rng(seed))
        like.append([abs(similarity(small, made)) for made in (down, plain)])
    larger, smaller = np.mean(like, 0)
    assert larger <= smaller + 0.03


@pytest.mark.parametrize("method", EVERY)
def test_parameters_build_the_same_member(method: Method) -> None:
    """Name and parameters are all there is: they go to a mapping and through pickle, and come back equal."""
    assert build({"name": method.name, **parameters(method)}) == method
    assert pickle.loads(pickle.dumps(method)) == method  # noqa: S301 - made in this line


@pytest.mark.parametrize("method", DEFAULTS)
@pytest.mark.parametrize(
    ("patch", "alpha"),
    [
        pytest.param(np.zeros((4, 4), np.uint8), None, id="no-channel-axis"),
        pytest.param(np.zeros((4, 4, 5), np.uint8), None, id="five-channels"),
        pytest.param(np.zeros((4, 4, 3), np.float32), None, id="floating-point"),
        pytest.param(np.zeros((4, 4, 3), np.uint8), 3, id="alpha-out-of-range"),
        pytest.param(np.zeros((4, 4, 1), np.uint8), 0, id="nothing-but-alpha"),
    ],
)
def test_what_is_no_patch_is_refused(method: Method, patch: Patch, alpha: int | None) -> None:
    """A patch that would be treated wrongly, or not at all, is an error and never a picture."""
    with pytest.raises(SpecError, match=r"patch|alpha"):
        method.apply(patch, Target((0, 0, 4, 4), alpha), rng())


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((5, 0, 4, 4), id="swapped-x"),
        pytest.param((0, 5, 4, 4), id="swapped-y"),
        pytest.param((0, 0, float("nan"), 4), id="not-a-number"),
        pytest.param((0, 0, float("inf"), 4), id="infinite"),
    ],
)
def test_a_broken_box_is_refused(box: tuple[float, float, float, float]) -> None:
    """A box from which no face size follows is an error, since strength is relative to it."""
    with pytest.raises(SpecError, match="box_xyxy must be finite"):
        Target(box)


@pytest.mark.parametrize(
    ("wish", "error", "says"),
    [
        pytest.param({}, SpecError, "by its name", id="no-name"),
        pytest.param({"name": "pixelat"}, UnknownNameError, "did you mean 'pixelate'", id="unknown-method"),
        pytest.param({"name": "pixelate", "cell": 4}, UnknownNameError, "did you mean 'cells'", id="unknown-parameter"),
        pytest.param({"name": "pixelate", "cells": 0}, SpecError, r"\[1, 16\], got 0", id="no-cells"),
        pytest.param({"name": "pixelate", "cells": 17}, SpecError, r"\[1, 16\], got 17", id="fine-cells"),
        pytest.param({"name": "pixelate", "cells": 4.5}, SpecError, "whole number", id="broken-cells"),
        pytest.param({"name": "pixelate", "cells": True}, SpecError, "whole number", id="cells-yes"),
        pytest.param({"name": "pixelate", "noise_ratio": -0.1}, SpecError, "noise_ratio", id="negative-noise"),
        pytest.param({"name": "pixelate", "noise_ratio": float("nan")}, SpecError, "noise_ratio", id="nan-noise"),
        pytest.param({"name": "blur", "sigma_ratio": 0.05}, SpecError, r"\[0.1, 1\], got 0.05", id="weak-blur"),
        pytest.param({"name": "blur", "sigma_ratio": "0.5"}, SpecError, "must be a number", id="text"),
        pytest.param({"name": "mask", "level_ratio": 1.5}, SpecError, "level_ratio", id="level"),
    ],
)
def test_a_bad_wish_says_what_is_wrong(wish: dict[str, object], error: type[SpecError], says: str) -> None:
    """Unknown names are answered with the known ones, values with their range."""
    with pytest.raises(error, match=says):
        build(wish)
