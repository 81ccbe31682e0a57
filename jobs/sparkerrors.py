"""From Spark's errors to ours: what a worker raised on purpose is told in one line, without a Java stack."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from jobs.errors import JobError, LakeBusyError

_OURS = re.compile(r"^(?:anonymizer_udfs|jobs)\.errors\.(\w+): (.*)$", re.MULTILINE)
_BUSY = ("ConcurrentTransactionException", "DELTA_CONCURRENT", "DELTA_PROTOCOL_CHANGED")
_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
_LACKING = re.compile(r"No module named '(\w+)|\[PACKAGE_NOT_INSTALLED\] (\w+)")
_CLASS = re.compile(r"\[([A-Z][A-Z0-9_.]+)\]")


@contextmanager
def translated() -> Iterator[None]:
    """Turn what Spark raises inside the block into a :class:`JobError` of one line.

    The text of Spark's own errors may quote rows and paths, so only their error class is passed on.
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise translation(str(error)) from error


def translation(text: str) -> JobError:
    r"""Return the error that a text of Spark's stands for.

    Examples:
        >>> str(translation("x\nanonymizer_udfs.errors.ModelMissingError: model m: no file\n at java"))
        'model m: no file'
        >>> str(translation("ModuleNotFoundError: No module named 'anonymizer_udfs'"))
        "the workers' Python has no anonymizer_udfs: give spark-submit the wheel: --py-files dist/faceveil-*.whl"
        >>> str(translation("[PACKAGE_NOT_INSTALLED] PyArrow >= 18.0.0 must be installed"))[:34]
        "the workers' Python has no PyArrow"
    """
    ours = _OURS.search(text)
    if ours:
        return JobError(ours[2])
    lacking = _LACKING.search(text)
    if lacking:
        package = lacking[1] or lacking[2]
        where = "give spark-submit the wheel: --py-files dist/faceveil-*.whl"
        if package != "anonymizer_udfs":
            where = "install requirements/worker.lock there, and name that Python in PYSPARK_PYTHON"
        return JobError(f"the workers' Python has no {package}: {where}")
    if any(word in text for word in _FULL):
        return JobError(
            "a disk is full (no space left): the lake's, or that of Spark's own files (spark.local.dir, TMPDIR); every "
            "batch is whole or not there: free some space and run the same command again"
        )
    if any(word in text for word in _BUSY):
        return LakeBusyError("another run wrote to this lake at the same time; nothing is lost: run the command again")
    names = _CLASS.findall(text)
    cause = f"Spark failed: {names[-1]}" if names else "Spark failed"
    return JobError(f"{cause}; run the command again to go on where it stopped; details are in Spark's own log")
