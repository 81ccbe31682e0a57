"""What people decided on the review page reaches the next run: which images it takes again, and what it does otherwise.

Runs on the driver. Nothing of it is in a run over a lake in which nobody decided anything.
"""

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses
from pyspark.sql.pandas.types import from_arrow_schema

from anonymizer_udfs.decided import DECIDED
from anonymizer_udfs.policy import TWO
from jobs.decisions import Decisions
from jobs.lake import SparkLake
from jobs.request import Request
from jobs.reviewing.deciding import standings

ROWS = pa.schema([("image_id", pa.string()), ("content_version", pa.string()), ("decided", DECIDED)])
"""One version of one image, and what people decided about it."""


def decided(request: Request, lake: SparkLake) -> DataFrame | None:
    """Return what people decided about images, as :data:`ROWS`; none where nobody ever did.

    Raises:
        LakeError: decisions were changed or dropped by hand: then no run goes on without them.
    """
    found = Decisions(lake).all()
    if not found:
        return None
    pairs = {one.policy.name: one.policy.review for one in request.treatments}

    def eyes(policy: str | None) -> int:
        """Return how many have to agree; of a policy that this run does not have nobody knows, so two."""
        return 2 if pairs.get(policy or "", TWO) == TWO else 1

    rows = [(*key, one.decided.row()) for key, one in standings(found, eyes).items() if not one.decided.nothing]
    return lake.session.createDataFrame(rows, from_arrow_schema(ROWS))


def joined(work: DataFrame, rows: DataFrame | None) -> DataFrame:
    """Return a work list with what people decided about each image, in the column ``decided``."""
    if rows is None:
        return work
    return work.join(F.broadcast(rows), ["image_id", "content_version"], "left")
