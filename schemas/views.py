"""The views over the tables: name to SQL, in the words that Spark and DataFusion share.

``{explode}`` stands for the function that turns an array into rows, which each engine calls by its own name.
"""

VIEWS = {
    "faces": (
        "SELECT image_id, status, run_id, policy_digest, face.kind AS kind, face.frame AS frame, face.box AS box, "
        "face.region AS region, face.roll_degrees AS roll_degrees, face.confidence AS confidence, "
        "face.detectors AS detectors, "
        "face.sightings AS sightings, face.look AS look, face.method AS method, face.steps AS steps, "
        "face.region_hash AS region_hash, face.attacks AS attacks, face.utility AS utility "
        "FROM (SELECT image_id, status, run_id, policy_digest, {explode}(faces) AS face FROM images)"
    ),
    "review_queue": (
        "SELECT image_id, reason, format, width, height, faces, run_id, processed_at FROM images "
        "WHERE status = 'review'"
    ),
    "quarantine": (
        "SELECT image_id, reason, format, width, height, run_id, processed_at FROM images WHERE status = 'quarantined'"
    ),
    "provenance": (
        "SELECT image_id, content_version, source_digest, output_sha256, status, run_id, pipeline_version, "
        "policy_digest, model_digests, key_id, processed_at, duration_ms FROM images"
    ),
}


def views(explode: str) -> dict[str, str]:
    """Return the views in an engine's dialect; ``explode`` is its name for turning an array into rows."""
    return {name: sql.format(explode=explode) for name, sql in VIEWS.items()}
