"""A made face laid into a patch: what is around it softened, no seam at its edge, the picture's own grain over all.

For methods that put a face in the place of one. All work on uint8 RGB, whatever the patch has::

    seen = blending.seen(patch, target.alpha)                       # what a method may look at
    out = blending.around(seen, facing, blending.AROUND)            # what stays around the face
    blending.lay(out, (x, y), face, cover)                          # the face, on the pixels from x, y on
    blending.grain(out, blending.grain_of(seen, target), rng)
    return blending.written(out, patch, target.alpha)
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.methods import grain as grains
from anonymizer_udfs.methods.base import Patch, Target, colours, face_pixels, full_range
from anonymizer_udfs.methods.facing import Facing

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]

AROUND, MILD = 0.12, 0.03
"""How far what is around a face is blurred where nothing else is said, beside it and further away: standard deviations
in widths of its box. Whoever wears the hair of somebody else is not known by his own face alone; see docs/latent.md."""
REACH_XY = (0.8, 1.06)
"""Half axes of the ellipse beyond which the milder one counts, in widths of the box: that of a region of 1.6 boxes."""
_FALL = 0.4
"""From there inwards, in its half axes, the stronger one takes over."""
_MAP_PX = 64
LEAST_SIGMA_PX = 1.0
"""Less would leave pixels of the patch as they were."""
LEVELS = 255
INKS = 4
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601."""
_WORKING_PX = 2.0
"""A blur of more than this is made on a smaller picture: scaling down and up only adds to it."""
_MATCH_PX = 48
"""Side of the picture on which colours are matched; what differs there is smooth."""
_TINY = np.float32(1e-6)
_BLOCK_ROWS = 512


def seen(patch: Patch, alpha: int | None) -> Rgb:
    """Return a patch as uint8 RGB ``(h, w, 3)``: grey in all three, inks on white paper, 16 bits rounded to 8.

    Raises:
        SpecError: it is no patch; see :func:`anonymizer_udfs.methods.base.colours`.
    """
    values, step = patch[..., colours(patch, alpha)], full_range(patch) // LEVELS
    levels = (values if step == 1 else (values.astype(np.uint32) + step // 2) // step).astype(np.uint8)
    if levels.shape[2] == INKS:
        light = (LEVELS - levels).astype(np.uint16)
        levels = ((light[..., :3] * light[..., 3:] + LEVELS // 2) // LEVELS).astype(np.uint8)
    if levels.shape[2] != len("rgb"):
        levels = np.repeat(levels[..., :1], len("rgb"), 2)
    return np.ascontiguousarray(levels)


def written(rgb: Rgb, patch: Patch, alpha: int | None) -> Patch:
    """Return RGB as a patch of the type and channels of another one, whose alpha it has.

    In 256 levels at any depth. Grey is luma; inks are without black.
    """
    out, treated = patch.copy(), colours(patch, alpha)
    levels = rgb
    if len(treated) == INKS:
        levels = np.concatenate([LEVELS - rgb, np.zeros_like(rgb[..., :1])], 2)
    elif len(treated) != len("rgb"):
        grey = np.rint(rgb @ _LUMA).astype(np.uint8)
        levels = np.repeat(grey[..., None], len(treated), 2)
    out[..., treated] = levels.astype(patch.dtype) * (full_range(patch) // LEVELS)
    return out


def softened(rgb: Rgb, sigma_px: float) -> Rgb:
    """Return a picture blurred by at least so many pixels, a standard deviation; by one pixel at the least."""
    h, w = rgb.shape[:2]
    sigma = max(sigma_px, LEAST_SIGMA_PX)
    factor = max(1, int(sigma / _WORKING_PX))
    small_wh = -(-w // factor), -(-h // factor)
    small = cv2.resize(rgb, small_wh, interpolation=cv2.INTER_AREA) if factor > 1 else rgb
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    return np.array(cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR) if factor > 1 else small, np.uint8)


def around(rgb: Rgb, facing: Facing, ratio: float) -> Rgb:
    """Return a picture blurred strongly about a face, and mildly where its region ends, so that no block is seen there.

    Args:
        rgb: uint8 ``(h, w, 3)``.
        facing: where the face lies in it.
        ratio: standard deviation beside the face in widths of its box; where it is least, :data:`MILD`, it is the same
            everywhere.
    """
    mild = softened(rgb, MILD * facing.width_px)
    if ratio <= MILD:
        return mild
    h, w = rgb.shape[:2]
    small_wh = min(w, _MAP_PX), min(h, _MAP_PX)
    x, y = ((np.arange(n) + 0.5) * side / n for n, side in zip(small_wh, (w, h), strict=True))
    at = facing.of_pixels(np.stack(np.meshgrid(x, y), 2)) / REACH_XY
    near = np.clip((1 - np.hypot(at[..., 0], at[..., 1])) / _FALL, 0, 1)
    share = cv2.resize((near * near * (3 - 2 * near)).astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
    strong = softened(rgb, ratio * facing.width_px)
    return np.asarray(cv2.blendLinear(strong, mild, share, 1 - share), np.uint8)


def lay(onto: Rgb, corner_xy: tuple[int, int], face: Rgb, cover: Floats, match: float = 1.0) -> None:
    """Lay a face over a picture, in place.

    The face is lit so that it meets the picture where it ends: what differs at its edge is spread into it smoothly, as
    by the membrane of Perez, Gangnet and Blake, "Poisson Image Editing" (2003).

    Args:
        onto: what is around, ``(h, w, 3)``; changed.
        corner_xy: where in it the face's first pixel lies; all of the face's must lie in it.
        face: ``(fh, fw, 3)``; what it has where ``cover`` is 0 does not matter.
        cover: how much of each pixel is the face's, float32 ``(fh, fw)`` in [0, 1], smooth.
        match: share of the difference that is taken away, in [0, 1].
    """
    (x, y), (h, w) = corner_xy, cover.shape
    if not cover.size:
        return
    part = onto[y : y + h, x : x + w]
    base, made = part.astype(np.float32), face.astype(np.float32)
    if match:
        made += np.float32(match) * edge_difference(part, face, cover)
    made -= base
    made *= cover[..., None]
    made += base
    part[:] = np.clip(np.rint(made, out=made), 0, LEVELS)


def edge_difference(base: Rgb, face: Rgb, cover: Floats) -> Floats:
    """Return how much lighter a base is than a face at the face's edge, carried over all pixels, ``(h, w, 3)``.

    By averages over neighbourhoods that shrink towards the edge (pull and push, Gortler et al. 1996), which needs no
    solver: each pixel has the mean of what is known within the smallest neighbourhood in which enough is.
    """
    h, w = cover.shape
    scale = min(1.0, _MATCH_PX / max(h, w))
    size_wh = max(1, round(w * scale)), max(1, round(h * scale))
    below, above, share = (
        cv2.resize(one, size_wh, interpolation=cv2.INTER_AREA).astype(np.float32) for one in (base, face, cover)
    )
    edge = 4 * share * (1 - share)
    weighed = np.concatenate([(below - above) * edge[..., None], edge[..., None]], 2)
    found = np.zeros_like(below)
    for level in range(max(1, math.ceil(math.log2(max(size_wh)))), -1, -1):
        sigma = 2.0 ** (level - 1)
        near = cv2.GaussianBlur(weighed, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        known = np.minimum(1, near[..., 3:] * np.float32(4 * sigma))
        found += known * (near[..., :3] / np.maximum(near[..., 3:], _TINY) - found)
    return np.asarray(cv2.resize(found, (w, h), interpolation=cv2.INTER_LINEAR), np.float32).reshape(h, w, 3)


def grain_of(rgb: Rgb, target: Target) -> float:
    """Return how strong the grain of a face is, in levels: one of the six of :mod:`anonymizer_udfs.methods.grain`."""
    return grains.grain_levels(face_pixels(rgb, target))


def grain(rgb: Rgb, levels: float, rng: np.random.Generator) -> None:
    """Add grain of a strength to a picture, in place, the same in all colours; block by block, to spare memory."""
    for y in range(0, len(rgb), _BLOCK_ROWS):
        rows = rgb[y : y + _BLOCK_ROWS]
        drawn = grains.grain((rows.shape[0], rows.shape[1]), levels, rng) * np.float32(LEVELS)
        rows[:] = np.clip(np.rint(rows + drawn[..., None]), 0, LEVELS)
