"""A face of nobody in place of somebody's, as turned, lit and expressive as theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import ageing, landmarks
from anonymizer_udfs.ageing import Ages
from anonymizer_udfs.donors import shape
from anonymizer_udfs.donors.faces import Donors, bundled, read
from anonymizer_udfs.errors import ModelFormatError, ModelMissingError, SpecError, UnknownNameError
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.methods import inks as light
from anonymizer_udfs.methods.base import Patch, Target, check_count, colours, face_pixels, full_range
from anonymizer_udfs.methods.carried import sources
from anonymizer_udfs.methods.expressed import expressed, irises, mouth_gap
from anonymizer_udfs.methods.put import Work
from anonymizer_udfs.methods.sampling import LEVELS, levels, sampled
from anonymizer_udfs.methods.seen import agrees, look
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.models.sessions import loaded

DRAWN, ARCHIVE = SOURCES = ("drawn", "archive")
_TONE_STEP = 0.1


@dataclass(frozen=True)
class StandIn:
    """Put the mean face of some donors over a face, turned, lit and expressive as it is.

    Of the original's face, from the brows to the chin and from cheek to cheek, no pixel is left. What is kept of it:

    - by the detector's five points, place, size and how it is turned;
    - with a landmarker, by 68 points: how far eyes and mouth are open, how wide the mouth is and how it bends, how high
      the brows are, where the eyes look, and the outline of a head that is turned far;
    - its light and colours, as means over cells of the box, without brows, eyes, nostrils and lips; and within 0.26
      distances of the eyes of the cover's edge, as a blur by 0.085 has it;
    - how sharp it is in six steps, and how strong its grain is.

    Proportions and every feature are the donors'. Hair, ears, the upper forehead, neck and all around are as they were,
    but moved along with the outline of the jaw, and sampled in 256 levels half a pixel beside their own pixels: who is
    known by them is known still. Each image draws its donors anew, by its own part of the key: two photos of a person
    get different faces.

    Attributes:
        k: donors that a face is the mean of, 2 to 16.
        cells: of light along a side of the face's box, 1 to 8; fewer tell less.
        landmarker: who finds 68 points, as ``{name: dlib68, model: dlib68}``; None: what five points tell is kept.
        donors: ``drawn`` faces of nobody, which ship; or those of the ``archive``, which ``faceveil surrogates
            --donors`` makes of photos of people who consented.
        model: the file of the archive's; a run binds the newest of its vault.
        ages: who guesses how old the face looks, as ``{model: PACK/genderage.onnx}``: donors are then drawn from those
            nearest in tone and age. None: age is not looked at.
    """

    k: int = 8
    cells: int = 5
    landmarker: Landmarker | None = None
    donors: str = DRAWN
    model: ModelRef | None = None
    ages: Ages | None = None

    name: ClassVar[str] = "surrogate"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        check_count("k", self.k, 2, 16)
        check_count("cells", self.cells, 1, 8)
        if self.donors not in SOURCES:
            raise UnknownNameError("donors of surrogate", str(self.donors), SOURCES)
        landmarker: object = self.landmarker
        if isinstance(landmarker, str | Mapping):
            object.__setattr__(self, "landmarker", landmarks.build(landmarker))
        if self.landmarker is not None and not hasattr(self.landmarker, "locate"):
            raise SpecError(f"landmarker must be one of landmarks, got {self.landmarker!r}")
        if self.model is not None and self.donors != ARCHIVE:
            raise SpecError("a surrogate of drawn faces has no model of donors")
        if self.ages is not None:
            object.__setattr__(self, "ages", ageing.build(self.ages))

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: above what keeps every pixel, below pixelation, which keeps no feature."""
        return (1.8, -float(self.cells), float(self.k))

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """Return the landmarker's model, that of ages and the donors' file, where there are."""
        given = [None if one is None else one.model for one in (self.landmarker, self.ages)]
        return tuple(one for one in (*given, self.model) if one is not None)

    @property
    def vault_model(self) -> str | None:
        """Return the name of the donors in a lake's vault; None where they are drawn."""
        return "donors" if self.donors == ARCHIVE else None

    def serves(self, target: Target) -> bool:
        """Return whether five points tell where the face is, and that it does not look too far aside."""
        return agrees(target)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch with another face; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = patch.copy(), colours(patch, target.alpha)
        if not patch.size:
            return out
        h, w = patch.shape[:2]
        if not all(target.face_wh):  # such a box says nothing of the face's size
            target = replace(target, box_xyxy=(0, 0, w, h))
        step, inks = full_range(patch) // LEVELS, levels(patch[..., treated])
        rgb = light.seen(inks)
        seen = look(rgb, target, self.landmarker)
        donor = self._donors(target).mixed(self.k, _tone(rgb, target), rng, self._years(rgb, target))
        goal = expressed(donor.points, seen)
        seen = seen.fitted(goal)
        points = seen.placed(goal, shape.DEPTH)
        gazing = irises(rgb[..., 1], seen, points)
        made = sampled(inks, sources((h, w), seen, points))
        work = Work.over((h, w), seen, points, gazing, target)
        if work is not None:
            x0, y0, x1, y1 = work.window
            part = made[y0:y1, x0:x1]
            face, share = work.face(donor, mouth_gap(goal), light.seen(part), self.cells, rng)
            part[:] = light.put(part, face, share)
        out[..., treated] = made.astype(patch.dtype) * step
        return out

    def _donors(self, target: Target) -> Donors:
        """Return who stands in."""
        if self.donors == DRAWN:
            return bundled()
        if self.model is None or target.runtime is None:
            raise ModelMissingError("surrogate has no donors of the archive: run 'faceveil surrogates LAKE --donors'")
        found = loaded(self.model, target.runtime, read)
        if len(found) < self.k:
            raise ModelFormatError(f"surrogate needs {self.k} donors, the archive has {len(found)}; set k to that")
        return found

    def _years(self, rgb: NDArray[np.uint8], target: Target) -> float | None:
        """Return how old the face looks; None where nobody guesses."""
        if self.ages is None or target.runtime is None:
            return None
        (years,) = self.ages.years(rgb, np.array([target.box_xyxy], np.float32), target.runtime)
        return float(years) if np.isfinite(years) else None


def _tone(rgb: NDArray[np.uint8], target: Target) -> float:
    """Return how light the middle of a face is, in [0, 1], in tenths."""
    face = face_pixels(rgb, target)
    h, w = face.shape[:2]
    middle = face[h // 4 : h - h // 4, w // 4 : w - w // 4]
    return round(float(middle.mean((0, 1)) @ light.LUMA) / LEVELS / _TONE_STEP) * _TONE_STEP
