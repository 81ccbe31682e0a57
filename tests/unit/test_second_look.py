"""The second look: what no region covers is found in the picture to be stored, treated, counted, or held back."""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import pipeline, verification
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import Pass, Plan
from anonymizer_udfs.imaging import decode
from anonymizer_udfs.methods import Mask
from anonymizer_udfs.methods.base import Patch, Target
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.treatment import treat
from tests.support import specs

BLIND = Plan("blind", (Pass("tiny", (1, 16)),))
"""At 16 pixels no dot is left to be seen."""


def photo(*dots: tuple[int, int], red: int = 255, wh: tuple[int, int] = (160, 96)) -> Image.Image:
    """Return a grey picture with red dots, each a face of 32 pixels."""
    pixels = np.full((wh[1], wh[0], 3), 90, np.uint8)
    for x, y in dots:
        pixels[y : y + 4, x : x + 4] = (red, 0, 0)
    return Image.fromarray(pixels)


@pytest.fixture
def spec(tmp_path: Path) -> WorkerSpec:
    """The mask over red dots."""
    models = tmp_path / "models"
    models.mkdir()
    return specs.red_dots(models)


def row_of(image: Image.Image, folder: Path, spec: WorkerSpec, **policy: object) -> dict[str, object]:
    """Return the row of one picture under the spec's policy with changes."""
    image.save(folder / "photo.png")
    changed = replace(spec, policy=replace(spec.policy, **policy))
    (batch,) = pipeline.anonymize_partition(specs.planned(folder / "photo.png").to_batches(), changed)
    (row,) = batch.to_pylist()
    return row  # type: ignore[no-any-return]


def test_what_the_plan_missed_is_treated_and_counted(tmp_path: Path, spec: WorkerSpec) -> None:
    """A face that only the second look sees is anonymized as well, and the row says so."""
    row = row_of(photo((40, 40)), tmp_path, spec, plan=BLIND)
    assert (row["status"], row["residual"], row["plans"]) == ("anonymized", 1, ["blind"])
    assert [face["look"] for face in row["faces"]] == ["second"]
    out = np.asarray(Image.open(io.BytesIO(row["content"])))
    x0, y0, x1, y1 = row["faces"][0]["region"].values()
    assert len(np.unique(out[y0:y1, x0:x1].reshape(-1, 3), axis=0)) == 1


def test_what_is_covered_is_not_found_again(tmp_path: Path, spec: WorkerSpec) -> None:
    """Faces of the plan stay the plan's, however often they are looked at."""
    row = row_of(photo((40, 40), (120, 40)), tmp_path, spec)
    assert (row["status"], row["residual"]) == ("anonymized", 0)
    assert [face["look"] for face in row["faces"]] == ["plan", "plan"]


def test_without_a_second_look_nothing_is_residual(tmp_path: Path, spec: WorkerSpec) -> None:
    """A policy may do without; then what the plan missed is missed."""
    row = row_of(photo((40, 40)), tmp_path, spec, plan=BLIND, second_look=None)
    assert (row["status"], row["residual"], row["faces"]) == ("clean", 0, [])


@dataclass(frozen=True)
class Sower:
    """A method that hides a face and puts another one at the far corner of its region, half outside of it."""

    name = "sower"
    strength = (0.0,)

    def apply(self, patch: Patch, target: Target, rng: np.random.Generator) -> Patch:
        """Return the patch in grey with a red dot at its lower right corner."""
        del target, rng
        out = np.full_like(patch, 90)
        out[-8:, -8:] = (255, 0, 0)
        return out


def test_an_image_in_which_faces_go_on_being_found_is_held_back(tmp_path: Path, spec: WorkerSpec) -> None:
    """Each look finds what the treatment before it made; the last look says that it does not end."""
    sowing = KindRule((Sower(), Mask()), 2.0)
    row = row_of(photo((20, 20), wh=(320, 320)), tmp_path, spec, face=sowing)
    assert (row["status"], row["reason"], row["content"]) == ("quarantined", "residual", None)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_coverage_is_judged_in_the_upright_picture(spec: WorkerSpec, orientation: int) -> None:
    """Whatever the orientation, a find on a region is covered, and one elsewhere is not."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[274] = orientation
    photo().save(out, "PNG", exif=exif)
    picture = decode(out.getvalue(), max_pixels=10**6)
    sighting = (Sighting("centerface", "full", 0.9),)
    here = Finding("face", np.array([20, 30, 44, 60], np.float32), 0.9, sighting)
    there = Finding("face", np.array([60, 60, 84, 90], np.float32), 0.9, sighting)
    treated = treat(picture, [Found(here, Look.PLAN)], "0" * 32, spec)
    assert verification.uncovered((here, there), treated) == (there,)
    assert verification.uncovered((), treated) == ()


def test_unsure_findings_wait_for_a_person(tmp_path: Path, spec: WorkerSpec) -> None:
    """Between the bands the face is anonymized, and the row is for review with its reason; below, it is ignored."""
    unsure = row_of(photo((40, 40), red=70), tmp_path, spec)
    assert (unsure["status"], unsure["reason"], len(unsure["faces"])) == ("review", "unsure", 1)
    ignored = row_of(photo((40, 40), red=40), tmp_path, spec)
    assert (ignored["status"], ignored["reason"], ignored["faces"]) == ("clean", None, [])


def test_a_picture_in_which_nothing_was_found_gets_the_thorough_plan(tmp_path: Path, spec: WorkerSpec) -> None:
    """What the thorough plan finds is a miss of the policy's plan: treated, and told apart."""
    row = row_of(photo((40, 40)), tmp_path, spec, plan=BLIND, second_look=None, thorough_share=1.0)
    assert (row["status"], row["plans"]) == ("anonymized", ["blind", "thorough"])
    assert [face["look"] for face in row["faces"]] == ["thorough"]
    clean = row_of(photo(), tmp_path, spec, plan=BLIND, second_look=None, thorough_share=1.0)
    assert (clean["status"], clean["plans"]) == ("clean", ["blind", "thorough"])
