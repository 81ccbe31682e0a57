"""The methods family: how the pixels of a region are changed so that nobody is recognised in them.

To add one: a file with a frozen dataclass that keeps to :class:`anonymizer_udfs.methods.base.Method`, a line in
``METHODS``, and its strengths from mild to strong in ``tests/unit/methods/cases.py``; the contract suite does the rest.
"""

from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.methods.avatar import Avatar
from anonymizer_udfs.methods.base import Method, Patch, Target
from anonymizer_udfs.methods.blur import Blur
from anonymizer_udfs.methods.dp_dct import DpDct
from anonymizer_udfs.methods.dp_pix import DpPix
from anonymizer_udfs.methods.mask import Mask
from anonymizer_udfs.methods.noise import Noise
from anonymizer_udfs.methods.pixelate import Pixelate
from anonymizer_udfs.methods.recolor import Recolor
from anonymizer_udfs.methods.scramble import Scramble

__all__ = [
    "METHODS",
    "Avatar",
    "Blur",
    "DpDct",
    "DpPix",
    "Mask",
    "Method",
    "Noise",
    "Patch",
    "Pixelate",
    "Recolor",
    "Scramble",
    "Target",
    "build",
    "parameters",
]

METHODS: dict[str, type[Method]] = {
    "mask": Mask,
    "pixelate": Pixelate,
    "blur": Blur,
    "noise": Noise,
    "scramble": Scramble,
    "recolor": Recolor,
    "dp_pix": DpPix,
    "dp_dct": DpDct,
    "avatar": Avatar,
}


def build(wish: str | Mapping[str, Any]) -> Method:
    """Return the method that ``wish`` names, with its parameters; see :func:`anonymizer_udfs.family.build`.

    Examples:
        >>> build({"name": "pixelate", "cells": 3})
        Pixelate(cells=3, noise_ratio=0.1)
    """
    return family.build("method", METHODS, wish)


def parameters(method: Method) -> dict[str, Any]:
    """Return the method's parameters as plain values, without its name.

    Examples:
        >>> parameters(Mask())
        {'level_ratio': 0.5, 'form': 'block'}
    """
    return family.parameters(method)
