"""From what a sample showed to what is said of the archive: figures with intervals, and the policy they ask for."""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from anonymizer_udfs.assessing.estimates import Share, Total, share, total
from anonymizer_udfs.assessing.looking import CARRIED, ENCLOSED
from anonymizer_udfs.outcome import Status
from anonymizer_udfs.records import TIMINGS
from jobs.advice import Advice, advised
from jobs.baseline import Baseline, Folder

CLASSES_PX = (16, 32, 64, 128)
"""Where classes of faces begin, by the side of the square of their box's area."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Placed:
    """What was seen in one folder.

    Attributes:
        folder: the folder, with all that lies in it.
        looked: how many of its images were sampled and could be decoded.
        faces: how many of these show a face.
        mean, highest: of their scores; none where none could be decoded.
        at_stake: how many of them score as much as raises an image.
    """

    folder: Folder = field(repr=False)
    looked: int
    faces: int
    mean: float | None
    highest: float | None
    at_stake: int


@dataclass(frozen=True)
class Cost:
    """What anonymizing all of it takes.

    Attributes:
        policy: by which the sample was anonymized.
        core_seconds: of all images.
        steps: share of the time that each step took.
        methods: how many faces of the sample each method treated: a method that needs a lake's vault treats none here.
        cores: that worked here at a time.
        sample_seconds: what the sample took here, model loading included.
    """

    policy: str
    core_seconds: Total
    steps: dict[str, float]
    methods: dict[str, int]
    cores: int
    sample_seconds: float


@dataclass(frozen=True)
class Assessment:
    """All that is said of an archive.

    Attributes:
        base: what was listed.
        sampled: images of the sample; ``decoded``: those of them that could be.
        held_back: why the others could not, and how many each.
        review: images in which a finding was doubtful, so that a person would have to look.
        formats: by content, not by name.
        megapixels: least, median and largest of the decoded images; none where there are none.
        with_faces: images that show a face; ``faces``: in all images; ``most_faces``: in one image.
        sizes: faces of the sample by the class that begins at so many pixels; 0 for smaller ones.
        plates: licence plates in the sample.
        carried: images with each kind of metadata, among the decoded ones: no other could be given on.
        at_stake: images that score ``raise_at`` or more; ``mean_risk``: of the decoded images.
        folders: the riskiest first.
        cost: of anonymizing all.
        advice: which policy, for whom, and why.
    """

    base: Baseline = field(repr=False)
    sampled: int
    decoded: int
    held_back: dict[str, int]
    review: Share
    formats: dict[str, Share]
    megapixels: tuple[float, float, float] | None
    with_faces: Share
    faces: Total
    most_faces: int
    sizes: dict[int, int]
    plates: int
    carried: dict[str, Share]
    raise_at: float
    at_stake: Share
    mean_risk: float | None
    folders: tuple[Placed, ...] = field(repr=False)
    cost: Cost
    advice: tuple[Advice, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``; folders are named there as they are on the terminal."""
        plain = asdict(self)
        del plain["base"]["seen"], plain["base"]["folders"]
        return plain


def assessed(base: Baseline, policy: str, raise_at: float) -> Assessment:
    """Return what a sample says.

    Args:
        base: what was listed and seen.
        policy: by whose plan the sample was searched, and by which it was anonymized.
        raise_at: the score from which on an image is at stake.
    """
    rows = base.seen
    decoded = [row for row in rows if row["status"] != Status.QUARANTINED.value]
    complete = len(rows) == base.images

    def of(among: Sequence[Row], holds: Callable[[Row], bool]) -> Share:
        # Where all were looked at, those that could be decoded are all there are of them.
        return share(sum(map(holds, among)), len(among), len(among) if complete else base.images)

    scores = [float(row["risk"]) for row in decoded if row["risk"] is not None]
    at_stake = of(decoded, lambda row: (row["risk"] or 0.0) >= raise_at)
    sides = [face["side_px"] for row in decoded for face in row["faces"]]
    sizes = Counter(max((least for least in CLASSES_PX if side >= least), default=0) for side in sides)
    formats = Counter(str(row["format"]) for row in decoded)
    held_back = Counter(str(row["reason"]) for row in rows if row["status"] == Status.QUARANTINED.value)
    return Assessment(
        base=base,
        sampled=len(rows),
        decoded=len(decoded),
        held_back=dict(held_back.most_common()),
        review=of(decoded, lambda row: row["status"] == Status.REVIEW.value),
        formats={name: of(decoded, lambda row, n=name: str(row["format"]) == n) for name, _ in formats.most_common()},  # type: ignore[misc]
        megapixels=_megapixels(decoded),
        with_faces=of(decoded, lambda row: bool(row["faces"])),
        faces=total([float(len(row["faces"])) for row in rows], base.images),
        most_faces=max((len(row["faces"]) for row in decoded), default=0),
        sizes={least: sizes[least] for least in (0, *CLASSES_PX)},
        plates=sum(row["plates"] for row in decoded),
        carried={kind: of(decoded, lambda row, k=kind: bool(row[k])) for kind in (*CARRIED, *ENCLOSED)},  # type: ignore[misc]
        raise_at=raise_at,
        at_stake=at_stake,
        mean_risk=statistics.fmean(scores) if scores else None,
        folders=_by_folder(base.folders, decoded, raise_at),
        cost=_cost(base, policy),
        advice=advised(at_stake, raise_at),
    )


def _megapixels(rows: Sequence[Row]) -> tuple[float, float, float] | None:
    found = sorted(row["width"] * row["height"] / 1e6 for row in rows)
    return (found[0], statistics.median(found), found[-1]) if found else None


def _by_folder(folders: Sequence[Folder], decoded: Sequence[Row], raise_at: float) -> tuple[Placed, ...]:
    """Return what was seen in each folder, the highest mean score first, then the one with more images."""
    mine: dict[str, list[Row]] = {}
    for row in decoded:
        mine.setdefault(row["folder"], []).append(row)
    placed = (_placed(one, mine.get(one.name, []), raise_at) for one in folders)
    return tuple(sorted(placed, key=lambda one: (-(one.mean or 0.0), -one.folder.images, one.folder.name)))


def _placed(folder: Folder, rows: Sequence[Row], raise_at: float) -> Placed:
    scores = [float(row["risk"]) for row in rows if row["risk"] is not None]
    return Placed(
        folder,
        len(rows),
        sum(bool(row["faces"]) for row in rows),
        statistics.fmean(scores) if scores else None,
        max(scores, default=None),
        sum(score >= raise_at for score in scores),
    )


def _cost(base: Baseline, policy: str) -> Cost:
    spent = {name: sum(row[f"{name}_ms"] for row in base.seen) / 1000 for name in TIMINGS}
    each = [sum(row[f"{name}_ms"] for name in TIMINGS) / 1000 for row in base.seen]
    whole = sum(spent.values())
    steps = {name: seconds / whole for name, seconds in spent.items() if seconds} if whole else {}
    methods = Counter(str(face["method"]) for row in base.seen for face in row["faces"])
    return Cost(policy, total(each, base.images), steps, dict(methods.most_common()), base.cores, base.seconds)
