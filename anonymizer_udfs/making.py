"""From a picture and what was found in it to the file that is stored: treated, encoded, decoded again to be sure."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from anonymizer_udfs import imaging, treatment, verification
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.imaging import Encoded, Picture
from anonymizer_udfs.outcome import BadImageError
from anonymizer_udfs.records import Look
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.treatment import Treated

Timed = Callable[[str], AbstractContextManager[None]]
"""What adds the time of a ``with`` block to a step of the image."""


@dataclass(frozen=True, eq=False)
class Made:
    """What is about to be stored.

    Attributes:
        encoded: the file.
        treated: the treated picture; none where nothing was treated.
        stored: what the file decodes to; none where it is the source without its metadata.
        psnr_outside_db: how near what was not treated came to the source; none where it is exact.
    """

    encoded: Encoded
    treated: Treated | None = None
    stored: Picture | None = None
    psnr_outside_db: float | None = None


def make(
    picture: Picture, found: Sequence[tuple[Finding, Look]], image_id: str, spec: WorkerSpec, timed: Timed
) -> Made:
    """Return the file of a picture with every finding treated, exact outside of the regions where the format can be.

    Where the exact file does not decode to what was meant (a progressive JPEG with missing scans, for example), the
    whole picture is encoded anew, and the file says so.

    Raises:
        BadImageError: ``unverified``: what would be stored is not what was meant, either way.
    """
    with timed("anonymize"):
        treated = treatment.treat(picture, [one for one, _ in found], [look for _, look in found], image_id, spec)
    with timed("encode"):
        encoded = imaging.encode(treated.picture, picture)
    if not found and encoded.data is picture.encoding.untouched:
        return Made(encoded)
    with timed("verify"):
        try:
            stored = verification.stored(encoded, treated, picture, spec.limits.max_pixels)
        except BadImageError:
            if encoded.reencoded:
                raise
            encoded = imaging.encode(treated.picture)
            stored = verification.stored(encoded, treated, picture, spec.limits.max_pixels)
        psnr = verification.psnr_outside(stored, picture, treated) if encoded.reencoded else None
    return Made(encoded, treated, stored, psnr)
