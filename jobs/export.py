"""``faceveil export``: the releasable images of a lake as plain files, with a manifest and the word they earned."""

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from anonymizer_udfs import __version__
from anonymizer_udfs.outcome import Status
from jobs import erasures, naming, options, stores
from jobs.errors import LakeError, UsageError
from jobs.options import Common, Parser
from jobs.outbox import LINES, SHEET, STAMP, Outbox
from jobs.placed import Placed, open_lake
from jobs.reporting.evaluated import word_of
from jobs.screen import bytes_text, counted
from jobs.unfollowed import unfollowed
from jobs.verdict import MEANINGS, Word

RELEASABLE = (Status.ANONYMIZED, Status.CLEAN)
UNFOLLOWED = "decided, waiting for a run"
"""What is left out where people decided something about an image that no run has followed yet."""
EXAMPLES = """  faceveil export ./lake ./out                      files under their ids: ab/abcdef....jpg
  faceveil export ./lake ./out --names              files under their names below the source's folder
  faceveil export ./lake ./out --status anonymized  only images in which a face was changed
  faceveil export ./lake ./out --overwrite          write an earlier export anew

exit codes: 0 done, 1 failed, 2 bad arguments"""


@dataclass(frozen=True)
class Order:
    """What one command line asks for, checked.

    Attributes:
        placed: the lake.
        folder: where to, on this machine.
        names: whether files get their sources' relative names, which needs the vault.
        overwrite: whether an earlier export there is written anew.
        statuses: which images; ``review`` and ``quarantined`` ones never leave.
    """

    placed: Placed
    folder: Path
    names: bool = False
    overwrite: bool = False
    statuses: tuple[Status, ...] = RELEASABLE

    def __post_init__(self) -> None:
        """Refuse statuses that no export takes, and folders inside the lake or its vault."""
        if not self.statuses or not set(self.statuses) <= set(RELEASABLE):
            raise UsageError(f"--status takes {' or '.join(RELEASABLE)}; no export takes any other image")
        self.placed.refuse_inside("the folder", self.folder)


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: str
    files: int
    size_bytes: int
    left_out: dict[str, int]
    unnamed: int
    word: Word = Word.OBFUSCATED

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return vars(self) | {"manifest": LINES, "stamp": STAMP}

    def lines(self) -> list[str]:
        """Return what a person reads."""
        out = [f"{counted(self.files, 'image')}, {bytes_text(self.size_bytes)}, in {self.folder}"]
        if self.left_out:
            out.append("left out: " + ", ".join(f"{n} {status}" for status, n in sorted(self.left_out.items())))
        if self.unnamed:
            out.append(f"{counted(self.unnamed, 'image')} without a name in the vault: under the id instead")
        return [*out, f"manifest: {LINES}, {SHEET}", f"stamp: {self.word} ({MEANINGS[self.word]})"]


def run(order: Order) -> Exported:
    """Write the files and return what was written.

    Raises:
        LakeError: if a file in the lake is not the one that its row describes; that file is not written.
        JobError: if the folder cannot be written.
    """
    lake = order.placed.lake
    word = word_of(lake)
    known = lake.tables.query("SELECT image_id, status, format FROM images")
    statuses = Counter(known.column("status").to_pylist())
    total = sum(statuses[s] for s in order.statuses)
    left_out = {status: n for status, n in statuses.items() if status not in order.statuses}
    waiting = unfollowed(lake)
    pairs = zip(known.column("image_id").to_pylist(), known.column("status").to_pylist(), strict=True)
    if held := sum(image_id in waiting and status in order.statuses for image_id, status in pairs):
        left_out[UNFOLLOWED], total = held, total - held
    names, unnamed = _names(order, known)
    size = files = 0
    with Outbox(order.folder, order.overwrite) as outbox:
        outbox.prepare(_header(order, left_out, word))
        for row in _watched(_rows(order), total):
            if row["image_id"] in waiting:  # somebody saw what is wrong with it, and no run has mended it yet
                continue
            content = row["content"]
            verify(row)
            row["file"] = names.get(row["image_id"]) or naming.id_name(row["image_id"], row["format"])
            outbox.put(row | {"sha256": row["output_sha256"], "size_bytes": len(content)}, content)
            size, files = size + len(content), files + 1
        outbox.finish(_stamp(order, files, left_out, word))
    return Exported(str(order.folder), files, size, left_out, unnamed, word)


def _names(order: Order, known: Any) -> tuple[dict[str, str], int]:
    """Return the file name of each image, and how many of them the vault cannot name; none without ``--names``."""
    if not order.names:
        return {}, 0
    rows = zip(*(known.column(c).to_pylist() for c in ("image_id", "status", "format")), strict=True)
    formats = {image_id: form for image_id, status, form in rows if status in order.statuses}
    live = set(known.column("image_id").to_pylist())
    uris = {image_id: uri for image_id, uri in order.placed.names().items() if image_id in live}
    return naming.relative_names(uris, formats), sum(image_id not in uris for image_id in formats)


def _rows(order: Order) -> Iterator[dict[str, Any]]:
    some = ", ".join(f"'{status}'" for status in order.statuses)
    columns = "image_id, status, format, output_sha256, policy_digest, run_id, content"
    sql = f"SELECT {columns} FROM images WHERE status IN ({some})"  # noqa: S608 - words of a closed list
    for batch in order.placed.lake.tables.stream(sql):
        yield from batch.to_pylist()


def _watched(rows: Iterator[dict[str, Any]], total: int) -> Iterator[dict[str, Any]]:
    """Draw a bar on a terminal."""
    if not sys.stderr.isatty():
        return rows
    return iter(track(rows, "exporting", total=total, console=Console(stderr=True)))


def verify(row: dict[str, Any]) -> None:
    """Refuse a file whose bytes are not those that its row describes.

    Raises:
        LakeError: naming the id.
    """
    if hashlib.sha256(row["content"] or b"").hexdigest() != row["output_sha256"]:
        raise LakeError(
            f"image {row['image_id']}: its bytes are not those that were written (SHA-256 differs); nothing was "
            "exported of it, and the export is not finished; restore the lake from a backup"
        )


def _header(order: Order, left_out: dict[str, int], word: Word) -> dict[str, Any]:
    events = order.placed.lake.ledger.events()
    return {
        "faceveil": __version__,
        "word": word.value,
        "meaning": MEANINGS[word],
        "left_out": left_out,
        "statuses": list(order.statuses),
        "table_versions": order.placed.lake.tables.versions(),
        "ledger_head": events[-1]["hash"] if events else None,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _stamp(order: Order, files: int, left_out: dict[str, int], word: Word) -> str:
    manifest = hashlib.sha256((order.folder / f"{LINES}.part").read_bytes()).hexdigest()
    missing = ", ".join(f"{n} {status}" for status, n in sorted(left_out.items())) or "none"
    return (
        f"{word.value}\n\n{word.value}: {MEANINGS[word]}.\n\n"
        f"images: {files}\nleft out: {missing}\nmanifest.jsonl sha256: {manifest}\nfaceveil: {__version__}\n"
    )


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("export", "Write the releasable images of a lake as plain files with a manifest.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("folder", metavar="DIR", help="a new or empty folder of this machine")
    made.add_argument("--names", action="store_true", help="name files as the source does (needs the vault)")
    made.add_argument("--overwrite", action="store_true", help="remove an earlier export there and write it anew")
    made.add_argument(
        "--status", action="append", choices=[s.value for s in RELEASABLE], help="only these images (default: both)"
    )
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, export, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    folder = stores.normalise(args.folder)
    if not stores.is_local(folder):
        raise UsageError("an export goes to a folder of this machine; copy it to the object store from there")
    statuses = tuple(Status(s) for s in args.status) if args.status else RELEASABLE
    placed = open_lake(args.lake, common)
    erasures.refuse_half(placed.lake, args.lake)
    done = run(Order(placed, Path(folder), args.names, args.overwrite, statuses))
    options.answer(done.as_dict(), done.lines(), as_json=common.as_json)
    return options.DONE


if __name__ == "__main__":
    sys.exit(main())
