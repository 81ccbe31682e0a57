"""Colour tables: expanded when a picture is decoded, and found again when it is written."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging.base import Channels, Pixels, Recolour
from anonymizer_udfs.imaging.raster import band_rows
from anonymizer_udfs.outcome import BadImageError, Reason

_MOST = 256
_WHITE = 255
_ALPHA_WEIGHT = 4  # a wrong opacity is seen more than a wrong hue


@dataclass(frozen=True)
class Palette:
    """Up to 256 colours, RGB bytes, and the opacity of the first ones (the others are opaque)."""

    rgb: bytes = field(repr=False)
    alpha: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Refuse tables of impossible length."""
        if not 0 < len(self) <= _MOST or len(self.rgb) % 3 or len(self.alpha) > len(self):
            raise SpecError(
                f"a palette has 1 to 256 RGB colours, got {len(self.rgb)} bytes, {len(self.alpha)} of alpha"
            )

    def __len__(self) -> int:
        """Return the number of colours."""
        return len(self.rgb) // 3

    @property
    def channels(self) -> Channels:
        """RGB, or RGBA if any colour has an opacity."""
        return Channels.RGBA if self.alpha else Channels.RGB

    @property
    def is_ramp(self) -> bool:
        """Whether the colours are all levels of grey in order, or black and white, and all opaque."""
        levels = (0, 255) if len(self) == 2 else range(len(self))  # noqa: PLR2004 - black and white
        return not self.alpha and self.rgb == bytes(level for level in levels for _ in range(3))

    def table(self) -> NDArray[np.uint8]:
        """Return the colours, shape ``(n, 3)`` or ``(n, 4)``; those of opacity 0 are zero."""
        rgb = np.frombuffer(self.rgb, np.uint8).reshape(-1, 3)
        if not self.alpha:
            return rgb
        alpha = np.full((len(rgb), 1), 255, np.uint8)
        alpha[: len(self.alpha), 0] = np.frombuffer(self.alpha, np.uint8)
        return np.concatenate([rgb * (alpha > 0), alpha], axis=1).astype(np.uint8)

    def expand(self, indices: NDArray[np.uint8]) -> Pixels:
        """Return the colours of indices ``(h, w)``: shape ``(h, w, 3)`` or ``(h, w, 4)``.

        Raises:
            BadImageError: ``corrupt`` if an index has no colour.
        """
        if int(indices.max()) >= len(self):
            raise BadImageError(Reason.CORRUPT)
        return np.asarray(np.take(self.table(), indices, axis=0))

    def recoloured(self, change: Recolour) -> "Palette":
        """Return the palette with other colours; opacities stay."""
        colours = change(np.frombuffer(self.rgb, np.uint8).reshape(-1, 1, 3), _WHITE)
        return Palette(colours.astype(np.uint8).tobytes(), self.alpha)

    def indices(self, pixels: Pixels) -> tuple[NDArray[np.uint8], "Palette"]:
        """Return the index of each pixel, ``(h, w)``, and the palette to store with them.

        A colour of the palette gets the first index that has it, so that untouched pixels keep their colour; any other
        gets the nearest. Colours that no pixel uses are zeroed, as they may be those of a face, or text; but not in a
        plain ramp of greys, by which decoders tell grey pictures.
        """
        table = self.table()
        keys, first = np.unique(_packed(table), return_index=True)
        out = np.empty(pixels.shape[:2], np.uint8)
        used = np.zeros(_MOST, np.bool_)
        for top in range(0, len(pixels), rows := band_rows(pixels.shape[1], 8)):
            band = pixels[top : top + rows]
            packed = _packed(band)
            spots = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
            found = first[spots].astype(np.uint8)
            missed = keys[spots] != packed
            if missed.any():
                found[missed] = _nearest(band[missed], table)
            used[found.ravel()] = True
            out[top : top + rows] = found
        return out, self._only(used)

    def trimmed(self, indices: NDArray[np.uint8]) -> "Palette":
        """Return the palette to store with indices that stay as they are: unused colours are zeroed, as above.

        So are the colours of entries that are clear.
        """
        used = np.zeros(_MOST, np.bool_)
        for top in range(0, len(indices), rows := band_rows(indices.shape[1], 8)):
            used[indices[top : top + rows].ravel()] = True
        return self._only(used)

    def _only(self, used: NDArray[np.bool_]) -> "Palette":
        if self.is_ramp:
            return self
        rgb = (self.table()[:, :3] * used[: len(self), None]).astype(np.uint8).tobytes()
        alpha = np.where(used[: len(self.alpha)], np.frombuffer(self.alpha, np.uint8), 255).astype(np.uint8).tobytes()
        return Palette(rgb, alpha)


def _packed(colours: Pixels) -> NDArray[np.uint32]:
    packed: NDArray[np.uint32] = np.zeros(colours.shape[:-1], np.uint32)
    for channel in range(colours.shape[-1]):
        packed <<= 8
        packed |= colours[..., channel]
    return packed


def _nearest(colours: Pixels, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return for each colour, ``(n, c)``, the index of the nearest in ``table``: least squares, first of equals."""
    kinds, back = np.unique(_packed(colours), return_inverse=True)
    channels = colours.shape[-1]
    shifts = np.arange(channels - 1, -1, -1, dtype=np.uint32) * 8
    weights = np.array([1, 1, 1, _ALPHA_WEIGHT][:channels])
    chosen = np.empty(len(kinds), np.uint8)
    for start in range(0, len(kinds), 4096):
        wanted = ((kinds[start : start + 4096, None] >> shifts) & 255).astype(np.int32)
        distance = (np.square(wanted[:, None] - table.astype(np.int32)[None]) * weights).sum(axis=2)
        chosen[start : start + 4096] = distance.argmin(axis=1)
    return chosen[back.ravel()]
