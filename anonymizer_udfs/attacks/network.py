"""A small network learned from pairs: one hidden layer, Adam (Kingma and Ba 2015), stopped early. NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.attacks.ridge import held_out
from anonymizer_udfs.errors import SpecError

HIDDEN, EPOCHS, BATCH, RATE, PATIENCE, DECAY = 256, 60, 64, 1e-3, 8, 1e-4
HELD_OUT = 0.15
LEAST = 10
"""Fewer pairs teach a network nothing."""
_BETA1, _BETA2, _TINY = 0.9, 0.999, 1e-8
_SAME = 1e-6
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Network:
    """A network with one hidden layer of rectified units, between standardised numbers.

    Attributes:
        used: which of the numbers that go in differ at all, ``(p,)``.
        centre, scale: of those.
        weights: of the two layers, with their offsets: ``(p, h)``, ``(h,)``, ``(h, q)``, ``(q,)``.
        mean_y, scale_y: of what comes out.
    """

    used: NDArray[np.bool_]
    centre: Floats
    scale: Floats
    weights: tuple[Floats, Floats, Floats, Floats]
    mean_y: Floats
    scale_y: float

    @classmethod
    def learned(cls, x: Floats, y: Floats, groups: Sequence[int] | NDArray[np.int64], seed: int) -> "Network":
        """Return the network from ``x``, ``(n, p)``, to ``y``, ``(n, q)``, deterministic in ``seed``.

        It is taken as it was when it lost least on people held out. Costs about two seconds a thousand pairs of 3,000
        numbers on one core.

        Raises:
            SpecError: there are fewer than ten pairs.
        """
        if len(x) < LEAST or len(x) != len(y):
            raise SpecError(f"a network is learned from {LEAST} pairs at least, got {len(x)} and {len(y)} rows")
        # What is the same for all, but for rounding, would be blown up to noise: under one mask that is nearly all.
        spread = x.std(0, dtype=np.float64)
        used = spread > _SAME * np.maximum(np.abs(x).max(0), _SAME)
        x = x[:, used]
        centre, scale = x.mean(0), spread[used].astype(np.float32)
        mean_y, scale_y = y.mean(0), float(y.std()) + 1e-12
        inputs, wanted = ((x - centre) / scale).astype(np.float32), ((y - mean_y) / scale_y).astype(np.float32)
        held = held_out(groups, HELD_OUT)
        if held.all():
            held = np.arange(len(x)) % round(1 / HELD_OUT) == 0
        best = _trained(inputs[~held], wanted[~held], (inputs[held], wanted[held]), np.random.default_rng(seed))
        return cls(used, centre, scale, best, mean_y, scale_y)

    def __call__(self, x: Floats) -> Floats:
        """Return what comes out for ``x``, ``(m, p)``."""
        inputs = ((x[:, self.used] - self.centre) / self.scale).astype(np.float32)
        return np.asarray(_forward(inputs, self.weights)[1] * self.scale_y + self.mean_y, np.float32)


Weights = tuple[Floats, Floats, Floats, Floats]


def _forward(x: Floats, weights: Weights) -> tuple[Floats, Floats]:
    first, first_offset, second, second_offset = weights
    hidden = np.maximum(x @ first + first_offset, 0)
    return hidden, hidden @ second + second_offset


def _trained(x: Floats, y: Floats, held: tuple[Floats, Floats], draw: np.random.Generator) -> Weights:
    """Return the weights that lose least on what is held out."""
    sizes = x.shape[1], HIDDEN, y.shape[1]
    weights = [
        (draw.normal(size=(sizes[i], sizes[i + 1])) * (2 / max(1, sizes[i])) ** 0.5 * (1 if i == 0 else 0.5)).astype(
            np.float32
        )
        for i in range(2)
    ]
    state = [weights[0], np.zeros(sizes[1], np.float32), weights[1], np.zeros(sizes[2], np.float32)]
    moments = [(np.zeros_like(one), np.zeros_like(one)) for one in state]
    best, least, waited, step = _copied(state), np.inf, 0, 0
    for _ in range(EPOCHS):
        order = draw.permutation(len(x))
        for at in range(0, len(x), BATCH):
            step += 1
            _adam(state, _gradients(x[order[at : at + BATCH]], y[order[at : at + BATCH]], state), moments, step)
        loss = float(((_forward(held[0], _copied(state))[1] - held[1]) ** 2).mean())
        waited = 0 if loss < least else waited + 1
        if loss < least:
            best, least = _copied(state), loss
        if waited >= PATIENCE:
            break
    return best


def _copied(state: Sequence[Floats]) -> Weights:
    first, first_offset, second, second_offset = (one.copy() for one in state)
    return first, first_offset, second, second_offset


def _gradients(x: Floats, y: Floats, state: Sequence[Floats]) -> list[Floats]:
    """Return the gradients of the mean squared error, with a little weight decay."""
    first, first_offset, second, second_offset = state
    hidden, out = _forward(x, (first, first_offset, second, second_offset))
    error = (out - y) * (2 / y.size)
    back = (error @ second.T) * (hidden > 0)
    return [x.T @ back + DECAY * first, back.sum(0), hidden.T @ error + DECAY * second, error.sum(0)]


def _adam(state: list[Floats], gradients: Sequence[Floats], moments: list[tuple[Floats, Floats]], step: int) -> None:
    """Take one step, in place."""
    rate = RATE * (1 - _BETA2**step) ** 0.5 / (1 - _BETA1**step)
    for i, gradient in enumerate(gradients):
        mean, square = moments[i]
        mean *= _BETA1
        mean += (1 - _BETA1) * gradient
        square *= _BETA2
        square += (1 - _BETA2) * gradient**2
        state[i] -= (rate * mean / (np.sqrt(square) + _TINY)).astype(np.float32)
