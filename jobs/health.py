"""What ``faceveil doctor`` looks at: each check returns one finding, and works where what it looks for is missing.

Installed packages are looked at in ``packages``. Runs on the driver's machine.
"""

import contextlib
import math
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from anonymizer_udfs.models.cache import home
from jobs import java, packages
from jobs.finding import Finding, State

GIB = 2**30


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Look at the version of this Python.

    Args:
        version: Its numbers.
    """
    detail = f"{'.'.join(map(str, version))} ({sys.executable})"
    if version < (3, 11):
        return Finding("python", State.FAIL, detail, "use Python 3.11 or newer")
    if version >= (3, 14):
        return Finding("python", State.WARN, detail, "use 3.11, 3.12 or 3.13: the locked packages are for these")
    return Finding("python", State.OK, detail)


def check_java() -> Finding:
    """Look for a Java that Spark starts with."""
    wrong, found = java.problem(), java.find_java()
    if wrong or found is None:
        return Finding("java", State.FAIL, f"{found.version} is too old" if found else "none", wrong or java.remedy())
    return Finding("java", State.OK, f"{found.version} ({found.program})")


def check_jars() -> Finding:
    """Look whether every locked jar is there with its size."""
    from jobs import jars  # noqa: PLC0415 - a check that cannot be loaded must not take the others with it

    try:
        found = jars.classpath()
    except jars.JarsError as error:
        return Finding("jars", State.FAIL, str(error).partition("; run:")[0], "faceveil jars fetch")
    return Finding("jars", State.OK, f"{len(found)} in {jars.jars_dir()}")


def check_log_store() -> Finding:
    """Look whether commits on S3 are guarded: whether our log store is built, or can be."""
    from jobs import jars, logstore  # noqa: PLC0415 - as above

    try:
        return Finding("log store", State.OK, str(logstore.build()))
    except (jars.JarsError, OSError) as error:
        what = f"none, so that on S3 only the lease keeps two runs apart ({str(error).partition('; run:')[0]})"
        return Finding("log store", State.WARN, what, "run: make setup, where Java and pyspark are")


def check_models() -> Finding:
    """Look whether the models of the policies that ship are there with their digests."""
    from anonymizer_udfs.models import defaults  # noqa: PLC0415 - as above
    from jobs import models  # noqa: PLC0415 - as above

    wanted = {defaults.CENTERFACE.name, defaults.DLIB_RESNET.name, defaults.YUNET.name}
    rows = models.list_models(models.Context(models.registry(), models.cache_dir()))
    states = {row.name: row.state for row in rows if row.name in wanted}
    bad = [f"{name} is {states.get(name, 'unknown')}" for name in sorted(wanted) if states.get(name) != "ready"]
    if bad:
        return Finding("models", State.FAIL, ", ".join(bad), "faceveil models fetch")
    return Finding("models", State.OK, f"{', '.join(sorted(wanted))} in {models.cache_dir()}")


def check_machine() -> Finding:
    """Look at cores and memory; 4 GiB hold one driver and one worker with the default models."""
    cores, memory_gib = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        memory() / GIB,
    )
    detail = f"{cores} cores, {memory_gib:.1f} GiB of memory"
    if memory_gib < 4:  # noqa: PLR2004 - said in the docstring
        return Finding("machine", State.WARN, detail, "give it 4 GiB, or lower spark.driver.memory with --set")
    return Finding("machine", State.OK, detail)


def check_disk(name: str, folder: Path, least_gib: float) -> Finding:
    """Look at what is free where a folder is, or will be.

    Args:
        name: What the finding is called.
        folder: It need not exist.
        least_gib: Below this it is a warning.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free_gib = shutil.disk_usage(there).free / GIB
    detail = f"{free_gib:.1f} GiB free for {folder}"
    if not os.access(there, os.W_OK):
        return Finding(name, State.FAIL, f"{folder} cannot be written", "set FACEVEIL_HOME or TMPDIR to one that can")
    if free_gib < least_gib:
        return Finding(name, State.WARN, detail, f"free {least_gib:g} GiB, or set FACEVEIL_HOME or TMPDIR elsewhere")
    return Finding(name, State.OK, detail)


def check_s3(endpoint: str) -> Finding:
    """Look whether anything speaks HTTP at an S3 endpoint; keys and buckets are not tried.

    Args:
        endpoint: ``http://host:port`` or ``https://host``.
    """
    if not endpoint.startswith(("http://", "https://")):
        return Finding("s3", State.FAIL, f"{endpoint} is no URL", "name it as http://host:port or https://host")
    try:
        with contextlib.closing(urllib.request.urlopen(endpoint, timeout=10)) as answer:  # noqa: S310 - checked above
            status = answer.status
    except urllib.error.HTTPError as refusal:
        # A server that refuses a caller without keys is a server that is there.
        status = refusal.code
    except (OSError, ValueError) as error:
        remedy = "check the address, the network and that the server runs"
        return Finding("s3", State.FAIL, f"no answer from {endpoint} ({type(error).__name__})", remedy)
    return Finding("s3", State.OK, f"{endpoint} answers ({status})")


def memory() -> float:
    """Return the bytes of memory that this process may use: the machine's, or less where a container says so."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    with contextlib.suppress(OSError, ValueError):
        return min(float(pages), float(limit.read_text(encoding="ascii").strip().replace("max", str(math.inf))))
    return float(pages)


def checks(s3: str | None = None) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """Yield every check with its name, in the order in which a person would mend things.

    Args:
        s3: An S3 endpoint to look at as well.
    """
    yield "python", check_python
    yield "java", check_java
    for name in packages.PACKAGES:
        yield name, partial(packages.check_package, name)
    yield "opencv", packages.check_opencv
    yield "onnxruntime", packages.check_onnxruntime
    yield "jpeg", packages.check_jpeg
    yield "jars", check_jars
    yield "log store", check_log_store
    yield "models", check_models
    yield "machine", check_machine
    yield "cache", partial(check_disk, "cache", home(), 1)
    yield "temp", partial(check_disk, "temp", Path(tempfile.gettempdir()), 5)
    if s3:
        yield "s3", partial(check_s3, s3)
