"""What is said of attacks: the gate's table, what each attacker reached, and the curves. Pure functions of figures."""

from collections.abc import Sequence
from dataclasses import replace

from anonymizer_udfs.evidence.figure import Figure
from conf.gates import FACE_TIERS
from jobs.parts import number, only
from jobs.reporting import curves
from jobs.reporting.blocks import Block, Drawing, Points, Section, Table, Text
from jobs.reporting.curves import Axis, Line
from jobs.reporting.evaluated import Evaluation
from jobs.verdict import HEAD, Verdict, percent

TIERS = {
    "T0": "holds clear photos, and compares",
    "T1": "also knows the method, and treats his own photos alike",
    "T2": "also learned from pairs made with this very program",
    "T3": "restores the face first, then compares",
    "T4": "ignores the face: hair, clothes, background",
    "T5": "runs the public code on photos that he suspects, without the key",
}
STAND_INS = {"canaries": "Canaries", "guessed": "People whom two recognizers guess"}
_LEAST_FMR = 1e-4


def gate(verdict: Verdict) -> Section:
    """Return the gate's table, and what did not pass beside that which the first screen tells."""
    rows = tuple(one.cells for one in verdict.checks)
    blocks: list[Block] = [
        Text(
            "Each check must pass; one is missing where there is too little evidence, and then it does not. "
            "The bound is what the figure may be in truth, with "
            f"{verdict.confidence:.0%} confidence; where every image was counted it is the count itself. The worst "
            "attacker decides."
        ),
        Table(f"The gate {verdict.gate!r}", HEAD, rows, (2,), state=1),
    ]
    further = tuple(f"{one.sentence}." for one in verdict.checks if not one.passed and one not in verdict.lacking)
    if further:
        blocks += [Text("Beside what is told above, this did not pass:"), Points(further)]
    if verdict.left_out:
        blocks.append(Points(tuple(f"Not asked: {title}, since {why}." for title, why in verdict.left_out.items())))
    return Section("gate", "The gate", tuple(blocks))


def attacks(found: Evaluation) -> Section | None:
    """Return what each attacker reached, with curves; nothing where nobody attacked."""
    wanted = int(found.verdict.thresholds["gallery"])
    gallery = _gallery(found.figures, wanted)
    if gallery is None:
        return None
    rows = _rows(found.figures, gallery)
    known = [(tier, said) for tier, said in TIERS.items() if any(row[1] == tier for row in rows)]
    short = f"The gate asks for a gallery of {wanted:,}; the largest that was attacked is shown."
    head = ("attacker", "tier", "by", "named", "may be", "matched", "equal errors", "people")
    blocks: list[Block] = [
        *([] if gallery == wanted else [Text(short)]),
        Text(
            f"Named: how often the attacker's first guess is the right person among {gallery:,}; a blind guess is "
            f"right {percent(1 / gallery)} of the time. May be: the upper bound of that. Matched: how often a pair of "
            "one person is taken for one, at a threshold that one in a thousand pairs of strangers passes. Equal "
            "errors of 50% are chance."
        ),
        Table("What each attacker reached", head, rows, (3, 4, 5, 6, 7)),
        Points(tuple(f"{tier}: {said}." for tier, said in known)),
        *_drawings(found.figures, gallery),
    ]
    controls = _controls(found.figures)
    if controls.rows:
        said = "Were the attackers any good? They must find photos that nobody treated, break a weak blur, and be no"
        blocks += [Text(f"{said} better than chance on a stranger."), controls]
    return Section("attacks", "Who attacked, and what they reached", tuple(blocks))


def stand_ins(found: Evaluation) -> Section | None:
    """Return what attackers reached on people who stand in for those whom nobody named; nothing without any."""
    blocks: list[Block] = []
    for people, title in STAND_INS.items():
        mine = [replace(one, scope="attack") for one in found.figures if _stands_in(one, people)]
        gallery = _gallery(mine, int(found.verdict.thresholds["gallery"]))
        if gallery is None:
            continue
        head = ("attacker", "tier", "by", "named", "may be", "matched", "equal errors", "people")
        blocks.append(Table(f"{title}, among {gallery:,}", head, _rows(mine, gallery), (3, 4, 5, 6, 7)))
    if not blocks:
        return None
    said = Text(
        "These may speak against the lake and never for it: canaries are other people than the archive's, and guessed "
        "people are those whom recognizers tell apart best."
    )
    return Section("stand-ins", "People who stand in for those whom nobody named", (said, *blocks))


def _stands_in(figure: Figure, people: str) -> bool:
    return figure.scope == "stand_in" and figure.of("people") == people


def _gallery(figures: Sequence[Figure], wanted: int) -> int | None:
    """Return the size of gallery to show: the one that is wanted, else the largest that there is."""
    sizes = {int(size) for one in only(figures, "attack", "rank1") if (size := number(one.of("gallery"))) >= 1}
    return wanted if wanted in sizes else max(sizes, default=None)


def _rows(figures: Sequence[Figure], gallery: int) -> tuple[tuple[str, ...], ...]:
    out = []
    for one in only(figures, "attack", "rank1"):
        if number(one.of("gallery")) != gallery:
            continue
        same = [f for f in only(figures, "attack", "tar") + only(figures, "attack", "eer") if _who(f) == _who(one)]
        matched = [f.value for f in same if f.name == "tar" and abs(number(f.of("fmr")) - 0.001) < _LEAST_FMR / 10]
        eer = [f.value for f in same if f.name == "eer"]
        out.append(
            (
                one.of("attack") or "?",
                one.of("tier") or "?",
                one.of("recognizer") or "pixels",
                _share(one.value),
                _share(one.high),
                _share(matched[0] if matched else None),
                _share(eer[0] if eer else None),
                f"{one.people or 0:,}",
            )
        )
    return tuple(sorted(out, key=lambda row: (row[1], row[0], row[2])))


def _who(figure: Figure) -> tuple[str | None, str | None]:
    return figure.of("attack"), figure.of("recognizer")


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _controls(figures: Sequence[Figure]) -> Table:
    titles = {
        "clear_found": "untreated photos found",
        "weak_blur_broken": "a weak blur broken",
        "learned_over_static": "a blur broken by learning",
        "stranger_found": "a random stranger named",
    }
    rows = tuple(
        (
            titles.get(one.name, one.name),
            one.of("recognizer") or "all",
            _share(one.value),
            percent(number(one.of("asked"))) if one.of("asked") else "-",
            "passed" if one.of("passed") == "yes" else "failed",
        )
        for one in figures
        if one.scope == "control"
    )
    return Table("Controls", ("control", "by", "measured", "asked", "state"), tuple(sorted(rows)), (2, 3), state=4)


def _drawings(figures: Sequence[Figure], gallery: int) -> list[Block]:
    out: list[Block] = []
    for who in sorted({one.of("recognizer") or "" for one in figures if one.scope == "attack"}):
        of = f", by {who}" if who else ""
        mine = [one for one in figures if one.scope == "attack" and (one.of("recognizer") or "") == who]
        out += _cmc([one for one in only(mine, "attack", "cmc") if number(one.of("gallery")) == gallery], of, gallery)
        out += _det(only(mine, "attack", "det"), of)
    return out


def _lines(figures: Sequence[Figure], along: str) -> list[Line]:
    """Return a line for each attacker, those of faces first."""
    by: dict[tuple[bool, str, str], list[tuple[float, float]]] = {}
    for one in figures:
        tier = one.of("tier") or "?"
        if one.value is not None:
            key = (tier not in FACE_TIERS, tier, one.of("attack") or "?")
            by.setdefault(key, []).append((number(one.of(along)), one.value))
    return [Line(f"{name} ({tier})", tuple(sorted(points))) for (_, tier, name), points in sorted(by.items())]


def _cmc(figures: Sequence[Figure], of: str, gallery: int) -> list[Block]:
    lines = _lines(figures, "rank")
    if not lines:
        return []
    ranks = [x for line in lines for x, _ in line.points]
    last = max(2.0, *ranks)
    highest = max([y for line in lines for _, y in line.points] + [last / gallery])
    top = min(1.0, curves.round_up(highest))
    chance = Line("a blind guess", ((1.0, 1 / gallery), (last, last / gallery)), faint=True)
    title = f"How often the right person is among the first guesses{of}"
    best = max(lines, key=lambda line: line.points[0][1])
    said = (
        f"Among {gallery:,} people; the highest of {len(lines)} attackers at the first guess is {best.name} with "
        f"{percent(best.points[0][1])}, a blind guess has {percent(1 / gallery)}."
    )
    axes = Axis("first guesses", 1, last, percent=False), Axis("right person among them", 0, top)
    svg = curves.chart([*lines, chance], axes, key=_key("cmc", of), title=title, said=said)
    return [Drawing(title, said, svg)]


def _det(figures: Sequence[Figure], of: str) -> list[Block]:
    lines = [Line(line.name, tuple(p for p in line.points if p[0] >= _LEAST_FMR)) for line in _lines(figures, "fmr")]
    lines = [line for line in lines if line.points]
    if not lines:
        return []
    title = f"What an attacker misses, by how often he takes strangers for one person{of}"
    said = (
        "Both axes are errors of the attacker: the higher a line, the less he recognises. On the line of chance he "
        "tells nobody from a stranger."
    )
    # What chance misses: all but as many as it takes for one.
    chance = Line("chance", tuple((10 ** (p / 8), 1 - 10 ** (p / 8)) for p in range(-32, 1)), faint=True)
    axes = Axis("strangers taken for one person", _LEAST_FMR, 1, log=True), Axis("pairs of one person missed", 0, 1)
    svg = curves.chart([*lines, chance], axes, key=_key("det", of), title=title, said=said)
    return [Drawing(title, said, svg)]


def _key(kind: str, of: str) -> str:
    return kind + "".join(letter if letter.isalnum() else "-" for letter in of.lower())
