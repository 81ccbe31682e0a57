"""``faceveil lookup``: from a source file, an exported file or an id to its row, and from there back to the source."""

import argparse
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonymizer_udfs.errors import FaceveilError, SourceError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.uris import spellings
from jobs import options, screen
from jobs.errors import JobError
from jobs.options import Common, Parser
from jobs.placed import Placed, among, open_lake
from jobs.screen import Section, counted

EXAMPLES = """  faceveil lookup ./lake ./photos/one.jpg              from a source file to its row (needs the key)
  faceveil lookup ./lake s3a://raw/album.zip!in/2.jpg  the same in an object store and an archive
  faceveil lookup ./lake 5f0c...                       from an id back to its source (needs the vault)
  faceveil lookup ./lake ./out/5f/5f0c....jpg          from an exported file, by its content

exit codes: 0 all found, 1 something was not found, 2 bad arguments"""

_ID = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXPECTED = "expected a source as anonymize was given it, an exported file, its SHA-256, or an id of 32 hex digits"
_COLUMNS = (
    "image_id, content_version, status, reason, format, width, height, faces, output_sha256, reencoded, run_id, "
    "policy_digest, key_id, processed_at"
)
_NEWER = ("policy",)
"""Columns that a lake has from its next run on."""


@dataclass(frozen=True)
class Found:
    """What one word on the command line stands for.

    Attributes:
        asked: the word.
        how: by what it was found: ``id``, ``digest``, ``name``, ``exported_content`` or ``source_content``; ``None``
            where it was not.
        row: the row of ``images`` without its picture.
        uri: the source, where the vault names it.
        notes: why something is missing.
    """

    asked: str
    how: str | None = None
    row: dict[str, Any] | None = None
    uri: str | None = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {"asked": self.asked, "found_by": self.how, "uri": self.uri, "row": self.row, "notes": list(self.notes)}

    def section(self) -> Section:
        """Return what a person reads."""
        if self.row is None:
            return Section(self.asked, tuple(("", note) for note in ("no row in this lake", *self.notes)))
        row = self.row
        size = f"{row['width']}x{row['height']}" if row["width"] else "-"
        changes = "; re-encoded" if row["reencoded"] else ""
        lines = [
            ("id", f"{row['image_id']} (found by {(self.how or '').replace('_', ' ')})"),
            ("status", row["status"] + (f": {row['reason']}" if row["reason"] else "")),
            ("picture", f"{row['format'] or 'of no known format'}, {size}{changes}"),
            ("regions", _regions(row["faces"])),
            ("sha256", row["output_sha256"] or "-"),
            ("run", f"{row['run_id']}, {row['processed_at']:%Y-%m-%d %H:%M:%S} UTC"),
            ("policy", ", digest ".join(filter(None, (row.get("policy"), row["policy_digest"])))),
        ]
        if self.uri:
            lines.append(("source", self.uri))
        return Section(self.asked, (*lines, *(("note", note) for note in self.notes)))


def _regions(faces: list[dict[str, Any]]) -> str:
    count = Counter((face["kind"], face["method"]) for face in faces)
    return ", ".join(f"{counted(n, kind)} by {method}" for (kind, method), n in count.items()) or "none"


class Finder:
    """Answers for one lake; key and vault are asked for once, and why they are missing is told with each answer."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed
        self._key: Key | None = None
        self._no_key = ""
        try:
            self._key = placed.key()
        except JobError as error:
            self._no_key = str(error)

    def find(self, word: str) -> Found:
        """Return what one word stands for: an id, a digest of an exported file, a source's name, or a file."""
        notes: list[str] = []
        if _ID.fullmatch(word):
            row, how = self._row("image_id", [word]), "id"
        elif _SHA256.fullmatch(word):
            row, how = self._row("output_sha256", [word]), "digest"
        else:
            row, how = self._by_name(word, notes), "name"
            if row is None:
                row, how = self._by_content(Path(word), notes)
        if row is None:
            return self._missing(word, notes)
        uri = self._uri(row["image_id"], notes)
        return Found(word, how, row, uri, tuple(notes))

    def _row(self, column: str, digests: list[str]) -> dict[str, Any] | None:
        tables = self._placed.lake.tables
        columns = ", ".join((_COLUMNS, *(name for name in _NEWER if name in tables.columns("images"))))
        sql = f"SELECT {columns} FROM images WHERE {among(column, digests)}"  # noqa: S608 - digits, checked by among
        rows = {row["image_id"]: row for row in tables.query(sql).to_pylist()}
        order = digests if column == "image_id" else list(rows)
        return next((rows[digest] for digest in order if digest in rows), None)

    def _by_name(self, word: str, notes: list[str]) -> dict[str, Any] | None:
        if self._key is None:
            notes.append(f"names cannot be looked up: {self._no_key}")
            return None
        try:
            return self._row("image_id", [self._key.image_id(uri) for uri in spellings(word)])
        except SourceError as error:
            notes.append(str(error))
            return None

    def _by_content(self, file: Path, notes: list[str]) -> tuple[dict[str, Any] | None, str]:
        """Return the row whose picture, or whose source, has the bytes of a local file; and which of the two."""
        try:
            content = file.read_bytes() if file.is_file() else None
        except OSError:
            notes.append("the file cannot be read")
            content = None
        if content is None:
            return None, ""
        row = self._row("output_sha256", [hashlib.sha256(content).hexdigest()])
        if row is not None or self._key is None:
            return row, "exported_content"
        return self._row("source_digest", [self._key.source_digest(content)]), "source_content"

    def _uri(self, image_id: str, notes: list[str]) -> str | None:
        try:
            found = self._placed.names([image_id]).get(image_id)
        except FaceveilError as error:
            notes.append(f"the source cannot be named: {error}")
            return None
        if found is None:
            notes.append("the vault does not name this id")
        return found

    def _missing(self, word: str, notes: list[str]) -> Found:
        """Say what the vault knows of an image that has no row."""
        ids = [word] if _ID.fullmatch(word) else []
        if not ids and self._key is not None and not _SHA256.fullmatch(word):
            try:
                ids = [self._key.image_id(uri) for uri in spellings(word)]
            except SourceError:
                return Found(word, notes=tuple(notes))
        try:
            uris = list(self._placed.names(ids).values()) if ids else []
        except FaceveilError:
            uris = []
        if uris:
            notes.append("a run has listed it but not finished it: run the same command again")
        elif not notes and _SHA256.fullmatch(word):
            notes.append("no exported file has this digest")
        elif not notes and not _ID.fullmatch(word):
            gone = "://" not in word and "!" not in word and not Path(word).exists()
            notes.append(f"there is no such file; {_EXPECTED}" if gone else _EXPECTED)
        return Found(word, uri=uris[0] if uris else None, notes=tuple(notes))


def parser() -> Parser:
    """Return the command's parser."""
    text = "Find the row of a source file, an exported file or an id, and the source that it came from."
    made = Parser("lookup", text, EXAMPLES)
    options.add_lake(made)
    made.add_argument("words", metavar="FILE_OR_ID", nargs="+", help="a path or URI of a source, an id, a SHA-256")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, look up, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    finder = Finder(open_lake(args.lake, common))
    answers = [finder.find(word) for word in args.words]
    if common.as_json:
        options.answer([found.as_dict() for found in answers], (), as_json=True)
    else:
        screen.show([found.section() for found in answers])
    return options.DONE if all(found.row for found in answers) else options.FAILED


if __name__ == "__main__":
    sys.exit(main())
