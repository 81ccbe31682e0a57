"""What workers that make and judge canaries are told, and the rows that they take and give."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymizer_udfs.canaries.sizes import Sizes
from anonymizer_udfs.records import LISTED
from anonymizer_udfs.spec import WorkerSpec

HEADS, CLEAR, PHOTOS = "heads", "clear", "photos"
"""Folders of a run: heads that were cut out, the attackers' clear photos, and the images that the job gets."""

_ENTRY = [LISTED.field(name) for name in LISTED.names if name not in {"image_id", "content_version"}]
_FLOATS = pa.list_(pa.float32())
FOLDER = pa.schema([("person", pa.string()), ("photo_id", pa.string()), ("number", pa.int32()), *_ENTRY])
"""One photo of a known person: ``person`` and ``photo_id`` are keyed, ``number`` is its place among the person's."""
LOOKED = pa.schema(
    [
        ("person", pa.string()),
        ("photo_id", pa.string()),
        ("number", pa.int32()),
        ("state", pa.string()),
        ("file", pa.string()),
        ("box", _FLOATS),
        ("landmarks", _FLOATS),
        ("detector", pa.string()),
    ]
)
"""What became of a photo; the places are those of a head in its file, of a clear photo in the upright photo."""
_WISH = pa.struct(
    [
        ("head_id", pa.string()),
        ("person", pa.string()),
        ("box", _FLOATS),
        ("landmarks", _FLOATS),
        ("detector", pa.string()),
    ]
)
_PLACE = pa.struct([("kind", pa.string()), ("box", _FLOATS), ("region", _FLOATS)])
HOST = pa.schema(
    [
        *LISTED,
        ("policy", pa.string()),
        ("source_digest", pa.string()),
        ("copy", pa.int32()),
        ("known", pa.list_(_PLACE)),
        ("wishes", pa.list_(_WISH)),
    ]
)
"""An image of the archive, what is known to be in it, and who is to be laid in; places in its stored pixels."""
_CANARY = [
    ("person", pa.string()),
    ("head_id", pa.string()),
    ("box", _FLOATS),
    ("landmarks", _FLOATS),
    ("detector", pa.string()),
    ("height_px", pa.float32()),
    ("drawn_px", pa.float32()),
    ("place", pa.string()),
    ("seam", pa.float32()),
]
_SEAM = pa.struct([("height_px", pa.float32()), ("seam", pa.float32())])
HOSTED = pa.schema(
    [
        ("host", pa.string()),
        ("copy", pa.int32()),
        ("state", pa.string()),
        ("file", pa.string()),
        ("canaries", pa.list_(pa.struct(_CANARY))),
        ("seams", pa.list_(_SEAM)),
    ]
)
"""What became of an image of the archive, and the canaries in it; places in its stored pixels. ``seams`` are those of
its own faces: see :func:`anonymizer_udfs.canaries.alike.seam`."""
TRUTH = pa.schema(
    [("canary_id", pa.string()), ("image_id", pa.string()), ("host", pa.string()), ("file", pa.string()), *_CANARY]
)
"""One canary, as the manifest in the vault has it; ``image_id`` is that of the canaries' lake."""
VERDICTS = pa.schema(
    [
        ("canary_id", pa.string()),
        ("image_id", pa.string()),
        ("face_id", pa.string()),
        ("person", pa.string()),
        ("height_px", pa.float32()),
        ("verdict", pa.string()),
        ("covered", pa.float32()),
        ("changed", pa.float32()),
        ("confidence", pa.float32()),
    ]
)
"""What became of a canary; ``face_id`` names the face that the job found in its place, null where it found none."""


@dataclass(frozen=True)
class CanarySpec:
    """What workers that make and judge canaries are told.

    Attributes:
        worker: what those that anonymize the archive are told: its policies, its key, and how it is read.
        folder: URI of the run's folder in the vault, where they write.
        sizes: how large canaries become.
        seed: of places, sizes and noise, beside the key: the same seed lays the same heads in alike, whatever the run.
    """

    worker: WorkerSpec
    folder: str = field(repr=False)
    sizes: Sizes = field(default_factory=Sizes)
    seed: int = 0

    def uri(self, *parts: str) -> str:
        """Return the URI of something in the run's folder."""
        return "/".join((self.folder.rstrip("/"), *parts))


def floats(values: Sequence[float] | NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """Return a row's numbers as an array, points two by two where there are more than four."""
    if values is None:
        return None
    out = np.asarray(values, np.float32)
    return out.reshape(-1, 2) if out.size > 4 else out  # noqa: PLR2004 - a box has four


def numbers(values: NDArray[np.float32] | None) -> list[float] | None:
    """Return an array as a row has it."""
    return None if values is None else [float(v) for v in np.asarray(values).ravel()]
