"""Whether what is about to be stored is what was meant: decoded again, compared, and searched again.

Runs on an executor, once an image. Whatever does not hold is held back.
"""

import math

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.boxes import outward
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import Picture, orientation, reach
from anonymizer_udfs.imaging.raster import differing
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.regions import Region
from anonymizer_udfs.treatment import Treated

_BAND_ROWS = 256
LEAST_COVERED = 0.5
"""A box of which less than this share was treated is a face that no region covers. Two looks at one face differ by some
pixels, and a mild method leaves a face that is found again: those are covered by far more."""


def check(came: Picture, treated: Treated, source: Picture, *, exact: bool) -> None:
    """Refuse a picture that is not what was meant.

    Size, channels and orientation must be kept; outside the regions an exact picture must be the source, bit for bit;
    inside, every region must be nearer to what the method made of it than to the source.

    Args:
        came: what the bytes to be stored decode to.
        treated: what was meant.
        source: what was decoded first.
        exact: whether all that was not treated has to be the source's.

    Raises:
        BadImageError: with ``unverified``.
    """
    wanted = treated.picture
    same = came.pixels.shape == wanted.pixels.shape and came.pixels.dtype == wanted.pixels.dtype
    same = same and came.channels is wanted.channels and came.orientation == wanted.orientation
    if not same or not all(_shows(came, wanted, source, one) for one in (*treated.regions, *treated.around)):
        raise BadImageError(Reason.UNVERIFIED)
    if exact and (differs(came, source) & ~reach.reach(source, treated.changed())).any():
        raise BadImageError(Reason.UNVERIFIED)


def differs(one: Picture, other: Picture) -> NDArray[np.bool_]:
    """Return which pixels of two pictures of one shape differ, ``(h, w)``."""
    return differing(one.pixels, other.pixels)


def psnr_outside(came: Picture, source: Picture, treated: Treated) -> float | None:
    """Return the peak signal-to-noise ratio of what was not treated, in dB; none where that is exact, or nothing.

    ``10 log10(white^2 / mse)``, over all channels, white being the greatest sample value.
    """
    outside = ~treated.changed()
    square, count = 0.0, 0
    for top in range(0, len(outside), _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        error = (came.pixels[band].astype(np.float32) - source.pixels[band])[outside[band]]
        square, count = square + float(np.square(error, dtype=np.float64).sum()), count + error.size
    return 10 * math.log10(source.white**2 * count / square) if square else None


def _shows(came: Picture, wanted: Picture, source: Picture, region: Region) -> bool:
    """Return whether a region shows what the method made, not the source; a palette may only have come near to it.

    A clear pixel shows nothing, so whatever colour a method gave it counts as none, which is what is stored.
    """
    mask = region.mask()
    inside = (slice(None), slice(None)) if mask is None else mask
    new, made, old = (_colours(p, region)[inside] for p in (came, wanted, source))
    flat = bool((new == new.reshape(-1, new.shape[-1])[:1]).all())
    return flat or float(np.abs(new - made).mean()) <= float(np.abs(new - old).mean())


def _colours(picture: Picture, region: Region) -> NDArray[np.int32]:
    """Return the samples within the box of a region, int32 ``(h, w, c)``, those of clear pixels all 0."""
    x0, y0, x1, y1 = region.box
    pixels = picture.pixels[y0:y1, x0:x1].astype(np.int32)
    if picture.channels.has_alpha:
        pixels *= pixels[..., -1:] > 0
    return pixels


def uncovered(found: tuple[Finding, ...], treated: Treated) -> tuple[Finding, ...]:
    """Return what was found in the upright picture and lies outside the treated pixels."""
    if not found:
        return ()
    mask = treated.covered()[..., None].view(np.uint8)
    covered = orientation.upright(mask, treated.picture.orientation)[..., 0]
    return tuple(one for one in found if _share(covered, one.box) < LEAST_COVERED)


def _share(covered: NDArray[np.uint8], box: NDArray[np.float32]) -> float:
    x0, y0, x1, y1 = outward(box, (covered.shape[1], covered.shape[0]))
    return float(covered[y0:y1, x0:x1].mean()) if x1 > x0 and y1 > y0 else 1.0
