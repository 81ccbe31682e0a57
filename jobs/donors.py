"""``faceveil surrogates --donors``: photos of people who consented become donors for the method ``surrogate``.

Needs no Spark. The donors' faces go into the vault, and nowhere else.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import __version__, imaging, subject
from anonymizer_udfs.ageing import Ages
from anonymizer_udfs.detection.search import Searcher
from anonymizer_udfs.donors.aligned import donor, unfit
from anonymizer_udfs.donors.faces import Donors
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.outcome import BadImageError
from jobs import context, measurers
from jobs.errors import UsageError
from jobs.ledger import Event, new_run_id
from jobs.peoplefolders import by_person
from jobs.placed import Placed
from jobs.progress import Counting
from jobs.screen import counted
from jobs.vaultmodels import VaultModels

JOB = "donors"
NAME = "donors"
LEAST_PEOPLE = 16
"""As many as a surrogate may be the mean of."""
LEAST_BAND = 0.5
"""What is found with less is not taken for a face."""
LANDMARKER = "dlib68"

Rgb = NDArray[np.uint8]
Face = tuple[Rgb, NDArray[np.float32], float]


@dataclass(frozen=True, eq=False)
class Gathered:
    """What a folder of photos gave.

    Attributes:
        faces: a canvas and points for each person, and how old they look, or NaN.
        left_out: photos of which no donor was made, by why.
        nobody: people of whom no photo could be taken.
    """

    faces: tuple[Face, ...]
    left_out: Counter[str] = field(default_factory=Counter)
    nobody: int = 0

    def donors(self) -> Donors:
        """Return the donors.

        Raises:
            UsageError: they are too few.
        """
        if len(self.faces) < LEAST_PEOPLE:
            raise UsageError(
                f"donors must be {LEAST_PEOPLE} people at least, the photos gave {len(self.faces)}; each needs a photo "
                "with the eyes 40 pixels apart or more, looking straight ahead, mouth closed and eyes open"
            )
        canvases, points, years = zip(*self.faces, strict=True)
        told = np.array(years, np.float32)
        return Donors(np.stack(canvases), np.stack(points), told if np.isfinite(told).all() else None)


@dataclass(frozen=True)
class Report:
    """What a run did."""

    run_id: str
    people: int
    nobody: int
    left_out: dict[str, int]
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return vars(self)

    def lines(self) -> list[str]:
        """Return what a person reads."""
        why = ", ".join(f"{count:,} {why}" for why, count in sorted(self.left_out.items())) or "none"
        return [
            f"donors: {counted(self.people, 'face')} in the vault, model {self.sha256[:12]}",
            f"people without a photo that could be taken: {self.nobody:,}",
            f"photos left out: {why}",
        ]


def gathered(people: Iterable[Sequence[Path]], eyes: "Eyes") -> Gathered:
    """Return a donor of each person of whom a photo can be taken: the first that can.

    Args:
        people: the photos of each.
        eyes: who looks at them.
    """
    faces, left_out, nobody = [], Counter[str](), 0
    for files in people:
        for file in files:
            found = eyes.donor(file)
            if not isinstance(found, str):
                faces.append(found)
                break
            left_out[found] += 1
        else:
            nobody += 1
    return Gathered(tuple(faces), left_out, nobody)


@dataclass(frozen=True)
class Eyes:
    """Who looks at photos.

    Attributes:
        told: whose detectors find faces, and where models lie.
        landmarker: who finds 68 points.
        max_pixels: most pixels of a photo.
        ages: who guesses how old they look; none: nobody.
    """

    told: context.Treatment
    landmarker: Landmarker
    max_pixels: int
    ages: Ages | None = None

    def donor(self, file: Path) -> Face | str:
        """Return a canvas and points of the face in a photo, and how old it looks, or why there is no donor."""
        try:
            picture = imaging.decode(file.read_bytes(), max_pixels=self.max_pixels)
        except (BadImageError, OSError):
            return "unreadable"
        policy, runtime = self.told.policy, self.told.runtime
        detectors = tuple(one for one in policy.detectors if one.landmarks)
        searcher = Searcher(detectors, policy.fusion, LEAST_BAND, LEAST_BAND)
        (found,) = searcher.search(subject.sights_of([picture]), policy.plan, runtime)
        (first, *more) = found or (None,)
        if first is None or first.landmarks is None or first.landmarks_by is None:
            return "without a face"
        if more:
            return "of several faces"
        rgb = subject.upright(picture)
        five = first.landmarks[None].astype(np.float32)
        (points,) = self.landmarker.locate(rgb, first.box[None], five, first.landmarks_by, runtime)
        why = unfit(points) if points.known else "without a face"
        if why is not None:
            return why
        years = math.nan if self.ages is None else float(self.ages.years(rgb, first.box[None], runtime)[0])
        return *donor(rgb, points), years


def photos(folder: Path) -> list[list[Path]]:
    """Return the files of each person, people and files in the order of their names.

    Raises:
        UsageError: the folder cannot be read, or has no folders.
    """
    files = by_person(folder)
    if not files:
        raise UsageError("the photos must lie in one folder a person, got no folder")
    return files


def run(placed: Placed, folder: Path, ages: str | None = None) -> Report:
    """Make donors of photos and keep them in a lake's vault.

    Args:
        placed: the lake.
        folder: one folder a person.
        ages: the model that guesses how old they look, ``PACK/FILE``; none: nobody does.

    Raises:
        UsageError: there are too few.
        VaultError: there is no vault.
        ModelError: the landmarker's model is missing, or its licence was not accepted.
    """
    settings, people = placed.common.settings, photos(folder)
    vault, key = placed.vault(), placed.key()
    told = context.treatment("public", settings)
    landmarker, _ = measurers.landmarker(LANDMARKER, settings)
    guess = measurers.ages(ages, settings) if ages else None
    eyes = Eyes(told, landmarker, settings.limits.max_pixels, guess)
    cv2.setNumThreads(told.runtime.threads)
    with Counting("looking at photos", len(people)) as counting:

        def shown() -> Iterable[Sequence[Path]]:
            for files in people:
                yield files
                counting.more(1)

        made = gathered(shown(), eyes)
    donors = made.donors()
    run_id = new_run_id()
    ref = VaultModels(vault, placed.common.storage).keep(NAME, donors.pack(), len(donors), run_id)
    placed.lake.ledger.append(_event(run_id, key.key_id, eyes, ref, len(donors)))
    return Report(run_id, len(donors), made.nobody, dict(made.left_out), ref.sha256)


def _event(run_id: str, key_id: str, eyes: Eyes, ref: ModelRef, people: int) -> Event:
    used = (*eyes.told.policy.models, eyes.landmarker.model, ref, *((eyes.ages.model,) if eyes.ages else ()))
    return Event(
        run_id=run_id,
        event="finished",
        job=JOB,
        key_id=key_id,
        pipeline_version=__version__,
        model_digests={one.name: one.sha256 for one in used},
        library_versions=context.library_versions(),
        counts={"donors": people},
    )
