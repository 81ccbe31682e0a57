"""How an image can end: its status, and the closed list of reasons for which it is held back."""

from enum import StrEnum


class Status(StrEnum):
    """The ``status`` column of ``images``."""

    ANONYMIZED = "anonymized"
    CLEAN = "clean"
    REVIEW = "review"
    QUARANTINED = "quarantined"


class Reason(StrEnum):
    """Why an image is quarantined or in review; the ``reason`` column of ``images``, a closed list."""

    UNSURE = "unsure"
    """It is in review: of at least one region the detectors were not sure. All of them are anonymized."""
    EDITED = "edited"
    """It is in review: a person changed what is treated in it, and nobody has accepted the result."""
    WITHHELD = "withheld"
    """A person decided on the review page that it is not released."""

    UNREADABLE = "unreadable"
    """Its bytes could not be fetched: gone, forbidden, or the store failed after retries."""
    CHANGED = "changed"
    """Its size or its time was another one when it was read than when it was listed."""
    EMPTY = "empty"
    """It has no bytes."""
    UNSUPPORTED_FORMAT = "unsupported_format"
    """It is of a format that faceveil does not write: HEIC, AVIF, RAW, PDF, video, or no image at all."""
    UNSUPPORTED_PIXELS = "unsupported_pixels"
    """Its pixels are of a kind that cannot be kept: floating point, 12 bit, Lab, ..."""
    MULTIPLE_FRAMES = "multiple_frames"
    """It has more than one frame or page."""
    TOO_LARGE = "too_large"
    """It has more bytes or pixels than the settings allow."""
    TRUNCATED = "truncated"
    """Its end is missing."""
    CORRUPT = "corrupt"
    """It cannot be decoded."""
    RESIDUAL = "residual"
    """After anonymizing, detectors went on finding a face that no region covers: not released."""
    UNVERIFIED = "unverified"
    """What was encoded does not decode to what it should: not released."""
    CRASHED = "crashed"
    """It ended a worker process, or raised what nobody foresaw, and did so again alone in a process of its own."""
    TIMED_OUT = "timed_out"
    """Alone in a process of its own, it took longer than ``limits.image_seconds`` allow."""
    OUT_OF_MEMORY = "out_of_memory"
    """Alone in a process of its own, it took more memory than ``limits.worker_bytes``."""
    SUPPRESSED = "suppressed"
    """It has the bytes of an image that was erased: a copy under another name. Nothing of it is kept."""


class BadImageError(Exception):
    """One image cannot be processed, for a ``reason``; caught in one place, in ``pipeline``, and turned into a row.

    It carries no text: a decoder's message may quote the source.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
