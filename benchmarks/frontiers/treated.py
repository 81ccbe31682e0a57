"""Photos anonymized as the job does it: its regions, its keys, its methods; pixels, before any encoder."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import policy, treatment
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import Picture, decode
from anonymizer_udfs.keys import KEY_BYTES, Key
from anonymizer_udfs.methods import Mask
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.shares import Shares
from anonymizer_udfs.spec import Provenance, WorkerSpec
from benchmarks.frontiers.people import Photo
from benchmarks.frontiers.strengths import Strength

PROVENANCE = Provenance("frontier", "0", "frontier", (), "0" * 16)
MOST_PIXELS = 100_000_000


@dataclass(frozen=True, eq=False)
class Lake:
    """Photos that one person treats with one key: the archive's, or an attacker's own.

    Attributes:
        told: what the job would be told.
        shares: the surrogates of photos that have some, by file.
    """

    told: WorkerSpec
    shares: Mapping[Path, Shares] = field(default_factory=dict)


def whole_key(number: int) -> Key:
    """Return one of several keys: the lake's, and that of an attacker, who does not have it."""
    return Key(bytes([number]) * KEY_BYTES)


def spec(strength: Strength, key: Key, runtime: Runtime | None = None) -> WorkerSpec:
    """Return what the job would be told to treat faces so; nobody looks for them, so the detectors do not matter."""
    ends = isinstance(strength.method, Mask) and strength.method.opaque
    chain = (strength.method,) if ends else (strength.method, Mask())
    rule = replace(policy.public(), name="frontier", face=KindRule(chain, strength.region_ratio))
    return WorkerSpec(policy=rule, key=key, runtime=runtime or Runtime(()), provenance=PROVENANCE)


def picture(photo: Photo) -> Picture:
    """Return a photo as the job decodes it."""
    return decode(photo.path.read_bytes(), max_pixels=MOST_PIXELS)


def treat(photo: Photo, source: Picture, lake: Lake) -> treatment.Treated:
    """Return the photo with its face treated; the others in it stay as they are."""
    seen = (Sighting("centerface", "frontier", 1.0),)
    found = Finding("face", photo.box, 1.0, seen, landmarks=photo.landmarks, landmarks_by="centerface")
    image_id = lake.told.key.image_id(f"{photo.person}/{photo.path.name}")
    shares = lake.shares.get(photo.path, Shares())
    return treatment.treat(source, [Found(found, Look.PLAN)], image_id, lake.told, shares=shares)


def rgb_of(photo: Photo, lake: Lake) -> NDArray[np.uint8]:
    """Return the anonymized photo's pixels, uint8 ``(h, w, 3)``."""
    return treat(photo, picture(photo), lake).picture.rgb()
