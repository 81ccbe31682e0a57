"""``faceveil demo``: anonymize a few real photos and hard cases, and show what came of each."""

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonymizer_udfs.outcome import Status
from anonymizer_udfs.sources import canonical
from anonymizer_udfs.sources.base import SourceSpec
from jobs import demo_cases, options, results, run, sheet
from jobs.context import treatment
from jobs.demo_cases import Case
from jobs.errors import UsageError
from jobs.lake import Lake
from jobs.options import Common, Parser
from jobs.placed import open_lake
from jobs.run import Report, Request
from jobs.screen import Section, show

EXAMPLES = """  faceveil demo
  faceveil demo ./demo
  faceveil demo ./demo-internal --policy internal

exit codes: 0 every case ended as expected, 1 some did not or the job failed, 2 bad arguments"""

SHEET = "before_after.png"
_OURS = {"", "before_after", "export", "lake", "photos"}
"""What a demo leaves in its folder, up to the first dot; ``lake.vault`` and hidden files are among it."""
HEAD = ("case", "what it is", "status", "faces", "reason", "size")


@dataclass(frozen=True)
class Outcome:
    """A case and its row in the lake; ``row`` is empty if there is none."""

    case: Case
    row: Mapping[str, Any]

    @property
    def faults(self) -> list[str]:
        """What is otherwise than it has to be; nothing if all is well."""
        if not self.row:
            return ["no row in the lake"]
        case, row = self.case, self.row
        wanted, came = (case.status.value, case.reason), (row["status"], row["reason"])
        found = [f"{' '.join(filter(None, wanted))} expected"] if wanted != came else []
        if len(row["faces"]) < case.faces:
            found.append(f"at least {case.faces} faces expected")
        if demo_cases.OWNER.encode() in (row["content"] or b""):
            found.append("its metadata is still there")
        return found

    def columns(self) -> tuple[str, ...]:
        """Return the cells of the table that is printed; it fits into 80 characters."""
        row = self.row
        size = f"{row['width']}x{row['height']}" if row and row["width"] else "-"
        faces = str(len(row["faces"])) if row and row["status"] != Status.QUARANTINED else "-"
        said = (row["status"], faces, row["reason"] or "-", size) if row else ("-",) * 4
        return (self.case.file, self.case.about, *said)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        names = ("case", "about", "status", "faces", "reason", "size")
        return dict(zip(names, self.columns(), strict=True)) | {"faults": self.faults}


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("demo", "Anonymize real photos and hard cases into a new lake, and show what came of each.", EXAMPLES)
    made.add_argument("folder", nargs="?", metavar="FOLDER", help="where photos and lake go (default: a temporary one)")
    made.add_argument("--policy", default="public", metavar="NAME", help="public, partner, internal, research or file")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    folder = _folder(args.folder)
    made = demo_cases.write(folder / "photos")
    lake = str(folder / "lake")
    source = SourceSpec(str(folder / "photos"), storage=common.storage)
    report = run.run(Request(common, source, lake, treatment(args.policy, common.settings)))
    found = outcomes(made, folder, common)
    tiles = (tile(outcome) for outcome in found)
    title = f"{len(found)} images: as they were, and what is in the lake under the policy {args.policy}"
    (folder / SHEET).write_bytes(sheet.before_after(tiles, "faceveil demo", title))
    _print(found, report, folder, args)
    return options.FAILED if any(outcome.faults for outcome in found) else options.DONE


def _folder(given: str | None) -> Path:
    """Return the folder to work in, made if need be."""
    if given is None:
        return Path(tempfile.mkdtemp(prefix="faceveil-demo-"))
    folder = Path(given).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise UsageError("FOLDER must be a folder or a new name, got a file; give another")
    if folder.exists() and any(path.name.split(".")[0] not in _OURS for path in folder.iterdir()):
        raise UsageError("FOLDER must be new, empty or an earlier demo's, got one with other files; give another")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def outcomes(made: Sequence[Case], folder: Path, common: Common) -> list[Outcome]:
    """Return what became of each case, found by the id that its path has under the lake's key."""
    placed = open_lake(str(folder / "lake"), common)
    key = placed.key()
    rows = {row["image_id"]: row for row in _rows(placed.lake)}
    return [Outcome(case, rows.get(key.image_id(canonical(str(folder / "photos" / case.file))), {})) for case in made]


def _rows(lake: Lake) -> list[dict[str, Any]]:
    columns = "image_id, status, reason, content, width, height, faces"
    return list(lake.tables.query(f"SELECT {columns} FROM images").to_pylist())  # noqa: S608 - no value in it


def tile(outcome: Outcome) -> sheet.Tile:
    """Return the case as a sheet shows it."""
    case, row = outcome.case, outcome.row
    name = f"{case.file}: {case.about}"
    if not row:
        return sheet.Tile(name, Status.QUARANTINED, reason="no row", original=case.content)
    return results.tile(row, case.content, name)


def _print(found: Sequence[Outcome], report: Report, folder: Path, args: argparse.Namespace) -> None:
    if args.as_json:
        said = {"folder": str(folder), "sheet": str(folder / SHEET), "cases": [outcome.as_dict() for outcome in found]}
        options.answer(said | {"run": report.as_dict()}, [], as_json=True)
        return
    show([Section("images", tuple(outcome.columns() for outcome in found), HEAD, right=(3,))])
    bad = [f"{outcome.case.file}: {', '.join(outcome.faults)}" for outcome in found if outcome.faults]
    verdict = "\n".join(["not as expected:", *bad]) if bad else f"all {len(found)} cases ended as expected"
    tracked = [f"MLflow: {report.tracked}"] if report.tracked else []
    options.answer({}, ["", verdict, *report.figures.lines()[2:], *tracked, *_where(folder, args)], as_json=False)


def _where(folder: Path, args: argparse.Namespace) -> list[str]:
    """Return where everything is, and what can be tried next: commands that work as they stand."""
    here = {name: str(folder / name) for name in (SHEET, "photos", "lake", "export")}
    given = {"--vault": args.vault}
    for kind in ("key", "noise-key", "signing-key"):
        given |= {
            f"--{kind}-{way}": vars(args)[f"{kind}-{way}".replace("-", "_")] for way in ("file", "env", "command")
        }
    common = [word for name, value in given.items() if value for word in (name, value)]
    policy = [] if args.policy == "public" else ["--policy", args.policy]
    commands = [
        ("what the lake holds, and what to do next", ["status", here["lake"]]),
        ("from a photo to its row", ["lookup", here["lake"], str(folder / "photos" / "group.jpg")]),
        ("plain files of what may be released", ["export", here["lake"], here["export"]]),
        ("only what is new or changed is processed", ["anonymize", here["photos"], here["lake"], *policy]),
    ]
    names = [] if args.vault else [f"names and key:    {here['lake']}.vault  (keep it apart from the lake)"]
    return [
        "",
        f"before and after: {here[SHEET]}",
        f"photos:           {here['photos']}",
        f"lake:             {here['lake']}",
        *names,
        "",
        "to try next:",
        *(f"  {shlex.join([_faceveil(), *words, *common])}\n      {text}" for text, words in commands),
    ]


def _faceveil() -> str:
    """Return how this machine's shell finds the command."""
    beside = Path(sys.executable).with_name("faceveil")
    return "faceveil" if shutil.which("faceveil") or not beside.exists() else str(beside)


if __name__ == "__main__":
    sys.exit(main())
