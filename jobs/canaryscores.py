"""What a lake's rows say of its faces: how they were treated, and how alike recognizers found them to their originals.

Runs on the driver; no template and no place is in it.
"""

from dataclasses import dataclass

from pyspark.sql import functions as F  # noqa: N812 - the name that all of Spark's documentation uses

from anonymizer_udfs.canaries.sizes import LEAST_PX
from jobs.lake import SparkLake


@dataclass(frozen=True)
class Recorded:
    """What a lake's row says of a face.

    Attributes:
        face_id: its name.
        height_px: of the longer side of its box.
        policy: by which it was treated.
        steps: how many methods of the chain were tried.
        scores: how alike it was to its original, by recognizer, in the order in which they looked; none where nobody
            measured it: under masks a job looks at a sample.
    """

    face_id: str
    height_px: float
    policy: str
    steps: int
    scores: tuple[tuple[str, float], ...]


def recorded(lake: SparkLake, most: int, seed: int) -> list[Recorded]:
    """Return what a lake says of its faces that are large enough, those with scores first.

    Args:
        lake: the lake.
        most: faces; a random sample where there are more.
        seed: of the sample.
    """
    faces = lake.frame("images").select("image_id", "policy", F.posexplode("faces").alias("number", "face"))
    box = F.col("face.box")
    height = F.greatest(box["x1"] - box["x0"], box["y1"] - box["y0"])
    scores = F.transform("face.attacks", lambda one: F.struct(one["recognizer"], one["after"]))
    mine = faces.where("face.kind = 'face'").select(
        F.format_string("%s-%04d", "image_id", "number").alias("face_id"),
        height.alias("height"),
        "policy",
        F.col("face.steps").alias("steps"),
        F.coalesce(scores, F.array()).alias("scores"),
    )
    order = F.size("scores").desc(), F.xxhash64("face_id", F.lit(seed))
    some = mine.where(F.col("height") >= F.lit(LEAST_PX)).orderBy(*order).limit(most)
    return [
        Recorded(
            row["face_id"],
            float(row["height"]),
            row["policy"],
            int(row["steps"]),
            tuple((name, float(score)) for name, score in row["scores"]),
        )
        for row in some.collect()
    ]
