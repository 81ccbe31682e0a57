"""The checks of a gate on attackers: who had to attack, by whose templates, and how far each came. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from anonymizer_udfs.evidence.figure import Figure
from conf.gates import FACE_TIERS, Gate
from jobs.parts import Limit, Part, check, compared, number, only
from jobs.verdict import Check, State

_SAME = 1e-9
_SEEN_IN = ("attack", "control", "linkability")
CONTEXT, REPLAY = "T4", "T5"
MATCHED = "tar"


def recognizers(known: Sequence[Figure], asked: Sequence[str]) -> list[str]:
    """Return by whose templates every attacker of faces had to compare: those asked for, and any that was seen.

    Where there is none at all, one that is called so is missed, so that nothing passes for want of a recognizer.
    """
    seen = {one.of("recognizer") for one in known if one.scope in _SEEN_IN and _of_faces(one)}
    return sorted({*asked, *(name for name in seen if name)}) or ["any recognizer"]


def _of_faces(figure: Figure) -> bool:
    return figure.of("tier") not in {CONTEXT, REPLAY}


def checks(gate: Gate, known: Sequence[Figure], asked: Sequence[str]) -> list[Check]:
    """Return the checks of attackers of faces by rank and by match, of the replay, and of the context."""
    who = recognizers(known, asked)
    named = _named(gate)
    matched = Limit(
        "tar",
        f"people matched at a false match rate of {gate.fmr:.3%}",
        gate.matched_most,
        gate.people_least,
        "people",
        gate.confidence,
    )
    face = [one for one in known if _of_faces(one)]
    listed = tuple(name for tier in FACE_TIERS for name in gate.attacks[tier])
    seen = {one.of("attack") or "?" for one in face if one.scope == "attack"}
    attacks = [*listed, *sorted(seen - set(listed))]
    by_rank, by_match = ([one for one in only(face, "attack", n) if _counts(gate, one)] for n in ("rank1", "tar"))
    return [
        check(named, _by_all(by_rank, named, attacks, who)),
        check(matched, _by_all(by_match, matched, attacks, who)),
        _replay(gate, known, who),
        _context(gate, known, who),
    ]


def _named(gate: Gate) -> Limit:
    title = f"people named in a gallery of {gate.gallery:,}"
    return Limit("rank1", title, gate.named_most, gate.people_least, "people", gate.confidence)


def _by_all(found: Sequence[Figure], limit: Limit, attacks: Sequence[str], who: Sequence[str | None]) -> list[Part]:
    """Return a part for each attacker and recognizer, or for each figure of theirs where there are several."""
    out = []
    for attack in attacks:
        for recognizer in who:
            mine = [one for one in found if (one.of("attack") or "?", one.of("recognizer")) == (attack, recognizer)]
            out += [_part(one, limit, attack, recognizer) for one in mine or (None,)]
    # What names no recognizer is nobody's of the above, and is judged all the same.
    rest = [
        one
        for one in found
        if one.of("recognizer") is None and (one.of("attack") or "?") in attacks and None not in who
    ]
    return out + [_part(one, limit, one.of("attack") or "?", None) for one in rest]


def _counts(gate: Gate, figure: Figure) -> bool:
    """Return whether a figure is of the gate's own gallery, or its false match rate; of others it says nothing."""
    if figure.name == "rank1":
        return number(figure.of("gallery")) == gate.gallery
    return abs(number(figure.of("fmr")) - gate.fmr) <= _SAME


def _part(figure: Figure | None, limit: Limit, attack: str, recognizer: str | None) -> Part:
    if figure is None:
        gallery = "" if limit.name == MATCHED else " in a gallery of the size that is asked"
        about = f"{attack}{f' by {recognizer}' if recognizer else ''}"
        return Part(about, State.MISSING, f"was not measured{gallery}")
    tier = figure.of("tier")
    about = f"{attack}{f' ({tier})' if tier else ''}{f' by {recognizer}' if recognizer else ''}"
    return compared(figure, limit, figure.people or 0, about)


def _tier(gate: Gate, known: Sequence[Figure], tier: str, limit: Limit, who: Sequence[str]) -> Check:
    """Return the check of a tier that attacks no faces: any attacker there, each by each recognizer there is.

    One whose figures name no recognizer looks at pixels alone, and is asked for once. Where one of the tier names any,
    all that attack faces are asked for, so that none can be left out of the tier as a whole.
    """
    mine = [one for one in known if one.scope == "attack" and one.of("tier") == tier]
    found = [one for one in only(mine, "attack", "rank1") if _counts(gate, one)]
    named = sorted({name for one in mine if (name := one.of("recognizer"))})
    named = sorted({*named, *who}) if named else []
    parts: list[Part] = []
    for attack in sorted({*gate.attacks[tier], *(one.of("attack") or "?" for one in mine)}):
        seen = {one.of("recognizer") for one in mine if (one.of("attack") or "?") == attack}
        parts += _by_all(found, limit, [attack], [None] if seen == {None} or not named else named)
    return check(limit, parts)


def _replay(gate: Gate, known: Sequence[Figure], who: Sequence[str]) -> Check:
    """Return the check of the replay: of as many people as any attacker of faces had."""
    probes = [one.people or 0 for one in only(known, "attack", "rank1") if _of_faces(one) and _counts(gate, one)]
    needed = max([gate.people_least, *probes])
    limit = Limit("replay", "people named by replaying the code", gate.named_most, needed, "people", gate.confidence)
    return _tier(gate, known, REPLAY, limit, who)


def _context(gate: Gate, known: Sequence[Figure], who: Sequence[str]) -> Check:
    title = "people named by what is around faces"
    limit = Limit("context", title, gate.named_most, gate.people_least, "people", gate.confidence, context=True)
    return _tier(gate, known, CONTEXT, limit, who)


def group(gate: Gate, mine: Sequence[Figure], who: Sequence[str], column: str, *, tar: bool = True) -> list[Part]:
    """Return the parts of a group: each attacker of faces by each recognizer, and planted faces where there are some.

    Parts of a group are named by its column alone: a value that few have may tell who they are.

    Args:
        gate: what must be shown.
        mine: figures of the group alone.
        who: by whose templates every attacker had to compare.
        column: of the group.
        tar: whether matches are asked for; they are where any group has them.
    """
    bare = [_ungrouped(one) for one in mine]
    of_group = gate.model_copy(update={"people_least": gate.group_least})
    by_rank, by_match, *_ = checks(of_group, bare, who)
    parts = [
        Part(f"a group of {column},", one.state, one.sentence, one.measured, one.bound, one.had)
        for one in (by_rank, *([by_match] if tar else []))
    ]
    visible = Limit(
        "faces_visible", "faces left visible", gate.visible_most, gate.group_least, "faces", gate.confidence
    )
    for planted in only(bare, "canary", "missed"):
        part = compared(planted, visible)
        parts.append(replace(part, about=f"a group of {column}, faces left visible"))
    return parts


def _ungrouped(figure: Figure) -> Figure:
    return replace(figure, dimensions=tuple((k, v) for k, v in figure.dimensions if k not in {"group", "of"}))
