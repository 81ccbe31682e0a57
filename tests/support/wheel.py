"""The wheel as ``make wheel`` builds it, and a Python that has everything but faceveil, to prove which copy is used."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("anonymizer_udfs", "conf", "jobs", "schemas")
_FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")


def build(folder: Path) -> Path:
    """Build the wheel from a copy of the sources and return it; about two seconds.

    Args:
        folder: For the copy and the wheel; made if it is not there.
    """
    source, built = folder / "source", folder / "dist"
    source.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(ROOT / name, source)
    for name in ("requirements", *PACKAGES):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(built), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(built.glob("faceveil-*.whl"))


def bare_python(folder: Path) -> Path:
    """Return a Python in a new environment with all installed packages, of which faceveil cannot be imported."""
    venv.create(folder, with_pip=False, symlinks=True)
    [site] = folder.glob("lib/python3*/site-packages")
    # A folder named in a .pth file is searched, while the .pth files in it, which lead to our checkout, are not read.
    site.joinpath("packages.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    python = folder / "bin" / "python"
    done = subprocess.run([python, "-Ic", "import pyspark, cv2, anonymizer_udfs"], capture_output=True, check=False)
    assert b"No module named 'anonymizer_udfs'" in done.stderr, done.stderr.decode()
    return python
