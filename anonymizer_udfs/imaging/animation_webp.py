"""Animated WebP (RFC 9649): composed as libwebp's own decoder of animations does; lossless frames are written exactly.

Written anew, each frame is the box of what differs from the one before, from an even row and column on, and takes its
place; so nothing is stored that is not shown. A frame that was lossy is lossy again, at the quality that its quantizers
were made with. The background's colour, which decoders ignore, becomes clear.
"""

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from anonymizer_udfs.imaging import decode, icc, ifd, webp_parts
from anonymizer_udfs.imaging.animation_base import Animation, Dispose, Part, changes, compose, opaque
from anonymizer_udfs.imaging.base import Channels, Encoded, Format, Picture, Pixels
from anonymizer_udfs.imaging.webp import WebpCodec, WebpEncoding
from anonymizer_udfs.imaging.webp_parts import Still, chunk
from anonymizer_udfs.outcome import BadImageError, Reason

_DISPOSE, _IN_PLACE = 1, 2
_SIDE = 3
"""Bytes of a side, a place or a duration."""
_LOSSLESS = 100.0

Frame = tuple[Part, Still]


def read(data: bytes, max_pixels: int) -> Animation:
    """Return the animation; see ``animation.frames``."""
    size, plays, frames, found = _frames(data)
    if size[0] * size[1] * len(frames) > max_pixels:
        raise BadImageError(Reason.TOO_LARGE)
    stills = list[WebpEncoding]()
    composed = list(compose(_decoded(frames, stills), size, _over))
    source_profile, orientation = found.get(b"ICCP"), ifd.exif_orientation(found.get(b"EXIF", b""))
    profile = icc.clean(source_profile, Channels.RGBA) if source_profile is not None else None
    how = WebpEncoding(
        icc=profile,
        profile_dropped=source_profile is not None and profile is None,
        lossless=all(still.lossless for still in stills),
        quality=min(still.quality for still in stills),
    )
    pictures = tuple(Picture(one, Channels.RGBA, Format.WEBP, orientation, how) for one, _ in composed)
    kept = None
    if all(seen for _, seen in composed) and all(still.untouched is not None for still in stills):
        bodies = [_body(part, still.name, still.stream, still.alpha) for part, still in frames]
        kept = _file(size, bodies, plays, clear=_clear(pictures), profile=profile, exif=ifd.minimal_exif(orientation))
    qualities = [None if still.lossless else still.quality for still in stills]
    parts = tuple(
        Part(part.box, part.dispose, part.over, part.duration_ms, quality)
        for (part, _), quality in zip(frames, qualities, strict=True)
    )
    return Animation(pictures, tuple(part.duration_ms for part in parts), plays, parts, kept)


def write(animation: Animation) -> Encoded:
    """Return a file that decodes to the same frames, but for lossy ones; ``reencoded`` if there are any."""
    first = animation.frames[0]
    bodies, lossy = list[bytes](), False
    boxes = changes((picture.pixels for picture in animation.frames), 2)
    for (box, samples), part, duration in zip(boxes, animation.parts, animation.durations_ms, strict=True):
        lossy = lossy or part.quality is not None
        quality = _LOSSLESS if part.quality is None else part.quality
        how = WebpEncoding(lossless=part.quality is None, quality=quality)
        data = WebpCodec().encode(Picture(samples, Channels.RGBA, Format.WEBP, 1, how)).data
        still = webp_parts.still(data, list(webp_parts.walk(data)))
        bodies.append(_body(Part(box, duration_ms=duration), still.name, still.stream, still.alpha))
    exif, profile = ifd.minimal_exif(first.orientation), first.encoding.icc
    data = _file(animation.size_wh, bodies, animation.plays, clear=_clear(animation.frames), profile=profile, exif=exif)
    return Encoded(data, reencoded=lossy or first.encoding.profile_dropped)


def _clear(pictures: Iterable[Picture]) -> bool:
    return any(bool((picture.pixels[..., -1] != 255).any()) for picture in pictures)  # noqa: PLR2004 - opaque


def _frames(data: bytes) -> tuple[tuple[int, int], int, list[Frame], dict[bytes, bytes]]:
    """Return canvas, how often it plays, the frames, and profile and Exif."""
    frames, found = list[Frame](), dict[bytes, bytes]()
    for name, start, end in webp_parts.walk(data):
        if name == b"ANMF":
            chunks = list(webp_parts.between(data, start + webp_parts.FRAME_HEAD, end))
            frames.append((_part(data[start : start + webp_parts.FRAME_HEAD]), webp_parts.frame(data, chunks, None)))
        elif name in {b"VP8X", b"ANIM", b"ICCP", b"EXIF"}:
            found.setdefault(name, data[start:end])
    if not frames:
        raise BadImageError(Reason.UNSUPPORTED_FORMAT)
    head = found.get(b"VP8X", b"")
    if len(head) < 10 or not head[0] & webp_parts.ANIMATION:  # noqa: PLR2004 - flags and canvas
        raise BadImageError(Reason.CORRUPT)
    width, height = 1 + _number(head, 4), 1 + _number(head, 7)
    if any(part.box[2] > width or part.box[3] > height for part, _ in frames):
        raise BadImageError(Reason.CORRUPT)
    (plays,) = struct.unpack_from("<H", found.get(b"ANIM", b""), 4)
    return (width, height), plays, frames, found


def _number(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + _SIDE], "little")


def _part(head: bytes) -> Part:
    x, y, w, h, duration = (_number(head, _SIDE * place) for place in range(5))
    box = (2 * x, 2 * y, 2 * x + w + 1, 2 * y + h + 1)
    dispose = Dispose.CLEAR if head[15] & _DISPOSE else Dispose.KEEP
    return Part(box, dispose, not head[15] & _IN_PLACE, Fraction(duration))


def _body(part: Part, name: bytes, stream: bytes, alpha: bytes | None) -> bytes:
    """Return a frame's chunk."""
    x0, y0, x1, y1 = part.box
    numbers = (x0 // 2, y0 // 2, x1 - x0 - 1, y1 - y0 - 1, int(part.duration_ms))
    flags = (part.dispose is Dispose.CLEAR) * _DISPOSE | (not part.over) * _IN_PLACE
    head = b"".join(number.to_bytes(_SIDE, "little") for number in numbers) + bytes([flags])
    opacity = chunk(b"ALPH", alpha) if alpha is not None and name == b"VP8 " else b""
    return chunk(b"ANMF", head + opacity + chunk(name, stream))


def _decoded(frames: Iterable[Frame], stills: list[WebpEncoding]) -> Iterator[tuple[Part, Pixels]]:
    """Yield the samples of each frame with alpha, and put down how it is encoded."""
    for part, still in frames:
        (x0, y0, x1, y1) = part.box
        size = x1 - x0, y1 - y0
        own = still.file(size, clear=still.alpha is not None, profile=None, exif=b"")
        if own is None:
            raise BadImageError(Reason.CORRUPT)
        picture = decode(own, max_pixels=size[0] * size[1])
        assert isinstance(picture.encoding, WebpEncoding)  # noqa: S101 - a WebP was decoded
        stills.append(picture.encoding)
        yield part, picture.pixels if picture.channels.has_alpha else opaque(picture.pixels)


def _file(
    size_wh: tuple[int, int], bodies: Iterable[bytes], plays: int, *, clear: bool, profile: bytes | None, exif: bytes
) -> bytes:
    flags = bool(profile) * webp_parts.PROFILE | clear * webp_parts.ALPHA | bool(exif) * webp_parts.EXIF
    sides = b"".join((side - 1).to_bytes(_SIDE, "little") for side in size_wh)
    parts = [chunk(b"VP8X", struct.pack("<I", flags | webp_parts.ANIMATION) + sides)]
    parts += [chunk(b"ICCP", profile)] if profile else []
    parts += [chunk(b"ANIM", struct.pack("<IH", 0, plays)), *bodies]
    parts += [chunk(b"EXIF", exif)] if exif else []
    return webp_parts.riff(b"".join(parts))


def _over(above: Pixels, below: Pixels) -> Pixels:
    """Return samples blended in whole numbers as libwebp's decoder of animations does (``src/demux/anim_decode.c``)."""
    top, under = above.astype(np.uint64), below.astype(np.uint64)
    cover = top[:, -1:]
    rest = under[:, -1:] * (256 - cover) >> 8
    scale = (1 << 24) // (cover + rest)
    out = np.empty_like(above)
    out[:, :-1] = (top[:, :-1] * cover + under[:, :-1] * rest) * scale >> 24
    out[:, -1:] = cover + rest
    return out
