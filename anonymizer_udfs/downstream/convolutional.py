"""A small convolutional network in JAX: what a model tells that learns its own features. Needs the dev extra."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anonymizer_udfs.downstream.base import Classes, Images, Model, check
from anonymizer_udfs.errors import SpecError

_WIDTHS = (16, 32, 64)
_BATCH = 32
_SOME = 256
_DECAY_ONE, _DECAY_TWO, _LEAST = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Convolutional:
    """Three convolutions, the mean and the maximum over places, and a linear layer, trained by Adam (Kingma, Ba 2015).

    Attributes:
        epochs: how often each image is seen, in [1, 1000].
        rate: the step, in (0, 1).
    """

    epochs: int = 20
    rate: float = 2e-3

    name: ClassVar[str] = "convolutional"
    needs: ClassVar[str] = "jax"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        if not 1 <= self.epochs <= 1000:  # noqa: PLR2004 - said in the docstring
            raise SpecError(f"epochs must be from 1 to 1000, got {self.epochs}")
        if not 0 < self.rate < 1:
            raise SpecError(f"rate must be in (0, 1), got {self.rate}")

    def fit(self, images: Images, classes: Classes, seed: int) -> Model:
        """Return the model; see :class:`anonymizer_udfs.downstream.base.Learner`. Runs on the CPU."""
        import jax  # noqa: PLC0415 - a dev extra

        check(images)
        with jax.default_device(jax.local_devices(backend="cpu")[0]):
            return _Network(_trained(self, images, classes, seed))


@dataclass(frozen=True, eq=False)
class _Network:
    """Trained weights."""

    weights: Any

    def predict(self, images: Images) -> Classes:
        """Return the class of each image; see :class:`anonymizer_udfs.downstream.base.Model`."""
        import jax  # noqa: PLC0415 - as above

        check(images)
        out = [np.zeros(0, np.int64)]
        with jax.default_device(jax.local_devices(backend="cpu")[0]):
            for at in range(0, len(images), _SOME):
                scores = _scores(self.weights, _shown(images[at : at + _SOME]))
                out.append(np.asarray(scores).argmax(1).astype(np.int64))
        return np.concatenate(out)


def _shown(images: Images) -> Any:
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def _first(classes: int, seed: int) -> dict[str, Any]:
    """Return the weights to begin with (He et al. 2015), drawn by NumPy so that no version of JAX changes them."""
    draw, weights, below = np.random.default_rng(seed), dict[str, Any](), 3
    for layer, width in enumerate(_WIDTHS):
        shape = (3, 3, below, width)
        scale = np.sqrt(2 / (9 * below))
        weights[f"kernel{layer}"] = (draw.standard_normal(shape) * scale).astype(np.float32)
        weights[f"bias{layer}"] = np.zeros(width, np.float32)
        below = width
    weights["last"] = (draw.standard_normal((2 * below, classes)) * np.sqrt(1 / below)).astype(np.float32)
    weights["last_bias"] = np.zeros(classes, np.float32)
    return weights


def _scores(weights: dict[str, Any], images: Any) -> Any:
    """Return a score for each class, ``(n, classes)``; each convolution halves the sides."""
    import jax  # noqa: PLC0415 - as above
    import jax.numpy as jnp  # noqa: PLC0415 - as above

    at = images
    for layer in range(len(_WIDTHS)):
        at = jax.lax.conv_general_dilated(
            at, weights[f"kernel{layer}"], (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        at = jax.nn.relu(at + weights[f"bias{layer}"])
    pooled = jnp.concatenate([at.mean((1, 2)), at.max((1, 2))], 1)
    return pooled @ weights["last"] + weights["last_bias"]


@functools.cache
def _step(rate: float) -> Callable[..., Any]:
    """Return one step of Adam, which JAX then compiles once a process and number of classes."""
    import jax  # noqa: PLC0415 - as above
    import jax.numpy as jnp  # noqa: PLC0415 - as above

    def loss(weights: dict[str, Any], shown: Any, wanted: Any) -> Any:
        logs = jax.nn.log_softmax(_scores(weights, shown))
        return -jnp.take_along_axis(logs, wanted[:, None], 1).mean()

    def step(state: Any, count: Any, shown: Any, wanted: Any) -> Any:
        weights, means, squares = state
        slopes = jax.grad(loss)(weights, shown, wanted)
        each = jax.tree.map
        means = each(lambda m, g: _DECAY_ONE * m + (1 - _DECAY_ONE) * g, means, slopes)
        squares = each(lambda s, g: _DECAY_TWO * s + (1 - _DECAY_TWO) * g * g, squares, slopes)
        scale = rate * jnp.sqrt(1 - _DECAY_TWO**count) / (1 - _DECAY_ONE**count)
        weights = each(lambda w, m, s: w - scale * m / (jnp.sqrt(s) + _LEAST), weights, means, squares)
        return weights, means, squares

    return jax.jit(step)  # type: ignore[no-any-return]


def _trained(told: Convolutional, images: Images, classes: Classes, seed: int) -> dict[str, Any]:
    weights = _first(int(classes.max()) + 1, seed)
    state: Any = (weights, *({name: np.zeros_like(value) for name, value in weights.items()} for _ in range(2)))
    draw, size, count = np.random.default_rng(seed + 1), min(_BATCH, len(images)), 0
    for _ in range(told.epochs):
        order = draw.permutation(len(images))
        for at in range(0, len(images) - size + 1, size):  # of one size, so that one program serves all
            count, some = count + 1, order[at : at + size]
            state = _step(told.rate)(state, float(count), _shown(images[some]), classes[some])
    trained: dict[str, Any] = state[0]
    return trained
