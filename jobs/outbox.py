"""The folder that an export is written into: files below it and nowhere else, a manifest, and a stamp at the end.

Runs on the driver. Each file is there whole or not at all; while the stamp is missing the export is not finished.
"""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from jobs.errors import JobError, UsageError

LINES, SHEET, STAMP, PART = "manifest.jsonl", "manifest.csv", "STAMP.txt", ".part"
COLUMNS = ("image_id", "file", "sha256", "status", "format", "size_bytes", "policy_digest", "run_id")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OURS = (STAMP, SHEET, SHEET + PART, LINES, LINES + PART)


@dataclass
class Outbox:
    """A folder, new or empty, that an export is written into.

    Attributes:
        folder: where to.
        overwrite: whether an earlier export there is removed first; anything else in it stays and is never replaced.
    """

    folder: Path
    overwrite: bool = False
    _made: set[Path] = field(default_factory=set)
    _lines: TextIO | None = None
    _sheet: TextIO | None = None

    def prepare(self, header: Mapping[str, Any]) -> None:
        """Make the folder, or clear it of an earlier export, and begin the manifests.

        Raises:
            UsageError: if something is there that no export wrote, or one is there and it may not be overwritten.
            JobError: if the folder cannot be written.
        """
        self._check()
        with writable():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear()
            # Lines stay within ASCII, so that names of any bytes survive; a sheet has the bytes themselves.
            self._lines = (self.folder / (LINES + PART)).open("x", encoding="ascii")
            self._lines.write(json.dumps(header) + "\n")
            self._sheet = (self.folder / (SHEET + PART)).open(
                "x", encoding="utf-8", errors="surrogateescape", newline=""
            )
            csv.writer(self._sheet).writerow(COLUMNS)

    def _check(self) -> None:
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise UsageError("expected a folder to export into, got a file")
        if not any(self.folder.iterdir()):
            return
        earlier = any((self.folder / name).is_file() for name in (LINES, LINES + PART))
        if not earlier:
            raise UsageError("the folder has files that no export wrote; give an empty or a new one")
        if not self.overwrite:
            raise UsageError("the folder holds an earlier export; give another one, or --overwrite to write it anew")

    def _clear(self) -> None:
        """Remove an earlier export: the stamp first, the lists of its files last, so that it can be interrupted."""
        (self.folder / STAMP).unlink(missing_ok=True)
        folders = set()
        for name in (LINES, LINES + PART):
            for file in listed(self.folder / name):
                path = self.folder / file
                if self._is_inside(path):
                    path.unlink(missing_ok=True)
                    folders |= {path.parent, *path.parent.relative_to(self.folder).parents}
        for folder in sorted(folders, key=lambda f: len(f.parts), reverse=True):
            inside = self.folder / folder
            if inside != self.folder and inside.is_dir() and not any(inside.iterdir()):
                inside.rmdir()
        for name in _OURS:
            (self.folder / name).unlink(missing_ok=True)

    def _is_inside(self, path: Path) -> bool:
        return path.parent.resolve().is_relative_to(self.folder.resolve())

    def put(self, row: Mapping[str, Any], content: bytes) -> None:
        """Write one image under ``row["file"]`` and its line in the manifests.

        Raises:
            UsageError: if something is there already.
            JobError: if it cannot be written.
        """
        if self._lines is None or self._sheet is None:
            raise JobError("an export is prepared before it is written")
        path = self.folder / row["file"]
        with writable():
            self._folder(path.parent)
            if path.exists() or path.is_symlink():
                raise UsageError(f"image {row['image_id']}: its file is there already, and no export wrote it")
            # The line comes first, so that what an interrupted export left behind is known and can be removed.
            self._lines.write(json.dumps({name: row[name] for name in COLUMNS}) + "\n")
            self._lines.flush()
            csv.writer(self._sheet).writerow([_cell(row[name]) for name in COLUMNS])
            scratch = path.parent / f".{row['image_id']}{PART}"
            try:
                scratch.write_bytes(content)
                scratch.replace(path)
            finally:
                scratch.unlink(missing_ok=True)

    def _folder(self, folder: Path) -> None:
        """Make a folder and those above it, refusing links, which could lead elsewhere."""
        if folder in self._made or folder == self.folder:
            return
        self._folder(folder.parent)
        if folder.is_symlink() or not self._is_inside(folder):
            raise UsageError("the folder has links in it that lead elsewhere; give an empty or a new one")
        folder.mkdir(exist_ok=True)
        self._made.add(folder)

    def finish(self, stamp: str) -> None:
        """Put the manifests in place, and then the stamp."""
        with writable():
            self.close()
            for name in (LINES, SHEET):
                (self.folder / (name + PART)).replace(self.folder / name)
            scratch = self.folder / (STAMP + PART)
            scratch.write_text(stamp, encoding="utf-8")
            scratch.replace(self.folder / STAMP)

    def close(self) -> None:
        """Close the manifests; an unfinished export stays unstamped."""
        for file in (self._lines, self._sheet):
            if file is not None:
                file.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""
        self.close()


def listed(manifest: Path) -> Iterator[str]:
    """Yield the files that a manifest lists; none where there is no manifest; a last line that was cut is left out."""
    if not manifest.is_file():
        return
    with manifest.open(encoding="ascii") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(row, dict) and isinstance(row.get("file"), str):
                yield row["file"]


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula; the lines have the exact name."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


class writable:  # noqa: N801 - a context manager that reads as a word
    """Turn what a full or forbidden disk raises into one line."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Raise a :class:`JobError` for an :class:`OSError`."""
        if isinstance(error, OSError):
            raise JobError(f"the folder cannot be written: {os.strerror(error.errno or 0)}") from error
