"""One row of the table: a method at a strength, against every recognizer and attacker, and what it leaves."""

import hashlib
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs import methods, regions, treatment
from anonymizer_udfs.detection.base import Detector
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition import Recognizer
from benchmarks.frontiers import attackers, kept, people, restoring, treated
from benchmarks.frontiers.attackers import Success
from benchmarks.frontiers.people import People, Photo, Rgb
from benchmarks.frontiers.restoring import Restorer
from benchmarks.frontiers.strengths import Strength
from benchmarks.recalls.code import code_digest, meaning

GALLERY = 1000
TIMED = 60
LAKE, ATTACKER = 1, 2
"""Numbers of two keys: an attacker has the code and the parameters, and not the lake's key."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Setup:
    """Who is attacked, by whom.

    Attributes:
        people: the photos.
        recognizers: who recognises.
        detector: who looks for what is left of faces.
        runtime: where models lie.
    """

    people: People
    recognizers: tuple[Recognizer, ...]
    detector: Detector
    runtime: Runtime

    def digest(self) -> str:
        """Return what a row depends on beside its method, as hex digits."""
        content = hashlib.sha256()
        for one in (*self.people.gallery, *self.people.probes, *self.people.learning):
            content.update(one.path.read_bytes())
        code = [meaning(Path(str(m.__file__)).read_text(encoding="utf-8")) for m in _MODULES]
        models = [self.detector.model.sha256, *(one.model.sha256 for one in self.recognizers)]
        return hashlib.sha256(json.dumps([content.hexdigest(), code, models]).encode()).hexdigest()


_MODULES = (attackers, kept, people, restoring, treated, regions, treatment, sys.modules[__name__])


@dataclass
class Worker:
    """Makes rows; the clear photos' templates are made once a process."""

    setup: Setup
    _clear: dict[str, Floats] = field(default_factory=dict)

    def row(self, strength: Strength | None) -> dict[str, Any]:
        """Return the row of a strength, or of the untouched photos for none."""
        known, who = self.setup.people, self.setup
        mine, theirs = (
            (treated.spec(strength, treated.whole_key(key)) if strength else None) for key in (LAKE, ATTACKER)
        )
        probes, alike = _pictures(known.probes, mine), _pictures(known.gallery, theirs)
        restorer = self._restorer(strength)
        out: dict[str, Any] = {"attacks": {}, **_named(strength), **_about(known)}
        for one in who.recognizers:
            clear = self._of_gallery(one)
            seen = attackers.templates(one, known.probes, probes, who.runtime)
            gallery = attackers.templates(one, known.gallery, alike, who.runtime)
            said = {"naive": self._judged(one, seen, clear), "parrot": self._judged(one, seen, gallery)}
            if restorer is not None:
                restored = restorer.templates(one, probes, known.probes, who.runtime)
                said["restored"] = self._judged(one, restored, clear)
            out["attacks"][one.name] = {name: vars(success) for name, success in said.items()}
        if mine is not None:
            out["kept"] = kept.mean([kept.measure(one, mine, who.detector, who.runtime) for one in known.probes])
            out["ms"] = kept.milliseconds(known.probes[:TIMED], mine)
        return out

    def _of_gallery(self, one: Recognizer) -> Floats:
        if one.name not in self._clear:
            known = self.setup.people
            pictures = _pictures(known.gallery, None)
            self._clear[one.name] = attackers.templates(one, known.gallery, pictures, self.setup.runtime)
        return self._clear[one.name]

    def _judged(self, one: Recognizer, probes: Floats, gallery: Floats) -> Success:
        return attackers.judge(one.similarity(probes, gallery), self.setup.people.same, GALLERY)

    def _restorer(self, strength: Strength | None) -> Restorer | None:
        photos = self.setup.people.learning
        if strength is None or len(photos) < restoring.LEAST:
            return None
        theirs = treated.spec(strength, treated.whole_key(ATTACKER))
        return Restorer(_pictures(photos, theirs), _pictures(photos, None), photos)


def _pictures(photos: Sequence[Photo], told: Any) -> list[Rgb]:
    return [one.rgb if told is None else treated.rgb_of(one, told) for one in photos]


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
    """Return what a row is kept under: it changes with the method's code, the photos, and how is measured."""
    if strength is None:
        return f"untouched {setup_digest}"
    return f"{strength.label} {setup_digest} {code_digest(sys.modules[type(strength.method).__module__])}"


class Store:
    """Rows kept between runs, a line each; what was measured is not measured again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        self._rows: dict[str, dict[str, Any]] = dict(json.loads(line) for line in lines)

    def get(self, key: str) -> dict[str, Any] | None:
        """Return a row, or none."""
        return self._rows.get(key)

    def put(self, key: str, row: Mapping[str, Any]) -> None:
        """Keep a row."""
        self._rows[key] = dict(row)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps([key, row]) + "\n")


def worst(row: Mapping[str, Any], figure: str = "rank1", attack: str | None = None) -> float:
    """Return the most that any recognizer reaches, by one attack or by any."""
    return max(_figures(row, figure, attack))


def _figures(row: Mapping[str, Any], figure: str, attack: str | None) -> Iterator[float]:
    for by in row["attacks"].values():
        for name, success in by.items():
            if (attack is None or name == attack) and not math.isnan(success[figure]):
                yield success[figure]
