"""Passes: the ways to look at a picture that a plan is made of. Each is a frozen value that says which views it has."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from anonymizer_udfs.detection.closeups import CloseUp
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.views import View, scale_for, tiles
from anonymizer_udfs.errors import SpecError, UnknownNameError

CONDITIONS = ("nothing_found", "none_certain", "unsure_found", "rolled_found", "small_found", "dark")
"""When a pass is made: no face was found by the passes before; none of :data:`CERTAIN` and more was; an unsure one was,
of :data:`DOUBT` and more, counted or not; one rolled by more than :data:`ROLLED_DEGREES` was; a glimpse of
:data:`GLIMPSE` was, smaller than :data:`SMALL_PX` in a picture that was shown smaller than it is; or the picture is
darker than :data:`DARK_LUMA`."""
CERTAIN = 0.8
"""An upright face has 0.9 in most cases. One that lies may be taken for an upright one, at 0.73, by landmarks that are
wrong; the others that lie beside it are then seen by nobody."""
DOUBT = 0.45
"""On a mix of 60 scenes 0.3 made ``balanced`` cost 2.2 of one pass, and this 2.0."""
GLIMPSE = 0.2
SMALL_PX = 24.0
"""Where one face is seen so small, others may be too small to be seen: YuNet finds nearly all of 12 pixels, and few of
8. Photos whose people are near are spared the dearest pass."""
ROLLED_DEGREES = 25.0
DARK_LUMA = 60.0
UPRIGHT_DEGREES = 10.0
"""A face rolled by less is shown as it is: turning it would cost sharpness and gain nothing."""
_QUARTERS = 4
_WHOLE_TURN = 360
_WHOLE = frozenset({"face_px_max", "tile_px", "zoom_px", "side_px", "most"})
_ENLARGED_MOST = 8.0


@dataclass(frozen=True)
class Pass:
    """The whole picture at one size, cut into tiles where it is larger.

    Attributes:
        name: what the record of a face calls it.
        long_side_px: least and greatest length of the picture's longer side as it is shown.
        enlarge_max: a picture is enlarged at most this much, at least 1.
        face_px_max: what is found larger than this, as it is shown, does not count: a pass that is there for what is
            small sees parts of large faces, and large faces in furniture.
        tile_px: a picture that is larger as shown is cut into tiles of at most this side, at least 64.
        overlap_ratio: what neighbouring tiles share at least, of a tile's side, in [0, 0.5].
        margin_ratio: black margin around the picture, of its longer side as shown, in [0, 2]; a face that fills the
            frame is then seen as most detectors saw faces in training.
        turns: the quarter turns in which it is looked at, each 0 to 3.
        mirrored: whether left and right are swapped.
        equalized: whether contrast is equalized.
        when: conditions of :data:`CONDITIONS`, of which one has to hold; none: always.
        detectors: the names of those who look; a detector that no pass of the plan names looks in every pass.
    """

    name: str
    long_side_px: tuple[int, int]
    enlarge_max: float = 1.0
    face_px_max: int = 8192
    tile_px: int = 1280
    overlap_ratio: float = 0.25
    margin_ratio: float = 0.0
    turns: tuple[int, ...] = (0,)
    mirrored: bool = False
    equalized: bool = False
    when: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()

    bounds: ClassVar[dict[str, tuple[float, float]]] = {
        "enlarge_max": (1, 8),
        "face_px_max": (16, 8192),
        "tile_px": (64, 4096),
        "overlap_ratio": (0, 0.5),
        "margin_ratio": (0, 2),
    }

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        _check(self, ("long_side_px", "turns", "when", "detectors"), ("mirrored", "equalized"))
        sides = self.long_side_px
        if len(sides) != len(("least", "greatest")) or not all(map(_whole, sides)) or not 0 < sides[0] <= sides[1]:
            raise SpecError(f"pass {self.name}: long_side_px must be two rising lengths in pixels, got {list(sides)}")
        if not self.turns or any(not _whole(turn) or turn not in range(_QUARTERS) for turn in self.turns):
            raise SpecError(f"pass {self.name}: turns must be quarter turns from 0 to 3, got {list(self.turns)}")

    def views(self, size_wh: tuple[int, int], unsure: Sequence[Finding] = ()) -> Iterator[View]:
        """Yield the views of a picture of a size, tile by tile; findings do not matter."""
        del unsure
        scale = scale_for(size_wh, self.long_side_px, self.enlarge_max)
        w, h = size_wh
        tile = max(1, round(self.tile_px / scale))
        overlap = round(self.overlap_ratio * tile)
        for (y0, y1), (x0, x1) in itertools.product(tiles(h, tile, overlap), tiles(w, tile, overlap)):
            scaled = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
            for turn in self.turns:
                yield View(
                    crop=(x0, y0, x1, y1),
                    scaled_wh=scaled,
                    margin_px=round(self.margin_ratio * max(scaled)),
                    turns=turn,
                    mirrored=self.mirrored,
                    equalized=self.equalized,
                    inner=(x0 > 0, y0 > 0, x1 < w, y1 < h),
                    shared_px=float(overlap),
                )


@dataclass(frozen=True)
class Zoom:
    """Each finding that is not sure, on its own and brought upright: is it there from nearby?

    A close-up has a twentieth of the pixels of a pass at 640, and who looks from nearby sees what a pass over the whole
    picture does not.

    Attributes:
        name: what the record of a face calls it.
        zoom_px: the longer side of the finding's box as it is shown, 16 to 512.
        side_px: the side of the square that is shown, 32 to 1024, at least ``zoom_px``.
        least: confidence in (0, 1] from which a candidate is worth a look; it may lie below what counts as found.
        most: so many are shown at most, the surest first.
        turns_degrees: the angles in which it is shown, on top of being brought upright by its own roll, each in
            [0, 360): who sees a face upside down or on its side may take its chin for its forehead.
        mirrored: whether left and right are swapped.
        steers: whether what it finds only says where and how a face would lie, for a later close-up to confirm: the
            best of many angles is no evidence, since chance has as many tries.
        when: conditions of :data:`CONDITIONS`, of which one has to hold; none: always.
        detectors: the names of those who look; a detector that no pass of the plan names looks in every pass.
    """

    name: str
    zoom_px: int
    side_px: int = 128
    least: float = 0.125
    most: int = 64
    turns_degrees: tuple[float, ...] = (0,)
    mirrored: bool = False
    steers: bool = False
    when: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()

    bounds: ClassVar[dict[str, tuple[float, float]]] = {
        "zoom_px": (16, 512),
        "side_px": (32, 1024),
        "least": (0.01, 1),
        "most": (1, 10_000),
    }

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        _check(self, ("turns_degrees", "when", "detectors"), ("mirrored", "steers"))
        if not self.turns_degrees or not all(_number(one) and 0 <= one < _WHOLE_TURN for one in self.turns_degrees):
            raise SpecError(
                f"pass {self.name}: turns_degrees must be angles in [0, 360), got {list(self.turns_degrees)}"
            )
        if self.side_px < self.zoom_px:
            raise SpecError(f"pass {self.name}: side_px must be at least zoom_px {self.zoom_px}, got {self.side_px}")

    def views(self, size_wh: tuple[int, int], unsure: Sequence[Finding]) -> Iterator[CloseUp]:
        """Yield a close-up of each unsure finding that is worth it."""
        del size_wh
        for one in [one for one in unsure if one.worth >= self.least][: self.most]:
            wh = one.box[2:] - one.box[:2]
            roll = one.roll_degrees or 0.0
            for turn in self.turns_degrees:
                yield CloseUp(
                    centre_xy=(float(one.box[0] + wh[0] / 2), float(one.box[1] + wh[1] / 2)),
                    scale=min(self.zoom_px / max(float(wh.max()), 1.0), _ENLARGED_MOST),
                    roll_degrees=(roll if abs(roll) > UPRIGHT_DEGREES else 0.0) + turn,
                    side_px=self.side_px,
                    mirrored=self.mirrored,
                )


def small_glimpsed(faces: Iterable[Finding], shown: float) -> bool:
    """Return whether one of the faces was seen so small that more may show in a larger view; see :data:`SMALL_PX`.

    Args:
        faces: what was found, sure or not.
        shown: the largest scale at which the picture was shown as a whole.
    """
    seen = (float((one.box[2:] - one.box[:2]).max()) * shown for one in faces if one.confidence >= GLIMPSE)
    return shown < 1 and any(side < SMALL_PX for side in seen)


def build(wish: object) -> Pass | Zoom:
    """Return the pass that a mapping describes: with ``zoom_px`` it is a :class:`Zoom`.

    Raises:
        UnknownNameError: a key or a condition that nobody knows.
        SpecError: a value out of range, or one that is missing.
    """
    if not isinstance(wish, Mapping):
        raise SpecError(f"a pass must be a mapping with name and long_side_px or zoom_px, got {wish!r}")
    kind: type[Pass | Zoom] = Zoom if "zoom_px" in wish else Pass
    known = [field.name for field in fields(kind)]
    for key in wish:
        if key not in known:
            raise UnknownNameError(f"key of a {kind.__name__.lower()}", str(key), known)
    missing = [name for name in known[:2] if name not in wish]
    if missing:
        raise SpecError(f"a pass must have name and long_side_px or zoom_px; missing: {', '.join(missing)}")
    return kind(**wish)


def to_mapping(one: Pass | Zoom) -> dict[str, Any]:
    """Return plain values from which :func:`build` makes an equal pass; defaults are left out."""
    out = {}
    for field in fields(one):
        value = getattr(one, field.name)
        if value != field.default:
            out[field.name] = list(value) if isinstance(value, tuple) else value
    return out


def _check(one: Pass | Zoom, lists: Sequence[str], flags: Sequence[str]) -> None:
    """Refuse what cannot be in either kind of pass; lists become tuples."""
    if not isinstance(one.name, str) or not one.name:
        raise SpecError(f"a pass must have a name, got {one.name!r}")
    for name in lists:
        value = getattr(one, name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise SpecError(f"pass {one.name}: {name} must be a list, got {value!r}")
        object.__setattr__(one, name, tuple(value))
    for name in flags:
        if not isinstance(getattr(one, name), bool):
            raise SpecError(f"pass {one.name}: {name} must be true or false, got {getattr(one, name)!r}")
    for who in one.detectors:
        if not isinstance(who, str):
            raise SpecError(f"pass {one.name}: detectors must be names, got {who!r}")
    for condition in one.when:
        if condition not in CONDITIONS:
            raise UnknownNameError(f"condition of pass {one.name}", str(condition), CONDITIONS)
    _check_numbers(one)


def _check_numbers(one: Pass | Zoom) -> None:
    for name, (low, high) in one.bounds.items():
        value = getattr(one, name)
        whole = name in _WHOLE
        if not (_whole(value) if whole else _number(value)):
            raise SpecError(f"pass {one.name}: {name} must be a {'whole ' * whole}number, got {value!r}")
        if not low <= value <= high:
            raise SpecError(f"pass {one.name}: {name} must be in [{low:g}, {high:g}], got {value!r}")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
