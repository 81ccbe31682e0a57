"""What to look for, what to do with it, and whose verdict counts: a validated value that travels to executors."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from anonymizer_udfs import detection, family, methods
from anonymizer_udfs.detection import Detector
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import Mask, Method

PLANS = ("single",)
"""How detectors are run; ``single`` is one pass of one detector."""
REGION_RATIO_MAX = 4.0
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class KindRule:
    """What is done with the regions of one kind.

    Attributes:
        chain: methods, mild to strong; the first is tried first, and the last is the mask, which passes by
            construction.
        region_ratio: the region's size, in [1, 4], relative to the detector's box, about its centre.
    """

    chain: tuple[Method, ...]
    region_ratio: float

    def __post_init__(self) -> None:
        """Refuse a chain that does not end safe or does not rise, and a region smaller than the box."""
        object.__setattr__(self, "chain", tuple(self.chain))
        if not self.chain or not isinstance(self.chain[-1], Mask):
            raise SpecError(f"a chain must end with mask, which nobody sees through, got {_shown(self.chain)}; add it")
        for mild, strong in zip(self.chain, self.chain[1:], strict=False):
            if mild.strength >= strong.strength:
                raise SpecError(f"a chain must rise from mild to strong, got {_shown(self.chain)}; reorder it")
        ratio: object = self.region_ratio
        if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 1 <= ratio <= REGION_RATIO_MAX:
            raise SpecError(f"region_ratio must be a number in [1, {REGION_RATIO_MAX:g}], got {ratio!r}")
        object.__setattr__(self, "region_ratio", float(ratio))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "KindRule":
        """Return the rule that a mapping with ``chain`` and ``region_ratio`` describes."""
        given = _checked("face", mapping, cls)
        chain = given["chain"]
        if isinstance(chain, str) or not isinstance(chain, Sequence):
            raise SpecError(f"chain must be a list of methods, got {type(chain).__name__}")
        return cls(tuple(methods.build(wish) for wish in chain), given["region_ratio"])

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_mapping` makes an equal rule."""
        chain = [{"name": method.name, **methods.parameters(method)} for method in self.chain]
        return {"chain": chain, "region_ratio": self.region_ratio}


@dataclass(frozen=True)
class Policy:
    """How an archive is treated; made on the driver, used on executors.

    Attributes:
        name: how people call it: lower case, digits, ``-`` and ``_``.
        plan: how detectors are run, one of ``PLANS``.
        detector: what finds faces, with its thresholds.
        face: what is done with them.
        recognizer: name of the one whose verdict counts.
        originals_visible: whether contact sheets may show originals; never by default.
    """

    name: str
    plan: str
    detector: Detector
    face: KindRule
    recognizer: str
    originals_visible: bool = False

    def __post_init__(self) -> None:
        """Refuse names that are none, unknown plans and a detector of something else than faces."""
        for field, value in (("name", self.name), ("recognizer", self.recognizer)):
            if not isinstance(value, str) or not _NAME.fullmatch(value):
                raise SpecError(f"{field} must be a lower-case name such as 'public', got {value!r}")
        if self.plan not in PLANS:
            raise UnknownNameError("plan", str(self.plan), PLANS)
        if self.detector.kind != "face":
            raise SpecError(f"detector must find faces, {self.detector.name} finds {self.detector.kind}")
        if not isinstance(self.originals_visible, bool):
            raise SpecError(f"originals_visible must be true or false, got {self.originals_visible!r}")

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "Policy":
        """Return the policy that a mapping, such as a YAML file's, describes; checked as a whole.

        Args:
            mapping: the fields of this class; ``detector`` and each link of ``face.chain`` are a name, or a mapping
                with ``name`` and parameters.

        Raises:
            UnknownNameError: a key, a parameter, a method, a detector or a plan that nobody knows.
            SpecError: a key is missing, a value is out of range, or two contradict each other.
        """
        given = _checked("policy", mapping, cls)
        return cls(**{**given, "detector": detection.build(given["detector"]), "face": _face(given["face"])})

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_mapping` makes an equal policy (models are not in it)."""
        return {
            "name": self.name,
            "plan": self.plan,
            "detector": {"name": self.detector.name, **family.parameters(self.detector)},
            "face": self.face.to_mapping(),
            "recognizer": self.recognizer,
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
    return Policy("public", "single", detection.CenterFace(), KindRule((Mask(),), 2.0), "dlib_resnet")


def _face(wish: object) -> KindRule:
    if not isinstance(wish, Mapping):
        raise SpecError(f"face must be a mapping with chain and region_ratio, got {type(wish).__name__}")
    return KindRule.from_mapping(wish)


def _checked(what: str, mapping: Mapping[str, Any], cls: type[KindRule | Policy]) -> dict[str, Any]:
    """Return the mapping where its keys are fields of ``cls`` and none that it needs is missing."""
    known = [f.name for f in fields(cls)]
    for key in mapping:
        if key not in known:
            raise UnknownNameError(f"key of {what}", str(key), known)
    missing = [key for key in known if key not in mapping and key != "originals_visible"]
    if missing:
        raise SpecError(f"{what} must have {', '.join(known)}; missing: {', '.join(missing)}")
    return dict(mapping)


def _shown(chain: Sequence[Method]) -> str:
    return " -> ".join(getattr(method, "name", repr(method)) for method in chain) or "nothing"
