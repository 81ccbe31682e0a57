"""From a source to what its faces are treated in: the same file, or a new one in which every pixel went through steps.

The steps' result is written as a file of the source's kind and read again, and takes the source's place from there on:
what the format can hold is what regions are treated in, what is verified, measured, and looked at again. So outside the
regions what is stored is bit-identical to that file, as it is to the source where there are no steps. The search has
seen the source: small, grey or mirrored faces are harder to find. Runs on an executor, once an image.
"""

from dataclasses import replace

from anonymizer_udfs import imaging, subject
from anonymizer_udfs.detection.plans import FAST
from anonymizer_udfs.imaging import Picture
from anonymizer_udfs.neighbours import Found
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.steps import Moved, Step
from anonymizer_udfs.subject import Subject


class Stepped:
    """What faces are treated in, and how places move on the way there.

    Attributes:
        subject: the source itself where there are no steps, else the file that they make.
        steps: those that were asked for.
        taken: those of them that changed anything: a small picture is not shrunk, and a grey one not made grey.
    """

    def __init__(self, source: Subject, steps: tuple[Step, ...], max_pixels: int) -> None:
        """Take the steps.

        Raises:
            BadImageError: as the source's own decoding; ``unverified``: what was written is not what was meant.
        """
        self.steps, self.subject = steps, source
        self.taken: tuple[Step, ...] = ()
        self._moved: tuple[Moved, ...] = ()
        if steps:
            self._take(source, max_pixels)

    def _take(self, source: Subject, max_pixels: int) -> None:
        if source.failed is not None:
            raise BadImageError(source.failed)
        frames = list(source.pictures())
        for step in self.steps:
            after = [step.apply(one) for one in frames]
            if all(one is other for one, other in zip(after, frames, strict=True)):
                continue
            self.taken += (step,)
            self._moved += (Moved.between(frames[0], after[0], mirrored=step.mirrors),)
            frames = after
        if self.taken:
            self.subject = _written(source, frames, max_pixels)

    def there(self, one: Found) -> Found:
        """Return where what was found in the source is after the steps."""
        finding = one.finding
        for moved in self._moved:
            finding = moved.finding(finding)
        return replace(one, finding=finding)

    def back(self, one: Found) -> Found:
        """Return where in the source something is that was found after the steps."""
        finding = one.finding
        for moved in reversed(self._moved):
            finding = moved.back().finding(finding)
        return replace(one, finding=finding)


def _written(source: Subject, frames: list[Picture], max_pixels: int) -> Subject:
    """Return what a file of these frames shows."""
    data = source.encode(frames, anew=True).data
    header = imaging.probe(data)
    made = subject.of(header, data, FAST, max_pixels)
    if not _as_meant(made.pictures(), frames):
        raise BadImageError(Reason.UNVERIFIED)
    return made


def _as_meant(came: tuple[Picture, ...], meant: list[Picture]) -> bool:
    """Return whether a file shows as many pictures of the kind that was written."""
    kinds = [
        [(one.pixels.shape, one.pixels.dtype, one.channels, one.orientation) for one in some] for some in (came, meant)
    ]
    return kinds[0] == kinds[1]
