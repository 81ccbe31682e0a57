"""Animated PNG (third edition of the PNG specification, chunks acTL, fcTL, fdAT): read frame by frame, written exactly.

Written anew, each frame is the box of what differs from the one before, and takes its place; so nothing is stored that
is not shown. A palette stays one where it can hold the colours of all frames, else the file has none; grey of less than
8 bits becomes grey of 8; alpha is stored where anything is clear. sBIT and bKGD go then. A still picture before the
animation that is no frame of it goes: readers that know no animations show the first frame. Files whose counts or
sequence numbers are wrong, which browsers refuse or show as they like, are refused.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from anonymizer_udfs.imaging import decode, icc, ifd, png_parts, png_stream
from anonymizer_udfs.imaging.animation_base import WITH_ALPHA, Animation, Dispose, Part, changes, compose, opaque
from anonymizer_udfs.imaging.base import Channels, Encoded, Format, Picture, Pixels
from anonymizer_udfs.imaging.palette import Palette
from anonymizer_udfs.imaging.png import PngCodec, PngEncoding
from anonymizer_udfs.imaging.png_parts import GREY, GREY_ALPHA, INDEXED, RGB, RGBA, Parts, Shape, chunk
from anonymizer_udfs.outcome import BadImageError, Reason

_CONTROL = ">IIIIHHBB"
_DEPTH_SHAPED = {b"sBIT", b"bKGD"}
_BYTE, _MOST_COLOURS, _MS, _OVER = 8, 256, 1000, 1
_HUNDREDTHS = 100
"""What a delay's denominator of 0 means."""
_BARE = Parts((), palette=b"", transparency=b"", shown=(), profile=None, exif=b"")

Frame = tuple[Part, list[bytes]]
"""How a frame is stored, and the bodies of its image chunks as a still picture has them."""


@dataclass(frozen=True)
class _Still:
    """What is kept of a decoded frame beside its samples."""

    channels: Channels
    white: int
    exact: bool
    palette: bytes
    alpha: bytes


def read(data: bytes, max_pixels: int) -> Animation:
    """Return the animation; see ``animation.frames``."""
    shape = png_parts.shape(data)
    plays, frames, spare = _frames(data, shape)
    if shape.width * shape.height * len(frames) > max_pixels:
        raise BadImageError(Reason.TOO_LARGE)
    common = png_parts.take_apart(data)
    stills = list[_Still]()
    decoded = _decoded(shape, common, frames, stills)
    composed = list(compose(decoded, (shape.width, shape.height), _over))
    channels, orientation = WITH_ALPHA.get(stills[0].channels, stills[0].channels), ifd.exif_orientation(common.exif)
    profile = icc.clean(common.profile, channels) if common.profile else None
    how = PngEncoding(
        icc=profile,
        profile_dropped=common.profile is not None and profile is None,
        depth=shape.depth if shape.colour == INDEXED else _BYTE * composed[0][0].dtype.itemsize,
        colour=INDEXED if shape.colour == INDEXED else GREY_ALPHA if channels is Channels.GREY_ALPHA else RGBA,
        palette=Palette(common.palette, common.transparency or b"\xff") if shape.colour == INDEXED else None,
        shown=tuple(one for one in common.shown if one[0] not in _DEPTH_SHAPED),
    )
    white = max(still.white for still in stills)
    pictures = tuple(Picture(one, channels, Format.PNG, orientation, how, white) for one, _ in composed)
    kept = None
    if not spare and all(seen for _, seen in composed) and all(still.exact for still in stills):
        parts = _trimmed(common, stills)
        kept = _file(shape, parts, frames, plays, profile=profile, exif=ifd.minimal_exif(orientation))
    parts_of = tuple(part for part, _ in frames)
    return Animation(pictures, tuple(part.duration_ms for part in parts_of), plays, parts_of, kept)


def is_exact(data: bytes) -> bool:
    """Whether the image chunks of each frame hold one stream of all its rows, and nothing else."""
    shape, common = png_parts.shape(data), png_parts.take_apart(data)
    return all(png_stream.is_exact(_still(shape, common, frame)) for frame in _frames(data, shape)[1])


def write(animation: Animation) -> Encoded:
    """Return a file that decodes to the same frames."""
    how = animation.frames[0].encoding
    assert isinstance(how, PngEncoding)  # noqa: S101 - read made it
    boxes = list(changes([picture.pixels for picture in animation.frames]))
    clear = any(bool((one[..., -1] != animation.white).any()) for _, one in boxes)
    palette = _palette([one for _, one in boxes]) if how.colour == INDEXED else None
    colour, depth = (RGBA if animation.frames[0].channels is Channels.RGBA else GREY_ALPHA), how.depth
    if palette is not None:
        colour, depth = INDEXED, next(bits for bits in (1, 2, 4, 8) if len(palette) <= 1 << bits)
    elif how.colour == INDEXED:
        depth = _BYTE
    if palette is None and not clear:
        colour = RGB if colour == RGBA else GREY
    drop = colour in {RGB, GREY} or (palette is not None and not palette.alpha)
    kind = PngEncoding(depth=depth, colour=colour, palette=palette)
    frames = list[Frame]()
    for (box, samples), duration in zip(boxes, animation.durations_ms, strict=True):
        still = _encoded(samples[..., :-1] if drop else samples, kind)
        frames.append((Part(box, duration_ms=duration), [one[8:-4] for one in still.image]))
    parts = replace(_BARE, shown=how.shown)
    if palette is not None:
        parts = replace(parts, palette=palette.rgb, transparency=palette.alpha)
    exif = ifd.minimal_exif(animation.frames[0].orientation)
    shape = Shape(*animation.size_wh, depth, colour)
    data = _file(shape, parts, frames, animation.plays, profile=how.icc, exif=exif)
    return Encoded(data, reencoded=how.profile_dropped)


def _frames(data: bytes, shape: Shape) -> tuple[int, list[Frame], bool]:
    """Return how often it plays, the frames, and whether there is a still picture that is none of them."""
    count, plays, spare = 0, 0, False
    frames = list[Frame]()
    for name, start, end in _numbered(data):
        if name == b"acTL" and not count:
            count, plays = struct.unpack(">II", data[start:end])
        elif name == b"fcTL":
            frames.append((_part(data[start + 4 : end], shape), []))
        elif name == b"IDAT" and not frames:
            spare = True
        elif (name == b"IDAT" and len(frames) == 1 and not spare) or (name == b"fdAT" and frames):
            frames[-1][1].append(data[start + 4 * (name == b"fdAT") : end])
        elif name in {b"IDAT", b"fdAT"}:
            raise BadImageError(Reason.CORRUPT)
    if not count:
        raise BadImageError(Reason.UNSUPPORTED_FORMAT)
    full = (0, 0, shape.width, shape.height)
    if len(frames) != count or not all(bodies for _, bodies in frames) or (not spare and frames[0][0].box != full):
        raise BadImageError(Reason.CORRUPT)
    return plays, frames, spare


def _numbered(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield chunks as ``png_parts.walk``; ``corrupt`` unless those of frames are numbered in order."""
    expected = 0
    for name, start, end in png_parts.walk(data):
        if name in {b"fcTL", b"fdAT"}:
            if struct.unpack(">I", data[start : min(start + 4, end)])[0] != expected:
                raise BadImageError(Reason.CORRUPT)
            expected += 1
        yield name, start, end


def _part(body: bytes, shape: Shape) -> Part:
    """Return what an fcTL chunk says after its sequence number."""
    width, height, x, y, count, per, dispose, blend = struct.unpack(_CONTROL, body)
    if not width or not height or x + width > shape.width or y + height > shape.height or blend > _OVER:
        raise BadImageError(Reason.CORRUPT)
    duration = Fraction(count * _MS, per or _HUNDREDTHS)
    return Part((x, y, x + width, y + height), Dispose(dispose), blend == _OVER, duration)


def _still(shape: Shape, common: Parts, frame: Frame) -> bytes:
    """Return a frame as a file of its own."""
    (x0, y0, x1, y1), image = frame[0].box, [chunk(b"IDAT", body) for body in frame[1]]
    bare = replace(common, shown=(), profile=None, exif=b"")
    return png_parts.assemble(replace(shape, width=x1 - x0, height=y1 - y0), image, bare, profile=None, exif=b"")


def _decoded(shape: Shape, common: Parts, frames: list[Frame], stills: list[_Still]) -> Iterator[tuple[Part, Pixels]]:
    """Yield the samples of each frame with alpha, and put down what else there is to know of it."""
    for frame in frames:
        picture = decode(_still(shape, common, frame), max_pixels=shape.width * shape.height)
        how = picture.encoding
        assert isinstance(how, PngEncoding)  # noqa: S101 - a PNG was decoded
        own = png_parts.take_apart(how.untouched) if how.untouched else _BARE
        stills.append(_Still(picture.channels, picture.white, how.untouched is not None, own.palette, own.transparency))
        if picture.channels.has_alpha:
            yield frame[0], picture.pixels
            continue
        key = struct.unpack(f">{len(how.key) // 2}H", how.key)
        if shape.depth < _BYTE:
            key = tuple(level * 255 // ((1 << shape.depth) - 1) for level in key)
        yield frame[0], opaque(picture.pixels, key)


def _trimmed(common: Parts, stills: list[_Still]) -> Parts:
    """Return the parts with a palette of those colours that any frame uses; no palette, and the key, if it has none."""
    rgb, alpha = (np.frombuffer(one, np.uint8).copy() for one in (stills[0].palette, stills[0].alpha))
    for still in stills if stills[0].palette else ():
        rgb |= np.frombuffer(still.palette, np.uint8)
        alpha = np.minimum(alpha, np.frombuffer(still.alpha, np.uint8))
    return replace(common, palette=rgb.tobytes(), transparency=alpha.tobytes())


def _palette(samples: list[Pixels]) -> Palette | None:
    """Return a palette of all colours, with those that are not opaque first; None if there are too many."""
    kinds = np.zeros(0, np.uint32)
    for one in samples:
        kinds = np.union1d(kinds, np.unique(np.ascontiguousarray(one).view("<u4")))
        if len(kinds) > _MOST_COLOURS:
            return None
    table = kinds.astype("<u4").view(np.uint8).reshape(-1, 4)  # in the order of alpha, which is the highest byte
    alpha = table[:, 3]
    return Palette(table[:, :3].tobytes(), alpha[alpha < 255].tobytes())  # noqa: PLR2004 - opaque


def _encoded(samples: Pixels, how: PngEncoding) -> Parts:
    channels = {1: Channels.GREY, 2: Channels.GREY_ALPHA, 3: Channels.RGB, 4: Channels.RGBA}[samples.shape[2]]
    return png_parts.take_apart(PngCodec().encode(Picture(samples, channels, Format.PNG, 1, how)).data)


def _file(shape: Shape, parts: Parts, frames: list[Frame], plays: int, *, profile: bytes | None, exif: bytes) -> bytes:
    """Return a file of frames of which the first one is the still picture, too."""
    out, sequence = [chunk(b"acTL", struct.pack(">II", len(frames), plays))], 0
    for place, (part, bodies) in enumerate(frames):
        (x0, y0, x1, y1), delay = part.box, part.duration_ms / _MS
        control = (x1 - x0, y1 - y0, x0, y0, delay.numerator, delay.denominator, part.dispose, part.over)
        out.append(chunk(b"fcTL", struct.pack(">I", sequence) + struct.pack(_CONTROL, *control)))
        sequence += 1
        for body in bodies:
            out.append(chunk(b"fdAT", struct.pack(">I", sequence) + body) if place else chunk(b"IDAT", body))
            sequence += bool(place)
    return png_parts.assemble(shape, out, parts, profile=profile, exif=exif)


def _over(above: Pixels, below: Pixels) -> Pixels:
    """Return samples blended as the specification says (its alpha compositing, with colours not premultiplied)."""
    white = float(np.iinfo(above.dtype).max)
    top, under = above.astype(np.float64), below.astype(np.float64)
    cover = top[:, -1:] / white
    rest = under[:, -1:] / white * (1 - cover)
    out = np.empty_like(top)
    out[:, :-1] = (top[:, :-1] * cover + under[:, :-1] * rest) / (cover + rest)
    out[:, -1:] = (cover + rest) * white
    return np.rint(out).astype(above.dtype)
