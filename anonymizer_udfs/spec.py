"""All that a worker is told: a validated, frozen value that travels to executors with the partition function."""

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from anonymizer_udfs import ladder
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.recognition.panels import Panel
from anonymizer_udfs.sources.base import Storage

if TYPE_CHECKING:
    from anonymizer_udfs.keeping import KeepList

MEBIBYTE = 1 << 20
_STEP_PIXELS = 10_000_000


@dataclass(frozen=True)
class Limits:
    """What bounds a worker's memory and time, whatever the images.

    Attributes:
        max_pixels: pictures of more pixels are quarantined before they are decoded.
        max_bytes: source files of more bytes are quarantined before they are read.
        batch_bytes: an Arrow batch is given on when it holds this many bytes (and at most one image more).
        read_ahead_bytes: source bytes that are read ahead of the work.
        read_threads: reads at a time.
        worker_bytes: resident memory of one worker process, models included; above it the process is ended, and the
            image that took it there is quarantined. Measured with the policy ``public``: 0.6 GB from 1 to 12
            megapixels, 2.4 GB for a JPEG and 3.4 GB for a PNG of 16 bits with alpha of 100 megapixels.
        image_seconds: the work on an image of up to 10 megapixels, and as much again for each 10 more; reading apart.
            Measured with ``public`` on one core: 1.4 s for 1 megapixel, 3.4 s for 12, 16 to 47 s for 100.
    """

    max_pixels: int = 100_000_000
    max_bytes: int = 256 * MEBIBYTE
    batch_bytes: int = 32 * MEBIBYTE
    read_ahead_bytes: int = 64 * MEBIBYTE
    read_threads: int = 4
    worker_bytes: int = 6 * 1024 * MEBIBYTE
    image_seconds: int = 120

    def __post_init__(self) -> None:
        """Refuse a bound that lets nothing through."""
        for one in fields(self):
            if getattr(self, one.name) < 1:
                raise SpecError(f"{one.name} must be at least 1, got {getattr(self, one.name)}")

    def seconds(self, pixels: int) -> float:
        """Return how long the work on a picture of so many pixels may take.

        What a header claims beyond ``max_pixels`` is never decoded, so it gives no more time.

        Examples:
            >>> [Limits(image_seconds=60).seconds(pixels) for pixels in (0, 10_000_000, 10_000_001, 10**12)]
            [60.0, 60.0, 120.0, 600.0]
        """
        return float(self.image_seconds * max(1, -(-min(pixels, self.max_pixels) // _STEP_PIXELS)))


@dataclass(frozen=True)
class Measure:
    """What is measured on a sample of the images; it changes no byte of them.

    Attributes:
        share: the share of images in [0, 1], chosen by their ids, so that it depends on no order.
    """

    share: float

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 0 <= self.share <= 1:
            raise SpecError(f"share must be in [0, 1], got {self.share}")

    def takes(self, image_id: str) -> bool:
        """Return whether the image is in the sample.

        Ids are keyed hashes, so their first 32 bits are uniform.
        """
        return int(image_id[:8], 16) < self.share * 2**32


@dataclass(frozen=True)
class Provenance:
    """What each row of a run says about the run."""

    run_id: str
    pipeline_version: str
    policy_digest: str
    model_digests: tuple[tuple[str, str], ...]
    key_id: str
    noise_key_id: str | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns that are the same for all images of one policy."""
        return {
            "run_id": self.run_id,
            "pipeline_version": self.pipeline_version,
            "policy_digest": self.policy_digest,
            "model_digests": list(self.model_digests),
            "key_id": self.key_id,
            "noise_key_id": self.noise_key_id,
        }


@dataclass(frozen=True)
class Tier:
    """What a further policy of a run means to a worker.

    Attributes:
        policy: what to look for and what to do with it.
        policy_digest: by which its images are known to be done.
        model_digests: of the models that it uses, by name.
        panel, measure, keep: as :class:`WorkerSpec` has them.
    """

    policy: Policy
    policy_digest: str
    model_digests: tuple[tuple[str, str], ...]
    panel: Panel | None = None
    measure: Measure | None = None
    keep: "KeepList | None" = field(default=None, repr=False)


@dataclass(frozen=True)
class WorkerSpec:
    """What one worker needs to turn planned images into rows.

    Attributes:
        policy: what to look for and what to do with it, in images whose data set has no other.
        key: what ids and noise are derived from; hidden from ``repr``.
        runtime: where models lie and what runs them.
        provenance: the run.
        panel: who attacks what was anonymized; ``None``: nobody does, and no face is treated by more than the first
            method of its chain. Jobs always have one.
        measure: the sampled measurements; ``None`` for none.
        content_column: the column of a table source that holds the images.
        tiers: the other policies that images of the run have.
        suppressed: what :meth:`Key.suppressed` makes of erased contents: an image that has one of them is held back.
        keep: whose faces stay visible under the policy, where it allows that; ``None``: nobody's.
    """

    policy: Policy
    key: Key = field(repr=False)
    runtime: Runtime
    provenance: Provenance
    limits: Limits = field(default_factory=Limits)
    storage: Storage = field(default_factory=Storage)
    panel: Panel | None = None
    measure: Measure | None = None
    content_column: str | None = None
    tiers: tuple[Tier, ...] = ()
    suppressed: frozenset[str] = field(default=frozenset(), repr=False)
    keep: "KeepList | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse two policies of one name, and one that raises images to what is not stronger.

        One that is not there is told by :meth:`raised`, which no image gets past.
        """
        names = [self.policy.name, *(one.policy.name for one in self.tiers)]
        if len(set(names)) < len(names):
            raise SpecError(f"policies of one run differ in their names, got {', '.join(names)}")
        for one in (self.policy, *(tier.policy for tier in self.tiers)):
            if one.risk is not None and one.risk.to in names:
                ladder.check(one, self._named(one.risk.to).policy)

    def under(self, name: str | None) -> "WorkerSpec":
        """Return what a worker needs for images of one of the policies; ``None``: the run's own.

        Raises:
            SpecError: if the run has no policy of that name.
        """
        if name in {None, self.policy.name}:
            return self
        one = self._named(str(name))
        told = replace(self.provenance, policy_digest=one.policy_digest, model_digests=one.model_digests)
        tiers = (self._named(self.policy.name), *(other for other in self.tiers if other is not one))
        return replace(
            self, policy=one.policy, provenance=told, panel=one.panel, measure=one.measure, tiers=tiers, keep=one.keep
        )

    def digest_of(self, content: bytes) -> str | None:
        """Return the digest of a source's bytes for its row; none for an erased one, which would name it again."""
        digest = self.key.source_digest(content)
        return None if self.suppressed and self.key.suppressed("content", digest) in self.suppressed else digest

    def _named(self, name: str) -> Tier:
        told = self.provenance
        mine = Tier(self.policy, told.policy_digest, told.model_digests, self.panel, self.measure, self.keep)
        for one in (mine, *self.tiers):
            if one.policy.name == name:
                return one
        raise SpecError(f"this run has no policy {name!r}")

    def columns(self, name: str | None, treated: str | None) -> dict[str, Any]:
        """Return the columns that say by what an image was made.

        Args:
            name: the policy of its data set.
            treated: the policy by which it was treated: the same, or one to which its risk raised it.
        """
        own = self.under(name)
        path = [own]
        while path[-1].policy.name != self.under(treated or name).policy.name:
            path.append(path[-1].raised())
        last = path[-1].policy.name
        models = dict(pair for one in path for pair in one.provenance.model_digests)
        return {
            **own.provenance.columns(),
            "model_digests": sorted(models.items()),
            "policy": last,
            "raised_from": own.policy.name if last != own.policy.name else None,
        }

    def raised(self) -> "WorkerSpec":
        """Return what a worker needs for images that this policy's risk score raises.

        Raises:
            SpecError: it raises none, or the run does not have the policy.
        """
        if self.policy.risk is None:
            raise SpecError(f"policy {self.policy.name} raises no image")
        return self.under(self.policy.risk.to)
