"""What is said of the archive itself: what was done to how many regions, what is held back, what it cost."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from anonymizer_udfs.evidence.figure import Figure
from anonymizer_udfs.outcome import Status
from jobs.lake import Lake
from jobs.reporting import curves
from jobs.reporting.blocks import Block, Drawing, Points, Section, Table, Text
from jobs.reporting.curves import Axis, Line
from jobs.reporting.evaluated import Evaluation
from jobs.screen import bytes_text, counted, seconds_text
from jobs.standing import Standing
from jobs.status import REMEDIES
from jobs.verdict import percent

_EDGES = (20, 40, 80, 160, 320)
_MEANINGS = {
    Status.ANONYMIZED: "regions were changed; may be released",
    Status.CLEAN: "nothing was found to change; may be released",
    Status.REVIEW: "changed, and a person has to decide; not released",
    Status.QUARANTINED: "held back without a picture; the reasons are below",
}


def done(lake: Lake, now: Standing) -> Section:
    """Return what became of the images, by which methods, and how large the regions are."""
    shares = [(s, now.count(s)) for s in Status if now.count(s)]
    rows = tuple((s.value, f"{n:,}", percent(n / now.images), _MEANINGS[s]) for s, n in shares)
    methods = tuple((m.kind, m.method, f"{m.regions:,}", percent(m.regions / now.faces)) for m in now.methods)
    policies = tuple((p.policy or "?", p.policy_digest[:12], f"{p.images:,}") for p in now.policies)
    blocks: list[Block] = [
        Text(f"{counted(now.images, 'image')} with {counted(now.faces, 'treated region')}."),
        Table("Images", ("status", "images", "share", "meaning"), rows, (1, 2)),
        Table("How regions were treated", ("kind", "method", "regions", "share"), methods, (2, 3)),
        *_sizes(lake),
        Table("By which policy", ("policy", "digest", "images"), policies, (2,)),
    ]
    return Section("done", "What was done", tuple(blocks))


def _sizes(lake: Lake) -> list[Block]:
    """Return how wide regions are as they were detected; a count for each class of width."""
    width = "face['box']['x1'] - face['box']['x0']"
    cases = " ".join(f"WHEN {width} < {edge} THEN {place}" for place, edge in enumerate(_EDGES))
    sql = (
        f"SELECT CASE {cases} ELSE {len(_EDGES)} END AS class, COUNT(*) AS n "  # noqa: S608 - numbers of ours
        "FROM (SELECT unnest(faces) AS face FROM images) GROUP BY 1 ORDER BY 1"
    )
    counts = {row["class"]: row["n"] for row in lake.tables.query(sql).to_pylist()}
    total = sum(counts.values())
    if not total:
        return []
    names = (f"under {_EDGES[0]} px", *(f"{a} to {b - 1} px" for a, b in pairwise(_EDGES)))
    names = (*names, f"{_EDGES[-1]} px and more")
    rows = tuple((name, f"{counts.get(i, 0):,}", percent(counts.get(i, 0) / total)) for i, name in enumerate(names))
    return [Table("How wide regions are as they were detected", ("width", "regions", "share"), rows, (1, 2))]


def held(lake: Lake, now: Standing) -> Section:
    """Return what waits for a person or is held back, and what only a later look found."""
    rows = tuple(
        (s.status, s.reason or "-", f"{s.images:,}", REMEDIES.get(s.reason, "-") if s.reason else "-")  # type: ignore[call-overload]  # a StrEnum's key is its text
        for s in now.shares
        if s.status in (Status.REVIEW, Status.QUARANTINED)
    )
    sql = (
        "SELECT SUM(residual) AS found, SUM(CASE WHEN residual > 0 THEN 1 ELSE 0 END) AS images, "
        "SUM(CASE WHEN cardinality(plans) > 1 THEN 1 ELSE 0 END) AS again FROM images"
    )
    late = {k: int(v or 0) for k, v in lake.tables.query(sql).to_pylist()[0].items()}
    waiting, out = now.count(Status.REVIEW), now.count(Status.QUARANTINED)
    found, where = counted(late["found"], "face"), counted(late["images"], "image")
    waiting, out = now.count(Status.REVIEW), now.count(Status.QUARANTINED)
    found, where = counted(late["found"], "face"), counted(late["images"], "image")
    points = (
        f"{counted(waiting, 'image')} in review, {out:,} in quarantine; no release takes either.",
        f"Each result was searched once more: that found {found} in {where}, all treated.",
        f"Searched by a second, more thorough plan: {counted(late['again'], 'image')}.",
    )
    table = Table("What is held back, and what to do", ("status", "reason", "images", "what to do"), rows, (2,))
    return Section("held", "Found late, and held back", (Points(points), table))


def kept(figures: Sequence[Figure], earlier: Sequence[Evaluation]) -> Section | None:
    """Return what of the pictures' use is left, and each evaluation of the lake as a point between risk and use."""
    rows = tuple(
        (
            one.name.replace("_", " "),
            _group(one),
            _plain(one.value),
            _plain(one.low),
            _plain(one.high),
            f"{one.cases:,}",
        )
        for one in figures
        if one.scope in {"utility", "downstream"}
    )
    table = Table("Measured", ("measure", "of", "value", "low", "high", "cases"), rows, (2, 3, 4, 5))
    drawings = _frontier(earlier)
    if not rows and not drawings:
        return None
    text = Text(
        "SSIM is 1 and PSNR without end where nothing changed; inside regions a low one is meant to be. Trained on "
        "anonymized pictures, a model is tested on clear ones: the difference is what anonymizing cost it."
    )
    return Section("kept", "What is left of the pictures' use", (text, table, *drawings))


def _group(figure: Figure) -> str:
    return ", ".join(f"{k} {v}" for k, v in figure.dimensions if k not in {"group", "of"}) or "all"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _frontier(earlier: Sequence[Evaluation]) -> list[Block]:
    """Return the evaluations of the lake as points: what is kept inside regions, and how often people are named."""
    points = []
    for one in earlier:
        kept_inside = [f.value for f in one.figures if (f.scope, f.name) == ("utility", "ssim_inside")]
        named = [check.bound for check in one.verdict.checks if check.name == "rank1"]
        if kept_inside and kept_inside[0] is not None and named and named[0] is not None:
            points.append(Line(one.run_id, ((kept_inside[0], named[0]),), dots=True))
    if len(points) < 2:  # noqa: PLR2004 - one point is no frontier
        return []
    title = "Each evaluation of this lake: what is kept against what is risked"
    said = f"{len(points)} evaluations; further right keeps more of the faces, further down exposes fewer people."
    top = min(1.0, curves.round_up(max(line.points[0][1] for line in points)))
    axes = Axis("likeness inside regions (SSIM)", 0, 1, percent=False), Axis("people named, at most", 0, top)
    return [Drawing(title, said, curves.chart(points, axes, key="frontier", title=title, said=said))]


def costs(now: Standing, found: Evaluation | None, events: Sequence[dict[str, Any]]) -> Section:
    """Return what runs took, and what the lake weighs."""
    rows = []
    for one in (run for run in now.runs if run.state == "finished"):
        last = [dict(e["figures"] or {}) for e in events if e["run_id"] == one.run_id and e["event"] == "finished"]
        speed = last[-1].get("images_per_second") if last else None
        took = "-" if one.seconds is None else seconds_text(one.seconds)
        images = f"{one.images:,}" if one.images else "-"
        began = f"{one.began:%Y-%m-%d %H:%M} UTC"
        rows.append((one.job, one.run_id, began, took, images, "-" if speed is None else f"{speed:.1f}"))
    points = [f"The lake has {bytes_text(now.size_bytes)} in {counted(now.files, 'file')}."]
    spent = next(
        (f.value for f in (found.figures if found else ()) if (f.scope, f.name) == ("evaluation", "seconds")), None
    )
    if spent is not None:
        points.append(f"The evaluation took {seconds_text(spent)}.")
    table = Table("Runs that finished", ("job", "run", "began", "took", "images", "images/s"), tuple(rows), (3, 4, 5))
    return Section("costs", "What it cost", (Points(tuple(points)), table))
