"""Detection plans: lists of passes over a picture, as data; three ship, and a policy may hold one of its own."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from anonymizer_udfs.detection.views import View, scale_for, tiles
from anonymizer_udfs.errors import SpecError, UnknownNameError

CONDITIONS = ("nothing_found", "unsure_found", "rolled_found", "dark")
"""When a pass is made: nothing was found by the passes before; something unsure was; a face rolled by more than
:data:`ROLLED_DEGREES` was; or the picture is darker than :data:`DARK_LUMA`."""
ROLLED_DEGREES = 25.0
DARK_LUMA = 60.0
_TURNS = 4


@dataclass(frozen=True)
class Pass:
    """One way to look at a picture.

    Attributes:
        name: what the record of a face calls it.
        long_side_px: least and greatest length of the picture's longer side as it is shown.
        enlarge_max: a picture is enlarged at most this much, at least 1.
        tile_px: a picture that is larger as shown is cut into tiles of at most this side, at least 64.
        overlap_ratio: what neighbouring tiles share at least, of a tile's side, in [0, 0.5].
        margin_ratio: black margin around the picture, of its longer side as shown, in [0, 2]; a face that fills the
            frame is then seen as most detectors saw faces in training.
        turns: the quarter turns in which it is looked at, each 0 to 3.
        mirrored: whether left and right are swapped.
        equalized: whether contrast is equalized.
        when: conditions of :data:`CONDITIONS`, of which one has to hold; none: always.
        detectors: the names of those who look; none: all of the policy.
    """

    name: str
    long_side_px: tuple[int, int]
    enlarge_max: float = 1.0
    tile_px: int = 1280
    overlap_ratio: float = 0.25
    margin_ratio: float = 0.0
    turns: tuple[int, ...] = (0,)
    mirrored: bool = False
    equalized: bool = False
    when: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in ("long_side_px", "turns", "when", "detectors"):
            value = getattr(self, name)
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise SpecError(f"pass {self.name}: {name} must be a list, got {value!r}")
            object.__setattr__(self, name, tuple(value))
        self._check_sizes()
        if not self.turns or any(turn not in range(_TURNS) for turn in self.turns):
            raise SpecError(f"pass {self.name}: turns must be quarter turns from 0 to 3, got {list(self.turns)}")
        for condition in self.when:
            if condition not in CONDITIONS:
                raise UnknownNameError(f"condition of pass {self.name}", str(condition), CONDITIONS)

    def _check_sizes(self) -> None:
        sides = self.long_side_px
        if len(sides) != len(("least", "greatest")) or not all(map(_whole, sides)) or not 0 < sides[0] <= sides[1]:
            raise SpecError(f"pass {self.name}: long_side_px must be two rising lengths in pixels, got {list(sides)}")
        bounds = {"enlarge_max": (1, 8), "tile_px": (64, 4096), "overlap_ratio": (0, 0.5), "margin_ratio": (0, 2)}
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise SpecError(f"pass {self.name}: {name} must be a number in [{low}, {high}], got {value!r}")
        for name in ("mirrored", "equalized"):
            if not isinstance(getattr(self, name), bool):
                raise SpecError(f"pass {self.name}: {name} must be true or false, got {getattr(self, name)!r}")

    def views(self, size_wh: tuple[int, int]) -> Iterator[View]:
        """Yield the views of a picture of a size, tile by tile."""
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


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class Plan:
    """Passes in order; what an earlier one found may decide whether a later one is made.

    Attributes:
        name: how people call it.
        passes: at least one, each with a name of its own.
    """

    name: str
    passes: tuple[Pass, ...]

    def __post_init__(self) -> None:
        """Refuse a plan that looks at nothing, and passes of one name."""
        object.__setattr__(self, "passes", tuple(self.passes))
        if not self.passes:
            raise SpecError(f"plan {self.name} must have at least one pass, got none")
        names = [one.name for one in self.passes]
        if len(set(names)) < len(names):
            raise SpecError(f"plan {self.name}: each pass must have a name of its own, got {', '.join(names)}")
        if self.passes[0].when:
            raise SpecError(
                f"plan {self.name}: the first pass cannot depend on others, got when: {self.passes[0].when}"
            )

    @classmethod
    def build(cls, wish: object) -> "Plan":
        """Return the plan of a name in :data:`PLANS`, or of a mapping with ``name`` and ``passes``.

        Raises:
            UnknownNameError: a plan, a key or a condition that nobody knows.
            SpecError: a value out of range.
        """
        if isinstance(wish, str):
            if wish not in PLANS:
                raise UnknownNameError("plan", wish, PLANS)
            return PLANS[wish]
        if not isinstance(wish, Mapping) or not isinstance(wish.get("passes"), Sequence):
            raise SpecError(f"plan must be one of {', '.join(PLANS)}, or a mapping with name and passes, got {wish!r}")
        _known("plan", wish, ("name", "passes"))
        return cls(str(wish.get("name", "own")), tuple(_pass(one) for one in wish["passes"]))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`build` makes an equal plan; defaults are left out."""
        return {"name": self.name, "passes": [_plain(one) for one in self.passes]}


def _pass(wish: object) -> Pass:
    if not isinstance(wish, Mapping):
        raise SpecError(f"a pass must be a mapping with name and long_side_px, got {wish!r}")
    _known("pass", wish, [field.name for field in fields(Pass)])
    missing = [name for name in ("name", "long_side_px") if name not in wish]
    if missing:
        raise SpecError(f"a pass must have name and long_side_px; missing: {', '.join(missing)}")
    return Pass(**wish)


def _known(what: str, wish: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in wish:
        if key not in known:
            raise UnknownNameError(f"key of {what}", str(key), known)


def _plain(one: Pass) -> dict[str, Any]:
    said = {field.name: (getattr(one, field.name), field.default) for field in fields(Pass)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, (value, usual) in said.items()
        if value != usual
    }


FAST = Plan("fast", (Pass("full", (640, 640)),))
BALANCED = Plan("balanced", (Pass("full", (640, 1280)),))
THOROUGH = Plan("thorough", (Pass("full", (640, 1280)),))
PLANS: dict[str, Plan] = {plan.name: plan for plan in (FAST, BALANCED, THOROUGH)}
"""The plans that ship, from cheap to thorough."""
