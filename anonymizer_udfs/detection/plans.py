"""Detection plans: lists of passes over a picture, as data; three ship, and a policy may hold one of its own."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anonymizer_udfs.detection import passes
from anonymizer_udfs.detection.passes import Pass, Zoom
from anonymizer_udfs.errors import SpecError, UnknownNameError


@dataclass(frozen=True)
class Plan:
    """Passes in order; what an earlier one found may decide whether a later one is made.

    Attributes:
        name: how people call it.
        passes: at least one, each with a name of its own; the first looks at the whole picture.
    """

    name: str
    passes: tuple[Pass | Zoom, ...]

    def __post_init__(self) -> None:
        """Refuse a plan that looks at nothing, and passes of one name."""
        object.__setattr__(self, "passes", tuple(self.passes))
        if not self.passes:
            raise SpecError(f"plan {self.name} must have at least one pass, got none")
        names = [one.name for one in self.passes]
        if len(set(names)) < len(names):
            raise SpecError(f"plan {self.name}: each pass must have a name of its own, got {', '.join(names)}")
        first = self.passes[0]
        if first.when or isinstance(first, Zoom):
            raise SpecError(f"plan {self.name}: the first pass cannot depend on others, {first.name} does")

    def scale(self, size_wh: tuple[int, int]) -> float:
        """Return the scale at which the passes that are made of every picture of a size need it, at most 1.

        Examples:
            >>> FAST.scale((4000, 3000)), THOROUGH.scale((4000, 3000))
            (0.192, 1.0)
        """
        always = (one for one in self.passes if isinstance(one, Pass) and not one.when)
        views = (view for one in always for view in itertools.islice(one.views(size_wh), 1))
        return max((min(1.0, view.scale if view.whole else 1.0) for view in views), default=1.0)

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
        given = wish.get("passes") if isinstance(wish, Mapping) else None
        if not isinstance(wish, Mapping) or isinstance(given, str) or not isinstance(given, Sequence):
            raise SpecError(f"plan must be one of {', '.join(PLANS)}, or a mapping with name and passes, got {wish!r}")
        for key in wish:
            if key not in {"name", "passes"}:
                raise UnknownNameError("key of plan", str(key), ("name", "passes"))
        return cls(str(wish.get("name", "own")), tuple(passes.build(one) for one in given))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`build` makes an equal plan; defaults are left out."""
        return {"name": self.name, "passes": [passes.to_mapping(one) for one in self.passes]}


_COARSE, _FINE = ("centerface",), ("yunet",)
_SIXTHS = (60, 120, 180, 240, 300)
_DOUBTFUL = ("none_certain", "unsure_found", "rolled_found")

FAST = Plan(
    "fast",
    (
        Pass("coarse", (1, 320), detectors=_COARSE),
        Pass("fine", (1, 768), detectors=_FINE),
        Zoom("zoom", 48, side_px=96, least=0.2, most=256),
    ),
)
"""A coarse look for all but small faces, a finer one by the cheaper detector, and a nearer one where they disagree."""

BALANCED = Plan(
    "balanced",
    (
        Pass("coarse", (1, 320), detectors=_COARSE),
        Pass("fine", (832, 1280), enlarge_max=1.3, detectors=_FINE),
        Zoom("zoom", 48, side_px=96, least=0.1, most=512),
        Pass("finer", (1280, 8192), face_px_max=128, when=("small_found",), detectors=_FINE),
        Zoom("zoom-finer", 48, side_px=96, least=0.1, most=512),
        Pass("small", (1, 256), when=_DOUBTFUL, detectors=_FINE),
        Pass("turned", (1, 448), turns=(1, 2, 3), when=_DOUBTFUL, detectors=_FINE),
        Pass("turned-finer", (1, 640), face_px_max=128, turns=(1, 2, 3), when=("rolled_found",), detectors=_FINE),
        Zoom("spun", 48, side_px=96, least=0.08, turns_degrees=_SIXTHS, steers=True, when=_DOUBTFUL, detectors=_FINE),
        Zoom("zoom-again", 48, side_px=96, least=0.1, most=512),
    ),
)
"""The cheaper detector looks at what 1,280 pixels show, and at every pixel where a face is small; where something is
doubtful or nothing is certain, at a small picture for faces that fill it, and at turned ones, and finer ones where
somebody lies: others may lie there, too."""

THOROUGH = Plan(
    "thorough",
    (
        Pass("coarse", (1, 640), detectors=_COARSE),
        Pass("fine", (896, 8192), enlarge_max=1.4, detectors=_FINE),
        Pass("larger", (1600, 8192), enlarge_max=2.5, detectors=_FINE),
        Pass("small", (1, 192), margin_ratio=0.5),
        Pass("coarse-larger", (1, 2048), when=("none_certain", "unsure_found", "dark"), detectors=_COARSE),
        Pass("turned", (960, 2048), enlarge_max=1.5, turns=(1, 2, 3), detectors=_FINE),
        Pass("turned-coarse", (1, 448), turns=(1, 2, 3), detectors=_COARSE),
        Pass("mirrored", (1280, 2048), enlarge_max=2.0, mirrored=True, detectors=_FINE),
        Pass("equalized", (960, 2048), enlarge_max=1.5, equalized=True, when=("dark",)),
        Zoom("zoom", 48, side_px=96, least=0.1, most=512),
        Zoom("spun", 48, side_px=96, least=0.058, turns_degrees=_SIXTHS, steers=True, detectors=_FINE),
        Zoom("zoom-again", 48, side_px=96, least=0.1, most=512),
    ),
)
"""Every size, turn and side on every picture; places are spun from the faintest candidate on."""

PLANS: dict[str, Plan] = {plan.name: plan for plan in (FAST, BALANCED, THOROUGH)}
"""The plans that ship, from cheap to thorough."""
