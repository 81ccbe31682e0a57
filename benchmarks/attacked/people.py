"""Labelled photos: two of each person, so that one can be looked for by the other."""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.frontiers.people import SUFFIXES

PHOTOS_EACH = 2


@dataclass(frozen=True)
class Photo:
    """One photo of one person.

    Attributes:
        person: the name of the folder; shown nowhere.
        path: the file.
    """

    person: str = field(repr=False)
    path: Path = field(repr=False)


def chosen(folder: Path, most: int | None = None, *, least: int = PHOTOS_EACH) -> list[Photo]:
    """Return the first two photos of everybody who has enough, by name.

    Args:
        folder: one folder a person.
        most: so many people at most; none: all.
        least: photos that somebody must have, 1 or 2.

    Raises:
        SystemExit: there is no such folder, or nobody has enough photos.
    """
    if not folder.is_dir():
        raise SystemExit(f"no photos in {folder}: give a folder with one folder a person, or set FACEVEIL_TEST_PHOTOS")
    mine = (
        sorted(f for f in one.iterdir() if f.suffix.lower() in SUFFIXES)[:PHOTOS_EACH]
        for one in sorted(folder.iterdir())
        if one.is_dir()
    )
    enough = [files for files in mine if len(files) >= least][:most]
    if not enough:
        raise SystemExit(f"expected a folder a person in {folder}, some with {least} photos; got none such")
    return [Photo(file.parent.name, file) for files in enough for file in files]


def laid(photos: Sequence[Photo], folder: Path) -> Path:
    """Copy photos into ``folder/photos``, one folder a person, and return a CSV of who is on which (``--labels``)."""
    labels = folder / "people.csv"
    for one in photos:
        target = folder / "photos" / one.person / one.path.name
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(one.path, target)
    with labels.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("path", "person"))
        writer.writerows((f"{one.person}/{one.path.name}", one.person) for one in photos)
    return labels
