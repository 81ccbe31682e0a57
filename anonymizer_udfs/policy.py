"""What to look for, what to do with it, and whose verdict counts: a validated value that travels to executors."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from anonymizer_udfs import detection, family, methods
from anonymizer_udfs.around import Around
from anonymizer_udfs.detection import Detector, plans
from anonymizer_udfs.detection import fusion as fusing
from anonymizer_udfs.detection.fusion import Fusion
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.detection.search import Searcher
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import Mask, Method, Target
from anonymizer_udfs.methods.base import Choosy, models_of
from anonymizer_udfs.methods.mask import OPAQUE
from anonymizer_udfs.models.base import ModelRef

REGION_RATIO_MAX = 4.0
MASKED, PASSED = "mask", "pass"
UNJUDGED = (MASKED, PASSED)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


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

    def step(self, regions: Sequence[Target], *, animated: bool = False, least: int = 0) -> int:
        """Return which method all regions of an image take: the first that serves each of them; the mask serves all.

        Args:
            regions: where the regions of this kind are.
            least: where in the chain to begin: milder methods were tried, and somebody was still recognised.
            animated: whether it is one frame of several. Then a method that serves some faces alone serves none: in
                another frame the same face might not be served, and be seen in both ways.

        Examples:
            >>> KindRule((methods.KSame(), Mask()), 2.0).step([Target((0, 0, 1, 1))])
            1
        """

        def serves(method: Method) -> bool:
            return not isinstance(method, Choosy) or (not animated and all(map(method.serves, regions)))

        return next(i for i, method in enumerate(self.chain) if i >= least and serves(method))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], kind: str = "face") -> "KindRule":
        """Return the rule that a mapping with ``chain`` and ``region_ratio`` describes."""
        given = _checked(kind, mapping, cls)
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
        return cls(**_checked("bands", mapping, cls))


@dataclass(frozen=True)
class Policy:
    """How an archive is treated; made on the driver, used on executors.

    Attributes:
        name: how people call it: lower case, digits, ``-`` and ``_``.
        plan: the passes in which detectors look at a picture.
        detectors: who looks, each with its thresholds; at least one finds faces.
        bands: from which confidence on a finding counts, and from which on it is no question.
        face: what is done with faces.
        panel: who attacks each anonymized face, by name, or ``PACK/FILE`` for ArcFace; the strictest decides.
        plate: what is done with licence plates; needed where a detector finds them.
        fusion: how what many passes saw becomes one region a face.
        second_look: the plan in which the anonymized picture is searched again for what no region covers; none: it is
            not.
        thorough_share: the share, in [0, 1], of pictures in which nothing was found that the thorough plan searches
            before they are clean; what it finds there is the logged miss rate.
        originals_visible: whether contact sheets may show originals; never by default.
        unjudged: what becomes of an image with a face that nobody on the panel can judge, since it has no landmarks:
            ``mask``, the last method of the chain at once, or ``pass``.
    """

    name: str
    plan: Plan
    detectors: tuple[Detector, ...]
    bands: Bands
    face: KindRule
    panel: tuple[str, ...]
    plate: KindRule | None = None
    fusion: Fusion = field(default_factory=fusing.WeightedBoxes)
    second_look: Plan | None = plans.FAST
    thorough_share: float = 1.0
    originals_visible: bool = False
    unjudged: str = MASKED

    def __post_init__(self) -> None:
        """Refuse names that are none, and parts that contradict each other."""
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise SpecError(f"name must be a lower-case name such as 'public', got {self.name!r}")
        _check_panel(self.panel)
        object.__setattr__(self, "panel", tuple(self.panel))
        if self.unjudged not in UNJUDGED:
            raise SpecError(f"unjudged must be one of {', '.join(UNJUDGED)}, got {self.unjudged!r}")
        object.__setattr__(self, "detectors", tuple(self.detectors))
        _check_detectors(self.detectors, self.plate)
        for plan in (self.plan, self.second_look):
            for one in plan.passes if plan else ():
                for who in one.detectors:
                    if who not in detection.DETECTORS:
                        raise UnknownNameError(f"detector of pass {one.name}", who, detection.DETECTORS)
        share: object = self.thorough_share
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise SpecError(f"thorough_share must be a number in [0, 1], got {share!r}")
        object.__setattr__(self, "thorough_share", float(share))
        if not isinstance(self.originals_visible, bool):
            raise SpecError(f"originals_visible must be true or false, got {self.originals_visible!r}")

    @property
    def searcher(self) -> Searcher:
        """Who runs its plans."""
        return Searcher(self.detectors, self.fusion, self.bands.sure, self.bands.unsure)

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """The model files that its detectors and its methods need, each once."""
        rules = (self.face, *([] if self.plate is None else [self.plate]))
        every = [*(one.model for one in self.detectors), *(ref for rule in rules for ref in rule.models)]
        return tuple(dict.fromkeys(every))

    def rule(self, kind: str) -> KindRule:
        """Return what is done with the regions of a kind, ``face`` or ``plate``."""
        return self.plate if kind == "plate" and self.plate is not None else self.face

    def searches_again(self, image_id: str) -> bool:
        """Return whether the thorough plan searches an image in which the policy's plan found nothing.

        Ids are keyed hashes, so their bits are uniform; these are not the ones that choose the measured sample.
        """
        return self.plan != plans.THOROUGH and int(image_id[8:16], 16) < self.thorough_share * 2**32

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "Policy":
        """Return the policy that a mapping, such as a YAML file's, describes; checked as a whole.

        Args:
            mapping: the fields of this class; each of ``detectors`` and each link of a ``chain`` is a name, or a
                mapping with ``name`` and parameters; ``plan`` and ``second_look`` are a name, or a mapping with
                ``name`` and ``passes``.

        Raises:
            UnknownNameError: a key, a parameter, a method, a detector or a plan that nobody knows.
            SpecError: a key is missing, a value is out of range, or two contradict each other.
        """
        given = _checked("policy", mapping, cls)
        wishes = given["detectors"]
        if isinstance(wishes, str) or not isinstance(wishes, Sequence):
            raise SpecError(f"detectors must be a list of detectors, got {wishes!r}; write [{wishes}]")
        made = {
            "plan": Plan.build(given["plan"]),
            "detectors": tuple(detection.build(wish) for wish in wishes),
            "bands": Bands.from_mapping(given["bands"]),
            "face": _rule("face", given["face"]),
        }
        if given.get("plate") is not None:
            made["plate"] = _rule("plate", given["plate"])
        if given.get("second_look") is not None:
            made["second_look"] = Plan.build(given["second_look"])
        if "fusion" in given:
            made["fusion"] = fusing.build(given["fusion"])
        return cls(**{**given, **made})

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_mapping` makes an equal policy (models are not in it)."""
        return {
            "name": self.name,
            "plan": self.plan.to_mapping(),
            "detectors": [{"name": one.name, **family.parameters(one)} for one in self.detectors],
            "fusion": {"name": self.fusion.name, **family.parameters(self.fusion)},
            "bands": {"sure": self.bands.sure, "unsure": self.bands.unsure},
            "face": self.face.to_mapping(),
            "plate": self.plate.to_mapping() if self.plate else None,
            "second_look": self.second_look.to_mapping() if self.second_look else None,
            "thorough_share": self.thorough_share,
            "panel": list(self.panel),
            "unjudged": self.unjudged,
            "originals_visible": self.originals_visible,
        }

    def canonical(self) -> str:
        """Return what the policy digest is computed from, as JSON with sorted keys.

        Model digests are not in it, whoever computes the digest adds them; nor is ``originals_visible``, which changes
        what a sheet shows and no image, so that allowing it processes nothing again.
        """
        said = {key: value for key, value in self.to_mapping().items() if key != "originals_visible"}
        return json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)


def public() -> Policy:
    """Return the default: an opaque mask over the whole head; ``conf/policies/public.yaml`` says the same."""
    return Policy(
        name="public",
        plan=plans.THOROUGH,
        detectors=(detection.CenterFace(), detection.YuNet()),
        bands=Bands(sure=0.7, unsure=0.6),
        face=KindRule((Mask(),), 2.0),
        panel=("dlib_resnet",),
    )


def _check_panel(panel: object) -> None:
    if isinstance(panel, str) or not isinstance(panel, Sequence):
        raise SpecError(f"panel must be a list of recognizers, got {panel!r}; write [{panel}]")
    if not panel or len(set(panel)) < len(panel):
        raise SpecError(f"panel must name at least one recognizer, and none twice, got {list(panel)}")
    for name in panel:
        if not isinstance(name, str) or not (_NAME.fullmatch(name) or "/" in name):
            raise SpecError(f"panel must name recognizers, such as dlib_resnet, or PACK/FILE; got {name!r}")


def _check_detectors(detectors: Sequence[Detector], plate: KindRule | None) -> None:
    kinds = [one.kind for one in detectors]
    names = [one.name for one in detectors]
    if "face" not in kinds:
        raise SpecError(f"detectors must have one that finds faces, got {', '.join(names) or 'none'}")
    if len(set(names)) < len(names):
        raise SpecError(f"detectors must differ in their names, got {', '.join(names)}")
    if "plate" in kinds and plate is None:
        raise SpecError(f"{names[kinds.index('plate')]} finds plates: say what is done with them by the key plate")
    if "plate" not in kinds and plate is not None:
        raise SpecError(f"plate says what is done with plates, and none of {', '.join(names)} finds any; add one")
    if plate is not None and plate.around is not None:
        raise SpecError("around says what is done with people around a face; a plate has none: take it out")


def _rule(kind: str, wish: object) -> KindRule:
    if not isinstance(wish, Mapping):
        raise SpecError(f"{kind} must be a mapping with chain and region_ratio, got {type(wish).__name__}")
    return KindRule.from_mapping(wish, kind)


def _checked(what: str, mapping: Mapping[str, Any], cls: type[KindRule | Bands | Policy]) -> dict[str, Any]:
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
