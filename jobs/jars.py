"""``faceveil jars``: bring the jars that Spark is lent, once, into one local folder, each checked by digest.

``conf/jars/pom.xml`` says which, ``conf/jars/jars.lock`` what each must be. Maven reads the pom where it is on the
PATH; where it is not, Ivy does, which Spark brings. Runs on the driver's machine at set-up; no run of a job downloads
anything.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.models.cache import home
from jobs import java
from jobs.parsing import Parser

DEFINITION = files("conf") / "jars"
"""The folder with ``pom.xml`` and ``jars.lock``; inside a wheel when that is what ``spark-submit`` was given."""

_FETCH_SECONDS = 1200
_SAID_LINES = 2
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CAUSE = re.compile(r"\[ERROR\] \w|not found|exception|refused|access error", re.IGNORECASE)


class JarsError(FaceveilError):
    """The jars are not here, or are not the ones that were locked; carries the ``problems``, one line each."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Jar:
    """One line of the lock.

    Attributes:
        name: The file's name, with its version.
        size_bytes: Its size, above 0.
        sha256: Its digest, 64 hexadecimal digits.
    """

    name: str
    size_bytes: int
    sha256: str

    def __post_init__(self) -> None:
        """Refuse a line that no file could satisfy."""
        if not self.name.endswith(".jar") or Path(self.name).name != self.name:
            raise JarsError(f"a locked file must be a plain name ending in .jar, got {self.name!r}; mend jars.lock")
        if self.size_bytes <= 0 or len(self.sha256) != hashlib.sha256().digest_size * 2:
            raise JarsError(f"{self.name} must have a size above 0 and 64 digits of SHA-256; mend jars.lock")

    def problem(self, folder: Path, *, digest: bool) -> str | None:
        """Return what is wrong with this jar in ``folder``, or None.

        Args:
            folder: Where the jars lie.
            digest: Read the whole file, and not only its size.
        """
        file = folder / self.name
        if not file.is_file():
            return f"{self.name} is missing"
        if file.stat().st_size != self.size_bytes:
            return f"{self.name} must have {self.size_bytes} bytes, has {file.stat().st_size}"
        if digest and _sha256(file) != self.sha256:
            return f"{self.name} must have the SHA-256 {self.sha256}, has {_sha256(file)}"
        return None


def read_lock(file: Traversable = DEFINITION / "jars.lock") -> list[Jar]:
    """Return the locked jars, one from each line ``SHA256 SIZE NAME``.

    Raises:
        JarsError: The file is not there, is empty, or has a line of another form.
    """
    try:
        lines = [line.split() for line in file.read_text(encoding="ascii").splitlines() if line.strip()]
        jars = [Jar(name, int(size), sha256) for sha256, size, name in lines]
    except (OSError, ValueError) as error:
        raise JarsError(f"{file.name} must have lines of the form SHA256 SIZE NAME; take it from a release") from error
    if not jars:
        raise JarsError(f"{file.name} must name the jars, is empty; take it from a release")
    return jars


def jars_dir() -> Path:
    """Return the folder that holds the jars: ``jars`` under ``anonymizer_udfs.models.cache.home()``."""
    return home() / "jars"


def problems_of(folder: Path, jars: Sequence[Jar], *, digest: bool) -> list[str]:
    """Return one line for each jar that is not in ``folder`` as locked; empty when all is well."""
    return [line for jar in jars if (line := jar.problem(folder, digest=digest))]


def classpath() -> list[Path]:
    """Return the paths of all locked jars, for ``spark.jars``; names and sizes are checked, in about a millisecond.

    Raises:
        JarsError: One is missing or has another size; ``faceveil jars fetch`` mends it.
    """
    folder, jars = jars_dir(), read_lock()
    problems = problems_of(folder, jars, digest=False)
    if problems:
        raise JarsError(
            f"{len(problems)} of {len(jars)} jars are not usable ({problems[0]}); run: faceveil jars fetch", problems
        )
    return [folder / jar.name for jar in jars]


def fetch(folder: Path, jars: Sequence[Jar]) -> None:
    """Bring all jars into ``folder``, which is replaced in one step, and only by a set in which every digest is right.

    Args:
        folder: Where they are to lie; its parent is made.
        jars: What must come.

    Raises:
        JarsError: Nothing could bring them, or what came is not what was locked.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its target, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(prefix=".jars-", dir=folder.parent) as scratch:
        came = download(Path(scratch))
        wrong = problems_of(came, jars, digest=True)
        if wrong:
            raise JarsError(
                f"{len(wrong)} of {len(jars)} jars are not what jars.lock says ({wrong[0]}); nothing was installed. "
                "If a mirror serves them, ask who runs it; do not go on with them.",
                wrong,
            )
        kept = {jar.name for jar in jars}
        for extra in [file for file in came.iterdir() if file.name not in kept]:
            extra.unlink()
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        came.rename(folder)


def download(scratch: Path) -> Path:
    """Return a folder under ``scratch`` with what the pom resolves to, unchecked; Maven is tried first, then Ivy.

    Raises:
        JarsError: Neither is there, or none of them could; it says what each said.
    """
    said: list[str] = []
    # Both tools want a file, and what we have may be inside a wheel.
    (scratch / "pom.xml").write_bytes((DEFINITION / "pom.xml").read_bytes())
    for name, command in (("Maven", _maven), ("Ivy", _ivy)):
        into = scratch / name
        line = command(into, scratch)
        if line is None:
            said.append(f"{name}: not on this machine")
            continue
        try:
            done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS)
        except subprocess.TimeoutExpired:
            said.append(f"{name}: no answer within {_FETCH_SECONDS} s")
            continue
        if done.returncode == 0 and into.is_dir():
            return into
        said.append(f"{name}: {_cause(done.stdout + done.stderr)}")
    raise JarsError(
        "the jars could not be fetched. Needed once: the network, and Maven on the PATH, or Java with the pyspark "
        "package. A mirror is named in Maven's settings.xml. On a machine without network copy the folder that "
        "`faceveil jars path` names from one that has it.\n" + "\n".join(said),
        said,
    )


def _maven(into: Path, scratch: Path) -> list[str] | None:
    """Return the command that has Maven copy the jars into a folder, or None without Maven."""
    program = shutil.which("mvn")
    if program is None:
        return None
    return [
        *(program, "-q", "-B", "-ntp", "-Dstyle.color=never", "-f", str(scratch / "pom.xml")),
        *("dependency:copy-dependencies", f"-DoutputDirectory={into}"),
    ]


def _ivy(into: Path, scratch: Path) -> list[str] | None:
    """Return the command that has Spark's Ivy do the same from the same pom, or None without Java or Spark."""
    found, jars = java.find_java(), spark_jars()
    if found is None or jars is None:
        return None
    return [
        *(str(found.program), "-cp", f"{jars}/*", "org.apache.ivy.Main"),
        *("-cache", str(scratch / "ivy"), "-ivy", str(scratch / "pom.xml"), "-confs", "runtime", "-types", "jar"),
        *("-retrieve", f"{into}/[artifact]-[revision].[ext]"),
    ]


def _cause(output: str) -> str:
    """Return the first lines of a tool's output that name a cause; after them come hints on its own switches."""
    told = [row.strip() for row in _COLOUR.sub("", output).splitlines() if row.strip()]
    causes = [row for row in told if _CAUSE.search(row)]
    return "\n  ".join((causes or told or ["it said nothing"])[:_SAID_LINES])


def spark_jars() -> Path | None:
    """Return Spark's own folder of jars, of the package or else of ``SPARK_HOME``, without importing Spark."""
    spec = importlib.util.find_spec("pyspark")
    roots = [*(spec.submodule_search_locations or [] if spec else []), os.environ.get("SPARK_HOME", "")]
    return next((Path(root) / "jars" for root in roots if root and any(Path(root).glob("jars/ivy-*.jar"))), None)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Answer:
    """What a command found: plain values for programs, lines for people, and its exit code."""

    values: dict[str, Any]
    lines: tuple[str, ...]
    code: int = 0


def _fetch_command(folder: Path) -> Answer:
    jars = read_lock()
    # Digests and not only sizes: whoever asks for a fetch has reason to doubt, and 22 MB take a tenth of a second.
    if not problems_of(folder, jars, digest=True):
        return Answer({"folder": str(folder), "jars": len(jars), "fetched": False}, ())
    sys.stderr.write(f"fetching {len(jars)} jars, {sum(jar.size_bytes for jar in jars) / 1e6:.0f} MB\n")
    fetch(folder, jars)
    said = f"{len(jars)} jars are in {folder}, every digest is right"
    return Answer({"folder": str(folder), "jars": len(jars), "fetched": True}, (said,))


def _check_command(folder: Path) -> Answer:
    jars = read_lock()
    problems = problems_of(folder, jars, digest=True)
    wrong = f"{len(problems)} of {len(jars)} are wrong; run: faceveil jars fetch"
    verdict = wrong if problems else "all digests are right"
    values = {"folder": str(folder), "jars": len(jars), "problems": problems}
    return Answer(values, (*problems, f"{len(jars)} jars in {folder}: {verdict}"), 5 if problems else 0)


def _path_command(folder: Path) -> Answer:
    return Answer({"folder": str(folder)}, (str(folder),))


def _lock_command(_folder: Path) -> Answer:
    with tempfile.TemporaryDirectory() as scratch:
        came = sorted(download(Path(scratch)).glob("*.jar"))
        lines = [f"{_sha256(file)} {file.stat().st_size} {file.name}\n" for file in came]
    Path(str(DEFINITION / "jars.lock")).write_text("".join(lines), encoding="ascii")
    return Answer({"locked": len(lines)}, (f"locked {len(lines)} jars",))


_WORK = (_fetch_command, _check_command, _path_command, _lock_command)
_COMMANDS: dict[str, Callable[[Path], Answer]] = dict(zip(("fetch", "check", "path", "lock"), _WORK, strict=True))
_EXAMPLES = """  faceveil jars fetch     bring the jars that are missing or wrong; does nothing when all are right
  faceveil jars check     compare every digest
  faceveil jars path      print the folder that holds them
  faceveil jars lock      write conf/jars/jars.lock anew, after a change of pom.xml

exit codes: 0 done, 1 failed, 2 bad arguments, 5 a check failed"""


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("jars", "Fetch and check the jars that Spark is lent, and say where they lie.", _EXAMPLES)
    made.add_argument("command", choices=tuple(_COMMANDS), help="what to do")
    made.add_argument("--json", action="store_true", dest="as_json", help="print the answer as JSON")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, work, print; return the exit code."""
    chosen = parser().parse_args(argv)
    try:
        said = _COMMANDS[chosen.command](jars_dir())
    except (JarsError, OSError) as error:
        sys.stderr.write(f"faceveil jars: {error}\n")
        return 1
    lines = [json.dumps(said.values, indent=2)] if chosen.as_json else said.lines
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return said.code


if __name__ == "__main__":
    sys.exit(main())
