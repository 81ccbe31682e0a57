"""Can donors be told from the faces they are a part of: the whole commands, on photos of people.

Of LFW, people with one photo are the donors (who of them look straight ahead, eyes open and mouth closed), and people
with two are the archive. For each number of donors to a face, ``faceveil surrogates --donors`` keeps the donors,
``faceveil anonymize`` has them stand in, and ``faceveil evaluate`` asks who was among them (``docs/evaluation.md``).
Both are photos of one kind. They are enlarged, as donors have to be: eyes 40 pixels apart. It needs ``dlib68`` and its
licence. Some ten minutes on two idle cores.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from benchmarks import command, photos, results
from benchmarks.attacked import people
from benchmarks.attacked.people import Photo
from benchmarks.blurred_lake import treated
from benchmarks.frontiers.people import SUFFIXES
from benchmarks.recalls.choice import ROOT, default_photos, say
from jobs.donors import LANDMARKER

KEPT = ROOT / "build" / "donated"
LICENCE = "ibug-300-w-non-commercial"
EACH = (2, 8)
DONORS, ARCHIVE = 500, 500
"""People whose photos are tried as donors', and people of the archive."""
QUALITY = 95
POLICY = """# A face is the mean of {k} donors of the archive; for benchmarks alone.
name: donated
plan: fast
detectors: [centerface, yunet]
bands: {{sure: 0.65, unsure: 0.5}}
second_look: null
thorough_share: 0.0
face:
  chain:
    - name: surrogate
      donors: archive
      k: {k}
      landmarker: {{name: {landmarker}, model: {landmarker}}}
    - name: mask
  region_ratio: 1.6
panel: [dlib_resnet]
unjudged: pass
"""


def parser() -> argparse.ArgumentParser:
    """Return what is understood."""
    out = argparse.ArgumentParser(
        prog="python -m benchmarks.donated",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = out.add_argument
    add("photos", type=Path, nargs="?", default=default_photos(), help="one folder a person (default: LFW)")
    add("--each", default=",".join(map(str, EACH)), metavar="K,K", help="donors to a face (default: %(default)s)")
    add("--people", type=int, default=ARCHIVE, metavar="N", help="of the archive (default: %(default)s)")
    add("--scratch", type=Path, default=KEPT, help="photos, lakes and vaults (default: build/donated)")
    add("--out", type=Path, default=KEPT, help="folder (default: build/donated; benchmarks/results keeps)")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Make donors and a lake for each number, ask, and write the figures; return 0."""
    args = parser().parse_args(argv)
    consented, archive = apart(people.chosen(args.photos, least=1), args.people)
    labels = people.laid(archive, args.scratch / "archive")
    people.laid(consented, args.scratch / "consented")
    for folder in ("archive", "consented"):
        enlarge(args.scratch / folder / "photos")
    found = [asked(args.scratch, int(k), labels) for k in args.each.split(",")]
    results.keep(args.out, "donated", {"people": args.people, "lakes": found}, photos_given=True)
    return 0


def apart(shown: Sequence[Photo], most: int) -> tuple[list[Photo], list[Photo]]:
    """Return the photos of people with one, who may be donors, and of so many people with two."""
    counts = Counter(one.person for one in shown)
    two = [person for person, count in counts.items() if count > 1][:most]
    return [one for one in shown if counts[one.person] == 1][:DONORS], [one for one in shown if one.person in two]


def enlarge(folder: Path) -> None:
    """Double each photo of a folder in its place, once."""
    done = folder.with_suffix(".enlarged")
    for file in [] if done.exists() else folder.rglob("*"):
        if file.suffix.lower() in SUFFIXES:
            bgr = photos.enlarged(photos.read(file))[..., ::-1]
            cv2.imwrite(str(file), bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    done.touch()


def asked(scratch: Path, k: int, labels: Path) -> dict[str, Any]:
    """Return what an evaluation says of the donors, ``k`` of which are in each face."""
    lake, policy = scratch / f"lake-{k}", scratch / f"policy-{k}.yaml"
    policy.write_text(POLICY.format(k=k, landmarker=LANDMARKER), encoding="utf-8")
    quiet = (*command.QUIET, f"models.licences_accepted=[{LICENCE}]")
    if not lake.is_dir():
        command.anonymize(scratch / "archive" / "photos", lake, "--limit", "1", quiet=quiet)  # a lake is made by a run
        code, made = command.faceveil(
            "surrogates", str(lake), "--donors", str(scratch / "consented" / "photos"), "--json", *command.sets(quiet)
        )
        if code:
            raise SystemExit(f"faceveil surrogates ended with {code}")
        say(f"donors: {command.answer(made)}")
        done = command.anonymize(scratch / "archive" / "photos", lake, "--policy", str(policy), quiet=quiet)
        say(f"anonymized, {k} donors to a face: {done.seconds:.0f} s")
    words = ["--labels", str(labels), "--policy", str(policy), "--attack", "static", "--json", *command.sets(quiet)]
    code, answer = command.faceveil("evaluate", str(lake), *words)
    if code not in {0, 5}:
        raise SystemExit(f"faceveil evaluate ended with {code}")
    figures = command.answer(answer)["figures"]
    mine = [one for one in figures if one["scope"] == "membership" and one["name"].startswith("donor_")]
    keys = ("name", "value", "cases", "people")
    return {
        "k": k,
        **treated(lake),
        "figures": [{**one["dimensions"], **{key: one[key] for key in keys}} for one in mine],
    }


if __name__ == "__main__":
    sys.exit(main())
