"""``images``: one row for one source image, whatever happened to it."""

import pyarrow as pa

from schemas.base import MOMENT, STRINGS, Column, Table

_FLOAT_BOX = pa.struct([(n, pa.float32()) for n in ("x0", "y0", "x1", "y1")])
_INT_BOX = pa.struct([(n, pa.int32()) for n in ("x0", "y0", "x1", "y1")])
_ATTACK = pa.struct(
    [
        ("recognizer", pa.string()),
        ("before", pa.float32()),
        ("after", pa.float32()),
        ("threshold", pa.float32()),
        ("matched", pa.bool_()),
        ("step", pa.int32()),
    ]
)
_SIGHTING = pa.struct([("detector", pa.string()), ("seen_in", pa.string()), ("confidence", pa.float32())])
_FACE = pa.struct(
    [
        ("kind", pa.string()),
        ("frame", pa.int32()),
        ("box", _FLOAT_BOX),
        ("region", _INT_BOX),
        ("roll_degrees", pa.float32()),
        ("landmarks", pa.list_(pa.struct([("x", pa.float32()), ("y", pa.float32())]))),
        ("confidence", pa.float32()),
        ("detectors", pa.list_(pa.string())),
        ("sightings", pa.list_(_SIGHTING)),
        ("look", pa.string()),
        ("method", pa.string()),
        ("parameters", pa.string()),
        ("steps", pa.int32()),
        ("region_hash", pa.int64()),
        ("attacks", pa.list_(_ATTACK)),
        ("utility", pa.map_(pa.string(), pa.float32())),
    ]
)

FACE_COMMENTS = {
    "kind": "face or plate",
    "frame": "In which frame of an animation it was treated, from 0",
    "box": "What was detected, in stored pixels: x0 y0 x1 y1, half-open",
    "region": "The box that holds every pixel that its treatment may have changed, whole JPEG blocks included",
    "roll_degrees": "How far the face is turned in the picture's plane, clockwise; null if unknown",
    "landmarks": "Five points at most; more are face geometry and stay out",
    "confidence": "In [0, 1]: the mean, over the detectors that looked there, of the best score of each",
    "detectors": "Detectors that saw it",
    "sightings": "Each detector's best score, and the pass in which it was seen so",
    "look": "Which look found it: plan, thorough, second (at the anonymized picture) or neighbour (a frame nearby)",
    "method": "How its pixels were changed",
    "parameters": "The method's parameters as JSON",
    "steps": "How many methods of the policy's chain were tried, at least 1",
    "region_hash": "Keyed perceptual hash of the region as it is stored; null for one of one colour",
    "attacks": "For each recognizer and step: likeness to the original before and after, threshold, whether it matches",
    "utility": "Measures of this region, on the run's sample",
}
"""What each field of an element of ``faces`` says; Delta keeps comments for whole columns alone."""

IMAGES = Table(
    name="images",
    comment="One source image; at most one live row for each image_id, earlier ones are the table's history",
    key=("image_id",),
    version=7,
    statistics=("image_id", "status", "reason", "run_id", "processed_at"),
    constraints=(
        ("status_known", "status IN ('anonymized', 'clean', 'review', 'quarantined')"),
        ("quarantined_has_no_content", "status != 'quarantined' OR content IS NULL"),
        ("released_has_content", "status = 'quarantined' OR content IS NOT NULL"),
        ("quarantined_says_why", "status != 'quarantined' OR reason IS NOT NULL"),
    ),
    columns=(
        Column("image_id", pa.string(), "Keyed hash of the source's URI, 32 hex digits", nullable=False),
        Column("content_version", pa.string(), "Keyed hash of size, modification time and etag", nullable=False),
        Column("source_digest", pa.string(), "Keyed hash of the SHA-256 of the source's bytes; null if not read"),
        Column("status", pa.string(), "anonymized, clean, review or quarantined", nullable=False),
        Column("reason", pa.string(), "Why it is quarantined or in review, from a closed list"),
        Column("format", pa.string(), "jpeg, png, webp, tiff, bmp or gif; null if none of them"),
        Column("width", pa.int32(), "Stored width in pixels"),
        Column("height", pa.int32(), "Stored height in pixels"),
        Column("frames", pa.int32(), "How many pictures the file shows one after another; 1 if it is no animation"),
        Column("content", pa.binary(), "The anonymized image file; null if quarantined"),
        Column("output_sha256", pa.string(), "SHA-256 of content"),
        Column("reencoded", pa.bool_(), "Whether pixels outside the regions may differ from the source's"),
        Column(
            "steps",
            pa.list_(pa.string()),
            "Steps of the policy that changed every pixel, before the faces were treated, in order",
        ),
        Column(
            "faces", pa.list_(_FACE), "One element for each region; boxes in stored pixels, half-open", nullable=False
        ),
        Column("plans", pa.list_(pa.string()), "The detection plans that were run on it, in order; empty if none was"),
        Column("residual", pa.int32(), "How many of the faces only the look at the anonymized picture found"),
        Column("utility", pa.map_(pa.string(), pa.float32()), "Measures of the whole image, on the run's sample"),
        Column("run_id", pa.string(), "The run that wrote the row", nullable=False),
        Column("pipeline_version", pa.string(), "Version of faceveil", nullable=False),
        Column("policy", pa.string(), "Name of the policy by which it was treated"),
        Column("raised_from", pa.string(), "Name of its data set's policy, where its risk raised it from that one"),
        Column("risk", pa.float64(), "Risk score in [0, 1] of the policy that weighed it last; null if none did"),
        Column(
            "policy_digest",
            pa.string(),
            "Digest of the policy of its data set, of what that may raise it to, thresholds and models",
            nullable=False,
        ),
        Column("model_digests", STRINGS, "SHA-256 of each model used", nullable=False),
        Column("key_id", pa.string(), "Which key the ids came from", nullable=False),
        Column("noise_key_id", pa.string(), "Which key the noise came from; null: the one of key_id"),
        Column("decided", pa.int64(), "Number of the last decision of a person that the row follows; null: of none"),
        Column("processed_at", MOMENT, "When the row was made", nullable=False),
        Column("duration_ms", pa.float32(), "Work spent on the image, in milliseconds", nullable=False),
    ),
)
