"""Which Java would run Spark here, and how to get one; imports the standard library only, so that set-up can ask first.

``python -m jobs.java`` says nothing and exits with 0 where Java is new enough; else it prints the remedy and exits
with 5.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

OLDEST = 17
"""The oldest major version of Java that Spark 4 starts with."""

_ANSWER_SECONDS = 60
_REMEDIES = (
    ("apt-get", "sudo apt-get install openjdk-17-jre-headless"),
    ("dnf", "sudo dnf install java-17-openjdk-headless   (or java-21-openjdk-headless)"),
    ("zypper", "sudo zypper install java-17-openjdk-headless"),
    ("apk", "sudo apk add openjdk17-jre-headless"),
    ("pacman", "sudo pacman -S jre17-openjdk-headless"),
    ("brew", "brew install openjdk@17, and set JAVA_HOME as it prints"),
)


@dataclass(frozen=True)
class Java:
    """One Java on this machine.

    Attributes:
        program: The executable.
        version: What it calls itself: ``17.0.15``, ``1.8.0_392``.
    """

    program: Path
    version: str

    @property
    def major(self) -> int:
        """The major version; 8 for ``1.8.0_392``.

        Examples:
            >>> Java(Path("java"), "1.8.0_392").major, Java(Path("java"), "21-ea").major
            (8, 21)
        """
        numbers = [int(number) for number in re.findall(r"\d+", self.version)[:2]]
        return numbers[1] if numbers[0] == 1 and len(numbers) > 1 else numbers[0]

    @property
    def new_enough(self) -> bool:
        """Whether Spark starts with it."""
        return self.major >= OLDEST


def find_java() -> Java | None:
    """Return the Java that Spark's scripts would take: ``$JAVA_HOME/bin/java``, else ``java`` on the PATH.

    None where there is none, or where what is there does not answer ``-version`` as a Java does.
    """
    java_home = os.environ.get("JAVA_HOME")
    program = str(Path(java_home) / "bin" / "java") if java_home else shutil.which("java")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "-version"], capture_output=True, text=True, check=False, timeout=_ANSWER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r'version "(\d[^"]*)"', answer.stderr)
    return Java(Path(program), version[1]) if version and answer.returncode == 0 else None


def remedy() -> str:
    """Return what to type on this machine to get a Java that is new enough."""
    known = [command for program, command in _REMEDIES if shutil.which(program)]
    if known and (platform.system() != "Darwin" or shutil.which("brew")):
        return known[-1] if platform.system() == "Darwin" else known[0]
    return f"install a JDK or JRE {OLDEST} or newer and put its java on the PATH, or set JAVA_HOME to its folder"


def problem() -> str | None:
    """Return why Spark cannot start with the Java that is here, and what to do; None where it can."""
    java = find_java()
    if java is not None and java.new_enough:
        return None
    if java is not None:
        came = f"{java.program} is Java {java.version}"
    elif os.environ.get("JAVA_HOME"):
        came = "JAVA_HOME is set, and no Java answers in it"
    else:
        came = "no java is on the PATH, and JAVA_HOME is not set"
    return f"Spark needs Java {OLDEST} or newer; {came}. To get it: {remedy()}"


def main() -> int:
    """Print what is wrong with Java here, if anything is; return 0 or 5."""
    wrong = problem()
    if wrong is None:
        return 0
    sys.stderr.write(f"{wrong}\n")
    return 5


if __name__ == "__main__":
    sys.exit(main())
