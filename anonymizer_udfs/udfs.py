"""The Spark boundary: the partition functions of the jobs, and the UDFs for people's own notebooks.

The only module of the package that imports Spark. In a notebook::

    from anonymizer_udfs.udfs import anonymize_image, detect_faces, embed_faces, register

    df.select(anonymize_image("content"))                      # policy public, a key of this session
    register(spark, spec)                                      # your policy, key and models, in SQL too
    spark.sql("SELECT anonymize_image(content) FROM photos")

Functions here run on executors, once a batch; models are loaded once a worker process.
"""

import itertools
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import cv2
import pandas as pd
import pyarrow as pa
from pyspark import SparkFiles, TaskContext
from pyspark.sql import Column, SparkSession
from pyspark.sql.pandas.functions import pandas_udf
from pyspark.sql.types import ArrayType, BinaryType, DataType, FloatType, StringType, StructField, StructType

from anonymizer_udfs import isolation, pipeline, single
from anonymizer_udfs.assessing import looking
from anonymizer_udfs.canaries.base import CanarySpec
from anonymizer_udfs.evaluation import examining
from anonymizer_udfs.evaluation.attacking import RunAttacks
from anonymizer_udfs.evaluation.examining import ExamineSpec
from anonymizer_udfs.grouping.reading import FaceSpec
from anonymizer_udfs.isolation import watchdog
from anonymizer_udfs.keys import KEY_BYTES, Key
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.cache import cache_dir
from anonymizer_udfs.policy import public
from anonymizer_udfs.records import Released
from anonymizer_udfs.risk import Risk
from anonymizer_udfs.spec import Provenance, WorkerSpec

_BOX = StructType([StructField(n, FloatType()) for n in ("x0", "y0", "x1", "y1")])
_POINT = StructType([StructField(n, FloatType()) for n in ("x", "y")])
FACES = ArrayType(
    StructType(
        [
            StructField("kind", StringType()),
            StructField("box", _BOX),
            StructField("landmarks", ArrayType(_POINT)),
            StructField("confidence", FloatType()),
            StructField("detectors", ArrayType(StringType())),
        ]
    )
)
Spec = TypeVar("Spec", WorkerSpec, FaceSpec)
TEMPLATES = ArrayType(ArrayType(FloatType()))
_bound: "WeakKeyDictionary[SparkSession, WorkerSpec]" = WeakKeyDictionary()


@dataclass(frozen=True)
class AnonymizePartition:
    """The job's partition function for ``mapInArrow``: rows of ``records.PLAN`` in, rows of ``records.OUT`` out."""

    spec: WorkerSpec

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one partition; see :func:`anonymizer_udfs.pipeline.anonymize_partition`.

        The first try is in the worker. A further one is there because a try before ended its worker, or failed: then
        each image goes through a child process, which it may end.
        """
        spec, task = on_executor(self.spec), TaskContext.get()
        again = task is not None and task.attemptNumber() > 0
        return isolation.isolated(batches, spec) if again else watchdog.watched(batches, spec)


@dataclass(frozen=True)
class AssessPartition:
    """Partition function: rows of ``records.PLAN`` in, rows of ``looking.SEEN`` out; what is anonymized is dropped.

    Attributes:
        spec: what workers are told, as for :class:`AnonymizePartition`.
        risk: the weights of the score that is told of each image.
        region_ratio: how much larger than its box a face's region is, for that score.
    """

    spec: WorkerSpec
    risk: Risk
    region_ratio: float

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what is to be said of one partition's images; one that crashes is found out as in a run."""
        planned, again = itertools.tee(batches)
        done = AnonymizePartition(self.spec)(planned)
        return looking.looked(again, done, self.spec, self.risk, self.region_ratio)


@dataclass(frozen=True)
class FacePartition:
    """Partition function: one way to read the faces of a lake's originals; rows of ``reading.WANTED`` in.

    Attributes:
        step: from batches and what workers are told to batches, such as ``grouping.reading.embed``; one that takes more
            is given it by :func:`functools.partial`.
        spec: what workers are told.
    """

    step: Callable[[Iterable[pa.RecordBatch], FaceSpec], Iterator[pa.RecordBatch]]
    spec: FaceSpec

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what the step makes of one partition's faces."""
        return self.step(batches, on_executor(self.spec))


@dataclass(frozen=True)
class ExaminePartition:
    """Partition function: one way to see photos as attackers do.

    Attributes:
        spec: what workers are told.
        see: from batches and that to batches: ``examining.examine`` for images of a lake beside their originals,
            ``held.held`` for clear photos.
    """

    spec: ExamineSpec
    see: Callable[[Iterable[pa.RecordBatch], ExamineSpec], Iterator[pa.RecordBatch]] = examining.examine

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what is seen of one partition's images."""
        worker = on_executor(self.spec.worker)
        lookers = replace(self.spec.lookers, runtime=worker.runtime)
        comparer = self.spec.comparer and replace(self.spec.comparer, runtime=worker.runtime)
        return self.see(batches, replace(self.spec, worker=worker, lookers=lookers, comparer=comparer))


@dataclass(frozen=True)
class AttackPartition:
    """Partition function: rows of ``gathered.ATTACKED`` of one attack in, rows of ``evidence.FIGURES`` out."""

    attacks: RunAttacks

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the figures of one attack."""
        means = self.attacks.means
        cv2.setNumThreads(means.runtime.threads)
        roots = (SparkFiles.getRootDirectory(), *means.runtime.roots)
        here = replace(means, runtime=replace(means.runtime, roots=roots))
        return replace(self.attacks, means=here)(batches)


@dataclass(frozen=True)
class CanaryPartition:
    """Partition function: one step of making and judging canaries, such as ``canaries.photos.look``.

    Attributes:
        step: from batches and what workers are told to batches.
        spec: what workers are told.
    """

    step: Callable[[Iterable[pa.RecordBatch], CanarySpec], Iterator[pa.RecordBatch]]
    spec: CanarySpec

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what the step makes of one partition."""
        return self.step(batches, replace(self.spec, worker=on_executor(self.spec.worker)))


def on_executor(spec: Spec) -> Spec:
    """Return the spec with the folder of shipped files among the places where models are looked for."""
    roots = (SparkFiles.getRootDirectory(), *spec.runtime.roots)
    return replace(spec, runtime=replace(spec.runtime, roots=roots))


def register(spark: SparkSession, spec: WorkerSpec | None = None) -> None:
    """Bind policy, key and models for a session, and make the three functions known to its SQL.

    Runs on the driver.

    Args:
        spark: the session.
        spec: what to bind; ``None``: the policy ``public`` and a key of this session.

    Raises:
        SpecError: for a policy that raises images to one that the spec does not have.
    """
    if spec is not None and spec.policy.risk is not None:
        spec.raised()
    _bound[spark] = spec or default_spec()
    for name, (function, kind) in _FUNCTIONS.items():
        spark.udf.register(name, cast("Any", _as_udf(function(_bound[spark]), kind)))


def default_spec() -> WorkerSpec:
    """Return the policy ``public``, the default models where ``faceveil models fetch`` puts them, and a new key.

    The key lives as long as the session: ids and noise cannot be made again after it.
    """
    key = Key(secrets.token_bytes(KEY_BYTES))
    return WorkerSpec(
        policy=public(),
        key=key,
        runtime=Runtime((str(cache_dir()),)),
        provenance=Provenance("notebook", "", "", (), key.key_id),
    )


def anonymize_image(column: Column | str) -> Column:
    """Return the anonymized image file of each image file: binary to binary, null where an image is held back.

    Raises:
        ModelError: on the executor, if a model is missing or not the one named.
    """
    return _apply("anonymize_image", column)


def detect_faces(column: Column | str) -> Column:
    """Return what the policy's plan finds in each image file, surest first.

    An array of ``kind`` (face or plate), ``box``, five ``landmarks`` (none where no detector gave any), ``confidence``
    and ``detectors``. Coordinates are pixels of the upright picture. Null where an image cannot be decoded.
    """
    return _apply("detect_faces", column)


def embed_faces(column: Column | str) -> Column:
    """Return one template for each face of each image file, in the order of :func:`detect_faces`.

    Null where no detector gave landmarks to align by. Templates are biometric data: from a stored one a face can be
    made that passes as the original. Keep them in memory.
    """
    return _apply("embed_faces", column)


def _apply(name: str, column: Column | str) -> Column:
    session = SparkSession.active()
    if session not in _bound:
        _bound[session] = default_spec()
    function, kind = _FUNCTIONS[name]
    return _as_udf(function(_bound[session]), kind)(column)


def _as_udf(function: Callable[["Series"], "Series"], kind: DataType) -> Callable[..., Column]:
    """Return a scalar-iterator pandas UDF; its stubs know no return type given as a value."""
    return cast("Any", pandas_udf)(function, kind)  # type: ignore[no-any-return]


Series = Iterator[pd.Series]


def _anonymizer(spec: WorkerSpec) -> Callable[[Series], Series]:
    def anonymize_image(batches: Series) -> Series:
        here = on_executor(spec)
        cv2.setNumThreads(here.runtime.threads)
        for batch in batches:
            works = [pipeline.Work(single.unnamed(data, here), data) for data in _bytes(batch)]
            results = pipeline.process(works, here)
            yield pd.Series(
                [r.outcome.content if isinstance(r.outcome, Released) else None for r in results], dtype=object
            )

    return anonymize_image


def _detecting(spec: WorkerSpec) -> Callable[[Series], Series]:
    def detect_faces(batches: Series) -> Series:
        here = on_executor(spec)
        for batch in batches:
            yield pd.Series([single.found(data, here) for data in _bytes(batch)], dtype=object)

    return detect_faces


def _embedding(spec: WorkerSpec) -> Callable[[Series], Series]:
    def embed_faces(batches: Series) -> Series:
        here = on_executor(spec)
        for batch in batches:
            yield pd.Series([single.templates(data, here) for data in _bytes(batch)], dtype=object)

    return embed_faces


_FUNCTIONS: dict[str, tuple[Callable[[WorkerSpec], Callable[[Series], Series]], DataType]] = {
    "anonymize_image": (_anonymizer, BinaryType()),
    "detect_faces": (_detecting, FACES),
    "embed_faces": (_embedding, TEMPLATES),
}


def _bytes(batch: pd.Series) -> list[bytes]:
    return [b"" if data is None else bytes(data) for data in batch]
