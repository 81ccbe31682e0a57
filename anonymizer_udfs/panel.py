"""The panel: recognizers that attack every anonymized face in the bytes that are about to be stored.

Each compares the face with its own original, at the original's alignment, which is more than any attacker has. What one
of them still recognises gets the next method of the chain, and with it all faces of the image, so that they look alike;
the last method is opaque and passes by construction. So does a surrogate that k people share: who matches it names one
of k, and to mask those who match would tell who is most like it. Runs on an executor; templates live in memory only.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.search import FACE
from anonymizer_udfs.imaging import Picture, orientation
from anonymizer_udfs.methods import KSame, Mask
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.policy import PASSED, Policy
from anonymizer_udfs.recognition import alignment
from anonymizer_udfs.recognition.base import Recognizer, Rgb, Templates
from anonymizer_udfs.recognition.panels import Panel
from anonymizer_udfs.records import Attack, Face
from anonymizer_udfs.spec import WorkerSpec
from anonymizer_udfs.treatment import Treated, cover

Shown = NDArray[np.uint8] | None


@dataclass(frozen=True, eq=False)
class Pair:
    """A picture as it was and as it would be stored, both upright, and which pixels of the latter depend on the former.

    Attributes:
        before: uint8 ``(h, w, 3)``.
        after: the same.
        shown: the same, 0 where no pixel depends on the source; none where all may.
    """

    before: Rgb
    after: Rgb
    shown: Shown = None

    @classmethod
    def of(cls, source: Picture, stored: Picture, treated: Treated) -> "Pair":
        """Return the pair of a frame."""
        shown: Shown = None
        if treated.blank:
            level = np.where(cover(treated.blank, source.pixels.shape), 0, 255).astype(np.uint8)
            shown = orientation.upright(level[..., None].repeat(3, 2), stored.orientation)
        return cls(
            orientation.upright(source.rgb(), source.orientation),
            orientation.upright(stored.rgb(), stored.orientation),
            shown,
        )


@dataclass
class Memory:
    """Templates of originals, so that each is made once however many methods are tried; never written anywhere."""

    known: dict[tuple[str, int], tuple[Finding, Templates]] = field(default_factory=dict, repr=False)

    def templates(self, who: Recognizer, rgb: Rgb, found: Sequence[Finding], runtime: Runtime) -> Templates:
        """Return the template of each finding of a picture, ``(n, d)``; all have landmarks of one detector."""
        # The findings themselves are kept beside: an id is theirs alone only as long as they live.
        fresh = [one for one in found if (who.name, id(one)) not in self.known]
        if fresh:
            made = who.embed(rgb, _points(fresh), fresh[0].landmarks_by or "", runtime)
            self.known |= {(who.name, id(one)): (one, made[i]) for i, one in enumerate(fresh)}
        return np.stack([self.known[who.name, id(one)][1] for one in found])


def attack(
    pair: Pair, found: Sequence[Finding], panel: Panel, runtime: Runtime, *, memory: Memory | None = None, step: int = 1
) -> list[tuple[Attack, ...]]:
    """Return what each member says of each face: how alike it and its original are.

    What has no landmarks, a plate for example, cannot be aligned and is not attacked. An aligned face of which nothing
    depends on the source matches nobody, whatever its score: it is the same for everyone, and how far one fixed
    template is from a poor original says nothing of who that is.

    Args:
        pair: the picture before and after.
        found: the faces, in the upright picture.
        panel: who looks.
        runtime: where models lie.
        memory: what is known of the originals already.
        step: which method of the chain it is, from 1, for the record.
    """
    known = Memory() if memory is None else memory
    out: list[tuple[Attack, ...]] = [()] * len(found)
    for member in panel.members:
        who = member.recognizer
        for detector, threshold in member.thresholds.items():
            mine = [i for i, one in enumerate(found) if one.landmarks_by == detector and one.landmarks is not None]
            if not mine:
                continue
            faces = [found[i] for i in mine]
            originals = known.templates(who, pair.before, faces, runtime)
            probes = who.embed(pair.after, _points(faces), detector, runtime)
            same = np.diag(who.similarity(originals, originals))
            left = np.diag(who.similarity(probes, originals))
            seen = evidence(pair.shown, _points(faces), detector)
            for row, i in enumerate(mine):
                matched = bool(left[row] >= threshold and seen[row])
                said = round(float(same[row]), 4), round(float(left[row]), 4)
                out[i] += (Attack(who.name, *said, threshold, matched, step),)
    return out


def evidence(shown: Shown, points: NDArray[np.float32], detector: str) -> NDArray[np.bool_]:
    """Return which aligned faces show any pixel that depends on the source, ``(n,)``.

    Args:
        shown: see :class:`Pair`.
        points: landmarks of the faces, ``(n, 5, 2)``, whose alignment is used; what lies outside of the picture counts
            as filled.
        detector: who gave the landmarks.
    """
    if shown is None:
        return np.ones(len(points), bool)
    onto = alignment.target(alignment.DLIB, detector)
    chips = alignment.chips(shown, points, onto, alignment.DLIB_SIDE_PX)
    return np.array([bool(chip.any()) for chip in chips], bool)


def _points(found: Sequence[Finding]) -> NDArray[np.float32]:
    return np.stack([one.landmarks for one in found if one.landmarks is not None])


class Judge:
    """Decides over one image, method by method, and remembers what was said of each face.

    Args:
        panel: who looks.
        runtime: where models lie.
        policy: by whose chain faces are treated.
    """

    def __init__(self, panel: Panel, runtime: Runtime, policy: Policy) -> None:
        self._panel, self._runtime, self.policy = panel, runtime, policy.name
        self._unjudged_pass, self._last = policy.unjudged == PASSED, len(policy.face.chain) - 1
        self._memory = Memory()
        self._said: dict[tuple[int, int, int], tuple[Attack, ...]] = {}
        self.least = 0
        """The method, from 0, that faces get at least."""

    def accepts(self, sources: Sequence[Picture], stored: Sequence[Picture], treated: Sequence[Treated]) -> bool:
        """Return whether an image may be stored as it is; if not, :attr:`least` has risen.

        Args:
            sources: the frames as they were.
            stored: what the bytes to be stored decode to.
            treated: what was done to each.
        """
        wanted = self.least
        for frame, (source, came, one) in enumerate(zip(sources, stored, treated, strict=True)):
            wanted = max(wanted, self._asked(frame, source, came, one))
        accepted, self.least = wanted == self.least, wanted
        return accepted

    def _asked(self, frame: int, source: Picture, stored: Picture, treated: Treated) -> int:
        """Return which method the faces of a frame need at least."""
        open_faces = [
            (finding, face.steps - 1)
            for finding, face, where in zip(treated.findings, treated.faces, treated.regions, strict=True)
            if finding.kind == FACE and where not in treated.blank and face.method != KSame.name
        ]
        if not open_faces:
            return 0
        pair, step = Pair.of(source, stored, treated), open_faces[0][1]
        faces = [finding for finding, _ in open_faces]
        told = attack(pair, faces, self._panel, self._runtime, memory=self._memory, step=step + 1)
        self._said |= {(frame, id(finding), step): attacks for finding, attacks in zip(faces, told, strict=True)}
        if any(one.matched for attacks in told for one in attacks):
            return step + 1
        return 0 if self._unjudged_pass or all(told) else self._last

    def recorded(self, found: Sequence[Sequence[Finding]], faces: Sequence[Face]) -> tuple[Face, ...]:
        """Return faces with all that was said of them, from the mildest method tried to the last.

        Args:
            found: what was treated in each frame.
            faces: their records, frame by frame; where one has attacks on what is stored, they stay.
        """
        keys = [(frame, id(one)) for frame, mine in enumerate(found) for one in mine]
        return tuple(self._with_all(key, face) for key, face in zip(keys, faces, strict=True))

    def _with_all(self, key: tuple[int, int], face: Face) -> Face:
        said = [self._said.get((*key, step), ()) for step in range(face.steps)]
        last = face.attacks or said[-1]
        return replace(face, attacks=(*itertools.chain.from_iterable(said[:-1]), *last))


def judge(spec: WorkerSpec) -> Judge | None:
    """Return who decides over an image; nobody where there is no panel, or every method is opaque."""
    chain = spec.policy.face.chain
    if spec.panel is None or all(isinstance(one, Mask) and one.opaque for one in chain):
        return None
    return Judge(spec.panel, spec.runtime, spec.policy)
