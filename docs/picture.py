"""Make ``docs/images/before_after.png`` with the real job; nobody but the public-domain astronaut is in it."""

import sys
import tempfile
from pathlib import Path

from anonymizer_udfs.sources.base import SourceSpec
from conf.settings import load
from jobs import demo, demo_cases, run, sheet
from jobs.context import treatment
from jobs.options import Common
from jobs.vault import KeySource

OUT = Path(__file__).parent / "images" / "before_after.png"
SHOWN = ("person.png", "phone.jpg", "cutout.png", "hills.webp", "moving.gif", "cut.jpg")


def main() -> int:
    """Run the job over the cases that may be shown, and write the sheet; return 0."""
    common = Common(load("local", ["tracking.enabled=false"]), None, KeySource())
    with tempfile.TemporaryDirectory(prefix="faceveil-picture-") as name:
        folder = Path(name)
        made = [case for case in demo_cases.cases() if case.file in SHOWN]
        photos = folder / "photos"
        photos.mkdir()
        for case in made:
            (photos / case.file).write_bytes(case.content)
        source = SourceSpec(str(photos), storage=common.storage)
        run.run(run.Request(common, source, str(folder / "lake"), treatment("public", common.settings)))
        tiles = [demo.tile(outcome) for outcome in demo.outcomes(made, folder, common)]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(
        sheet.before_after(tiles, "faceveil", "as they were, and what is in the lake under the policy public")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
