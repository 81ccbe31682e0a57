"""The photos of people: which are attacked, which the attacker holds, which he learns from, and where the faces are."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection.base import Detector
from anonymizer_udfs.models.base import Runtime
from benchmarks.photos import ENLARGE, Face, Rgb, middlemost, read

LEARN_MOST = 600
"""Photos that are learned from: with more, the attack takes longer than all others together."""
SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo of one person.

    Attributes:
        person: the name of the folder; shown nowhere.
        path: the file.
        box: the face nearest to the middle, float32 ``(4,)`` in the photo's pixels.
        landmarks: its five points, float32 ``(5, 2)``.
    """

    person: str
    path: Path
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    @property
    def rgb(self) -> Rgb:
        """The pixels, uint8 ``(h, w, 3)``; decoded each time."""
        return read(self.path)

    @property
    def face(self) -> Face:
        """Where the face is."""
        return Face(self.box, self.landmarks)

    @property
    def eyes_px(self) -> float:
        """The distance of the eyes."""
        return float(np.hypot(*(self.landmarks[1] - self.landmarks[0])))


@dataclass(frozen=True, eq=False)
class People:
    """Who is attacked, and by whom.

    Attributes:
        gallery: photos that the attacker holds, in the order of persons.
        probes: other photos of the same persons, which are anonymized.
        learning: photos of other people, from which an attacker learns to restore.
        missed: photos in which no face was found; they are left out.
    """

    gallery: tuple[Photo, ...]
    probes: tuple[Photo, ...]
    learning: tuple[Photo, ...]
    missed: int

    @property
    def same(self) -> NDArray[np.bool_]:
        """Which probe and which photo of the gallery are of one person, ``(probes, gallery)``."""
        names = np.array([one.person for one in self.gallery])
        return np.asarray(np.array([one.person for one in self.probes])[:, None] == names[None])

    @property
    def count(self) -> int:
        """How many persons there are."""
        return len({one.person for one in self.gallery})


def load(folder: Path, learn_from: Path | None, detector: Detector, runtime: Runtime, kept: Path) -> People:
    """Return the people of a folder with one folder a person.

    Of each person's photos the first half is the gallery's and the second half is attacked; who has one photo alone is
    learned from, and so is everybody in ``learn_from`` who is not attacked: at most :data:`LEARN_MOST` photos.

    Args:
        folder: one folder a person.
        learn_from: the same, or none.
        detector: who finds the faces, and whose points align them.
        runtime: where its model lies.
        kept: where findings are kept between runs.

    Raises:
        SystemExit: there are fewer than two people with two photos.
    """
    photos, missed = _found(_files(folder), detector, runtime, kept)
    others: list[Photo] = []
    if learn_from is not None and learn_from != folder:
        others, _ = _found(_files(learn_from), detector, runtime, kept)
    return split(photos, others, missed)


def split(photos: Sequence[Photo], others: Sequence[Photo], missed: int = 0) -> People:
    """Return who is attacked and who is learned from; see :func:`load`."""
    by: dict[str, list[Photo]] = {}
    for one in photos:
        by.setdefault(one.person, []).append(one)
    attacked = {name: of for name, of in by.items() if len(of) > 1}
    if len(attacked) < 2:
        raise SystemExit(f"expected a folder a person, two with two photos at least; got {len(attacked)} such people")
    learning = [one for one in (*photos, *others) if one.person not in attacked]
    gallery = [one for of in attacked.values() for one in of[: len(of) // 2]]
    probes = [one for of in attacked.values() for one in of[len(of) // 2 :]]
    step = max(1, -(-len(learning) // LEARN_MOST))
    return People(tuple(gallery), tuple(probes), tuple(learning[::step]), missed)


def pairs_alone(people: People) -> People:
    """Return the same with one photo a person in the gallery and one attacked, the first of each half.

    A guess then has one right answer among as many as there are people, and chance is one of them.
    """
    return People(_first(people.gallery), _first(people.probes), people.learning, people.missed)


def first(people: People, count: int) -> People:
    """Return the first so many people alone, for a trial; who is learned from stays."""
    names = set(list(dict.fromkeys(one.person for one in people.gallery))[:count])
    held, attacked = (tuple(one for one in of if one.person in names) for of in (people.gallery, people.probes))
    return People(held, attacked, people.learning, people.missed)


def _first(photos: Sequence[Photo]) -> tuple[Photo, ...]:
    return tuple(
        {one.person: one for one in reversed(photos)}[name] for name in dict.fromkeys(p.person for p in photos)
    )


def _files(folder: Path) -> list[Path]:
    return [f for one in sorted(folder.iterdir()) if one.is_dir() for f in sorted(one.iterdir()) if _is_photo(f)]


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _found(files: Sequence[Path], detector: Detector, runtime: Runtime, kept: Path) -> tuple[list[Photo], int]:
    """Return the photos in which a face was found, and in how many none was."""
    content = hashlib.sha256(b"".join(hashlib.sha256(one.read_bytes()).digest() for one in files))
    made_of = json.dumps([content.hexdigest(), detector.model.sha256, repr(detector), ENLARGE])
    file = kept / f"faces-{detector.name}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.npy"
    if not file.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        np.save(file, np.array(list(_look(files, detector, runtime)), np.float32))
    faces = np.load(file).reshape(-1, 7, 2)
    photos = [
        Photo(path.parent.name, path, face[:2].ravel(), face[2:])
        for path, face in zip(files, faces, strict=True)
        if np.isfinite(face).all()
    ]
    return photos, len(files) - len(photos)


def _look(files: Sequence[Path], detector: Detector, runtime: Runtime) -> Iterator[NDArray[np.float32]]:
    """Yield box and points of the face nearest to the middle of each photo, ``(7, 2)``; not a number for none."""
    for path in files:
        face = middlemost(read(path), detector, runtime)
        yield (
            np.full((7, 2), np.nan, np.float32)
            if face is None
            else np.concatenate([face.box.reshape(2, 2), face.landmarks])
        )
