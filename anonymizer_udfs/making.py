"""From pictures and what was found in them to the file that is stored: treated, encoded, decoded again to be sure."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from anonymizer_udfs import treatment, verification
from anonymizer_udfs.imaging import Encoded, Picture
from anonymizer_udfs.neighbours import Found, spread
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.shares import Shares
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.subject import Subject
from anonymizer_udfs.treatment import Treated

Timed = Callable[[str], AbstractContextManager[None]]
"""What adds the time of a ``with`` block to a step of the image."""


class Judge(Protocol):
    """Who decides whether a file may be stored; see :class:`anonymizer_udfs.panel.Judge`."""

    least: int
    """The method of the chain, from 0, that faces get at least; it rises where a file is not accepted."""

    def accepts(self, sources: Sequence[Picture], stored: Sequence[Picture], treated: Sequence[Treated]) -> bool:
        """Return whether a file may be stored as it is."""
        ...


@dataclass(frozen=True, eq=False)
class Made:
    """What is about to be stored.

    Attributes:
        encoded: the file.
        treated: the treated pictures, one for each frame; none where nothing was treated.
        stored: what the file decodes to, as many; none where it is the source without its metadata.
        psnr_outside_db: how near what was not treated came to the source, in the frame where it came least near; none
            where it is exact.
    """

    encoded: Encoded
    treated: tuple[Treated, ...] = ()
    stored: tuple[Picture, ...] = ()
    psnr_outside_db: float | None = None


def make(
    subject: Subject,
    found: Sequence[Found],
    image_id: str,
    spec: WorkerSpec,
    timed: Timed,
    *,
    shared: Shares = treatment.NOBODY,
    judge: Judge | None = None,
) -> Made:
    """Return the file with every finding treated, exact outside of the regions where the format can be.

    Where ``judge`` does not accept it, all faces get the next method of their chain, and it is made once more.

    Where the exact file does not decode to what was meant (a progressive JPEG with missing scans, for example), all of
    it is encoded anew, and the file says so: a lossy WebP, whose own quality lost what was meant, without loss.

    Raises:
        BadImageError: ``unverified``: what would be stored is not what was meant, either way.
    """
    while True:
        made = _once(subject, found, image_id, spec, timed, shared, judge.least if judge else 0)
        if judge is None or not made.treated:
            return made
        with timed("panel"):
            accepted = judge.accepts(subject.pictures(), made.stored, made.treated)
        if accepted:
            return made


def _once(  # noqa: PLR0917 - what make() was given, by its own names
    subject: Subject,
    found: Sequence[Found],
    image_id: str,
    spec: WorkerSpec,
    timed: Timed,
    shared: Shares,
    least: int,
) -> Made:
    """Return the file whose faces get at least a method of their chain."""
    pictures = subject.pictures()
    with timed("anonymize"):
        shares = spread(found, len(pictures))
        treated = tuple(
            treatment.treat(one, mine, image_id, spec, animated=len(pictures) > 1, shares=shared, least=least)
            for one, mine in zip(pictures, shares, strict=True)
        )
    with timed("encode"):
        encoded = subject.encode([one.picture for one in treated])
    if not found and subject.is_source(encoded):
        return Made(encoded)
    with timed("verify"):
        try:
            stored = _verified(subject, encoded, treated)
        except BadImageError:
            encoded = subject.encode([one.picture for one in treated], anew=True)
            stored = _verified(subject, encoded, treated)
        psnr = _psnr(stored, pictures, treated) if encoded.reencoded else None
    return Made(encoded, treated, stored, psnr)


def _verified(subject: Subject, encoded: Encoded, treated: Sequence[Treated]) -> tuple[Picture, ...]:
    """Return what a file decodes to, every frame of it as it was meant."""
    try:
        came = subject.decoded(encoded)
    except BadImageError as error:
        raise BadImageError(Reason.UNVERIFIED) from error
    sources = subject.pictures()
    if len(came) != len(sources):
        raise BadImageError(Reason.UNVERIFIED)
    for one, meant, source in zip(came, treated, sources, strict=True):
        verification.check(one, meant, source, exact=not encoded.reencoded)
    return came


def _psnr(stored: Sequence[Picture], sources: Sequence[Picture], treated: Sequence[Treated]) -> float | None:
    all_of_them = (verification.psnr_outside(*three) for three in zip(stored, sources, treated, strict=True))
    return min((one for one in all_of_them if one is not None), default=None)
