"""Labelled photos on this machine: one folder a person, all photos of the person in it."""

from pathlib import Path

from jobs.errors import UsageError


def by_person(folder: Path) -> list[list[Path]]:
    """Return the files of each person, people and files in the order of their names; none where it has no folders.

    Raises:
        UsageError: the folder cannot be read.
    """
    try:
        people = sorted(one for one in folder.iterdir() if one.is_dir())
        return [sorted(one for one in person.iterdir() if one.is_file()) for person in people]
    except OSError as error:
        raise UsageError(f"the photos cannot be read: {error.strerror}; expected one folder a person") from error
