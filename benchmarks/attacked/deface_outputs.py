"""deface as its user runs it: its own command, with its defaults, over files that it is named."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from anonymizer_udfs.boxes import IntBox, grow, outward
from anonymizer_udfs.detection.findings import Finding
from benchmarks.recalls.peers import Deface

WAYS = ("blur", "mosaic", "solid")
GROWN = 1.6
"""How much larger its mask is than its detector's box, by default: 0.3 of each side is added on both ends of it."""
_AT_ONCE = 200


def outputs(python: str, files: Mapping[str, Path], way: str, folder: Path) -> dict[str, Path]:
    """Return deface's own output of each file; those that are in the folder already are not made again.

    Args:
        python: of a virtual environment with deface.
        files: JPEGs by a name of ours, under which deface is shown them.
        way: what it is given as ``--replacewith``.
        folder: where the outputs lie.

    Raises:
        SystemExit: deface failed, or an output is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = {name: folder / f"{name}_anonymized.jpg" for name in files}
    missing = [name for name, file in made.items() if not file.is_file()]
    program, half = str(Path(python).parent / "deface"), folder / "half"
    for at in range(0, len(missing), _AT_ONCE):
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        some = missing[at : at + _AT_ONCE]
        given = [str(shutil.copyfile(files[name], half / f"{name}.jpg")) for name in some]
        if not _ran([program, *given, "--replacewith", way]) or not all(
            (half / made[name].name).is_file() for name in some
        ):
            raise SystemExit(
                f"{program} --replacewith {way} failed; make bench makes its environment, or run it by hand"
            )
        for name in some:
            (half / made[name].name).rename(made[name])
    shutil.rmtree(half, ignore_errors=True)
    return made


def version(python: str) -> str:
    """Return the version of deface in an environment.

    Raises:
        SystemExit: it does not run there.
    """
    return str(Deface(python).description["versions"]["deface"])


def region(one: Finding, size_wh: tuple[int, int]) -> IntBox:
    """Return where deface's mask lies around a face, if its detector draws the box that ours does.

    Only what lies outside of it counts as being around a face; deface does not say where it drew.
    """
    return outward(grow(one.box, GROWN), size_wh)


def _ran(line: list[str]) -> bool:
    """Return whether a program ran to a good end."""
    quiet, env = subprocess.DEVNULL, os.environ | {"OMP_NUM_THREADS": "1"}
    try:
        return subprocess.run(line, stdout=quiet, stderr=quiet, env=env, check=False).returncode == 0
    except OSError:
        return False
