# ruff: noqa: INP001 - a script beside the lists that it installs, not a package
"""Make a virtual environment from a hash-locked list, once; ``make setup`` and the image's build call this.

Imports the standard library only, since it runs before anything else is there. First come the installer and the build
tools of ``bootstrap.lock``; then, with them, the lock itself and faceveil. Where the fast installer fails, pip does the
same from the same hashes. Wheels are taken, never built; Spark, and for the tests jsonpath-rw, come as source archives
alone, which the locked build tools unpack, so that nothing unpinned is fetched to build them.
"""

import argparse
import hashlib
import importlib.util
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BOOTSTRAP = HERE / "bootstrap.lock"
STAMP = "faceveil-installed"
_BUILDING = ["--no-build-isolation", "--only-binary", ":all:", "--no-binary", "pyspark,jsonpath-rw"]
_VENV_REMEDIES = (
    ("apt-get", f"sudo apt-get install python3.{sys.version_info.minor}-venv"),
    ("dnf", "sudo dnf install python3-pip"),
    ("zypper", "sudo zypper install python3-pip"),
    ("apk", "sudo apk add py3-pip"),
    ("brew", "brew install python@3.11"),
)


def digest(lock: Path, *, editable: bool) -> str:
    """Return one digest of all that decides what the environment holds; the stamp in the environment repeats it."""
    known = hashlib.sha256(f"{platform.python_version()} {ROOT} editable={editable}".encode())
    for file in (lock, BOOTSTRAP, ROOT / "setup.py"):
        known.update(hashlib.sha256(file.read_bytes()).digest())
    return known.hexdigest()


def make_venv(folder: Path) -> Path:
    """Return the Python of the environment in ``folder``, which is made when it is not there or is of another Python.

    Raises:
        SystemExit: This Python cannot make one; the message says what to install.
    """
    if importlib.util.find_spec("ensurepip") is None:
        known = [remedy for program, remedy in _VENV_REMEDIES if shutil.which(program)]
        remedy = known[0] if known else "install your system's package of Python's venv module"
        raise SystemExit(f"{sys.executable} cannot make virtual environments (no ensurepip). To mend it: {remedy}")
    config = folder / "pyvenv.cfg"
    lines = config.read_text(encoding="utf-8").split() if config.is_file() else []
    if platform.python_version() not in lines:
        say(f"making {folder} with Python {platform.python_version()}")
        venv.create(folder, clear=True, with_pip=True, symlinks=True)
    return folder / "bin" / "python"


def install(python: Path, lock: Path, *, editable: bool) -> None:
    """Put what the lock names, and faceveil, into the environment of ``python``.

    Raises:
        SystemExit: Neither installer could; what it said is above on the terminal.
    """
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    locked = ["install", "-q", "--no-deps", "--require-hashes", *_BUILDING, "-r"]
    say(f"installing {lock.name}")
    if run([*pip, *locked, str(BOOTSTRAP)]):
        raise SystemExit("the package index could not be read; check the network, a proxy or pip's settings, try again")
    # `sync` also takes out what is locked no more, which pip cannot do.
    sync = [str(python.parent / "uv"), "pip", "sync", "-q", "--python", str(python), "--require-hashes", *_BUILDING]
    if run([*sync, str(BOOTSTRAP), str(lock)]):
        say("uv could not; pip does it now, which takes some minutes")
        if run([*pip, *locked, str(lock)]):
            raise SystemExit(f"{lock.name} could not be installed; what pip said is above. Run it again when mended")
    own = [*pip, "install", "-q", "--no-deps", "--no-build-isolation", *(["-e"] if editable else []), str(ROOT)]
    if run(own):
        raise SystemExit("faceveil itself could not be installed; what pip said is above")


def run(command: list[str]) -> int:
    """Run a command on this terminal and return its exit code; 127 when there is no such program."""
    try:
        return subprocess.run(command, check=False).returncode
    except OSError:
        return 127


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Make the environment unless its stamp says that it is there; return 0."""
    parser = argparse.ArgumentParser(description="Make a virtual environment from a hash-locked list.")
    parser.add_argument("lock", nargs="?", type=Path, default=HERE / "dev.lock", help="default: dev.lock")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="default: .venv in the checkout")
    parser.add_argument("--no-editable", action="store_true", help="copy faceveil into the environment")
    chosen = parser.parse_args()
    stamp, wanted = chosen.venv / STAMP, digest(chosen.lock, editable=not chosen.no_editable)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return 0
    python = make_venv(chosen.venv)
    stamp.unlink(missing_ok=True)
    install(python, chosen.lock, editable=not chosen.no_editable)
    stamp.write_text(wanted, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
