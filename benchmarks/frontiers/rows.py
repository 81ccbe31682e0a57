"""One row of the table: a method at a strength, against every recognizer and attacker, and what it leaves."""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import methods, regions, treatment
from anonymizer_udfs.attacks import restored as restoration
from anonymizer_udfs.attacks import ridge
from anonymizer_udfs.evidence import identified, verification
from anonymizer_udfs.landmarks import expression, gaze, pose
from anonymizer_udfs.methods import KSame
from anonymizer_udfs.methods.base import models_of
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import Recognizer
from benchmarks import photos
from benchmarks.frontiers import attackers, colours, groups, kept, marks, people, restoring, treated
from benchmarks.frontiers.attackers import Success
from benchmarks.frontiers.kept import Kept, Looker
from benchmarks.frontiers.marks import Marks
from benchmarks.frontiers.people import People, Photo
from benchmarks.frontiers.restoring import Restorer
from benchmarks.frontiers.strengths import Strength
from benchmarks.frontiers.treated import Lake
from benchmarks.photos import Rgb
from benchmarks.recalls.code import code_digest, meaning

GALLERY = 1000
TIMED, LOOKED_AT = 60, 500
"""Photos that are timed, and those in which is looked for what is left: a share of faces then has a standard error of
2.2 points at most, and a row takes four fifths of the time."""
LAKE, ATTACKER = 1, 2
"""Numbers of two keys: an attacker has the code and the parameters, and not the lake's key."""
SCENE = "colours"
"""What stands in the place of a recognizer for the attacker who has none."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Setup:
    """Who is attacked, by whom.

    Attributes:
        people: the photos.
        recognizers: who recognises; the first one's templates also say who is alike where ``k_same`` makes groups.
        looker: who looks at what is left.
        runtime: where models lie.
    """

    people: People
    recognizers: tuple[Recognizer, ...]
    looker: Looker
    runtime: Runtime

    def digest(self) -> str:
        """Return what a row depends on beside its method, as hex digits."""
        content = hashlib.sha256()
        for one in (*self.people.gallery, *self.people.probes, *self.people.learning):
            content.update(one.path.read_bytes())
        code = [meaning(Path(str(m.__file__)).read_text(encoding="utf-8")) for m in _MODULES]
        seers = [self.looker.detector, *self.recognizers, self.looker.landmarker]
        who = [[repr(one), one.model.sha256] for one in seers if one is not None]
        return hashlib.sha256(json.dumps([content.hexdigest(), code, who]).encode()).hexdigest()


_MODULES = (
    *(attackers, colours, groups, kept, marks, people, photos, restoring, treated, sys.modules[__name__]),
    *(sys.modules[one.__module__] for one in (identified, verification)),
    *(expression, gaze, pose, regions, restoration, ridge, treatment),
)


@dataclass
class Worker:
    """Makes rows; what is the same for all of them is made once a process."""

    setup: Setup
    _templates: dict[tuple[str, int], Floats] = field(default_factory=dict)
    _marks: dict[Path, Marks | None] = field(default_factory=dict)

    def row(self, strength: Strength | None) -> dict[str, Any]:
        """Return the row of a strength, or of the untouched photos for none."""
        known = self.setup.people
        mine, theirs = self._lake(strength, LAKE, known.probes), self._lake(strength, ATTACKER, known.gallery)
        probes, left, served = self._released(mine)
        alike = _pictures(known.gallery, theirs)
        out: dict[str, Any] = {**_named(strength), **_about(known), "attacks": self._attacks(strength, probes, alike)}
        if mine is not None:
            out |= {
                "kept": kept.mean(left),
                "looked_at": len(left),
                "served": served,
                **kept.cost(known.probes[:TIMED], mine, self.setup.looker),
            }
        return out

    def _lake(self, strength: Strength | None, key: int, of: Sequence[Photo]) -> Lake | None:
        """Return who treats photos with one of the keys; he has groups of their people where it needs any."""
        if strength is None:
            return None
        told = treated.spec(strength, treated.whole_key(key), self.setup.runtime)
        if not isinstance(strength.method, KSame):
            return Lake(told)
        return Lake(told, groups.shares(of, self._clear(self.setup.recognizers[0], of), strength.method.k))

    def _released(self, lake: Lake | None) -> tuple[list[Rgb], list[Kept], float]:
        """Return the probes as they are released, what is left in some, and the share that the method itself treated.

        Others got the mask that ends the chain: those without a group, or which a method that needs points refuses.
        """
        probes = self.setup.people.probes
        if lake is None:
            return _pictures(probes, None), [], 0.0
        pictures, left, served, step = [], [], 0, max(1, -(-len(probes) // LOOKED_AT))
        for i, one in enumerate(probes):
            source = treated.picture(one)
            done = treated.treat(one, source, lake)
            pictures.append(done.picture.rgb())
            served += done.faces[0].steps == 1
            if i % step == 0:
                left.append(self.setup.looker.measure(one, source, pictures[-1], self._clear_marks(one)))
        return pictures, left, served / len(probes)

    def _clear_marks(self, photo: Photo) -> Marks | None:
        if photo.path not in self._marks:
            self._marks[photo.path] = self.setup.looker.marks(photo.rgb, photo.face)
        return self._marks[photo.path]

    def _attacks(self, strength: Strength | None, probes: list[Rgb], alike: list[Rgb]) -> dict[str, Any]:
        """Return what each attacker reaches, by recognizer and attack."""
        known, runtime, out = self.setup.people, self.setup.runtime, {}
        restored = self._restored(strength, probes)
        for one in self.setup.recognizers:
            clear = self._clear(one, known.gallery)
            seen = attackers.templates(one, known.probes, probes, runtime)
            gallery = attackers.templates(one, known.gallery, alike, runtime)
            said = {"naive": self._judged(one, seen, clear), "parrot": self._judged(one, seen, gallery)}
            if restored is not None:
                said["restored"] = self._judged(one, restoration.embedded(restored, one, runtime), clear)
            out[one.name] = {name: vars(success) for name, success in said.items()}
        by_colours = colours.similarity(probes, alike, (known.probes, known.gallery))
        if by_colours is not None:
            out[SCENE] = {SCENE: vars(attackers.judge(by_colours, known, GALLERY))}
        return out

    def _clear(self, one: Recognizer, of: Sequence[Photo]) -> Floats:
        """Return the templates of clear photos."""
        key = one.name, id(of)
        if key not in self._templates:
            self._templates[key] = attackers.templates(one, of, _pictures(of, None), self.setup.runtime)
        return self._templates[key]

    def _judged(self, one: Recognizer, probes: Floats, gallery: Floats) -> Success:
        return attackers.judge(one.similarity(probes, gallery), self.setup.people, GALLERY)

    def _restored(self, strength: Strength | None, probes: list[Rgb]) -> NDArray[np.uint8] | None:
        """Return the faces as an attacker restores them, where there are enough people to learn from."""
        of = self.setup.people.learning
        theirs = self._lake(strength, ATTACKER, of) if len(of) >= restoring.LEAST else None
        if theirs is None:
            return None
        restorer = Restorer(_pictures(of, theirs), _pictures(of, None), of)
        return restorer.faces(probes, self.setup.people.probes)


def _pictures(of: Sequence[Photo], lake: Lake | None) -> list[Rgb]:
    return [one.rgb if lake is None else treated.rgb_of(one, lake) for one in of]


def _named(strength: Strength | None) -> dict[str, Any]:
    if strength is None:
        return {"method": "none", "parameters": {}, "region": None, "public": False, "label": "untouched"}
    return {
        "method": strength.method.name,
        "parameters": methods.parameters(strength.method),
        "region": strength.region_ratio,
        "public": strength.public,
        "label": strength.label,
    }


def _about(known: People) -> dict[str, Any]:
    held = min(GALLERY, len(known.gallery))
    chance = float(known.same.sum(1).mean()) / len(known.gallery) * max(1.0, len(known.gallery) / GALLERY)
    return {"people": known.count, "probes": len(known.probes), "gallery": held, "chance": chance}


def key_of(strength: Strength | None, setup_digest: str) -> str:
    """Return what a row is kept under: it changes with the method's code, its models, the photos, how is measured."""
    if strength is None:
        return f"untouched {setup_digest}"
    code = code_digest(sys.modules[type(strength.method).__module__])
    models = "".join(f" {ref.sha256}" for ref in models_of(strength.method))
    return f"{strength.label} {setup_digest} {code}{models}"
