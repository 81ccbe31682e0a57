"""What a person reads of an assessment: sections for a terminal, and the same as a Markdown page.

Names of folders and the source are the user's own; they are shown here and nowhere else.
"""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from anonymizer_udfs.assessing.estimates import Share, Total
from anonymizer_udfs.outcome import Reason
from jobs.assessment import CLASSES_PX, Assessment, Placed
from jobs.screen import Section, bytes_text, counted, seconds_text
from jobs.status import REMEDIES

FOLDERS_SHOWN = 20
STEPS_SHOWN = 3
CARRIED = {
    "place": "a place (GPS, a city)",
    "names": "names, texts, serial numbers",
    "dates": "dates",
    "thumbnail": "a thumbnail or preview",
    "maker_note": "a maker's note, unread",
    "trailer": "data behind the end",
}
_MARKED = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#"})


def sections(found: Assessment, typed: str) -> list[Section]:
    """Return what a person reads.

    Args:
        found: what was assessed.
        typed: the source as it was typed.
    """
    head = [Section(f"archive {printable(typed)}", _facts(found))]
    if not found.base.images:
        return [*head, Section("next", (("no image is there: check the source",),))]
    interval = ("", "images seen", "share of all (95% interval)")
    return [
        *head,
        Section("formats, by content", tuple(_share(n, s) for n, s in found.formats.items()), interval, (1, 2)),
        Section("faces", _faces(found), right=(1,)),
        Section(
            "metadata carried", tuple(_share(CARRIED[n], s) for n, s in found.carried.items()), interval, right=(1, 2)
        ),
        _folders(found),
        Section(
            "cannot be anonymized as they are",
            tuple((name, str(n), REMEDIES.get(Reason(name), "")) for name, n in found.held_back.items()),
            ("reason", "images seen", "what to do"),
            (1,),
        ),
        Section(f"time and cost, by policy {found.cost.policy}", _cost(found)),
        Section(
            "policy that is advised",
            tuple((one.audience, one.policy, one.why) for one in found.advice),
            ("who will see it", "policy", "why"),
        ),
        Section("next", ((f"faceveil anonymize {printable(typed)} LAKE --policy {found.advice[0].policy}",),)),
        Section("what these figures are", tuple((note,) for note in notes(found))),
    ]


def _facts(found: Assessment) -> tuple[tuple[str, str], ...]:
    base = found.base
    size = bytes_text(base.size_bytes) + (f", and {base.unsized:,} of unknown size" if base.unsized else "")
    rows = [("images listed", f"{base.images:,}")]
    if not base.images:
        return tuple(rows)
    part = "all of them" if found.sampled == base.images else f"a random sample of {found.sampled:,}"
    rows += [
        ("size", size),
        ("folders", f"{base.folder_count:,}"),
        ("names end in", ", ".join(f"{name} {n:,}" for name, n in base.suffixes.items())),
        ("looked at", f"{part}; {found.decoded:,} could be decoded"),
    ]
    if found.megapixels is not None:
        least, median, most = found.megapixels
        rows.append(("megapixels", f"{least:.2g} to {most:.3g}, median {median:.2g}"))
    return tuple(rows)


def _faces(found: Assessment) -> tuple[tuple[str, str], ...]:
    bounds = (0, *CLASSES_PX)
    names = [
        f"in the sample, {a} to {b} px" if b else f"in the sample, {a} px and more"
        for a, b in zip(bounds, (*CLASSES_PX, None), strict=True)
    ]
    return (
        ("images with a face", percent(found.with_faces)),
        ("faces in all images", number(found.faces)),
        ("most in one image", str(found.most_faces)),
        *((name, str(found.sizes[least])) for name, least in zip(names, bounds, strict=True)),
        *((("licence plates in the sample", str(found.plates)),) if found.plates else ()),
        ("images for a person to decide on", percent(found.review)),
        (f"images with a risk of {found.raise_at:g} or more", percent(found.at_stake)),
        ("mean risk score (0 to 1)", "-" if found.mean_risk is None else f"{found.mean_risk:.2f}"),
    )


def _folders(found: Assessment) -> Section:
    shown = found.folders[:FOLDERS_SHOWN]
    unseen = found.base.folder_count - len(found.folders)
    left = len(found.folders) - len(shown)
    title = "risk score by folder, the riskiest first"
    more = [f"{counted(left, 'folder')} with lower scores left out"] if left else []
    more += [f"in {counted(unseen, 'folder')} nothing was sampled"] if unseen else []
    return Section(
        f"{title} ({'; '.join(more)})" if more else title,
        tuple(map(_folder, shown)),
        ("folder", "images", "size", "seen", "with a face", "mean", "highest", f"{found.raise_at:g} or more"),
        tuple(range(1, 8)),
    )


def _folder(one: Placed) -> tuple[str, ...]:
    mean, highest = ("-" if value is None else f"{value:.2f}" for value in (one.mean, one.highest))
    size = bytes_text(one.folder.size_bytes)
    name = printable(one.folder.name, encoded=True) or "."
    return name, f"{one.folder.images:,}", size, str(one.looked), str(one.faces), mean, highest, str(one.at_stake)


def _cost(found: Assessment) -> tuple[tuple[str, str], ...]:
    cost, seconds = found.cost, found.cost.core_seconds.value
    if seconds is None:
        return ()
    slowest = sorted(cost.steps.items(), key=lambda pair: -pair[1])[:STEPS_SHOWN]
    return (
        ("core-hours", number(cost.core_seconds, 1 / 3600)),
        (f"with the {cost.cores} cores of here", f"about {seconds_text(seconds / cost.cores)} of work"),
        ("faces of the sample treated by", ", ".join(f"{name} {n:,}" for name, n in cost.methods.items()) or "-"),
        ("most of it", ", ".join(f"{name} {part:.0%}" for name, part in slowest)),
        ("the sample took", f"{seconds_text(cost.sample_seconds)}, loading of models included"),
    )


def notes(found: Assessment) -> list[str]:
    """Return what the figures are and what they are not."""
    drawn = "images were drawn by a keyed hash of their names, each as likely as any other; intervals hold with 95%"
    whole = found.sampled == found.base.images
    return [
        "every image was looked at, so shares and sums are counted" if whole else drawn,
        f"faces are those that the plan of {found.cost.policy} finds; what it misses is not in any figure",
        "the score has weights by judgement (docs/policies.md); a face that scores low is still a face",
        "metadata is told by kind of images that could be decoded; what nobody can parse counts as all kinds",
        "the time is the work on images as measured here, one core each; elsewhere it is another",
        "that time leaves out the start of Spark, the listing and commits",
        "nothing was written to a lake, a vault or MLflow",
    ]


def _share(name: str, one: Share) -> tuple[str, str, str]:
    return name, f"{one.hits:,} of {one.cases:,}", percent(one)


def percent(one: Share) -> str:
    """Return a share for a person.

    Examples:
        >>> percent(Share(1, 4, 0.25, 0.25, 0.25)), percent(Share(1, 4, 0.25, 0.01, 0.8))
        ('25.0%', '25.0% (1.0 to 80.0%)')
        >>> percent(Share(0, 0, None, 0, 1))
        '-'
    """
    if one.value is None:
        return "-"
    return f"{one.value:.1%}" if one.low == one.high else f"{one.value:.1%} ({one.low * 100:.1f} to {one.high:.1%})"


def number(one: Total, scale: float = 1.0) -> str:
    """Return a sum for a person, in another unit where a scale is given.

    Examples:
        >>> number(Total(1234.0, 1234.0, 1234.0, exact=True)), number(Total(1234.0, 1000.0, 1500.0))
        ('1,234', 'about 1,230 (1,000 to 1,500)')
        >>> number(Total(0.0)), number(Total(None)), number(Total(7200.0), 1 / 3600)
        ('about 0; the sample tells no interval', '-', 'about 2; the sample tells no interval')
    """
    if one.value is None:
        return "-"
    if one.exact:
        return _digits(one.value * scale, exact=True)
    about = f"about {_digits(one.value * scale)}"
    if one.low is None or one.high is None:
        return f"{about}; the sample tells no interval"
    return f"{about} ({_digits(one.low * scale)} to {_digits(one.high * scale)})"


def _digits(value: float, *, exact: bool = False) -> str:
    """Return a number with three digits that count, or all of a whole one that was counted."""
    if exact and value == round(value):
        return f"{value:,.0f}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 or rounded == round(rounded) else f"{rounded:g}"  # noqa: PLR2004 - digits


def printable(text: str, *, encoded: bool = False) -> str:
    r"""Return a name that is safe to show: what a terminal would obey is replaced.

    Args:
        text: a name of the user's.
        encoded: whether it is percent-encoded.

    Examples:
        >>> printable("a%20b%1B[2J", encoded=True), printable("a\x1bb")
        ('a b\ufffd[2J', 'a\ufffdb')
    """
    name = unquote_to_bytes(text).decode("utf-8", "replace") if encoded else text
    return "".join(char if char.isprintable() else "\ufffd" for char in name)


def markdown(found: Assessment, typed: str) -> str:
    """Return the page."""
    lines = ["# What is in the archive", ""]
    for section in sections(found, typed):
        if section.rows:
            lines += [f"## {_cell(section.title)}", "", *_table(section), ""]
    return "\n".join(lines)


def _table(section: Section) -> list[str]:
    if len(section.rows[0]) == 1:
        return [f"- {_cell(row[0])}" for row in section.rows]
    head = section.head or ("",) * len(section.rows[0])
    lines = ["---:" if i in section.right else "---" for i in range(len(head))]
    return [_line(head), f"| {' | '.join(lines)} |", *map(_line, section.rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.translate(_MARKED)
