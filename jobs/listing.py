"""What is in a source, and what of it a run has to do. Runs on the driver; workers hash the names."""

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from anonymizer_udfs.keys import Key
from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.tiers import Tiers
from jobs import mlflow_store, plan, session, tiers
from jobs.request import Request
from jobs.vault import Vault


def listed(  # noqa: PLR0917 - each says another thing of one listing
    request: Request,
    spark: SparkSession,
    key: Key,
    lake_uri: str,
    vault: Vault | None,
    suppressed: frozenset[str] = frozenset(),
) -> DataFrame:
    """Return the listing, kept on executors' disks; what is ours in the source's folder is left out.

    Args:
        request: what is asked for.
        spark: where.
        key: what ids are made with.
        lake_uri: of the lake, which may lie below the source, as its vault may.
        vault: of the lake.
        suppressed: words of images that were erased, and are never listed again.
    """
    ours = [lake_uri, *map(str, mlflow_store.embedded(lake_uri))]
    ours += [vault.uri] if vault else []
    source = SourceSpec(**{**vars(request.source), "exclude": tuple(ours)})
    found = plan.list_images(spark, ListPartition(source, key, request.tiers or Tiers(), suppressed))
    if request.limit is not None:
        found = plan.sample(found, request.limit)
    return found.persist(StorageLevel.DISK_ONLY)


def todo(request: Request, found: DataFrame, images: DataFrame, decided: DataFrame | None = None) -> DataFrame:
    """Return what of a listing is not done, with its operation; see :func:`jobs.plan.missing`."""
    others = tiers.digests(request.others)
    return plan.missing(found, images, request.treatment.digest, others, request.retry, decided=decided)


def sizes(request: Request, spark: SparkSession) -> plan.Sizes:
    """Return how large a batch and a task of a run may be, by its settings."""
    given = request.common.settings.batches
    return plan.Sizes(given.images, given.bytes, given.task_images, given.task_bytes, session.cores(spark))
