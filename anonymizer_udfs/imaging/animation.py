"""Animated GIF, PNG and WebP: every frame as a picture of its own, and back to a file of the same format.

What is seen for no time, between two frames or not at all is as much a picture of somebody as any other. Therefore all
frames of a file are given, composed as a viewer shows them, and what is written holds nothing else: the source's own
compressed frames only where nothing was treated and every pixel that they store is shown, else what differs from frame
to frame. Runs on executors, once a file; holds no state.
"""

import struct
from collections.abc import Callable

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.imaging import animation_gif, animation_png, animation_webp
from anonymizer_udfs.imaging.animation_base import Animation
from anonymizer_udfs.imaging.base import Encoded, Format
from anonymizer_udfs.imaging.sniff import sniff
from anonymizer_udfs.outcome import BadImageError, Reason

__all__ = ["FORMATS", "Animation", "frames", "write"]

_READERS: dict[Format, Callable[[bytes, int], Animation]] = {
    Format.GIF: animation_gif.read,
    Format.PNG: animation_png.read,
    Format.WEBP: animation_webp.read,
}
FORMATS = frozenset(_READERS)
_PROOFS: dict[Format, Callable[[bytes], bool]] = {
    Format.GIF: animation_gif.is_exact,
    Format.PNG: animation_png.is_exact,
}


def frames(data: bytes, *, max_pixels: int) -> Animation:
    """Return all frames of an animation, as large as its canvas and with alpha; also of one with a single frame.

    Alive at the same time: the compressed bytes three times, the frames, and two to three canvases more.

    Args:
        data: the whole file.
        max_pixels: most pixels of all frames together, canvas times frames, and stored ones, too; at least 1. Checked
            before anything of that size is allocated.

    Raises:
        BadImageError: ``too_large``; ``truncated``; ``corrupt``, also where readers would not agree on the frames;
            ``unsupported_format`` for other formats, and PNG and WebP that are not animated; ``empty``;
            ``unsupported_pixels``.
        SpecError: if ``max_pixels`` is not positive.
    """
    if max_pixels < 1:
        raise SpecError(f"max_pixels must be at least 1, got {max_pixels}")
    read = _READERS.get(sniff(data))
    if read is None:
        raise BadImageError(Reason.UNSUPPORTED_FORMAT)
    try:
        return read(data, max_pixels)
    except (struct.error, ValueError, LookupError):
        raise BadImageError(Reason.CORRUPT) from None


def write(animation: Animation, original: Animation | None = None) -> Encoded:
    """Return an animated file of the same format with none of the source's metadata.

    Args:
        animation: what to write: from ``frames``, or its ``with_frames``.
        original: the animation as it was read. If the frames have the very pixels of it (the same arrays: nothing was
            treated), the source's compressed frames are stored as they are, where every pixel in them is shown and
            their streams hold nothing else. For GIF, pixels that differ from it are those that may be given other
            colours, if a frame has more than it can hold.

    Returns:
        The file; ``reencoded`` where pixels that were not treated may differ: in lossy frames that were encoded anew,
        in GIF frames that could not hold their colours, and where the source's colour profile had to be dropped.

    Raises:
        SpecError: if the two have not as many frames of one size.
    """
    if original is None:
        return _anew(animation, None)
    if len(animation.frames) != len(original.frames) or animation.size_wh != original.size_wh:
        raise SpecError(
            f"both animations must have as many frames of one size, got {len(animation.frames)} {animation.size_wh} "
            f"and {len(original.frames)} {original.size_wh}; treat what frames() gave"
        )
    same = all(one.pixels is other.pixels for one, other in zip(animation.frames, original.frames, strict=True))
    timed = animation.durations_ms == original.durations_ms and animation.plays == original.plays
    kept, proof = original.untouched, _PROOFS.get(original.format)
    if same and timed and kept is not None and (proof is None or proof(kept)):
        return Encoded(kept, reencoded=animation.frames[0].encoding.profile_dropped)
    return _anew(animation, original)


def _anew(animation: Animation, original: Animation | None) -> Encoded:
    if animation.format is Format.GIF:
        return animation_gif.write(animation, original)
    return animation_png.write(animation) if animation.format is Format.PNG else animation_webp.write(animation)
