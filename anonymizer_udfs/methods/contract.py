"""What every method must keep to, ours or somebody else's: checks that run on those of other packages in each policy.

``tests/unit/methods/test_contract.py`` runs them on all members and asks more. Cost: about 20 ms for a fast method.
"""

import itertools
import json
import math

import numpy as np

from anonymizer_udfs import family
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods.base import Method, Patch, Target

_SHAPE_HW = (23, 31)
_CHANNELS = ((1, None), (2, 1), (3, None), (4, 3), (4, None))
_BOXES = (
    (0.0, 0.0, 0.0, 0.0),
    (0.0, 0.0, 1.0, 1.0),
    (-9.0, -9.0, 7.0, 7.0),
    (20.0, 11.0, 60.0, 50.0),
    (0.0, 0.0, 31.0, 23.0),
    (100.0, 100.0, 140.0, 140.0),
)
_POINTS = ((10.0, 8.0), (20.0, 8.0), (15.0, 12.0), (11.0, 17.0), (19.0, 17.0))
_DTYPES: tuple[type[np.uint8 | np.uint16], ...] = (np.uint8, np.uint16)
_LEAST_CHANGED = 0.5


def check(method: Method) -> None:
    """Raise where a method breaks what the job relies on.

    Raises:
        SpecError: naming the method and what it does wrong: it is no frozen dataclass of plain parameters, changes its
            input or alpha, gives back another shape or type, depends on more than the patch, the target and the
            generator, leaves rows or columns of a noisy patch as they were, or raises.
    """
    name = getattr(method, "name", type(method).__name__)
    try:
        wrong = _declared(method) or _applied(method)
    except Exception as error:
        raise SpecError(f"method {name} cannot be used: it raises {type(error).__name__}: {error}") from error
    if wrong:
        raise SpecError(f"method {name} cannot be used: {wrong}")


def _declared(method: Method) -> str:
    """Return what is wrong with the member itself, or nothing."""
    if not getattr(getattr(method, "__dataclass_params__", None), "frozen", False):
        return "it must be a frozen dataclass of its parameters"
    strength: object = getattr(method, "strength", None)
    numbers = isinstance(strength, tuple) and all(isinstance(v, int | float) and math.isfinite(v) for v in strength)
    if not numbers or not strength:
        return f"strength must be a tuple of finite numbers, got {strength!r}"
    try:
        json.dumps(family.parameters(method), allow_nan=False)
    except (TypeError, ValueError):
        return "its parameters must be plain values that JSON can hold"
    return ""


def _applied(method: Method) -> str:
    """Return what is wrong with what it does, or nothing."""
    kinds = itertools.product(_DTYPES, _CHANNELS)
    for (dtype, (channels, alpha)), box in zip(kinds, itertools.cycle(_BOXES), strict=False):
        points = _POINTS if channels == len("rgb") else None
        wrong = _one(method, _noise((*_SHAPE_HW, channels), dtype), Target(box, alpha, points))
        if wrong:
            return f"{wrong} ({np.dtype(dtype)}, {channels} channels, box {box})"
    empty = _noise((0, 5, 3), np.uint8)
    return (
        "" if method.apply(empty, Target(_BOXES[1]), _generator()).shape == empty.shape else "it fills an empty patch"
    )


def _one(method: Method, patch: Patch, target: Target) -> str:
    before = patch.copy()
    after, again = (method.apply(patch, target, _generator()) for _ in range(2))
    if not np.array_equal(patch, before) or np.shares_memory(patch, after):
        return "it changes its input"
    if (after.shape, after.dtype) != (patch.shape, patch.dtype):
        return f"it gives back {after.dtype} {after.shape} for {patch.dtype} {patch.shape}"
    if not np.array_equal(after, again):
        return "the same patch, target and generator give two results"
    if target.alpha is not None and not np.array_equal(after[..., target.alpha], patch[..., target.alpha]):
        return "it changes alpha"
    changed = (after != patch).any(2)
    if min(changed.mean(0).min(), changed.mean(1).min()) <= _LEAST_CHANGED:
        return "it leaves rows or columns of the patch as they were"
    return ""


def _generator() -> np.random.Generator:
    return np.random.Generator(np.random.Philox(7))


def _noise(shape: tuple[int, int, int], dtype: type[np.uint8 | np.uint16]) -> Patch:
    """Return a patch in which every row and column differs from its neighbours."""
    return np.asarray(np.random.default_rng(3).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True))
