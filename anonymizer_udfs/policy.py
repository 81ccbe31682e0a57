"""What to look for, what to do with it, and whose verdict counts: a validated value that travels to executors."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anonymizer_udfs import detection, family, steps
from anonymizer_udfs.detection import Detector, plans
from anonymizer_udfs.detection import fusion as fusing
from anonymizer_udfs.detection.fusion import Fusion
from anonymizer_udfs.detection.plans import Plan
from anonymizer_udfs.detection.search import Searcher
from anonymizer_udfs.drift import Monitor
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import Mask
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.risk import Risk
from anonymizer_udfs.rules import REGION_RATIO_MAX, Bands, KindRule, checked
from anonymizer_udfs.steps import Step

__all__ = ["REGION_RATIO_MAX", "Bands", "KindRule", "Policy", "public"]

MASKED, PASSED = "mask", "pass"
UNJUDGED = (MASKED, PASSED)
TIER_MAX = 99
UNRANKED = 0
ONE, TWO = "one", "two"
REVIEWS = (ONE, TWO)
_CHANGE_NO_IMAGE = frozenset({"monitor", "originals_visible", "review", "tier"})
_LATER = ("risk", "steps", "keep")
"""Keys that policies have only since there were lakes: without them a digest is what it was before."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


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
        tier: its rank among policies, up to 99: one of a higher tier protects more. 0: it has none.
        risk: when an image is raised to a policy of a higher tier; none: never.
        steps: what is done with every pixel of a picture before its faces are treated, in order.
        unjudged: what becomes of an image with a face that nobody on the panel can judge, since it has no landmarks:
            ``mask``, the last method of the chain at once, or ``pass``.
        keep: whether faces of people who consented (``faceveil keep``) stay visible; never by default.
        monitor: from when on a run counts as other than those before it.
        review: how many people have to agree before an image that waits for one is released, or a region is restored:
            ``one`` or ``two``.
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
    tier: int = UNRANKED
    risk: Risk | None = None
    steps: tuple[Step, ...] = ()
    unjudged: str = MASKED
    keep: bool = False
    monitor: Monitor = field(default_factory=Monitor)
    review: str = ONE

    def __post_init__(self) -> None:
        """Refuse names that are none, and parts that contradict each other."""
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise SpecError(f"name must be a lower-case name such as 'public', got {self.name!r}")
        _check_panel(self.panel)
        object.__setattr__(self, "panel", tuple(self.panel))
        _check_word("unjudged", self.unjudged, UNJUDGED)
        _check_word("review", self.review, REVIEWS)
        object.__setattr__(self, "detectors", tuple(self.detectors))
        object.__setattr__(self, "steps", tuple(self.steps))
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
        _check_switches(self)
        tier: object = self.tier
        if isinstance(tier, bool) or not isinstance(tier, int) or not UNRANKED <= tier <= TIER_MAX:
            raise SpecError(f"tier must be a whole number in [{UNRANKED}, {TIER_MAX}], got {tier!r}")

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
        given = checked("policy", mapping, cls)
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
        if given.get("risk") is not None:
            made["risk"] = Risk.from_mapping(given["risk"])
        if given.get("steps") is not None:
            made["steps"] = steps.build(given["steps"])
        if given.get("monitor") is not None:
            made["monitor"] = Monitor.from_mapping(given["monitor"])
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
            "keep": self.keep,
            "review": self.review,
            "originals_visible": self.originals_visible,
            "tier": self.tier,
            "risk": self.risk.to_mapping() if self.risk else None,
            "steps": [{"name": one.name, **family.parameters(one)} for one in self.steps],
            "monitor": self.monitor.to_mapping(),
        }

    def canonical(self) -> str:
        """Return what the policy digest is computed from, as JSON with sorted keys.

        Model digests are not in it, whoever computes the digest adds them; nor is what changes no image
        (``monitor``, ``originals_visible``, ``review``, ``tier``), so that changing them processes nothing again.
        """
        said = {key: value for key, value in self.to_mapping().items() if key not in _CHANGE_NO_IMAGE}
        for key in _LATER:
            if not said[key]:
                del said[key]
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
        tier=40,
    )


def _check_switches(policy: Policy) -> None:
    for name in ("originals_visible", "keep"):
        if not isinstance(getattr(policy, name), bool):
            raise SpecError(f"{name} must be true or false, got {getattr(policy, name)!r}")


def _check_word(key: str, word: object, known: Sequence[str]) -> None:
    if word not in known:
        raise SpecError(f"{key} must be one of {', '.join(known)}, got {word!r}")


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
    if "person" in kinds:
        raise SpecError(f"{names[kinds.index('person')]} finds people, of whom no policy says anything; take it out")
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
