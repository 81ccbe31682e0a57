"""A drawn person, who is nobody, in the place of the one who was there."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import UnknownNameError
from anonymizer_udfs.methods import light, portrait
from anonymizer_udfs.methods.base import Patch, Target, check_count, check_ratio, colours, full_range
from anonymizer_udfs.methods.facing import Facing
from anonymizer_udfs.methods.grain import grain
from anonymizer_udfs.methods.heads import Head
from anonymizer_udfs.methods.light import Planes
from anonymizer_udfs.methods.looks import Looks, Palette, between
from anonymizer_udfs.methods.scene import INKS, NOISES, Reading, Surroundings, Tones

FORMS = ("face", "silhouette")
YAW_STEP, YAW_MOST = 15.0, 45.0
"""How a head is turned is coarse as well, in degrees."""
WORKING_PX = 128.0
"""A face that is wider is drawn at this width and enlarged, so that the drawing costs the same for any size."""
_JAW = (0.92, 1.05)
_BESIDE = 0.8
"""Over so much on each side of the face's middle the surroundings' two colours go over into each other."""


@dataclass(frozen=True)
class Avatar:
    """Draw a person into the region: nothing in it is left as it was.

    The face is drawn from the key, and from nobody's measures. From the picture come place, size and roll of the head,
    as the region shows them; its yaw, in steps of 15 degrees; and 14 numbers (6 where it is grey): the mean colours of
    what is beside the head on both sides, of nose and cheeks and of what is below the chin, each with noise and
    rounded, the side from which light falls, one of five, and the grain, one of six. Two regions with the same numbers
    give the same pixels. The silhouette has no colours of the person, and 7 numbers (3).

    Attributes:
        form: ``face``, or ``silhouette``: head and shoulders in one colour, that of the surroundings made darker, or
            lighter where these are dark.
        levels: tones that a colour is rounded to, 4 to 32; fewer give away less.
        noise_ratio: standard deviation of the noise that is added before, in [0, 1] of the full range.
    """

    form: str = "face"
    levels: int = 6
    noise_ratio: float = 0.1

    name: ClassVar[str] = "avatar"

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        if self.form not in FORMS:
            raise UnknownNameError("form of avatar", str(self.form), FORMS)
        check_count("levels", self.levels, 4, 32)
        object.__setattr__(self, "noise_ratio", check_ratio("noise_ratio", self.noise_ratio, 0, 1))

    @property
    def strength(self) -> tuple[float, ...]:
        """Return where it stands: above all that keeps cells of the picture, below what covers it."""
        return (8.0, float(self.form == "silhouette"), -float(self.levels), self.noise_ratio)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch with a drawn person; see :class:`anonymizer_udfs.methods.base.Method`."""
        out, treated = patch.copy(), colours(patch, target.alpha)
        if not patch.size:
            return out
        looks = Looks.drawn(rng)
        around, tones = self.read(patch[..., treated], target, rng)
        planes = _drawn(patch.shape[:2], target, around, tones, looks)
        if around.grain:
            planes += grain(patch.shape[:2], around.grain, rng)
        if len(treated) == INKS:
            planes = np.concatenate([1 - planes, np.zeros_like(planes[:1])])
        full = full_range(patch)
        planes *= full
        for plane, c in zip(planes, treated, strict=True):
            out[..., c] = np.clip(np.rint(plane, out=plane), 0, full, out=plane)
        return out

    def read(self, pixels: Patch, target: Target, rng: np.random.Generator) -> tuple[Surroundings, Tones | None]:
        """Return what is taken over from the picture; nothing else of it reaches what is drawn.

        Args:
            pixels: the patch's colours, alpha left out.
            target: where the face is in it.
            rng: what the noise is drawn from.
        """
        reading = Reading.of(pixels, target, self.levels, self.noise_ratio * rng.standard_normal(NOISES))
        return Surroundings.of(pixels, reading), Tones.of(reading) if self.form == "face" else None


def yaw_degrees(target: Target) -> float:
    """Return how far the drawn head looks to the picture's right: the face's yaw, coarsely.

    Examples:
        >>> yaw_degrees(Target((0, 0, 10, 13)))
        0.0
    """
    steps = round(Facing.of(target).yaw_degrees / YAW_STEP)
    return min(max(steps * YAW_STEP, -YAW_MOST), YAW_MOST)


def _drawn(size_hw: tuple[int, int], target: Target, around: Surroundings, tones: Tones | None, looks: Looks) -> Planes:
    """Return the picture, without its grain."""
    (h, w), facing = size_hw, Facing.by_box(target)
    scale = min(1.0, WORKING_PX / facing.width_px)
    small_hw = max(1, round(h * scale)), max(1, round(w * scale))
    small = Facing(facing.matrix * scale)
    side = light.across(small, small_hw)
    scene = light.blend(around.left, around.right, side, _BESIDE)
    canvas = np.concatenate([scene, np.zeros_like(scene[:1])])
    if all(target.face_wh):  # else the box tells no size to draw a person of
        palette = Palette.against(np.add(around.left, around.right) / 2)
        if tones is not None:
            palette = Palette.of(np.array(tones.skin), np.array(tones.clothes), looks)
        head = Head(yaw_degrees(target), between(*_JAW, looks.jaw))
        portrait.paint(portrait.Painter(canvas, small, head, palette, looks), features=tones is not None)
    planes: NDArray[np.float32] = canvas[:-1]
    light.shade(planes, side, tones.slope if tones else 0.0, canvas[-1])
    if scale < 1:
        planes = np.stack([cv2.resize(plane, (w, h), interpolation=cv2.INTER_LINEAR) for plane in planes])
    return planes
