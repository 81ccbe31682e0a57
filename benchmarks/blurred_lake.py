"""A lake under a blur of deface's default strength, through the whole commands: anonymize, evaluate, report.

Two photos of everybody who has two (LFW: 1,104 people, of which the gate needs 1,049) are anonymized by
``benchmarks/attacked/blur_as_deface.yaml`` and attacked with ``--gate default``. It must be refused: exit code 4.

A policy's chain always ends with the mask, and the panel gives it to each face that is still recognised. What is
measured here is the blur alone, so the panel is given thresholds that nobody reaches; ``--panel`` leaves it its own.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from anonymizer_udfs.recognition.calibration import content_digest
from benchmarks import command, results
from benchmarks.attacked import people
from benchmarks.recalls.choice import ROOT, default_photos, say
from jobs.lake import Lake

POLICY = Path(__file__).parent / "attacked" / "blur_as_deface.yaml"
KEPT = ROOT / "build" / "blurred"
NOBODY_REACHES = 2.0
"""Similarities end at 1."""
REFUSED = 4


def parser() -> argparse.ArgumentParser:
    """Return what is understood."""
    out = argparse.ArgumentParser(
        prog="python -m benchmarks.blurred_lake",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = out.add_argument
    add("photos", type=Path, nargs="?", default=default_photos(), help="one folder a person (default: LFW)")
    add("--people", type=int, metavar="N", help="the first so many people alone, for a trial")
    add("--panel", action="store_true", help="the panel masks faces that it still recognises, as it does by default")
    add(
        "--scratch", type=Path, default=KEPT, help="lake, vault and photos (default: build/blurred); goes on from there"
    )
    add("--out", type=Path, default=KEPT, help="folder (default: build/blurred; benchmarks/results keeps)")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Make the lake where it is not there, attack it, report, and write figures; return 0 if the gate refused it."""
    args = parser().parse_args(argv)
    photos = people.chosen(args.photos, args.people)
    labels, lake = people.laid(photos, args.scratch), args.scratch / "lake"
    quiet = [*command.QUIET, *([] if args.panel else [f"models.calibration_dir={blind(args.scratch / 'blind')}"])]
    if not lake.is_dir():
        done = command.anonymize(args.scratch / "photos", lake, "--policy", str(POLICY), quiet=tuple(quiet))
        say(f"anonymized: {done.seconds:.0f} s")
    options = command.sets(quiet)
    judge = ["--labels", str(labels), "--policy", str(POLICY), "--gate", "default", "--json"]
    code, text = command.faceveil("evaluate", str(lake), *judge, *options)
    if code not in {REFUSED, 0, 5}:
        raise SystemExit(f"faceveil evaluate ended with {code}")
    page = args.scratch / "report.html"
    report, _ = command.faceveil("report", str(lake), "--out", str(page), "--markdown", str(page.with_suffix(".md")))
    found = told(command.answer(text), code, report) | treated(lake) | {"panel": args.panel}
    results.keep(args.out, "blurred_lake", found, photos_given=True)
    return 0 if code == REFUSED else 1


def blind(folder: Path) -> Path:
    """Return a folder with calibrations like those that ship, but with thresholds that no two faces reach."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in (files("conf") / "calibration").iterdir():
        if one.name.endswith(".yaml"):
            given = yaml.safe_load(one.read_text(encoding="utf-8"))
            for entry in given["calibrations"]:
                entry["thresholds"] = dict.fromkeys(entry["thresholds"], NOBODY_REACHES)
            given["content_sha256"] = content_digest(given)
            (folder / one.name).write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    return folder


def told(answer: dict[str, Any], code: int, report: int) -> dict[str, Any]:
    """Return what an evaluation's answer says, as it is kept.

    Args:
        answer: of ``faceveil evaluate --json``.
        code: its exit code.
        report: the exit code of ``faceveil report`` on the same lake.
    """
    verdict = answer["verdict"]
    counts = {one["name"]: int(one["value"]) for one in answer["figures"] if one["scope"] == "evaluation"}
    keys = ("name", "title", "state", "measured", "bound", "limit", "had", "needed", "unit")
    attacks = [one for one in answer["figures"] if (one["scope"], one["name"]) == ("attack", "rank1")]
    return {
        "word": verdict["word"],
        "exit_code": code,
        "report_exit_code": report,
        "void": verdict["void"],
        "counts": {name: counts[name] for name in ("images", "faces", "people")},
        "checks": [{key: one[key] for key in keys} for one in verdict["checks"]],
        "exposed": verdict["exposed"],
        "rank1": [
            {**one["dimensions"], "value": one["value"], "high": one["high"], "people": one["people"]}
            for one in attacks
            if "group" not in one["dimensions"]
        ],
        "controls": [
            {**one["dimensions"], "name": one["name"], "value": one["value"]}
            for one in answer["figures"]
            if one["scope"] == "control"
        ],
        "seconds": answer["seconds"],
    }


def treated(lake: Path) -> dict[str, Any]:
    """Return by which methods the faces of a lake were treated."""
    rows = Lake(str(lake)).tables.query("SELECT faces FROM images").to_pylist()
    return {"methods": dict(Counter(face["method"] for row in rows for face in row["faces"]))}


if __name__ == "__main__":
    sys.exit(main())
