"""The log store that makes a Delta commit on S3 a conditional put: built from its source, once, and where it lies.

Spark brings the compiler, so that a JRE is enough. Runs on the driver's machine, at set-up or when Spark first starts.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path

from anonymizer_udfs.models.cache import home
from jobs import jars, java
from jobs.jars import JarsError

SOURCE = files("conf") / "logstore" / "ConditionalPutLogStore.java"
CLASS = "faceveil.ConditionalPutLogStore"
CONF = {f"spark.delta.logStore.{scheme}.impl": CLASS for scheme in ("s3a", "s3", "s3n")}
"""What has Delta use it; the class has to be on Spark's class path."""

_COMPILER = "org.codehaus.commons.compiler.samples.CompilerDemo"
_SECONDS = 120
_DIGITS = 16
_EPOCH = (1980, 1, 1, 0, 0, 0)


def jar() -> Path:
    """Return where the jar lies, or will: its name has the digest of the source."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:_DIGITS]
    return home() / "logstore" / f"faceveil-logstore-{digest}.jar"


def ready() -> Path | None:
    """Return the jar, built now if it was not (about a second, once); ``None`` where it cannot be built."""
    try:
        return build()
    except (JarsError, OSError):
        return None


def build() -> Path:
    """Return the jar, built now if it was not.

    Raises:
        JarsError: there is no Java or no compiler, or it refused the source.
        OSError: the cache cannot be written.
    """
    made = jar()
    if made.is_file():
        return made
    found, spark = java.find_java(), jars.spark_jars()
    if found is None or spark is None:
        raise JarsError("the log store for S3 needs Java and the pyspark package to be built; run: make setup")
    storage = [path for path in jars.classpath() if path.name.startswith("delta-storage-")]
    made.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=made.parent) as scratch:
        folder = Path(scratch)
        # The compiler wants a file, and what we have may be inside a wheel.
        (folder / SOURCE.name).write_bytes(SOURCE.read_bytes())
        api = sorted(spark.glob("hadoop-client-api-*.jar"))
        compiler = [*spark.glob("janino-*.jar"), *spark.glob("commons-compiler-*.jar")]
        line = [str(found.program), "-cp", _path(compiler), _COMPILER, "-d", str(folder / "out")]
        line += ["-classpath", _path([*api, *storage]), str(folder / SOURCE.name)]
        try:
            done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise JarsError(f"the log store for S3 was not built within {_SECONDS} s; run: make setup") from error
        classes = sorted((folder / "out").rglob("*.class"))
        # The compiler ends with 0 whatever it thinks of the source.
        if done.returncode or not classes:
            raise JarsError(f"the log store for S3 could not be built: {(done.stderr or done.stdout).strip()[-400:]}")
        with zipfile.ZipFile(folder / made.name, "w") as packed:
            for path in classes:
                packed.writestr(zipfile.ZipInfo(str(path.relative_to(folder / "out")), _EPOCH), path.read_bytes())
        (folder / made.name).rename(made)
    return made


def main() -> int:
    """Build it; return 0, or 1 with the reason where that was not possible."""
    try:
        build()
    except (JarsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _path(paths: list[Path]) -> str:
    return ":".join(map(str, paths))


if __name__ == "__main__":
    sys.exit(main())
