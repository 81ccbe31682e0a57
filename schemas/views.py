"""The views over the tables: name to SQL, in the words that Spark and DataFusion share, and what they show.

``{explode}`` stands for the function that turns an array into rows, which each engine calls by its own name.
"""

from collections.abc import Collection

from schemas.images import FACE_COMMENTS, IMAGES
from schemas.released import RELEASED
from schemas.releases import RELEASES

_OF_FACES = (
    *("kind", "frame", "box", "region", "roll_degrees", "confidence", "detectors", "sightings", "look", "method"),
    *("steps", "region_hash", "attacks", "utility"),
)
_WHOSE = ("image_id", "status", "run_id", "policy_digest")
_OF_RELEASED = ("image_id", "name", "file", "file_member", "file_row", "output_sha256", "run_id")
_OF_RELEASES = ("uri", "at", "word", "recalled_at", "recalled_why")

VIEW_COLUMNS = {
    "faces": (*_WHOSE, *_OF_FACES),
    "review_queue": ("image_id", "reason", "format", "width", "height", "faces", "run_id", "processed_at"),
    "quarantine": ("image_id", "reason", "format", "width", "height", "run_id", "processed_at"),
    "provenance": (
        *("image_id", "content_version", "source_digest", "output_sha256", "status", "run_id", "pipeline_version"),
        *("policy_digest", "model_digests", "key_id", "processed_at", "duration_ms"),
    ),
    "holdings": (*_OF_RELEASED, *_OF_RELEASES),
}
"""View to its columns, in order."""

VIEW_COMMENTS = {
    "faces": "One region of an image, with what was found there, what was done to it and what attacks made of it",
    "review_queue": "One image that waits for a person to decide on it; no export takes it",
    "quarantine": "One image that was held back without its bytes, and why",
    "provenance": "Where an image's row comes from: ids, digests, policy, models, key, run",
    "holdings": "One image that a release holds, where it lies in it, and what became of the release",
}
"""View to what one row of it is."""

VIEWS = {
    "faces": (
        f"SELECT {', '.join((*_WHOSE, *(f'face.{name} AS {name}' for name in _OF_FACES)))} "  # noqa: S608 - ours
        f"FROM (SELECT {', '.join(_WHOSE)}, {{explode}}(faces) AS face FROM images)"
    ),
    "review_queue": f"SELECT {', '.join(VIEW_COLUMNS['review_queue'])} FROM images WHERE status = 'review'",  # noqa: S608
    "quarantine": f"SELECT {', '.join(VIEW_COLUMNS['quarantine'])} FROM images WHERE status = 'quarantined'",  # noqa: S608
    "provenance": f"SELECT {', '.join(VIEW_COLUMNS['provenance'])} FROM images",  # noqa: S608 - names of ours
    # By the run: of a release that was cut off there are rows, and none in releases, whatever has its name now.
    "holdings": (
        f"SELECT {', '.join((*(f'm.{name}' for name in _OF_RELEASED), *(f'r.{name}' for name in _OF_RELEASES)))} "  # noqa: S608 - ours
        "FROM released AS m JOIN releases AS r ON m.run_id = r.run_id WHERE m.image_id IS NOT NULL"
    ),
}
OVER = {"holdings": ("released", "releases")}
"""View to the tables that it is over, where that is not ``images`` alone."""


def views(explode: str, tables: Collection[str] = ("images",)) -> dict[str, str]:
    """Return the views over tables that are there, in an engine's dialect.

    Args:
        explode: the engine's name for turning an array into rows.
        tables: those that are there.
    """
    there = set(tables)
    return {n: sql.format(explode=explode) for n, sql in VIEWS.items() if there.issuperset(OVER.get(n, ("images",)))}


def comments(view: str) -> dict[str, str]:
    """Return what each column of a view says."""
    if view in OVER:
        said = {column.name: column.comment for table in (RELEASES, RELEASED) for column in table.columns}
        return {name: said[name] for name in VIEW_COLUMNS[view]}
    of_images = {column.name: column.comment for column in IMAGES.columns}
    more = FACE_COMMENTS if view == "faces" else {}
    return {name: more.get(name) or of_images[name] for name in VIEW_COLUMNS[view]}
