"""The parts of a policy: what is done with regions of a kind, and what a finding's confidence means."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

from anonymizer_udfs import methods
from anonymizer_udfs.around import Around
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import Mask, Method, Target
from anonymizer_udfs.methods.base import Choosy, models_of
from anonymizer_udfs.methods.mask import OPAQUE
from anonymizer_udfs.models.base import ModelRef

REGION_RATIO_MAX = 4.0


@dataclass(frozen=True)
class KindRule:
    """What is done with the regions of one kind.

    Attributes:
        chain: methods, mild to strong; the first is tried first, and the last is an opaque mask, which passes by
            construction.
        region_ratio: the region's size, in [1, 4], relative to the detector's box, about its centre.
        around: what is done with hair, neck and clothing; none: nothing but the region is touched.
    """

    chain: tuple[Method, ...]
    region_ratio: float
    around: Around | None = None

    def __post_init__(self) -> None:
        """Refuse a chain that does not end safe or does not rise, and a region smaller than the box."""
        object.__setattr__(self, "chain", tuple(self.chain))
        last = self.chain[-1] if self.chain else None
        if not isinstance(last, Mask):
            raise SpecError(f"a chain must end with mask, which nobody sees through, got {_shown(self.chain)}; add it")
        if not last.opaque:
            raise SpecError(f"a chain must end with mask in one of the forms {', '.join(OPAQUE)}, got {last.form}")
        for mild, strong in zip(self.chain, self.chain[1:], strict=False):
            if mild.strength >= strong.strength:
                raise SpecError(f"a chain must rise from mild to strong, got {_shown(self.chain)}; reorder it")
        ratio: object = self.region_ratio
        if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 1 <= ratio <= REGION_RATIO_MAX:
            raise SpecError(f"region_ratio must be a number in [1, {REGION_RATIO_MAX:g}], got {ratio!r}")
        object.__setattr__(self, "region_ratio", float(ratio))

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """The model files that its methods need."""
        every = (*self.chain, *([] if self.around is None else [self.around.method]))
        return tuple(ref for method in every for ref in models_of(method))

    def step(self, regions: Sequence[Target], *, animated: bool = False) -> int:
        """Return which method all regions of an image take: the first that serves each of them; the mask serves all.

        Args:
            regions: where the regions of this kind are.
            animated: whether it is one frame of several. Then a method that serves some faces alone serves none: in
                another frame the same face might not be served, and be seen in both ways.

        Examples:
            >>> KindRule((methods.KSame(), Mask()), 2.0).step([Target((0, 0, 1, 1))])
            1
        """

        def serves(method: Method) -> bool:
            return not isinstance(method, Choosy) or (not animated and all(map(method.serves, regions)))

        return next(i for i, method in enumerate(self.chain) if serves(method))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], kind: str = "face") -> "KindRule":
        """Return the rule that a mapping with ``chain`` and ``region_ratio`` describes."""
        given = checked(kind, mapping, cls)
        chain = given["chain"]
        if isinstance(chain, str) or not isinstance(chain, Sequence):
            raise SpecError(f"chain must be a list of methods, got {type(chain).__name__}")
        around = None if given.get("around") is None else Around.from_mapping(given["around"])
        return cls(tuple(methods.build(wish) for wish in chain), given["region_ratio"], around)

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_mapping` makes an equal rule."""
        chain = [{"name": method.name, **methods.parameters(method)} for method in self.chain]
        more = {} if self.around is None else {"around": self.around.to_mapping()}
        return {"chain": chain, "region_ratio": self.region_ratio, **more}


@dataclass(frozen=True)
class Bands:
    """What a finding's confidence means: ``sure``, ``unsure`` or, below both, ignored.

    Attributes:
        sure: from here on a finding is no question; in (0, 1].
        unsure: from here on it is anonymized, and the image waits for a person; in (0, ``sure``].
    """

    sure: float
    unsure: float

    def __post_init__(self) -> None:
        """Refuse bands in the wrong order."""
        for name in ("sure", "unsure"):
            value: object = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise SpecError(f"bands.{name} must be a number in (0, 1], got {value!r}")
        if not 0 < self.unsure <= self.sure <= 1:
            raise SpecError(f"bands must hold 0 < unsure <= sure <= 1, got unsure {self.unsure}, sure {self.sure}")

    @classmethod
    def from_mapping(cls, mapping: object) -> "Bands":
        """Return the bands that a mapping with ``sure`` and ``unsure`` describes."""
        if not isinstance(mapping, Mapping):
            raise SpecError(f"bands must be a mapping with sure and unsure, got {mapping!r}")
        return cls(**checked("bands", mapping, cls))


def checked(what: str, mapping: Mapping[str, Any], cls: type[Any]) -> dict[str, Any]:
    """Return the mapping where its keys are fields of ``cls`` and none that it needs is missing."""
    known = [f.name for f in fields(cls)]
    for key in mapping:
        if key not in known:
            raise UnknownNameError(f"key of {what}", str(key), known)
    needed = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in needed if name not in mapping]
    if missing:
        raise SpecError(f"{what} must have {', '.join(known)}; missing: {', '.join(missing)}")
    return dict(mapping)


def _shown(chain: Sequence[Method]) -> str:
    return " -> ".join(getattr(method, "name", repr(method)) for method in chain) or "nothing"
