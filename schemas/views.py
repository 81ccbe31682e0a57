"""The views over the tables: name to SQL, in the words that Spark and DataFusion share, and what they show.

``{explode}`` stands for the function that turns an array into rows, which each engine calls by its own name.
"""

from schemas.images import FACE_COMMENTS, IMAGES

_OF_FACES = (
    *("kind", "frame", "box", "region", "roll_degrees", "confidence", "detectors", "sightings", "look", "method"),
    *("steps", "region_hash", "attacks", "utility"),
)
_WHOSE = ("image_id", "status", "run_id", "policy_digest")

VIEW_COLUMNS = {
    "faces": (*_WHOSE, *_OF_FACES),
    "review_queue": ("image_id", "reason", "format", "width", "height", "faces", "run_id", "processed_at"),
    "quarantine": ("image_id", "reason", "format", "width", "height", "run_id", "processed_at"),
    "provenance": (
        *("image_id", "content_version", "source_digest", "output_sha256", "status", "run_id", "pipeline_version"),
        *("policy_digest", "model_digests", "key_id", "processed_at", "duration_ms"),
    ),
}
"""View to its columns, in order."""

VIEW_COMMENTS = {
    "faces": "One region of an image, with what was found there, what was done to it and what attacks made of it",
    "review_queue": "One image that waits for a person to decide on it; no export takes it",
    "quarantine": "One image that was held back without its bytes, and why",
    "provenance": "Where an image's row comes from: ids, digests, policy, models, key, run",
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
}


def views(explode: str) -> dict[str, str]:
    """Return the views in an engine's dialect; ``explode`` is its name for turning an array into rows."""
    return {name: sql.format(explode=explode) for name, sql in VIEWS.items()}


def comments(view: str) -> dict[str, str]:
    """Return what each column of a view says."""
    of_images = {column.name: column.comment for column in IMAGES.columns}
    more = FACE_COMMENTS if view == "faces" else {}
    return {name: more.get(name) or of_images[name] for name in VIEW_COLUMNS[view]}
