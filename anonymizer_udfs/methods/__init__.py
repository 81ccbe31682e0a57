"""The methods family: how the pixels of a region are changed so that nobody is recognised in them.

To add one: a file with a frozen dataclass that keeps to :class:`anonymizer_udfs.methods.base.Method`, a line in
``METHODS``, and its strengths from mild to strong in ``tests/unit/methods/cases.py``; the contract suite does the rest.
Other packages add theirs by an entry point (``plugins``).
"""

from collections.abc import Mapping
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.errors import UnknownNameError
from anonymizer_udfs.methods import plugins
from anonymizer_udfs.methods.avatar import Avatar
from anonymizer_udfs.methods.base import Method, Patch, Target
from anonymizer_udfs.methods.blur import Blur
from anonymizer_udfs.methods.dp_dct import DpDct
from anonymizer_udfs.methods.dp_pix import DpPix
from anonymizer_udfs.methods.k_same import KSame
from anonymizer_udfs.methods.latent import Latent
from anonymizer_udfs.methods.mask import Mask
from anonymizer_udfs.methods.noise import Noise
from anonymizer_udfs.methods.pixelate import Pixelate
from anonymizer_udfs.methods.recolor import Recolor
from anonymizer_udfs.methods.regions import Regions
from anonymizer_udfs.methods.scramble import Scramble
from anonymizer_udfs.methods.stand_in import StandIn
from anonymizer_udfs.methods.swap import Swap
from anonymizer_udfs.methods.warp import Warp

__all__ = [
    "METHODS",
    "Avatar",
    "Blur",
    "DpDct",
    "DpPix",
    "KSame",
    "Latent",
    "Mask",
    "Method",
    "Noise",
    "Patch",
    "Pixelate",
    "Recolor",
    "Regions",
    "Scramble",
    "StandIn",
    "Swap",
    "Target",
    "Warp",
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
    "k_same": KSame,
    "warp": Warp,
    "regions": Regions,
    "latent": Latent,
    "swap": Swap,
    "surrogate": StandIn,
}


def build(wish: str | Mapping[str, Any]) -> Method:
    """Return the method that ``wish`` names, with its parameters; see :func:`anonymizer_udfs.family.build`.

    A name that none of ours has may be that of another package's (see :mod:`anonymizer_udfs.methods.plugins`).
    Parameters of ``regions`` that are methods themselves are wishes, too.

    Examples:
        >>> build({"name": "pixelate", "cells": 3})
        Pixelate(cells=3, noise_ratio=0.1)
        >>> build({"name": "regions", "parts": 1, "method": "mask", "rest": {"name": "recolor", "levels": 9}}).method
        Mask(level_ratio=0.5, form='block')
    """
    name = wish.get("name") if isinstance(wish, Mapping) else wish
    if isinstance(name, str) and name not in METHODS:
        others = plugins.offered()
        if name not in others:
            raise UnknownNameError("method", name, [*METHODS, *others])
        return plugins.build(name, wish)
    if isinstance(wish, Mapping) and wish.get("name") == Regions.name:
        wish = {key: _inner(value) if key in Regions.nested else value for key, value in wish.items()}
    return family.build("method", METHODS, wish)


def _inner(wish: object) -> object:
    """Return the method that a wish within another names; what is no wish as it is."""
    if not isinstance(wish, str | Mapping):
        return wish
    plain = {name: member for name, member in METHODS.items() if member is not Regions}
    return family.build("method within regions", plain, wish)


def parameters(method: Method) -> dict[str, Any]:
    """Return the method's parameters as plain values, without its name.

    Examples:
        >>> parameters(Mask())
        {'level_ratio': 0.5, 'form': 'block'}
    """
    return family.parameters(method)
