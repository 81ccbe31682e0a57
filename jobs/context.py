"""From names and settings to what a run works with: policy, models, thresholds, digests. Runs on the driver."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from anonymizer_udfs import __version__, ladder, recognition
from anonymizer_udfs.detection import Scrfd
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.keeping import KeepList
from anonymizer_udfs.methods import KSame
from anonymizer_udfs.models import dynamic_scrfd
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.cache import cache_dir
from anonymizer_udfs.models.registry import Registry, roots
from anonymizer_udfs.models.sessions import locate
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.recognition import Recognizer, calibration
from anonymizer_udfs.recognition.arcface import ArcFace
from anonymizer_udfs.recognition.panels import Member, Panel
from anonymizer_udfs.spec import Limits
from conf import policies
from conf.settings import Settings
from jobs.errors import UsageError
from jobs.models import registry

FMR = "1e-4"
"""Of strangers, so many count as one person; a face that is stored is less like its original than that."""
TIER = "tier"
_PLACES = {"models.local_dirs", "models.calibration_dir", "tracking.uri"}
"""Settings that name a place of the user's; a run's row has the digests of what lies there."""
LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime", "onnxruntime-gpu", "pillow", "pyarrow", "insightface")
"""Libraries that can change a pixel or a box; their versions are in each run's row."""


@dataclass(frozen=True)
class Treatment:
    """What is done to images in a run, and the digest by which an image is known to be done.

    Attributes:
        policy: the policy, its detectors' models resolved.
        panel: who attacks what is anonymized, with the thresholds of :data:`FMR`.
        runtime: where models lie and what runs them.
        files: the model files that a worker needs, by name.
        batching: for each detector of a pack, ``dynamic`` where it takes batches, or ``one: `` and why it does not.
        groups: the head of the ledger of groups, where the policy has ``k_same``: images are taken again when it moves.
        raised: what the policy means to which its risk score raises images, where it has one.
        keep: whose faces stay visible, where the policy allows that; none: nobody's.
        learned: files of models that come from the lake's vault, by name; workers get them whatever the settings say.
    """

    policy: Policy
    panel: Panel
    runtime: Runtime
    files: dict[str, Path]
    batching: dict[str, str] = field(default_factory=dict)
    groups: str | None = None
    learned: dict[str, Path] = field(default_factory=dict)
    raised: "Treatment | None" = None
    keep: KeepList | None = field(default=None, repr=False)

    @property
    def shares(self) -> bool:
        """Whether faces may get surrogates that they share."""
        return any(isinstance(method, KSame) for method in self.policy.face.chain)

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """The models in use, each once."""
        return tuple(dict.fromkeys([*self.policy.models, *(one.recognizer.model for one in self.panel.members)]))

    @property
    def model_digests(self) -> dict[str, str]:
        """Model name to SHA-256."""
        return {ref.name: ref.sha256 for ref in self.models}

    @property
    def digest(self) -> str:
        """32 hex digits over policy, thresholds and model digests; not over the code's version."""
        thresholds = [(one.recognizer.name, sorted(one.thresholds.items())) for one in self.panel.members]
        said: list[Any] = [self.policy.canonical(), thresholds, sorted(self.model_digests.items())]
        said += [] if self.groups is None else [self.groups]
        said += [] if self.keep is None else [["keep", self.keep.digest]]
        said += [] if self.raised is None else [self.raised.digest]
        return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()[:32]


def treatment(policy_name: str, settings: Settings) -> Treatment:
    """Return what a policy means under the settings; the model files are looked for and checked.

    Raises:
        UsageError: for an unknown policy.
        SpecError: for a policy that cannot be.
        ModelError: for a model that is missing, wrong, or whose licence was not accepted.
    """
    known = registry()
    policy = load_policy(policy_name, settings, known)
    raised = stronger(policy, settings, known)
    if policy.risk is not None and raised is not None:
        # By its name from here on: what is written in a policy may be the path of a file.
        wish, policy = policy.risk.to, replace(policy, risk=replace(policy.risk, to=raised.name))
    names = [settings.models.recognizer] if settings.models.recognizer else policy.panel
    members = [Member(who, thresholds(who, policy, settings, FMR)) for who in recognizers(names, settings, known)]
    places = roots(cache_dir(), settings.models.local_dirs)
    runtime = Runtime(places, tuple(settings.models.providers))
    models = (*policy.models, *(one.recognizer.model for one in members))
    found = {ref.name: locate(ref, runtime) for ref in models}
    batching = {
        one.name: dynamic_scrfd.batching(one.model, runtime) for one in policy.detectors if isinstance(one, Scrfd)
    }
    more = None if raised is None else treatment(wish, settings)
    return Treatment(policy, Panel(tuple(members)), runtime, found, batching, raised=more)


def stronger(policy: Policy, settings: Settings, known: Registry) -> Policy | None:
    """Return the policy to which a policy's risk score raises images, if it has one.

    Raises:
        UsageError: there is none of that name.
        SpecError: it cannot be, or is not stronger.
    """
    if policy.risk is None:
        return None
    found = load_policy(policy.risk.to, settings, known)
    ladder.check(policy, found)
    return found


def load_policy(name: str, settings: Settings, known: Registry) -> Policy:
    """Return the policy of a name or a file, with the names of its models resolved."""
    try:
        mapping = dict(policies.load(name))
    except (policies.UnknownPolicyError, ValueError) as error:
        raise UsageError(str(error)) from error
    models = {"detectors", "face", "plate"} & mapping.keys()
    policy = Policy.from_mapping(mapping | {key: _resolved(mapping[key], settings, known) for key in models})
    if settings.models.detector is None:
        return policy
    return replace(policy, detectors=(Scrfd(model=resolve(settings.models.detector, settings, known)),))


def _resolved(wish: Any, settings: Settings, known: Registry) -> Any:
    """Return what a policy wishes for with the names of models resolved: each ``model`` that is one, at any depth."""
    if isinstance(wish, list):
        return [_resolved(one, settings, known) for one in wish]
    if not isinstance(wish, dict):
        return wish
    inner = {key: _resolved(value, settings, known) for key, value in wish.items()}
    if isinstance(wish.get("model"), str):
        inner["model"] = resolve(wish["model"], settings, known)
    return inner


def resolve(name: str, settings: Settings, known: Registry) -> ModelRef:
    """Return the model of a name, as the settings allow it.

    Raises:
        UnknownNameError: there is none of that name.
        ModelError: its licence was not accepted, or a pack is missing.
    """
    return known.resolve(name, settings.models.licences_accepted, settings.models.local_dirs)


def recognizers(names: Sequence[str], settings: Settings, known: Registry) -> list[Recognizer]:
    """Return the recognizers of names, of which one with a ``/`` is ArcFace with a pack's model, ``PACK/FILE``.

    Raises:
        UnknownNameError: there is none of that name.
        ModelError: for a pack that is missing, or a licence that was not accepted.
        SpecError: two are of one kind, so that their scores could not be told apart.
    """
    found = [_recognizer(name, settings, known) for name in names]
    if len({one.name for one in found}) < len(found):
        raise SpecError(f"expected recognizers of different kinds, got {', '.join(names)}; take one of a kind")
    return found


def _recognizer(wish: str, settings: Settings, known: Registry) -> Recognizer:
    if "/" in wish:
        return ArcFace(model=resolve(wish, settings, known))
    found = recognition.build(wish)
    if found.model.sha256 != known.resolve(found.model.name).sha256:
        raise SpecError(f"model {found.model.name}: the code and conf/models.yaml name different digests; reinstall")
    return found


def limits(settings: Settings) -> Limits:
    """Return what bounds a worker's memory and time, by the settings."""
    given = settings.limits
    return Limits(
        max_pixels=given.max_pixels,
        max_bytes=given.max_bytes,
        batch_bytes=given.arrow_batch_bytes,
        read_ahead_bytes=given.read_ahead_bytes,
        read_threads=given.read_threads,
        worker_bytes=given.worker_bytes,
        image_seconds=given.image_seconds,
    )


def thresholds(who: Recognizer, policy: Policy, settings: Settings, fmr: str) -> dict[str, float]:
    """Return the similarity from which two faces match, by each detector of a policy that gives landmarks.

    Files that ``faceveil calibrate`` wrote go before ours; a recognizer that has none there keeps ours.

    Args:
        who: the recognizer.
        policy: whose detectors count.
        settings: where own calibrations lie.
        fmr: the false match rate by its label.

    Raises:
        SpecError: nobody measured it.
    """
    known = calibration.parse(_calibration(who, settings))
    names = [one.name for one in policy.detectors if one.landmarks]
    return {name: calibration.find(known, who.name, who.model.sha256, name).threshold(fmr) for name in names}


def found_clear(who: Recognizer, settings: Settings) -> float | None:
    """Return how often a recognizer finds people in clear photos among 1,000, by its calibration.

    It is the least over detectors; none where that was not measured.
    """
    given = _calibration(who, settings)
    mine = [one for one in given["calibrations"] if one["model_sha256"] == who.model.sha256]
    rates = [float(one["rank1_at_1000"]) for one in mine if "rank1_at_1000" in one]
    return min(rates, default=None)


def _calibration(who: Recognizer, settings: Settings) -> dict[str, Any]:
    """Return what is in a recognizer's calibration file; one of the user's goes before ours.

    Raises:
        SpecError: there is none.
    """
    own = settings.models.calibration_dir
    mine = None if own is None else Path(own).expanduser() / f"{who.name}.yaml"
    if mine is not None and mine.is_file():
        text = mine.read_text(encoding="utf-8")
    elif (shipped := files("conf") / "calibration" / f"{who.name}.yaml").is_file():
        text = shipped.read_text(encoding="utf-8")
    else:
        raise SpecError(f"recognizer {who.name} has no calibration; measure one with faceveil calibrate")
    return dict(yaml.safe_load(text))


def library_versions() -> dict[str, str]:
    """Return the installed version of each library that can change a pixel."""
    out = {"faceveil": __version__}
    for name in LIBRARIES:
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            continue
    return out


def settings_json(
    settings: Settings, asked: Mapping[str, Any], batching: Mapping[str, str], tiers: Mapping[str, str]
) -> str:
    """Return all settings as JSON for the run's record, and how packs take pictures; no credential, no folder.

    Args:
        settings: of the run.
        asked: what else the command line said, and the keyed id of the vault's mapping.
        batching: as :class:`Treatment` has it.
        tiers: the digest of each policy that data sets have, by its name.
    """
    flat = {k: v for k, v in settings.flat().items() if k not in _PLACES}
    profile = ",".join(Path(name).name for name in settings.profile.split(","))  # one may be a file of the user's
    said = {"profile": profile, **asked, **_under("batching", batching), **_under(TIER, tiers)}
    return json.dumps(flat | said, sort_keys=True)


def tiers_of(settings: str | None) -> dict[str, str]:
    """Return the digest of each policy that data sets had, by its name, from what :func:`settings_json` gave."""
    said = json.loads(settings or "{}")
    return {name.removeprefix(f"{TIER}."): value for name, value in said.items() if name.startswith(f"{TIER}.")}


def _under(group: str, values: Mapping[str, str]) -> dict[str, str]:
    return {f"{group}.{name}": value for name, value in values.items()}
