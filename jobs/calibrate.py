"""``faceveil calibrate``: at what similarity two faces count as one person, measured on labelled photos.

Needs no Spark. Templates live in memory only; what is written are figures.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from anonymizer_udfs import imaging, subject
from anonymizer_udfs.detection import Detector
from anonymizer_udfs.detection.plans import PLANS, Plan
from anonymizer_udfs.detection.search import Searcher
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.cache import cache_dir
from anonymizer_udfs.models.registry import roots
from anonymizer_udfs.outcome import BadImageError
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.recognition import Recognizer
from anonymizer_udfs.recognition.base import Templates
from anonymizer_udfs.recognition.calibrating import (
    PEOPLE_MOST,
    Reached,
    check_people,
    least_people,
    reached,
    written,
)
from anonymizer_udfs.recognition.calibration import FMR_LABELS
from jobs import context, options
from jobs.models import registry
from jobs.options import Common, Parser
from jobs.peoplefolders import by_person
from jobs.progress import Counting
from jobs.screen import Section, plain

EXAMPLES = """  faceveil calibrate ./people                 one folder a person, two photos in each at least
  faceveil calibrate ./people --out ./calibration --about "staff photos of 2026, 400 people"
  faceveil calibrate ./people --recognizer buffalo_l/w600k_r50.onnx --set 'models.licences_accepted=[NAME]'

Then: faceveil anonymize ... --set models.calibration_dir=./calibration; see docs/recognition.md.
The photos' own detectors and sizes count: measure on photos like those of the archive.

exit codes: 0 done, 1 failed, 2 bad arguments"""
LEAST_BAND = 0.5
"""A face of a labelled photo that is found with less is not taken for one."""


@dataclass(frozen=True)
class Asked:
    """What a command line asks for.

    Attributes:
        photos: one folder a person.
        policy: whose detectors find the faces.
        recognizers: who is calibrated.
        plan: how detectors look.
        about: the photos in words, for the record.
        out: where files are written; none: nothing is written.
    """

    photos: Path
    policy: Policy
    recognizers: tuple[Recognizer, ...]
    plan: Plan
    about: str
    out: Path | None


@dataclass(frozen=True)
class Measured:
    """What one recognizer reaches with one detector's points."""

    recognizer: Recognizer
    detector: Detector
    missed: int
    reached: Reached


def pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Return the first two files of everybody who has two, people in order of their folders' names.

    Raises:
        UsageError: the folder cannot be read.
    """
    every = [(of[0], of[1]) for of in by_person(folder) if len(of) > 1]
    return every[:: -(-len(every) // PEOPLE_MOST) or 1]


def digest(files: Sequence[Path]) -> str:
    """Return one digest of the content of files, in order."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def run(asked: Asked, runtime: Runtime, max_pixels: int) -> list[Measured]:
    """Return what each recognizer reaches with each detector's points.

    Raises:
        SpecError: too few people.
        ModelError: a model is missing.
    """
    cv2.setNumThreads(runtime.threads)
    people, out = pairs(asked.photos), []
    check_people(len(people))
    detectors = [one for one in asked.policy.detectors if one.landmarks]
    with Counting("looking at photos", 2 * len(people) * len(detectors)) as counting:
        for detector in detectors:
            made: dict[str, list[list[Templates | None]]] = {one.name: [] for one in asked.recognizers}
            for pair in people:
                seen = [_templates(file, detector, asked, runtime, max_pixels) for file in pair]
                counting.more(len(pair))
                for name, templates in made.items():
                    templates.append([one.get(name) for one in seen])
            out += [_measured(who, detector, made[who.name]) for who in asked.recognizers]
    return out


def _templates(
    file: Path, detector: Detector, asked: Asked, runtime: Runtime, max_pixels: int
) -> Mapping[str, Templates]:
    """Return the template of the face nearest to the middle, by recognizer; nothing where no face was found."""
    try:
        picture = imaging.decode(file.read_bytes(), max_pixels=max_pixels)
    except (BadImageError, OSError):
        return {}
    searcher = Searcher((detector,), asked.policy.fusion, LEAST_BAND, LEAST_BAND)
    found = [one for one in searcher.search(subject.sights_of([picture]), asked.plan, runtime)[0] if one.landmarks_by]
    rgb = subject.upright(picture)
    middle = np.array(rgb.shape[1::-1], np.float32) / 2
    nearest = min(found, key=lambda one: float(np.hypot(*(one.box.reshape(2, 2).mean(0) - middle))), default=None)
    if nearest is None or nearest.landmarks is None:
        return {}
    return {who.name: who.embed(rgb, nearest.landmarks[None], detector.name, runtime)[0] for who in asked.recognizers}


def _measured(who: Recognizer, detector: Detector, made: Sequence[Sequence[Templates | None]]) -> Measured:
    whole = [(one, two) for one, two in made if one is not None and two is not None]
    missed = sum(one is None for pair in made for one in pair)
    first, second = (np.stack(side) if side else np.zeros((0, 1), np.float32) for side in _sides(whole))
    return Measured(who, detector, missed, reached(who, first, second))


def _sides(whole: Sequence[tuple[Templates, Templates]]) -> Iterator[list[Templates]]:
    yield [one for one, _ in whole]
    yield [two for _, two in whole]


def write(asked: Asked, found: Sequence[Measured]) -> list[Path]:
    """Write one file a recognizer, each whole or not at all, and return them."""
    if asked.out is None:
        return []
    data = digest([file for pair in pairs(asked.photos) for file in pair])
    asked.out.mkdir(parents=True, exist_ok=True)
    files = []
    for name in dict.fromkeys(one.recognizer.name for one in found):
        mine = [one for one in found if one.recognizer.name == name]
        rows = [(one.detector.name, one.detector.model.sha256, one.missed, one.reached) for one in mine]
        content = written(mine[0].recognizer, rows, asked.about, data)
        head = "# Measured by faceveil calibrate; not edited by hand: content_sha256 would no longer match.\n"
        file = asked.out / f"{name}.yaml"
        draft = file.with_suffix(".draft")
        draft.write_text(head + yaml.safe_dump(content, sort_keys=False, width=120), encoding="utf-8")
        draft.replace(file)
        files.append(file)
    return files


def told(found: Sequence[Measured], files: Sequence[Path]) -> tuple[Section, ...]:
    """Return what a person reads."""
    head = ("recognizer", "points of", "people", "no face", "rank-1", *_labels("TAR at {}"), *_labels("threshold {}"))
    rows = tuple(
        (
            one.recognizer.name,
            one.detector.name,
            f"{one.reached.people:,}",
            f"{one.missed:,}",
            f"{one.reached.rank1.value:.1%} of {one.reached.gallery:,}",
            *(_share(one.reached, label) for label in FMR_LABELS),
            *(
                f"{one.reached.thresholds[label]:.4f}" if label in one.reached.thresholds else "-"
                for label in FMR_LABELS
            ),
        )
        for one in found
    )
    short = [label for label in FMR_LABELS if any(label not in one.reached.thresholds for one in found)]
    notes = tuple((f"the threshold at {label} needs {least_people(label)} people",) for label in short)
    kept = tuple((str(file),) for file in files)
    return (
        Section("calibration (bounds are one-sided, 95%)", rows, head, right=tuple(range(2, len(head)))),
        Section("left out", notes),
        Section("written", kept),
    )


def _labels(text: str) -> list[str]:
    return [text.format(label) for label in FMR_LABELS]


def _share(found: Reached, label: str) -> str:
    return f"{found.tar[label].value:.1%} (from {found.tar[label].low:.1%})" if label in found.tar else "-"


def as_dict(found: Sequence[Measured], files: Sequence[Path]) -> dict[str, Any]:
    """Return plain values for ``--json``."""
    rows = [
        {
            "recognizer": one.recognizer.name,
            "model": one.recognizer.model.name,
            "detector": one.detector.name,
            "people": one.reached.people,
            "faces_missed": one.missed,
            "gallery": one.reached.gallery,
            "rank1": vars(one.reached.rank1),
            "tar": {label: vars(value) for label, value in one.reached.tar.items()},
            "thresholds": dict(one.reached.thresholds),
        }
        for one in found
    ]
    return {"calibrations": rows, "written": [str(file) for file in files]}


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("calibrate", "Measure a recognizer's thresholds on labelled photos.", EXAMPLES)
    made.add_argument("photos", metavar="FOLDER", type=Path, help="one folder a person; of each the first two photos")
    made.add_argument("--recognizer", action="append", metavar="NAME|PACK/FILE", help="(default: the policy's)")
    made.add_argument("--policy", default="public", metavar="NAME|FILE", help="whose detectors give the points")
    made.add_argument("--plan", default="balanced", choices=sorted(PLANS), help="how they look (default: %(default)s)")
    made.add_argument("--about", default="labelled photos", metavar="TEXT", help="the photos in words, for the record")
    made.add_argument("--out", type=Path, metavar="FOLDER", help="write what was measured there, one file a recognizer")
    options.add_common(made)
    return made


def _work(args: argparse.Namespace, common: Common) -> int:
    settings, known = common.settings, registry()
    policy = context.load_policy(args.policy, settings, known)
    names = args.recognizer or ([settings.models.recognizer] if settings.models.recognizer else policy.panel)
    chosen = tuple(context.recognizers(names, settings, known))
    asked = Asked(args.photos, policy, chosen, PLANS[args.plan], args.about, args.out)
    runtime = Runtime(roots(cache_dir(), settings.models.local_dirs), tuple(settings.models.providers))
    found = run(asked, runtime, settings.limits.max_pixels)
    files = write(asked, found)
    options.answer(as_dict(found, files), plain(told(found, files)), as_json=common.as_json)
    return options.DONE


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, print; return the exit code."""
    return options.ran(parser(), _work, argv)


if __name__ == "__main__":
    sys.exit(main())
