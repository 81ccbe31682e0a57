"""The images on which one person is found, by a photo of that person. Runs on the driver; templates stay in memory.

Originals are read once more, through the vault. What could not be looked at is counted and told: whoever asks to be
erased has to know where nobody looked.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs import imaging, subject
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.search import FACE, Searcher
from anonymizer_udfs.grouping import seeking
from anonymizer_udfs.grouping.reading import FaceSpec, State
from anonymizer_udfs.grouping.seeking import Probe
from anonymizer_udfs.outcome import BadImageError
from anonymizer_udfs.recognition.base import Recognizer, Templates
from anonymizer_udfs.udfs import FacePartition
from jobs import context, lakefaces, session, sparkerrors
from jobs.errors import UsageError
from jobs.lake import SparkLake
from jobs.placed import Placed
from jobs.plan import TASKS_A_CORE
from jobs.screen import counted

RATES = ("1e-3", "1e-4")
"""Of strangers, so many are taken for the person; the first is the default, since one photo that stays is worse."""
SURE = 0.5
"""A face of the photo that is found with less is not taken for one."""
POLICY = "public"


@dataclass(frozen=True)
class Sought:
    """Where a person was found, and what was not looked at.

    Attributes:
        image_ids: images with a face that matches; hidden from ``repr``.
        rate: share of strangers that match.
        faces: faces that were compared.
        images: images that these are in.
        unread: images whose original is gone or has other bytes.
        unaligned: faces without points by a detector that the recognizer knows.
        held_back: images in quarantine: nobody knows what they show.
        moved: animations, and images that a step of the policy moved.
        unlisted: images with faces whose source the vault does not know.
        faceless: images in which no face was found: a face that the job missed is missed here, too.
    """

    image_ids: frozenset[str] = field(repr=False)
    rate: str
    faces: int
    images: int
    unread: int
    unaligned: int
    held_back: int
    moved: int
    unlisted: int
    faceless: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``: how many, and not which."""
        said = {name: value for name, value in vars(self).items() if name != "image_ids"}
        return {**said, "matched": len(self.image_ids), "strangers_expected": self.strangers}

    @property
    def strangers(self) -> float:
        """How many strangers' faces match by chance, where all faces are strangers'."""
        return round(self.faces * float(self.rate), 1)

    def lines(self) -> list[str]:
        """Return what a person reads."""
        found = f"the person is found on {counted(len(self.image_ids), 'image')}"
        compared = f"{counted(self.faces, 'face')} of {counted(self.images, 'image')} compared"
        unlooked = (
            (self.unread, "images whose original is gone or was changed"),
            (self.held_back, "images in quarantine"),
            (self.moved, "animations, or images that a step of the policy moved"),
            (self.unlisted, "images whose source the vault does not know"),
            (self.unaligned, "faces without usable points"),
            (self.faceless, "images in which no face was found"),
        )
        rest = [f"  not looked at: {count} {what}" for count, what in unlooked if count]
        return [f"{found} ({compared}; by chance about {self.strangers:g} would match)", *rest]


def sought(placed: Placed, photo: Path, rate: str, content_column: str | None) -> Sought:
    """Return where the person of a photo is found.

    Args:
        placed: the lake; its vault says where originals are.
        photo: a local file that shows one face.
        rate: one of :data:`RATES`.
        content_column: the column of a table source that holds the images.

    Raises:
        UsageError: the photo cannot be read, or does not show exactly one face.
        VaultError: there is no vault, or no key.
    """
    vault, key, common = placed.vault(), placed.key(), placed.common
    told = context.treatment(POLICY, common.settings)
    who = told.panel.members[0].recognizer
    templates = of_photo(photo, told, who, common.settings.limits.max_pixels)
    probe = Probe(templates, context.thresholds(who, told.policy, common.settings, rate))
    limits, storage = context.limits(common.settings), common.storage
    spec = FaceSpec(key, who, told.runtime, limits, storage, content_column)
    spark = session.create(common.settings, storage)
    with sparkerrors.translated():
        session.ship(spark, told.files if common.settings.models.ship else {})
        lake = SparkLake(placed.lake.uri, spark, storage)
        wanted = lakefaces.wanted(spark, lake, vault).repartition(TASKS_A_CORE * session.cores(spark), "image_id")
        seek = FacePartition(partial(seeking.seek, probe=probe), spec)
        seen = wanted.mapInArrow(seek, from_arrow_schema(seeking.SOUGHT)).persist()
        try:
            return _counted(lake, seen, rate)
        finally:
            seen.unpersist()


def _counted(lake: SparkLake, seen: DataFrame, rate: str) -> Sought:
    ids = [row["image_id"] for row in seen.where("matched").select("image_id").distinct().collect()]
    by = {row["state"]: row for row in seen.groupBy("state").agg(F.count("*"), F.countDistinct("image_id")).collect()}
    faces = {state: int(by[state][1]) if state in by else 0 for state in State}
    images = {state: int(by[state][2]) if state in by else 0 for state in State}
    stills, rows = lakefaces.stills(lake), lake.frame("images")
    still, held_back = stills.count(), rows.where("status = 'quarantined'").count()
    with_faces = stills.where(F.exists("faces", lambda face: face["kind"] == F.lit(FACE))).count()
    return Sought(
        image_ids=frozenset(ids),
        rate=rate,
        faces=faces[State.READ],
        images=images[State.READ],
        unread=images[State.GONE] + images[State.CHANGED],
        unaligned=faces[State.UNALIGNED],
        held_back=held_back,
        moved=rows.count() - held_back - still,
        unlisted=with_faces - seen.select("image_id").distinct().count(),
        faceless=still - with_faces,
    )


def of_photo(
    file: Path, told: context.Treatment, who: Recognizer, max_pixels: int, asked: str = "--face"
) -> dict[str, Templates]:
    """Return the templates of the one face of a photo, by the detector whose points it was aligned by.

    Raises:
        UsageError: it cannot be read, or does not show exactly one face.
    """
    cv2.setNumThreads(told.runtime.threads)
    try:
        picture = imaging.decode(file.read_bytes(), max_pixels=max_pixels)
    except (BadImageError, OSError) as error:
        raise UsageError(f"{asked}: the photo cannot be read; expected a local JPEG, PNG, WebP, TIFF or BMP") from error
    sights, rgb, policy = subject.sights_of([picture]), subject.upright(picture), told.policy
    found = [
        one
        for one in policy.searcher.search(sights, policy.plan, told.runtime)[0]
        if one.kind == FACE and one.confidence >= SURE
    ]
    if len(found) != 1:
        raise UsageError(f"{asked}: expected a photo of one face, found {len(found)}; crop it to the person")
    out: dict[str, Templates] = {}
    for detector in policy.detectors:
        if detector.landmarks:
            alone = Searcher((detector,), policy.fusion, SURE, SURE).search(sights, policy.plan, told.runtime)[0]
            nearest = min(alone, key=lambda one: _apart(one, found[0]), default=None)
            if nearest is not None and nearest.landmarks is not None:
                out[detector.name] = who.embed(rgb, nearest.landmarks[None], detector.name, told.runtime)[0]
    if not out:
        raise UsageError(f"{asked}: the face cannot be aligned; give a photo from the front, in better light")
    return out


def _apart(one: Finding, other: Finding) -> float:
    return float(np.abs(one.box - other.box).sum())
