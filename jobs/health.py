"""What ``faceveil doctor`` looks at: each check returns one finding, and works where what it looks for is missing.

Nothing heavy is imported: what is installed is read from the packages' metadata. Runs on the driver's machine.
"""

import contextlib
import importlib.metadata
import math
import os
import re
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from anonymizer_udfs.models.cache import home
from jobs import java

GIB = 2**30
_INSTALL = "run: make setup (or install requirements/driver.lock with pip's --no-deps --require-hashes)"
_PACKAGES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "pyspark": ((4, 2), (4, 3)),
    "delta-spark": ((4, 4), (4, 5)),
    "deltalake": ((1, 6), (2,)),
    "pandas": ((2, 2), (3,)),
    "numpy": ((2, 2), (3,)),
    "pyarrow": ((25,), (27,)),
    "insightface": ((2, 1), (3,)),
    "mlflow": ((3, 17), (4,)),
}
"""Each package that a job imports, with the oldest version that is known to work and the first that is not."""


class State(StrEnum):
    """How a finding is meant: all is well, something to know, or a job will fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """The answer of one check.

    Attributes:
        name: What was looked at.
        state: How it is.
        detail: What was found.
        remedy: What to do; empty when all is well.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""

    def __post_init__(self) -> None:
        """Refuse a problem without a way out of it."""
        if (self.state is State.OK) == bool(self.remedy):
            raise ValueError(f"a finding has a remedy exactly when it is not ok, got {self!r}")


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


def check_onnxruntime() -> Finding:
    """Look which build of ONNX Runtime is installed, that it is one, and what it can compute on."""
    builds = [name for name in ("onnxruntime", "onnxruntime-gpu") if installed(name)]
    if not builds:
        return Finding("onnxruntime", State.FAIL, "not installed", _INSTALL)
    if len(builds) > 1:
        # Both write into one folder; whichever came last decides, and nobody can tell.
        remedy = "uninstall both, then install the one you want from requirements/driver.lock or driver-gpu.lock"
        return Finding("onnxruntime", State.FAIL, f"{' and '.join(builds)} overwrite each other", remedy)
    import onnxruntime  # noqa: PLC0415 - only the runtime itself knows its providers

    providers = [name.removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers()]
    detail = f"{builds[0]} {installed(builds[0])}: {', '.join(providers)}"
    if builds[0] == "onnxruntime-gpu" and not computes_on("CUDA"):
        remedy = (
            "see that nvidia-smi works and CUDA 13 with cuDNN 9 is on the library path; until then the CPU computes"
        )
        return Finding("onnxruntime", State.WARN, f"{detail}; CUDA does not start", remedy)
    return Finding("onnxruntime", State.OK, detail)


def computes_on(provider: str) -> bool:
    """Return whether ONNX Runtime starts an execution provider; being listed says only that it was compiled in.

    Args:
        provider: ``CPU`` or ``CUDA``.
    """
    import onnxruntime  # noqa: PLC0415 - as above
    from onnx import TensorProto, helper  # noqa: PLC0415 - as above

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "probe", ends[:1], ends[1:])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)])
    options = onnxruntime.SessionOptions()
    # A provider that does not start is told to the terminal at length; the finding says it in one line.
    options.log_severity_level = 4
    wanted = f"{provider}ExecutionProvider"
    if wanted not in onnxruntime.get_available_providers():
        return False
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=[wanted])
    return wanted in session.get_providers()


def check_opencv() -> Finding:
    """Look that the headless build of OpenCV is the only one."""
    name = "opencv-python-headless"
    others = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
    clash = [other for other in others if installed(other)]
    if clash:
        remedy = f"pip uninstall -y {' '.join(clash)} {name}; then {_INSTALL}"
        return Finding("opencv", State.FAIL, f"{', '.join(clash)} overwrites {name}, or would", remedy)
    found = installed(name)
    if found is None:
        return Finding("opencv", State.FAIL, f"{name} is not installed", _INSTALL)
    return Finding("opencv", State.OK, f"{name} {found}")


def check_jpeg() -> Finding:
    """Look for the library that replaces the blocks of a JPEG and leaves all others as they are."""
    from anonymizer_udfs.imaging import turbojpeg  # noqa: PLC0415 - as above

    library = turbojpeg.find()
    if library is None:
        detail = "no libturbojpeg: JPEGs with a face are encoded anew, and their rows say so"
        return Finding("jpeg", State.WARN, detail, "pip install turbojpeg==0.0.2, or apt-get install libturbojpeg0")
    return Finding("jpeg", State.OK, f"libturbojpeg {library.version} ({library.origin.value})")


def check_package(name: str) -> Finding:
    """Look at the version of one package of the table above.

    Args:
        name: A key of that table.
    """
    oldest, beyond = _PACKAGES[name]
    found = installed(name)
    wish = f"at least {'.'.join(map(str, oldest))}, below {'.'.join(map(str, beyond))}"
    if found is None:
        return Finding(name, State.FAIL, f"not installed; needed is {wish}", _INSTALL)
    if not oldest <= numbers(found) < beyond:
        return Finding(name, State.FAIL, f"{found}; needed is {wish}", _INSTALL)
    return Finding(name, State.OK, found)


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


def installed(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None, without importing it."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version starts with.

    Examples:
        >>> numbers("2.3.3"), numbers("3.0.0rc1")
        ((2, 3, 3), (3, 0, 0))
    """
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


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
    for name in _PACKAGES:
        yield name, partial(check_package, name)
    yield "opencv", check_opencv
    yield "onnxruntime", check_onnxruntime
    yield "jpeg", check_jpeg
    yield "jars", check_jars
    yield "log store", check_log_store
    yield "models", check_models
    yield "machine", check_machine
    yield "cache", partial(check_disk, "cache", home(), 1)
    yield "temp", partial(check_disk, "temp", Path(tempfile.gettempdir()), 5)
    if s3:
        yield "s3", partial(check_s3, s3)
